"""Reads of many hot rows, in pages, while others archive, compact, collect and ingest between two records."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.hotcold import HotCold, Settings
from avro_ocf.hotcold.names import TIME_MAX
from tests.hotcold.stores import SMALL, Rig, everything, memory_rig

pytestmark = pytest.mark.host

AT_ONCE = SMALL._replace(grace_ms=0)


async def read_among(rig: Rig, others: dict[int, Callable[[], Awaitable[Any]]], **options: Any) -> list[Any]:
    """Return what is read while each of `others` is run after so many records."""
    found: list[Any] = []
    records = rig.store.read("d", "t", **options)
    while True:
        if step := others.get(len(found)):
            await step()
        try:
            found.append(await anext(records))
        except StopAsyncIteration:
            return found


def disturbances(rig: Rig) -> list[Callable[[], Awaitable[Any]]]:
    """Return what another process may do that no reader notices."""
    other = rig.another()

    async def compact_and_collect() -> None:
        await other.compact()
        rig.clock.now_ms += 1
        await other.collect()

    async def add_and_archive() -> None:
        for time_ms in (0, 3, TIME_MAX):
            await other.ingest("d", "t", [{"late": True}], timestamp=time_ms)
        await other.archive()

    return [other.archive, compact_and_collect, add_and_archive]


@settings(max_examples=60)  # each makes a store
@given(data=st.data(), page=st.integers(1, 6))
def test_nothing_is_lost_doubled_or_reordered_between_pages(data: st.DataObject, page: int) -> None:
    with pytest.MonkeyPatch.context() as patch, memory_rig(AT_ONCE) as rig:
        patch.setattr("avro_ocf.hotcold.snapshot.HOT_ROWS", page)
        stored: list[tuple[int, int]] = []
        for number in range(data.draw(st.integers(1, 12))):
            time_ms = data.draw(st.integers(0, 5))
            count = data.draw(st.integers(1, 4))
            rig.ingest("d", "t", [{"at": time_ms, "number": number}] * count, timestamp=time_ms)
            stored += [(time_ms, number)] * count
            if data.draw(st.integers(0, 3)) == 3:
                rig.archive()
        steps = data.draw(st.dictionaries(st.integers(0, len(stored)), st.integers(0, 2), max_size=5))
        low, high = data.draw(st.sampled_from([(0, TIME_MAX + 1), (0, 6), (1, 4)]))
        # A read begins with its first record: what comes before it is seen.
        others = {place or 1: disturbances(rig)[step] for place, step in steps.items()}
        found = rig.run(read_among(rig, others, from_ms=low, to_ms=high))
        assert [(record["at"], record["number"]) for record in found] == [pair for pair in sorted(stored) if low <= pair[0] < high]
        rig.verify()


@pytest.mark.parametrize("step", [0, 1])
def test_thousands_of_hot_rows_are_read_across_an_archive_run(step: int) -> None:
    with memory_rig(Settings(block_bytes=3000, file_bytes=50_000, grace_ms=0)) as rig:
        stored = [{"number": number, "text": "x" * 20} for number in range(3500)]
        for start in range(0, 3500, 700):
            rig.ingest("d", "t", stored[start : start + 700], timestamp=7)
        others = {place: disturbances(rig)[step if place % 2 else 0] for place in (1, 900, 1001, 1999, 2001, 3333)}
        assert rig.run(read_among(rig, others)) == stored


def test_a_file_of_thousands_of_hot_rows_is_read_across_an_archive_run() -> None:
    import io

    from avro_ocf import Reader

    with memory_rig(Settings(block_bytes=3000, file_bytes=50_000, grace_ms=0)) as rig:
        stored = [{"number": number, "text": None if number % 7 else "x"} for number in range(3500)]
        rig.ingest("d", "t", stored, timestamp=7)
        others = {place: disturbances(rig)[place % 3] for place in (1, 2, 4, 6, 7, 9, 12)}
        assert list(Reader(io.BytesIO(b"".join(rig.run(read_among(rig, others, format="ocf")))))) == stored


def test_no_page_fetches_what_another_has_fetched() -> None:
    with memory_rig(Settings(block_bytes=1000)) as rig:
        for hour in range(20):
            rig.ingest("d", "t", [{"hour": hour, "cold": number} for number in range(100)], timestamp=hour)
        rig.archive()
        for hour in range(20):
            rig.ingest("d", "t", [{"hour": hour, "hot": number} for number in range(250)], timestamp=hour)
        rig.bucket.clear()
        assert len(rig.read("d", "t")) == 7000
        cold = sum(int(row["length"]) for row in rig.sql("SELECT length FROM block_indexes"))
        assert rig.bucket.bytes_read <= 1.5 * cold


@pytest.mark.parametrize("small", [0, 3000])
def test_what_is_read_at_once_does_not_grow_with_what_is_hot(small: int) -> None:
    with memory_rig(Settings(file_bytes=1_000_000)) as rig:
        rig.ingest("d", "t", [{}] * small, timestamp=50)
        for number in range(12):
            rig.ingest("d", "t", [{"number": number, "text": "x" * 400_000}] * 4, timestamp=number)
        assert len(rig.read("d", "t")) == small + 48
        assert rig.archive().record_count == small + 48
        assert rig.database.largest_answer < 8_000_000  # in hexadecimal digits, and 48 records have 38 million


def test_a_read_given_up_halfway_leaves_nothing_behind(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(30)])
    rig.archive()

    async def some(store: HotCold) -> list[Any]:
        records = store.read("d", "t")
        found = [await anext(records), await anext(records)]
        await records.aclose()  # type: ignore[attr-defined]
        return found

    assert rig.run(some(rig.store)) == [{"a": 0}, {"a": 1}]
    assert len(rig.run(everything(rig.store.read("d", "t")))) == 30
