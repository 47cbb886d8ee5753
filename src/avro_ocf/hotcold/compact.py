"""Compaction: small files of one group into larger ones, each dataset's records merged into full blocks.

It is the protocol of `objects` once more; the batch that makes the new files live marks the old ones dead, if they all still are
live.
"""

import json
from collections.abc import Iterator
from itertools import groupby

from avro_ocf.errors import DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.archive import LoadTable
from avro_ocf.hotcold.build import build_files
from avro_ocf.hotcold.context import PAGE, Context, Group, OnProgress, Totals, add_to_ledger, bind
from avro_ocf.hotcold.fetch import Fetcher, raw_records
from avro_ocf.hotcold.objects import guard_files, store_files
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.record_keys import StoredRecord
from avro_ocf.hotcold.reports import CompactReport
from avro_ocf.hotcold.snapshot import Run, live_blocks
from avro_ocf.hotcold.table import Table


async def compact(context: Context, load_table: LoadTable, on_progress: OnProgress) -> CompactReport:
    """Replace files of less than half of `file_bytes` by fewer and larger ones, and return which by which.

    Raises `DamagedError` for a file that cannot be read, once all others are done.
    """
    report = CompactReport([], [], 0)
    most_bytes = context.settings.file_bytes
    rows = await context.query(sql.READ_SMALL_FILES, most_bytes // 2, 10 * PAGE)
    done = 0
    damage: DamagedError | None = None
    for sources in plan_merges(rows, most_bytes, context.settings.file_records):
        done += len(sources)
        try:
            made = await _merge(context, await load_table(sources[0]["table_name"]), sources)
        except DamagedError as error:  # told at the end: it keeps no other file from being compacted
            damage = damage or error
            continue
        if made:
            report = CompactReport(
                report.files + made,
                report.replaced + [row["file_path"] for row in sources],
                report.record_count + sum(int(row["record_count"]) for row in sources),
            )
        on_progress(done, len(rows))
    if damage:
        raise damage
    return report


def plan_merges(rows: list[Row], most_bytes: int, most_records: int) -> Iterator[list[Row]]:
    """Yield which files become one: two or more of the same group, at most `most_bytes` as rows and `most_records` together."""
    for _, files in groupby(rows, key=lambda row: (row["table_name"], row["table_version"], row["period_tag"])):
        share: list[Row] = []
        size = count = 0
        for row in files:
            size += int(row["raw_bytes"])
            count += int(row["record_count"])
            if size > most_bytes or count > most_records:
                if len(share) > 1:
                    yield share
                share, size, count = [], int(row["raw_bytes"]), int(row["record_count"])
            share.append(row)
        if len(share) > 1:
            yield share


async def _merge(context: Context, table: Table, sources: list[Row]) -> list[str]:
    """Return the paths of the files that now stand for `sources`; none when that would not make them fewer or came too late."""
    first = sources[0]
    group = Group(first["table_name"], int(first["table_version"]), first["period_tag"])
    paths = [row["file_path"] for row in sources]
    try:
        records = [record for source in sources for record in await read_file(context, source)]
    except DamagedError:
        if await _are_live(context, paths):
            raise
        return []  # one of them was expired or compacted, and collected, meanwhile
    records.sort(key=lambda record: (record.dataset_id, record.key))
    builds = list(build_files(table, group, records, context.settings, context.token))
    files = [build.file for build in builds if build.file is not None]
    if rejects := [reject for build in builds for reject in build.rejects]:
        raise DamagedError(f"{first['file_path']}: a record of a live file cannot be encoded: {rejects[0].reason}")
    if len(files) >= len(sources):
        return []
    cold_bytes = sum(file.size for file in files) - sum(int(row["file_size"]) for row in sources)
    raw_bytes = sum(file.raw_bytes for file in files) - sum(int(row["raw_bytes"]) for row in sources)
    changes = [
        bind(sql.SET_STATE, json.dumps(paths), "dead", context.clock()),
        add_to_ledger(group, Totals(cold_bytes=cold_bytes, raw_bytes=raw_bytes)),
    ]
    is_done = await store_files(context, files, [guard_files(paths, "live")], changes)
    return [file.path for file in files] if is_done else []


async def _are_live(context: Context, paths: list[str]) -> bool:
    rows = await context.query(sql.READ_STATES, json.dumps(paths))
    return all(row["state"] == "live" for row in rows)


async def read_file(context: Context, file: Row) -> list[StoredRecord]:
    """Return all records of a file as they were as rows. Raises `DamagedError`."""
    (header,), rows = await context.database.batch([bind(sql.READ_HEADER, file["id"]), bind(sql.READ_BLOCKS_OF_FILE, file["id"])])
    blocks = live_blocks(header, rows)
    fetcher = Fetcher(context.bucket)
    fetcher.expect([Run([block for _, block in blocks])])
    return [record for dataset_id, block in blocks for record in raw_records(dataset_id, block, await fetcher.take(block))]
