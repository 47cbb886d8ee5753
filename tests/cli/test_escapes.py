"""Nothing of a file, a store or a file's name reaches a terminal as it is if a terminal would take it for more than text."""

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import Header, Schema, encode_block, encode_header, parse_schema
from avro_ocf.cli import output
from avro_ocf.container.header import make_header
from avro_ocf.extended_json import loads
from tests.cli.commands import COMMAND, EXAMPLES, in_process, in_terminal
from tests.cli.stores import sql
from tests.damage import damaged

pytestmark = pytest.mark.host

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NASTY = "\x1b]0;x\x07\x1b[31m\x9b31m\x7f\r\u2028\u202e\n"
ALPHABET = st.sampled_from(
    "a1_.é雪\x00\x07\x08\x1b\r\n\t\x7f\x80\x85\x9b\x9c\x9d\x9f\u061c\u200e\u200f\ufeff\u2028\u2029\u202a\u202e\u2066\u2069\\\"'%[]{}"
)
TEXTS = st.text(ALPHABET, min_size=1, max_size=8)


class Told(NamedTuple):
    code: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Told:
    """Run a command in this process; what it tells is asserted to be harmless."""
    done = in_process([str(argument) for argument in arguments])
    texts = [data.decode() for data in (done.stdout, done.stderr)]
    for text in texts:
        assert not UNSEEN.search(text), (arguments, text)
    if done.returncode == 1:
        assert texts[1].startswith("avro-ocf: ")
        assert texts[1].count("\n") == 1
    return Told(done.returncode, *texts)


class Given(NamedTuple):
    """What a file is made of."""

    schema: Schema
    record: dict[str, Any]
    metadata: dict[str, bytes | str]
    file_name: str


@st.composite
def givens(draw: st.DrawFn) -> Given:
    name, other, symbol = draw(TEXTS), draw(TEXTS), draw(TEXTS)
    schema = {
        "type": "record",
        "name": "R",
        "doc": draw(TEXTS),
        "fields": [
            {"name": name, "type": {"type": "map", "values": ["null", "string"]}, "doc": draw(TEXTS)},
            {"name": f"{other}{name}", "type": {"type": "enum", "name": f"E{draw(TEXTS)}".replace(".", ""), "symbols": [symbol]}},
            {"name": "n", "type": ["int", "boolean"]},
        ],
    }
    record = {name: {draw(TEXTS): draw(TEXTS)}, f"{other}{name}": symbol, "n": draw(st.booleans() | st.just(1))}
    metadata: dict[str, bytes | str] = {draw(TEXTS): draw(TEXTS), "k": draw(st.binary(max_size=4))}
    file_name = re.sub(r"[\x00/.]|^-", "_", draw(TEXTS))
    return Given(parse_schema(schema, strict=False), record, metadata, file_name)


def header_of(given: Given) -> Header:
    return make_header(given.schema, codec="null", metadata=given.metadata, sync_marker=b"S" * 16)[0]


def container(given: Given) -> bytes:
    header = header_of(given)
    start = encode_header(given.schema, codec="null", metadata=given.metadata, sync_marker=header.sync_marker)
    return start + encode_block(header, [given.record])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


FILE_COMMANDS = [
    ["cat"],
    ["cat", "--block", "0:9"],
    ["head"],
    ["count"],
    ["schema"],
    ["schema", "--check"],
    ["schema", "--with"],
    ["head", "--limits"],
    ["meta"],
    ["meta", "--json"],
    ["index"],
    ["index", "--json"],
    ["verify"],
    ["verify", "--json"],
    ["cat", "--reader-schema"],
    ["verify", "--repair"],
    ["concat", "-o", "OUT"],
    ["recode", "--codec", "null", "-o", "OUT"],
    ["salvage", "-o", "OUT"],
    ["salvage", "--json", "-o", "OUT"],
    ["codegen"],
    ["paint"],
]


@given(givens())
def test_json_stays_the_same_json(folder: Path, given: Given) -> None:
    path = folder / given.file_name
    path.write_bytes(container(given))
    for command in ("cat", "head"):
        assert loads(run(command, path).stdout) == given.record
    assert json.loads(run("schema", path).stdout) == json.loads(given.schema.json)
    assert [*json.loads(run("meta", "--json", path).stdout)["metadata"]] == [*header_of(given).metadata]
    assert json.loads(run("verify", "--json", path).stdout) == {"file": str(path), "record_count": 1}
    path.unlink()


@pytest.mark.parametrize("command", FILE_COMMANDS, ids=" ".join)
@given(given=givens(), data=st.data())
def test_commands_about_a_file(command: list[str], folder: Path, given: Given, data: st.DataObject) -> None:
    """A sound file, a damaged one, one of an unknown codec, a schema, one that is missing, and misuse."""
    path = folder / given.file_name
    whole = container(given)
    codec = data.draw(TEXTS).encode()[:4]
    other = whole.replace(b"\x08null", bytes([2 * len(codec)]) + codec)
    arguments = [str(folder / "out") if word == "OUT" else word for word in command]
    for content in (whole, data.draw(damaged(whole)), other, given.schema.json.encode()):
        path.write_bytes(content)
        run(*arguments, path)
    run(*arguments, path, path)
    path.unlink()
    run(*arguments, path)


@given(given=givens(), text=TEXTS)
def test_encode(folder: Path, given: Given, text: str) -> None:
    schema, lines = folder / "s.avsc", folder / f"lines {given.file_name}"
    out = folder / "encoded.avro"
    schema.write_text(given.schema.json)
    lines.write_text(json.dumps({text: text}))
    run("encode", lines, out)
    run("encode", "--schema", schema, lines, out)
    run("encode", "--by", text, lines, out)
    lines.write_text(f'{{"{text}": {{"${text}": 1}}}}')
    run("encode", lines, out)
    run("encode", "--codec", text, lines, out)


def test_commands_print_through_one_module() -> None:
    for path in Path(output.__file__).parent.glob("*.py"):
        if path.name not in {"output.py", "program.py"}:
            assert not re.search(r"\bprint\(|sys\.std(out|err)\b(?!\.isatty)", path.read_text()), path


@given(TEXTS)
def test_text_is_shown_as_python_writes_it(text: str) -> None:
    assert eval(f'"{output.escaped(text.replace(chr(92), "/")).replace(chr(34), chr(39))}"') == text.replace("\\", "/").replace(
        '"', "'"
    )


STORE_COMMANDS = [
    ["status"],
    ["status", "--json"],
    ["verify"],
    ["verify", "--json"],
    ["doctor"],
    ["doctor", "--json"],
    ["archive"],
    ["compact"],
    ["collect"],
    ["expire", "--older-than", "1d"],
    ["reindex"],
    ["reindex", "--json"],
    ["reset", "--dry-run"],
    ["read", "--dataset", NASTY, "--table", "notes"],
    ["read", "--dataset", NASTY, "--table", "notes", "--format", "json"],
    ["read", "--dataset", "Sapporo", "--table", NASTY],
    ["ingest", "--dataset", NASTY, "--table", NASTY, "IN"],
    ["table", "add", NASTY, str(EXAMPLES / "weather.avsc")],
]


@pytest.mark.parametrize("command", STORE_COMMANDS, ids=lambda command: " ".join(command).partition("\x1b")[0])
def test_commands_about_a_store(command: list[str], store: Path) -> None:
    """Its rows, objects and their names may be anyone's."""
    nasty = store / NASTY
    nasty.write_text(json.dumps({NASTY: NASTY, "at": 1}))
    for dataset in (NASTY, "Sapporo"):
        run("ingest", "--store", store, "--dataset", dataset, "--table", "notes", "--id", NASTY, nasty)
    arguments = [str(nasty) if word == "IN" else word for word in command]
    run(*arguments, "--store", store)
    for table, column in text_columns(store):
        try:
            sql(store, f"UPDATE {table} SET {column} = {column} || ? WHERE rowid = (SELECT MAX(rowid) FROM {table})", NASTY)
        except sqlite3.Error:  # a column whose values are checked
            continue
        run(*arguments, "--store", store)
        run(*arguments, "--store", nasty)


def text_columns(store: Path) -> list[tuple[str, str]]:
    """Return the columns of text of a store's tables."""
    with closing(sqlite3.connect(store / "hotcold.db")) as database:
        query = """SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
          WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.type IN ('TEXT', 'BLOB')"""
        return database.execute(query).fetchall()


@pytest.mark.parametrize("command", [["recode", "--codec", "null", "-o", "-"], ["concat", "-o", "-"], ["salvage", "-o", "-"]])
def test_a_container_file_is_nothing_for_a_terminal(command: list[str], weather: Path) -> None:
    assert "Obj" not in in_terminal([*COMMAND, *command, str(weather)], code=1)


def test_the_progress_of_a_file_of_any_name(tmp_path: Path) -> None:
    lines = tmp_path / "[red]x[-]\x9b31m"
    lines.write_bytes((EXAMPLES / "weather.ndjson").read_bytes())
    printed = in_terminal([*COMMAND, "encode", str(lines), str(tmp_path / "out.avro")], stream="stderr")
    assert r"[red]x[-]\x9b31m" in printed
