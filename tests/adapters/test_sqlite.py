"""`SQLite`, past the contract of databases: what becomes of a file that is locked, full, damaged, or out of reach."""

import asyncio
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from avro_ocf.adapters.sqlite import D1_LIMITS, SQLite
from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import VALUE_BYTES, Row, Statement
from tests.adapters import children

pytestmark = pytest.mark.host

CREATE = "CREATE TABLE t (a)"
INSERT = "INSERT INTO t VALUES (1)"
LONG_S = 60
COUNT = "SELECT count(*) AS count FROM t"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hotcold.db"


@pytest.fixture
def database(path: Path) -> Iterator[SQLite]:
    with SQLite(path, busy_timeout_ms=20) as database:
        yield database


def run(database: SQLite, *statements: str) -> list[list[Row]]:
    return asyncio.run(database.batch([Statement(statement) for statement in statements]))


def outside(path: Path) -> closing[sqlite3.Connection]:
    """Open a file as any other program does."""
    return closing(sqlite3.connect(path, timeout=0, isolation_level=None))


# Opening and closing.


def test_a_file_is_opened_by_the_first_batch(path: Path) -> None:
    with SQLite(str(path)) as database:
        assert not path.exists()
        run(database, CREATE, INSERT)
    with SQLite(path) as database:
        assert run(database, COUNT) == [[{"count": 1}]]


def test_memory_is_a_database_of_its_own() -> None:
    with SQLite(":memory:") as first, SQLite(":memory:") as second:
        run(first, CREATE, INSERT)
        run(second, CREATE)
        assert run(first, COUNT) + run(second, COUNT) == [[{"count": 1}], [{"count": 0}]]
        assert run(first, "SELECT hex(unhex('ab')) AS a") == [[{"a": "AB"}]]


def test_a_file_is_kept_safe_and_shared(database: SQLite) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys")
    assert run(database, *(f"PRAGMA {name}" for name in names)) == [
        [{"journal_mode": "wal"}],
        [{"synchronous": 2}],
        [{"foreign_keys": 1}],
    ]


@pytest.mark.parametrize("place", ["missing/hotcold.db", "file/hotcold.db", "."])
def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with SQLite(tmp_path / place) as database:
        for _ in range(2):
            with pytest.raises(UnavailableError, match=f"{tmp_path / place}: unable to open .*; check that its folder"):
                run(database, "SELECT 1")


def test_a_file_that_can_be_opened_later_is(tmp_path: Path) -> None:
    with SQLite(tmp_path / "later" / "hotcold.db") as database:
        with pytest.raises(UnavailableError):
            run(database, CREATE)
        (tmp_path / "later").mkdir()
        run(database, CREATE)


def test_a_closed_database_says_so(path: Path) -> None:
    database = SQLite(path)
    run(database, CREATE)
    for _ in range(2):
        database.close()
        with pytest.raises(StoreError, match=f"{path}: closed"):
            run(database, COUNT)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def begun(database: SQLite) -> None:
    """Return when a batch has come to where it takes the file, or waits for it."""
    deadline = time.monotonic() + LONG_S
    while not database._lock.locked():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("is_begun", [False, True])
def test_closing_waits_for_a_cancelled_batch(path: Path, is_begun: bool) -> None:
    async def cancel() -> None:
        database = SQLite(path)
        await database.batch([Statement(CREATE)])
        with outside(path) as other:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(database.batch([Statement(INSERT), Statement(INSERT)]))
            await asyncio.sleep(0)
            if is_begun:
                await begun(database)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            other.execute("ROLLBACK")
        await asyncio.to_thread(database.close)

    asyncio.run(cancel())
    with SQLite(path) as database:
        [[row]] = run(database, COUNT)
    assert row["count"] in {0, 2}


# A file that is no database, or no longer one.


@pytest.mark.parametrize("content", [b"Obj\x01" + bytes(600), b"SQLite format 4\0" + bytes(4096)])
def test_another_kind_of_file_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with SQLite(path) as database, pytest.raises(DamagedError, match=f"{path}: file is not a database"):
        run(database, CREATE)
    assert path.read_bytes() == content


def test_a_changed_file_is_damaged(path: Path) -> None:
    with SQLite(path) as database:
        run(database, CREATE, *[f"INSERT INTO t VALUES ('{'x' * 3000}')"] * 20)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with SQLite(path) as database, pytest.raises(DamagedError, match=f"{path}: database disk image is malformed; restore"):
        run(database, INSERT, "SELECT sum(length(a)) AS size FROM t")


# A file that cannot be written now.


def test_a_locked_file_is_unavailable_until_it_is_not(path: Path, database: SQLite) -> None:
    run(database, CREATE)
    with outside(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match=f"{path}: database is locked; another process"):
            run(database, INSERT)
        other.execute("ROLLBACK")
        assert run(database, INSERT, COUNT)[-1] == [{"count": 1}]


async def outwait(database: SQLite, other: sqlite3.Connection) -> list[list[Row]]:
    """Run a batch that `other` is in the way of until its COMMIT."""
    batch = asyncio.create_task(database.batch([Statement(INSERT), Statement(COUNT)]))
    await begun(database)
    assert not batch.done()
    other.execute("COMMIT")
    return await batch


def test_a_batch_waits_for_a_writer(path: Path) -> None:
    with SQLite(path) as database, outside(path) as other:
        run(database, CREATE)
        other.execute("BEGIN IMMEDIATE")
        other.execute(INSERT)
        assert asyncio.run(outwait(database, other))[-1] == [{"count": 2}]


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_the_batch_that_opens_a_file_waits_too(path: Path, begin: str) -> None:
    with SQLite(path) as database, outside(path) as other:
        other.execute(CREATE)
        other.execute(begin)
        other.execute(COUNT)
        assert asyncio.run(outwait(database, other))[-1] == [{"count": 1}]


def test_a_reader_in_the_way_of_commit_leaves_nothing_done(path: Path, database: SQLite) -> None:
    with outside(path) as other:
        other.execute(CREATE)
        other.execute("BEGIN")
        other.execute(COUNT)  # in the mode that a file begins with, this keeps others from COMMIT
        with pytest.raises(UnavailableError) as caught:
            run(database, INSERT)
        assert not isinstance(caught.value, OutcomeUnknownError)
        other.execute("COMMIT")
        assert run(database, COUNT) == [[{"count": 0}]]
        assert run(database, INSERT, COUNT)[-1] == [{"count": 1}]


def test_a_full_file_is_unavailable_and_as_it_was(path: Path, database: SQLite) -> None:
    run(database, CREATE, INSERT, "PRAGMA max_page_count = 10")
    with pytest.raises(UnavailableError, match=f"{path}: database or disk is full; free some space"):
        run(database, *[f"INSERT INTO t VALUES ('{'x' * 4000}')"] * 20)
    assert run(database, COUNT) == [[{"count": 1}]]
    run(database, "PRAGMA max_page_count = 1000")
    assert run(database, INSERT, COUNT)[-1] == [{"count": 2}]


def test_a_read_only_file_is_unavailable(path: Path, database: SQLite) -> None:
    run(database, CREATE, "PRAGMA query_only = 1")
    with pytest.raises(UnavailableError, match=f"{path}: attempt to write a readonly database; check that the file"):
        run(database, INSERT)


def test_a_file_without_the_right_to_write_is_unavailable() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hotcold.db"
        with SQLite(path) as database:
            run(database, CREATE)
        path.chmod(0o444)
        path.parent.chmod(0o555)
        [line] = children.run("database_without_rights", path)
        path.parent.chmod(0o755)
    assert line.startswith(f"UnavailableError: {path}: attempt to write a readonly database; check that the file")


def test_a_process_without_file_descriptors_is_told(path: Path) -> None:
    [line] = children.run("database_without_descriptors", path)
    assert line.startswith(f"UnavailableError: {path}: unable to open database file")


def test_a_process_without_memory_is_told_and_nothing_has_changed(path: Path) -> None:
    [made, failed, later] = children.run("database_without_memory", path)
    assert made == "[[], [{'hard_heap_limit': 3000000}]]"
    assert failed.startswith(f"UnavailableError: {path}: out of memory, or ")
    assert later == "[[], [{'count': 1}]]"


def test_a_write_that_fails_at_commit_has_an_unknown_outcome(path: Path) -> None:
    [_, at_commit, before_commit, after, later] = children.run("fill", path)
    assert at_commit.startswith(f"OutcomeUnknownError: {path}: disk I/O error; ")
    assert before_commit.startswith(f"UnavailableError: {path}: disk I/O error; ")
    assert after == "[[{'count': 0}]]"
    assert later == "[[], [{'count': 1}]]"


# Several processes.


def test_a_killed_process_leaves_nothing_of_its_batch(path: Path, database: SQLite) -> None:
    run(database, CREATE, INSERT)
    with children.started("batch_and_hang", path) as process, outside(path) as other:
        while process.poll() is None:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                break  # the child is in its batch
            other.execute("ROLLBACK")
        process.kill()
        assert process.wait() < 0
        assert run(database, "SELECT a FROM t") == [[{"a": 1}]]
        assert run(database, INSERT, COUNT)[-1] == [{"count": 2}]


def test_processes_take_turns(path: Path) -> None:
    with SQLite(path) as database:
        run(database, CREATE, "INSERT INTO t VALUES (0)")
        with (
            children.started("count", path) as one,
            children.started("count", path) as two,
            children.started("count", path) as three,
        ):
            lines = [line for child in (one, two, three) for line in child.communicate()[0].splitlines()]
        assert sorted(lines) == sorted(f"[[{{'a': {turn + 1}}}]]" for turn in range(3 * children.TURNS))


# What D1 would refuse.


def test_every_limit_of_sqlite_but_the_workers_is_one_of_d1() -> None:
    numbers = {value for name, value in vars(sqlite3).items() if name.startswith("SQLITE_LIMIT_")}
    assert numbers - D1_LIMITS.keys() == {sqlite3.SQLITE_LIMIT_WORKER_THREADS}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (Statement("SELECT 1" + " " * 99_993), "the statement has 100,001 bytes of at most 100,000"),
        (Statement("SELECT ?1, ?2", ("", "x" * 1_999_999 + "é")), "parameter ?2 has 2,000,001 bytes of at most 2,000,000"),
        (Statement("SELECT ?1", ("\udcff",)), "parameter ?1 is no Unicode text"),
    ],
)
def test_a_text_that_is_refused_is_named(path: Path, database: SQLite, statement: Statement, message: str) -> None:
    with pytest.raises(StoreError, match=re.escape(f"{path}: {message}")):
        asyncio.run(database.batch([statement]))


def test_unhex_may_stand_in_an_index(database: SQLite) -> None:
    run(database, CREATE, "CREATE INDEX i ON t (unhex(a))", "INSERT INTO t VALUES ('ab')")
    [_, plan] = run(database, COUNT, "EXPLAIN QUERY PLAN SELECT a FROM t WHERE unhex(a) = x'ab'")
    assert "INDEX i" in plan[0]["detail"]


def test_a_row_past_the_largest_size_is_refused(path: Path, database: SQLite) -> None:
    run(database, "CREATE TABLE t (a, b)")
    half = "x" * (VALUE_BYTES // 2)
    with pytest.raises(StoreError, match=f"{path}: string or blob too big; a value or a row has at most 2,000,000 bytes"):
        asyncio.run(database.batch([Statement("INSERT INTO t VALUES (?1, ?1)", (half,))]))
    assert run(database, COUNT) == [[{"count": 0}]]


def test_a_statement_of_too_many_operations_is_refused(path: Path, database: SQLite) -> None:
    with pytest.raises(UnavailableError, match=f"{path}: out of memory, or a statement of more than 25,000 operations"):
        run(database, "VALUES " + ",".join(["(1)"] * 20_000))
    run(database, "VALUES " + ",".join(["(1)"] * 1_000))


def test_two_statements_in_one_are_refused(path: Path, database: SQLite) -> None:
    with pytest.raises(StoreError, match=f"{path}: "):
        run(database, f"{CREATE}; {CREATE}")


def test_a_conflict_names_the_file_and_the_constraint(path: Path, database: SQLite) -> None:
    run(database, "CREATE TABLE t (a UNIQUE)", INSERT)
    with pytest.raises(ConflictError, match=f"{path}: UNIQUE constraint failed: t.a"):
        run(database, INSERT)


def test_a_value_of_a_wrong_type_is_no_conflict(database: SQLite) -> None:
    run(database, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
    with pytest.raises(StoreError, match="datatype mismatch") as caught:
        run(database, "INSERT INTO t VALUES ('x')")
    assert type(caught.value) is StoreError
