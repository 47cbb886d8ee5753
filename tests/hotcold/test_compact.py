"""Compaction: fewer and larger objects, the same records."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import DamagedError
from avro_ocf.hotcold import HotCold, Settings
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import RECORDS
from tests.hotcold.stores import Rig, memory_rig

pytestmark = pytest.mark.host

LARGE = Settings(block_bytes=2000, file_bytes=100_000)
FILES = "SELECT file_path, state, raw_bytes, table_name, table_version, period_tag FROM archived_files ORDER BY id"


def fill(rig: Rig, files: int = 6) -> dict[str, list[Any]]:
    """Archive every upload alone, and return what there is."""
    for number in range(files):
        for dataset_id in "de":
            rig.ingest(dataset_id, "t", [{"a": number, "i": index} for index in range(5)], timestamp=number % 4)
        rig.archive()
    return contents(rig)


def contents(rig: Rig) -> dict[str, list[Any]]:
    return {dataset_id: rig.read(dataset_id, "t") for dataset_id in "de"}


def live(rig: Rig) -> list[str]:
    return [row["file_path"] for row in rig.sql(FILES) if row["state"] == "live"]


def test_small_files_become_one_with_full_blocks() -> None:
    with memory_rig(LARGE) as rig:
        before = fill(rig)
        old = live(rig)
        ledger = rig.run(rig.store.status())
        report = rig.run(rig.store.compact())
        assert report.replaced == old
        assert report.record_count == 60
        assert report.files == live(rig)
        assert len(report.files) == 1
        blocks = rig.sql("SELECT dataset_id, record_count FROM block_indexes WHERE file_id = (SELECT MAX(id) FROM archived_files)")
        assert [tuple(row.values()) for row in blocks] == [("d", 30), ("e", 30)]
        assert contents(rig) == before
        status = rig.run(rig.store.status())
        assert (status.cold_records, status.raw_bytes) == (ledger.cold_records, ledger.raw_bytes)
        assert status.cold_bytes < ledger.cold_bytes
        rig.verify()


def test_compaction_comes_to_an_end() -> None:
    for size in (100, 500, 3000):
        with memory_rig(Settings(block_bytes=50, file_bytes=size)) as rig:
            before = fill(rig)
            for _ in range(20):
                if not rig.run(rig.store.compact()).files:
                    break
            else:
                raise AssertionError("it never ends")
            assert contents(rig) == before
            rig.verify()


def test_an_output_is_never_among_its_sources() -> None:
    with memory_rig(LARGE) as rig:
        fill(rig)
        report = rig.run(rig.store.compact())
        assert not {*report.files} & {*report.replaced}
        assert rig.run(rig.store.compact()) == ([], [], 0)
        fill(rig, 2)
        again = rig.run(rig.store.compact())
        assert not {*again.files} & {*again.replaced}
        assert {*report.files} <= {*again.replaced}


def test_a_file_has_a_most_of_records_too() -> None:
    with memory_rig(Settings(file_records=10)) as rig:
        for number in range(8):
            rig.ingest("d", "t", [{"a": number}] * 4)
            rig.archive()
        rig.run(rig.store.compact())
        counts = [row["record_count"] for row in rig.sql("SELECT record_count FROM archived_files WHERE state = 'live'")]
        assert counts == [8] * 4


def test_tables_versions_and_periods_stay_apart() -> None:
    schema: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    wider = {**schema, "fields": [{"name": "a", "type": "long"}]}
    with memory_rig(LARGE) as rig:
        rig.run(rig.store.add_table("s", schema))
        rig.run(rig.store.add_table("s", wider))
        for number in range(3):
            for table, options in (("t", {}), ("u", {}), ("t", {"period_tag": "p"}), ("s", {"table_version": 1}), ("s", {})):
                rig.ingest("d", table, [{"a": number}], **options)
            rig.archive()
        assert len(live(rig)) == 15
        assert len(rig.run(rig.store.compact()).files) == 5
        groups = [(row["table_name"], row["table_version"], row["period_tag"]) for row in rig.sql(FILES) if row["state"] == "live"]
        assert len({*groups}) == 5
        assert [len(rig.read("d", table)) for table in "tus"] == [6, 3, 6]
        rig.verify()


def test_large_files_are_left_alone() -> None:
    with memory_rig(Settings(file_bytes=1000)) as rig:
        import random

        rng = random.Random(1)
        for _ in range(3):
            rig.ingest("d", "t", [{"a": rng.randbytes(300).hex()} for _ in range(2)])
            rig.archive()
        assert rig.run(rig.store.compact()).files == []


def test_sources_that_are_gone_meanwhile_are_not_brought_back() -> None:
    with memory_rig(LARGE) as rig:
        fill(rig)

        async def expire_before_commit(store: HotCold, other: HotCold) -> Any:
            put = rig.bucket.put

            async def put_late(key: str, chunks: Any, *, if_absent: bool) -> bool:
                done = await put(key, chunks, if_absent=if_absent)
                await other.expire(0)
                return done

            rig.bucket.put = put_late  # type: ignore[method-assign]
            return await store.compact()

        assert rig.run(expire_before_commit(rig.store, rig.another())) == ([], [], 0)
        assert contents(rig) == {"d": [], "e": []}
        assert {row["state"] for row in rig.sql(FILES)} == {"dead"}
        rig.verify()


def test_of_two_at_once_one_wins() -> None:
    with memory_rig(LARGE) as rig:
        before = fill(rig)

        async def compact_within(store: HotCold, other: HotCold) -> list[Any]:
            put = rig.bucket.put
            reports: list[Any] = []

            async def put_late(key: str, chunks: Any, *, if_absent: bool) -> bool:
                rig.bucket.put = put  # type: ignore[method-assign]
                reports.append(await other.compact())
                return await put(key, chunks, if_absent=if_absent)

            rig.bucket.put = put_late  # type: ignore[method-assign]
            return [await store.compact(), *reports]

        first, second = rig.run(compact_within(rig.store, rig.another()))
        assert (len(first.files), len(second.files)) == (0, 1)
        assert contents(rig) == before
        rig.verify()


def test_a_damaged_source_is_an_error_and_stays() -> None:
    with memory_rig(LARGE) as rig:
        fill(rig)
        path = live(rig)[2]
        data = rig.object(path)
        rig.replace(path, data[:-1])
        with pytest.raises(DamagedError, match=path):
            rig.run(rig.store.compact())
        assert len(live(rig)) == 6
        rig.replace(path, data)
        assert len(rig.run(rig.store.compact()).files) == 1


@settings(max_examples=60)  # each makes a store
@given(st.lists(st.lists(RECORDS, max_size=4), min_size=2, max_size=5), st.sampled_from([100, 500, 10_000]))
def test_any_records_survive(uploads: list[list[Any]], file_bytes: int) -> None:
    with memory_rig(Settings(block_bytes=50, file_bytes=file_bytes)) as rig:
        for number, records in enumerate(uploads):
            rig.ingest("d", "t", records, timestamp=number % 2)
            rig.archive()
        before = rig.read("d", "t")
        for _ in range(2):
            rig.run(rig.store.compact())
            rig.clock.now_ms += 2 * rig.settings.grace_ms
            rig.run(rig.store.collect())
            assert same(rig.read("d", "t"), before)
        rig.verify()
        assert len(rig.objects()) == len(live(rig))


def test_progress_is_told() -> None:
    with memory_rig(LARGE) as rig:
        fill(rig)
        progress: list[tuple[int, int]] = []
        rig.run(rig.store.compact(on_progress=lambda done, total: progress.append((done, total))))
        assert progress == [(6, 6)]


def test_bytes_of_memory_are_those_of_one_file() -> None:
    with memory_rig(Settings(block_bytes=500, file_bytes=3000)) as rig:
        for number in range(40):
            rig.ingest(f"d{number}", "t", [{"text": "x" * 90}] * 5)
            rig.archive()
        rig.run(rig.store.compact())
        assert all(row["raw_bytes"] <= 3000 for row in rig.sql(FILES))
        assert len(live(rig)) <= 10


def test_a_damaged_file_keeps_no_other_group_from_being_compacted() -> None:
    with memory_rig(LARGE) as rig:
        before = fill(rig)
        path = live(rig)[0]
        for number in range(3):
            rig.ingest("d", "u", [{"a": number}], timestamp=number)
            rig.archive()
        rig.replace(path, rig.object(path)[:-1])
        with pytest.raises(DamagedError, match=path):
            rig.run(rig.store.compact())
        assert [row["table_name"] for row in rig.sql(FILES) if row["state"] == "live"] == ["t"] * 6 + ["u"]
        assert rig.read("d", "u") == [{"a": number} for number in range(3)]
        assert rig.read("d", "t") == before["d"]
