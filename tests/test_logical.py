"""Logical types: their bounds, exactness, and what stays raw."""

import decimal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import MAX_EMAX, Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import infer_schema, parse_schema
from avro_ocf.errors import DatumError
from avro_ocf.logical import UNSCALED_BYTES, Conversion, Duration, conversion
from avro_ocf.schema.model import Logical


def convert(name: str, type_name: str, size: int | None = None, precision: int = 0, scale: int = 0) -> Conversion:
    found = conversion(Logical(name, precision, scale), type_name, size)
    assert found is not None
    return found


DATE = convert("date", "int")
TIMESTAMP_MILLIS = convert("timestamp-millis", "long")
TIMESTAMP_MICROS = convert("timestamp-micros", "long")
LOCAL_MILLIS = convert("local-timestamp-millis", "long")
LOCAL_MICROS = convert("local-timestamp-micros", "long")
TIME_MILLIS = convert("time-millis", "int")
TIME_MICROS = convert("time-micros", "long")
DURATION = convert("duration", "fixed", 12)
BIG_DECIMAL = convert("big-decimal", "bytes")
MONEY = convert("decimal", "bytes", None, 5, 2)
MINUTE = timedelta(minutes=1)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(minutes * MINUTE))
LONGS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize("name", ["timestamp-nanos", "local-timestamp-nanos"])
def test_nanoseconds_are_their_raw_value(name: str) -> None:
    assert conversion(Logical(name), "long") is None


BOUNDS = [
    (DATE, -719_162, date.min),
    (DATE, 0, date(1970, 1, 1)),
    (DATE, 2_932_896, date.max),
    (TIME_MILLIS, 0, time()),
    (TIME_MILLIS, 86_399_999, time(23, 59, 59, 999_000)),
    (TIME_MICROS, 0, time()),
    (TIME_MICROS, 86_399_999_999, time.max),
    (TIMESTAMP_MILLIS, -62_135_596_800_000, datetime.min.replace(tzinfo=UTC)),
    (TIMESTAMP_MILLIS, -1, datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)),
    (TIMESTAMP_MILLIS, 253_402_300_799_999, datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC)),
    (TIMESTAMP_MICROS, -62_135_596_800_000_000, datetime.min.replace(tzinfo=UTC)),
    (TIMESTAMP_MICROS, 253_402_300_799_999_999, datetime.max.replace(tzinfo=UTC)),
    (LOCAL_MILLIS, -62_135_596_800_000, datetime.min),  # noqa: DTZ901
    (LOCAL_MICROS, 253_402_300_799_999_999, datetime.max),  # noqa: DTZ901
    (DURATION, bytes(12), Duration(0, 0, 0)),
    (DURATION, b"\1\0\0\0\0\1\0\0\xff\xff\xff\xff", Duration(1, 256, 2**32 - 1)),
]


@pytest.mark.parametrize(("types", "raw", "value"), BOUNDS)
def test_the_first_and_last_value(types: Conversion, raw: object, value: object) -> None:
    made = types.from_raw(raw)
    assert (made, type(made)) == (value, types.python_type)
    assert types.to_raw(value) == raw


RAW = [
    (DATE, -719_163),
    (DATE, 2_932_897),
    (DATE, 2**31 - 1),
    (DATE, -(2**31)),
    (TIME_MILLIS, -1),
    (TIME_MILLIS, 86_400_000),
    (TIME_MICROS, -1),
    (TIME_MICROS, 86_400_000_000),
    (TIMESTAMP_MILLIS, -62_135_596_800_001),
    (TIMESTAMP_MILLIS, 253_402_300_800_000),
    (TIMESTAMP_MICROS, -62_135_596_800_000_001),
    (TIMESTAMP_MICROS, 253_402_300_800_000_000),
    (LOCAL_MILLIS, 2**63 - 1),
    (LOCAL_MILLIS, -(2**63)),
    (LOCAL_MICROS, 2**63 - 1),
    (LOCAL_MICROS, -(2**63)),
]


@pytest.mark.parametrize(("types", "raw"), RAW)
def test_a_value_outside_pythons_range_stays_raw(types: Conversion, raw: int) -> None:
    assert types.from_raw(raw) == raw


NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
REFUSED = [
    (DATE, NOON, "a datetime"),
    (TIME_MILLIS, time(0, 0, 0, 1), "parts of a millisecond"),
    (TIME_MICROS, time(tzinfo=UTC), "has a time zone"),
    (TIMESTAMP_MILLIS, NOON.replace(microsecond=1), "parts of a millisecond"),
    (TIMESTAMP_MICROS, NOON.replace(tzinfo=None), "no time zone"),
    (TIMESTAMP_MICROS, datetime.max.replace(tzinfo=timezone(-MINUTE)), "outside"),
    (TIMESTAMP_MICROS, datetime.min.replace(tzinfo=timezone(MINUTE)), "outside"),
    (LOCAL_MILLIS, datetime(2024, 1, 1, microsecond=1), "parts of a millisecond"),  # noqa: DTZ001
    (LOCAL_MICROS, NOON, "has a time zone"),
    (DURATION, Duration(-1, 0, 0), "32 bits"),
    (DURATION, Duration(0, 2**32, 0), "32 bits"),
    (DURATION, Duration(0, 0, True), "32 bits"),
    (MONEY, Decimal("NaN"), "finite"),
    (MONEY, Decimal("sNaN"), "finite"),
    (MONEY, Decimal("-Infinity"), "finite"),
    (MONEY, Decimal("0.001"), "fractional"),
    (MONEY, Decimal("1.001"), "fractional"),
    (MONEY, Decimal("1E-400000000"), "fractional"),
    (MONEY, Decimal("1E+400000000"), "digits"),
    (BIG_DECIMAL, Decimal("NaN"), "finite"),
    (BIG_DECIMAL, Decimal("Infinity"), "finite"),
    (convert("decimal", "fixed", 1, 2), Decimal(-129), "fit"),
    (convert("decimal", "fixed", 1, 3), Decimal(128), "fit"),
]


@pytest.mark.parametrize(("types", "value", "reason"), REFUSED)
def test_a_value_with_no_exact_raw_value_is_refused(types: Conversion, value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        types.to_raw(value)


@given(LONGS)
def test_timestamps_read_and_written_are_the_same(raw: int) -> None:
    for types in (TIMESTAMP_MILLIS, TIMESTAMP_MICROS, LOCAL_MILLIS, LOCAL_MICROS):
        value = types.from_raw(raw)
        assert raw == (types.to_raw(value) if isinstance(value, datetime) else value)


@given(st.datetimes(timezones=ZONES | st.just(UTC)))
def test_an_instant_is_kept_whatever_its_zone(value: datetime) -> None:
    try:
        expected = value.astimezone(UTC)
    except OverflowError:
        with pytest.raises(ValueError, match="outside"):
            TIMESTAMP_MICROS.to_raw(value)
        return
    assert TIMESTAMP_MICROS.from_raw(TIMESTAMP_MICROS.to_raw(value)) == expected


class Folded(tzinfo):
    """A zone that is an hour further from UTC the first time round."""

    def utcoffset(self, value: datetime | None) -> timedelta:
        return timedelta(hours=1 if value is not None and value.fold else 2)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, _: datetime | None) -> str:
        return "folded"


class Failing(Folded):
    """A zone that has no offset to give."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise self.error


@pytest.mark.parametrize("zone", [Failing(NotImplementedError()), Failing(ZeroDivisionError())])
def test_a_zone_that_fails_is_an_error_about_the_datum(zone: tzinfo) -> None:
    value = datetime(2024, 1, 1, tzinfo=zone)
    with pytest.raises(DatumError, match="time zone that fails"):
        parse_schema({"type": "long", "logicalType": "timestamp-micros"}).encode(value)
    with pytest.raises(DatumError, match="time zone that fails"):
        infer_schema([{"at": value}], name="R")


def test_fold_tells_the_two_hours_of_a_clock_change_apart() -> None:
    first = datetime(2024, 10, 27, 2, 30, tzinfo=Folded())
    assert TIMESTAMP_MILLIS.to_raw(first.replace(fold=1)) - TIMESTAMP_MILLIS.to_raw(first) == 3_600_000


@given(st.dates(), st.times(), st.datetimes())
def test_dates_times_and_local_datetimes_survive(day: date, clock: time, moment: datetime) -> None:
    assert DATE.from_raw(DATE.to_raw(day)) == day
    assert TIME_MICROS.from_raw(TIME_MICROS.to_raw(clock)) == clock
    assert LOCAL_MICROS.from_raw(LOCAL_MICROS.to_raw(moment)) == moment


@given(st.uuids())
def test_a_uuid_survives_as_text_and_as_bytes(value: UUID) -> None:
    text, data = convert("uuid", "string"), convert("uuid", "fixed", 16)
    assert text.from_raw(text.to_raw(value)) == data.from_raw(data.to_raw(value)) == value
    assert text.from_raw(str(value).upper()) == value


@pytest.mark.parametrize("raw", ["", "x", "{12345678-1234-1234-1234-123456789abc}", "12345678123412341234123456789abc"])
def test_text_that_is_no_uuid_stays_text(raw: str) -> None:
    assert convert("uuid", "string").from_raw(raw) == raw


def without_context(make: Callable[[], Any]) -> Any:
    """Return what `make` makes while the thread's own decimal context would round or trap anything."""
    signals = list(decimal.getcontext().flags)
    with decimal.localcontext(decimal.Context(prec=1, Emax=0, Emin=0, traps=signals)):
        return make()


@given(st.integers(-(10**60), 10**60), st.integers(0, 60))
def test_a_decimal_survives_whatever_the_thread_s_context(unscaled: int, scale: int) -> None:
    types = convert("decimal", "bytes", None, 61, scale)
    value = Decimal(f"{unscaled}E-{scale}")
    raw = without_context(lambda: types.to_raw(value))
    assert int.from_bytes(raw, "big", signed=True) == unscaled
    assert without_context(lambda: types.from_raw(raw)).as_tuple() == (value if unscaled else abs(value)).as_tuple()
    fixed = convert("decimal", "fixed", 30, 61, scale)
    assert len(fixed.to_raw(value)) == 30
    assert fixed.from_raw(fixed.to_raw(value)) == value


@pytest.mark.parametrize("text", ["1000.00", "-123456789.01", "1E+9", "9" * 60])
def test_more_digits_than_the_precision_are_read_and_written_exactly(text: str) -> None:
    for types in (MONEY, convert("decimal", "fixed", 30, 5, 2)):
        assert types.from_raw(types.to_raw(Decimal(text))) == Decimal(text)


def test_a_branch_for_so_many_digits_comes_before_one_for_fewer() -> None:
    narrow = {"type": "fixed", "name": "Narrow", "size": 20, "logicalType": "decimal", "precision": 4, "scale": 2}
    schema = parse_schema([narrow, {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}])
    assert [schema.encode(Decimal(text))[0] for text in ("-99.99", "0.00", "100.00", "1E3")] == [0, 0, 2, 2]
    assert schema.encode(Decimal("12345678.90"))[0] == 0  # neither has room for it, so the first one


@pytest.mark.parametrize(
    ("text", "raw"),
    [("0", b"\0"), ("-0.00", b"\0"), ("1.28", b"\0\x80"), ("-1.28", b"\x80"), ("1.5000", b"\0\x96"), ("-999.99", b"\xfe\x79\x61")],
)
def test_a_decimal_is_the_shortest_twos_complement(text: str, raw: bytes) -> None:
    assert MONEY.to_raw(Decimal(text)) == raw
    assert MONEY.from_raw(raw) == Decimal(text)


def test_more_digits_than_the_precision_are_read_exactly() -> None:
    assert MONEY.from_raw((10**40 + 1).to_bytes(20, "big")) == Decimal(f"{10**40 + 1}E-2")
    assert MONEY.from_raw(b"") == 0


def test_a_decimal_as_long_as_is_converted_and_one_byte_longer() -> None:
    types = convert("decimal", "bytes", None, 10**9)
    lowest, highest = b"\x80" + bytes(UNSCALED_BYTES - 1), b"\x7f" + b"\xff" * (UNSCALED_BYTES - 1)
    for raw in (lowest, highest):
        assert types.to_raw(types.from_raw(raw)) == raw
        assert types.from_raw(b"\0" + raw) == (types.from_raw(raw) if raw == highest else b"\0" + raw)
    for value in (2 ** (8 * UNSCALED_BYTES - 1), -(2 ** (8 * UNSCALED_BYTES - 1)) - 1):
        raw = value.to_bytes(UNSCALED_BYTES + 1, "big", signed=True)
        assert types.from_raw(raw) == raw
        with pytest.raises(ValueError, match="more than"):
            types.to_raw(Decimal(value))


def test_the_limit_on_digits_in_text_does_not_matter() -> None:
    types = convert("decimal", "bytes", None, 9000)
    value = Decimal("9" * 9000)
    assert sys.get_int_max_str_digits() < 9000
    assert types.from_raw(types.to_raw(value)) == value


def test_a_scale_past_what_decimal_can_hold_leaves_the_value_raw() -> None:
    assert convert("decimal", "bytes", None, 10**30, 10**30).from_raw(b"\1") == b"\1"


FURTHEST_SCALES = [Decimal("1E+2147483647"), Decimal("1E-2147483647")] if MAX_EMAX > 2**31 else [Decimal(f"1E+{MAX_EMAX}")]
"""The ends of a 32-bit scale, or of the exponents that a 32-bit machine has."""


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(FURTHEST_SCALES))
def test_a_big_decimal_keeps_its_own_scale(value: Decimal) -> None:
    raw = without_context(lambda: BIG_DECIMAL.to_raw(value))
    kept = without_context(lambda: BIG_DECIMAL.from_raw(raw))
    assert kept.as_tuple() == (value or abs(value)).as_tuple()


@pytest.mark.parametrize(
    "raw", [b"", b"\x02\x01", b"\x01\x01\x00", b"\x04\x01\x00", b"\x02\x01\x00\x00", b"\x02\x01\xff\xff\xff\xff\x1f"]
)
def test_bytes_that_are_no_big_decimal_stay_bytes(raw: bytes) -> None:
    assert BIG_DECIMAL.from_raw(raw) == raw


@pytest.mark.host  # the Decimals of 32-bit Pythons end before that
def test_a_big_decimal_has_a_scale_of_32_bits() -> None:
    assert BIG_DECIMAL.to_raw(Decimal("1E-2147483647")) == b"\x02\x01\xfe\xff\xff\xff\x0f"
    for text in ("1E-2147483648", "1E+2147483649"):
        with pytest.raises(ValueError, match="32 bits"):
            BIG_DECIMAL.to_raw(Decimal(text))
