"""Logical types: what Python makes of the raw values of the encoding, and back.

Nothing is ever rounded. `from_raw` never fails: a raw value outside Python's range stays raw. `to_raw` takes a value of the type's
own Python type and raises `ValueError` where it has no exact raw value. Raw values themselves are the caller's business. Decimals
are calculated in the context made here, never in the thread's own. A value of a subclass counts for what it says of itself, which
may be more than its base class holds, such as the nanoseconds of a pandas `Timestamp`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from struct import Struct
from typing import Any, Final, NamedTuple

from avro_ocf.errors import FormatError
from avro_ocf.foreign import nanoseconds_beyond, plain_date, plain_datetime, plain_time
from avro_ocf.schema.model import Logical
from avro_ocf.varint import LONG_MAX, LONG_MIN, decode_long, encode_long


class Duration(NamedTuple):
    """The value of the logical type `duration`: three amounts of 32 bits unsigned, of which none is a part of another."""

    months: int
    days: int
    milliseconds: int


class Conversion(NamedTuple):
    """How one logical type is converted.

    `python_type` is the type that `from_raw` makes and `to_raw` takes; `to_raw` checks everything else about the value.
    """

    python_type: type
    from_raw: Callable[[Any], Any]
    to_raw: Callable[[Any], Any]


# Decimals. A conversion traps whatever would not be exact; the precision is a bound, nothing is allocated for it.

UNSCALED_BYTES: Final = 4096
"""A decimal's unscaled number may take so many bytes; a longer one is left raw, because converting it takes quadratic time."""

UNSCALED_DIGITS: Final = 9864
"""No number of more digits fits `UNSCALED_BYTES`."""


_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact, Overflow])


def _decimal(raw: bytes, unscaled: bytes, scale: int) -> Decimal | bytes:
    number = int.from_bytes(unscaled, "big", signed=True)
    if _byte_length(number) > UNSCALED_BYTES:
        return raw
    try:
        return Decimal(number).scaleb(-scale, _EXACT)
    except DecimalException:
        return raw


def exceeds_precision(logical: Logical, value: object) -> bool:
    """Tell whether `value` is a decimal that has more digits than `logical` says; it is written exactly all the same."""
    if logical.name != "decimal" or not isinstance(value, Decimal) or not value.is_finite():
        return False
    return bool(value) and value.adjusted() + logical.scale + 1 > logical.precision


def _unscaled(value: Decimal, scale: int) -> int:
    """Return `value * 10**scale`; `ValueError` when that is no whole number or a huge one."""
    value = Decimal(value)  # a subclass may calculate otherwise
    if not value.is_finite():
        raise ValueError("is not a finite number")
    if not value:
        return 0
    digits = value.adjusted() + scale + 1
    if digits > UNSCALED_DIGITS:
        raise ValueError(f"has more than {UNSCALED_DIGITS} digits")
    if digits < 1:
        raise ValueError(f"has more fractional digits than the scale, {scale}")
    scaled = value.scaleb(scale, _EXACT)
    number = int(scaled)
    if scaled != number:
        raise ValueError(f"has more fractional digits than the scale, {scale}")
    return number


def _byte_length(number: int) -> int:
    return (number if number >= 0 else ~number).bit_length() // 8 + 1


def _two_complement(number: int) -> bytes:
    length = _byte_length(number)
    if length > UNSCALED_BYTES:
        raise ValueError(f"takes more than {UNSCALED_BYTES} bytes")
    return number.to_bytes(length, "big", signed=True)


def _decimal_conversion(scale: int, size: int | None) -> Conversion:
    def from_raw(raw: bytes) -> Decimal | bytes:
        return _decimal(raw, raw, scale)

    def to_raw(value: Decimal) -> bytes:
        number = _unscaled(value, scale)
        shortest = _two_complement(number)
        if size is None:
            return shortest
        if len(shortest) > size:
            raise ValueError(f"does not fit {size} bytes")
        return (b"\xff" if number < 0 else b"\0") * (size - len(shortest)) + shortest

    return Conversion(Decimal, from_raw, to_raw)


def big_decimal_from_raw(raw: bytes) -> Decimal | bytes:
    """Convert a `big-decimal`: the unscaled number as Avro bytes, then the scale as an Avro int."""
    try:
        length, start = decode_long(raw, 0)
        scale, end = decode_long(raw, start + length) if length >= 0 else (0, -1)
    except FormatError:
        return raw
    if end != len(raw) or not -(2**31) <= scale < 2**31:
        return raw
    return _decimal(raw, raw[start : start + length], scale)


def big_decimal_to_raw(value: Decimal) -> bytes:
    """Convert to a `big-decimal`, which keeps trailing zeros."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("is not a finite number")
    if not -(2**31) < exponent <= 2**31:
        raise ValueError("has a scale of more than 32 bits")
    unscaled = _two_complement(_unscaled(value, -exponent))
    return encode_long(len(unscaled)) + unscaled + encode_long(-exponent)


# UUIDs. The module `uuid` is slow to import, so it waits for the first schema that has one.


def _uuid_conversion(type_name: str) -> Conversion:
    from uuid import UUID, SafeUUID

    # `UUID` looks at all the forms it takes; setting what it consists of costs half as much.
    set_int, set_is_safe, unknown = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__, SafeUUID.unknown
    new, number_of, bytes_of_hex = object.__new__, int.from_bytes, bytes.fromhex

    def from_fixed(raw: bytes) -> UUID:
        value = new(UUID)
        set_int(value, number_of(raw, "big"))
        set_is_safe(value, unknown)
        return value

    def from_string(raw: str) -> UUID | str:
        # RFC 4122's text form and no other.
        digits = raw.replace("-", "")
        if len(raw) != 36 or len(digits) != 32 or not raw[8] == raw[13] == raw[18] == raw[23] == "-":
            return raw
        try:
            data = bytes_of_hex(digits)
        except ValueError:
            return raw
        return from_fixed(data) if len(data) == 16 else raw  # `fromhex` passes over white space

    def to_string(value: UUID) -> str:
        pairs = value.int.to_bytes(16, "big").hex("-", 2)  # a hyphen after every fourth digit, of which four are wanted
        return f"{pairs[:4]}{pairs[5:29]}{pairs[30:34]}{pairs[35:]}"

    def to_fixed(value: UUID) -> bytes:
        return value.bytes

    return Conversion(UUID, from_string, to_string) if type_name == "string" else Conversion(UUID, from_fixed, to_fixed)


# Dates and times.

_EPOCH_ORDINAL = 719_163
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local timestamp has no time zone
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = datetime.min  # noqa: DTZ901 - only its time of day matters
_DAY_MS = 86_400_000
_MIN_US = -62_135_596_800_000_000
_MAX_US = 253_402_300_799_999_999


def date_from_raw(days: int) -> date | int:
    """Convert days since 1970-01-01."""
    try:
        return date.fromordinal(days + _EPOCH_ORDINAL)
    except (ValueError, OverflowError):
        return days


def date_to_raw(value: date) -> int:
    """Convert to days since 1970-01-01; a `datetime` is refused."""
    if isinstance(value, datetime):
        raise ValueError("is a datetime, not a date")
    if type(value) is not date:
        value = plain_date(value)
    return value.toordinal() - _EPOCH_ORDINAL


def time_millis_from_raw(milliseconds: int) -> time | int:
    """Convert milliseconds after midnight."""
    if 0 <= milliseconds < _DAY_MS:
        return (_MIDNIGHT + timedelta(milliseconds=milliseconds)).time()
    return milliseconds


def time_micros_from_raw(microseconds: int) -> time | int:
    """Convert microseconds after midnight."""
    if 0 <= microseconds < _DAY_MS * 1000:
        return (_MIDNIGHT + timedelta(microseconds=microseconds)).time()
    return microseconds


def time_micros_to_raw(value: time) -> int:
    """Convert to microseconds after midnight; a time with a time zone is refused. `fold` says nothing of the time of day."""
    if type(value) is not time:
        value = plain_time(value)
    if value.tzinfo is not None:
        raise ValueError("has a time zone")
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def time_millis_to_raw(value: time) -> int:
    """Convert to milliseconds after midnight, if it is whole milliseconds."""
    return _whole_milliseconds(time_micros_to_raw(value))


def timestamp_millis_from_raw(milliseconds: int) -> datetime | int:
    """Convert milliseconds since the epoch to an aware datetime in UTC."""
    try:
        return _EPOCH_UTC + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds


def timestamp_micros_from_raw(microseconds: int) -> datetime | int:
    """Convert microseconds since the epoch to an aware datetime in UTC."""
    try:
        return _EPOCH_UTC + timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds


def timestamp_micros_to_raw(value: datetime) -> int:
    """Convert to microseconds since the epoch; a datetime without a time zone is refused."""
    if type(value) is not datetime:
        value = plain_datetime(value)
    try:
        offset = value.utcoffset()
    except Exception as error:  # noqa: BLE001 - a time zone is code of the datum's
        raise ValueError(f"has a time zone that fails: {type(error).__name__}") from None
    if offset is None:
        raise ValueError("has no time zone")
    microseconds = _microseconds(value.replace(tzinfo=None) - _EPOCH) - _microseconds(offset)
    if not _MIN_US <= microseconds <= _MAX_US:
        raise ValueError("lies outside the years 1 to 9999 in UTC")
    return microseconds


def timestamp_millis_to_raw(value: datetime) -> int:
    """Convert to milliseconds since the epoch, if it is whole milliseconds."""
    return _whole_milliseconds(timestamp_micros_to_raw(value))


def local_timestamp_millis_from_raw(milliseconds: int) -> datetime | int:
    """Convert milliseconds since 1970-01-01 on some wall clock to a naive datetime."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds


def local_timestamp_micros_from_raw(microseconds: int) -> datetime | int:
    """Convert microseconds since 1970-01-01 on some wall clock to a naive datetime."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return microseconds


def local_timestamp_micros_to_raw(value: datetime) -> int:
    """Convert to microseconds since 1970-01-01 on the value's own clock; a datetime with a time zone is refused.

    `fold` is no part of what the clock shows.
    """
    if type(value) is not datetime:
        value = plain_datetime(value)
    if value.tzinfo is not None:
        raise ValueError("has a time zone")
    return _microseconds(value - _EPOCH)


def local_timestamp_millis_to_raw(value: datetime) -> int:
    """Convert to milliseconds since 1970-01-01 on the value's own clock, if it is whole milliseconds."""
    return _whole_milliseconds(local_timestamp_micros_to_raw(value))


def _microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _whole_milliseconds(microseconds: int) -> int:
    milliseconds, rest = divmod(microseconds, 1000)
    if rest:
        raise ValueError("has parts of a millisecond")
    return milliseconds


def nanos_to_raw(logical: Logical, value: datetime) -> int:
    """Convert to nanoseconds as `logical` counts them, `timestamp-nanos` or `local-timestamp-nanos`. Reading gives that number."""
    to_micros = timestamp_micros_to_raw if logical.name == "timestamp-nanos" else local_timestamp_micros_to_raw
    nanoseconds = nanoseconds_beyond(value)
    number = to_micros(plain_datetime(value, nanoseconds=nanoseconds)) * 1000 + nanoseconds
    if not LONG_MIN <= number <= LONG_MAX:
        raise ValueError("lies outside the years 1677 to 2262, which 64 bits of nanoseconds reach")
    return number


_ROUNDED: Final[dict[str, tuple[type, Callable[[Any], int], int]]] = {
    "local-timestamp-micros": (datetime, local_timestamp_micros_to_raw, 1),
    "local-timestamp-millis": (datetime, local_timestamp_micros_to_raw, 1000),
    "time-micros": (time, time_micros_to_raw, 1),
    "time-millis": (time, time_micros_to_raw, 1000),
    "timestamp-micros": (datetime, timestamp_micros_to_raw, 1),
    "timestamp-millis": (datetime, timestamp_micros_to_raw, 1000),
}
"""The Python type of a time, what makes microseconds of it, and how many of them make its unit."""


def rounded_down(logical: Logical, value: datetime | time) -> tuple[int, int]:
    """Return the raw value of a time as `logical`, rounded down to its unit, and the nanoseconds lost. Raises `ValueError`."""
    python_type, to_micros, per = _ROUNDED.get(logical.name, (type(None), time_micros_to_raw, 1))
    if not isinstance(value, python_type):
        raise ValueError("is no time of that type")
    nanoseconds = nanoseconds_beyond(value)
    plain = (
        plain_datetime(value, nanoseconds=nanoseconds)
        if isinstance(value, datetime)
        else plain_time(value, nanoseconds=nanoseconds)
    )
    number, microseconds = divmod(to_micros(plain), per)
    return number, microseconds * 1000 + nanoseconds


_DURATION = Struct("<III")


def duration_from_raw(raw: bytes) -> Duration:
    """Convert three little-endian numbers of four bytes each."""
    return Duration._make(_DURATION.unpack(raw))


def duration_to_raw(value: Duration) -> bytes:
    """Convert to three little-endian numbers of four bytes each."""
    if not all(type(part) is int and 0 <= part < 2**32 for part in value):
        raise ValueError("has a part that is no unsigned number of 32 bits")
    return _DURATION.pack(*value)


CONVERSIONS: Final = {
    "big-decimal": Conversion(Decimal, big_decimal_from_raw, big_decimal_to_raw),
    "date": Conversion(date, date_from_raw, date_to_raw),
    "duration": Conversion(Duration, duration_from_raw, duration_to_raw),
    "local-timestamp-micros": Conversion(datetime, local_timestamp_micros_from_raw, local_timestamp_micros_to_raw),
    "local-timestamp-millis": Conversion(datetime, local_timestamp_millis_from_raw, local_timestamp_millis_to_raw),
    "time-micros": Conversion(time, time_micros_from_raw, time_micros_to_raw),
    "time-millis": Conversion(time, time_millis_from_raw, time_millis_to_raw),
    "timestamp-micros": Conversion(datetime, timestamp_micros_from_raw, timestamp_micros_to_raw),
    "timestamp-millis": Conversion(datetime, timestamp_millis_from_raw, timestamp_millis_to_raw),
}
"""The logical types whose conversion depends on nothing but their name."""


def conversion(logical: Logical, type_name: str, size: int | None = None) -> Conversion | None:
    """Return how `logical` is converted on a raw `type_name`, a fixed of `size` bytes say, or None if its raw value is its value.

    That is so for `timestamp-nanos` and `local-timestamp-nanos`, which Python's datetime cannot hold; see `nanos_to_raw`.
    """
    if logical.name == "decimal":
        return _decimal_conversion(logical.scale, size)
    if logical.name == "uuid":
        return _uuid_conversion(type_name)
    return CONVERSIONS.get(logical.name)
