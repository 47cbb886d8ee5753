"""Numbers."""

import math
import struct
from typing import Any

from avro_ocf.schema.model import Node
from tests.oracle.codec import Codec, Input
from tests.oracle.mutants.registry import seen_by

MASK = 0xFFFF_FFFF


@seen_by("decoder")
class VarintsOf32Bits(Codec):
    """Shifts numbers in 32 bits, so that 1703302800000 reads back as 348267404."""

    def read_varint(self, source: Input) -> int:
        return super().read_varint(source) & MASK


@seen_by("decoder")
class VarintsOfNineBytes(Codec):
    """Drops the tenth byte's bit, the sign of the greatest numbers."""

    def read_varint(self, source: Input) -> int:
        return super().read_varint(source) & (1 << 63) - 1


@seen_by("decoder")
class EndlessVarints(Codec):
    """Reads a number of more than ten bytes."""

    def read_varint(self, source: Input) -> int:
        number = shift = 0
        while (byte := source.take(1)[0]) > 0x7F:
            number |= (byte & 0x7F) << shift
            shift += 7
        return (number | byte << shift) & (1 << 64) - 1


@seen_by("encoder")
class ZigzagOf32Bits(Codec):
    """Takes the sign from bit 31, also of a long."""

    def zigzag(self, number: int) -> int:
        return ((number << 1) ^ -(number >> 31 & 1)) & (1 << 64) - 1


@seen_by("encoder")
class ZigzagOfTheMinimum(Codec):
    """Turns the sign of a negative number, which the least long survives."""

    def zigzag(self, number: int) -> int:
        return 0 if number == -(2**63) else super().zigzag(number)


@seen_by("decoder")
class ZigzagByOne(Codec):
    """Forgets that negative numbers start at -1."""

    def unzigzag(self, number: int) -> int:
        return -(number >> 1) if number & 1 else number >> 1


@seen_by("decoder")
class NoZigzag(Codec):
    """Reads a long as its varint."""

    def read_long(self, source: Input, _node: Node) -> int:
        return self.read_varint(source)


@seen_by("decoder")
class LongsAsDoubles(Codec):
    """Keeps longs in numbers of 53 bits."""

    def read_long(self, source: Input, node: Node) -> int:
        return int(float(super().read_long(source, node)))


@seen_by("decoder")
class IntsWrapped(Codec):
    """Cuts an int of more than 32 bits to 32."""

    def read_int(self, source: Input, _node: Node) -> int:
        number = self.read_number(source) & MASK
        return number - (1 << 32) if number >> 31 else number


@seen_by("decoder")
class IntsUnchecked(Codec):
    """Reads any long as an int."""

    def read_int(self, source: Input, _node: Node) -> int:
        return self.read_number(source)


@seen_by("encoder")
class FloatForDouble(Codec):
    """Rounds a double to a float."""

    def write_double(self, node: Node, value: Any) -> bytes:
        try:
            value = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            value = math.copysign(math.inf, value)
        return super().write_double(node, value)


@seen_by("decoder")
class BigEndianFloats(Codec):
    """Reads a float's bytes in the other order."""

    def read_float(self, source: Input, _node: Node) -> float:
        number: float = struct.unpack(">f", source.take(4))[0]
        return number


@seen_by("encoder")
class NegativeZeroLost(Codec):
    """Writes -0.0 as 0.0."""

    def write_double(self, node: Node, value: Any) -> bytes:
        return super().write_double(node, value + 0.0)


@seen_by("encoder")
class NotANumberRefused(Codec):
    """Refuses NaN and the infinities, as JSON does."""

    def write_double(self, node: Node, value: Any) -> bytes:
        if not math.isfinite(value):
            raise ValueError("not a number that JSON has")
        return super().write_double(node, value)


@seen_by("decoder")
class NotANumberLost(Codec):
    """Reads NaN as null."""

    def read_float(self, source: Input, node: Node) -> Any:
        number = super().read_float(source, node)
        return None if math.isnan(number) else number


@seen_by("decoder")
class TwoIsTrue(Codec):
    """Takes any byte but 0 for true."""

    def read_boolean(self, source: Input, _node: Node) -> bool:
        return source.take(1) != b"\0"


@seen_by("decoder")
class BooleansAsInts(Codec):
    """Gives 0 and 1 for false and true."""

    def read_boolean(self, source: Input, node: Node) -> Any:
        return int(super().read_boolean(source, node))
