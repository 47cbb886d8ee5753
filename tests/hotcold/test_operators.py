"""What operators run by hand (the statements are theirs, to the letter) and what `status` tells: exact at every stage."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import decode_header
from avro_ocf.hotcold import sql
from tests.hotcold.random_records import DATASETS, RECORDS, TABLES
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

HOT_USAGE = "SELECT COUNT(*) AS record_count, SUM(LENGTH(data)) AS total_bytes FROM buffer_logs;"
LATEST_ARCHIVES = "SELECT id, file_path, file_size, created_at FROM archived_files ORDER BY id DESC LIMIT 10;"
CONSISTENCY = """SELECT f.id, f.file_path, COUNT(b.id) AS block_count, SUM(b.record_count) AS total_records, SUM(b.length) AS total_length, f.file_size
  FROM archived_files f LEFT JOIN block_indexes b ON f.id = b.file_id GROUP BY f.id ORDER BY f.id DESC LIMIT 10;"""  # noqa: E501 - as it is run


def size_of(record: Any) -> int:
    return len(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def check(rig: Rig, hot: list[Any], made: list[str], cold: int) -> None:
    """Check the answers to all three against what is hot, the files in the order they were made, and the records in live ones."""
    (usage,) = rig.sql(HOT_USAGE)
    assert tuple(usage.values()) == (len(hot), sum(map(size_of, hot)) if hot else None)
    sizes = {info.key: info.size for info in rig.objects()}
    latest = rig.sql(LATEST_ARCHIVES)
    assert [row["file_path"] for row in latest] == made[::-1][:10]
    states = {row["file_path"]: row["state"] for row in rig.sql("SELECT file_path, state FROM archived_files")}
    for row in latest:
        assert row["file_size"] == sizes.get(row["file_path"], row["file_size"])
        assert row["created_at"] == rig.clock.now_ms
    rows = rig.sql(CONSISTENCY)
    assert [row["id"] for row in rows] == [row["id"] for row in latest]
    live = [row for row in rows if states[row["file_path"]] == "live"]
    for row in live:
        assert row["total_length"] == row["file_size"] - decode_header(rig.object(row["file_path"])).size
    if len(made) <= 10:
        assert sum(row["total_records"] for row in live) == cold


UPLOADS = st.tuples(st.sampled_from(DATASETS), st.sampled_from(TABLES), st.lists(RECORDS, max_size=8))


@settings(max_examples=50)  # each makes a store
@given(st.lists(UPLOADS, max_size=6), st.data())
def test_the_answers_are_exact(uploads: list[Any], data: st.DataObject) -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        hot: list[Any] = []
        made: list[str] = []
        cold = 0
        for dataset_id, table, records in uploads:
            rig.ingest(dataset_id, table, records)
            hot += records
            check(rig, hot, made, cold)
            if data.draw(st.booleans()):
                made += rig.archive().files
                cold, hot = cold + len(hot), []
                check(rig, hot, made, cold)
        made += rig.run(rig.store.compact()).files
        check(rig, hot, made, cold)


@pytest.mark.parametrize("size", [0, 449_991, 449_992])
def test_a_row_is_a_record_up_to_450_kilobytes(rig: Rig, size: int) -> None:
    records = [{"a": "x" * size}, {"a": "y" * size}]
    rig.ingest("d", "t", records)
    check(rig, records, [], 0)
    rig.archive()
    assert rig.sql(CONSISTENCY)[0]["total_records"] >= 1


def test_the_statements_that_are_kept_are_those() -> None:
    kept = (sql.COUNT_HOT, sql.LATEST_FILES, sql.FILE_CONSISTENCY)
    for ours, theirs in zip(kept, (HOT_USAGE, LATEST_ARCHIVES, CONSISTENCY), strict=True):
        assert f"{' '.join(ours.split())};" == " ".join(theirs.split())


def test_status_tells_all_of_it(rig: Rig) -> None:
    empty = rig.run(rig.store.status())
    assert (empty.hot_records, empty.hot_bytes, empty.oldest_row_ms, empty.files, empty.runs) == (0, 0, None, [], [])
    for number in range(20):
        rig.ingest(f"d{number % 2}", "t", [{"a": number}], timestamp=NOW_MS + number)
        rig.clock.now_ms += 10
    status = rig.run(rig.store.status())
    assert (status.hot_records, status.hot_bytes) == (20, sum(size_of({"a": number}) for number in range(20)))
    assert status.oldest_row_ms == 200
    report = rig.archive()
    rig.ingest("d", "u", [{"a": "x"}], period_tag="p")
    status = rig.run(rig.store.status())
    assert (status.cold_records, status.cold_bytes, status.raw_bytes) == (20, report.file_bytes, report.raw_bytes)
    assert (status.hot_records, status.staged_files, status.dead_files, status.oldest_row_ms) == (1, 0, 0, 0)
    assert [file["file_path"] for file in status.files] == report.files[::-1][:10]
    assert all(file["is_consistent"] and file["state"] == "live" for file in status.files)
    assert [(row["table_name"], row["period_tag"], row["accepted_records"]) for row in status.tables] == [
        ("t", "2025-11", 20),
        ("u", "p", 1),
    ]
    rig.sql("DELETE FROM block_indexes WHERE id = 1")
    assert sum(not file["is_consistent"] for file in rig.run(rig.store.status()).files) == 1
    replaced = rig.run(rig.store.compact()).replaced
    assert rig.run(rig.store.status()).dead_files == len(replaced)


def test_status_reads_totals_only(rig: Rig) -> None:
    for number in range(30):
        rig.ingest(f"d{number}", "t", [{"a": number}])
    rig.archive()
    rig.database.batches.clear()
    rig.bucket.clear()
    rig.run(rig.store.status())
    assert len(rig.database.batches) == 1
    assert rig.bucket.gets == rig.bucket.lists == rig.bucket.heads == 0
