"""Inference: what was inferred encodes and decodes to exactly what was given."""

import math
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import MAX_EMAX, Decimal
from enum import IntEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import infer_schema
from avro_ocf.errors import DatumError, SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.equality import same
from avro_ocf.schema.inference import DECIMAL_DIGITS, RECORD_TYPES, infer
from tests.schema.build import array, field, mapping, record

STAMP_UTC = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
STAMP = STAMP_UTC.replace(tzinfo=None)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
LOGICAL = {
    "date": {"type": "int", "logicalType": "date"},
    "time": {"type": "long", "logicalType": "time-micros"},
    "timestamp": {"type": "long", "logicalType": "timestamp-micros"},
    "local": {"type": "long", "logicalType": "local-timestamp-micros"},
    "uuid": {"type": "string", "logicalType": "uuid"},
    "big": {"type": "bytes", "logicalType": "big-decimal"},
}


def decimal(precision: int, scale: int) -> dict[str, object]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def check_exact(records: list[object]) -> None:
    schema = infer_schema(records)
    for given_ in records:
        assert same(schema.decode(schema.encode(given_)), given_)


ROWS: list[tuple[list[object], object]] = [
    ([None], "null"),
    ([True], "boolean"),
    ([1], "long"),
    ([1.0], "double"),
    ([b"a"], "bytes"),
    (["a"], "string"),
    ([1, 1.0, True, None, "a", b"a"], ["null", "boolean", "long", "double", "string", "bytes"]),
    ([date(1, 1, 1), date(9999, 12, 31)], LOGICAL["date"]),
    ([time(23, 59, 59, 999999)], LOGICAL["time"]),
    ([STAMP, EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)], LOGICAL["local"]),
    ([STAMP_UTC, EARLIEST, LATEST], LOGICAL["timestamp"]),
    ([UUID(int=5)], LOGICAL["uuid"]),
    ([date(2024, 1, 1), 5, UUID(int=5), Decimal(5)], [LOGICAL["date"], "long", LOGICAL["uuid"], decimal(1, 0)]),
    ([Decimal("1.50"), Decimal(-200), Decimal("0.001")], decimal(6, 3)),
    ([Decimal("1E+3")], decimal(4, 0)),
    ([Decimal("0E-50"), Decimal("-0")], decimal(1, 0)),
    ([Decimal("1E-3")], decimal(3, 3)),
    ([Decimal("1E+9863")], LOGICAL["big"]),
    ([Decimal("1E+9000"), Decimal("1E-9000")], LOGICAL["big"]),
    ([[]], array(["null"])),
    ([[None]], array(["null"])),
    ([[{"f": None}]], array([record(field("null"), name="R")])),
    ([[], [1]], array("long")),
    ([[1, None], ["a"]], array(["null", "long", "string"])),
    ([[[1.5]]], array(array("double"))),
    ([{}], mapping("null")),
    ([{"a b": 1, "c": 2}], mapping("long")),
    ([{"": None}, {"ü": 1}], mapping(["null", "long"])),
    ([{"f": 1}], record(field("long"))),
    ([{"f": 1, "g": 2}, {"g": 3, "f": None}], record(field(["null", "long"]), field("long", "g"))),
    (
        [{"f": 1}, {}, {"f": 2, "g": 3}, 5],
        ["long", record(field("long")), record(field("long"), field("long", "g"), name="R_2"), mapping("null")],
    ),
    (
        [{"f": [{"x": 1}, {"y": 1}]}, {"f": []}],
        record(field(array([record(field("long", "x"), name="R_f"), record(field("long", "y"), name="R_f_2")]))),
    ),
    (
        [{"f": {"g": {"h": 1}}}],
        record(field(record(field(record(field("long", "h"), name="R_f_g"), "g"), name="R_f"))),
    ),
]


@pytest.mark.parametrize(("records", "schema"), ROWS)
def test_rows(records: list[object], schema: object) -> None:
    assert infer(records, "R") == schema
    check_exact(records)


def test_special_floats_are_exact() -> None:
    check_exact([{"f": value} for value in (math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, 1)])


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    stamp = STAMP.replace(tzinfo=timezone(timedelta(hours=-7)))
    schema = infer_schema([stamp])
    assert schema.decode(schema.encode(stamp)) == stamp


class Colour(IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


MANY: list[object] = [[0]]
for _ in range(99):
    MANY = [MANY]

REFUSED: list[tuple[object, str, str]] = [
    (2**63, "", "64 bits"),
    (-(2**63) - 1, "", "64 bits"),
    ((1, 2), "", "no type for tuple"),
    ({1}, "", "no type for set"),
    (1j, "", "no type for complex"),
    (timedelta(1), "", "no type for datetime.timedelta"),
    (bytearray(b"a"), "", "no type for bytearray"),
    (OrderedDict(a=1), "", "no type for collections.OrderedDict"),
    (Colour.RED, "", f"no type for {__name__}.Colour"),
    (Text("a"), "", f"no type for {__name__}.Text"),
    ("\ud800", "", "surrogate"),
    ({"\ud800": 1}, "", "no key"),
    ({1: 2}, "", "no key"),
    ({None: 2}, "", "no key"),
    (Decimal("NaN"), "", "finite"),
    (Decimal("-Infinity"), "", "finite"),
    *([(Decimal("1E+3000000000"), "", "32 bits")] if MAX_EMAX > 3_000_000_000 else []),  # 32-bit Pythons have no such Decimal
    (Decimal("1" * (DECIMAL_DIGITS + 1)), "", "digits"),
    (time(1, tzinfo=UTC), "", "time zone"),
    (EARLIEST.replace(tzinfo=timezone(timedelta(hours=1))), "", "UTC"),
    ([1, STAMP], "[1]", "cannot share a place"),
    ([STAMP, STAMP_UTC], "[1]", "cannot share a place"),
    ({"a": ["x", UUID(int=1)]}, "a[1]", "cannot share a place"),
    ({"a": {"b c": [0, {"d": 2**64}]}}, 'a["b c"][1].d', "bits"),
    (MANY, "[0]" * DEFAULT_LIMITS.datum_depth, "nested more than 100 deep"),
]


@pytest.mark.parametrize(("value", "path", "message"), REFUSED)
def test_what_has_no_exact_type(value: object, path: str, message: str) -> None:
    with pytest.raises(DatumError) as caught:
        infer_schema(["a record before", value])
    assert message in caught.value.message
    assert (caught.value.path, caught.value.record) == (path, 1)


def test_data_that_holds_itself() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(DatumError, match="nested more than 100 deep"):
        infer_schema([endless])


def test_a_long_list_of_what_takes_no_byte() -> None:
    check_exact([[None] * (DEFAULT_LIMITS.zero_byte_items + 1)])


def test_no_records() -> None:
    with pytest.raises(DatumError, match="no records"):
        infer_schema([])


def test_the_name_is_checked() -> None:
    assert infer_schema([{"a": 1}], name="n.Hit").canonical_form.startswith('{"name":"n.Hit"')
    with pytest.raises(SchemaError):
        infer_schema([{"a": 1}], name="not a name")


def test_records_come_from_any_iterator() -> None:
    assert infer_schema(iter([{"a": 1}])) == infer_schema([{"a": 1}])


def test_names_of_records_do_not_clash() -> None:
    check_exact([{"a_b": {"c": 1}, "a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1}, "b_2": {"x": {"y": 1}}}}])


def test_long_names_of_fields() -> None:
    check_exact([{"f" * 1000: {"g" * 1000: {"h": 1}}}, {"f" * 1024: 1}, {"f" * 1025: 1}])


def test_too_many_sets_of_keys_become_a_map() -> None:
    few: list[object] = [{f"k{index}": index} for index in range(RECORD_TYPES)]
    assert len(infer(few, "R")) == RECORD_TYPES  # type: ignore[arg-type]
    check_exact(few)
    many: list[object] = [*few, {"another": "a"}, {"k0": None}, {}, {"not a name": 1.5}]
    assert infer(many, "R") == mapping(["null", "long", "double", "string"])
    check_exact(many)


def test_what_records_held_is_kept_when_they_become_maps() -> None:
    inside: list[object] = [1, [2.5], {"x": 1}, {"x y": None}, Decimal("1.5"), {f"n{index}": 1 for index in range(3)}]
    many: list[object] = [{f"k{index}": inside[index % len(inside)]} for index in range(RECORD_TYPES + 8)]
    check_exact(many)
    nested: list[object] = [{f"k{outer}": {f"i{outer}_{index}": 1 for index in range(2)}} for outer in range(RECORD_TYPES + 8)]
    check_exact(nested)
    check_exact([{"k": nested[index % len(nested)], f"k{index}": nested} for index in range(RECORD_TYPES + 8)])


SIMPLE = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=20)
    | st.dates()
)
KEYS = st.sampled_from(["a", "b", "id", "class"]) | st.text(max_size=3)
VALUES = st.recursive(SIMPLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=10)
TYPED = st.fixed_dictionaries(
    {"decimal": st.decimals(allow_nan=False, allow_infinity=False), "uuid": st.uuids()},
    optional={
        "naive": st.datetimes(),
        "aware": st.datetimes(timezones=st.just(UTC)),
        "time": st.times(),
        "dates": st.lists(st.dates() | st.none(), max_size=3),
        "any": VALUES,
    },
)


@given(st.lists(VALUES, min_size=1, max_size=8) | st.lists(TYPED, min_size=1, max_size=8))
def test_what_was_inferred_decodes_to_what_was_given(records: list[object]) -> None:
    check_exact(records)


@given(st.lists(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), SIMPLE, max_size=3), min_size=30, max_size=40))
def test_many_sets_of_keys(records: list[object]) -> None:
    check_exact(records)
