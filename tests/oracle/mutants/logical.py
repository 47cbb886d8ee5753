"""Decimals, UUIDs and durations."""

import struct
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from uuid import UUID

from avro_ocf import Duration
from avro_ocf.schema.model import Fixed, Logical, Node
from tests.oracle.codec import Codec
from tests.oracle.mutants.registry import seen_by


@seen_by("encoder")
class DecimalLittleEndian(Codec):
    """Writes a decimal's bytes in the other order."""

    def to_two_complement(self, number: int, size: int | None) -> bytes:
        return super().to_two_complement(number, size)[::-1]


@seen_by("decoder")
class DecimalUnsigned(Codec):
    """Reads a decimal's bytes as unsigned."""

    def from_two_complement(self, raw: bytes) -> int:
        return int.from_bytes(raw, "big")


@seen_by("encoder")
class DecimalWithoutSignBit(Codec):
    """Writes a positive decimal in the fewest bytes, which may start with a sign bit."""

    def to_two_complement(self, number: int, size: int | None) -> bytes:
        if size or number <= 0:
            return super().to_two_complement(number, size)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")


@seen_by("encoder")
class DecimalPaddedWithZeros(Codec):
    """Fills a fixed before a negative decimal with zeros."""

    def to_two_complement(self, number: int, size: int | None) -> bytes:
        return super().to_two_complement(number, None).rjust(size or 0, b"\0")


@seen_by("encoder")
class DecimalMagnitude(Codec):
    """Writes a negative decimal as its absolute value."""

    def to_two_complement(self, number: int, size: int | None) -> bytes:
        return super().to_two_complement(abs(number), size)


@seen_by("decoder")
class DecimalScaleTurned(Codec):
    """Multiplies by ten to the scale."""

    def from_decimal(self, logical: Logical, raw: bytes) -> Decimal:
        return self.scaled(self.from_two_complement(raw), -logical.scale)


@seen_by("decoder")
class DecimalScaleIgnored(Codec):
    """Gives a decimal's unscaled number."""

    def from_decimal(self, _logical: Logical, raw: bytes) -> Decimal:
        return self.scaled(self.from_two_complement(raw), 0)


@seen_by("decoder")
class DecimalRounded(Codec):
    """Rounds a decimal to 28 digits, as Python's context does."""

    def scaled(self, unscaled: int, scale: int) -> Decimal:
        return Context(prec=28, rounding=ROUND_HALF_EVEN).create_decimal(super().scaled(unscaled, scale))


@seen_by("decoder")
class DecimalAsDouble(Codec):
    """Calculates a decimal as a double."""

    def from_decimal(self, logical: Logical, raw: bytes) -> Decimal:
        return Decimal(repr(float(super().from_decimal(logical, raw))))


@seen_by("encoder")
class BigDecimalScaleFirst(Codec):
    """Writes a big-decimal's scale before its number."""

    def to_big_decimal(self, node: Node, value: Decimal) -> bytes:
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        scale = self.write_number(-exponent)
        return scale + super().to_big_decimal(node, value).removesuffix(scale)


@seen_by("decoder")
class UuidLittleEndian(Codec):
    """Reads a fixed UUID with its first parts in the other order."""

    def uuid_of_bytes(self, raw: bytes) -> UUID:
        return UUID(bytes_le=raw)


@seen_by("encoder")
class UuidWithoutHyphens(Codec):
    """Writes a UUID's text without hyphens."""

    def to_uuid(self, node: Node, value: UUID) -> Any:
        return value.bytes if node.type == "fixed" else value.hex


@seen_by("encoder")
class UuidTextInFixed(Codec):
    """Writes the first characters of a UUID's text into a fixed."""

    def to_uuid(self, node: Node, value: UUID) -> Any:
        return value.hex.encode()[: node.size] if isinstance(node, Fixed) else str(value)


@seen_by("decoder")
class DurationBigEndian(Codec):
    """Reads a duration's numbers as big-endian."""

    def from_duration(self, _logical: Logical, raw: bytes) -> Duration:
        return Duration(*struct.unpack(">III", raw))


@seen_by("decoder")
class DurationSigned(Codec):
    """Reads a duration's numbers as signed."""

    def from_duration(self, _logical: Logical, raw: bytes) -> Duration:
        return Duration(*struct.unpack("<iii", raw))


@seen_by("encoder")
class DurationReversed(Codec):
    """Writes a duration's milliseconds first."""

    def to_duration(self, node: Node, value: Duration) -> bytes:
        return super().to_duration(node, Duration(*value[::-1]))


@seen_by("decoder")
class InvalidLogicalTypeRefused(Codec):
    """Refuses a logical type that is not valid where it stands, which a reader must ignore."""

    def parse(self, schema: object) -> Any:
        self.refuse(schema)
        return super().parse(schema)

    def refuse(self, schema: Any) -> None:
        if isinstance(schema, dict):
            if schema.get("logicalType") == "decimal" and schema.get("scale", 0) > schema.get("precision", 0):
                raise ValueError("the scale exceeds the precision")
            if schema.get("logicalType") == "date" and schema.get("type") != "int":
                raise ValueError("a date is an int")
            schema = list(schema.values())
        if isinstance(schema, list):
            for part in schema:
                self.refuse(part)
