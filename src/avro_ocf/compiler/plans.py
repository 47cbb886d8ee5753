"""What emitters ask about one type of a plan or a schema."""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Final

from avro_ocf.compiler.layout import Type
from avro_ocf.floats import nearest_float
from avro_ocf.resolution.plan import (
    FieldStep,
    Plan,
    ReadArray,
    ReadBranch,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
)
from avro_ocf.schema.model import PRIMITIVES, Logical, Node

UUID: Final = Logical("uuid")

SIZES: Final = {"null": 0, "float": 4, "double": 8}
"""The bytes of each primitive value that always takes as many."""

UNPACK: Final = {"float": Struct("<f").unpack_from, "double": Struct("<d").unpack_from}

LISTED_BYTES_MAX: Final = 1 << 20
"""A list takes eight times the bytes that are in it, so there is none of more."""

LISTED_OCTETS: Final = f"octets = list(data) if count > 1 and size <= {LISTED_BYTES_MAX} else data"


def is_primitive(item: Type) -> bool:
    """Tell whether the code for a value takes the bytes before it into account."""
    return item.type in PRIMITIVES if isinstance(item, Node) else isinstance(item, ReadPrimitive) and not is_uuid(item)


def is_uuid(plan: ReadPrimitive) -> bool:
    """Tell whether a value is the text of a UUID."""
    return plan.type == plan.target == "string" and plan.logical == UUID


def pays_for_a_list(items: list[Type]) -> bool:
    """Tell whether so many bytes of these types are looked at that it takes less time to make a list of all bytes."""
    gain = 0
    for item in items:
        match item:
            case ReadPrimitive(type="string" | "bytes") | ReadFixed() | ReadPrimitive(type="float" | "double"):
                gain -= 4
            case ReadUnion() | ReadEnum() | ReadPrimitive():
                gain += 1
            case ReadArray() | ReadMap():
                gain += 4
    return gain > 0


def is_custom(item: Type) -> bool:
    """Tell whether a value is converted by a function of the user's as it is read."""
    return isinstance(item, ReadPrimitive | ReadFixed) and item.logical is not None and item.logical.custom is not None


def is_integer(plan: Plan) -> bool:
    """Tell whether a value is an int as it is read."""
    return isinstance(plan, ReadPrimitive) and plan.type in {"int", "long"} and plan.target in {"int", "long"} and not plan.logical


def is_number(plan: Plan) -> bool:
    """Tell whether a value is a float as it is read."""
    return isinstance(plan, ReadPrimitive) and plan.type in SIZES and plan.type != "null" and plan.logical is None


def promoted(plan: ReadPrimitive, raw: str, bind: Callable[[object], str]) -> str:
    """Return the expression for the float or double that an integer is read as; `bind` returns a name for an object."""
    return f"{bind(nearest_float)}({raw})" if plan.target == "float" else f"float({raw})"


def struct_of(run: Sequence[FieldStep]) -> Struct:
    """Return the struct for neighbouring floats and doubles."""
    return Struct("<" + "".join(step.plan.type[0] for step in run if isinstance(step.plan, ReadPrimitive)))


def fails_at_the_end(plan: Plan) -> bool:
    """Tell whether reading such a value is sure to fail at the end of the data, where a slice is just empty."""
    if isinstance(plan, ReadRecord):
        return any(
            step.name is not None and not isinstance(step.plan, ReadRecord) and fails_at_the_end(step.plan) for step in plan.steps
        )
    return not isinstance(plan, ReadFixed | ReadBranch) and not (isinstance(plan, ReadPrimitive) and plan.type == "null")


def is_flat(plan: Plan, levels: int = 4) -> bool:
    """Tell whether a value has in it no array, no map, no union but of two scalars, and records only so many `levels` deep."""
    match plan:
        case ReadRecord():
            return levels > 0 and all(step.name is None or is_flat(step.plan, levels - 1) for step in plan.steps)
        case ReadUnion():
            return len(plan.branches) == 2 and all(is_flat(branch, 0) for branch in plan.branches)
    return isinstance(plan, ReadPrimitive | ReadFixed | ReadEnum)
