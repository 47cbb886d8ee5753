"""`verify`: it finds what is wrong, repairs what can be, and leaves the rest as it is."""

from collections.abc import Sequence

import pytest

from avro_ocf.hotcold import HotCold, Row, Settings, Statement, sql
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

BLOCKS = """SELECT file_id, dataset_id, start_byte, length, record_count, start_timestamp, end_timestamp, checksum,
  hex(record_keys) AS k FROM block_indexes ORDER BY file_id, start_byte"""


def fill(rig: Rig) -> list[list[object]]:
    """Make a store with hot and cold records of some datasets, and return what it holds."""
    for number in range(12):
        rig.ingest(f"d{number % 3}", "t", [{"n": number, "part": part} for part in range(4)], timestamp=NOW_MS - number)
        if number == 8:
            rig.archive()
    return contents(rig)


def contents(rig: Rig) -> list[list[object]]:
    return [rig.read(f"d{number}", "t") for number in range(3)]


def test_a_sound_store_has_no_problems_and_is_counted(rig: Rig) -> None:
    fill(rig)
    report = rig.verify()
    assert report.is_ok
    assert (report.record_count, report.hot_records) == (36, 12)
    assert report.file_count == len(rig.objects())
    assert report.block_count == len(rig.sql(BLOCKS))


CHANGES = [
    "DELETE FROM block_indexes WHERE id = 2",
    "DELETE FROM block_indexes",
    "UPDATE block_indexes SET dataset_id = 'd0' WHERE dataset_id = 'd1'",
    "UPDATE block_indexes SET start_timestamp = start_timestamp + 1 WHERE id = 1",
    "UPDATE block_indexes SET end_timestamp = 0",
    "UPDATE block_indexes SET table_name = 'u' WHERE id = 3",
    "UPDATE block_indexes SET file_id = (SELECT MAX(id) FROM archived_files) WHERE id = 1",
    """INSERT INTO block_indexes (file_id, dataset_id, table_name, start_byte, length, record_count, start_timestamp, end_timestamp,
       checksum, record_keys) SELECT file_id, 'd2', table_name, start_byte, length, record_count, start_timestamp, end_timestamp,
       checksum, record_keys FROM block_indexes WHERE id = 1""",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_index_is_found_and_repaired(rig: Rig, change: str) -> None:
    before = fill(rig)
    index = rig.sql(BLOCKS)
    rig.sql(change)
    found = rig.run(rig.store.verify())
    assert not found.is_ok
    assert {problem.problem for problem in found.problems} == {"its index does not fit"}
    assert rig.sql(BLOCKS) != index or "table_name" in change
    repaired = rig.run(rig.store.verify(repair=True))
    assert repaired.is_ok
    assert [problem.place for problem in repaired.problems] == [problem.place for problem in found.problems]
    assert all(problem.is_repaired for problem in repaired.problems)
    rig.verify()
    assert rig.sql(BLOCKS) == index
    assert contents(rig) == before


@pytest.mark.parametrize(
    "column",
    ["accepted_records", "hot_records", "hot_bytes", "cold_records", "cold_bytes", "raw_bytes", "quarantined_records"],
)
def test_wrong_totals_are_found_and_repaired(rig: Rig, column: str) -> None:
    fill(rig)
    ledger = rig.sql("SELECT * FROM ledger")
    rig.sql(f"UPDATE ledger SET {column} = {column} + 5")
    (problem,) = rig.run(rig.store.verify()).problems
    assert problem.place == f"ledger of t/0/{ledger[0]['period_tag']}"
    assert f"{column} is {ledger[0][column] + 5}, not {ledger[0][column]}" in problem.problem
    assert rig.run(rig.store.verify(repair=True)).is_ok
    assert rig.sql("SELECT * FROM ledger") == ledger
    rig.verify()


def test_a_lost_ledger_is_written_anew(rig: Rig) -> None:
    before = fill(rig)
    ledger = rig.sql("SELECT * FROM ledger")
    rig.sql("DELETE FROM ledger")
    assert rig.run(rig.store.verify(repair=True)).is_ok
    assert rig.sql("SELECT * FROM ledger") == ledger
    assert contents(rig) == before
    assert rig.archive().record_count == 12
    rig.verify()


def test_totals_stay_right_through_expiry_and_quarantine(rig: Rig) -> None:
    fill(rig)
    rig.sql("UPDATE buffer_logs SET data = unhex('ff') WHERE id = (SELECT MIN(id) FROM buffer_logs)")
    assert rig.run(rig.store.verify(repair=True)).problems[0].place.startswith("row ")
    assert rig.archive().quarantined_records == 1
    rig.verify()
    rig.clock.now_ms += 100
    assert rig.run(rig.store.expire(50)).record_count == 47
    rig.verify()
    rig.clock.now_ms += 2 * rig.settings.grace_ms
    rig.run(rig.store.collect())
    rig.verify()
    (row,) = rig.sql("SELECT * FROM ledger")
    assert (row["accepted_records"], row["expired_records"], row["quarantined_records"]) == (48, 47, 1)
    assert row["hot_records"] == row["hot_bytes"] == row["cold_records"] == row["cold_bytes"] == row["raw_bytes"] == 0


def test_a_quarantined_record_of_several_rows_is_one_record(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}, {"a": "x" * 1_000_000}, {"a": 2}])
    rig.sql("UPDATE buffer_logs SET data = unhex('ff') WHERE id = 3")
    rig.run(rig.store.verify(repair=True))
    assert rig.archive().quarantined_records == 1
    assert rig.count("quarantine") == 3
    assert rig.run(rig.store.status()).quarantined_records == 1
    rig.verify()
    assert [record["a"] for record in rig.read("d", "t")] == [1, 2]


def test_a_hot_row_that_cannot_be_read_is_found_and_left(rig: Rig) -> None:
    fill(rig)
    rig.sql("UPDATE buffer_logs SET data = unhex('7b7d20ff') WHERE id = 40")
    for repair in (False, True):
        places = [problem.place for problem in rig.run(rig.store.verify(repair=repair)).problems]
        assert "row 40 of buffer_logs" in places
    assert rig.count("buffer_logs") == 12


def test_objects_that_no_row_knows_are_told_and_left(rig: Rig) -> None:
    fill(rig)
    rig.replace("t/2026-11-stray.avro", b"what is this")
    (problem,) = rig.run(rig.store.verify(repair=True)).problems
    assert problem.place == "t/2026-11-stray.avro"
    assert "no row knows this object" in problem.problem
    assert rig.object("t/2026-11-stray.avro") == b"what is this"


def test_staged_and_dead_files_are_no_problem(rig: Rig) -> None:
    fill(rig)
    rig.run(rig.store.compact())
    rig.run(rig.store.expire(0))
    rig.verify()


def test_progress_is_told() -> None:
    with memory_rig(Settings(file_records=5)) as rig:
        rig.ingest("d", "t", [{"a": number} for number in range(20)])
        rig.archive()
        progress: list[tuple[int, int]] = []
        rig.run(rig.store.verify(on_progress=lambda done, total: progress.append((done, total))))
        assert [done for done, _ in progress] == [1, 2, 3, 4]


@pytest.mark.parametrize(("column", "value"), [("period_tag", "other"), ("table_version", "7"), ("table_name", "u")])
def test_a_row_that_tells_another_group_than_its_object_is_found(rig: Rig, column: str, value: str) -> None:
    fill(rig)
    (before,) = rig.sql("SELECT file_path, table_name, table_version, period_tag FROM archived_files WHERE id = 1")
    rig.sql(f"UPDATE archived_files SET {column} = ?1 WHERE id = 1", value)
    told = "/".join(str(value if name == column else before[name]) for name in ("table_name", "table_version", "period_tag"))
    problems = rig.run(rig.store.verify()).problems
    assert (before["file_path"], f"its row has {told}, and it is of t/0/{before['period_tag']}", False) in problems


def test_two_repairs_at_once_make_totals_right_once(rig: Rig) -> None:
    fill(rig)
    ledger = rig.sql("SELECT * FROM ledger")
    rig.sql("UPDATE ledger SET hot_bytes = hot_bytes + 5")
    other = rig.another()

    class Overtaken:
        """A `Database` where another repair comes between a look at the totals and what is made of it."""

        async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
            rows = await rig.database.batch(statements)
            if any(statement.sql == sql.COUNT_LIVE_GROUPS for statement in statements):
                assert (await other.verify(repair=True)).is_ok
            return rows

    late = rig.run(HotCold(Overtaken(), rig.bucket).verify(repair=True))
    assert [problem.is_repaired for problem in late.problems] == [False]
    assert rig.sql("SELECT * FROM ledger") == ledger
    rig.verify()
