"""Fields and arrays that become parts of a record's one f-string: the reference's bytes and verdicts, and what the source says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Encoder
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.parse import parse_node
from tests.compiler.test_agreement import agree, node_of

ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
SCALARS: dict[str, Any] = {
    "int": "int",
    "long": "long",
    "boolean": "boolean",
    "double": "double",
    "nullable": ["null", "int"],
    "last_null": ["boolean", "null"],
    "enum": ENUM,
    "day": {"type": "int", "logicalType": "date"},
}
ARRAYS = {
    f"{name}s": {"type": "array", "items": "E" if name == "enum" else type_} for name, type_ in SCALARS.items() if name != "day"
}
NESTED = {"deep": {"type": "array", "items": {"type": "array", "items": "int"}}, "texts": {"type": "array", "items": "string"}}
ALL: dict[str, Any] = {**SCALARS, **ARRAYS, **NESTED}
RECORD = {"type": "record", "name": "R", "fields": [{"name": name, "type": type_} for name, type_ in ALL.items()]}
USUAL: dict[str, Any] = {
    "int": -1,
    "long": 2**40,
    "boolean": True,
    "double": 0.5,
    "nullable": None,
    "last_null": False,
    "enum": "B",
    "day": 20_000,
    "ints": [1, 300],
    "longs": [],
    "booleans": [True, False],
    "doubles": [1.0, 2],
    "nullables": [None, 5],
    "last_nulls": [None],
    "enums": ["A"],
    "deep": [[1], [], [2, 3]],
    "texts": ["a", "あ", ""],
}
LISTS: list[Any] = [[], [None], [True], [1], [1.5], ["A"], [[]], [[1], None]]
ODD = st.sampled_from([None, True, 1, 2**31, 2**63, 1.5, "A", "C", b"A", (), (1,), {}, *LISTS])
COUNTS = (8191, 8192, 8193)


def test_the_usual_record() -> None:
    assert Encoder(node_of(RECORD), DEFAULT_LIMITS).encode(USUAL) == reference.encode(node_of(RECORD), USUAL, DEFAULT_LIMITS)


@given(st.sampled_from(sorted(ALL)), ODD)
def test_one_value_of_another_type(name: str, value: object) -> None:
    node = node_of(RECORD)
    datum = {**USUAL, name: value}
    agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))


@pytest.mark.parametrize("name", ALL)
def test_a_field_less_or_more(name: str) -> None:
    node = node_of(RECORD)
    less = {key: value for key, value in USUAL.items() if key != name}
    for datum in (less, {**USUAL, "more": 1}, {**less, "more": 1}):
        agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))  # noqa: B023 - called here


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", ["ints", "doubles", "booleans", "deep", "texts"])
def test_long_arrays(count: int, name: str) -> None:
    item = USUAL[name][0]
    for schema, datum in ((ALL[name], [item] * count), (["null", ALL[name]], [item] * count)):
        node = node_of(schema)
        assert Encoder(node, DEFAULT_LIMITS).encode(datum) == reference.encode(node, datum, DEFAULT_LIMITS)


@pytest.mark.parametrize("name", ["field", "value", "record", "class", 'a"b', "a'b", "a\\b", "a{b}", "é", "a b", "#"])
def test_any_name_of_a_field(name: str) -> None:
    fields = [{"name": name, "type": "int"}, {"name": "other", "type": {"type": "array", "items": "long"}}]
    node = parse_node({"type": "record", "name": "R", "fields": fields}, strict=False, logical_types=True, limits=DEFAULT_LIMITS)
    for datum in ({name: 5, "other": [1]}, {name: "5", "other": [1]}, {"other": [1]}):
        agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))  # noqa: B023 - called here


def test_records_in_arrays_and_of_more_parts_than_an_f_string_takes() -> None:
    many = {"type": "record", "name": "Many", "fields": [{"name": f"f{index}", "type": ["null", "long"]} for index in range(100)]}
    node = node_of({"type": "array", "items": many})
    datum = [{f"f{index}": None if index % 3 else index**7 for index in range(100)} for _ in range(3)]
    assert Encoder(node, DEFAULT_LIMITS).encode(datum) == reference.encode(node, datum, DEFAULT_LIMITS)
