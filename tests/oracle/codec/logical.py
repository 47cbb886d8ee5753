"""Logical types (specification, "Logical Types"), from their raw values and back. What Python's types cannot hold stays raw."""

import re
import struct
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from avro_ocf import Duration
from avro_ocf.schema.model import Fixed, Logical, Node

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local timestamp has no time zone
EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
PYTHON_TYPES = {
    "big-decimal": Decimal,
    "date": date,
    "decimal": Decimal,
    "duration": Duration,
    "local-timestamp-micros": datetime,
    "local-timestamp-millis": datetime,
    "time-micros": time,
    "time-millis": time,
    "timestamp-micros": datetime,
    "timestamp-millis": datetime,
    "uuid": UUID,
}
"""The logical types that have a Python type of their own."""


class LogicalTypes:
    def from_raw(self, node: Node, raw: Any) -> Any:
        """Return the value that `raw` stands for as the type `node`."""
        if node.logical is None or node.logical.name not in PYTHON_TYPES:
            return raw
        try:
            return getattr(self, "from_" + node.logical.name.replace("-", "_"))(node.logical, raw)
        except (OverflowError, ValueError):
            return raw

    def to_raw(self, node: Node, value: Any) -> Any:
        """Return the raw value that is written for `value`; `ValueError` if there is none that is exact."""
        assert node.logical is not None
        if type(value) is not PYTHON_TYPES.get(node.logical.name):
            return value
        return getattr(self, "to_" + node.logical.name.replace("-", "_"))(node, value)

    # Dates and times

    def from_date(self, _logical: Logical, days: int) -> date:
        return EPOCH.date() + timedelta(days=days)

    def to_date(self, _node: Node, value: date) -> int:
        return (value - EPOCH.date()).days

    def from_time_millis(self, _logical: Logical, milliseconds: int) -> time:
        return self.time_of_day(milliseconds * 1000)

    def to_time_millis(self, _node: Node, value: time) -> int:
        return self.to_millis(datetime.combine(EPOCH, value) - EPOCH)

    def from_time_micros(self, _logical: Logical, microseconds: int) -> time:
        return self.time_of_day(microseconds)

    def to_time_micros(self, _node: Node, value: time) -> int:
        return self.to_micros(datetime.combine(EPOCH, value) - EPOCH)

    def time_of_day(self, microseconds: int) -> time:
        if not 0 <= microseconds < 86_400_000_000:
            raise ValueError("not in one day")
        return (EPOCH + timedelta(microseconds=microseconds)).time()

    def from_timestamp_millis(self, _logical: Logical, milliseconds: int) -> datetime:
        return EPOCH_UTC + timedelta(milliseconds=milliseconds)

    def to_timestamp_millis(self, _node: Node, value: datetime) -> int:
        return self.to_millis(value - EPOCH_UTC)

    def from_timestamp_micros(self, _logical: Logical, microseconds: int) -> datetime:
        return EPOCH_UTC + timedelta(microseconds=microseconds)

    def to_timestamp_micros(self, _node: Node, value: datetime) -> int:
        return self.to_micros(value - EPOCH_UTC)

    def from_local_timestamp_millis(self, _logical: Logical, milliseconds: int) -> datetime:
        return EPOCH + timedelta(milliseconds=milliseconds)

    def to_local_timestamp_millis(self, _node: Node, value: datetime) -> int:
        return self.to_millis(value - EPOCH)

    def from_local_timestamp_micros(self, _logical: Logical, microseconds: int) -> datetime:
        return EPOCH + timedelta(microseconds=microseconds)

    def to_local_timestamp_micros(self, _node: Node, value: datetime) -> int:
        return self.to_micros(value - EPOCH)

    def to_millis(self, span: timedelta) -> int:
        if span % timedelta(milliseconds=1):
            raise ValueError("parts of a millisecond")
        return span // timedelta(milliseconds=1)

    def to_micros(self, span: timedelta) -> int:
        return span // timedelta(microseconds=1)

    # Decimals

    def from_decimal(self, logical: Logical, raw: bytes) -> Decimal:
        return self.scaled(self.from_two_complement(raw), logical.scale)

    def to_decimal(self, node: Node, value: Decimal) -> bytes:
        assert node.logical is not None
        unscaled = self.unscaled(value, node.logical.scale)
        return self.to_two_complement(unscaled, node.size if isinstance(node, Fixed) else None)

    def from_big_decimal(self, _logical: Logical, raw: bytes) -> Decimal:
        from tests.oracle.codec.binary import BinaryCodec, CodecError, Input

        codec, source = BinaryCodec(), Input(raw)
        try:
            unscaled = source.take(codec.read_number(source))
            scale = codec.read_number(source)
        except CodecError as error:
            raise ValueError(str(error)) from None
        if source.left or not -(2**31) <= scale < 2**31:
            raise ValueError("not a big-decimal")
        return self.scaled(self.from_two_complement(unscaled), scale)

    def to_big_decimal(self, _node: Node, value: Decimal) -> bytes:
        from tests.oracle.codec.binary import BinaryCodec

        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        codec, unscaled = BinaryCodec(), self.to_two_complement(self.unscaled(value, -exponent), None)
        return codec.write_number(len(unscaled)) + unscaled + codec.write_number(-exponent)

    def from_two_complement(self, raw: bytes) -> int:
        return int.from_bytes(raw, "big", signed=True)

    def to_two_complement(self, number: int, size: int | None) -> bytes:
        return number.to_bytes(size or (number + (number < 0)).bit_length() // 8 + 1, "big", signed=True)

    def scaled(self, unscaled: int, scale: int) -> Decimal:
        return Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))

    def unscaled(self, value: Decimal, scale: int) -> int:
        sign, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        number = int("".join(map(str, digits)))
        shift = exponent + scale
        if not number:
            return 0
        if not -5000 < shift < 5000:
            raise ValueError("too many digits")
        power = int(10 ** abs(shift))
        number, rest = (number * power, 0) if shift >= 0 else divmod(number, power)
        if rest:
            raise ValueError("more digits than the scale")
        return -number if sign else number

    # The others

    def from_uuid(self, _logical: Logical, raw: Any) -> UUID:
        if isinstance(raw, bytes):
            return self.uuid_of_bytes(raw)
        if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", raw):
            raise ValueError("not the text of a UUID")
        return UUID(raw)

    def uuid_of_bytes(self, raw: bytes) -> UUID:
        return UUID(bytes=raw)

    def to_uuid(self, node: Node, value: UUID) -> Any:
        return value.bytes if node.type == "fixed" else str(value)

    def from_duration(self, _logical: Logical, raw: bytes) -> Duration:
        return Duration(*struct.unpack("<III", raw))

    def to_duration(self, _node: Node, value: Duration) -> bytes:
        return struct.pack("<III", *value)
