"""Neighbouring floats and doubles, and arrays of them, packed at once: the reference's bytes and verdicts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Encoder
from avro_ocf.limits import DEFAULT_LIMITS
from tests.compiler.test_agreement import agree, node_of

SINGLES = st.floats(width=32)
TYPES = st.sampled_from(["float", "double", "int", ["null", "double"], ["float", "null"]])
ODD = st.sampled_from([True, None, "1", 2**63, 10**400, 1e300, -0.0, float("nan"), [1.0]])


def record_of(types: list[Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]}


def agrees(schema: object, datum: object) -> None:
    node = node_of(schema)
    agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))


@given(
    st.lists(st.sampled_from(["float", "double", "int", ["null", "double"], ["float", "null"]]), min_size=1, max_size=8), st.data()
)
def test_records(types: list[Any], data: st.DataObject) -> None:
    values = data.draw(st.lists(SINGLES | st.integers(-5, 5) | st.just(1) | ODD, min_size=len(types), max_size=len(types)))
    usual = [1 if type_ == "int" else value for type_, value in zip(types, values, strict=True)]
    for each in (values, usual):
        agrees(record_of(types), {f"f{index}": value for index, value in enumerate(each)})


@given(st.sampled_from(["float", "double"]), st.lists(SINGLES | st.integers(-5, 5), max_size=140), st.none() | ODD)
def test_arrays_and_maps(name: str, values: list[Any], odd: object) -> None:
    if odd is not None:
        values = [*values, odd]
    agrees({"type": "array", "items": name}, values)
    agrees({"type": "map", "values": name}, {str(index): value for index, value in enumerate(values)})


def test_what_is_packed_at_once() -> None:
    source = Encoder(node_of(record_of(["double", "float", "double", "int", "double"])), DEFAULT_LIMITS).source
    assert source.count(".decode('latin-1')") == 2
    assert "_pack0(value2, value3, value4)" in source
    assert "_numbers" in Encoder(node_of({"type": "array", "items": "double"}), DEFAULT_LIMITS).source


def test_a_field_with_a_default_stands_alone() -> None:
    schema = record_of(["double", "double", "double"])
    schema["fields"][1]["default"] = 2.5
    for datum in ({"f0": 1.0, "f2": 3.0}, {"f0": 1.0, "f1": 2.0, "f2": 3.0}, {"f1": 2.0, "f2": 3.0}):
        agrees(schema, datum)


@pytest.mark.parametrize("count", [63, 64, 65, 5000])
def test_long_arrays(count: int) -> None:
    agrees({"type": "array", "items": "double"}, [0.5] * count)
