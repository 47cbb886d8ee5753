"""A process that works at a store until it is killed: `python -m tests.crash.child FOLDER COMMANDS`.

`COMMANDS` is a JSON list of pairs, an operation's name and a number. Before and after each the child prints a line, a JSON list:
`begin` or `done`, the command's index, the time by the clock that all processes share, and what came of it.
"""

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.errors import DamagedError, NotFoundError
from avro_ocf.hotcold import HotCold, Settings
from avro_ocf.hotcold.reports import IngestReport
from tests.crash.uploads import DATASETS, SCHEMAS, TABLES, Upload, upload

SETTINGS = Settings(block_bytes=2_000, file_bytes=100_000, lease_ms=50, staged_ms=300, grace_ms=500, stray_ms=500)
"""Small, so that there are many files and blocks; and short, so that the next one takes over what a killed one has left."""

MISSED = "an object was collected under its hands"
"""What comes of an operation whose object was replaced and collected meanwhile, as may be with so short a grace."""


async def set_up(store: HotCold, _: int) -> None:
    """Make the tables, those of the database too."""
    for table, schema in SCHEMAS.items():
        if schema is not None:
            await store.add_table(table, schema, timestamp_field="at")


async def ingest(store: HotCold, number: int) -> bool:
    """Post an upload, and tell whether it was there already."""
    return (await post(store, upload(number))).is_replay


async def post(store: HotCold, given: Upload) -> IngestReport:
    return await store.ingest(given.dataset_id, given.table, given.records, timestamp=given.timestamp_ms, upload_id=given.upload_id)


async def archive(store: HotCold, _: int) -> str:
    return (await store.archive()).result


async def compact(store: HotCold, _: int) -> int:
    return len((await store.compact()).files)


async def collect(store: HotCold, _: int) -> int:
    report = await store.collect()
    return len(report.given_up) + len(report.deleted) + len(report.strays)


async def read(store: HotCold, number: int) -> Any:
    """Read a dataset, and tell its table and itself, the numbers of the uploads in it, and a digest of its records in order."""
    table, dataset_id = TABLES[number % len(TABLES)], DATASETS[number % len(DATASETS)]
    try:
        records = [record async for record in store.read(dataset_id, table)]
    except NotFoundError:  # nothing was ever posted to this table
        records = []
    return [table, dataset_id, sorted({record["upload"] for record in records}), digest(records)]


def digest(records: list[Any]) -> str:
    return hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()


OPERATIONS: dict[str, Callable[[HotCold, int], Awaitable[Any]]] = {
    "set up": set_up,
    "ingest": ingest,
    "archive": archive,
    "compact": compact,
    "collect": collect,
    "read": read,
}


def say(*words: Any) -> None:
    print(json.dumps(words), flush=True)


async def work(folder: Path, commands: list[tuple[str, int]]) -> None:
    with SQLite(folder / "hotcold.db") as database:
        store = HotCold(database, Directory(folder / "cold"), settings=SETTINGS)
        for index, (name, number) in enumerate(commands):
            say("begin", index, time.monotonic_ns())
            try:
                result = await OPERATIONS[name](store, number)
            except DamagedError as error:
                result = f"{MISSED}: {error}"
            say("done", index, time.monotonic_ns(), result)


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), json.loads(sys.argv[2])))
