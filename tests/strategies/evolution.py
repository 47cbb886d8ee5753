"""A reader's schema made from a writer's, step by step."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from avro_ocf.errors import SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.parse import parse_node
from tests.strategies.schema_objects import PRIMITIVE_DEFAULTS

PRIMITIVES = tuple(PRIMITIVE_DEFAULTS)
PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
NEW_FIELDS: tuple[dict[str, object], ...] = (
    {"name": "new", "type": "int", "default": 7},
    {"name": "new", "type": ["null", "string"], "default": None},
    {"name": "new", "type": {"type": "array", "items": "long"}, "default": [1, 2]},
    {"name": "new", "type": "double", "default": 1},
    {"name": "new", "type": "bytes", "default": "\u00ff"},
    {"name": "new", "type": {"type": "map", "values": "string"}, "default": {}},
    {"name": "new", "type": "string"},
)


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


def _evolve_fields(draw: st.DrawFn, fields: list[Any]) -> None:
    """Add, drop, rename or move a field, or change its default."""
    step = draw(st.sampled_from(("add", "drop", "alias", "rename", "reorder", "default")))
    if step == "add" or not fields:
        fields.insert(draw(st.integers(0, len(fields))), copy.deepcopy(draw(st.sampled_from(NEW_FIELDS))))
        return
    if step == "reorder":
        fields[:] = draw(st.permutations(fields))
        return
    index = draw(st.integers(0, len(fields) - 1))
    field = fields[index]
    if step == "drop":
        del fields[index]
    elif step == "default":
        field.pop("default", None)
    else:
        if step == "alias":
            field["aliases"] = [field["name"]]
        field["name"] = "renamed"


def _evolve_name(draw: st.DrawFn, named: dict[str, Any]) -> None:
    """Give a named type another name or namespace, with or without its old name as an alias."""
    old = named["name"]
    step = draw(st.sampled_from(("alias", "rename", "namespace")))
    if step == "namespace":
        named["name"] = "elsewhere." + old.rpartition(".")[2]
        return
    space, dot, _ = old.rpartition(".")
    named["name"] = f"{space}{dot}Renamed"
    if step == "alias":
        named["aliases"] = [old]


def _evolve_enum(draw: st.DrawFn, enum: dict[str, Any]) -> None:
    symbols = enum["symbols"]
    match draw(st.sampled_from(("add", "drop", "reorder", "default", "no default"))):
        case "add":
            symbols.insert(draw(st.integers(0, len(symbols))), "NEW")
        case "drop" if len(symbols) > 1:
            del symbols[draw(st.integers(0, len(symbols) - 1))]
        case "reorder":
            symbols[:] = draw(st.permutations(symbols))
        case "default":
            enum["default"] = draw(st.sampled_from(symbols))
        case _:
            enum.pop("default", None)


def _evolve_union(draw: st.DrawFn, slot: _Slot) -> None:
    branches = slot.type
    match draw(st.sampled_from(("add", "drop", "reorder", "unwrap"))):
        case "add":
            branches.insert(draw(st.integers(0, len(branches))), draw(st.sampled_from(PRIMITIVES)))
        case "drop" if len(branches) > 1:
            del branches[draw(st.integers(0, len(branches) - 1))]
        case "reorder":
            branches[:] = draw(st.permutations(branches))
        case _:
            slot.put(draw(st.sampled_from(branches)))


def _widen(draw: st.DrawFn, slot: _Slot) -> None:
    other = draw(st.sampled_from(PRIMITIVES))
    slot.put([other, slot.type] if draw(st.booleans()) else [slot.type, other])


def _replace(draw: st.DrawFn, slot: _Slot) -> None:
    """Put a type in the slot that the writer's does not resolve to, or only by chance."""
    inner = slot.type
    slot.put(draw(st.sampled_from((*PRIMITIVES, {"type": "array", "items": inner}, {"type": "map", "values": inner}))))


def _promote(draw: st.DrawFn, slot: _Slot) -> None:
    name = slot.type["type"] if isinstance(slot.type, dict) else slot.type
    slot.put(draw(st.sampled_from(PROMOTIONS.get(name, PRIMITIVES))))


def _evolve_fixed(draw: st.DrawFn, fixed: dict[str, Any]) -> None:
    if draw(st.booleans()):
        fixed["size"] += 1
    else:
        fixed.pop("logicalType", None)


def _steps(draw: st.DrawFn, slot: _Slot) -> list[Callable[[], None]]:
    """Return what can be done to the type in `slot`, the likeliest to be legal first."""
    steps: list[Callable[[], None]] = []
    match slot.type:
        case list():
            return [lambda: _evolve_union(draw, slot), lambda: _replace(draw, slot)]
        case {"fields": fields, "name": _}:
            steps += [lambda: _evolve_fields(draw, fields)] * 3 + [lambda: _evolve_name(draw, slot.type)]
        case {"symbols": _, "name": _}:
            steps += [lambda: _evolve_enum(draw, slot.type)] * 2 + [lambda: _evolve_name(draw, slot.type)]
        case {"size": _, "name": _}:
            steps += [lambda: _evolve_fixed(draw, slot.type), lambda: _evolve_name(draw, slot.type)]
        case {"type": str()} | str():
            steps += [lambda: _promote(draw, slot)] * 2
    return [*steps, lambda: _widen(draw, slot), lambda: _replace(draw, slot)]


def _is_valid(schema: object) -> bool:
    try:
        parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)
    except SchemaError:
        return False
    return True


@st.composite
def evolutions(draw: st.DrawFn, schema: object) -> object:
    """Draw a valid reader's schema for the writer's `schema`: itself, or up to four steps from it, legal and illegal ones."""
    current = copy.deepcopy(schema)
    for _ in range(draw(st.integers(0, 4))):
        holder = [copy.deepcopy(current)]
        slot = draw(st.sampled_from(list(_slots(holder, 0))))
        draw(st.sampled_from(_steps(draw, slot)))()
        if _is_valid(holder[0]):
            current = holder[0]
    return current
