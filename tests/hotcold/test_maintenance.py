"""Reset, doctor, migrations, and two stores on one database."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, UnavailableError, VersionError
from avro_ocf.hotcold import Database, HotCold, Row, Statement, sql
from avro_ocf.hotcold.migrate import migrate, roll_back
from avro_ocf.hotcold.migrations import VERSION
from tests.hotcold.stores import Rig, disk_rig, everything, memory_rig

pytestmark = pytest.mark.host

V1: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}


def fill(rig: Rig) -> None:
    rig.run(rig.store.add_table("s", V1))
    rig.ingest("d", "s", [{"a": 1}] * 10, upload_id="u")
    rig.ingest("d", "t", [{"a": 1}] * 10)
    rig.archive()
    rig.ingest("d", "t", [{"a": 2}] * 3)
    rig.sql("UPDATE buffer_logs SET data = unhex('ff') WHERE id = (SELECT MIN(id) FROM buffer_logs)")
    rig.archive()
    rig.ingest("d", "s", [{"a": 3}] * 5)


def test_a_dry_run_of_reset_tells_what_would_go(rig: Rig) -> None:
    fill(rig)
    files = len(rig.objects())
    report = rig.run(rig.store.reset(dry_run=True))
    assert report == (True, 5, 22, 1, files)
    assert [len(rig.read("d", table)) for table in "st"] == [15, 12]
    assert rig.run(rig.store.reset()) == report._replace(is_dry_run=False)
    assert rig.run(rig.store.reset()) == (False, 0, 0, 0, 0)


def test_reset_leaves_nothing_but_the_schemas(rig: Rig) -> None:
    fill(rig)
    rig.run(rig.store.reset())
    assert rig.objects() == []
    for table in ("buffer_logs", "block_indexes", "uploads", "quarantine", "ledger"):
        assert rig.count(table) == 0
    assert {row["state"] for row in rig.sql("SELECT state FROM archived_files")} == {"gone"}
    assert rig.run(rig.store.table("s")).newest == 1
    assert rig.read("d", "s") == []
    rig.verify()
    assert not rig.ingest("d", "s", [{"a": 1}], upload_id="u").is_replay
    rig.archive()
    assert rig.read("d", "s") == [{"a": 1}]
    rig.verify()


def test_sequences_go_on_after_a_reset(rig: Rig) -> None:
    fill(rig)
    (before,) = rig.sql("SELECT seq FROM sqlite_sequence WHERE name = 'buffer_logs'")
    rig.run(rig.store.reset())
    rig.ingest("d", "t", [{"a": 1}])
    assert rig.sql("SELECT id FROM buffer_logs")[0]["id"] > before["seq"]


def test_reset_while_an_archiver_is_at_work_brings_nothing_back(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(20)])
    put = rig.bucket.put

    async def put_late(key: str, chunks: Any, *, if_absent: bool) -> bool:
        rig.bucket.put = put  # type: ignore[method-assign]
        done = await put(key, chunks, if_absent=if_absent)
        await rig.another().reset()
        return done

    rig.bucket.put = put_late  # type: ignore[method-assign]
    assert rig.run(rig.store.archive()).result == "overtaken"
    assert {row["state"] for row in rig.sql("SELECT state FROM archived_files")} <= {"dead", "gone"}
    assert rig.run(rig.store.status()).cold_records == 0
    rig.run(rig.store.reset())
    assert rig.objects() == []
    rig.verify()


class LateDatabase:
    """A `Database` that loses the answer of each batch with `statement`, and runs it when a test says so, or at once."""

    def __init__(self, database: Database, statement: str, *, at_once: bool = False) -> None:
        self.database = database
        self.statement = statement
        self.at_once = at_once
        self.late: list[Sequence[Statement]] = []

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        if all(statement.sql != self.statement for statement in statements):
            return await self.database.batch(statements)
        if self.at_once:
            await self.database.batch(statements)
        self.late.append(statements)
        raise OutcomeUnknownError("the answer was lost")


@pytest.mark.parametrize("statement", [sql.DELETE_SOME_ROWS, sql.DELETE_ROWS_LEFT], ids=["some rows", "rows left"])
def test_what_is_left_of_a_reset_removes_nothing_that_came_in_after_the_next(rig: Rig, statement: str) -> None:
    fill(rig)
    late = LateDatabase(rig.database, statement)
    with pytest.raises(OutcomeUnknownError):
        rig.run(HotCold(late, rig.bucket).reset())
    rig.run(rig.store.reset())
    rig.ingest("d", "s", [{"a": 1}])
    rig.archive()
    rig.ingest("d", "s", [{"a": 2}])
    for batch in late.late:
        with suppress(ConflictError):
            rig.run(rig.database.batch(batch))
    assert rig.read("d", "s") == [{"a": 1}, {"a": 2}]
    rig.verify()


def test_a_reset_whose_last_answer_was_lost_has_come_to_its_end(rig: Rig) -> None:
    fill(rig)
    late = LateDatabase(rig.database, sql.DELETE_ROWS_LEFT, at_once=True)
    assert rig.run(HotCold(late, rig.bucket).reset()).cold_records == 22
    assert len(late.late) == 1
    assert rig.objects() == []
    assert rig.sql(sql.READ_SETTING, "resetting") == []


def test_nothing_comes_in_until_a_reset_has_ended(rig: Rig) -> None:
    """Neither is an upload vouched for whose rows are gone already."""
    rig.ingest("d", "t", [{"a": "x" * 1_000_000}] * 2, upload_id="hot")
    late = LateDatabase(rig.database, sql.DELETE_ROWS_LEFT)
    with pytest.raises(OutcomeUnknownError):
        rig.run(HotCold(late, rig.bucket).reset())
    for upload_id in ("hot", "new", None):
        with pytest.raises(UnavailableError, match="a reset is at work, or was stopped"):
            rig.ingest("d", "t", [{"a": "x" * 1_000_000}] * 2, upload_id=upload_id)
    assert rig.count("buffer_logs") == 0
    assert rig.run(rig.store.status()).is_resetting
    assert failed(rig)["reset"] == "not finished: run it again"
    rig.run(rig.store.reset())
    assert not rig.ingest("d", "t", [{"a": 1}], upload_id="hot").is_replay
    rig.verify()


def test_a_reset_deletes_whole_records(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "DELETE_SOME_ROWS", sql.DELETE_SOME_ROWS.replace("OFFSET 4999", "OFFSET 1"))
    rig.ingest("d", "t", [{"a": "x" * 1_000_000}] * 4)
    rig.sql(sql.DELETE_SOME_ROWS, "11")
    assert len(rig.read("d", "t")) == 2
    rig.run(rig.store.reset())
    assert rig.count("buffer_logs") == 0


def test_a_reset_gives_way_to_the_next_one(rig: Rig) -> None:
    fill(rig)
    late = LateDatabase(rig.database, sql.DELETE_SOME_ROWS)
    with pytest.raises(OutcomeUnknownError):
        rig.run(HotCold(late, rig.bucket).reset())

    class Next(LateDatabase):
        async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
            if any(statement.sql == sql.DELETE_ROWS_LEFT for statement in statements):
                with pytest.raises(OutcomeUnknownError):
                    await HotCold(late, rig.bucket).reset()
            return await self.database.batch(statements)

    with pytest.raises(ConflictError, match="another reset has begun"):
        rig.run(HotCold(Next(rig.database, ""), rig.bucket).reset())
    rig.run(rig.store.reset())
    assert rig.objects() == []


def test_a_sound_deployment_passes_every_check(tmp_path: Path) -> None:
    with disk_rig(tmp_path, clock=lambda: time.time_ns() // 1_000_000) as rig:
        rig.ingest("d", "t", [{"a": 1}])
        report = rig.run(rig.store.doctor())
        assert report.is_ok, report
        names = [check.name for check in report.checks]
        assert names == [
            *("database", "tables", "bucket", "put if absent", "range reads", "clocks"),
            *("archive lag", "archiving", "reset", "index", "objects", "quarantine", "messages"),
        ]
        assert rig.objects() == []


def failed(rig: Rig) -> dict[str, str]:
    report = rig.run(rig.store.doctor())
    assert not report.is_ok
    return {check.name: check.detail for check in report.checks if not check.is_ok}


def test_each_check_can_fail() -> None:
    with memory_rig() as rig:
        rig.ingest("d", "t", [{"a": 1}])
        rig.clock.now_ms += 2 * 86_400_000
        assert failed(rig) == {"archive lag": "the oldest hot row is 172800000 ms old"}
        rig.run(rig.store.pause())
        assert "archiving" in failed(rig)
        rig.run(rig.store.resume())
        rig.archive()
        assert rig.run(rig.store.doctor()).is_ok
        rig.sql("UPDATE block_indexes SET length = length - 1")
        assert "do not fill" in failed(rig)["index"]
        rig.sql("UPDATE block_indexes SET length = length + 1")
        rig.ingest("d", "t", [{"a": 1}])
        rig.sql("UPDATE buffer_logs SET data = unhex('ff')")
        rig.archive()
        assert failed(rig) == {"quarantine": "1 records in quarantine"}


@pytest.mark.parametrize("method", ["put", "get", "head", "delete"])
def test_a_bucket_that_fails_is_a_line_of_the_checklist(method: str) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise UnavailableError("the bucket is missing")

    with memory_rig() as rig:
        setattr(rig.bucket, method, fail)
        assert failed(rig) == {"bucket": "the bucket is missing"}


def test_a_bucket_that_breaks_its_promises_is_found() -> None:
    async def overwrite(key: str, chunks: Any, *, if_absent: bool) -> bool:  # noqa: ARG001 - it does not care
        await rig._objects.put(key, chunks, if_absent=False)
        return True

    async def whole(key: str, start_byte: int, length: int) -> bytes:  # noqa: ARG001 - it does not care
        return await rig._objects.get(key, 0, 1000)

    with memory_rig() as rig:
        rig.bucket.put = overwrite  # type: ignore[method-assign]
        assert "put if absent" in failed(rig)
    with memory_rig() as rig:
        rig.bucket.get = whole  # type: ignore[method-assign]
        assert failed(rig).keys() == {"range reads"}


def test_a_clock_that_is_wrong_is_found(tmp_path: Path) -> None:
    with disk_rig(tmp_path) as rig:
        assert "differ by" in failed(rig)["clocks"]


def tables_of(database: SQLite) -> list[Any]:
    (rows,) = asyncio.run(database.batch([Statement("SELECT type, name, sql FROM sqlite_schema ORDER BY name")]))
    return [tuple(row.values()) for row in rows]


def test_migrations_can_be_run_again_and_undone() -> None:
    with SQLite(":memory:") as database:
        assert asyncio.run(migrate(database)) == 0
        made = tables_of(database)
        for _ in range(2):
            assert asyncio.run(migrate(database)) == VERSION
        assert tables_of(database) == made
        asyncio.run(roll_back(database, VERSION))
        assert tables_of(database) == made
        asyncio.run(roll_back(database, 0))
        assert {name for _, name, _ in tables_of(database)} <= {"schema_version", "sqlite_sequence"}
        assert asyncio.run(migrate(database)) == 0
        assert tables_of(database) == made


def test_a_half_made_database_is_completed() -> None:
    with SQLite(":memory:") as database:
        asyncio.run(migrate(database))
        made = tables_of(database)
        asyncio.run(database.batch([Statement("DROP TABLE uploads"), Statement("UPDATE schema_version SET version = 0")]))
        assert asyncio.run(migrate(database)) == 0
        assert tables_of(database) == made


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with SQLite(tmp_path / "newer.db") as database:
        statements = [
            "CREATE TABLE schema_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL)",
            f"INSERT INTO schema_version VALUES (1, {VERSION + 1})",
            "CREATE TABLE buffer_logs (something_else TEXT)",
        ]
        asyncio.run(database.batch([*map(Statement, statements)]))
        made = tables_of(database)
        store = HotCold(database, Directory(tmp_path / "cold"))
        for operation in (store.archive, store.status, store.collect, store.reset, store.reindex, store.verify):
            with pytest.raises(VersionError, match=f"version {VERSION + 1}, and this library works up to {VERSION}"):
                asyncio.run(operation())
        with pytest.raises(VersionError):
            asyncio.run(store.ingest("d", "t", [{}]))
        with pytest.raises(VersionError):
            asyncio.run(everything(store.read("d", "t")))
        assert tables_of(database) == made
        assert not (tmp_path / "cold").exists()


def test_two_stores_share_one_file(tmp_path: Path) -> None:
    with SQLite(tmp_path / "hotcold.db") as first, SQLite(tmp_path / "hotcold.db") as second:
        stores = [HotCold(database, Directory(tmp_path / "cold")) for database in (first, second)]

        async def work() -> list[Any]:
            for number in range(10):
                await stores[number % 2].ingest("d", "t", [{"a": number}], timestamp=5, upload_id=str(number))
                await asyncio.gather(*(store.archive() for store in stores if number % 3 == 0))
                report = await stores[(number + 1) % 2].ingest("d", "t", [{"a": number}], timestamp=5, upload_id=str(number))
                assert report.is_replay
            return [await everything(store.read("d", "t")) for store in stores]

        for records in asyncio.run(work()):
            assert [record["a"] for record in records] == [*range(10)]


def test_many_at_once_on_one_store(rig: Rig) -> None:
    async def work() -> None:
        jobs = [rig.store.ingest("d", "t", [{"a": number}], upload_id=str(number % 20)) for number in range(40)]
        jobs_done = await asyncio.gather(*jobs[:20], rig.store.archive(), rig.store.verify(), return_exceptions=True)
        assert not [job for job in jobs_done if isinstance(job, BaseException)]
        for job in jobs[20:]:
            job.close()

    rig.run(work())
    assert sorted(record["a"] for record in rig.read("d", "t")) == [*range(20)]
    rig.verify()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hotcold.db").write_bytes(b"this is no database, and longer than a header is" * 10)
    with disk_rig(tmp_path) as rig, pytest.raises(DamagedError, match=r"hotcold\.db"):
        rig.run(rig.store.status())
