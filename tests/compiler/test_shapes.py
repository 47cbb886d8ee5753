"""Schemas of unusual shape and size, and the values at which one path of the generated code ends and another begins."""

import math
import struct
from decimal import Decimal
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Decoder, Encoder, Skipper
from avro_ocf.compiler.codec import BY_REFERENCE
from avro_ocf.compiler.varints import TABLE_HIGH, TABLE_LOW
from avro_ocf.errors import DatumError, FormatError, LimitError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.measure import is_charged
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

LINKED = {"type": "record", "name": "Link", "fields": [{"name": "next", "type": ["null", "Link"]}]}


def node_of(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def round_trip(schema: object, *datums: Any, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that the generated code itself, never the reference, takes each datum there and back."""
    node = node_of(schema)
    encoder, decoder, skipper = Encoder(node, limits), Decoder(identity(node), limits, is_charged=False), Skipper(node, limits)
    assert BY_REFERENCE not in (encoder.source, decoder.source, skipper.source)
    for datum in datums:
        expected = reference.encode(node, datum, limits)
        texts: list[str] = []
        values: list[Any] = []
        assert encoder._encode_many is not None
        assert decoder._decode_many is not None
        assert skipper._skip is not None
        encoder._encode_many([datum], texts, 1, _refuse)
        assert texts == [expected.decode("latin-1")]
        assert decoder._decode_many(expected, 0, 1, values, _refuse) == len(expected)
        assert repr(values) == repr([datum])
        assert skipper._skip(expected, 0, _refuse) == len(expected)


def _refuse(*_: object) -> Any:
    raise AssertionError("left to the reference")


def record_of(*types: object) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": [{"name": f"f{index}", "type": each} for index, each in enumerate(types)]}


@pytest.mark.parametrize(
    ("schema", "datums"),
    [
        (
            "int",
            [0, 1, -1, 63, 64, -64, -65, 8191, 8192, TABLE_HIGH - 1, TABLE_HIGH, TABLE_LOW, TABLE_LOW - 1, 2**31 - 1, -(2**31)],
        ),
        ("long", [*(sign << shift for shift in range(63) for sign in (1, -1)), 2**63 - 1, -(2**63)]),
        (
            "string",
            ["", "a" * 63, "a" * 64, "a" * (TABLE_HIGH - 1), "a" * TABLE_HIGH, "é", "ÿ" * 31, "€" * 3000, "\U0001f600", "\0"],
        ),
        ("bytes", [b"", bytes(range(256)), b"a" * TABLE_HIGH]),
        ("boolean", [True, False]),
        ("double", [0.0, -0.0, 1.5, math.inf, 5e-324]),
        ("float", [0.0, -0.0, 1.5, -math.inf]),
        (["null", "int"], [None, 5, TABLE_HIGH]),
        (["string", "null"], [None, "x", "é"]),
        (["null", "string", "long", "double", "boolean", "bytes"], [None, "x", 5, 1.5, True, b"x"]),
        ({"type": "array", "items": "int"}, [[], [1], [100, -1, 2], [TABLE_HIGH] * 3, list(range(-100, TABLE_HIGH + 5))]),
        ({"type": "array", "items": "boolean"}, [[], [True], [False, True] * 30]),
        ({"type": "array", "items": ["null", "int"]}, [[None, 1, 300, TABLE_HIGH]]),
        ({"type": "array", "items": "string"}, [["a", "é", "a" * TABLE_HIGH]]),
        ({"type": "array", "items": {"type": "array", "items": "double"}}, [[[], [1.5]]]),
        ({"type": "map", "values": "int"}, [{}, {"a": 1, "é": 300}]),
        ({"type": "map", "values": {"type": "map", "values": ["null", "string"]}}, [{"a": {"b": None, "c": "x"}}]),
        ({"type": "enum", "name": "E", "symbols": [f"S{index}" for index in range(200)]}, ["S0", "S63", "S64", "S199"]),
        ({"type": "fixed", "name": "F", "size": 3}, [b"abc", b"\xff\0\x80"]),
        (record_of("null", "int", "null"), [{"f0": None, "f1": 1, "f2": None}]),
    ],
)
def test_the_generated_code_takes_ordinary_values(schema: object, datums: list[object]) -> None:
    round_trip(schema, *datums)


def test_a_thousand_fields() -> None:
    types = ["int", ["null", "string"], {"type": "array", "items": "long"}, "double", "boolean"] * 200
    values = [1, "x", [1, 2], 0.5, True] * 200
    round_trip(record_of(*types), {f"f{index}": value for index, value in enumerate(values)})


@pytest.mark.parametrize("count", [1, 14, 15, 16, 29, 30, 31, 60, 61])
def test_records_on_both_sides_of_what_cpython_builds_at_once(count: int) -> None:
    round_trip(record_of(*["string"] * count), {f"f{index}": str(index) for index in range(count)})


def test_sixty_levels() -> None:
    schema: object = "int"
    datum: object = 5
    for level in range(60):
        kind = ("array", "map", "record", "union")[level % 4]
        if kind == "array":
            schema, datum = {"type": "array", "items": schema}, [datum, datum] if level < 8 else [datum]
        elif kind == "map":
            schema, datum = {"type": "map", "values": schema}, {"k": datum}
        elif kind == "record":
            schema = {"type": "record", "name": f"R{level}", "fields": [{"name": "f", "type": schema}]}
            datum = {"f": datum}
        else:
            schema = ["null", "string", schema]
    round_trip(schema, datum)


def test_a_chain_of_types_used_twice_stays_small() -> None:
    schema: object = "int"
    for level in range(40):
        fields = [{"name": "a", "type": ["null", schema]}, {"name": "b", "type": ["null", f"R{level - 1}" if level else "int"]}]
        schema = {"type": "record", "name": f"R{level}", "fields": fields}
    node = node_of(schema)
    assert len(Encoder(node, DEFAULT_LIMITS).source) < 50_000
    assert len(Decoder(identity(node), DEFAULT_LIMITS, is_charged=False).source) < 50_000
    assert len(Skipper(node, DEFAULT_LIMITS).source) < 50_000


def test_a_union_of_many_records() -> None:
    branches = [{"type": "record", "name": f"R{index}", "fields": [{"name": f"f{index}", "type": "int"}]} for index in range(500)]
    round_trip(branches, {"f0": 1}, {"f77": 2}, {"f499": 3})


@pytest.mark.parametrize("depth", [1, 7, 8, 99, 100])
def test_a_recursive_datum_as_deep_as_allowed(depth: int) -> None:
    datum: dict[str, Any] = {"next": None}
    for _ in range(depth - 1):
        datum = {"next": datum}
    round_trip(LINKED, datum, limits=Limits(datum_depth=100))
    round_trip(LINKED, datum, limits=Limits(datum_depth=depth))


@pytest.mark.parametrize("limit", [1, 5, 100, pytest.param(5000, marks=pytest.mark.host)])
def test_a_recursive_datum_one_level_too_deep(limit: int) -> None:
    node, limits = node_of(LINKED), Limits(datum_depth=limit)
    data = b"\x02" * limit + b"\0"
    with pytest.raises(LimitError):
        Decoder(identity(node), limits, is_charged=False).decode(data)
    with pytest.raises(LimitError):
        Skipper(node, limits).skip(data)
    datum: dict[str, Any] = {"next": None}
    for _ in range(limit):
        datum = {"next": datum}
    with pytest.raises(DatumError):
        Encoder(node, limits).encode(datum)


def test_a_schema_deeper_than_a_datum_may_be_is_left_to_the_reference() -> None:
    node, limits = node_of({"type": "array", "items": ["null", {"type": "array", "items": "int"}]}), Limits(datum_depth=1)
    assert Encoder(node, limits).source == BY_REFERENCE
    assert Encoder(node, limits).encode([None]) == b"\x02\0\0"
    with pytest.raises(DatumError):
        Encoder(node, limits).encode([[1]])


@pytest.mark.parametrize(("encoded", "value"), [(b"\x80\0", 0), (b"\x82\x80\0", 1), (b"\x82" + b"\x80" * 8 + b"\0", 1)])
def test_numbers_in_more_bytes_than_they_need(encoded: bytes, value: int) -> None:
    for schema in ("int", "long"):
        node = node_of(schema)
        assert Decoder(identity(node), DEFAULT_LIMITS, is_charged=False).decode(encoded) == (value, len(encoded))
        assert Skipper(node, DEFAULT_LIMITS).skip(encoded) == len(encoded)


def test_blocks_with_sizes_and_several_blocks() -> None:
    node = node_of({"type": "array", "items": "int"})
    decoder, skipper = Decoder(identity(node), DEFAULT_LIMITS, is_charged=False), Skipper(node, DEFAULT_LIMITS)
    for encoded in (b"\x04\x02\x04\x02\x06\0", b"\x03\x04\x02\x04\x02\x06\0"):
        assert decoder.decode(encoded) == ([1, 2, 3], len(encoded))
        assert skipper.skip(encoded) == len(encoded)
    with pytest.raises(FormatError):
        decoder.decode(b"\x03\x06\x02\x04\0")


def test_a_huge_count_costs_nothing() -> None:
    for items in ("int", "boolean", "string", ["null", "int"], record_of("int")):
        node = node_of({"type": "array", "items": items})
        decoder = Decoder(identity(node), DEFAULT_LIMITS, is_charged=False)
        for count in (2**40, 2**62):
            data = _long(count) + b"\0\0"
            with pytest.raises(TruncatedError):
                decoder.decode(data)
            with pytest.raises(TruncatedError):
                Skipper(node, DEFAULT_LIMITS).skip(data)


def _long(value: int) -> bytes:
    return reference.encode(node_of("long"), value, DEFAULT_LIMITS)


def test_values_that_the_reference_takes_do_not_stop_the_batch() -> None:
    class Text(str):
        __slots__ = ()

    node = node_of(record_of("string", "double"))
    records = [{"f0": "a", "f1": 1}, {"f0": Text("b"), "f1": 2.0}, {"f0": "c", "f1": 3.0}]
    out = bytearray()
    assert Encoder(node, DEFAULT_LIMITS).append_until(iter(records), out, 1000) == 3
    values, _ = Decoder(identity(node), DEFAULT_LIMITS, is_charged=False).decode_many(bytes(out), 0, 3)
    assert values == records
    assert out[2:10] == struct.pack("<d", 1)


class Ambiguous:
    """Fails when it is compared, as an array of several numbers may."""

    def __lt__(self, _: object) -> bool:
        raise RuntimeError("ambiguous")


@pytest.mark.parametrize("schema", ["int", "long", ["null", "long"], {"type": "array", "items": "int"}])
@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), Ambiguous()])
def test_a_value_that_cannot_be_compared_is_refused(schema: object, value: object) -> None:
    encoder = Encoder(node_of(schema), DEFAULT_LIMITS)
    with pytest.raises(DatumError, match="expected an int, not a"):
        encoder.encode([value] if isinstance(schema, dict) else value)


def test_append_until_stops_at_the_size_and_leaves_the_rest() -> None:
    encoder, out = Encoder(node_of("string"), DEFAULT_LIMITS), bytearray(b"__")
    records = iter(["abc"] * 5)
    assert encoder.append_until(records, out, 10) == 2
    assert bytes(out) == b"__\x06abc\x06abc"
    assert encoder.append_until(records, out, 10) == 0
    assert encoder.append_until(records, out, 100) == 3


def test_an_error_of_the_records_themselves_keeps_those_before_it() -> None:
    def broken() -> Any:
        yield "a"
        raise KeyError("mine")

    out = bytearray()
    with pytest.raises(KeyError, match="mine"):
        Encoder(node_of("string"), DEFAULT_LIMITS).append_until(broken(), out, 100)
    assert bytes(out) == b"\x02a"


def test_append_leaves_out_as_it_was_when_it_fails() -> None:
    encoder, out = Encoder(node_of(record_of("int", "int")), DEFAULT_LIMITS), bytearray(b"x")
    assert encoder.append({"f0": 1, "f1": 2}, out) == 0
    with pytest.raises(DatumError) as caught:
        encoder.append({"f0": 1, "f1": "2"}, out)
    assert (bytes(out), caught.value.path, caught.value.record) == (b"x\x02\x04", "f1", None)


def test_zero_byte_values_are_counted_by_the_reference() -> None:
    node, limits = node_of({"type": "array", "items": "null"}), Limits(zero_byte_items=5)
    assert is_charged(node)
    encoder, decoder = Encoder(node, limits), Decoder(identity(node), limits, is_charged=True)
    assert encoder.is_charged
    assert encoder.source == decoder.source == Skipper(node, limits).source == BY_REFERENCE
    out = bytearray()
    assert encoder.append([None] * 3, out) == 3
    assert decoder.decode_many(bytes(out) + b"\x04\0", 0, 2) == ([[None] * 3, [None] * 2], 4)
    with pytest.raises(LimitError) as caught:
        decoder.decode_many(bytes(out) * 2, 0, 2)
    assert caught.value.record == 1
    assert encoder.append_until(iter([[None] * 3, [None] * 2]), bytearray(), 100) == 2
    with pytest.raises(DatumError) as refused:
        encoder.append_until(iter([[None] * 3, [None] * 3]), bytearray(), 100)
    assert refused.value.record == 1


def test_defaults_of_the_reader_are_fresh_each_time() -> None:
    writer = node_of(record_of("int"))
    fields = [
        {"name": "f0", "type": "int"},
        {"name": "m", "type": {"type": "map", "values": {"type": "array", "items": "int"}}, "default": {"k": [1]}},
        {"name": "e", "type": {"type": "array", "items": "int"}, "default": []},
    ]
    reader = node_of({"type": "record", "name": "R", "fields": fields})
    values, _ = Decoder(resolve(writer, reader), DEFAULT_LIMITS, is_charged=False).decode_many(b"\x02\x04", 0, 2)
    values[0]["m"]["k"].append(2)
    values[0]["e"].append(3)
    assert values == [{"f0": 1, "m": {"k": [1, 2]}, "e": [3]}, {"f0": 2, "m": {"k": [1]}, "e": []}]


def test_lists_of_booleans_are_fresh_each_time() -> None:
    node = node_of({"type": "array", "items": "boolean"})
    values, _ = Decoder(identity(node), DEFAULT_LIMITS, is_charged=False).decode_many(b"\x04\0\x01\0" * 2, 0, 2)
    values[0].append(None)
    assert values[1] == [False, True]
