"""Which clauses the JSON of a valid schema exercises: those that a parser cannot break without refusing it or mistaking a name."""

from typing import Any, Final

from avro_ocf.oracle.cases import Json
from avro_ocf.schema.model import PRIMITIVES

DEFINED: Final = frozenset(
    ("type", "name", "namespace", "doc", "aliases", "fields", "order", "default", "symbols", "items", "values", "size")
) | {"logicalType", "precision", "scale"}
NAMED: Final = {"record": "record", "error": "record", "enum": "enum", "fixed": "fixed"}
COMPLEX: Final = frozenset(("record", "enum", "array", "map", "fixed", "union"))
KEPT: Final = frozenset(("name", "type", "fields", "symbols", "items", "values", "size", "namespace"))

HOSTS: Final = {
    "decimal": ("bytes", "fixed"),
    "big-decimal": ("bytes",),
    "uuid": ("string", "fixed 16"),
    "date": ("int",),
    "time-millis": ("int",),
    "time-micros": ("long",),
    "duration": ("fixed 12",),
    **{f"{local}timestamp-{unit}": ("long",) for local in ("", "local-") for unit in ("millis", "micros", "nanos")},
}
"""The types that a logical type annotates; a fixed with its size, where only one will do."""

TYPES: Final = {
    "decimal": "decimal.types",
    "uuid": "uuid.types",
    "date": "date.days",
    "time-millis": "time.millis",
    "time-micros": "time.micros",
    "duration": "duration.types",
}


class SchemaWalk:
    """A walk over a schema, which gathers `clauses`. With `canonical`, the answer asked for holds every fullname."""

    def __init__(self, canonical: bool) -> None:
        self.clauses: set[str] = set()
        self.canonical = canonical
        self.spelled: dict[str, set[str]] = {}
        """How each fullname came about: clauses that a later reference to it exercises."""
        self.scoped: set[str] = set()

    def type(self, json: Any, namespace: str) -> None:
        """Walk over a type in `namespace`."""
        match json:
            case str():
                self.name(json, namespace)
            case list():
                self.clauses.add("schema.form.union")
                for branch in json:
                    self.type(branch, namespace)
            case dict():
                self.object(json, namespace)

    def name(self, name: str, namespace: str) -> None:
        """Walk over the name of a type."""
        if name in PRIMITIVES:
            return
        fullname = name if "." in name or not namespace else f"{namespace}.{name}"
        if fullname not in self.spelled:  # a name without a namespace, used inside one
            return
        self.clauses |= {
            "schema.form.name",
            "names.fullname",
            "names.reference-dotted" if "." in name else "names.reference-simple",
        }
        self.clauses |= self.spelled[fullname]

    def object(self, json: dict[str, Any], namespace: str) -> None:
        """Walk over a type that is a JSON object."""
        kind = json["type"]
        self.clauses.add("schema.form.object")
        self.unknown(json)
        if not isinstance(kind, str):
            self.type(kind, namespace)
            return
        self.logical(json, kind)
        if kind not in (*NAMED, *PRIMITIVES, "array", "map"):
            self.name(kind, namespace)
        elif kind in NAMED:
            self.named(json, NAMED[kind], namespace)
        elif kind in PRIMITIVES:
            self.clauses.add("schema.primitive.object")
            self.clauses |= {"canonical.primitives"} if self.canonical else set()
        for key in ("items", "values"):
            if kind in {"array", "map"} and key in json:
                self.clauses.add(f"schema.{kind}.{key}")
                self.type(json[key], namespace)

    def unknown(self, json: dict[str, Any]) -> None:
        """Note the attributes that are not defined."""
        if not json.keys() <= DEFINED:
            self.clauses.add("schema.attributes.unknown")
        if self.canonical:
            self.clauses |= {"canonical.strip"} if not json.keys() <= KEPT else set()
            self.clauses |= {"canonical.order"} if len(json.keys() & KEPT) > 1 else set()

    def named(self, json: dict[str, Any], kind: str, namespace: str) -> None:
        """Walk over the definition of a named type."""
        found = {f"schema.{kind}.{key}" for key in ("namespace", "doc", "aliases") if key in json} - {"schema.fixed.doc"}
        found |= {"protocol.error"} if json["type"] == "error" else set()
        found |= {"schema.enum.default-member"} if "default" in json else set()
        name = json["name"]
        space, spelled = self.namespace_of(json, namespace)
        short = name.rpartition(".")[2]
        self.spelled[f"{space}.{short}" if space else short] = spelled
        found |= spelled | {"names.fullname", "canonical.fullnames"} if self.canonical else set()
        found |= {"names.complex"} if short in COMPLEX else set()
        found |= {"names.namespace"} if "." in space else set()
        found |= {"aliases.any-string"} if not all(map(is_plain, json.get("aliases", ()))) else set()
        self.clauses |= found
        self.words([short])
        for field in json.get("fields", ()):
            self.field(field, space)
        self.scope([field["name"] for field in json["fields"]] if kind == "record" else json.get("symbols", []))
        if kind == "enum" and "names.characters" in self.clauses:
            self.clauses.add("schema.enum.symbol-names")

    def namespace_of(self, json: dict[str, Any], enclosing: str) -> tuple[str, set[str]]:
        """Return the namespace of a definition and the clauses by which it is told."""
        space, dot, _ = json["name"].rpartition(".")
        if dot:
            return space, {"names.dotted"}
        if "namespace" in json:
            space = json["namespace"]
            return space, {"names.qualified"} if space else {"names.empty-namespace"} if enclosing else set()
        return enclosing, {"names.inherited" if enclosing else "names.null-inherited"}

    def words(self, names: list[str]) -> None:
        """Note which characters names are made of."""
        self.clauses |= {"names.start"} if any(name.startswith("_") for name in names) else set()
        self.clauses |= (
            {"names.characters"} if any(not name[1:].replace("_", "").isalpha() for name in names if name[1:]) else set()
        )

    def scope(self, names: list[str]) -> None:
        """Walk over the names of fields or symbols of one type."""
        self.words(names)
        self.clauses |= {"names.scopes"} if self.scoped.intersection(names) else set()
        self.clauses |= {"names.case"} if len({name.lower() for name in names}) < len(names) else set()
        self.scoped.update(names)

    def field(self, json: dict[str, Any], namespace: str) -> None:
        """Walk over a field."""
        self.clauses |= {f"schema.field.{key}" for key in ("doc", "order", "aliases") if key in json}
        self.unknown(json)
        self.type(json["type"], namespace)
        if "default" in json:
            self.clauses |= {"schema.default.type"} | ({"schema.union.default"} if isinstance(json["type"], list) else set())

    def logical(self, json: dict[str, Any], kind: str) -> None:
        """Note a logical type that is to be ignored, and an implied scale."""
        name = json.get("logicalType")
        if not isinstance(name, str):
            return
        if name not in HOSTS:
            self.clauses.add("logical.unknown")
        elif not {kind, f"{kind} {json.get('size')}"} & set(HOSTS[name]):
            self.clauses |= {"logical.invalid", TYPES.get(name, "logical.invalid")}
        elif name == "decimal":
            self.decimal(json)

    def decimal(self, json: dict[str, Any]) -> None:
        """Note what is wrong with a decimal, or that its scale is implied."""
        precision, scale, size = json.get("precision"), json.get("scale", 0), json.get("size")
        if not isinstance(precision, int) or not isinstance(scale, int):
            wrong = "decimal.precision"
        elif precision <= 0:
            wrong = "decimal.precision-positive"
        elif not 0 <= scale <= precision:
            wrong = "decimal.scale-range"
        elif size is not None and precision > len(str(2 ** (8 * size - 1) - 1)) - 1:
            wrong = "decimal.precision-fixed"
        else:
            self.clauses |= {"decimal.scale"} if "scale" not in json else set()
            return
        self.clauses |= {"logical.invalid", wrong}


def is_plain(alias: str) -> bool:
    """Tell whether an alias is a valid name or fullname."""
    return alias.isascii() and all(map(str.isidentifier, alias.split(".")))


def trace_schema(schema: Json, *, canonical: bool = False) -> set[str]:
    """Return the clauses that a valid schema exercises; `canonical` tells that its canonical form is asked for."""
    walk = SchemaWalk(canonical)
    walk.type(schema, "")
    if canonical:
        walk.clauses |= {"canonical.whitespace", "fingerprint.rabin", "fingerprint.rabin.empty"}
        walk.clauses |= {"fingerprint.md5", "fingerprint.sha-256"}
    return walk.clauses
