"""What `benchmarks.hotcold` measures, each job in a process of its own, so that its peak of memory is its own.

`python -m benchmarks.hotcold_work JOB FOLDER ARGUMENT...` prints one line of JSON.
"""

import asyncio
import json
import resource
import statistics
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from avro_ocf import Reader
from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.counting import CountingBucket
from benchmarks.data import BATTLE, FIRST_PLAY_MS, play, tables
from benchmarks.hotcold_ports import CountingDatabase

TABLE = "battle"
DATASET_RECORDS = 100
UPLOADS = 4
"""Uploads of each dataset; they come in turns with those of other datasets."""

AT_A_TIME = 50
"""Datasets that are uploaded in turns."""

READS = 21

CALLS = ("puts", "gets", "heads", "lists", "deletes")
STATUS = Path("/proc/self/status")


class Store:
    """A store on disk whose calls are counted; it is open, and its tables are there."""

    def __init__(self, folder: Path) -> None:
        self.sqlite = SQLite(folder / "hotcold.db")
        self.database = CountingDatabase(self.sqlite)
        self.bucket = CountingBucket(Directory(folder / "cold"))
        self.store = HotCold(self.database, self.bucket)

    async def open(self) -> HotCold:
        await self.store.status()
        await self.database.learn()
        self.database.rows_written.clear()
        return self.store


def memory(name: str) -> int:
    """Return `VmRSS` or `VmHWM`, bytes in memory now and at most; both are the latter where a system tells no more."""
    if STATUS.exists():
        lines = STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Let the peak begin anew, where the system can do that; else it is that since the start, which is no less."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def json_bytes(records: list[Any]) -> int:
    """Return the bytes of records as JSON without spaces."""
    return sum(len(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()) for record in records)


def uploads(dataset_count: int) -> Iterator[tuple[int, int, list[Any]]]:
    """Yield the dataset, the number and the records of each upload."""
    size = DATASET_RECORDS // UPLOADS
    for first in range(0, dataset_count, AT_A_TIME):
        plays = {seed: play(BATTLE, seed, DATASET_RECORDS) for seed in range(first, min(first + AT_A_TIME, dataset_count))}
        for number in range(UPLOADS):
            for seed, records in plays.items():
                yield seed, number, records[number * size : (number + 1) * size]


async def ingest(folder: Path, kind: str, dataset_count: str) -> dict[str, Any]:
    """Fill a store, of a table with the schema or of one of JSON."""
    opened = Store(folder)
    store = await opened.open()
    if kind == "avro":
        await store.add_table(TABLE, BATTLE, timestamp_field="timestamp")
    opened.database.rows_written.clear()
    seconds = cpu_seconds = 0.0
    text_bytes = record_count = 0
    for seed, number, records in uploads(int(dataset_count)):
        text_bytes += json_bytes(records)
        record_count += len(records)
        start, cpu_start = perf_counter(), process_time()
        await store.ingest(
            f"play-{seed}", TABLE, records, timestamp=FIRST_PLAY_MS + seed, upload_id=f"{number}", period_tag="2025-11"
        )
        seconds += perf_counter() - start
        cpu_seconds += process_time() - cpu_start
    opened.sqlite.close()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "record_count": record_count,
        "json_bytes": text_bytes,
        "rows_written": dict(opened.database.rows_written),
    }


async def archive(folder: Path) -> dict[str, Any]:
    """Archive all that is hot, and tell the peak of memory above what the open store takes."""
    opened = Store(folder)
    store = await opened.open()
    forget_peak()
    before = memory("VmRSS")
    start, cpu_start = perf_counter(), process_time()
    report = await store.archive()
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
    peak = memory("VmHWM")
    assert report.result == "done"
    opened.sqlite.close()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "import_bytes": before,
        "peak_bytes": peak - before,
        "record_count": report.record_count,
        "block_count": report.block_count,
        "file_count": len(report.files),
        "raw_bytes": report.raw_bytes,
        "file_bytes": report.file_bytes,
        "rows_written": dict(opened.database.rows_written),
        "bucket_calls": {name: getattr(opened.bucket, name) for name in CALLS},
    }


async def read(folder: Path, dataset_count: str) -> dict[str, Any]:
    """Read one dataset after another, and each one's whole file beside it; the medians count."""
    opened = Store(folder)
    store = await opened.open()
    found: list[tuple[int, int, float]] = []
    whole: list[tuple[int, int, float]] = []
    for place in range(READS):
        seed = place * (int(dataset_count) - 1) // (READS - 1)
        opened.bucket.clear()
        start = perf_counter()
        records = [record async for record in store.read(f"play-{seed}", TABLE)]
        seconds = perf_counter() - start
        if [as_json(record) for record in records] != play(BATTLE, seed, DATASET_RECORDS):
            raise AssertionError("the store does not give back what it was given")
        found.append((opened.bucket.gets, opened.bucket.bytes_read, seconds))
        path = folder / "cold" / opened.bucket.ranges[0].key
        start = perf_counter()
        with Reader(path) as reader:
            of_file = sum(1 for _ in reader)
        whole.append((path.stat().st_size, of_file, perf_counter() - start))
    opened.sqlite.close()
    return {
        "record_count": DATASET_RECORDS,
        "requests": statistics.median(requests for requests, _, _ in found),
        "bytes": statistics.median(size for _, size, _ in found),
        "seconds": statistics.median(seconds for _, _, seconds in found),
        "file_records": statistics.median(count for _, count, _ in whole),
        "file_bytes": statistics.median(size for size, _, _ in whole),
        "file_seconds": statistics.median(seconds for _, _, seconds in whole),
    }


def as_json(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record of `BATTLE` as JSON has it."""
    shown: dict[str, Any] = {name: str(value) if isinstance(value, UUID) else value for name, value in record.items()}
    time = shown["timestamp"]
    return {**shown, "timestamp": time if isinstance(time, int) else round(time.timestamp() * 1000)}


async def savings(folder: Path, table_count: str, dataset_count: str) -> dict[str, Any]:
    """Archive some datasets of each table, and tell how many bytes less its objects have than its records as JSON."""
    opened = Store(folder)
    store = await opened.open()
    schemas = dict(list(tables().items())[: int(table_count)])
    text_bytes = dict.fromkeys(schemas, 0)
    for name, schema in schemas.items():
        await store.add_table(name, schema)
        for seed in range(int(dataset_count)):
            records = play(schema, seed, DATASET_RECORDS)
            text_bytes[name] += json_bytes(records)
            await store.ingest(f"play-{seed}", name, records, timestamp=FIRST_PLAY_MS)
    await store.archive()
    report = await store.status()
    opened.sqlite.close()
    return {row["table_name"]: 1 - row["cold_bytes"] / text_bytes[row["table_name"]] for row in report.tables}


JOBS = {"ingest": ingest, "archive": archive, "read": read, "savings": savings}


def main() -> None:
    job, folder, *arguments = sys.argv[1:]
    function: Any = JOBS[job]
    print(json.dumps(asyncio.run(function(Path(folder), *arguments))))


if __name__ == "__main__":
    main()
