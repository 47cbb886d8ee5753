"""A value, its line of JSON and back."""

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from avro_ocf.errors import DatumError
from avro_ocf.extended_json import check_plain, dumps, loads
from avro_ocf.logical import Duration
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same

TAGS = [
    "$bytes",
    "$map",
    "$float",
    "$decimal",
    "$date",
    "$time",
    "$timestamp",
    "$branch",
    "$duration",
    "$uuid",
    "$",
    "$no",
    "plain",
]
KEYS = st.sampled_from(TAGS) | st.text(max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(TAGS)
    | st.binary(max_size=10)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.times().map(lambda value: value.replace(fold=0))
    | st.datetimes().map(lambda value: value.replace(fold=0))
    | st.datetimes(timezones=st.just(UTC)).map(lambda value: value.replace(fold=0))
    | st.uuids()
    | st.builds(Duration, *[st.integers(0, 2**32 - 1)] * 3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3) | st.tuples(KEYS, inner),
    max_leaves=20,
)


def typed(value: object) -> object:
    """Return a form that tells 1 from 1.0 and True, 0.0 from -0.0 and 1.0 from 1.00 as decimals, and in which NaN equals itself."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if type(value) is tuple:
        return tuple, tuple(map(typed, value))
    return type(value), repr(value)


@given(VALUES)
def test_a_value_comes_back_type_by_type(value: object) -> None:
    """What `cat` prints, `encode` reads."""
    text = dumps(value)
    assert "\n" not in text
    assert typed(loads(text)) == typed(value)


@given(st.data())
def test_a_record_of_any_schema_comes_back(data: st.DataObject) -> None:
    """What a decoder gives is printed, read and encoded to the same again."""
    schema = parse_schema(data.draw(schemas()))
    value = schema.decode(schema.encode(data.draw(from_schema(schema.node))))
    read = loads(dumps(value))
    assert same(read, value)
    assert same(schema.decode(schema.encode(read)), value)


NESTED = st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(KEYS, inner, max_size=2), max_leaves=5)


@given(st.text() | NESTED.map(json.dumps))
def test_no_text_raises_anything_but_a_datum_error(text: str) -> None:
    """Any text is a value or a `DatumError`, and a value is stable."""
    try:
        value = loads(text)
    except DatumError:
        return
    assert typed(loads(dumps(value))) == typed(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xde\xad", '{"$bytes":"3q0="}'),
        (Decimal("12.50"), '{"$decimal":"12.50"}'),
        (date(2026, 11, 24), '{"$date":"2026-11-24"}'),
        (time(9, 30), '{"$time":"09:30:00"}'),
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), '{"$timestamp":"2026-11-24T09:30:00Z"}'),
        (datetime(2026, 11, 24, 9, 30, 0, 5), '{"$local_timestamp":"2026-11-24T09:30:00.000005"}'),  # noqa: DTZ001 - naive on purpose
        (UUID(int=5), '{"$uuid":"00000000-0000-0000-0000-000000000005"}'),
        (Duration(1, 2, 3), '{"$duration":[1,2,3]}'),
        (math.inf, '{"$float":"Infinity"}'),
        (("zoo.Dog", {"name": b""}), '{"$branch":["zoo.Dog",{"name":{"$bytes":""}}]}'),
        ({"$bytes": 1}, '{"$map":{"$bytes":1}}'),
        ({"$map": {"$map": 1}}, '{"$map":{"$map":{"$map":{"$map":1}}}}'),
        ({"$bytes": 1, "b": 2}, '{"$bytes":1,"b":2}'),
        ({"a": 1.0, "b": 1}, '{"a":1.0,"b":1}'),
        ("ø\u2028", '"ø\u2028"'),
    ],
)
def test_the_form(value: object, text: str) -> None:
    """The form itself, as documented."""
    assert dumps(value) == text
    assert typed(loads(text)) == typed(value)


def test_any_offset_is_read_as_utc() -> None:
    """A timestamp is an instant."""
    assert dumps(loads('{"$timestamp":"2026-11-24T09:30:00+09:00"}')) == '{"$timestamp":"2026-11-24T00:30:00Z"}'
    assert dumps(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == '{"$timestamp":"2025-12-31T23:00:00Z"}'


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "", "not JSON"),
        ('{"a": NaN}', "", "NaN is not JSON"),
        ('{"a": 1e999}', "", "1e999 is past"),
        ('{"a": 1, "a": 2}', "", 'key "a" is there twice'),
        ("[" * 100_000, "", "nested too deeply"),
        ("9" * 5000, "", "not JSON"),
        ('{"ship": {"crew": [{"$bytes": "?"}]}}', "ship.crew[0]", "bad $bytes"),
        ('{"a b": {"$date": "2026-02-30"}}', '["a b"]', "bad $date"),
        ('{"$map": {"x": {"$time": "25:00"}}}', "x", "bad $time"),
        ('{"$duration": [1, 2]}', "", "does not belong there"),
        ('{"$duration": [1, 2, 3.0]}', "", "does not belong there"),
        ('{"$decimal": 1.1}', "", "does not belong there"),
        ('{"$decimal": "one"}', "", "bad $decimal"),
        ('{"$float": "1.5"}', "", "does not belong there"),
        ('{"$timestamp": "2026-11-24T09:30:00"}', "", "needs a Z"),
        ('{"$timestamp": "0001-01-01T00:00:00+01:00"}', "", "bad $timestamp"),
        ('{"$timestamp": "2026-11-24T09:30:00.0000001Z"}', "", "finer than microseconds"),
        ('{"$local_timestamp": "2026-11-24T09:30:00Z"}', "", "must not have"),
        ('{"\\u0024nothing": 1}', "", "no such tag"),
    ],
)
def test_what_is_refused(text: str, path: str, message: str) -> None:
    """Each refusal says what and where."""
    with pytest.raises(DatumError, match=message.replace("$", r"\$")) as caught:
        loads(text)
    assert caught.value.path == path


def test_a_value_of_no_avro_type_is_a_type_error() -> None:
    """Only what a decoder gives can be written."""
    for value in (1j, (), ("int",), (1, 2), ("a", 1, 2)):
        with pytest.raises(TypeError, match="is not the type of any Avro value"):
            dumps([value])


@given(VALUES)
def test_what_plain_json_has_a_word_for_comes_back_without_tags(value: object) -> None:
    try:
        check_plain(value)
    except DatumError as error:
        assert "JSON has no word for" in error.message
    else:
        assert typed(loads(dumps(value, tags=False), tags=False)) == typed(value)


@pytest.mark.parametrize("value", [b"", Decimal(1), date(2026, 1, 1), Duration(1, 2, 3), math.nan, -math.inf, ("int", 1)])
def test_the_place_of_what_plain_json_has_no_word_for(value: object) -> None:
    with pytest.raises(DatumError) as caught:
        check_plain({"a": [1, {"$b": value}]})
    assert caught.value.path == 'a[1]["$b"]'
