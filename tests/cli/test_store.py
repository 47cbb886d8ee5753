"""table add, ingest, read: records into a store and back."""

import codecs
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from avro_ocf import Reader, Writer
from tests.cli.commands import COMMAND, EXAMPLES, Run
from tests.cli.stores import NOTES, NOTES_MS, assert_reads_right, read_records, sql, station_records

pytestmark = pytest.mark.host

SCHEMA = EXAMPLES / "weather.avsc"


def lines(records: list[Any]) -> bytes:
    """Return records as JSON lines."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def ingest(run: Run, dataset: str, table: str, *more: object, stdin: bytes, code: int = 0) -> Any:
    """Run `ingest` and return its report, or what it says on stderr."""
    command = ("ingest", "--store", "store", f"--dataset={dataset}", "--table", table, "--json", *more, "-")
    done = run(*command, stdin=stdin, code=code)
    return json.loads(done.stdout) if not code else done.stderr.decode()


def test_a_table_gets_versions(run: Run, tmp_path: Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    schema["fields"].append({"name": "wind", "type": "double", "default": 0})
    (tmp_path / "wind.avsc").write_text(json.dumps(schema))
    add = ("table", "add", "weather", "--store", "new/store")
    assert run(*add, SCHEMA, "--timestamp-field", "time").stdout == b"1\n"
    assert run(*add, SCHEMA).stdout == b"1\n"
    assert run(*add, "wind.avsc").stdout == b"2\n"
    assert (tmp_path / "new" / "store" / "hotcold.db").is_file()
    fields = sql(tmp_path / "new" / "store", "SELECT timestamp_field FROM table_schemas")
    assert fields == [("time",), ("time",)]


@pytest.mark.parametrize(
    ("name", "schema", "more", "message"),
    [
        ("weather", '"int"', [], "a table's schema is a record, not int"),
        ("weather", '{"type": "record", "name": "R", "fields": []', [], "s.avsc: not JSON"),
        ("weather", '{"type": "record", "name": "R", "fields": [{"name": "new", "type": "int"}]}', [], "there is no such field"),
        ("weather", SCHEMA.read_text(), ["--timestamp-field", "temp"], "temp: a timestamp field is a long"),
        ("weather", SCHEMA.read_text(), ["--timestamp-field", "station"], "station: a timestamp field is a long"),
        ("notes", SCHEMA.read_text(), [], "table 'notes' already holds records without a schema"),
        ("a/b", SCHEMA.read_text(), [], "table: 'a/b' is not 1 to 128 of the characters"),
    ],
)
def test_a_schema_that_a_table_cannot_have(run: Run, store: Path, name: str, schema: str, more: list[str], message: str) -> None:
    (store.parent / "s.avsc").write_text(schema)
    done = run("table", "add", name, "s.avsc", "--store", "store", *more, code=1)
    assert message in done.stderr.decode()
    assert sql(store, "SELECT table_name, table_version FROM table_schemas") == [("weather", 1)]


def test_a_version_must_read_what_those_before_have_written(run: Run, store: Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    schema["fields"].append({"name": "wind", "type": "double"})
    (store.parent / "s.avsc").write_text(json.dumps(schema))
    done = run("table", "add", "weather", "s.avsc", "--store", "store", code=1)
    assert b"wind: it cannot read version 1 of table 'weather'" in done.stderr


def test_lines_an_array_and_a_file_are_the_same(run: Run, store: Path) -> None:
    records = station_records("Sapporo")
    run("encode", "--schema", SCHEMA, "-", "in.avro", stdin=lines(records))
    bodies = {
        "lines": lines(records),
        "array": json.dumps(records, indent=2).encode(),
        "file": (store.parent / "in.avro").read_bytes(),
    }
    for dataset, body in bodies.items():
        assert ingest(run, dataset, "weather", stdin=body)["record_count"] == 20
        assert read_records(run, dataset, "weather") == records
    for dataset, body in bodies.items():
        (store.parent / dataset).write_bytes(body)
        run("ingest", "--store", "store", "--dataset", dataset, "--table", "weather", dataset)
        assert len(read_records(run, dataset, "weather")) == 40


def test_the_report_of_an_upload(run: Run) -> None:
    command = ("ingest", "--store", "store", "--dataset", "A", "--table", "t", "--id", "a", "-")
    assert run(*command, stdin=b'{"n":1}\n').stdout == (
        b"name           value\nupload_id      a\ntable_version  0\nrecord_count   1\nis_replay      no\n"
    )
    assert json.loads(run(*command, "--json", stdin=b'[{"n":1}]').stdout) == {
        "upload_id": "a",
        "table_version": 0,
        "record_count": 1,
        "is_replay": True,
    }
    assert ingest(run, "A", "t", stdin=b"")["record_count"] == 0
    assert read_records(run, "A", "t") == [{"n": 1}]


def test_the_options_of_an_upload(run: Run, store: Path) -> None:
    options = ("--timestamp", 5, "--period", "v1.2", "--uploaded-by", "a client", "--table-version", 0)
    ingest(run, "Sapporo", "notes", *options, stdin=b'{"early": true}')
    row = sql(store, "SELECT timestamp, period_tag, uploaded_by, table_version FROM buffer_logs ORDER BY id DESC LIMIT 1")
    assert row == [(5, "v1.2", "a client", 0)]
    assert read_records(run, "Sapporo", "notes") == [{"early": True}, *NOTES]
    run("archive", "--store", "store")
    assert len(list((store / "cold" / "notes").glob("v1.2-*.avro"))) == 1


def test_an_upload_may_be_of_an_older_version(run: Run, store: Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    schema["fields"].append({"name": "wind", "type": "double", "default": 2})
    (store.parent / "wind.avsc").write_text(json.dumps(schema))
    run("table", "add", "weather", "wind.avsc", "--store", "store")
    old = station_records("Sapporo")[:1]
    run("encode", "--schema", SCHEMA, "-", "old.avro", stdin=lines(old))
    file = (store.parent / "old.avro").read_bytes()
    assert ingest(run, "A", "weather", "--table-version", 1, stdin=lines(old))["table_version"] == 1
    assert ingest(run, "A", "weather", stdin=file)["table_version"] == 1
    assert ingest(run, "A", "weather", "--table-version", 2, stdin=file)["table_version"] == 2
    assert ingest(run, "A", "weather", stdin=lines(old))["table_version"] == 2
    assert read_records(run, "A", "weather") == [{**old[0], "wind": 2.0}] * 4
    assert read_records(run, "Nemuro", "weather") == [{**record, "wind": 2.0} for record in station_records("Nemuro")]


@pytest.mark.usefixtures("store")
def test_an_upload_is_known_again_also_when_it_is_cold(run: Run) -> None:
    records = station_records("Sapporo")[:15]
    report = ingest(run, "Sapporo", "weather", "--id", "early", "--period", "2025-11", stdin=lines(records))
    assert report == {"upload_id": "early", "table_version": 1, "record_count": 15, "is_replay": True}
    other = ingest(run, "Sapporo", "weather", "--id", "early", stdin=lines(records[:1]), code=1)
    assert "upload 'early' of dataset 'Sapporo' is there with other content" in other
    assert_reads_right(run)


NAMES = ["a/b", "a::b", "..", "../../etc/passwd", 'it\'s "quoted"', "🚢 知床", "-x", "%_'; DROP TABLE buffer_logs; --", "y" * 512]


@pytest.mark.slow
def test_a_dataset_may_have_any_name(run: Run, store: Path) -> None:
    before = sorted(store.parent.rglob("*"))
    for name in NAMES:
        ingest(run, name, "notes", f"--id={name}", stdin=json.dumps({"of": name}).encode())
    assert [read_records(run, name, "notes") for name in NAMES] == [[{"of": name}] for name in NAMES]
    assert sorted(store.parent.rglob("*")) == before
    run("archive", "--store", "store")
    assert [read_records(run, name, "notes") for name in NAMES] == [[{"of": name}] for name in NAMES]
    assert {path.parent.name for path in store.rglob("*.avro")} == {"notes", "weather"}
    assert_reads_right(run, ["Sapporo"])


@pytest.mark.usefixtures("store")
def test_records_come_in_order_of_time_and_in_ranges(run: Run) -> None:
    times = [record["time"] for record in station_records("Nemuro")]
    start, end = times[12], times[17]  # the first three are cold, the other two hot
    for options, wanted in (
        (("--from", start, "--to", end), slice(12, 17)),
        (("--from", start + 1), slice(13, None)),
        (("--to", end + 1), slice(None, 18)),
        (("--from", end, "--to", start), slice(0, 0)),
        (("--from", 0, "--to", 9 * 10**30), slice(None)),
    ):
        assert read_records(run, "Nemuro", "weather", *options) == station_records("Nemuro")[wanted]
    assert read_records(run, "Sapporo", "notes", "--from", NOTES_MS[2]) == NOTES[2:]


@pytest.mark.usefixtures("store")
def test_the_formats_of_a_read(run: Run, tmp_path: Path) -> None:
    read = ("read", "--store", "store", "--dataset", "Sapporo", "--table")
    for table, wanted in (("weather", station_records("Sapporo")), ("notes", NOTES)):
        array = run(*read, table, "--format", "json").stdout
        assert json.loads(array) == wanted
        assert run(*read, table, "--format", "ndjson").stdout == array.replace(b"[{", b"{").replace(b"\n,", b"\n")[:-2]
        (tmp_path / "out.avro").write_bytes(run(*read, table, "--format", "ocf").stdout)
        with Reader(tmp_path / "out.avro") as reader:
            assert list(reader) == wanted
    assert run(*read, "weather", "--to", 0, "--format", "json").stdout == b"[]\n"
    assert run(*read, "weather", "--to", 0).stdout == b""
    assert run("count", "-", stdin=run(*read, "weather", "--to", 0, "--format", "ocf").stdout).stdout == b"0\n"
    assert run("read", "--store", "store", "--dataset", "nobody", "--table", "weather").stdout == b""


def test_what_json_has_no_word_for(run: Run, tmp_path: Path) -> None:
    """A table with a schema prints and takes tags; without one, a record that has a tag's looks is that record."""
    at = {"type": "long", "logicalType": "timestamp-micros"}
    fields = [{"name": "at", "type": at}, {"name": "data", "type": "bytes"}, {"name": "x", "type": "double"}]
    (tmp_path / "s.avsc").write_text(json.dumps({"type": "record", "name": "R", "fields": fields}))
    run("table", "add", "tagged", "s.avsc", "--store", "store", "--timestamp-field", "at")
    line = b'{"at":{"$timestamp":"2026-11-24T09:30:00Z"},"data":{"$bytes":"3q0="},"x":{"$float":"-Infinity"}}\n'
    for table in ("tagged", "plain"):
        ingest(run, "A", table, stdin=line)
        for step in ("archive", "status"):
            assert run("read", "--store", "store", "--dataset", "A", "--table", table).stdout == line
            run(step, "--store", "store")
    assert read_records(run, "A", "tagged", "--from", 1_795_512_600_000, "--to", 1_795_512_600_001)


def test_a_reader_that_goes_away_ends_the_read_quietly(run: Run, tmp_path: Path) -> None:
    """The records do not fit in the buffer of any pipe."""
    line = b'{"text":"abcdefghijklmnopqrstuvwxyz"}\n'
    ingest(run, "A", "big", stdin=line * 20_000)
    command = [*COMMAND, "read", "--store", "store", "--dataset", "A", "--table", "big"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == line
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


def test_a_mistyped_folder_makes_no_store(run: Run, tmp_path: Path) -> None:
    of_one_word = ("status", "verify", "doctor", "archive", "compact", "collect", "pause", "resume")
    of_more = (
        ["read", "--dataset", "A", "--table", "t"],
        ["reset", "--dry-run"],
        ["reset", "--yes"],
        ["expire", "--older-than", "1d"],
    )
    for command in (*([word] for word in of_one_word), *of_more):
        done = run(*command, "--store", "none", code=1)
        assert done.stderr == b"avro-ocf: none: there is no store: none/hotcold.db is missing or empty\n"
    assert not (tmp_path / "none").exists()


def test_what_brings_something_in_makes_a_store(run: Run, tmp_path: Path) -> None:
    run("ingest", "--store", "made/1", "--dataset", "A", "--table", "t", "-", stdin=b"{}")
    run("table", "add", "weather", EXAMPLES / "weather.avsc", "--store", "made/2")
    run("reindex", "--store", "made/3")
    for place in "123":
        assert (tmp_path / "made" / place / "hotcold.db").is_file()
        run("archive", "--store", f"made/{place}")


@pytest.mark.usefixtures("store")
def test_what_is_no_json_is_refused_by_a_table_of_json(run: Run, tmp_path: Path) -> None:
    with Writer(tmp_path / "bytes.avro", {"type": "record", "name": "R", "fields": [{"name": "b", "type": "bytes"}]}) as writer:
        writer.write({"b": b"x"})
    done = run("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "notes", "bytes.avro", code=1)
    assert done.stderr == b"avro-ocf: bytes.avro, record 0: b: bytes is not JSON; only a table with a schema holds it\n"
    with Writer(tmp_path / "ints.avro", '"int"') as writer:
        writer.write(1)
    done = run("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "notes", "ints.avro", code=1)
    assert b"ints.avro, record 0: a record is a dict, not int" in done.stderr
    assert_reads_right(run, ["Sapporo"])


def test_commands_about_files_do_not_load_the_store() -> None:
    program = (
        "import sys; from avro_ocf.cli.program import parser; parser().format_help();"
        "print({'asyncio', 'sqlite3', 'avro_ocf.hotcold', 'avro_ocf.adapters'} & set(sys.modules))"
    )
    done = subprocess.run([COMMAND[0], "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_text_with_a_byte_order_mark(run: Run) -> None:
    for text in (lines(NOTES), json.dumps(NOTES).encode()):
        assert ingest(run, "Nemuro", "notes", stdin=codecs.BOM_UTF8 + text)["record_count"] == len(NOTES)
    assert "stdin: not UTF-8: by its first bytes the text is UTF-16" in ingest(
        run, "Nemuro", "notes", stdin=lines(NOTES).decode().encode("utf-16"), code=1
    )
