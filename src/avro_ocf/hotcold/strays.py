"""Objects that no row speaks for, and whether what they hold is stored elsewhere.

Such an object should not be: a row comes before its object and stays behind it. It is there when the database was lost or an older
one restored, or when a put was done long after its answer was given up. So it may hold the only copy of a record.
"""

import json
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Final

from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import PAGE, Context, Group
from avro_ocf.hotcold.fetch import Fetcher, raw_records
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.ports import ObjectInfo
from avro_ocf.hotcold.record_keys import RecordKey, StoredRecord
from avro_ocf.hotcold.snapshot import LAST_KEY, Query, read_snapshot, snapshot_statements

PROBE: Final = "doctor-"
"""How the keys of the objects begin that `doctor` puts, and that a crash of it may leave. There is no slash in them."""

UNKNOWN_OBJECTS: Final = "unknown_objects"
"""The setting that holds how many objects without a row the latest `collect` has kept."""


def is_probe(key: str) -> bool:
    """Return whether an object is one of `doctor`'s. That of a table has a slash in its key."""
    return key.startswith(PROBE) and "/" not in key


async def stray_objects(context: Context) -> AsyncIterator[tuple[ObjectInfo, str | None]]:
    """Yield each object that has no row, and None, and each whose row says that it is gone, and `gone`."""
    page: list[ObjectInfo] = []
    async for info in context.bucket.list():
        page.append(info)
        if len(page) == PAGE:
            for stray in await _strays_of(context, page):
                yield stray
            page = []
    for stray in await _strays_of(context, page):
        yield stray


async def _strays_of(context: Context, page: list[ObjectInfo]) -> list[tuple[ObjectInfo, str | None]]:
    keys = [info.key for info in page]
    rows = await context.query(sql.READ_STATES, json.dumps(keys)) if keys else []
    states = {row["file_path"]: row["state"] for row in rows}
    return [(info, states.get(info.key)) for info in page if states.get(info.key) in {None, "gone"}]


async def compare(context: Context, group: Group, records: list[StoredRecord]) -> tuple[set[StoredRecord], list[StoredRecord]]:
    """Return those of a file's records whose place is taken, and those that are not stored: neither hot nor in a live block.

    A place that is taken by another record, under a sequence that was given out twice, is in both.
    """
    taken: set[StoredRecord] = set()
    missing: list[StoredRecord] = []
    for dataset_id, run in groupby(records, key=lambda record: record.dataset_id):
        wanted = list(run)
        times = [record.key.timestamp for record in wanted]
        there = await _stored(context, Query(dataset_id, group.table_name, min(times), max(times) + 1))
        taken.update(record for record in wanted if record.key in there)
        missing += [record for record in wanted if there.get(record.key) != record.data]
    return taken, missing


async def _stored(context: Context, query: Query) -> dict[RecordKey, bytes]:
    """Return the data of all records that a query finds, by their keys."""
    found: dict[RecordKey, bytes] = {}
    after = RecordKey(-1, -1)
    while after < LAST_KEY:
        rows = await context.database.batch(snapshot_statements(query, after, TIME_MAX))
        snapshot = read_snapshot(query, after, rows)
        fetcher = Fetcher(context.bucket)
        fetcher.expect(snapshot.runs)
        for block in (block for run in snapshot.runs for block in run.blocks if any(key not in found for key in block.keys)):
            stored = await fetcher.take(block)
            found.update((record.key, record.data) for record in raw_records(query.dataset_id, block, stored))
        found.update((record.key, record.data) for record in snapshot.hot)
        after = snapshot.last_key
    return found
