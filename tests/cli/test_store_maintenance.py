"""archive, status, verify, expire, compact, collect, reset, reindex, pause, resume, doctor."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import COMMAND, Run, in_terminal
from tests.cli.stores import STATIONS, assert_reads_right, read_records, sql, station_records

pytestmark = pytest.mark.host

HOUR_MS = 3_600_000


def report(run: Run, *command: object, code: int = 0) -> Any:
    """Return the report of a command about `store`, as JSON."""
    done = run(*command, "--store", "store", "--json", code=code)
    assert done.stdout.count(b"\n") == 1
    return json.loads(done.stdout)


def table(data: bytes) -> dict[str, str]:
    """Return the first table of an output, of names and values."""
    head, *rows = [line.split(None, 1) for line in data.decode().split("\n\n")[0].splitlines()]
    assert head == ["name", "value"]
    return {name: value.strip() for name, value in rows}


def test_archive(run: Run, store: Path) -> None:
    archived = report(run, "archive")
    assert archived["result"] == "done"
    assert archived["record_count"] == 26
    assert archived["block_count"] == 6
    assert len(archived["files"]) == 2
    assert all((store / "cold" / path).stat().st_size for path in archived["files"])
    assert sql(store, "SELECT COUNT(*) FROM buffer_logs") == [(0,)]
    again = run("archive", "--store", "store")
    assert again.stderr == b""
    assert table(again.stdout)["record_count"] == "0"
    assert_reads_right(run)


def test_archive_says_when_it_is_paused_or_busy(run: Run, store: Path) -> None:
    assert run("pause", "--store", "store").stdout == b""
    paused = run("archive", "--store", "store")
    assert table(paused.stdout)["result"] == "paused"
    assert paused.stderr == b"archive ended early: paused\n"
    assert report(run, "status")["is_paused"]
    run("resume", "--store", "store")
    now = time.time_ns() // 1_000_000
    sql(store, "UPDATE leases SET holder = 'other', expires_at = ?", now + HOUR_MS)
    busy = run("archive", "--store", "store")
    assert table(busy.stdout)["result"] == "busy"
    assert busy.stderr == b"archive ended early: busy\n"
    sql(store, "UPDATE leases SET expires_at = ?", now - 1)
    assert report(run, "archive")["record_count"] == 26
    assert_reads_right(run, ["Sapporo"])


def test_status(run: Run, store: Path) -> None:
    shown = report(run, "status")
    assert (shown["hot_records"], shown["cold_records"], shown["is_paused"]) == (26, 77, False)
    assert shown["cold_bytes"] == sum(path.stat().st_size for path in store.rglob("*.avro"))
    assert [(row["table_name"], row["hot_records"], row["cold_records"]) for row in shown["tables"]] == [
        ("notes", 1, 2),
        ("weather", 25, 75),
    ]
    assert len(shown["files"]) == 3
    assert all(file["is_consistent"] for file in shown["files"])
    assert [archive["record_count"] for archive in shown["runs"]] == [30, 47]

    text = run("status", "--store", "store").stdout
    values = table(text)
    assert list(values) == list(shown)
    assert values["hot_records"] == "26"
    assert values["files"] == "3"
    titles = [part.splitlines()[0] for part in text.decode().split("\n\n")[1:]]
    assert titles == ["tables", "latest objects", "latest archive runs"]
    for file in shown["files"]:
        assert file["file_path"] in text.decode()


def test_an_empty_store(run: Run) -> None:
    run("reindex", "--store", "store")
    values = table(run("status", "--store", "store").stdout)
    assert values["oldest_row_ms"] == "-"
    assert run("verify", "--store", "store").stdout.splitlines()[1].split() == [b"file_count", b"0"]
    assert report(run, "verify")["is_ok"]
    run("doctor", "--store", "store")


def test_verify_a_good_store(run: Run, store: Path) -> None:
    shown = report(run, "verify")
    assert shown == {
        "file_count": 3,
        "block_count": 6,
        "record_count": 77,
        "hot_records": 26,
        "problems": [],
        "is_ok": True,
    }
    assert table(run("verify", "--store", store).stdout)["problems"] == "0"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM block_indexes WHERE dataset_id = 'Nemuro'", "its index does not fit"),
        ("UPDATE block_indexes SET length = length + 1 WHERE dataset_id = 'Nemuro'", "its index does not fit"),
        ("UPDATE block_indexes SET record_keys = x'00' WHERE dataset_id = 'Nemuro'", "its index does not fit"),
        ("UPDATE ledger SET hot_records = 9 WHERE table_name = 'weather'", "hot_records is 9, not 25"),
    ],
)
def test_verify_repairs_index_and_totals(run: Run, store: Path, damage: str, problem: str) -> None:
    sql(store, damage)
    done = run("verify", "--store", "store", code=1)
    assert problem in done.stdout.decode()
    assert done.stderr == b"avro-ocf: store: 1 problem not repaired\n"
    repaired = report(run, "verify", "--repair")
    assert repaired["is_ok"]
    assert [(entry["is_repaired"], problem in entry["problem"]) for entry in repaired["problems"]] == [(True, True)]
    assert report(run, "verify")["problems"] == []
    assert_reads_right(run)


def test_compact(run: Run, store: Path) -> None:
    run("archive", "--store", "store")
    compacted = report(run, "compact")
    assert (len(compacted["files"]), len(compacted["replaced"]), compacted["record_count"]) == (2, 5, 103)
    assert_reads_right(run)
    assert table(run("compact", "--store", "store").stdout) == {"files": "0", "replaced": "0", "record_count": "0"}
    assert report(run, "status")["dead_files"] == 5
    assert len(list(store.rglob("*.avro"))) == 7
    assert report(run, "verify")["is_ok"]


def test_expire_and_collect(run: Run, store: Path) -> None:
    assert report(run, "expire", "--older-than", "30000d") == {"files": [], "record_count": 0}
    expired = report(run, "expire", "--older-than", "0s")
    assert len(expired["files"]) == 3
    assert expired["record_count"] == 77
    assert read_records(run, "Sapporo", "weather") == station_records("Sapporo")[15:]  # what is hot stays
    assert report(run, "collect") == {"given_up": [], "deleted": [], "strays": [], "unknown": [], "forgotten_uploads": 0}
    sql(store, "UPDATE archived_files SET last_modified_at = last_modified_at - ?", HOUR_MS + 1)
    assert table(run("collect", "--store", "store").stdout)["deleted"] == "3"
    assert list(store.rglob("*.avro")) == []
    assert report(run, "status")["expired_records"] == 77
    assert report(run, "verify")["is_ok"]


@pytest.mark.parametrize(("age", "milliseconds"), [("90s", 90_000), ("3m", 180_000), ("2h", 7_200_000), ("1d", 86_400_000)])
def test_the_units_of_an_age(run: Run, store: Path, age: str, milliseconds: int) -> None:
    now = time.time_ns() // 1_000_000
    sql(store, "UPDATE archived_files SET end_timestamp = ? WHERE table_name = 'notes'", now - milliseconds - 1)
    sql(store, "UPDATE archived_files SET end_timestamp = ? WHERE table_name = 'weather'", now - milliseconds + 60_000)
    assert report(run, "expire", "--older-than", age)["record_count"] == 2


def test_reset(run: Run, store: Path) -> None:
    would = report(run, "reset", "--dry-run")
    assert would == {"is_dry_run": True, "hot_records": 26, "cold_records": 77, "quarantined_records": 0, "files": 3}
    assert_reads_right(run, ["Sapporo"])
    assert table(run("reset", "--store", "store", "--yes").stdout) == {
        "is_dry_run": "no",
        "hot_records": "26",
        "cold_records": "77",
        "quarantined_records": "0",
        "files": "3",
    }
    assert list(store.rglob("*.avro")) == []
    assert [read_records(run, station, "weather") for station in STATIONS] == [[]] * 5
    assert b"there is no table 'notes'" in run("read", "--store", "store", "--dataset", "a", "--table", "notes", code=1).stderr
    assert report(run, "verify")["is_ok"]


def test_reindex_after_the_loss_of_the_database(run: Run, store: Path) -> None:
    run("archive", "--store", "store")
    (store / "hotcold.db").unlink()
    objects = sorted(store.rglob("*.avro"))
    (store / "cold" / "notes" / "alien.avro").write_bytes(b"no container file")
    done = run("reindex", "--store", "store")
    assert table(done.stdout)["record_count"] == "103"
    title, _, skipped = done.stdout.decode().split("\n\n")[1].splitlines()
    assert title == "skipped"
    assert skipped.startswith("notes/alien.avro  byte 0: not an Avro container file")
    assert report(run, "reindex")["files"] == []
    assert sorted(store.rglob("*.avro")) == sorted([*objects, store / "cold" / "notes" / "alien.avro"])
    assert_reads_right(run)


def test_doctor(run: Run) -> None:
    run("reindex", "--store", "store")
    text = run("doctor", "--store", "store").stdout.decode()
    head, *rows = [line.split(None, 1) for line in text.splitlines()]
    assert head[0] == "check"
    assert len(rows) >= 8
    run("pause", "--store", "store")
    done = run("doctor", "--store", "store", code=1)
    assert done.stderr == b"avro-ocf: store: not as it should be: archiving\n"
    assert b"archiving      no   paused" in done.stdout
    shown = report(run, "doctor", code=1)
    assert not shown["is_ok"]
    assert {check["name"] for check in shown["checks"] if not check["is_ok"]} == {"archiving"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["archive"],
        ["archive", "--store", ""],
        ["archive", "--store", "s", "more"],
        ["table"],
        ["table", "add", "t", "--store", "s"],
        ["ingest", "--store", "s", "--dataset", "d", "-"],
        ["ingest", "--store", "s", "--table", "t", "-"],
        ["ingest", "--store", "s", "--dataset", "d", "--table", "t"],
        ["ingest", "--store", "s", "--dataset", "d", "--table", "t", "--timestamp", "-1", "-"],
        ["ingest", "--store", "s", "--dataset", "d", "--table", "t", "--timestamp", "NaN", "-"],
        ["ingest", "--store", "s", "--dataset", "d", "--table", "t", "--table-version", "new", "-"],
        ["read", "--store", "s", "--dataset", "d", "--table", "t", "--from", "1.5"],
        ["read", "--store", "s", "--dataset", "d", "--table", "t", "--format", "csv"],
        ["expire", "--store", "s"],
        *(["expire", "--store", "s", "--older-than", age] for age in ("30", "d", "", "1.5d", "-1d", "3w", "5ms")),
        ["reset", "--store", "s"],
        ["reset", "--store", "s", "--dry-run", "--yes"],
        ["verify"],
        ["verify", "--store", "s", "file.avro"],
        ["verify", "--repair", "file.avro"],
        ["demo", "--users", "0"],
        ["demo", "--users", "many"],
    ],
    ids=" ".join,
)
def test_misuse_is_code_2_and_makes_no_store(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, code=2)
    assert done.stdout == b""
    assert b"usage: avro-ocf" in done.stderr
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("command", [["archive"], ["verify"], ["compact"], ["reindex"], ["status"]], ids=" ".join)
def test_someone_who_waits_sees_progress(store: Path, command: list[str]) -> None:
    printed = in_terminal([*COMMAND, *command, "--store", str(store)], stream="stderr")
    assert (command[0] in printed) == (command[0] != "status")


def test_progress_needs_no_rich(store: Path) -> None:
    program = "import sys\nsys.modules['rich'] = None\nfrom avro_ocf.cli.program import main\nsys.exit(main(sys.argv[1:]))"
    assert in_terminal([sys.executable, "-c", program, "archive", "--store", str(store)], stream="stderr") == ""
    assert sql(store, "SELECT COUNT(*) FROM buffer_logs") == [(0,)]
