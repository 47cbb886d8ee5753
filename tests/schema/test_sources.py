"""What a schema may be given as, and what is told of text that is none."""

import json
from os import PathLike, fspath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import SchemaError, parse_schema
from avro_ocf.oracle import schemas

SCHEMA = {"type": "record", "name": "R", "fields": [{"name": "f", "type": "string", "doc": "größe", "default": "\ufeff"}]}


class Elsewhere(PathLike[str]):
    """A path that is no `pathlib.Path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return fspath(self.path)


@given(schemas(), st.sampled_from(["", "\ufeff"]), st.sampled_from(["", " ", "\r\n"]))
def test_text_and_bytes_are_the_object_that_they_stand_for(schema: object, mark: str, blank: str) -> None:
    text = mark + blank + json.dumps(schema, ensure_ascii=False, indent=1) + blank
    for source in (text, text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        assert parse_schema(source) == parse_schema(schema)


@pytest.mark.host
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_path_is_read(mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.avsc"
    path.write_bytes(mark + json.dumps(SCHEMA, ensure_ascii=False).encode())
    assert parse_schema(path) == parse_schema(Elsewhere(path)) == parse_schema(SCHEMA)
    path.write_bytes(mark + b"int")
    assert parse_schema(path) == parse_schema("int")


@pytest.mark.host
def test_a_file_that_is_no_schema_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.avsc"
    path.write_bytes(b"{")
    with pytest.raises(SchemaError, match=r"s\.avsc: not JSON"):
        parse_schema(path)
    with pytest.raises(FileNotFoundError):
        parse_schema(tmp_path / "none.avsc")


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ['{"type": "int"}', '["int"]', '"int"'])
def test_utf_16_is_named(text: str, coding: str) -> None:
    with pytest.raises(SchemaError, match=r"UTF-16.*UTF-8"):
        parse_schema(text.encode(coding))


@pytest.mark.parametrize("text", ["user.avsc", "./user", "/schemas/user.json", "C:\\schemas\\user", "dir/größe.avsc"])
def test_text_that_looks_like_a_path_says_how_to_read_it(text: str) -> None:
    with pytest.raises(SchemaError, match=r"pathlib\.Path\(") as caught:
        parse_schema(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "the text of the schema is empty"),
        ("\ufeff \n", "the text of the schema is empty"),
        (b"", "the text of the schema is empty"),
        (b"Obj\1\2\x16avro.schema", "a container file, which is read by Reader"),
        ("com.example.User", "unknown type 'com.example.User'"),
        (b'"\xff"', "not UTF-8: invalid start byte at byte 1"),
        ('{"type": "a/b"', "not JSON"),
        ("int, long", "not JSON"),
        ("[" * 1000, "Python's stack"),
        (None, "not None"),
        (True, "not True"),
        ("true", "unknown type 'true'"),
    ],
)
def test_what_is_told_of_other_text(source: object, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(source)
    assert message in str(caught.value)


WORDS = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "1e400": "Infinity"}


@pytest.mark.parametrize(("number", "word"), WORDS.items())
def test_a_default_that_is_not_finite_becomes_text_which_others_can_read(number: str, word: str) -> None:
    text = f'{{"type":"record","name":"NaN","fields":[{{"name":"f","type":"double","default":{number},"x":[{number},"NaN"]}}]}}'
    for source in (text, json.loads(text)):
        schema = parse_schema(source)
        (only,) = json.loads(schema.json, parse_constant=pytest.fail)["fields"]
        assert (only["default"], only["x"]) == (word, [word, "NaN"])
        assert repr(schema.decode(schema.encode({}))["f"]) == repr(float(word))


def test_an_object_that_holds_itself() -> None:
    loop: dict[str, object] = {}
    loop["type"] = loop
    with pytest.raises(SchemaError, match="not JSON"):
        parse_schema(loop)


def test_an_object_that_no_json_stands_for_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        parse_schema({"type", "int"})
