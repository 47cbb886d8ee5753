"""Reading: hot and cold as one, in one order, and no more bytes than those of the blocks that are wanted."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import DamagedError, DatumError, NotFoundError
from avro_ocf.hotcold import Settings
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

SELECTED = """SELECT f.file_path, b.start_byte, b.length FROM block_indexes b JOIN archived_files f ON f.id = b.file_id
  WHERE b.dataset_id = ?1 AND b.table_name = ?2 AND b.start_timestamp < CAST(?4 AS INTEGER)
    AND b.end_timestamp >= CAST(?3 AS INTEGER) AND f.state = 'live' ORDER BY f.id, b.start_byte"""


def fill(rig: Rig, datasets: int, uploads: int, *, seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Ingest uploads of many datasets in turn, archive now and then, and return each dataset's records in order."""
    rng = random.Random(seed)
    sent: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number in range(uploads):
        dataset_id = f"user-{rng.randrange(datasets)}"
        time_ms = NOW_MS + rng.randrange(uploads)
        records = [{"of": dataset_id, "number": number, "part": part, "at": time_ms} for part in range(rng.randrange(1, 6))]
        rig.ingest(dataset_id, "t", records, timestamp=time_ms)
        sent.setdefault(dataset_id, []).extend((time_ms, record) for record in records)
        if number % (uploads // 4) == uploads // 4 - 1:
            rig.archive()
    return {dataset_id: [record for _, record in sorted(each, key=lambda pair: pair[0])] for dataset_id, each in sent.items()}


@pytest.mark.parametrize("block_bytes", [1, 100, 1000, 100_000])
def test_a_read_fetches_the_selected_blocks_and_each_run_of_them_at_once(block_bytes: int) -> None:
    with memory_rig(Settings(block_bytes=block_bytes, file_bytes=20_000)) as rig:
        stored = fill(rig, 12, 200)
        times = [NOW_MS, NOW_MS + 40, NOW_MS + 41, NOW_MS + 150, NOW_MS + 200]
        for dataset_id, records in stored.items():
            for from_ms, to_ms in [(0, 2**53), *((low, high) for low in times for high in times if low < high)]:
                selected = rig.sql(SELECTED, dataset_id, "t", str(from_ms), str(to_ms))
                runs: list[tuple[str, int, int]] = []
                for path, start, length in (row.values() for row in selected):
                    if runs and runs[-1][0] == path and sum(runs[-1][1:]) == start:
                        runs[-1] = (path, runs[-1][1], runs[-1][2] + length)
                    else:
                        runs.append((path, start, length))
                rig.bucket.clear()
                found = rig.read(dataset_id, "t", from_ms=from_ms, to_ms=to_ms)
                assert found == [record for record in records if from_ms <= record["at"] < to_ms]
                assert sorted(rig.bucket.ranges) == sorted(runs)
                assert rig.bucket.bytes_read == sum(int(row["length"]) for row in selected)
                assert rig.bucket.heads == rig.bucket.lists == rig.bucket.puts == 0


def test_a_read_is_one_batch_of_the_database(rig: Rig) -> None:
    fill(rig, 3, 40)
    for _ in range(2):
        rig.database.batches.clear()
        rig.read("user-1", "t")
        assert len(rig.database.batches) == 1
        rig.archive()


def test_what_is_hot_costs_no_request(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    rig.archive()
    rig.ingest("e", "t", [{"a": 2}])
    rig.bucket.clear()
    assert rig.read("e", "t") == [{"a": 2}]
    assert rig.bucket.gets == 0


@settings(max_examples=60)  # each makes a store
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3), st.booleans()), max_size=12),
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=6),
)
def test_records_come_by_time_and_then_as_they_came(uploads: list[tuple[int, int, bool]], ranges: list[tuple[int, int]]) -> None:
    with memory_rig() as rig:
        rig.ingest("d", "t", [])
        stored: list[tuple[int, int]] = []
        for number, (time_ms, count, is_archived) in enumerate(uploads):
            rig.ingest("d", "t", [{"at": time_ms, "number": number}] * count, timestamp=time_ms)
            stored += [(time_ms, number)] * count
            if is_archived:
                rig.archive()
        for low, high in [(0, 99), *ranges]:
            expected = [pair for pair in sorted(stored) if low <= pair[0] < high]
            assert [(record["at"], record["number"]) for record in rig.read("d", "t", from_ms=low, to_ms=high)] == expected


def test_a_range_is_half_open_also_inside_a_block() -> None:
    with memory_rig(Settings()) as rig:
        for time_ms in range(10):
            rig.ingest("d", "t", [{"at": time_ms}], timestamp=time_ms)
        for _ in range(2):
            assert [record["at"] for record in rig.read("d", "t", from_ms=3, to_ms=6)] == [3, 4, 5]
            assert rig.read("d", "t", from_ms=3, to_ms=3) == rig.read("d", "t", from_ms=6, to_ms=3) == []
            assert [record["at"] for record in rig.read("d", "t", from_ms=9, to_ms=10)] == [9]
            assert rig.read("d", "t", from_ms=10) == []
            rig.archive()


def test_tables_and_datasets_are_apart(rig: Rig) -> None:
    names = ["a", "b", "a/b", "a::b", "A", "a ", "%", "a%", "_"]
    for dataset_id in names:
        for table in ("t", "T", "t.t"):
            rig.ingest(dataset_id, table, [{"of": [dataset_id, table]}])
    for _ in range(2):
        for dataset_id in names:
            assert [rig.read(dataset_id, table) for table in ("t", "T", "t.t")] == [
                [{"of": [dataset_id, table]}] for table in ("t", "T", "t.t")
            ]
        rig.archive()


def test_a_table_is_known_or_not(rig: Rig) -> None:
    for options in ({}, {"format": "ocf"}):
        with pytest.raises(NotFoundError, match="there is no table 't'"):
            rig.read("d", "t", **options)
    rig.ingest("d", "t", [])
    assert rig.read("d", "t") == rig.read("nobody", "t") == []
    rig.run(rig.store.add_table("u", {"type": "record", "name": "R", "fields": []}))
    assert rig.read("d", "u") == []


def test_there_are_three_formats(rig: Rig) -> None:
    with pytest.raises(DatumError, match="format: 'csv' is not records, ndjson or ocf"):
        rig.read("d", "t", format="csv")


def test_a_client_reads_its_own_writes_in_another_process(rig: Rig) -> None:
    other = rig.another()
    for number in range(5):
        rig.ingest("d", "t", [{"a": number}])
        rig.store, other = other, rig.store
        assert [record["a"] for record in rig.read("d", "t")] == [*range(number + 1)]
        if number % 2:
            rig.archive()


def test_a_damaged_row_is_told_after_all_that_comes_before_it(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(20)], timestamp=5)
    rig.archive()
    rig.ingest("d", "t", [{"a": 20}], timestamp=0)
    rig.ingest("d", "t", [{"a": 21}, {"a": 22}], timestamp=9)
    rig.sql("UPDATE buffer_logs SET data = unhex('ff') WHERE id = 22")
    found: list[Any] = []

    async def read() -> None:
        records = rig.store.read("d", "t")
        while True:
            found.append(await anext(records))

    with pytest.raises(DamagedError, match="row 22 of buffer_logs cannot be read"):
        rig.run(read())
    assert [record["a"] for record in found] == [20, *range(20)]
    assert len(rig.read("d", "t", to_ms=9)) == 21
    rig.archive()
    assert [record["a"] for record in rig.read("d", "t")] == [20, *range(20), 22]


def test_a_read_passes_over_a_version_that_came_in_after_it_began(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of that version are in its later snapshots, and it cannot read them."""
    monkeypatch.setattr("avro_ocf.hotcold.snapshot.HOT_ROWS", 3)
    schema: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    newer = {**schema, "fields": [{"name": "a", "type": "long"}]}
    rig.run(rig.store.add_table("t", schema))
    rig.ingest("d", "t", [{"a": number} for number in range(10)], timestamp=5)
    other = rig.another()

    async def read() -> list[Any]:
        records = rig.store.read("d", "t")
        found = [await anext(records)]
        await other.add_table("t", newer)
        for timestamp in (0, 5, 9):
            await other.ingest("d", "t", [{"a": 2**40}] * 4, timestamp=timestamp)
        await other.archive()
        return found + [record async for record in records]

    assert rig.run(read()) == [{"a": number} for number in range(10)]
    assert len(rig.read("d", "t")) == 22
