"""Neighbouring floats and doubles, and arrays of them, packed at once: the reference's bytes and verdicts."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import DatumError, parse_schema, reference
from avro_ocf.compiler import Decoder, Encoder
from avro_ocf.floats import nearest_float
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.resolve import resolve
from tests.compiler.test_agreement import agree, node_of

SINGLES = st.floats(width=32)
TYPES = st.sampled_from(["float", "double", "int", ["null", "double"], ["float", "null"]])
ODD = st.sampled_from([True, None, "1", 2**63, 10**400, 1e300, -0.0, float("nan"), [1.0]])
NEAR = [sign * (edge + step) for edge in (2**24, 2**53, 2**63, 2**127) for step in (-1, 0, 1, 2, 2**40) for sign in (1, -1)]
INTS = st.integers(-5, 5) | st.sampled_from(NEAR) | st.integers(-(2**70), 2**70)
"""Among them those of which the next one is no float, or no double."""


def record_of(types: list[Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]}


def agrees(schema: object, datum: object) -> None:
    node = node_of(schema)
    agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(datum), lambda: reference.encode(node, datum, DEFAULT_LIMITS))


@given(
    st.lists(st.sampled_from(["float", "double", "int", ["null", "double"], ["float", "null"]]), min_size=1, max_size=8), st.data()
)
def test_records(types: list[Any], data: st.DataObject) -> None:
    values = data.draw(st.lists(SINGLES | INTS | st.just(1) | ODD, min_size=len(types), max_size=len(types)))
    usual = [1 if type_ == "int" else value for type_, value in zip(types, values, strict=True)]
    for each in (values, usual):
        agrees(record_of(types), {f"f{index}": value for index, value in enumerate(each)})


@given(st.sampled_from(["float", "double"]), st.lists(SINGLES | INTS, max_size=140), st.none() | ODD)
def test_arrays_and_maps(name: str, values: list[Any], odd: object) -> None:
    if odd is not None:
        values = [*values, odd]
    agrees({"type": "array", "items": name}, values)
    agrees({"type": "map", "values": name}, {str(index): value for index, value in enumerate(values)})


@pytest.mark.parametrize("name", ["float", "double"])
@given(value=INTS, others=st.lists(st.floats(allow_nan=False, width=32) | st.integers(-5, 5), max_size=70))
def test_an_int_is_written_exactly_or_not_at_all(name: str, value: int, others: list[float]) -> None:
    is_held = as_float(name, value) == value
    schemas: list[tuple[Any, Any]] = [(name, value), (["null", name], value), (["string", name], value)]
    schemas += [(record_of([name]), {"f0": value})]
    schemas += [(record_of(["double", name, "double"]), {"f0": 0.5, "f1": value, "f2": 1})]
    schemas += [({"type": "array", "items": name}, [*others, value]), ({"type": "map", "values": name}, {"k": value})]
    for schema, datum in schemas:
        encoder = Encoder(node_of(schema), DEFAULT_LIMITS)
        if is_held:
            assert parse_schema(schema).decode(encoder.encode(datum)) == datum
        else:
            with pytest.raises(DatumError, match=f"no {name} is|too large|fits no branch"):
                encoder.encode(datum)
        agrees(schema, datum)


def as_float(name: str, value: int) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0]) if name == "float" else float(value)
    except OverflowError:
        return math.inf


@given(st.integers(-(2**63), 2**63 - 1) | st.sampled_from([number for number in NEAR if abs(number) < 2**63]))
def test_an_int_read_as_a_float_is_the_nearest_of_32_bits(value: int) -> None:
    plan = resolve(node_of("long"), node_of("float"))
    data = reference.encode(node_of("long"), value, DEFAULT_LIMITS)
    found, _ = reference.decode(plan, data, 0, DEFAULT_LIMITS)
    assert isinstance(found, float)
    assert struct.unpack("<f", struct.pack("<f", found))[0] == found
    (bits,) = struct.unpack("<i", struct.pack("<f", abs(found)))
    lower, upper = (int(struct.unpack("<f", struct.pack("<i", max(bits + step, 0)))[0]) for step in (-1, 1))
    assert abs(int(found) - value) <= min(abs(lower - abs(value)), abs(upper - abs(value)))
    for decoder in (Decoder(plan, DEFAULT_LIMITS, False), Decoder(plan, DEFAULT_LIMITS, True)):
        assert decoder.decode(data + bytes(200)) == (found, len(data))


def test_a_halfway_case_is_not_rounded_twice() -> None:
    assert nearest_float(2**53 + 2**29 + 1) == 2**53 + 2**30
    assert nearest_float(2**24 + 1) == 2**24
    assert nearest_float(2**24 + 3) == 2**24 + 4


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [True, 1, 2**80, "1", None])
def test_one_of_neighbours_is_another_value(place: int, value: object) -> None:
    for kinds in (["double"] * 5, ["double", "float", "double", "float", "double"]):
        datum: dict[str, Any] = {f"f{index}": index / 2 for index in range(5)}
        agrees(record_of(kinds), datum | {f"f{place}": value})


def test_a_field_with_a_default_stands_alone() -> None:
    schema = record_of(["double", "double", "double"])
    schema["fields"][1]["default"] = 2.5
    for datum in ({"f0": 1.0, "f2": 3.0}, {"f0": 1.0, "f1": 2.0, "f2": 3.0}, {"f1": 2.0, "f2": 3.0}):
        agrees(schema, datum)


@pytest.mark.parametrize("count", [63, 64, 65, 5000])
def test_long_arrays(count: int) -> None:
    agrees({"type": "array", "items": "double"}, [0.5] * count)
