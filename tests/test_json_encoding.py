"""The JSON encoding."""

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from avro_ocf.errors import DatumError
from avro_ocf.json_encoding import decode_json, encode_json, from_json_value, to_json_value
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node


def parsed(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def record(name: str, **fields: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


DEFAULTED = {
    "type": "record",
    "name": "D",
    "fields": [{"name": "a", "type": ["int", "null"], "default": 3}, {"name": "b", "type": "bytes"}],
}
LIST = record("L", next=["null", "L"])


@pytest.mark.parametrize(
    ("schema", "datum", "text"),
    [
        ("null", None, "null"),
        ("boolean", True, "true"),
        ("int", -5, "-5"),
        ("long", 2**63 - 1, "9223372036854775807"),
        ("double", 1.5, "1.5"),
        ("double", -0.0, "-0.0"),
        ("double", math.inf, '"Infinity"'),
        ("float", -math.inf, '"-Infinity"'),
        ("float", math.nan, '"NaN"'),
        ("float", 2.0, "2.0"),
        ("bytes", b"a\x00\xff", '"a\\u0000\\u00ff"'),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x80a", '"\\u0080a"'),
        ("string", 'é"', '"\\u00e9\\""'),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", '"B"'),
        ({"type": "array", "items": "int"}, [1, 2], "[1,2]"),
        ({"type": "array", "items": "int"}, [], "[]"),
        ({"type": "map", "values": "bytes"}, {"k": b"\xe9"}, '{"k":"\\u00e9"}'),
        (["null", "string"], None, "null"),
        (["null", "string"], "a", '{"string":"a"}'),
        (["int", "double"], 1.0, '{"double":1.0}'),
        (record("ns.R", a="int", b=["null", record("S", c="string")]), {"a": 1, "b": {"c": "x"}}, '{"a":1,"b":{"ns.S":{"c":"x"}}}'),
        (LIST, {"next": {"next": None}}, '{"next":{"L":{"next":null}}}'),
        ({"type": "int", "logicalType": "date"}, dt.date(1970, 1, 3), "2"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal("1.50"), '"\\u0000\\u0096"'),
        (["null", {"type": "long", "logicalType": "timestamp-millis"}], dt.datetime(1970, 1, 1, tzinfo=dt.UTC), '{"long":0}'),
    ],
)
def test_text_and_datum_stand_for_one_another(schema: object, datum: object, text: str) -> None:
    node = parsed(schema)
    assert encode_json(node, datum, DEFAULT_LIMITS) == text
    assert same(decode_json(node, text, DEFAULT_LIMITS), datum)


@pytest.mark.parametrize(
    ("schema", "text", "datum"),
    [
        ("double", "1", 1.0),
        ("double", "NaN", math.nan),
        (DEFAULTED, '{"b":""}', {"a": 3, "b": b""}),
        (DEFAULTED, '{"b":"x","a":null}', {"a": None, "b": b"x"}),
        ("string", ' "\\ud83d\\udea2" ', "\U0001f6a2"),
    ],
)
def test_other_text_is_read_too(schema: object, text: str, datum: object) -> None:
    assert same(decode_json(parsed(schema), text, DEFAULT_LIMITS), datum)


@pytest.mark.parametrize(
    ("schema", "text", "datum"),
    [
        ("double", str(2**53 + 1), 2.0**53),
        ("double", "123456789012345680000", 1.2345678901234568e20),
        ("float", str(2**24 + 1), 2.0**24),
        ("float", str(2**53 + 2**29 + 1), 2.0**53 + 2.0**30),
        (["null", "float"], '{"float":16777219}', 16777220.0),
        ({"type": "array", "items": "double"}, f"[{2**53 + 1}]", [2.0**53]),
    ],
)
def test_a_number_without_a_point_is_rounded_as_one_with_a_point(schema: object, text: str, datum: object) -> None:
    assert same(decode_json(parsed(schema), text, DEFAULT_LIMITS), datum)


def test_missing_fields_are_written_with_their_defaults() -> None:
    assert encode_json(parsed(DEFAULTED), {"b": b""}, DEFAULT_LIMITS) == '{"a":{"int":3},"b":""}'


@pytest.mark.parametrize(
    ("schema", "text", "path"),
    [
        ("int", "", ""),
        ("int", "{", ""),
        ("int", "1 2", ""),
        ("int", "1.0", ""),
        ("int", "2147483648", ""),
        ("int", "true", ""),
        ("int", '"1"', ""),
        ("long", "9" * 20, ""),
        ("long", "9" * 5000, ""),
        ("double", "9" * 400, ""),
        ("double", "1e999", ""),
        ("float", "1e39", ""),
        ("float", "1" + "0" * 39, ""),
        ("double", '"nan"', ""),
        ("boolean", "1", ""),
        ("null", "0", ""),
        ("bytes", '"\\u0100"', ""),
        ("bytes", "[1]", ""),
        ("string", "1", ""),
        ("string", '"\\ud800"', ""),
        ({"type": "fixed", "name": "F", "size": 2}, '"abc"', ""),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, '"B"', ""),
        ({"type": "array", "items": "bytes"}, '["", "\\u0100"]', "[1]"),
        ({"type": "array", "items": "int"}, '{"0":1}', ""),
        ({"type": "map", "values": "int"}, '{"k":1,"l":null}', '["l"]'),
        ({"type": "map", "values": "int"}, '{"k":1,"k":1}', ""),
        (record("R", a=["null", "int"]), '{"a":1}', "a"),
        (record("R", a=["null", "int"]), '{"a":{"long":1}}', "a"),
        (record("R", a=["null", "int"]), '{"a":{"int":1,"null":null}}', "a"),
        (record("R", a=["null", "int"]), '{"a":{"int":"1"}}', "a"),
        (record("R", a=["string", "int"]), '{"a":null}', "a"),
        (record("R", a="int"), '{"a":1,"b":2}', ""),
        (record("R", a="int"), "{}", "a"),
        (record("R", a="int"), "[1]", ""),
        (record("R", a=record("S", b="int")), '{"a":{"b":null}}', "a.b"),
        ("string", "[" * 100_000, ""),
        ("string", '{"a":' * 100_000, ""),
        (LIST, '{"next":{"L":' * 200 + '{"next":null}' + "}}" * 200, None),
    ],
)
def test_text_that_does_not_fit_is_refused(schema: object, text: str, path: str | None) -> None:
    with pytest.raises(DatumError) as caught:
        decode_json(parsed(schema), text, DEFAULT_LIMITS)
    if path is not None:
        assert caught.value.path == path


def test_data_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DatumError) as caught:
        encode_json(parsed(record("R", a={"type": "array", "items": "int"})), {"a": [1, "x"]}, DEFAULT_LIMITS)
    assert caught.value.path == "a[1]"


@pytest.mark.parametrize("levels", [5, 6])
def test_depth_is_limited(levels: int) -> None:
    node, limits = parsed(LIST), Limits(datum_depth=5)
    text = '{"next":{"L":' * (levels - 1) + '{"next":null}' + "}}" * (levels - 1)
    if levels == 5:
        assert encode_json(node, decode_json(node, text, limits), limits) == text
    else:
        with pytest.raises(DatumError):
            decode_json(node, text, limits)


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_pythons_stack_is_no_error_of_its_own() -> None:
    node, limits = parsed(LIST), Limits(datum_depth=1_000_000)
    value: object = None
    for _ in range(100_000):
        value = {"L": {"next": value}}
    with pytest.raises(DatumError):
        from_json_value(node, {"next": value}, limits)


@given(st.data())
def test_every_datum_comes_back(data: st.DataObject) -> None:
    node = parsed(data.draw(schemas()))
    datum = data.draw(from_schema(node))
    text = encode_json(node, datum, DEFAULT_LIMITS)
    assert same(decode_json(node, text, DEFAULT_LIMITS), datum)
    assert same(json.loads(text), to_json_value(node, datum, DEFAULT_LIMITS))


KEYS = st.text(max_size=5) | st.sampled_from(["int", "null", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(st.data())
def test_any_json_is_read_or_refused(data: st.DataObject) -> None:
    node = parsed(data.draw(schemas()))
    try:
        datum = decode_json(node, json.dumps(data.draw(JSON)), DEFAULT_LIMITS)
    except DatumError:
        return
    assert same(decode_json(node, encode_json(node, datum, DEFAULT_LIMITS), DEFAULT_LIMITS), datum)


@pytest.mark.host
@given(st.data())
def test_fastavro_reads_what_is_written(data: st.DataObject) -> None:
    import io
    from typing import Any

    import fastavro

    schema: Any = data.draw(schemas(logical=False, recursive=False))
    node = parsed(schema)
    datum = data.draw(from_schema(node))
    text = encode_json(node, datum, DEFAULT_LIMITS)
    if "NaN" in text or "Infinity" in text:
        return  # fastavro leaves the words as they are
    try:
        (theirs,) = fastavro.json_reader(io.StringIO(text), schema)
    except Exception as error:  # noqa: BLE001 - it raises whatever comes up
        event(f"fastavro: {type(error).__name__}")
        return
    event("read by both")
    assert same(theirs, datum)


@pytest.mark.parametrize("text", [3, None, b"3"])
def test_what_is_no_text_is_a_type_error(text: Any) -> None:
    with pytest.raises(TypeError, match="JSON text is a str"):
        parse_schema("int").decode_json(text)
