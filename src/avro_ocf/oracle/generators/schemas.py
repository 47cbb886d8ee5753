"""Valid schemas. Each type is drawn together with what draws defaults that fit it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from avro_ocf.oracle.cases import Json
from avro_ocf.oracle.source import Source

Default: TypeAlias = Callable[[Source], Json]
Object: TypeAlias = dict[str, Json]
T = TypeVar("T")

SHORT_NAMES = ("A", "b", "Node", "_x1", "class", "name")
FIELD_NAMES = ("a", "b", "id", "class", "self", "x_1", "None")
SYMBOLS = ("A", "B", "c", "_", "None", "x9")
NAMESPACES = ("", "ns", "org.Example_1")

LOGICAL = (
    ("int", "date"),
    ("bytes", "decimal"),
    ("string", "uuid"),
    ("int", "time-millis"),
    ("long", "time-micros"),
    *(("long", f"{local}timestamp-{unit}") for local in ("", "local-") for unit in ("millis", "micros", "nanos")),
    ("bytes", "decimal"),
    ("bytes", "big-decimal"),
)
IGNORED = (
    ("string", "date"),
    ("long", "time-millis"),
    ("int", "uuid"),
    ("bytes", "frobnicated"),
    ("boolean", "timestamp-millis"),
    ("int", "time-micros"),
    ("long", "date"),
    ("bytes", "duration"),
    ("string", "decimal"),
)
BAD_DIGITS: tuple[Object, ...] = ({"precision": 2, "scale": 3}, {"precision": 0}, {"precision": 2, "scale": -1}, {})
BAD_FIXED: tuple[Object, ...] = (
    {"logicalType": "uuid"},
    {"logicalType": "duration"},
    {"logicalType": "decimal", "precision": 1000},
)


def _number(source: Source) -> Json:
    """Draw a number that a `float` holds exactly."""
    number = source.below(1000) * (-1 if source.boolean() else 1)
    return number / 8 if source.boolean() else number


def _double(source: Source) -> Json:
    return source.choice((1e300, 0.1, 16777217)) if source.chance(6) else _number(source)


def _latin(source: Source, length: int) -> str:
    return source.binary(length, length).decode("latin-1")


PRIMITIVE_DEFAULTS: dict[str, Default] = {
    "null": lambda _: None,
    "boolean": Source.boolean,
    "int": Source.int,
    "long": Source.long,
    "float": _number,
    "double": _double,
    "bytes": lambda source: source.binary(0, 5).decode("latin-1"),
    "string": lambda source: source.text(6),
}
PRIMITIVES = tuple(PRIMITIVE_DEFAULTS)


def _some(source: Source, items: Sequence[T], least: int, most: int) -> list[T]:
    """Draw from `least` to `most` of `items`, each once, in any order."""
    left = list(items)
    return [left.pop(source.below(len(left))) for _ in range(source.integer(least, most))]


class _Type(NamedTuple):
    """A drawn type: its JSON, its defaults (None while it is still open), and what makes it a duplicate in a union."""

    json: Json
    default: Default | None
    key: str


class _Definition(NamedTuple):
    """A named type drawn before: `open_names` are the enclosing records that it refers to."""

    default: Default | None
    open_names: frozenset[str]


def draw_schema(source: Source, *, logical: bool = True, recursive: bool = True, large: bool = True, max_leaves: int = 8) -> Json:
    """Draw a valid JSON schema of any type, about `max_leaves` primitives, enums and fixeds in size, that some datum fits.

    `logical` lets in logical types, some of them invalid or unknown; `recursive` lets records hold themselves; `large` lets in,
    once in a hundred times, a schema of 65 to 300 fields, branches or symbols, or one nested deeply.
    """
    drawing = _Drawing(source, logical=logical, recursive=recursive, max_leaves=max_leaves)
    if large and source.chance(100):
        return drawing.large()
    return drawing.type("", 0, guarded=False).json


class _Drawing:
    """One schema being drawn: the names so far, the records that are open, and the leaves left."""

    def __init__(self, source: Source, *, logical: bool, recursive: bool, max_leaves: int) -> None:
        self.source = source
        self.logical = logical
        self.recursive = recursive
        self.leaves = max_leaves
        self.names: dict[str, _Definition] = {}
        self.taken: set[str] = set()
        self.open: list[str] = []
        self.used: list[set[str]] = []

    def type(self, namespace: str, depth: int, *, guarded: bool, union: bool = True) -> _Type:
        """Draw a type. `guarded` tells that an array, a map or another union branch lets a recursive record end."""
        return self.source.part(lambda _: self._type(namespace, depth, guarded=guarded, union=union))

    def _type(self, namespace: str, depth: int, *, guarded: bool, union: bool) -> _Type:
        # There are a score of primitives with their logical types: each is to be met now and then.
        kinds: list[Callable[[], _Type]] = [self.primitive] * (5 if depth else 2)
        if self.leaves > 0 and depth < 5:
            kinds += [lambda: self.record(namespace, depth)] * (2 if depth else 5)
            kinds += [lambda: self.enum(namespace), lambda: self.fixed(namespace)]
            kinds += [lambda: self.array(namespace, depth), lambda: self.map(namespace, depth)]
            if union:
                kinds += [lambda: self.union(namespace, depth, guarded=guarded)] * 2
        if references := self.references(namespace, guarded=guarded):
            kinds.append(lambda: self.reference(references, namespace))
        return self.source.choice(kinds)()

    def primitive(self) -> _Type:
        self.leaves -= 1
        if self.logical and self.source.chance(3):
            return self.logical_primitive()
        name = self.source.choice(PRIMITIVES)
        return _Type({"type": name} if self.source.chance(5) else name, PRIMITIVE_DEFAULTS[name], name)

    def logical_primitive(self) -> _Type:
        name, logical = self.source.choice(IGNORED if self.source.chance(8) else LOGICAL)
        json: Object = {"type": name, "logicalType": logical}
        if logical == "decimal":
            json |= self.digits(40)
        return _Type(json, PRIMITIVE_DEFAULTS[name], name)

    def digits(self, most: int) -> Object:
        """Draw a decimal's precision and scale, now and then ones that make it invalid."""
        if self.source.chance(8):
            return self.source.choice(BAD_DIGITS)
        precision = self.source.integer(1, most)
        scale = self.source.integer(0, precision)
        return {"precision": precision, "scale": scale} if scale or self.source.chance(4) else {"precision": precision}

    def named(self, kind: str, namespace: str) -> tuple[Object, str, str]:
        """Draw the head of a named type: its JSON so far, its fullname and its namespace."""
        source = self.source
        space = source.choice((namespace, namespace, *NAMESPACES))
        short = source.choice(SHORT_NAMES)
        while (fullname := f"{space}.{short}".lstrip(".")) in self.taken:
            short = f"{short}{len(self.taken)}"
        self.taken.add(fullname)
        json: Object = {"type": kind, "name": short}
        spelling = source.below(5)
        if space and (spelling == 4 or (spelling > 1 and space != namespace)):
            json["name"] = fullname  # a dotted name makes any namespace beside it void
            if spelling == 4:
                json["namespace"] = "void"
        elif space != namespace or spelling == 3:
            json["namespace"] = space
        if source.chance(5):
            json["aliases"] = [self.alias(space) for _ in range(source.integer(1, 2))]
        if source.chance(6):
            json["doc"] = source.text(6)
        return json, fullname, space

    def alias(self, space: str) -> str:
        """Draw an alias of a named type in `space`: a name without a namespace is in the type's own."""
        alias = f"old{len(self.taken)}"
        prefix = self.source.choice((space, "was"))
        self.taken.add(f"{prefix}.{alias}".lstrip("."))
        return alias if prefix == space else f"was.{alias}"

    def record(self, namespace: str, depth: int) -> _Type:
        json, fullname, space = self.named("error" if self.source.chance(16) else "record", namespace)
        self.names[fullname] = _Definition(None, frozenset([fullname]))
        self.open.append(fullname)
        self.used.append(set())
        fields: list[Json] = []
        required: dict[str, Default | None] = {}
        optional: dict[str, Default] = {}
        for name in _some(self.source, FIELD_NAMES, 0, 4):
            field, default = self.field(name, space, depth)
            fields.append(field)
            if "default" in field and default is not None:
                optional[name] = default
            else:
                required[name] = default
        json["fields"] = fields
        self.open.pop()
        used = self.used.pop() - {fullname}
        if self.used:
            self.used[-1] |= used
        default = _record_default(required, optional)
        self.names[fullname] = _Definition(default, frozenset(used))
        return _Type(json, default, fullname)

    def field(self, name: str, namespace: str, depth: int) -> tuple[Object, Default | None]:
        source = self.source
        drawn = self.type(namespace, depth + 1, guarded=False)
        field: Object = {"name": name, "type": drawn.json}
        if drawn.default is not None and source.chance(3):
            field["default"] = drawn.default(source)
        extra = source.below(10)
        if extra == 7:
            field["order"] = source.choice(("ascending", "descending", "ignore"))
        elif extra == 8:
            field["aliases"] = [f"old_{name}"]
        elif extra == 9:
            field["doc"] = source.text(6)
        return field, drawn.default

    def enum(self, namespace: str) -> _Type:
        self.leaves -= 1
        json, fullname, _ = self.named("enum", namespace)
        symbols = _some(self.source, SYMBOLS, 1, 4)
        json["symbols"] = symbols
        if self.source.chance(3):
            json["default"] = self.source.choice(symbols)
        return self.closed(json, fullname, lambda source: source.choice(symbols))

    def fixed(self, namespace: str) -> _Type:
        self.leaves -= 1
        json, fullname, _ = self.named("fixed", namespace)
        kind = self.source.choice(("plain", "plain", "decimal", "uuid", "duration", "ignored")) if self.logical else "plain"
        sizes = {"plain": (1, 4, 16, 12, 0), "uuid": (16,), "duration": (12,)}.get(kind, (4, 1, 9))
        size = sizes[self.source.below(5) % len(sizes)]  # one choice whatever the kind, which helps to make examples smaller
        if kind == "ignored":
            json |= self.source.choice(BAD_FIXED)
        elif kind != "plain":
            json["logicalType"] = kind
        if kind == "decimal":
            json |= self.digits(len(str(2 ** (8 * size - 1) - 1)) - 1)
        json["size"] = size
        return self.closed(json, fullname, lambda source: _latin(source, size))

    def closed(self, json: Object, fullname: str, default: Default) -> _Type:
        self.names[fullname] = _Definition(default, frozenset())
        return _Type(json, default, fullname)

    def array(self, namespace: str, depth: int) -> _Type:
        items = self.type(namespace, depth + 1, guarded=True)

        def default(source: Source) -> Json:
            return [items.default(source) for _ in range(source.below(3))] if items.default else []

        return _Type({"type": "array", "items": items.json}, default, "array")

    def map(self, namespace: str, depth: int) -> _Type:
        values = self.type(namespace, depth + 1, guarded=True)

        def default(source: Source) -> Json:
            return {source.text(6): values.default(source) for _ in range(source.below(3))} if values.default else {}

        return _Type({"type": "map", "values": values.json}, default, "map")

    def union(self, namespace: str, depth: int, *, guarded: bool) -> _Type:
        """Draw a union. Its first branch drawn is as guarded as the union itself, which guards the others."""
        if self.source.chance(3):
            return _union(self.tempting(namespace))
        branches: dict[str, _Type] = {}
        for index in range(self.source.integer(1, 4)):
            names = dict(self.names)
            branch = self.type(namespace, depth + 1, guarded=guarded or index > 0, union=False)
            if branch.key in branches:
                self.names = names
            else:
                branches[branch.key] = branch
        # A branch may refer to a name that an earlier one defines, so nothing but null is moved about.
        null = branches.pop("null", None) or (self.source.chance(4) and _Type("null", PRIMITIVE_DEFAULTS["null"], "null"))
        order = list(branches.values())
        if null:
            order.insert(len(order) if self.source.chance(3) else 0, null)
        return _union(order)

    def tempting(self, namespace: str) -> list[_Type]:
        """Draw branches of which several take the same values, or nearly."""
        source = self.source
        kind = source.below(4)
        if kind == 0:
            numbers = _some(source, ("int", "long", "float", "double"), 2, 4)
            return [_Type(name, PRIMITIVE_DEFAULTS[name], name) for name in numbers]
        string = _Type("string", PRIMITIVE_DEFAULTS["string"], "string")
        if kind == 1:
            binary = _Type("bytes", PRIMITIVE_DEFAULTS["bytes"], "bytes")
            texts: list[Callable[[], _Type]] = [lambda: string, lambda: binary]
            texts += [lambda: self.enum(namespace), lambda: self.fixed(namespace)]
            return [draw() for draw in _some(source, texts, 2, 4)]
        records = [self.small_record(namespace) for _ in range(1 if kind == 2 else source.integer(2, 3))]
        if kind == 2:
            texts_of = {"type": "map", "values": "string"}
            records.append(_Type(texts_of, lambda source: {"a": source.text(6)}, "map"))
        return source.shuffled(records)

    def small_record(self, namespace: str) -> _Type:
        """Draw a record that is a part of another like it."""
        self.leaves -= 1
        json, fullname, _ = self.named("record", namespace)
        fields: list[Object] = []
        for name in _some(self.source, ("a", "b", "id"), 0, 3):
            field: Object = {"name": name, "type": "string" if name == "a" else "int"}
            if self.source.boolean():
                field["default"] = "" if name == "a" else 7
            fields.append(field)
        json["fields"] = fields
        required = {str(field["name"]): PRIMITIVE_DEFAULTS[str(field["type"])] for field in fields if "default" not in field}
        return self.closed(json, fullname, lambda source: {name: draw(source) for name, draw in required.items()})

    def references(self, namespace: str, *, guarded: bool) -> list[str]:
        """Return the fullnames that may be used again here: a name without a namespace cannot be told inside one."""
        usable = []
        for fullname, definition in self.names.items():
            is_open = not definition.open_names.isdisjoint(self.open)
            if ("." in fullname or not namespace) and (not is_open or (guarded and self.recursive)):
                usable.append(fullname)
        return usable

    def reference(self, usable: Sequence[str], namespace: str) -> _Type:
        fullname = self.source.choice(usable)
        definition = self.names[fullname]
        for used in self.used:
            used.update(definition.open_names.intersection(self.open))
        space, _, short = fullname.rpartition(".")
        name = short if space == namespace and self.source.boolean() else fullname
        return _Type(name, definition.default, fullname)

    def large(self) -> Json:
        """Draw a schema with an enum index, a branch index or a size past one byte, with many fields, or a deep one."""
        count = self.source.choice((65, 70, 300))
        match self.source.below(4):
            case 0:
                return {"type": "enum", "name": "Large", "symbols": [f"S{index}" for index in range(count)]}
            case 1:
                return [{"type": "fixed", "name": f"F{size}", "size": size} for size in range(count)]
            case 2:
                types = [PRIMITIVES[index % len(PRIMITIVES)] for index in range(count)]
                return {"type": "record", "name": "Large", "fields": [_many(index, name) for index, name in enumerate(types)]}
        schema: Json = self.source.choice(("int", {"type": "fixed", "name": "Large", "size": count}))
        for _ in range(self.source.integer(1, 40)):
            schema = {"type": "array", "items": schema}
        return schema


def _many(index: int, name: str) -> Object:
    return {"name": f"f{index}", "type": name if index % 3 else ["null", {"type": "array", "items": name}]}


def _record_default(required: dict[str, Default | None], optional: dict[str, Default]) -> Default | None:
    known = {name: default for name, default in required.items() if default is not None}
    if len(known) < len(required):
        return None

    def default(source: Source) -> Json:
        drawn = {name: default(source) for name, default in known.items()}
        return drawn | {name: default(source) for name, default in optional.items() if source.boolean()}

    return default


def _union(branches: Sequence[_Type]) -> _Type:
    known = [branch.default for branch in branches if branch.default is not None]

    def default(source: Source) -> Json:
        return source.choice(known)(source)

    return _Type([branch.json for branch in branches], default if known else None, "union")
