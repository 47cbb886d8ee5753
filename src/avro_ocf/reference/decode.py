"""Reading one datum as its plan says."""

import struct

from avro_ocf.errors import FormatError, LimitError, ResolutionError
from avro_ocf.floats import nearest_float
from avro_ocf.limits import Limits
from avro_ocf.reference.budget import Budget
from avro_ocf.reference.fault import Fault, Kind, field_step, item_step, key_step
from avro_ocf.reference.skip import Skipper
from avro_ocf.reference.source import Source
from avro_ocf.resolution.plan import (
    Plan,
    ReadArray,
    ReadBranch,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadNothing,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
)
from avro_ocf.schema.measure import FREE_ZERO_BYTE_VALUES, field_charge, zero_byte_values
from avro_ocf.schema.model import Logical, Record


def decode(plan: Plan, data: bytes, pos: int, limits: Limits, budget: Budget | None = None) -> tuple[object, int]:
    """Read one datum that starts at byte `pos` of `data` and return it with the position after it.

    `budget` is that of the block the datum is in. Raises `FormatError` with `path` and with `offset`, the first byte of the value
    at fault: `TruncatedError` when the data ends first, `LimitError` when it is nested too deep or holds too many zero-byte values;
    and `ResolutionError`, with the same, for a sound value that the reader has no place for.
    """
    source = Source(data, limits, budget)
    try:
        source.charge(plan_zero_byte_values(plan), pos)
        return Decoder(source).value(plan, pos, 0)
    except Fault as fault:
        raise fault.kind(fault.message, offset=fault.offset, path=fault.path) from None
    except RecursionError:
        raise LimitError("nested deeper than Python's stack allows", offset=pos) from None


def plan_zero_byte_values(plan: Plan) -> int:
    """Return what `zero_byte_values` says of the type that `plan` reads."""
    match plan:
        case ReadPrimitive(type="null") | ReadFixed(size=0):
            return 1
        case ReadRecord():
            return zero_byte_values(plan.node)
        case ReadBranch():
            return plan_zero_byte_values(plan.plan)
    return 0


class Decoder:
    """Reads values of any type; `depth` is the number of records, arrays and maps that the value at hand is in."""

    __slots__ = ("source",)

    def __init__(self, source: Source) -> None:
        self.source = source

    def value(self, plan: Plan, pos: int, depth: int) -> tuple[object, int]:
        """Read one value."""
        match plan:
            case ReadPrimitive():
                return self.primitive(plan, pos)
            case ReadFixed():
                data, end = self.source.take(plan.size, pos, pos)
                return from_raw(plan.logical, "fixed", data, pos), end
            case ReadEnum():
                return self.enum(plan, pos)
            case ReadArray():
                return self.array(plan, pos, self.source.enter(depth, pos))
            case ReadMap():
                return self.map(plan, pos, self.source.enter(depth, pos))
            case ReadUnion():
                return self.union(plan, pos, depth)
            case ReadBranch():
                value, end = self.value(plan.plan, pos, depth)
                return (plan.name, value), end
            case ReadRecord():
                return self.record(plan, pos, self.source.enter(depth, pos))
            case ReadNothing():
                raise Fault(plan.reason, pos, ResolutionError)

    def primitive(self, plan: ReadPrimitive, pos: int) -> tuple[object, int]:
        """Read a primitive: "null is written as zero bytes", "a float is written as 4 bytes", "a double is written as 8 bytes"."""
        value: object = None
        end = pos
        match plan.type:
            case "boolean":
                value, end = self.source.read_boolean(pos)
            case "int":
                value, end = self.source.integer(pos)
            case "long":
                value, end = self.source.read_long(pos)
            case "float":
                data, end = self.source.take(4, pos, pos)
                (value,) = struct.unpack("<f", data)
            case "double":
                data, end = self.source.take(8, pos, pos)
                (value,) = struct.unpack("<d", data)
            case "bytes":
                value, end = self.source.blob(pos)
            case "string":
                data, end = self.source.blob(pos)
                value = text(data, pos)
        return from_raw(plan.logical, plan.target, promoted(value, plan.target, pos), pos), end

    def enum(self, plan: ReadEnum, pos: int) -> tuple[object, int]:
        """Read an enum: "an int, representing the zero-based position of the symbol in the schema"."""
        index, end = self.source.index(pos, len(plan.symbols), "symbol")
        symbol = plan.symbols[index]
        if symbol is None:
            raise Fault(f"the reader's enum has no symbol {plan.written[index]!r} and no default", pos, ResolutionError)
        return symbol, end

    def array(self, plan: ReadArray, pos: int, depth: int) -> tuple[object, int]:
        """Read an array: "a series of blocks"."""
        items: list[object] = []
        zero = plan_zero_byte_values(plan.items)
        while True:
            start = pos
            count, end, pos = self.source.block(pos, zero)
            if count == 0:
                return items, pos
            for _ in range(count):
                try:
                    item, pos = self.value(plan.items, pos, depth)
                except Fault as fault:
                    raise fault.within(item_step(len(items))) from None
                items.append(item)
            self.source.end_block(end, pos, start)

    def map(self, plan: ReadMap, pos: int, depth: int) -> tuple[object, int]:
        """Read a map: "a series of blocks" of "key/value pairs", whose keys are strings."""
        entries: dict[str, object] = {}
        charge = free_of_few(plan_zero_byte_values(plan.values))
        while True:
            start = pos
            count, end, pos = self.source.block(pos, 0)
            if count == 0:
                return entries, pos
            for _ in range(count):
                data, value_pos = self.source.blob(pos)
                key = text(data, pos)
                try:
                    self.source.charge(charge, value_pos)
                    entries[key], pos = self.value(plan.values, value_pos, depth)
                except Fault as fault:
                    raise fault.within(key_step(key)) from None
            self.source.end_block(end, pos, start)

    def union(self, plan: ReadUnion, pos: int, depth: int) -> tuple[object, int]:
        """Read a union: "a long value indicating the zero-based position", then "the value"."""
        index, end = self.source.index(pos, len(plan.branches), "branch")
        branch = plan.branches[index]
        self.source.charge(free_of_few(plan_zero_byte_values(branch)), pos)
        return self.value(branch, end, depth)

    def record(self, plan: ReadRecord, pos: int, depth: int) -> tuple[object, int]:
        """Read a record: "the values of its fields in the order that they are declared"."""
        if isinstance(plan.node, Record):
            self.source.charge(field_charge(plan.node), pos)
        values: dict[str, object] = {}
        for step in plan.steps:
            try:
                if step.name is None:
                    pos = Skipper(self.source).value(step.node, pos, depth)
                else:
                    values[step.name], pos = self.value(step.plan, pos, depth)
            except Fault as fault:
                raise fault.within(field_step(step.written_name)) from None
        for default in plan.defaults:
            inside = Decoder(Source(default.data, self.source.limits, None))
            try:
                values[default.name], _ = inside.value(default.plan, 0, depth)
            except Fault as fault:
                raise Fault(f"its default cannot be given: {fault.message}", pos, fault.kind, (field_step(default.name),)) from None
        return {name: values[name] for name in plan.names}, pos


def free_of_few(zero_byte_values: int) -> int:
    """Return what a map's value or a union's branch is charged: a few zero-byte values are paid by the bytes beside them."""
    return zero_byte_values if zero_byte_values > FREE_ZERO_BYTE_VALUES else 0


def text(data: bytes, start: int, fault: str = "a string that is not UTF-8", kind: Kind = FormatError) -> str:
    """Return the string of `data`: "that many bytes of UTF-8 encoded character data"."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(fault, start, kind) from None


def promoted(value: object, target: str, start: int) -> object:
    """Return `value` as the reader's type, as section "Schema Resolution" promotes it."""
    match target, value:
        case "float", int():
            return nearest_float(value)
        case "double", int():
            return float(value)
        case "bytes", str():
            return value.encode("utf-8")
        case "string", bytes():
            return text(value, start, "bytes, read as a string, that are not UTF-8", ResolutionError)
    return value


def from_raw(logical: Logical | None, type_name: str, raw: object, start: int) -> object:
    """Return the value of a logical type whose encoding is that of `raw`, a `type_name`."""
    if logical is None:
        return raw
    if logical.custom is not None:
        try:
            return logical.custom.from_avro(raw)
        except Exception as error:  # noqa: BLE001 - it is code of the user's
            raise Fault(f"its conversion from {logical.name} fails: {type(error).__name__}: {error}", start) from None
    from avro_ocf.logical import conversion

    found = conversion(logical, type_name)
    return raw if found is None else found.from_raw(raw)
