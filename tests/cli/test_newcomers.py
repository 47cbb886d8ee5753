"""What someone tries who has not read the page: each mistake is one line that says what to do, and what can be meant is done."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import Reader
from avro_ocf.cli.kinds import looks_like
from avro_ocf.cli.program import main
from avro_ocf.json_text import array_items
from tests.cli.commands import EXAMPLES, Run

pytestmark = pytest.mark.host


UNPACK = ": unpack it first"
ENCODE = ": encode makes a container file of records that are lines of JSON"
FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (gzip.compress, f"gzip{UNPACK}"),
    "bzip2": (bz2.compress, f"bzip2{UNPACK}"),
    "xz": (lzma.compress, f"xz{UNPACK}"),
    "zip": (lambda data: b"PK\x03\x04" + data, f"a zip archive{UNPACK}"),
    "Parquet": (lambda data: b"PAR1" + data, "Parquet"),
    "SQLite": (lambda data: b"SQLite format 3\0" + data, "an SQLite database"),
    "an error page": (lambda _: b"<!DOCTYPE html>", "HTML or XML"),
}
TEXTS = {
    "lines": (b'{"a": 1}\n', f"JSON{ENCODE}"),
    "an array": (b'\xef\xbb\xbf\n[{"a": 1}]', f"JSON{ENCODE}"),
    "CSV": (b"id,name\r\n1,Iwami\r\n", f"text{ENCODE}"),
    "noise": (b"\x01\x02\x03", ""),
}


@pytest.mark.parametrize("name", [*FILES, *TEXTS])
@pytest.mark.parametrize("command", [["cat"], ["count"], ["concat", "-o", "out.avro"]], ids=" ".join)
def test_what_is_no_container_file_is_named(run: Run, weather: Path, tmp_path: Path, name: str, command: list[str]) -> None:
    data, kind = (FILES[name][0](weather.read_bytes()), FILES[name][1]) if name in FILES else TEXTS[name]
    (tmp_path / "in").write_bytes(data)
    for told, stdin in (("in", b""), ("stdin", data)):
        done = run(*command, "-" if stdin else "in", stdin=stdin, code=1)
        start = f"avro-ocf: {told}: byte 0: not an Avro container file: it does not start with b'Obj\\x01'"
        assert done.stderr.decode() == start + (f"; it looks like {kind}" if kind else "") + "\n"


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_text_to_encode_is_named(run: Run, tmp_path: Path, name: str) -> None:
    make, kind = FILES[name]
    (tmp_path / "in").write_bytes(make((EXAMPLES / "weather.ndjson").read_bytes()))
    done = run("encode", "in", "out.avro", code=1)
    assert done.stderr.decode() == f"avro-ocf: in, line 1: not JSON: it looks like {kind}\n"


@pytest.mark.usefixtures("weather")
def test_arguments_in_the_wrong_order_change_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.ndjson").write_bytes(b'{"a": 1}\n')
    done = run("encode", "weather.avro", "in.ndjson", code=1)
    assert b"not JSON: it looks like a container file: cat prints its records\n" in done.stderr
    assert (tmp_path / "in.ndjson").read_bytes() == b'{"a": 1}\n'


@pytest.mark.parametrize("text", [b'{\n  "a": 1\n}\n', b"a: 1\n", b"a,b\n1,2\n", b"{'a': 1}\n", b'{"a": 1}{"a": 2}\n'])
def test_text_that_is_no_lines_of_json(run: Run, text: bytes) -> None:
    done = run("encode", "-", "out.avro", stdin=text, code=1)
    assert done.stderr.decode().startswith("avro-ocf: stdin, line 1: not JSON: ")
    assert done.stderr.decode().endswith("; each line is one record as JSON, or all is one array of them\n")


@pytest.mark.parametrize("command", [["cat"], ["count"], ["schema"], ["salvage", "-o", "out.avro"]], ids=" ".join)
def test_an_empty_file(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert b"empty: byte 0: there are no bytes" in run(*command, "empty", code=1).stderr


def test_no_records_to_infer_a_schema_from(run: Run) -> None:
    assert b"a schema must be given (--schema)" in run("encode", "-", "out.avro", stdin=b"\n", code=1).stderr


def test_a_folder_for_a_file_is_told_as_it_was_given(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert run("encode", EXAMPLES / "weather.ndjson", "d", code=1).stderr == b"avro-ocf: d: Is a directory\n"
    assert run("encode", EXAMPLES / "weather.ndjson", "no/out", code=1).stderr == b"avro-ocf: no/out: No such file or directory\n"


def test_misuse_is_told_with_the_usage_of_its_command(run: Run) -> None:
    done = run("head", "-5", "a.avro", code=2)
    assert done.stderr.startswith(b"usage: avro-ocf head [-h] [-n N]")
    assert done.stderr.endswith(b"avro-ocf head: error: unrecognized arguments: a.avro\n")


def test_no_command_is_answered_with_all_of_them(run: Run) -> None:
    done = run(code=2)
    assert done.stdout == b""
    assert b"  salvage " in done.stderr


def test_the_version(run: Run) -> None:
    assert run("--version").stdout.startswith(b"avro-ocf ")


RECORDS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "$x"]), st.integers(0, 9) | st.text(max_size=3), min_size=1), max_size=5
)


@given(RECORDS, st.sampled_from([None, 0, 2]), st.sampled_from(["", " ", "\n", "\r\n\t"]))
def test_an_array_of_records_is_its_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any], indent: int | None, space: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    text = space + json.dumps(records, indent=indent, ensure_ascii=False) + space
    (folder / "in.json").write_text(text, "utf-8", newline="")
    assert main(["encode", "--plain", str(folder / "in.json"), str(folder / "out.avro")]) == (0 if records else 1)
    if records:
        with Reader(folder / "out.avro") as reader:
            assert list(reader) == records


@pytest.mark.parametrize("by", [[], ["--by", "a"]])
def test_an_array_from_a_pipe_with_a_schema(run: Run, tmp_path: Path, by: list[str]) -> None:
    (tmp_path / "s.avsc").write_text('{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}')
    run("encode", *by, "--schema", "s.avsc", "-", "out.avro", stdin=b'[{"a": 2}, {"a": 1}\n]\n')
    assert run("cat", "out.avro").stdout == b'{"a":2}\n{"a":1}\n'
    run("encode", *by, "--schema", "s.avsc", "-", "out.avro", stdin=b"[]")
    assert run("cat", "out.avro").stdout == b""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'[{"a": 1},\n {"a": "x"}]', "line 2: a: expected "),
        (b'\n[\n{"a": 1},\n\n {"b": 1}]', "line 5: "),
        (b'[\n{"a": 1},\n]', "line 3: not JSON: Expecting value, at column 1"),
        (b'[\n{"a": 1}\n{"a": 2}]', "line 3: not JSON: Expecting ',' delimiter, at column 1"),
        (b'[\n{"a": 1}', "line 2: not JSON: Expecting ',' delimiter, at column 9"),
        (b'[{"a": 1}]\n[{"a": 2}]', "line 2: not JSON: Extra data, at column 1"),
        (b'[\n{"a": 1},\n{"a": 1, "a": 2}]', 'line 3: key "a" is there twice'),
        (b'[\n{"a": {"$bytes": 1}}]', "line 2: a: bad $bytes"),
        (b'[\n{"a": "\xff"}]', "line 1: not UTF-8"),
        (b"[\n" + b"[" * 2000, "line 1: nested too deeply"),
    ],
)
@pytest.mark.parametrize("by", [[], ["--by", "a"]])
def test_what_is_wrong_in_an_array_is_told_by_its_line(run: Run, tmp_path: Path, text: bytes, place: str, by: list[str]) -> None:
    (tmp_path / "s.avsc").write_text('{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}')
    done = run("encode", *by, "--schema", "s.avsc", "-", "out.avro", stdin=text, code=1)
    assert done.stderr.decode().startswith(f"avro-ocf: stdin, {place}")
    assert not (tmp_path / "out.avro").exists()


@pytest.mark.parametrize("schema", ['{"type": "array", "items": "Record"}', '["null", {"type": "array", "items": "Record"}]'])
def test_a_line_that_is_a_datum_of_an_array_type_stays_one(run: Run, tmp_path: Path, schema: str) -> None:
    record = '{"type": "record", "name": "Record", "fields": [{"name": "a", "type": "int"}]}'
    (tmp_path / "s.avsc").write_text(schema.replace('"Record"', record))
    lines = b'[{"a":1},{"a":2}]\n[]\n[{"a":3}]\n'
    run("encode", "--schema", "s.avsc", "-", "out.avro", stdin=lines)
    assert run("cat", "out.avro").stdout == lines
    run("encode", "-", "out.avro", stdin=b"[1,2]\n[3]\n")
    assert run("cat", "out.avro").stdout == b"[1,2]\n[3]\n"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 0, 1]))
def test_the_items_of_an_array(values: list[Any], indent: int | None) -> None:
    text = json.dumps(values, indent=indent)
    assert [json.loads(text[start:end]) for start, end in array_items(text)] == values
    for cut in range(1, len(text)):
        with pytest.raises(json.JSONDecodeError):
            list(array_items(text[:cut]))


@given(st.binary(max_size=16))
def test_any_start_of_a_file_looks_like_something_or_nothing(start: bytes) -> None:
    assert isinstance(looks_like(start), str)
