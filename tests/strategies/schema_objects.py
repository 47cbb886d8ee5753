"""Random JSON schemas. Each type is drawn together with a strategy for defaults that fit it."""

import copy
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

Json = object

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SHORT_NAMES = ("A", "b", "Node", "_x1", "class", "name")
NAMESPACES = ("", "ns", "org.Example_1")
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def _latin(size: int | None) -> st.SearchStrategy[str]:
    low, high = (0, 5) if size is None else (size, size)
    return st.text(st.characters(max_codepoint=255), min_size=low, max_size=high)


INTS = st.integers(-(2**31), 2**31 - 1)
LONGS = st.integers(-(2**63), 2**63 - 1)
PRIMITIVE_DEFAULTS: dict[str, st.SearchStrategy[Json]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": INTS,
    "long": LONGS,
    "float": FINITE | st.integers(-100, 100),
    "double": FINITE | st.integers(-100, 100),
    "bytes": _latin(None),
    "string": TEXT,
}

LOGICAL: tuple[tuple[str, str], ...] = (
    ("bytes", "big-decimal"),
    ("string", "uuid"),
    ("int", "date"),
    ("int", "time-millis"),
    ("long", "time-micros"),
    *(("long", f"{local}timestamp-{unit}") for local in ("", "local-") for unit in ("millis", "micros", "nanos")),
)
IGNORED: tuple[tuple[str, str], ...] = (
    ("string", "date"),
    ("long", "time-millis"),
    ("int", "uuid"),
    ("bytes", "frobnicated"),
    ("boolean", "timestamp-millis"),
)


class _Type(NamedTuple):
    """A drawn type: its JSON, its defaults (None while it is still open), and what makes it a duplicate in a union."""

    json: Json
    defaults: st.SearchStrategy[Json] | None
    key: str


class _Definition(NamedTuple):
    """A named type drawn before: `open_names` are the enclosing records that it refers to."""

    defaults: st.SearchStrategy[Json] | None
    open_names: frozenset[str]


def _max_precision(size: int) -> int:
    return len(str(2 ** (8 * size - 1) - 1)) - 1


class _Drawing:
    """One schema being drawn: the names so far, the records that are open, and the leaves left."""

    def __init__(self, draw: st.DrawFn, *, logical: bool, recursive: bool, max_leaves: int) -> None:
        self.draw = draw
        self.logical = logical
        self.recursive = recursive
        self.leaves = max_leaves
        self.names: dict[str, _Definition] = {}
        self.taken: set[str] = set()
        self.open: list[str] = []
        self.used: list[set[str]] = []

    def type(self, namespace: str, depth: int, *, guarded: bool, union: bool = True) -> _Type:
        """Draw a type. `guarded` tells that an array, a map or another union branch lets a recursive record end."""
        kinds: list[Callable[[], _Type]] = [self.primitive]
        if self.leaves > 0 and depth < 5:
            kinds += [lambda: self.record(namespace, depth), lambda: self.enum(namespace), lambda: self.fixed(namespace)]
            kinds += [lambda: self.array(namespace, depth), lambda: self.map(namespace, depth)]
            if union:
                kinds.append(lambda: self.union(namespace, depth, guarded=guarded))
        if references := self.references(namespace, guarded=guarded):
            kinds.append(lambda: self.reference(references, namespace))
        return self.draw(st.sampled_from(kinds))()

    def primitive(self) -> _Type:
        self.leaves -= 1
        if self.logical and self.draw(st.integers(0, 2)) == 2:
            return self.logical_primitive()
        name = self.draw(st.sampled_from(tuple(PRIMITIVE_DEFAULTS)))
        json = {"type": name} if self.draw(st.integers(0, 4)) == 4 else name
        return _Type(json, PRIMITIVE_DEFAULTS[name], name)

    def logical_primitive(self) -> _Type:
        pairs = LOGICAL + (("bytes", "decimal"),) * 3 + (IGNORED if self.draw(st.integers(0, 3)) == 3 else ())
        name, logical = self.draw(st.sampled_from(pairs))
        json: dict[str, Json] = {"type": name, "logicalType": logical}
        if (name, logical) == ("bytes", "decimal"):
            json |= self.digits(40)
        return _Type(json, PRIMITIVE_DEFAULTS[name], name)

    def digits(self, most: int) -> dict[str, Json]:
        """Draw a decimal's precision and scale, now and then ones that make it invalid."""
        precision = self.draw(st.integers(1, most))
        scale = self.draw(st.integers(0, precision))
        if self.draw(st.integers(0, 7)) == 7:
            return self.draw(st.sampled_from([{"precision": 2, "scale": 3}, {"precision": 0}, {"precision": 2, "scale": -1}, {}]))
        return {"precision": precision} if scale == 0 else {"precision": precision, "scale": scale}

    def named(self, kind: str, namespace: str) -> tuple[dict[str, Json], str, str]:
        """Draw the head of a named type: its JSON so far, its fullname and its namespace."""
        space = self.draw(st.sampled_from((namespace, namespace, *NAMESPACES)))
        short = self.draw(st.sampled_from(SHORT_NAMES))
        while (fullname := f"{space}.{short}".lstrip(".")) in self.taken:
            short = f"{short}{len(self.taken)}"
        self.taken.add(fullname)
        json: dict[str, Json] = {"type": kind, "name": short}
        if space != namespace and space and self.draw(st.booleans()):
            json["name"] = fullname
        elif space != namespace or self.draw(st.integers(0, 4)) == 4:
            json["namespace"] = space
        if self.draw(st.integers(0, 4)) == 4:
            alias = f"old{len(self.taken)}"
            self.taken.add(f"{space}.{alias}".lstrip("."))
            json["aliases"] = [alias if self.draw(st.booleans()) else f"was.{alias}"]
        if self.draw(st.integers(0, 5)) == 5:
            json["doc"] = self.draw(TEXT)
        return json, fullname, space

    def record(self, namespace: str, depth: int) -> _Type:
        json, fullname, space = self.named(self.draw(st.sampled_from(("record", "record", "record", "error"))), namespace)
        self.names[fullname] = _Definition(None, frozenset([fullname]))
        self.open.append(fullname)
        self.used.append(set())
        fields: list[Json] = []
        required: dict[str, st.SearchStrategy[Json] | None] = {}
        optional: dict[str, st.SearchStrategy[Json]] = {}
        for name in self.draw(st.lists(st.sampled_from(("a", "b", "id", "class", "self", "x_1", "None")), unique=True, max_size=4)):
            field, defaults = self.field(name, space, depth)
            fields.append(field)
            if "default" in field and defaults is not None:
                optional[name] = defaults
            else:
                required[name] = defaults
        json["fields"] = fields
        self.open.pop()
        used = self.used.pop() - {fullname}
        if self.used:
            self.used[-1] |= used
        wanted = {name: strategy for name, strategy in required.items() if strategy is not None}
        default = st.fixed_dictionaries(wanted, optional=optional) if len(wanted) == len(required) else None
        self.names[fullname] = _Definition(default, frozenset(used))
        return _Type(json, default, fullname)

    def field(self, name: str, namespace: str, depth: int) -> tuple[dict[str, Json], st.SearchStrategy[Json] | None]:
        drawn = self.type(namespace, depth + 1, guarded=False)
        field: dict[str, Json] = {"name": name, "type": drawn.json}
        if drawn.defaults is not None and self.draw(st.integers(0, 2)) == 2:
            field["default"] = copy.deepcopy(self.draw(drawn.defaults))
        extra = self.draw(st.integers(0, 9))
        if extra == 7:
            field["order"] = self.draw(st.sampled_from(("ascending", "descending", "ignore")))
        elif extra == 8:
            field["aliases"] = [f"old_{name}"]
        elif extra == 9:
            field["doc"] = self.draw(TEXT)
        return field, drawn.defaults

    def enum(self, namespace: str) -> _Type:
        self.leaves -= 1
        json, fullname, _ = self.named("enum", namespace)
        symbols = self.draw(st.lists(st.sampled_from(("A", "B", "c", "_", "None", "x9")), unique=True, min_size=1, max_size=4))
        json["symbols"] = symbols
        if self.draw(st.integers(0, 2)) == 2:
            json["default"] = self.draw(st.sampled_from(symbols))
        return self.closed(json, fullname, st.sampled_from(symbols))

    def fixed(self, namespace: str) -> _Type:
        self.leaves -= 1
        json, fullname, _ = self.named("fixed", namespace)
        kind = self.draw(st.sampled_from(("plain", "decimal", "uuid", "duration", "ignored"))) if self.logical else "plain"
        sizes = {"plain": (4, 1, 16, 12, 0), "uuid": (16,), "duration": (12,)}.get(kind, (4, 1, 9))
        size = self.draw(st.sampled_from(sizes))
        if kind == "ignored":
            json |= self.draw(st.sampled_from([{"logicalType": "uuid"}, {"logicalType": "decimal", "precision": 1000}]))
        elif kind != "plain":
            json["logicalType"] = kind
        if kind == "decimal":
            json |= self.digits(_max_precision(size))
        json["size"] = size
        return self.closed(json, fullname, _latin(size))

    def closed(self, json: dict[str, Json], fullname: str, defaults: st.SearchStrategy[Json]) -> _Type:
        self.names[fullname] = _Definition(defaults, frozenset())
        return _Type(json, defaults, fullname)

    def array(self, namespace: str, depth: int) -> _Type:
        items = self.type(namespace, depth + 1, guarded=True)
        defaults = st.builds(list) if items.defaults is None else st.lists(items.defaults, max_size=2)
        return _Type({"type": "array", "items": items.json}, defaults, "array")

    def map(self, namespace: str, depth: int) -> _Type:
        values = self.type(namespace, depth + 1, guarded=True)
        defaults = st.builds(dict) if values.defaults is None else st.dictionaries(TEXT, values.defaults, max_size=2)
        return _Type({"type": "map", "values": values.json}, defaults, "map")

    def union(self, namespace: str, depth: int, *, guarded: bool) -> _Type:
        """Draw a union. Its first branch drawn is as guarded as the union itself, which guards the others."""
        branches: dict[str, _Type] = {}
        order: list[str] = []
        for index in range(self.draw(st.integers(1, 4))):
            names = dict(self.names)
            branch = self.type(namespace, depth + 1, guarded=guarded or index > 0, union=False)
            if branch.key in branches:
                self.names = names
                continue
            branches[branch.key] = branch
            order.append(branch.key)
        # A branch may refer to a name that an earlier one defines, so nothing but null is moved about.
        if "null" in branches and self.draw(st.booleans()):
            order.remove("null")
            order.insert(0, "null")
        known = [branch.defaults for branch in branches.values() if branch.defaults is not None]
        return _Type([branches[key].json for key in order], st.one_of(known) if known else None, "union")

    def references(self, namespace: str, *, guarded: bool) -> list[str]:
        """Return the fullnames that may be used again here: a name without a namespace cannot be told inside one."""
        usable = []
        for fullname, definition in self.names.items():
            is_open = not definition.open_names.isdisjoint(self.open)
            if ("." in fullname or not namespace) and (not is_open or (guarded and self.recursive)):
                usable.append(fullname)
        return usable

    def reference(self, usable: list[str], namespace: str) -> _Type:
        fullname = self.draw(st.sampled_from(usable))
        definition = self.names[fullname]
        for used in self.used:
            used.update(definition.open_names.intersection(self.open))
        space, _, short = fullname.rpartition(".")
        name = short if space == namespace and self.draw(st.booleans()) else fullname
        return _Type(name, definition.defaults, fullname)


@st.composite
def schemas(draw: st.DrawFn, *, logical: bool = True, recursive: bool = True, max_leaves: int = 8) -> object:
    """Draw a valid JSON schema of any type, about `max_leaves` primitives, enums and fixeds in size, that some datum fits.

    `logical` lets in logical types, some of them invalid or unknown; `recursive` lets records hold themselves.
    """
    return _Drawing(draw, logical=logical, recursive=recursive, max_leaves=max_leaves).type("", 0, guarded=False).json
