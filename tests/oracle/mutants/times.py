"""Dates and times."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from avro_ocf.schema.model import Logical, Node
from tests.oracle.codec import Codec
from tests.oracle.mutants.registry import seen_by

DAY_US = 86_400_000_000


@seen_by("decoder")
class DateOffByOne(Codec):
    """Counts days before 1970 from 1969-12-30."""

    def from_date(self, logical: Logical, days: int) -> date:
        return super().from_date(logical, days - (days < 0))


@seen_by("decoder")
class DateOfJulianDay(Codec):
    """Counts days from the year 1."""

    def from_date(self, _logical: Logical, days: int) -> date:
        return date.fromordinal(days + 1)


@seen_by("decoder")
class DateAsDatetime(Codec):
    """Gives midnight for a date."""

    def from_date(self, logical: Logical, days: int) -> date:
        return datetime.combine(super().from_date(logical, days), time())


@seen_by("decoder")
class DateOutOfRangeRefused(Codec):
    """Fails at a date or time that Python has no value for."""

    def from_raw(self, node: Node, raw: Any) -> Any:
        value = super().from_raw(node, raw)
        if node.logical is not None and type(value) is int and not node.logical.name.endswith("nanos"):
            raise OverflowError("out of range")
        return value


@seen_by("decoder")
class MillisForMicros(Codec):
    """Reads microseconds as milliseconds."""

    def from_timestamp_micros(self, logical: Logical, microseconds: int) -> datetime:
        return super().from_timestamp_millis(logical, microseconds)


@seen_by("encoder")
class MicrosForMillis(Codec):
    """Writes microseconds for milliseconds."""

    def to_time_millis(self, node: Node, value: time) -> int:
        return super().to_time_micros(node, value)


@seen_by("encoder")
class MillisTowardsZero(Codec):
    """Cuts seconds before 1970 towards zero and counts milliseconds from there."""

    def to_timestamp_millis(self, node: Node, value: datetime) -> int:
        exact = super().to_timestamp_millis(node, value)
        return int(exact / 1000) * 1000 + exact % 1000


@seen_by("decoder")
class MillisOfWholeSeconds(Codec):
    """Drops what is not a whole second."""

    def from_timestamp_millis(self, logical: Logical, milliseconds: int) -> datetime:
        return super().from_timestamp_millis(logical, milliseconds // 1000 * 1000)


@seen_by("encoder")
class MicrosInDoubles(Codec):
    """Calculates a timestamp in seconds, as a double."""

    def to_timestamp_micros(self, _node: Node, value: datetime) -> int:
        return int(value.timestamp() * 1_000_000)


@seen_by("decoder")
class LocalTimestampWithZone(Codec):
    """Gives a local timestamp as one in UTC."""

    def from_local_timestamp_millis(self, logical: Logical, milliseconds: int) -> datetime:
        return super().from_local_timestamp_millis(logical, milliseconds).replace(tzinfo=UTC)


@seen_by("decoder")
class LocalTimestampMoved(Codec):
    """Moves a local timestamp by the time zone of the machine, here one hour."""

    def from_local_timestamp_micros(self, logical: Logical, microseconds: int) -> datetime:
        return super().from_local_timestamp_micros(logical, microseconds) + timedelta(hours=1)


@seen_by("decoder")
class TimestampWithoutZone(Codec):
    """Gives a timestamp without its time zone."""

    def from_timestamp_micros(self, logical: Logical, microseconds: int) -> datetime:
        return super().from_timestamp_micros(logical, microseconds).replace(tzinfo=None)


@seen_by("decoder")
class NanosAsDatetime(Codec):
    """Cuts nanoseconds to microseconds."""

    def from_raw(self, node: Node, raw: Any) -> Any:
        if node.logical is not None and node.logical.name == "timestamp-nanos":
            return super().from_timestamp_micros(node.logical, raw // 1000)
        return super().from_raw(node, raw)


@seen_by("decoder")
class TimeWraps(Codec):
    """Takes a time of day modulo one day."""

    def time_of_day(self, microseconds: int) -> time:
        return super().time_of_day(microseconds % DAY_US)


@seen_by("encoder")
class TimeWithoutMicros(Codec):
    """Writes a time of day in whole milliseconds."""

    def to_time_micros(self, node: Node, value: time) -> int:
        return super().to_time_micros(node, value) // 1000 * 1000
