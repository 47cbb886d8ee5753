"""Passing over one datum without making its value."""

from avro_ocf.errors import LimitError
from avro_ocf.limits import Limits
from avro_ocf.reference.budget import Budget
from avro_ocf.reference.fault import Fault, field_step, item_step, key_step
from avro_ocf.reference.source import Source
from avro_ocf.schema.measure import field_charge, value_charge, zero_byte_values
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union


def skip(node: Node, data: bytes, pos: int, limits: Limits, budget: Budget | None = None) -> int:
    """Return the position after the datum of type `node` that starts at byte `pos` of `data`.

    The bytes are checked as `decode` checks them, except that strings need not be UTF-8. Raises the errors of `decode`.
    """
    source = Source(data, limits, budget)
    try:
        source.charge(zero_byte_values(node), pos)
        return Skipper(source).value(node, pos, 0)
    except Fault as fault:
        raise fault.kind(fault.message, offset=fault.offset, path=fault.path) from None
    except RecursionError:
        raise LimitError("nested deeper than Python's stack allows", offset=pos) from None


class Skipper:
    """Passes over values of any type; `depth` is the number of records, arrays and maps that the value at hand is in."""

    __slots__ = ("source",)

    def __init__(self, source: Source) -> None:
        self.source = source

    def value(self, node: Node, pos: int, depth: int) -> int:
        """Pass over one value."""
        match node:
            case Record():
                return self.record(node, pos, self.source.enter(depth, pos))
            case Array():
                return self.array(node, pos, self.source.enter(depth, pos))
            case Map():
                return self.map(node, pos, self.source.enter(depth, pos))
            case Union():
                index, end = self.source.index(pos, len(node.branches), "branch")
                self.source.charge(value_charge(node.branches[index]), pos)
                return self.value(node.branches[index], end, depth)
            case Enum():
                return self.source.index(pos, len(node.symbols), "symbol")[1]
            case Fixed():
                return self.source.take(node.size, pos, pos)[1]
        return self.primitive(node.type, pos)

    def primitive(self, type_name: str, pos: int) -> int:
        """Pass over a primitive."""
        match type_name:
            case "boolean":
                return self.source.read_boolean(pos)[1]
            case "int":
                return self.source.integer(pos)[1]
            case "long":
                return self.source.read_long(pos)[1]
            case "float":
                return self.source.take(4, pos, pos)[1]
            case "double":
                return self.source.take(8, pos, pos)[1]
            case "bytes" | "string":
                return self.source.blob(pos)[1]
        return pos

    def record(self, node: Record, pos: int, depth: int) -> int:
        """Pass over a record."""
        self.source.charge(field_charge(node), pos)
        for field in node.fields:
            try:
                pos = self.value(field.node, pos, depth)
            except Fault as fault:
                raise fault.within(field_step(field.name)) from None
        return pos

    def array(self, node: Array, pos: int, depth: int) -> int:
        """Pass over an array."""
        zero = zero_byte_values(node.items)
        passed = 0
        while True:
            start = pos
            count, end, pos = self.source.block(pos, zero)
            if count == 0:
                return pos
            for _ in range(count):
                try:
                    pos = self.value(node.items, pos, depth)
                except Fault as fault:
                    raise fault.within(item_step(passed)) from None
                passed += 1
            self.source.end_block(end, pos, start)

    def map(self, node: Map, pos: int, depth: int) -> int:
        """Pass over a map."""
        charge = value_charge(node.values)
        while True:
            start = pos
            count, end, pos = self.source.block(pos, 0)
            if count == 0:
                return pos
            for _ in range(count):
                key, pos = self.source.blob(pos)
                try:
                    self.source.charge(charge, pos)
                    pos = self.value(node.values, pos, depth)
                except Fault as fault:
                    raise fault.within(key_step(key.decode("utf-8", "replace"))) from None
            self.source.end_block(end, pos, start)
