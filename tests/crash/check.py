"""What must be true of a store that no one works at: right after a kill, and once it has come to rest."""

import asyncio
import itertools
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from avro_ocf import Reader
from avro_ocf.adapters.directory import SWEEP_AFTER_S, UNFINISHED, Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.errors import NotFoundError
from avro_ocf.hotcold import HotCold
from tests.crash.child import SETTINGS, post, set_up
from tests.crash.uploads import DATASETS, TABLES, Upload, in_order

AT_ONCE = SETTINGS._replace(lease_ms=0, staged_ms=0, grace_ms=0, stray_ms=0)


LATER_MS = itertools.count(1_000)


def later_ms() -> int:
    """Return a time after all that has happened, and later with each look: what may be collected must be a millisecond old."""
    return time.time_ns() // 1_000_000 + next(LATER_MS)


def opened(folder: Path, database: SQLite) -> HotCold:
    return HotCold(database, Directory(folder / "cold"), settings=AT_ONCE, clock=later_ms)


def unfinished(folder: Path) -> set[Path]:
    """Return the files that puts were writing when they were killed."""
    return {*(folder / "cold" / UNFINISHED).glob("*")}


def left(folder: Path) -> Counter[str]:
    """Count what the database shows of operations that did not end."""
    found: Counter[str] = Counter()
    with closing(sqlite3.connect(folder / "hotcold.db")) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'archived_files'").fetchone():
            for path, state in connection.execute("SELECT file_path, state FROM archived_files WHERE state IN ('staged', 'dead')"):
                is_put = (folder / "cold" / path).exists()
                if state == "staged" or not is_put:  # a dead one that has its object is only waiting to be collected
                    found[f"{state} files {'with' if is_put else 'without'} an object"] += 1
            found["leases"] += connection.execute("SELECT COUNT(*) FROM leases WHERE expires_at > 0").fetchone()[0]
    return found


async def read_all(store: HotCold, posted: Collection[Upload]) -> set[int]:
    """Return the numbers of the uploads that are there. Whatever is there must be there whole, once, and in order."""
    there: set[int] = set()
    for table in TABLES:
        for dataset_id in DATASETS:
            try:
                records = [record async for record in store.read(dataset_id, table)]
            except NotFoundError:
                records = []
            of_dataset = {given.number: given for given in posted if (given.table, given.dataset_id) == (table, dataset_id)}
            numbers = {record["upload"] for record in records}
            assert numbers <= of_dataset.keys(), f"records of uploads that were never posted: {numbers - of_dataset.keys()}"
            expected = in_order(of_dataset[number] for number in numbers)
            assert records == expected, f"{table}, {dataset_id}: {difference(records, expected)}"
            there |= numbers
    return there


def difference(found: list[Any], expected: list[Any]) -> str:
    """Return which records are there too rarely or too often."""
    counts = Counter((record["upload"], record["index"]) for record in found)
    counts.subtract((record["upload"], record["index"]) for record in expected)
    wrong = {place: count for place, count in counts.items() if count}
    return f"too often by {wrong}" if wrong else "records differ, or their order does"


def check(folder: Path, posted: Collection[Upload], acknowledged: Collection[int]) -> set[int]:
    """Check a store as a kill has left it, and return the numbers of the uploads in it."""

    async def look() -> set[int]:
        with SQLite(folder / "hotcold.db") as database:
            store = opened(folder, database)
            report = await store.verify()
            assert not report.problems
            return await read_all(store, posted)

    there = asyncio.run(look())
    assert {*acknowledged} <= there, f"acknowledged and lost: {sorted({*acknowledged} - there)}"
    return there


def settle(folder: Path, posted: Sequence[Upload]) -> None:
    """Let a store come to rest, and check that it holds every upload once and nothing else."""

    async def come_to_rest() -> None:
        with SQLite(folder / "hotcold.db") as database:
            store = opened(folder, database)
            await set_up(store, 0)
            for given in posted:
                await post(store, given)
            assert (await store.archive()).result == "done"
            await store.compact()
            for _ in range(2):  # one gives up what is staged, and the next one deletes it
                await store.collect()
            nothing = await store.collect()
            assert nothing.given_up + nothing.deleted + nothing.strays == []
            for given in posted:  # also after its records have gone through several files
                assert (await post(store, given)).is_replay
            await check_rest(store, posted)

    asyncio.run(come_to_rest())
    check_files(folder, posted)
    asyncio.run(check_sweep(folder))


async def check_rest(store: HotCold, posted: Sequence[Upload]) -> None:
    assert await read_all(store, posted) == {given.number for given in posted}
    report = await store.verify()
    assert not report.problems
    status = await store.status()
    assert (status.hot_records, status.hot_bytes, status.staged_files, status.dead_files) == (0, 0, 0, 0)
    assert status.quarantined_records == 0
    count = sum(len(given.records) for given in posted)
    assert report.record_count == status.cold_records == count
    assert sum(row["accepted_records"] for row in status.tables) == count


def check_files(folder: Path, posted: Sequence[Upload]) -> None:
    """Check the files themselves, without the store: each has a live row, and together they hold every record once."""
    cold = folder / "cold"
    paths = {path.relative_to(cold).as_posix() for path in cold.rglob("*") if path.is_file() and path.parent.name != UNFINISHED}
    with closing(sqlite3.connect(folder / "hotcold.db")) as connection:
        live = {path for (path,) in connection.execute("SELECT file_path FROM archived_files WHERE state = 'live'")}
        assert not connection.execute("SELECT 1 FROM archived_files WHERE state IN ('staged', 'dead')").fetchall()
    assert paths == live
    found: Counter[tuple[str, int, int]] = Counter()
    for path in paths:
        with Reader(cold / path) as reader:
            found.update((path.partition("/")[0], record["upload"], record["index"]) for record in reader)
    assert found == Counter((given.table, given.number, index) for given in posted for index in range(len(given.records)))


async def check_sweep(folder: Path) -> None:
    """Check that a put removes what killed ones have left, once that is old."""
    old = time.time() - SWEEP_AFTER_S - 60
    for path in unfinished(folder):
        os.utime(path, (old, old))
    bucket = Directory(folder / "cold")
    await bucket.put("last", [b""], if_absent=True)
    await bucket.delete("last")
    assert not unfinished(folder)
