"""The JSON encoding where other libraries differ. Each test is a row of docs/interop.md: it fails when a library has changed."""

import io
import json
import struct
from typing import Any

import pytest

from avro_ocf import DatumError, parse_schema
from tests.interop.libraries import CAVRO_OPTIONS

pytestmark = pytest.mark.host


def record(type_: object) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": type_}]}


def write(name: str, type_: object, value: object) -> Any:
    """Return what the library `name` makes of a record's only value, as parsed JSON."""
    if name == "fastavro":
        import fastavro

        out = io.StringIO()
        fastavro.json_writer(out, fastavro.parse_schema(record(type_)), [{"a": value}])
        return json.loads(out.getvalue())["a"]
    import cavro

    schema = cavro.Schema(json.dumps(record(type_)), options=cavro.Options(**CAVRO_OPTIONS))
    return json.loads(schema.json_encode({"a": value}))["a"]


def read(name: str, type_: object, text: str) -> object:
    """Return what the library `name` reads where a record's only value is `text`."""
    line = f'{{"a": {text}}}'
    if name == "fastavro":
        import fastavro

        records: list[Any] = list(fastavro.json_reader(io.StringIO(line), fastavro.parse_schema(record(type_))))
        return records[0]["a"]
    import cavro

    schema = cavro.Schema(json.dumps(record(type_)), options=cavro.Options(**CAVRO_OPTIONS))
    return schema.json_decode(line)["a"]


def test_floats_in_json() -> None:
    for name in ("fastavro", "cavro"):
        assert write(name, "float", 0.1) == 0.1
    rounded = struct.unpack("<f", struct.pack("<f", 0.1))[0]
    schema = parse_schema("float")
    assert json.loads(schema.encode_json(0.1)) == rounded == schema.decode(schema.encode(0.1))


def test_json_that_fails() -> None:
    empty = {"type": "record", "name": "E", "fields": []}
    error = {"type": "error", "name": "E", "fields": [{"name": "b", "type": "int"}]}
    inside = {"type": "record", "name": "E", "fields": [{"name": "b", "type": {"type": "array", "items": "E"}}]}
    cases: tuple[tuple[object, object], ...] = (
        (empty, {}),
        (error, {"b": 1}),
        (inside, {"b": []}),
        ({"type": "map", "values": "int"}, {"": 1}),
    )
    for type_, value in cases:
        with pytest.raises(Exception, match=r"no value|Unhandled type|recursion|No key|Internal Parser"):
            write("fastavro", type_, value)
        schema = parse_schema(type_)
        assert schema.decode_json(schema.encode_json(value)) == value


@pytest.mark.parametrize(("type_", "text"), [("string", "5"), ("int", '"5"'), ("int", "5.5"), ("long", "true")])
def test_json_of_another_type(type_: str, text: str) -> None:
    assert read("fastavro", type_, text) == json.loads(text)
    with pytest.raises(Exception, match=r"Expected unicode|Invalid value"):
        read("cavro", type_, text)
    with pytest.raises(DatumError):
        parse_schema(type_).decode_json(text)


def test_short_branch_names_in_json() -> None:
    union = ["null", {"type": "record", "name": "n.B", "fields": []}]
    with pytest.raises(ValueError, match="not in list"):
        read("fastavro", union, '{"B": {}}')
    assert read("cavro", union, '{"B": {}}') == {}
    assert parse_schema(union).decode_json('{"B": {}}') == {}
