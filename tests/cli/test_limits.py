"""--max-block and --limits: what a file may cost can be said, at each limit and one below it, and errors name the option."""

import json
from pathlib import Path
from typing import Any

import pytest

from avro_ocf import Limits, Writer, parse_schema
from avro_ocf.cli.limits import limit_values, quantity, way_out
from tests.cli.commands import Run

pytestmark = pytest.mark.host


DEEP = 150
"""More than any default for depth."""

READERS = [
    ["cat"],
    ["head"],
    ["verify"],
    ["recode", "--codec", "null", "-o", "out.avro"],
    ["concat", "-o", "out.avro"],
    ["salvage", "-o", "out.avro"],
    ["count"],
    ["index"],
    ["schema"],
    ["meta"],
]
"""Each command about a file, in the order of how much of it they read."""


def nested(depth: int) -> Any:
    """Return a schema of that many records inside one another, the type's name last."""
    schema: Any = "int"
    for level in range(depth):
        schema = {"type": "record", "name": f"R{level}", "fields": [{"name": "f", "type": schema}]}
    return schema


def nested_value(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"f": value}
    return value


def write(path: Path, schema: Any, *records: Any, codec: str = "null") -> int:
    """Write one block, and return the size of the header."""
    free = Limits(*[1 << 30] * len(Limits._fields))
    with Writer(path, parse_schema(schema, limits=free), codec) as writer:
        writer.write_block(records)
    return writer.header.size


def check(run: Run, command: list[str], name: str, least: int) -> None:
    """Check that a command needs a limit of `least` on the file a.avro, and what it tells of one below that."""
    option = "--max-block BYTES" if name == "block_bytes" else f"--limits {name}=N"
    done = run(*command, "--limits", f"{name}={least - 1}", "a.avro", code=1)
    assert f"limits.{name}" in done.stderr.decode()
    assert done.stderr.decode().endswith(f"; {option} allows more\n")
    run(*command, "--limits", f"{name}={least}", "a.avro")


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_header_bytes(run: Run, tmp_path: Path, command: list[str]) -> None:
    check(run, command, "header_bytes", write(tmp_path / "a.avro", "int", 1))


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_schema_nodes_and_depth(run: Run, tmp_path: Path, command: list[str]) -> None:
    write(tmp_path / "a.avro", nested(3), nested_value(3))
    check(run, command, "schema_nodes", 7)
    check(run, command, "schema_depth", 3)


@pytest.mark.parametrize("command", READERS[:-2], ids=" ".join)
def test_block_bytes(run: Run, tmp_path: Path, command: list[str]) -> None:
    write(tmp_path / "a.avro", "double", *[1.5] * 100)
    if command[0] != "salvage":
        check(run, command, "block_bytes", 800)
        assert run(*command, "--max-block", 799, "a.avro", code=1).stderr.endswith(b"; --max-block BYTES allows more\n")
    run(*command, "--max-block", "1K", "a.avro")


@pytest.mark.parametrize("command", READERS[:3], ids=" ".join)
def test_what_a_datum_may_cost(run: Run, tmp_path: Path, command: list[str]) -> None:
    write(tmp_path / "a.avro", {"type": "array", "items": {"type": "array", "items": "null"}}, [[None, None], [None]])
    check(run, command, "zero_byte_items", 3)
    tree = {"type": "record", "name": "T", "fields": [{"name": "f", "type": [{"type": "array", "items": "T"}, "int"]}]}
    write(tmp_path / "a.avro", tree, {"f": [{"f": [{"f": 1}]}]})
    check(run, command, "datum_depth", 5)


def test_a_block_larger_than_the_default(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.avro", "bytes", *[bytes(1 << 20)] * 65, codec="deflate")
    assert b"limits.block_bytes, 67108864; --max-block BYTES allows more" in run("verify", "a.avro", code=1).stderr
    assert run("verify", "--max-block", "1G", "a.avro").stdout == b"a.avro: ok, 65 records\n"
    assert run("count", "a.avro").stdout == b"65\n"
    run("recode", "--codec", "bzip2", "--max-block", "66M", "a.avro", "-o", "a.avro")
    assert run("verify", "--limits", "block_bytes=66M", "a.avro").stdout == b"a.avro: ok, 65 records\n"


def test_schemas_deeper_than_the_default(run: Run, tmp_path: Path) -> None:
    """A reader's schema, the schema to encode by, and one that is inferred."""
    deeper = ["--limits", f"schema_depth={DEEP},datum_depth={DEEP}"]
    line = json.dumps(nested_value(DEEP), separators=(",", ":")).encode() + b"\n"
    (tmp_path / "s.avsc").write_text(json.dumps(nested(DEEP)))
    for arguments in (["encode", "--schema", "s.avsc", "-", "a.avro"], ["encode", "-", "b.avro"]):
        done = run(*arguments, stdin=line, code=1)
        assert b"; --limits schema_depth=N allows more" in done.stderr or b"nested more than" in done.stderr
    run("encode", *deeper, "--schema", "s.avsc", "-", "a.avro", stdin=line)
    assert run("cat", *deeper, "a.avro").stdout == line
    assert b"; --limits schema_depth=N allows more" in run("cat", "--reader-schema", "s.avsc", "a.avro", code=1).stderr
    assert run("cat", *deeper, "--reader-schema", "s.avsc", "a.avro").stdout == line
    assert b"; --limits schema_depth=N allows more" in run("codegen", "s.avsc", code=1).stderr
    run("codegen", *deeper, "s.avsc")


def test_a_datum_deeper_than_the_stack(run: Run, tmp_path: Path) -> None:
    tree = {"type": "record", "name": "T", "fields": [{"name": "f", "type": ["null", "T"]}]}
    value: Any = None
    for _ in range(800):
        value = {"f": value}
    write(tmp_path / "a.avro", tree, value)
    assert b"; --limits datum_depth=N allows more" in run("cat", "a.avro", code=1).stderr
    assert run("verify", "--limits", "datum_depth=1000", "a.avro").stdout == b"a.avro: ok, 1 record\n"
    done = run("cat", "--limits", "datum_depth=1000", "a.avro", code=1)
    assert done.stderr == b"avro-ocf: nested deeper than Python's stack allows\n"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("1000", 1000), ("64K", 65_536), ("256M", 1 << 28), ("2G", 1 << 31), ("0", None), ("", None), ("K", None)],
)
def test_quantities(run: Run, text: str, number: int | None) -> None:
    if number is None:
        assert b"is not a whole number of at least 1" in run("count", f"--max-block={text}", "a", code=2).stderr
    else:
        assert quantity(text) == number
        assert limit_values(f"datum_depth={text},block_bytes=5") == {"datum_depth": number, "block_bytes": 5}


@pytest.mark.parametrize(
    "text", ["", "block", "blocks=1", "datum_depth", "datum_depth=-1", "datum_depth=1.5", "datum_depth=1,,", "=1"]
)
def test_limits_that_are_none(run: Run, text: str) -> None:
    assert b"argument --limits: " in run("count", f"--limits={text}", "a", code=2).stderr


def test_limits_are_for_files(run: Run, store: Path) -> None:
    assert b"are for a file" in run("verify", "--store", store, "--max-block", "1G", code=2).stderr


def test_a_message_about_no_limit_of_the_command() -> None:
    from argparse import Namespace

    assert way_out(Namespace(), "limits.block_bytes is 5") == ""
    assert way_out(Namespace(max_block=None), "limits.speed is 5") == ""
    assert way_out(Namespace(max_block=None, store="s"), "limits.block_bytes is 5") == ""
