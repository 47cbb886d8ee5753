"""Evolved schemas that other libraries resolve otherwise. Each test is a row of docs/interop.md: it fails when one has changed."""

import copy
import datetime as dt
import io
import json
from typing import Any

import pytest

from avro_ocf import ResolutionError, parse_schema
from avro_ocf.varint import encode_long
from tests.interop.libraries import CAVRO_OPTIONS

pytestmark = pytest.mark.host

EMPTY = {"type": "record", "name": "R", "fields": []}


def with_default(type_: object, default: object) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": type_, "default": default}]}


def resolve(name: str, writer: Any, reader: Any, data: bytes) -> Any:
    """Read `data` by the library `name`, or by ours."""
    if name == "avro_ocf":
        return parse_schema(writer).decode(data, parse_schema(reader))
    if name == "fastavro":
        import fastavro

        return fastavro.schemaless_reader(io.BytesIO(data), copy.deepcopy(writer), copy.deepcopy(reader))
    if name == "avro":
        import avro.io
        import avro.schema

        schemas = (avro.schema.parse(json.dumps(schema)) for schema in (writer, reader))
        return avro.io.DatumReader(*schemas).read(avro.io.BinaryDecoder(io.BytesIO(data)))
    import cavro

    from_writer, to_reader = (
        cavro.Schema(json.dumps(schema), options=cavro.Options(**CAVRO_OPTIONS)) for schema in (writer, reader)
    )
    return to_reader.reader_for_writer(from_writer).binary_decode(data)


def test_default_of_bytes() -> None:
    reader = with_default("bytes", "\u00ff")
    assert resolve("fastavro", EMPTY, reader, b"") == {"a": "\u00ff"}
    assert resolve("avro", EMPTY, reader, b"") == {"a": b"\xc3\xbf"}
    for name in ("cavro", "avro_ocf"):
        assert resolve(name, EMPTY, reader, b"") == {"a": b"\xff"}


def test_default_of_double() -> None:
    reader = with_default("double", 4)
    for name in ("fastavro", "cavro"):
        assert type(resolve(name, EMPTY, reader, b"")["a"]) is int
    with pytest.raises(Exception, match="4"):
        resolve("avro", EMPTY, reader, b"")
    assert type(resolve("avro_ocf", EMPTY, reader, b"")["a"]) is float


def test_default_of_record() -> None:
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "b", "type": "int", "default": 1}]}
    reader = with_default(inner, {})
    assert resolve("fastavro", EMPTY, reader, b"") == {"a": {}}
    for name in ("avro", "cavro", "avro_ocf"):
        assert resolve(name, EMPTY, reader, b"") == {"a": {"b": 1}}


def test_default_of_union() -> None:
    reader = with_default(["null", "bytes"], "\u00ff")
    assert resolve("fastavro", EMPTY, reader, b"") == {"a": "\u00ff"}
    with pytest.raises(Exception, match="\u00ff"):
        resolve("avro", EMPTY, reader, b"")
    for name in ("cavro", "avro_ocf"):
        assert resolve(name, EMPTY, reader, b"") == {"a": b"\xff"}


def test_default_shared_by_records() -> None:
    import fastavro

    reader = with_default({"type": "array", "items": "int"}, [1])
    out = io.BytesIO()
    fastavro.writer(out, copy.deepcopy(EMPTY), [{}, {}])
    out.seek(0)
    records: list[Any] = list(fastavro.reader(out, reader_schema=reader))
    first, second = records
    assert first["a"] is second["a"]
    assert resolve("cavro", EMPTY, reader, b"")["a"] == [1]
    ours = [resolve("avro_ocf", EMPTY, reader, b"")["a"] for _ in range(2)]
    assert ours[0] is not ours[1]


def test_promotions() -> None:
    assert type(resolve("avro", "int", "double", b"\x02")) is int
    with pytest.raises(Exception, match="do not match"):
        resolve("avro", "string", "bytes", b"\x02a")
    for name in ("fastavro", "cavro", "avro_ocf"):
        assert type(resolve(name, "int", "double", b"\x02")) is float
        assert resolve(name, "long", "float", encode_long(2**24 + 1)) == (2.0**24 if name == "avro_ocf" else 2.0**24 + 1)
        assert resolve(name, "string", "bytes", b"\x02a") == b"a"


def test_aliases() -> None:
    writer = {"type": "record", "name": "Old", "fields": [{"name": "x", "type": "int"}]}
    reader = {"type": "record", "name": "New", "aliases": ["Old"], "fields": [{"name": "y", "type": "int", "aliases": ["x"]}]}
    with pytest.raises(Exception, match="do not match"):
        resolve("avro", writer, reader, b"\x02")
    for name in ("fastavro", "cavro", "avro_ocf"):
        assert resolve(name, writer, reader, b"\x02") == {"y": 1}


def test_names_in_other_namespaces() -> None:
    writer = {"type": "record", "name": "old.R", "fields": [{"name": "x", "type": "int"}]}
    reader = {**writer, "name": "new.R"}
    with pytest.raises(Exception, match="do not match"):
        resolve("avro", writer, reader, b"\x02")
    for name in ("fastavro", "cavro", "avro_ocf"):
        assert resolve(name, writer, reader, b"\x02") == {"x": 1}


def test_enum_symbols_reordered() -> None:
    writer = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    reader = {"type": "enum", "name": "E", "symbols": ["B", "A"]}
    assert resolve("cavro", writer, reader, b"\x02") == "A"
    for name in ("fastavro", "avro", "avro_ocf"):
        assert resolve(name, writer, reader, b"\x02") == "B"


def test_enum_default() -> None:
    writer = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    reader = {"type": "enum", "name": "E", "symbols": ["A"], "default": "A"}
    with pytest.raises(Exception, match="Symbol B not present"):
        resolve("avro", writer, reader, b"\x02")
    for name in ("fastavro", "cavro", "avro_ocf"):
        assert resolve(name, writer, reader, b"\x02") == "A"


def test_first_matching_branch() -> None:
    for name in ("fastavro", "cavro"):
        assert type(resolve(name, "int", ["double", "int"], b"\x02")) is float
    for name in ("avro", "avro_ocf"):
        assert type(resolve(name, "int", ["double", "int"], b"\x02")) is int


def test_union_read_as_itself() -> None:
    union = {"name": "u", "type": ["string", "bytes"]}
    writer = {"type": "record", "name": "R", "fields": [union, {"name": "n", "type": "int"}]}
    reader = {"type": "record", "name": "R", "fields": [union]}
    assert resolve("fastavro", writer, reader, b"\x02\x02a\0") == {"u": "a"}
    for name in ("avro", "cavro", "avro_ocf"):
        assert resolve(name, writer, reader, b"\x02\x02a\0") == {"u": b"a"}


def test_union_read_as_one_of_its_branches() -> None:
    with pytest.raises(Exception, match="do not match"):
        resolve("avro", ["null", "int"], "int", b"\x02\x02")
    for name in ("fastavro", "cavro", "avro_ocf"):
        assert resolve(name, ["null", "int"], "int", b"\x02\x02") == 1


def test_times_in_other_units() -> None:
    writer = {"type": "long", "logicalType": "timestamp-millis"}
    reader = {"type": "long", "logicalType": "timestamp-micros"}
    data = parse_schema("long").encode(1_764_028_859_001)
    for name in ("fastavro", "avro", "cavro"):
        assert resolve(name, writer, reader, data).year == 2025
    with pytest.raises(ResolutionError, match="its value would change"):
        resolve("avro_ocf", writer, reader, data)


def test_logical_types_of_the_reader() -> None:
    date = {"type": "int", "logicalType": "date"}
    for name in ("fastavro", "avro", "cavro"):
        assert resolve(name, date, "int", b"\x02") == dt.date(1970, 1, 2)
        assert resolve(name, "int", date, b"\x02") == 1
    assert resolve("avro_ocf", date, "int", b"\x02") == 1
    assert resolve("avro_ocf", "int", date, b"\x02") == dt.date(1970, 1, 2)
