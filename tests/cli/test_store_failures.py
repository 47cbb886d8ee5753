"""What goes wrong with a store is one line and code 1, and takes nothing else with it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import EXAMPLES, Run, json_lines
from tests.cli.stores import EARLY, LATE, NOTES, STATIONS, Place, assert_reads_right, place_of, read_records, sql, station_records

pytestmark = pytest.mark.host

GOOD = b'{"station":"Sapporo","time":1,"temp":1}\n'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"station":"A","time":1,"temp":"warm"}\n', "line 3: temp: expected a float, not the str 'warm'"),
        (b'{"station":"A","time":1}\n', "line 3: temp: "),
        (b'{"station":"A","time":1,"temp":1,"wind":3}\n', "line 3: "),
        (b'{"station":"A","time":-1,"temp":1}\n', "line 3: time: -1 is not a time"),
        (b'{"station":"A","time":9007199254740991,"temp":1}\n', "line 3: time: 9007199254740991 is not a time"),
        (b'{"station":"A","time":1.5,"temp":1}\n', "line 3: time: "),
        (b'{"station":"A","time":NaN,"temp":1}\n', "line 3: NaN is not JSON"),
        (b'{"station":"A","time":{"$float":"NaN"},"temp":1}\n', "line 3: time: "),
        (b'{"station":"A"\n', "line 3: not JSON"),
        (b'{"station":"\xff"}\n', "line 3: not UTF-8"),
        (b"7\n", "line 3: "),
    ],
)
def test_a_bad_line_is_named_with_its_field(run: Run, store: Path, body: bytes, message: str) -> None:
    command = ("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "weather")
    done = run(*command, "-", stdin=GOOD + b"\n" + body + GOOD, code=1)
    assert done.stdout == b""
    assert done.stderr.decode().startswith(f"avro-ocf: stdin, {message}")
    (store.parent / "in.ndjson").write_bytes(GOOD + b"\n" + body)
    assert run(*command, "in.ndjson", code=1).stderr.decode().startswith(f"avro-ocf: in.ndjson, {message}")
    assert read_records(run, "Sapporo", "weather") == station_records("Sapporo")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'[{"a":1},{"a":NaN}]', "stdin, record 1: NaN is not JSON"),
        (b'[{"a":1},\n{"a":1},]', "stdin, line 2: not JSON: Expecting value, at column 9"),
        (b'[{"a":1},[{"a":1}]]', "stdin, record 1: a record is a dict, not list"),
        (b'[{"a":1},{"a":[1,{"b":123456789012345678901}]}]', "stdin, record 1: a[1].b: the number has 67 bits"),
        (b'{"a":[1,{"b":"\\ud800"}]}', "stdin, line 1: a[1].b: the text has half a surrogate pair"),
        (b'{"a":1}\n[1]', "stdin, line 2: a record is a dict, not list"),
        (b'["\xff"]', "stdin: not UTF-8: "),
        (b"[" * 1000, "stdin: nested too deeply"),
        (b"Obj\x01", "stdin: "),
        (b"Obj\x01garbage", "stdin: byte "),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_bad_body_for_a_table_of_json(run: Run, body: bytes, message: str) -> None:
    done = run("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "notes", "-", stdin=body, code=1)
    assert done.stderr.decode().startswith(f"avro-ocf: {message}")
    assert read_records(run, "Sapporo", "notes") == NOTES


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:300], lambda data: data[:-1] + bytes([data[-1] ^ 1])]
)
def test_a_damaged_file_is_not_stored(run: Run, store: Path, damage: Callable[[bytes], bytes]) -> None:
    run("encode", "--schema", EXAMPLES / "weather.avsc", EXAMPLES / "weather.ndjson", "in.avro")
    (store.parent / "in.avro").write_bytes(damage((store.parent / "in.avro").read_bytes()))
    done = run("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "weather", "in.avro", code=1)
    assert done.stderr.startswith(b"avro-ocf: in.avro: byte ")
    assert read_records(run, "Sapporo", "weather") == station_records("Sapporo")


def test_a_file_of_a_schema_that_does_not_resolve(run: Run, store: Path) -> None:
    run("encode", "-", "in.avro", stdin=b'{"n":1}\n')
    done = run("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "weather", "in.avro", code=1)
    assert done.stderr.startswith(b"avro-ocf: in.avro: ")
    assert_reads_right(run, ["Sapporo"])
    assert sql(store, "SELECT COUNT(*) FROM buffer_logs") == [(26,)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "", "--table", "notes"], "dataset_id: it has 0 characters, not 1 to 512"),
        (["--dataset", "y" * 10_000, "--table", "notes"], "dataset_id: it has 10000 characters, not 1 to 512"),
        (["--dataset", "a\nb", "--table", "notes"], "dataset_id: 'a\\nb' has a control character"),
        (["--dataset", b"\xff", "--table", "notes"], "dataset_id: '\\udcff' has a control character or half a surrogate pair"),
        *(
            (["--dataset", "Sapporo", f"--table={name}"], f"table: {name!r} is not 1 to 128 of the characters")
            for name in ("a/b", "a::b", "..", "a..b", "it's", '"q"', "🚢", "-a", ".a", "", " ")
        ),
        (["--dataset", "Sapporo", "--table", "y" * 10_000], f"table: '{'y' * 64}...' is not 1 to 128 of the characters"),
    ],
    ids=str,
)
def test_a_name_that_cannot_be_one(run: Run, store: Path, options: list[str], message: str) -> None:
    done = run("ingest", "--store", "store", *map(os.fsdecode, options), "-", stdin=b'{"a":1}', code=1)
    assert done.stderr.decode().startswith(f"avro-ocf: {message}")
    assert sql(store, "SELECT COUNT(*) FROM buffer_logs") == [(26,)]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--period", "a/b", "period_tag: 'a/b' is not 1 to 128"),
        ("--period", "..", "period_tag: '..' is not 1 to 128"),
        ("--period", "y" * 10_000, f"period_tag: '{'y' * 64}...' is not 1 to 128"),
        ("--id", "", "upload_id: it has 0 characters"),
        ("--id", "y" * 513, "upload_id: it has 513 characters"),
        ("--uploaded-by", "a\tb", "uploaded_by: 'a\\tb' has a control character"),
        ("--timestamp", "9007199254740991", "timestamp: 9007199254740991 is not a time from 0 to 9007199254740990 ms"),
        ("--table-version", "7", "table 'notes' has no version 7"),
    ],
)
@pytest.mark.usefixtures("store")
def test_an_option_that_cannot_be_one(run: Run, option: str, value: str, message: str) -> None:
    command = ("ingest", "--store", "store", "--dataset", "Sapporo", "--table", "notes", option, value, "-")
    assert run(*command, stdin=b'{"a":1}', code=1).stderr.decode().startswith(f"avro-ocf: {message}")
    assert read_records(run, "Sapporo", "notes") == NOTES


@pytest.mark.usefixtures("store")
def test_what_is_not_there(run: Run) -> None:
    read = ("read", "--store", "store", "--dataset", "Sapporo", "--table")
    for form in ("ndjson", "json", "ocf"):
        done = run(*read, "unknown", "--format", form, code=1)
        assert (done.stdout, done.stderr) == (b"", b"avro-ocf: there is no table 'unknown'\n")
    done = run("ingest", "--store", "store", "--dataset", "a", "--table", "notes", "none.ndjson", code=1)
    assert done.stderr == b"avro-ocf: none.ndjson: No such file or directory\n"
    done = run("table", "add", "t", "none.avsc", "--store", "store", code=1)
    assert done.stderr == b"avro-ocf: none.avsc: No such file or directory\n"
    done = run("read", "--store", "store", "--dataset", "y" * 513, "--table", "notes", code=1)
    assert done.stderr == b"avro-ocf: dataset_id: it has 513 characters, not 1 to 512\n"
    done = run(*read, "a/b", code=1)
    assert done.stderr.startswith(b"avro-ocf: table: 'a/b' is not 1 to 128 of the characters")
    done = run(*read, "notes", "--from", "9007199254740991", code=1)
    assert done.stderr.startswith(b"avro-ocf: from_ms: 9007199254740991 is not a time")


COMMANDS = [
    ["status"],
    ["archive"],
    ["verify"],
    ["doctor"],
    ["read", "--dataset", "Sapporo", "--table", "notes"],
    ["ingest", "--dataset", "Sapporo", "--table", "notes", "-"],
    ["reset", "--yes"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0]))
def test_a_folder_or_database_that_is_something_else(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert run(*command, "--store", "file", code=1).stderr == b"avro-ocf: file: not a folder\n"
    text = b"It is no database. " * 100
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "hotcold.db").write_bytes(text)
    done = run(*command, "--store", "text", code=1)
    assert b"text/hotcold.db: file is not a database; restore it from a backup" in done.stdout + done.stderr
    assert (tmp_path / "text" / "hotcold.db").read_bytes() == text
    (tmp_path / "folder" / "hotcold.db").mkdir(parents=True)
    done = run(*command, "--store", "folder", code=1)
    assert b"folder/hotcold.db: unable to open database file" in done.stdout + done.stderr


def test_objects_are_not_left_to_an_empty_database(run: Run, store: Path) -> None:
    """It would know none of them, and collecting would delete them."""
    database = store / "hotcold.db"
    whole = database.read_bytes()
    missing = b"store/hotcold.db: missing or empty, but there are objects in store/cold: restore it from a backup, or run reindex"
    database.unlink()
    for command in [*COMMANDS, ["collect"]]:
        assert run(*command, "--store", "store", stdin=b'{"a":1}', code=1).stderr == b"avro-ocf: " + missing + b"\n"
    assert not database.exists()
    for content in (b"", b"SQLite format 3"):
        database.write_bytes(content)
        assert run("collect", "--store", "store", code=1).stderr == b"avro-ocf: " + missing + b"\n"
    database.write_bytes(whole)
    assert_reads_right(run, ["Sapporo"])


def test_a_database_of_a_newer_version_is_left_alone(run: Run, store: Path) -> None:
    sql(store, "UPDATE schema_version SET version = 999")
    for command in COMMANDS:
        done = run(*command, "--store", "store", stdin=b'{"a":1}', code=1)
        assert b"the database has version 999, and this library works up to 2: update it" in done.stdout + done.stderr
    sql(store, "UPDATE schema_version SET version = 1")
    assert sql(store, "SELECT COUNT(*) FROM buffer_logs") == [(26,)]
    assert_reads_right(run, ["Sapporo"])


# Objects that are not what was put


def missing(place: Place) -> None:
    place.path.unlink()


def truncated(place: Place) -> None:
    place.path.write_bytes(place.path.read_bytes()[: place.start_byte + place.length - 1])


def swapped(place: Place) -> None:
    other = place_of(place.path.parents[2], LATE[0])
    first, second = place.path.read_bytes(), other.path.read_bytes()
    place.path.write_bytes(second)
    other.path.write_bytes(first)


def damaged(place: Place) -> None:
    data = bytearray(place.path.read_bytes())
    data[place.start_byte + place.length // 2] ^= 1
    place.path.write_bytes(data)


def marked(place: Place) -> None:
    data = bytearray(place.path.read_bytes())
    data[place.start_byte + place.length - 1] ^= 1
    place.path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "read_error", "verify_problem", "unread"),
    [
        (missing, "the object is missing", "the object is missing", EARLY),
        (truncated, "the object ends inside the block, after", "its blocks end at byte", EARLY[:1]),
        (swapped, "checksum", "checksum of the object differs", STATIONS),
        (damaged, "the checksum of the block differs", "checksum of the object differs", EARLY[:1]),
        (marked, "the checksum of the block differs", "checksum of the object differs", EARLY[:1]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_object_is_an_error_never_other_records(
    run: Run, store: Path, damage: Callable[[Place], None], read_error: str, verify_problem: str, unread: tuple[str, ...]
) -> None:
    """Blocks of the object that are whole are read, and so are all other objects and what is hot."""
    places = {station: place_of(store, station) for station in EARLY}
    last = max(places, key=lambda station: places[station].start_byte)
    damage(places[last])
    unread = (last,) if len(unread) == 1 else unread
    key = places[last].path.relative_to(store / "cold").as_posix()
    for station in unread:
        done = run("read", "--store", "store", "--dataset", station, "--table", "weather", code=1)
        assert read_error in done.stderr.decode() or "the object ends inside the block" in done.stderr.decode()
        assert json_lines(done.stdout) == []
    assert key in run("read", "--store", "store", "--dataset", last, "--table", "weather", code=1).stderr.decode()
    first_hot = station_records(last)[15]["time"]
    assert read_records(run, last, "weather", "--from", first_hot) == station_records(last)[15:]
    assert_reads_right(run, [station for station in STATIONS if station not in unread])
    for options in ([], ["--repair"]):
        done = run("verify", "--store", "store", *options, code=1)
        assert verify_problem in done.stdout.decode()
        assert key in done.stdout.decode()
        assert b"not repaired" in done.stderr
    assert run("archive", "--store", "store").stderr == b""
    assert run("ingest", "--store", "store", "--dataset", last, "--table", "weather", "-", stdin=GOOD).stderr == b""
    assert run("compact", "--store", "store", code=1).stderr.decode().startswith(f"avro-ocf: {key}")


def test_a_damaged_row(run: Run, store: Path) -> None:
    """What comes before it in time is printed, and nothing after it."""
    sql(store, "UPDATE buffer_logs SET data = x'ff' WHERE id = (SELECT MIN(id) FROM buffer_logs WHERE dataset_id = 'Nemuro')")
    done = run("read", "--store", "store", "--dataset", "Nemuro", "--table", "weather", code=1)
    assert json_lines(done.stdout) == station_records("Nemuro")[:15]
    assert b"of buffer_logs cannot be read: " in done.stderr
    done = run("read", "--store", "store", "--dataset", "Nemuro", "--table", "weather", "--format", "json", code=1)
    assert done.stdout.startswith(b"[{")
    assert b"]" not in done.stdout
    assert_reads_right(run, [station for station in STATIONS if station != "Nemuro"])
    assert b"cannot be read" in run("verify", "--store", "store", code=1).stdout
    run("archive", "--store", "store")
    text = run("status", "--store", "store").stdout.decode()
    assert "\n\nquarantine\n" in text
    assert b"1 records in quarantine" in run("doctor", "--store", "store", code=1).stdout
    assert_reads_right(run, [station for station in STATIONS if station != "Nemuro"])


WITHOUT_RIGHTS = """
import os, sys
from avro_ocf.cli.program import main
arguments = ["--dataset", "a", "--table", "notes", "in.ndjson"]
assert main(["ingest", "--store", "other", *arguments]) == 0  # everything is imported then
if os.geteuid() == 0:  # root may write anywhere
    os.setgid(65534)
    os.setuid(65534)
sys.exit(main(["ingest", "--store", "store", *arguments]))
"""


def test_a_damaged_report_of_a_run(run: Run, store: Path) -> None:
    sql(store, "UPDATE archive_runs SET report = report || 'x'")
    told = "table archive_runs: the report of a run is not JSON: Extra data"
    assert run("status", "--store", "store", code=1).stderr.decode().startswith(f"avro-ocf: {told}")
    assert told in run("doctor", "--store", "store", code=1).stdout.decode()
    assert_reads_right(run)


def test_a_folder_that_cannot_be_written(made_store: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # that of pytest cannot be entered without rights
        folder = Path(name)
        folder.chmod(0o755)
        store = shutil.copytree(made_store, folder / "store")
        (folder / "in.ndjson").write_text("{}")
        paths = [store, *store.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = {path: path.read_bytes() for path in paths if path.is_file()}
        done = subprocess.run([sys.executable, "-c", WITHOUT_RIGHTS], capture_output=True, cwd=folder, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(b"avro-ocf: store/hotcold.db: attempt to write a readonly database; ")
        assert done.stderr.count(b"\n") == 1
        assert {path: path.read_bytes() for path in before} == before
        for path in paths:
            path.chmod(0o755)
