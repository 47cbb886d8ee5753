"""`overview`: the figures of `status`, the blocks as they are in the index, and a history, all in one bounded answer."""

import json

import pytest

from avro_ocf.hotcold import Settings
from avro_ocf.hotcold.overview import POINTS, TABLES
from avro_ocf.hotcold.reports import OverviewReport, plain
from tests.hotcold.stores import DAY_MS, Rig, memory_rig

pytestmark = pytest.mark.host

ONE_FILE = Settings(block_bytes=10_000)
INSERT_ROWS = """INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data)
  SELECT printf('d%05d', value), 't', value, CAST('{"a":1}' AS BLOB) FROM json_each(?1)"""
INSERT_RUNS = """INSERT INTO archive_runs (started_at, duration_ms, result, report)
  SELECT value, 1, 'done', json_object('files', json_array('f'), 'raw_bytes', 10 * value, 'file_bytes', value)
  FROM json_each(?1)"""


def overview(rig: Rig) -> OverviewReport:
    return rig.run(rig.store.overview())


def index(rig: Rig) -> list[dict[str, object]]:
    rows = rig.sql(
        """SELECT file_id, dataset_id, start_byte, length, record_count, start_timestamp, end_timestamp FROM block_indexes
           WHERE file_id IN (SELECT id FROM archived_files ORDER BY id DESC LIMIT 10) ORDER BY file_id, start_byte"""
    )
    return [{**row, "last_dataset_id": row["dataset_id"], "block_count": 1} for row in rows]


def insert_rows(rig: Rig, count: int) -> None:
    """Make as many hot rows of as many datasets."""
    rig.run(rig.store.status())
    rig.sql(INSERT_ROWS, json.dumps([*range(count)]))
    assert all(problem.is_repaired for problem in rig.run(rig.store.verify(repair=True)).problems)


def test_of_an_empty_store() -> None:
    with memory_rig() as rig:
        report = overview(rig)
        assert report.status == rig.run(rig.store.status())
        assert report[2:] == (0, [], [])
        assert report.at_ms == rig.clock.now_ms


def test_it_tells_what_status_tells_and_the_index_as_it_is() -> None:
    with memory_rig() as rig:
        for day in range(3):
            for table in ("t", "u"):
                for dataset in ("a", "b", "雪"):
                    rig.ingest(dataset, table, [{"n": number, "of": dataset} for number in range(day + 2)], timestamp=day)
            rig.archive()
            rig.clock.now_ms += DAY_MS
        rig.ingest("a", "t", [{"n": 1}])
        rig.run(rig.store.expire(rig.clock.now_ms - 2))
        rig.sql("DELETE FROM block_indexes WHERE id = (SELECT MAX(id) - 3 FROM block_indexes)")
        status, report = rig.run(rig.store.status()), overview(rig)
        assert len(status.files) == 10
        assert not all(file["is_consistent"] for file in status.files)
        tables, runs = report.status.tables, report.status.runs
        assert report.status._replace(tables=status.tables, runs=status.runs) == status
        assert runs == [{**{k: v for k, v in run.items() if k != "files"}, "file_count": len(run["files"])} for run in status.runs]
        assert [table["table_name"] for table in tables] == ["t", "u"]
        for name in ("hot_records", "hot_bytes", "cold_records", "cold_bytes", "raw_bytes", "expired_records"):
            assert sum(table[name] for table in tables) == getattr(status, name)
        assert report.blocks == index(rig)
        last = {
            "at_ms": rig.clock.now_ms - DAY_MS,
            **{name: sum(run[name] for run in runs) for name in ("raw_bytes", "file_bytes")},
        }
        assert (len(report.history), report.history[-1]) == (3, last)
        assert json.loads(json.dumps(plain(report)))["status"]["hot_records"] == 1


def test_neighbouring_blocks_of_a_large_file_are_summed_up() -> None:
    for count in (500, 501, 1300):
        with memory_rig(ONE_FILE) as rig:
            insert_rows(rig, count)
            assert len(rig.archive().files) == 1
            blocks, whole = overview(rig).blocks, index(rig)
            assert len(blocks) == 500
            for block in blocks:
                own, whole = whole[: block["block_count"]], whole[block["block_count"] :]
                assert (block["dataset_id"], block["last_dataset_id"]) == (own[0]["dataset_id"], own[-1]["dataset_id"])
                assert block["start_byte"] == own[0]["start_byte"]
                assert block["length"] == sum(int(str(row["length"])) for row in own)
                assert block["record_count"] == len(own) <= -(-count // 500)
                assert (block["start_timestamp"], block["end_timestamp"]) == (own[0]["start_timestamp"], own[-1]["end_timestamp"])
            assert whole == []
            assert overview(rig).status.files == rig.run(rig.store.status()).files


def test_it_is_one_batch_and_bounded() -> None:
    with memory_rig() as rig:
        rig.run(rig.store.status())
        rig.sql(INSERT_RUNS, json.dumps([*range(1, 1501)]))
        for number in range(TABLES + 7):
            rig.ingest("d", f"t{number:02}", [{"a": 1}] * (number + 1))
        rig.database.batches.clear()
        report = overview(rig)
        assert len(rig.database.batches) == 1
        assert [table["table_name"] for table in report.status.tables] == [f"t{number:02}" for number in range(56, 6, -1)]
        assert (len(report.status.tables), report.tables_left_out) == (TABLES, 7)
        times = [point["at_ms"] for point in report.history]
        assert len(times) == POINTS
        assert times == [*range(505, 1501, 5)]  # every fifth of the latest thousand, the last one too
        for point in report.history:
            archived = sum(range(501, point["at_ms"] + 1))
            assert (point["raw_bytes"], point["file_bytes"]) == (10 * archived, archived)
