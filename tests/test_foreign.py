"""Values of subclasses of Python's own types, and of those that stand in for pandas': exactly, or not at all."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import DatumError, parse_schema
from tests.compiler.test_raws import agrees


def long(logical: str) -> dict[str, str]:
    return {"type": "long", "logicalType": logical}


class Stamp(datetime):
    """A datetime with nanoseconds, as pandas' `Timestamp` is one."""

    nanosecond: Any = 0

    @classmethod
    def of(cls, value: datetime, nanosecond: object) -> Self:
        stamp = cls.combine(value.date(), value.timetz())
        stamp.nanosecond = nanosecond
        return stamp


class Clock(time):
    nanosecond = 5


class Nothing(datetime):
    """What says that it has no year, as pandas' `NaT` does."""

    year = month = day = float("nan")  # type: ignore[assignment]


class Meddling(datetime):
    """A datetime whose differences are not what they seem, as those of some calendars' libraries are."""

    def __sub__(self, _: object) -> Any:
        return timedelta(days=1)


class Failing(datetime):
    @property
    def hour(self) -> int:
        raise ZeroDivisionError


class LateDay(date):
    def toordinal(self) -> int:
        return 1


class Rounded(Decimal):
    def scaleb(self, *_: object) -> Any:
        return Decimal(7)


AT = datetime(2020, 1, 1, 0, 0, 0, 123456, UTC)
LOCAL = AT.replace(tzinfo=None)
TYPES = ["timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros"]


@pytest.mark.parametrize("logical", TYPES)
def test_nanoseconds_are_written_by_no_coarser_type(logical: str) -> None:
    value = LOCAL if "local" in logical else AT
    for moment in (value, value.replace(microsecond=0)):
        stamp = Stamp.of(moment, 789)
        for schema in (long(logical), ["null", long(logical)], {"type": "array", "items": long(logical)}):
            datum = [stamp] if isinstance(schema, dict) and "items" in schema else stamp
            with pytest.raises(DatumError, match=f"a {logical} that has 789 nanoseconds past its microseconds"):
                parse_schema(schema).encode(datum)
            assert agrees(schema, datum) == "DatumError"


@given(st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=9))])), st.integers(0, 999))
def test_a_datetime_with_nanoseconds_is_written_exactly_or_not_at_all(value: datetime, nanosecond: int) -> None:
    stamp = Stamp.of(value, nanosecond)
    epoch = datetime(1970, 1, 1, tzinfo=UTC if value.tzinfo else None)
    number = (value - epoch) // timedelta(microseconds=1) * 1000 + nanosecond
    for unit, per in (("nanos", 1), ("micros", 1000), ("millis", 1_000_000)):
        for prefix, is_local in (("", False), ("local-", True)):
            schema = long(f"{prefix}timestamp-{unit}")
            fits = is_local == (value.tzinfo is None) and not number % per and -(2**63) <= number // per < 2**63
            if fits and agrees(schema, stamp) == "value":
                raw = parse_schema(schema, logical_types=False)
                assert raw.decode(parse_schema(schema).encode(stamp)) == number // per
            else:
                assert agrees(schema, stamp) == "DatumError"


NANOS = long("timestamp-nanos")


def test_times_in_nanoseconds_take_a_datetime_and_give_the_number() -> None:
    schema = parse_schema(NANOS)
    assert schema.decode(schema.encode(Stamp.of(AT, 789))) == 1_577_836_800_123_456_789
    assert schema.decode(schema.encode(AT)) == 1_577_836_800_123_456_000
    assert schema.decode(schema.encode(1_577_836_800_123_456_789)) == 1_577_836_800_123_456_789
    local = parse_schema(long("local-timestamp-nanos"))
    assert local.decode(local.encode(Stamp.of(LOCAL, 1))) == 1_577_836_800_123_456_001
    for datum, reason in ((LOCAL, "no time zone"), (datetime(1600, 1, 1, tzinfo=UTC), "1677 to 2262"), ("x", "an int")):
        with pytest.raises(DatumError, match=reason):
            schema.encode(datum)
    with pytest.raises(DatumError, match="has a time zone"):
        local.encode(AT)


def test_a_datetime_goes_to_the_branch_that_gives_one_back() -> None:
    schema = parse_schema([NANOS, "string"])
    assert schema.encode(AT)[0] == 0
    micros = {"type": "record", "name": "R", "fields": [{"name": "at", "type": long("timestamp-micros")}]}
    nanos = {"type": "record", "name": "S", "fields": [{"name": "at", "type": NANOS}]}
    schema = parse_schema([nanos, micros])
    assert [schema.encode({"at": value})[0] for value in (AT, Stamp.of(AT, 0), Stamp.of(AT, 1), 5)] == [2, 2, 0, 0]


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        (long("timestamp-micros"), Nothing(2020, 1, 1, tzinfo=UTC), "none that can be read"),
        (long("local-timestamp-micros"), Nothing(2020, 1, 1), "none that can be read"),
        (long("timestamp-nanos"), Nothing(2020, 1, 1, tzinfo=UTC), "none that can be read"),
        (long("local-timestamp-millis"), Failing(2020, 1, 1), "none that can be read: ZeroDivisionError"),
        (long("local-timestamp-micros"), Stamp.of(LOCAL, float("nan")), "its nanosecond is no int"),
        (long("local-timestamp-nanos"), Stamp.of(LOCAL, 1000), "its nanosecond is no int"),
        (long("local-timestamp-nanos"), Stamp.of(LOCAL, True), "its nanosecond is no int"),
        (long("time-micros"), Clock(1), "5 nanoseconds"),
        ({"type": "int", "logicalType": "time-millis"}, Clock(1), "5 nanoseconds"),
    ],
)
def test_what_is_no_time_that_can_be_written(schema: Any, value: object, reason: str) -> None:
    with pytest.raises(DatumError, match=reason):
        parse_schema(schema).encode(value)
    assert agrees(schema, value) == "DatumError"


@pytest.mark.parametrize(
    ("schema", "value", "plain"),
    [
        (long("local-timestamp-micros"), Meddling(2020, 1, 1, 5), datetime(2020, 1, 1, 5)),  # noqa: DTZ001 - a local one
        (long("timestamp-micros"), Meddling(2020, 1, 1, 5, tzinfo=UTC), datetime(2020, 1, 1, 5, tzinfo=UTC)),
        ({"type": "int", "logicalType": "date"}, LateDay(2020, 1, 1), date(2020, 1, 1)),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1}, Rounded("1.5"), Decimal("1.5")),
    ],
)
def test_a_subclass_counts_for_what_it_is(schema: Any, value: object, plain: object) -> None:
    parsed = parse_schema(schema)
    assert parsed.decode(parsed.encode(value)) == plain
    assert agrees(schema, value) == "value"


def test_fold_is_no_part_of_what_a_clock_shows() -> None:
    for schema, value in (
        (long("local-timestamp-micros"), LOCAL.replace(fold=1)),
        (long("local-timestamp-micros"), Stamp.of(LOCAL.replace(fold=1), 0)),
        (long("time-micros"), time(1, 30, fold=1)),
    ):
        parsed = parse_schema(schema)
        assert parsed.decode(parsed.encode(value)) == value


@pytest.mark.slow
def test_pandas_itself() -> None:
    pandas = pytest.importorskip("pandas")
    stamp = pandas.Timestamp("2020-01-01T00:00:00.123456789Z")
    for logical in TYPES:
        for value in (stamp, stamp.tz_localize(None), pandas.NaT):
            for schema in (long(logical), ["null", long(logical)]):
                with pytest.raises(DatumError):
                    parse_schema(schema).encode(value)
    nanos, micros = parse_schema(NANOS), parse_schema(long("timestamp-micros"))
    assert nanos.decode(nanos.encode(stamp)) == stamp.value
    assert nanos.decode(nanos.encode(stamp.tz_convert("Asia/Tokyo"))) == stamp.value
    assert micros.decode(micros.encode(stamp.floor("us"))) == AT
    records = pandas.DataFrame({"a": [1, 2], "b": [True, False], "c": ["x", "y"], "d": [0.1, 0.2]}).to_dict("records")
    fields = [{"name": name, "type": type_} for name, type_ in zip("abcd", ("long", "boolean", "string", "double"), strict=True)]
    table = parse_schema({"type": "record", "name": "R", "fields": fields})
    assert [table.decode(table.encode(record)) for record in records] == records


class StandIn:
    """Claims another class, as mocks and lazy objects do."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, "kind" if name == "__class__" else name)


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("boolean", bool),
        ("int", int),
        ("double", float),
        ("string", str),
        ("bytes", bytes),
        ({"type": "array", "items": "int"}, list),
        ({"type": "map", "values": "int"}, dict),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, str),
        (["null", "string"], tuple),
        ({"type": "string", "logicalType": "uuid"}, UUID),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, Decimal),
    ],
)
def test_what_claims_a_class_that_it_has_not(schema: object, kind: type) -> None:
    record = parse_schema({"type": "record", "name": "R", "fields": [{"name": "a", "type": schema}]})
    with pytest.raises(DatumError) as caught:
        record.encode({"a": StandIn(kind)})
    assert caught.value.path == "a"
