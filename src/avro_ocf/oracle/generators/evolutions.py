"""Readers' schemas made from a writer's, step by step, and what the specification makes of the two."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from avro_ocf import reference
from avro_ocf.errors import AvroError, ResolutionError, SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.cases import Given, Json, Refused, Verdict
from avro_ocf.oracle.generators.schemas import PRIMITIVES
from avro_ocf.oracle.source import Source
from avro_ocf.resolution.compatibility import incompatibilities
from avro_ocf.resolution.matching import PROMOTIONS
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

INNER = {
    "type": "record",
    "name": "Inner",
    "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": {"type": "array", "items": "string"}, "default": ["x"]}],
}
NEW_FIELDS: tuple[tuple[Json, Json], ...] = (
    ("int", 7),
    (["null", "string"], None),
    (["null", "string"], "later"),
    ({"type": "array", "items": "long"}, [1, 2]),
    ("double", 1),
    ("bytes", "\u00ff"),
    ({"type": "map", "values": "string"}, {}),
    (INNER, {"a": 1}),
    ({"type": "enum", "name": "Hue", "symbols": ["RED", "BLUE"]}, "BLUE"),
    ({"type": "fixed", "name": "Pair", "size": 2}, "\u0000\u00ff"),
    ({"type": "int", "logicalType": "date"}, -1),
)
"""Types and defaults of the fields that a reader may add."""


def draw_evolution(source: Source, schema: Json) -> Json:
    """Draw a valid reader's schema for the writer's `schema`: itself, or up to four steps from it, legal and illegal ones."""
    current = schema
    for _ in range(source.below(5)):
        holder = [_copy(current)]
        slot = source.choice(list(_slots(holder, 0)))
        source.choice(_steps(source, slot, holder))()
        if parsed(holder[0]):
            current = holder[0]
    return current


class Evolution:
    """A writer's `schema`, a `reader_schema`, and what the specification makes of the two; all of it JSON objects.

    `incompatibilities` tell why some value of the writer's cannot be read. `refusal` is why none can, and "" if some can. Raises
    `SchemaError` for a schema that is wrong.
    """

    def __init__(self, schema: Json, reader_schema: Json, *, logical_types: bool = True) -> None:
        self.schema = schema
        self.reader_schema = reader_schema
        self.node = _parse(schema, logical_types)
        self.reader_node = _parse(reader_schema, logical_types)
        self.incompatibilities = incompatibilities(self.node, self.reader_node)
        self.refusal = ""
        try:
            self._plan = resolve(self.node, self.reader_node)
        except ResolutionError as error:
            self.refusal = str(error)

    def __repr__(self) -> str:
        return f"Evolution({self.schema!r}, {self.reader_schema!r})"

    @property
    def verdict(self) -> Verdict:
        """What to make of the schemas alone: `reject` if no value can be read.

        It is `either` if some values cannot, which may be told at once or when one comes; and if but for logical types they could,
        of which the specification tells too little.
        """
        if not self.refusal:
            return "either" if self.incompatibilities else "accept"
        try:
            resolve(_parse(self.schema, False), _parse(self.reader_schema, False))
        except ResolutionError:
            return "reject"
        return "either"

    def read(self, data: bytes) -> Given | Refused:
        """Return what the reader makes of one datum that the writer wrote."""
        if self.refusal:
            return Refused(self.refusal)
        try:
            return Given(reference.decode(self._plan, data, 0, DEFAULT_LIMITS)[0])
        except AvroError as error:
            return Refused(str(error))

    def project(self, value: object) -> Given | Refused:
        """Return what the reader makes of the writer's `value`. Raises `DatumError` for one that is not the writer's."""
        return self.read(reference.encode(self.node, value, DEFAULT_LIMITS))


def _parse(schema: Json, logical_types: bool) -> Node:
    return parse_node(schema, strict=True, logical_types=logical_types, limits=DEFAULT_LIMITS)


def parsed(schema: Json) -> Node | None:
    """Return the type that `schema` describes, or None if it is wrong."""
    try:
        return _parse(schema, True)
    except SchemaError:
        return None


def _copy(json: Any) -> Any:
    if isinstance(json, dict):
        return {key: _copy(value) for key, value in json.items()}
    return [_copy(value) for value in json] if isinstance(json, list) else json


class _Slot:
    """A place in a schema that holds a type: `container[key]`."""

    def __init__(self, container: Any, key: Any) -> None:
        self.container = container
        self.key = key

    @property
    def type(self) -> Any:
        return self.container[self.key]

    def put(self, new: object) -> None:
        self.container[self.key] = new


def _slots(container: Any, key: Any) -> Iterator[_Slot]:
    """Yield every place of a type in `container[key]`, that place itself first."""
    yield _Slot(container, key)
    match container[key]:
        case list() as branches:
            for index in range(len(branches)):
                yield from _slots(branches, index)
        case {"fields": fields}:
            for field in fields:
                yield from _slots(field, "type")
        case {"items": _} as array:
            yield from _slots(array, "items")
        case {"values": _} as mapped:
            yield from _slots(mapped, "values")


def _steps(source: Source, slot: _Slot, holder: list[Any]) -> list[Callable[[], None]]:
    """Return what can be done to the type in `slot`, the likeliest to be legal first."""
    own: list[Callable[[], None]] = []
    rename = partial(_evolve_name, source, slot, holder)
    match slot.type:
        case list():
            own += [partial(_evolve_union, source, slot)] * 3
        case {"fields": fields, "name": _}:
            own += [partial(_evolve_fields, source, fields)] * 5 + [rename]
        case {"symbols": _, "name": _}:
            own += [partial(_evolve_enum, source, slot.type)] * 3 + [rename]
        case {"size": _, "name": _}:
            own += [rename, rename, rename, partial(_evolve_fixed, source, slot.type)]
        case {"type": str()} | str():
            own += [partial(_promote, source, slot)] * 3
    if not isinstance(slot.type, list):
        own.append(partial(_widen, source, slot))
    return [*own, partial(_replace, source, slot)]


def _evolve_fields(source: Source, fields: list[Any]) -> None:
    """Add, drop, rename or move a field, or change its default."""
    step = source.choice(("add", "drop", "alias", "swap", "rename", "reorder", "default", "require"))
    if step in {"add", "require"} or not fields:
        kind, default = source.choice(NEW_FIELDS)
        new: dict[str, Json] = {"name": "new", "type": _copy(kind)}
        fields.insert(source.below(len(fields) + 1), new if step == "require" else new | {"default": _copy(default)})
        return
    if step == "reorder":
        fields[:] = source.shuffled(fields)
        return
    index = source.below(len(fields))
    field = fields[index]
    other = source.choice(fields)
    if step == "drop":
        del fields[index]
    elif step == "default":
        field.pop("default", None)
    elif step == "swap":  # each takes the other's name, one of them with its old name for an alias, which must not win
        field["name"], other["name"] = other["name"], field["name"]
        field["aliases"] = [other["name"]]
    else:
        if step == "alias":
            field["aliases"] = ["none", field["name"]]
        field["name"] = "renamed"


def _evolve_name(source: Source, slot: _Slot, holder: list[Any]) -> None:
    """Give a named type another name or namespace, with or without its old name as an alias."""
    named = slot.type
    old = named["name"]
    space, _, short = old.rpartition(".")
    space = space or named.get("namespace", "")
    fullname = f"{space}.{short}" if space else short
    step = source.choice(("alias", "namespace", "namespace alias", "rename"))
    if step.startswith("namespace"):
        named["name"] = f"elsewhere.{short}"
    else:
        named["name"] = f"{space}.Renamed" if space else "Renamed"
    if step.endswith("alias"):
        named["aliases"] = [fullname if source.boolean() or space != named["name"].rpartition(".")[0] else short]
    for place in _slots(holder, 0):
        if place.type in {short, fullname} if isinstance(place.type, str) else False:
            place.put(named["name"])


def _evolve_enum(source: Source, enum: dict[str, Any]) -> None:
    symbols = enum["symbols"]
    match source.choice(("add", "drop", "reorder", "default", "no default", "drop to default")):
        case "add":
            symbols.insert(source.below(len(symbols) + 1), "NEW")
        case "drop" if len(symbols) > 1:
            del symbols[source.below(len(symbols))]
        case "reorder":
            symbols[:] = source.shuffled(symbols)
        case "default":
            enum["default"] = source.choice(symbols)
        case "drop to default":
            enum["symbols"] = ["NEW"]
            enum["default"] = "NEW"
        case _:
            enum.pop("default", None)


def _evolve_union(source: Source, slot: _Slot) -> None:
    branches = slot.type
    match source.choice(("add", "drop", "reorder", "unwrap", "promote")):
        case "add":
            branches.insert(source.below(len(branches) + 1), source.choice(PRIMITIVES))
        case "drop" if len(branches) > 1:
            del branches[source.below(len(branches))]
        case "reorder":
            branches[:] = source.shuffled(branches)
        case "promote" if branches:
            _promote(source, _Slot(branches, source.below(len(branches))))
        case _:
            slot.put(source.choice(branches))


def _widen(source: Source, slot: _Slot) -> None:
    other = source.choice(PRIMITIVES)
    slot.put([slot.type, other] if source.boolean() else [other, slot.type])


def _replace(source: Source, slot: _Slot) -> None:
    """Put a type in the slot that the writer's does not resolve to, or only by chance."""
    inner = slot.type
    slot.put(source.choice((*PRIMITIVES, {"type": "array", "items": inner}, {"type": "map", "values": inner})))


def _promote(source: Source, slot: _Slot) -> None:
    """Put a type in the slot that the writer's is promoted to; a logical type may stay, and may be void there."""
    written = slot.type
    name = written["type"] if isinstance(written, dict) else written
    promoted = source.choice(PROMOTIONS.get(name, (name, *PRIMITIVES))[1:])
    slot.put({**written, "type": promoted} if isinstance(written, dict) and len(written) > 1 and source.boolean() else promoted)


def _evolve_fixed(source: Source, fixed: dict[str, Any]) -> None:
    if source.boolean():
        fixed["size"] += 1
    else:
        fixed.pop("logicalType", None)
