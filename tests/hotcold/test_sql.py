"""Every statement of the store, on the tables as they are shipped: it runs, it scans no large table, it keeps D1's limits."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from avro_ocf.hotcold import Statement, migrations, sql
from avro_ocf.hotcold.migrations import MIGRATIONS, VERSION
from tests.hotcold.stores import D1_PARAMETERS, D1_SQL_BYTES, Rig, memory_rig

pytestmark = pytest.mark.host

STATEMENTS = {name: value for name, value in vars(sql).items() if name.isupper() and name[0] != "_" and isinstance(value, str)}
STATEMENTS |= {name: getattr(migrations, name) for name in ("CREATE_VERSION", "READ_VERSION", "WRITE_VERSION")}

LARGE = ("buffer_logs", "block_indexes", "archived_files", "uploads", "quarantine", "archive_runs", "poison_messages")

SCANS = {
    "COUNT_POISON": "operators are to clear these, and they are few",
    "COUNT_HOT": "operators count all of it, and the records that are hot are few",
    "LATEST_FILES": "ten rows from the end of the primary key",
    "FILE_CONSISTENCY": "ten rows from the end of the primary key",
    "LATEST_FILES_CHECKED": "ten rows from the end of the primary key",
    "LATEST_RUNS": "ten rows from the end of the primary key",
    "OVERVIEW_BLOCKS": "the blocks of ten files from the end of the primary key",
    "OVERVIEW_FILES": "ten rows from the end of the primary key",
    "OVERVIEW_HISTORY": "a thousand rows from the end of the primary key",
    "LATEST_POISON": "a hundred rows from the end of the primary key",
    "OLDEST_ROW": "one row from the start of the primary key",
    "READ_QUARANTINE": "a hundred rows from the start of the primary key",
}
"""The statements that may scan a large table, each with the reason."""

WALKS = {
    "COUNT_STATE": "staged and dead files, which are few; all live ones in a dry run of `reset`",
    "COUNT_HOT_GROUPS": "`verify` counts all of it",
    "COUNT_LIVE_GROUPS": "`verify` counts all of it",
    "COUNT_QUARANTINE_GROUPS": "`verify` counts all of it",
    "DELETE_OLD_RUNS": "all but the latest thousand, which are as many as it deletes",
    "DELETE_SOME_ROWS": "five thousand rows from the start of the primary key",
    "KILL_ALL_FILES": "`reset` marks all of them",
    "READ_FILES": "page by page, from the last one's id on",
    "RESERVE_SEQUENCE": "whether there is one row past an id",
}
"""The statements that may look at all live files, or all rows on one side of an id, which is a scan by another name."""

WALK = re.compile(r"SEARCH .*(?:\(state=\?\)|\(rowid[<>]\?\))")

SORTS = {
    "READ_DATASET_ROWS": "a page of a thousand rows, by number and bytes",
    "READ_HOT_ROWS": "a page of some thousand rows, by number and bytes",
    "READ_SMALL_FILES": "by group, of the files that are small, which compaction keeps few",
}
"""The statements with a limit that may sort what they read, each with the reason."""

OPERATORS = {"COUNT_HOT", "LATEST_FILES", "FILE_CONSISTENCY"}
"""Statements that operators run, and no code."""


def parameters(statement: str) -> int:
    return max(map(int, re.findall(r"\?(\d+)", statement)), default=0)


def arguments(statement: str) -> tuple[str, ...]:
    """Return parameters that a statement runs with: a list for `json_each`, the totals of no records, bytes, else a number."""
    lists = re.findall(r"json_(?:each|array_length)\(\?(\d+)", statement)
    counts = re.findall(r"COUNT\(\*\) = CAST\(\?(\d+)", statement)
    totals = re.findall(r"SELECT \?(\d+) = COALESCE", statement)
    bytes_read = re.findall(r"unhex\(\?(\d+)\)", statement)
    known = (
        dict.fromkeys(bytes_read, "00")
        | dict.fromkeys(lists, "[]")
        | dict.fromkeys(counts, "0")
        | dict.fromkeys(totals, "[0,0,0,0,0,0,0,0]")
    )
    return tuple(known.get(str(number), "1") for number in range(1, parameters(statement) + 1))


def table_names(statement: str) -> dict[str, str]:
    """Return the large tables of a statement by the names that its plan may give them."""
    names = {table: table for table in LARGE}
    for table in LARGE:
        for alias in re.findall(rf"\b{table}\s+(?:AS\s+)?([a-z]\w*)\b", statement):
            names[alias] = table
    return names


def plan(rig: Rig, statement: str) -> list[str]:
    return [row["detail"] for row in rig.sql(f"EXPLAIN QUERY PLAN {statement}", *arguments(statement))]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_runs_on_the_shipped_tables(name: str) -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        if name == "GUARD_SETTING":
            rig.sql(sql.WRITE_SETTING, "1", "1")
        rig.sql(STATEMENTS[name], *arguments(STATEMENTS[name]))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_scans_no_large_table(name: str) -> None:
    with memory_rig() as rig:
        rig.ingest("d", "t", [{"a": 1}])
        rig.archive()
        names = table_names(STATEMENTS[name])
        steps = plan(rig, STATEMENTS[name])
        scanned = {names.get(match[1]) for step in steps if (match := re.match(r"SCAN (?:TABLE )?(\w+)", step))} - {None}
        assert not scanned or name in SCANS, steps


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_does_not_look_at_all_live_files_or_rows(name: str) -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        steps = plan(rig, STATEMENTS[name])
        assert name in WALKS or not any(map(WALK.match, steps)), steps


@pytest.mark.parametrize("name", [name for name in STATEMENTS if "LIMIT" in STATEMENTS[name]])
def test_a_limited_statement_reads_in_the_order_of_an_index(name: str) -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        steps = plan(rig, STATEMENTS[name])
        assert name in SORTS or not any("TEMP B-TREE FOR ORDER BY" in step for step in steps), steps


def test_a_page_of_hot_rows_takes_no_more_work_where_more_are_hot() -> None:
    work: list[int] = []
    for count in (100, 10_000):
        with closing(sqlite3.connect(":memory:")) as connection:
            for statement in (statement for migration in MIGRATIONS for statement in migration.up):
                connection.execute(statement)
            rows = [("d", "t", number, b"x" * 100) for number in range(count)]
            connection.executemany("INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data) VALUES (?, ?, ?, ?)", rows)
            steps: list[None] = []
            connection.set_progress_handler(lambda steps=steps: steps.append(None), 100)  # type: ignore[misc]
            page = ("d", "t", "0", str(count), "-1", str(count), "20", "1000000")
            assert len(connection.execute(sql.READ_DATASET_ROWS, page).fetchall()) == 20
            work.append(len(steps))
    assert work[1] <= 2 * work[0] + 1


def test_the_exceptions_are_needed() -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        for name in SCANS:
            assert any(step.startswith("SCAN ") for step in plan(rig, STATEMENTS[name])), name
        for name in WALKS:
            assert any(map(WALK.match, plan(rig, STATEMENTS[name]))), name
        for name in SORTS:
            assert any("TEMP B-TREE" in step for step in plan(rig, STATEMENTS[name])), name


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_keeps_the_limits_of_d1(name: str) -> None:
    statement = STATEMENTS[name]
    assert parameters(statement) <= D1_PARAMETERS
    assert {*map(int, re.findall(r"\?(\d+)", statement))} == {*range(1, parameters(statement) + 1)}
    assert len(statement.encode()) <= D1_SQL_BYTES
    assert len(re.findall(r"\b(?:UNION|INTERSECT|EXCEPT)\b", statement)) < 5
    assert not re.search(r"\b(?:LIKE|GLOB|REGEXP)\b", statement)
    assert not re.search(r"PRAGMA|BEGIN|COMMIT|SAVEPOINT|ATTACH|VACUUM", statement)
    assert ";" not in statement
    assert all(len(call.split(",")) <= 32 for call in re.findall(r"\w+\(([^()]*)\)", statement))


def test_migrations_keep_the_limits_of_d1() -> None:
    for migration in MIGRATIONS:
        for statement in (*migration.up, *migration.down):
            assert len(statement.encode()) <= D1_SQL_BYTES
            assert not re.search(r"PRAGMA|TRIGGER|VIRTUAL", statement)
            if columns := re.findall(r"^  \w+ (?:TEXT|INTEGER|BLOB)", statement, re.MULTILINE):
                assert len(columns) <= 100


def test_migrations_run_in_order_and_back() -> None:
    with memory_rig() as rig:
        rig.run(rig.database.batch([Statement(statement) for migration in MIGRATIONS for statement in migration.up]))
        assert {row["name"] for row in rig.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")} >= {*LARGE}
        down = [statement for migration in reversed(MIGRATIONS) for statement in migration.down]
        rig.run(rig.database.batch([*map(Statement, down)]))
        assert {row["name"] for row in rig.sql("SELECT name FROM sqlite_schema")} <= {"sqlite_sequence"}
    assert [migration.version for migration in MIGRATIONS] == [*range(1, VERSION + 1)]


def test_every_statement_is_used() -> None:
    folder = Path(sql.__file__).parent
    used = {name for path in folder.glob("*.py") for name in re.findall(r"\bsql\.([A-Z_]+)", path.read_text(encoding="utf-8"))}
    assert {name for name in STATEMENTS if hasattr(sql, name)} == used | OPERATORS


def test_no_statement_stands_elsewhere() -> None:
    for path in Path(sql.__file__).parent.glob("*.py"):
        if path.name not in {"sql.py", "migrations.py"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\"[^\"]*\b(?:SELECT .* FROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b", text), path.name


COLUMNS = {
    "buffer_logs": "id dataset_id table_name timestamp data uploaded_by created_at",
    "archived_files": "id file_path file_size compression_codec created_at last_modified_at",
    "block_indexes": "id dataset_id table_name file_id start_byte length record_count start_timestamp end_timestamp",
}
INDEXES = {
    "idx_buffer_search": "dataset_id table_name timestamp",
    "idx_archived_path": "file_path",
    "idx_block_indexes_dataset_table": "dataset_id table_name start_timestamp end_timestamp",
}


def test_the_tables_have_the_columns_and_indexes_that_operators_know() -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        for table, columns in COLUMNS.items():
            found = [row["name"] for row in rig.sql(f"SELECT name FROM pragma_table_info('{table}')")]
            assert found[: len(columns.split())] == columns.split()
        for index, columns in INDEXES.items():
            assert [row["name"] for row in rig.sql(f"SELECT name FROM pragma_index_info('{index}')")] == columns.split()
        foreign = rig.sql('SELECT "table" AS t, "from" AS f, "to" AS o FROM pragma_foreign_key_list(\'block_indexes\')')
        assert [tuple(row.values()) for row in foreign] == [("archived_files", "file_id", "id")]


def test_rows_may_be_inserted_as_operators_insert_them() -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        rig.sql("INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data) VALUES ('d', 't', 5, '{\"a\":1}')")
        (row,) = rig.sql("SELECT uploaded_by, created_at > 1700000000000 AS is_recent, typeof(created_at) AS t FROM buffer_logs")
        assert tuple(row.values()) == (None, 1, "integer")
        assert not rig.run(rig.store.verify(repair=True)).problems[0].problem.startswith("row")
        assert rig.read("d", "t") == [{"a": 1}]
        assert rig.archive().record_count == 1
        assert rig.read("d", "t") == [{"a": 1}]
