"""Schemas that other libraries take otherwise. Each test is a row of docs/interop.md: it fails when a library has changed."""

import io
from decimal import Decimal

import pytest

from avro_ocf import Reader, SchemaError, parse_schema
from tests.interop.libraries import load

pytestmark = pytest.mark.host


def record(name: str, *fields: dict[str, object], **more: object) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def test_null_namespace() -> None:
    simple = {"type": "enum", "name": "A", "namespace": "", "symbols": ["x"]}
    json = [record("A", {"name": "a", "type": simple}, namespace="ns"), "null"]
    with pytest.raises(Exception, match="not a valid Avro schema"):
        load("avro").encode(json, {"a": "x"})
    for name in ("fastavro", "cavro"):
        assert load(name).encode(json, {"a": "x"}) == b"\0\0"
    with pytest.raises(SchemaError, match="defined twice"):
        Reader(io.BytesIO(load("cavro").write(json, [{"a": "x"}], "null")))
    with Reader(io.BytesIO(load("fastavro").write(json, [{"a": "x"}], "null"))) as reader:
        assert list(reader) == [{"a": "x"}]
    assert parse_schema(json).encode({"a": "x"}) == b"\0\0"


def test_fixed_decimal_used_again() -> None:
    fixed = {"type": "fixed", "name": "F", "size": 1, "logicalType": "decimal", "precision": 2}
    json = record("A", {"name": "a", "type": fixed}, {"name": "b", "type": "F"})
    datum = {"a": Decimal(1), "b": Decimal(2)}
    with pytest.raises(SchemaError, match="defined twice"):
        Reader(io.BytesIO(load("avro").write(json, [datum], "null")))
    for name in ("fastavro", "cavro"):
        with Reader(io.BytesIO(load(name).write(json, [datum], "null"))) as reader:
            assert list(reader) == [datum]


def test_null_namespace_from_inside_another() -> None:
    simple = {"type": "enum", "name": "Simple", "symbols": ["x"]}
    json = record("A", {"name": "a", "type": simple}, {"name": "b", "type": record("ns.B", {"name": "c", "type": "Simple"})})
    datum = {"a": "x", "b": {"c": "x"}}
    with pytest.raises(Exception, match=r"ns\.Simple"):
        load("fastavro").encode(json, datum)
    with pytest.raises(Exception, match="not a valid Avro schema"):
        load("avro").encode(json, datum)
    assert load("cavro").encode(json, datum) == b"\0\0"
    assert parse_schema(json).encode(datum) == b"\0\0"


def test_error_types() -> None:
    json = record("ns.Fault", {"name": "cause", "type": ["null", "Fault"]}, type="error")
    with pytest.raises(Exception, match="not a valid Avro schema"):
        load("avro").encode(json, {"cause": None})
    for name in ("fastavro", "cavro"):
        assert load(name).encode(json, {"cause": None}) == b"\0"
    assert parse_schema(json).encode({"cause": None}) == b"\0"


def test_defaults_refused() -> None:
    whole = record("A", {"name": "a", "type": {"type": "float"}, "default": 4})
    with pytest.raises(Exception, match="Default value <4> must match"):
        load("fastavro").encode(whole, {"a": 1.0})
    second = record("A", {"name": "a", "type": {"type": "array", "items": ["null", "int"]}, "default": [4]})
    with pytest.raises(TypeError, match="not valid for field"):
        load("cavro").encode(second, {"a": []})
    assert parse_schema(whole).encode({}) == b"\0\0\x80\x40"
    assert parse_schema(second).encode({}) == b"\x02\x02\x08\0"


def test_defaults_accepted() -> None:
    json = record("A", {"name": "a", "type": "int", "default": "x"})
    assert load("avro").encode(json, {"a": 1}) == b"\x02"
    with pytest.raises(Exception, match="must match schema type"):
        load("fastavro").encode(json, {"a": 1})
    with pytest.raises(TypeError, match="not valid for field"):
        load("cavro").encode(json, {"a": 1})
    with pytest.raises(SchemaError):
        parse_schema(json)
    assert parse_schema(json, strict=False).encode({"a": 1}) == b"\x02"


def test_orders_and_docs_of_another_kind() -> None:
    up = record("A", {"name": "a", "type": "int", "order": "up"})
    assert load("fastavro").encode(up, {"a": 1}) == b"\x02"
    with pytest.raises(Exception, match="order property up is not valid"):
        load("avro").encode(up, {"a": 1})
    with pytest.raises(ValueError, match="not a valid Order"):
        load("cavro").encode(up, {"a": 1})
    with pytest.raises(SchemaError, match="the order is 'up'"):
        parse_schema(up)
    assert parse_schema(up, strict=False).encode({"a": 1}) == b"\x02"
    number = record("A", {"name": "a", "type": "int"}, doc=5)
    for name in ("fastavro", "avro"):
        assert load(name).encode(number, {"a": 1}) == b"\x02"
    with pytest.raises(TypeError, match="Expected unicode"):
        load("cavro").encode(number, {"a": 1})
    assert parse_schema(number).encode({"a": 1}) == b"\x02"


def test_missing_logical_types() -> None:
    duration = {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}
    raw = b"\x01\0\0\0\x02\0\0\0\x03\0\0\0"
    big = {"type": "bytes", "logicalType": "big-decimal"}
    local = {"type": "long", "logicalType": "local-timestamp-millis"}
    uuid = {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}
    for name in ("fastavro", "avro", "cavro"):
        assert load(name).decode(duration, raw) == raw
        assert load(name).decode(big, b"\x06\x02\x0f\x02") == b"\x02\x0f\x02"
        assert (load(name).decode(local, b"\x02") == 1) == (name != "fastavro")
        assert (load(name).decode(uuid, bytes(16)) == bytes(16)) == (name != "cavro")
    assert parse_schema(duration).decode(raw) == (1, 2, 3)
    assert str(parse_schema(big).decode(b"\x06\x02\x0f\x02")) == "1.5"
    assert parse_schema(local).decode(b"\x02").isoformat() == "1970-01-01T00:00:00.001000"
    assert str(parse_schema(uuid).decode(bytes(16))) == "00000000-0000-0000-0000-000000000000"


def test_uuid_as_text() -> None:
    json = {"type": "string", "logicalType": "uuid"}
    text = "00000000-0000-0000-0000-000000000005"
    data = b"\x48" + text.encode()
    value = parse_schema(json).decode(data)
    assert load("avro").decode(json, data) == text
    with pytest.raises(AttributeError, match="replace"):
        load("avro").encode(json, value)
    for name in ("fastavro", "cavro"):
        assert load(name).decode(json, data) == value
    assert str(value) == text


def test_invalid_logical_types() -> None:
    json = {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3}
    with pytest.raises(Exception, match="decimal scale must be less"):
        load("fastavro").decode(json, b"\x02\x01")
    for name in ("avro", "cavro"):
        assert load(name).decode(json, b"\x02\x01") == b"\x01"
    assert parse_schema(json).decode(b"\x02\x01") == b"\x01"


def test_unions_of_unions() -> None:
    for json, datum in ((["int", ["null", "string"]], 5), (["null", "int", "int"], 5)):
        load("fastavro").encode(json, datum)
        with pytest.raises(Exception, match=r"[Uu]nion"):
            load("avro").encode(json, datum)
        with pytest.raises(ValueError, match="Unions may not"):
            load("cavro").encode(json, datum)
        with pytest.raises(SchemaError):
            parse_schema(json, strict=False)


def test_fields_of_one_name() -> None:
    json = record("A", {"name": "a", "type": "int"}, {"name": "a", "type": "int"})
    assert load("fastavro").encode(json, {"a": 1}) == b"\x02\x02"
    with pytest.raises(Exception, match="already in use"):
        load("avro").encode(json, {"a": 1})
    with pytest.raises(Exception, match="Duplicate field name"):
        load("cavro").encode(json, {"a": 1})
    with pytest.raises(SchemaError):
        parse_schema(json, strict=False)


def test_illegal_names() -> None:
    for name in ("Foo$Bar", ""):
        json = record(name, {"name": "a", "type": "int"})
        assert load("fastavro").encode(json, {"a": 1}) == b"\x02"
        with pytest.raises(Exception, match="name"):
            load("avro").encode(json, {"a": 1})
        with pytest.raises(Exception, match="is not valid"):
            load("cavro").encode(json, {"a": 1})
        with pytest.raises(SchemaError):
            parse_schema(json)
        assert parse_schema(json, strict=False).encode({"a": 1}) == b"\x02"


def test_namespace_null() -> None:
    inner = record("A", namespace=None)
    json = record("o.B", {"name": "a", "type": inner}, {"name": "b", "type": "o.A"})
    with pytest.raises(Exception, match=r"o\.A"):
        load("fastavro").encode(json, {"a": {}, "b": {}})
    for name in ("avro", "cavro"):
        assert load(name).encode(json, {"a": {}, "b": {}}) == b""
    assert parse_schema(json).encode({"a": {}, "b": {}}) == b""
    assert parse_schema(inner).canonical_form == '{"name":"A","type":"record","fields":[]}'


def test_defaults_that_are_text_for_a_number() -> None:
    for text, is_known in (("NaN", True), ("Infinity", True), ("-Infinity", True), ("nan", False)):
        json = record("A", {"name": "a", "type": "double", "default": text})
        for name in ("fastavro", "avro"):
            assert load(name).encode(json, {"a": 0.0}) == bytes(8)
        with pytest.raises(TypeError, match="not valid for field"):
            load("cavro").encode(json, {"a": 0.0})
        if is_known:
            assert repr(parse_schema(json).decode(parse_schema(json).encode({}))["a"]) == repr(float(text))
        else:
            with pytest.raises(SchemaError, match="does not fit"):
                parse_schema(json)
            assert parse_schema(json, strict=False).encode({"a": 0.0}) == bytes(8)


def test_aliases_that_are_text() -> None:
    json = record("A", {"name": "a", "type": "int", "aliases": "old"})
    assert load("avro").encode(json, {"a": 1}) == b"\x02"
    for name in ("fastavro", "cavro"):
        with pytest.raises(Exception, match=r"[aA]liases must be a list"):
            load(name).encode(json, {"a": 1})
    with pytest.raises(SchemaError, match="aliases"):
        parse_schema(json)
    assert parse_schema(json, strict=False).encode({"a": 1}) == b"\x02"
