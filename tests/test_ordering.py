"""The order of encoded data."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf.errors import AvroError, FormatError, LimitError, SchemaError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.ordering import compare
from avro_ocf.reference import encode
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node
from tests.damage import damaged

NAN = float("nan")


def parsed(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def compared(schema: object, first: object, second: object) -> int:
    node = parsed(schema)
    return compare(node, encode(node, first, DEFAULT_LIMITS), encode(node, second, DEFAULT_LIMITS), DEFAULT_LIMITS)


def record(*fields: tuple[str, object, str]) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": kind, "order": order} for name, kind, order in fields]}


MAP = {"type": "map", "values": "int"}
TWO = record(("a", "int", "ascending"), ("b", "int", "descending"))
LIST = {"type": "record", "name": "L", "fields": [{"name": "v", "type": "int"}, {"name": "n", "type": ["null", "L"]}]}


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ("boolean", [False, True]),
        ("int", [-(2**31), -1, 0, 1, 64, 2**31 - 1]),
        ("long", [-(2**63), -1, 0, 1, 2**31, 2**63 - 1]),
        ("float", [-math.inf, -1.5, -0.0, 0.0, 2.0**-149, 1.5, math.inf, NAN]),
        ("double", [-math.inf, -1e308, -5e-324, -0.0, 0.0, 5e-324, 2.0, math.inf, NAN]),
        ("bytes", [b"", b"\0", b"a", b"a\0", b"ab", b"b", b"\x7f", b"\x80", b"\xff"]),
        ("string", ["", "Z", "a", "aa", "b", "é", "\uffff", "\U0001f6a2"]),
        ({"type": "fixed", "name": "F", "size": 2}, [b"\0\0", b"\0\xff", b"\x80\0"]),
        ({"type": "enum", "name": "E", "symbols": ["Z", "A", "M"]}, ["Z", "A", "M"]),
        ({"type": "array", "items": "int"}, [[], [-1], [-1, 0], [1], [1, 1], [2]]),
        (["string", "int", "null"], ["a", "b", -5, 3, None]),
        (TWO, [{"a": 1, "b": 2}, {"a": 1, "b": 1}, {"a": 2, "b": 9}, {"a": 2, "b": -9}]),
        (LIST, [{"v": 1, "n": None}, {"v": 1, "n": {"v": 0, "n": None}}, {"v": 1, "n": {"v": 1, "n": None}}, {"v": 2, "n": None}]),
    ],
)
def test_data_are_in_order(schema: object, data: list[object]) -> None:
    for datum in data:
        assert compared(schema, datum, datum) == 0
    for first, second in pairwise(data):
        assert compared(schema, first, second) == -1
        assert compared(schema, second, first) == 1
    assert compared(schema, data[0], data[-1]) == -1


def test_ignored_fields_do_not_count() -> None:
    schema = record(("m", MAP, "ignore"), ("s", "string", "ignore"), ("a", "int", "ascending"))
    assert compared(schema, {"m": {"x": 1}, "s": "abc", "a": 1}, {"m": {}, "s": "", "a": 1}) == 0
    assert compared(schema, {"m": {"x": 1}, "s": "abc", "a": 1}, {"m": {}, "s": "", "a": 2}) == -1


def test_null_is_null() -> None:
    assert compared("null", None, None) == 0


def test_blocks_of_arrays_do_not_count() -> None:
    node = parsed({"type": "array", "items": "int"})
    one_block, two_blocks = b"\x04\x02\x04\x00", b"\x02\x02\x01\x02\x04\x00"
    assert compare(node, one_block, two_blocks, DEFAULT_LIMITS) == 0
    assert compare(node, two_blocks, b"\x06\x02\x04\x00\x00", DEFAULT_LIMITS) == -1


def test_nans_are_equal_whatever_their_bits() -> None:
    assert compare(parsed("float"), b"\x00\x00\xc0\x7f", b"\x01\x00\xc0\xff", DEFAULT_LIMITS) == 0


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (MAP, ""),
        (record(("a", "int", "ascending"), ("m", {"type": "array", "items": MAP}, "descending")), "m[]"),
        (["null", MAP], ""),
    ],
)
def test_maps_have_no_order(schema: object, path: str) -> None:
    with pytest.raises(SchemaError, match="maps have no order") as caught:
        compare(parsed(schema), b"", b"", DEFAULT_LIMITS)
    assert caught.value.path == path


def test_bytes_that_are_not_one_datum_are_refused() -> None:
    with pytest.raises(FormatError, match="1 bytes after the datum") as caught:
        compare(parsed("int"), b"\x02", b"\x02\x02", DEFAULT_LIMITS)
    assert caught.value.offset == 1
    with pytest.raises(TruncatedError):
        compare(parsed("int"), b"\x80", b"\x02", DEFAULT_LIMITS)
    with pytest.raises(FormatError):
        compare(parsed("boolean"), b"\x02", b"\x01", DEFAULT_LIMITS)


@pytest.mark.parametrize("depth", [3, 4])
def test_depth_is_limited(depth: int) -> None:
    data = b"\x02\x02" * (depth - 1) + b"\x02\x00"
    limits = Limits(datum_depth=3)
    if depth == 3:
        assert compare(parsed(LIST), data, data, limits) == 0
    else:
        with pytest.raises(LimitError):
            compare(parsed(LIST), data, data, limits)


def has_map(schema: object) -> bool:
    if isinstance(schema, dict):
        return schema.get("type") == "map" or any(map(has_map, schema.values()))
    return any(map(has_map, schema)) if isinstance(schema, list) else False


@given(st.data())
def test_the_order_is_total(data: st.DataObject) -> None:
    schema = data.draw(schemas(recursive=False))
    assume(not has_map(schema))
    node = parsed(schema)
    first, second, third = (encode(node, data.draw(from_schema(node)), DEFAULT_LIMITS) for _ in range(3))

    def order(one: bytes, other: bytes) -> int:
        return compare(node, one, other, DEFAULT_LIMITS)

    assert order(first, first) == 0
    assert order(first, second) == -order(second, first)
    if order(first, second) <= 0 and order(second, third) <= 0:
        assert order(first, third) <= 0
    if order(first, second) == 0:
        assert order(first, third) == order(second, third)


@given(st.data())
def test_damaged_bytes_are_compared_or_refused(data: st.DataObject) -> None:
    node = parsed(data.draw(schemas()))
    sound = encode(node, data.draw(from_schema(node)), DEFAULT_LIMITS)
    broken = data.draw(damaged(sound))
    try:
        order = compare(node, sound, broken, DEFAULT_LIMITS)
    except AvroError:
        return
    assert order == -compare(node, broken, sound, DEFAULT_LIMITS)
