"""What `cat` prints of a file, `encode` makes the same file of, whatever branches of unions its values are."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import DatumError, Reader, Writer, infer_schema, parse_schema
from avro_ocf.cli.program import main
from avro_ocf.errors import FormatError, ResolutionError
from avro_ocf.extended_json import loads
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.cli.commands import Run, json_lines

pytestmark = pytest.mark.host

PETS = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "zoo.Dog")]
OWNER = {"type": "record", "name": "Owner", "fields": [{"name": "pet", "type": ["null", *PETS]}]}
OWNERS = [{"pet": ("zoo.Dog", {"name": "rex"})}, {"pet": ("Cat", {"name": "tom"})}, {"pet": None}]


def command(*arguments: object, code: int = 0) -> bytes:
    """Return what a command prints to stdout."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(printed):
        assert main([str(argument) for argument in arguments]) == code
        assert isinstance(printed.buffer, io.BytesIO)
        return printed.buffer.getvalue()


@given(st.data())
def test_what_is_printed_and_encoded_again_is_what_it_was(data: st.DataObject) -> None:
    json_schema = data.draw(schemas())
    schema = parse_schema(json_schema)
    records = data.draw(st.lists(from_schema(schema, branches=True), max_size=3))
    with TemporaryDirectory() as folder:
        file, printed, schema_file, again = (Path(folder, name) for name in ("a.avro", "a.ndjson", "a.avsc", "b.avro"))
        with Writer(file, schema) as writer:
            writer.write_many(records)
        printed.write_bytes(command("cat", file))
        schema_file.write_bytes(command("schema", file))
        assert command("head", file) == printed.read_bytes()
        parts = [command("cat", file, "--block", f"{block.start_byte}:{block.length}") for block in writer.blocks]
        assert b"".join(parts) == printed.read_bytes()
        command("encode", "--schema", schema_file, printed, again)
        with Reader(file, branches=True) as before, Reader(again, branches=True) as after:
            assert before.header.schema.encodes_like(after.header.schema)
            assert same(list(after), list(before))
        assert command("cat", again) == printed.read_bytes()


@given(st.data())
def test_records_of_a_readers_schema_are_printed_for_that_schema(data: st.DataObject) -> None:
    drawn = data.draw(schemas())
    schema, wanted = parse_schema(drawn), parse_schema(data.draw(evolutions(drawn)).reader_schema)
    records = data.draw(st.lists(from_schema(schema, branches=True), min_size=1, max_size=3))
    with TemporaryDirectory() as folder:
        file, printed, schema_file, again = (Path(folder, name) for name in ("a.avro", "a.ndjson", "r.avsc", "b.avro"))
        with Writer(file, schema) as writer:
            writer.write_many(records)
        schema_file.write_text(wanted.json, encoding="utf-8", errors="backslashreplace")
        try:
            with Reader(file, wanted, branches=True) as reader:
                expected = list(reader)
        except (FormatError, ResolutionError):
            return
        printed.write_bytes(command("cat", file, "--reader-schema", schema_file))
        command("encode", "--schema", schema_file, printed, again)
        with Reader(again, branches=True) as reader:
            assert same(list(reader), [wanted.decode(wanted.encode(record), branches=True) for record in expected])


def test_a_branch_is_printed_only_where_it_has_to_be(tmp_path: Path) -> None:
    file, reader_schema = tmp_path / "owners.avro", tmp_path / "r.avsc"
    with Writer(file, OWNER) as writer:
        writer.write_many(OWNERS)
    assert json_lines(command("cat", file)) == [
        {"pet": {"$branch": ["zoo.Dog", {"name": "rex"}]}},
        {"pet": {"name": "tom"}},
        {"pet": None},
    ]
    assert json_lines(command("cat", "--plain", file)) == [{"pet": {"name": "rex"}}, {"pet": {"name": "tom"}}, {"pet": None}]
    reader_schema.write_text(json.dumps({**OWNER, "fields": [{"name": "pet", "type": ["null", PETS[1], PETS[0]]}]}))
    assert json_lines(command("head", "-n", "2", "--reader-schema", reader_schema, file)) == [
        {"pet": {"name": "rex"}},
        {"pet": {"$branch": ["Cat", {"name": "tom"}]}},
    ]


def test_values_can_be_grouped_by_a_field_that_names_its_branch(run: Run, tmp_path: Path) -> None:
    (tmp_path / "owner.avsc").write_text(json.dumps(OWNER))
    with Writer(tmp_path / "in.avro", OWNER) as writer:
        writer.write_many([*OWNERS, OWNERS[0]])
    lines = run("cat", "in.avro").stdout
    run("encode", "--schema", "owner.avsc", "--by", "pet", "-", "out.avro", stdin=lines)
    assert [block["record_count"] for block in json_lines(run("index", "--json", "out.avro").stdout)] == [2, 1, 1]
    with Reader(tmp_path / "out.avro", branches=True) as reader:
        assert list(reader) == [OWNERS[0], *OWNERS]


def test_a_branch_is_not_inferred(run: Run) -> None:
    done = run("encode", "-", "out.avro", stdin=b'{"pet": 1}\n\n{"pet": {"$branch": ["Dog", {"name": "rex"}]}}\n', code=1)
    message = b"stdin, line 3: pet: the branch 'Dog' of a union is named, and none is inferred: a schema must be given"
    assert done.stderr == b"avro-ocf: " + message + b" (--schema)\n"
    records: list[Any] = [{"a": 1}, {"a": [("Dog", 1)]}]
    with pytest.raises(DatumError, match="the branch 'Dog' of a union is named") as caught:
        infer_schema(records)
    assert (caught.value.record, caught.value.path) == (1, "a[0]")
    with pytest.raises(DatumError, match="Avro has no type for tuple"):
        infer_schema([{"a": (1, 2)}])


def test_a_deep_chain_of_named_branches_comes_back(tmp_path: Path) -> None:
    """Two levels of JSON for each name, and more of the interpreter's stack."""
    second = {"type": "record", "name": "Second", "fields": [{"name": "$", "type": ["null", "First", "Second"]}]}
    schema = parse_schema(
        {"type": "record", "name": "First", "fields": [{"name": "$", "type": ["null", "First", second]}]}, strict=False
    )
    value: dict[str, Any] = {"$": None}
    for _ in range(schema.limits.datum_depth - 1):
        value = {"$": ("Second", value)}
    with Writer(tmp_path / "a.avro", schema) as writer:
        writer.write(value)
    printed = command("cat", tmp_path / "a.avro")
    assert printed.count(b'{"$branch":["Second",') == schema.limits.datum_depth - 1
    assert loads(printed.decode()) == value
