"""Values of logical types: what generated code makes of them is what `logical` makes."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Encoder
from avro_ocf.limits import DEFAULT_LIMITS
from tests.compiler.test_agreement import agree, node_of

TIMES = {
    "date": "int",
    "time-millis": "int",
    "time-micros": "long",
    "timestamp-millis": "long",
    "timestamp-micros": "long",
    "local-timestamp-millis": "long",
    "local-timestamp-micros": "long",
}
ZONES = st.sampled_from([None, UTC, timezone.utc, timezone(timedelta(hours=9)), timezone(timedelta(0), "Z")])  # noqa: UP017 - the same


class Later(datetime):
    __slots__ = ()


class Day(date):
    __slots__ = ()


def whole(value: Any) -> Any:
    """Return a time without parts of a millisecond."""
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


MOMENTS = st.datetimes(timezones=ZONES)
CLOCKS = st.times(timezones=ZONES)
ODD = st.sampled_from(
    [Later(2020, 1, 1, tzinfo=UTC), Later(2020, 1, 1), Day(2020, 1, 1), 5, -5, 2**40, True, None, "1", timedelta(1)]
)
VALUES = MOMENTS | MOMENTS.map(whole) | CLOCKS | CLOCKS.map(whole) | st.dates() | ODD
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
MOMENTS_AT_THE_EDGE = [FIRST, LAST, whole(LAST)]
EDGES = [*MOMENTS_AT_THE_EDGE, *(value.replace(tzinfo=None) for value in MOMENTS_AT_THE_EDGE)]
EDGES += [value.replace(tzinfo=timezone(timedelta(hours=hours))) for value in MOMENTS_AT_THE_EDGE for hours in (-9, 9)]
EDGES += [date.min, date.max, time.min, time.max, whole(time.max)]


def agrees(schema: object, datum: object) -> str:
    node = node_of(schema)
    encoder = Encoder(node, DEFAULT_LIMITS)
    return agree(lambda: encoder.encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))[0]


@given(st.sampled_from(sorted(TIMES)), VALUES | st.sampled_from(EDGES))
def test_times(name: str, value: object) -> None:
    schema = {"type": TIMES[name], "logicalType": name}
    agrees(schema, value)
    agrees(["null", schema], value)
    agrees({"type": "array", "items": schema}, [value, value])


@pytest.mark.parametrize("name", TIMES)
def test_edges_of_times(name: str) -> None:
    found = [agrees({"type": TIMES[name], "logicalType": name}, value) for value in EDGES]
    assert "value" in found
    assert "DatumError" in found


DECIMALS = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(-1000, 1000, places=2, allow_nan=False)
SOME = st.sampled_from([Decimal(text) for text in ("-0.00", "0", "0E-2", "-1.28", "1.27", "1.28", "1E2", "9999999.99", "1e-2")])


@given(st.integers(1, 20), st.integers(0, 20), DECIMALS | SOME)
def test_decimals(precision: int, scale: int, value: Decimal) -> None:
    logical = {"logicalType": "decimal", "precision": precision, "scale": min(scale, precision)}
    agrees({"type": "bytes", **logical}, value)
    agrees({"type": "fixed", "name": "F", "size": 9, **logical}, value)


@given(st.integers(1, 18), st.integers(0, 6), st.integers(-(10**18), 10**18))
def test_decimals_of_the_schema_s_scale(precision: int, scale: int, number: int) -> None:
    scale = min(scale, precision)
    schema = {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
    agrees(schema, Decimal(number).scaleb(-scale))


def test_uuids_that_come_again() -> None:
    node = node_of({"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "string", "logicalType": "uuid"}}]})
    one, other = UUID(int=1), UUID(int=2**128 - 1)
    records = [{"a": value} for value in (one, one, str(other), one, other, UUID(int=1), other, "あ")]
    out = bytearray()
    encoder = Encoder(node, DEFAULT_LIMITS)
    assert encoder.append_until(iter(records), out, 10**6) == len(records)
    assert bytes(out) == b"".join(reference.encode(node, record, DEFAULT_LIMITS) for record in records)
