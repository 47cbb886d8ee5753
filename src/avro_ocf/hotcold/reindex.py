"""`reindex`: the rows of objects that no row knows, made again from the objects alone, as after the loss of the database.

The bucket may hold a record twice: in a file that was never committed, or in one that a compaction replaced, and it may still be a
row if an older database was restored. So newest objects come first, and each record that is there already, by its key and its data,
is not taken up again. A file of which no record is there becomes live as it is. Of any other file, the records that are missing
become hot rows, and the file is marked dead.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby

from avro_ocf.errors import ConflictError, DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.archive import OnProgress
from avro_ocf.hotcold.build import ColdFile, StoredRecord
from avro_ocf.hotcold.collect import PAGE, states_of
from avro_ocf.hotcold.compact import raw_records
from avro_ocf.hotcold.context import Context, Group, Totals, add_to_ledger, bind, guarded, json_lists
from avro_ocf.hotcold.fetch import Fetcher
from avro_ocf.hotcold.ingest import record_parts
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.objects import insert_blocks, insert_file
from avro_ocf.hotcold.ports import ObjectInfo, Statement
from avro_ocf.hotcold.record_keys import RecordKey
from avro_ocf.hotcold.reports import Problem, ReindexReport
from avro_ocf.hotcold.snapshot import LAST_KEY, Query, read_snapshot, snapshot_statements
from avro_ocf.hotcold.table import JSON_VERSION
from avro_ocf.hotcold.whole_file import WholeFile, read_whole


async def reindex(context: Context, on_progress: OnProgress) -> ReindexReport:
    """Take up every object that no row knows and return which; those that cannot be read are told and left as they are."""
    objects = await _unknown_objects(context)
    report = ReindexReport([], [], [], 0, 0)
    for done, info in enumerate(objects, 1):
        try:
            report = await _take_up(context, await read_whole(context, info.key), report)
        except (DamagedError, ConflictError) as error:
            report.skipped.append(Problem(info.key, str(error).removeprefix(f"{info.key}: "), is_repaired=False))
        on_progress(done, len(objects))
    return report


async def _unknown_objects(context: Context) -> list[ObjectInfo]:
    """Return the objects without a row, newest first."""
    found: list[ObjectInfo] = []
    page: list[ObjectInfo] = []
    async for info in context.bucket.list():
        page.append(info)
        if len(page) == PAGE:
            found += await _without_row(context, page)
            page = []
    found += await _without_row(context, page)
    return sorted(found, key=lambda info: (-info.modified_at_ms, info.key))


async def _without_row(context: Context, page: list[ObjectInfo]) -> list[ObjectInfo]:
    states = await states_of(context, page)
    return [info for info in page if info.key not in states]


async def _take_up(context: Context, file: WholeFile, report: ReindexReport) -> ReindexReport:
    records = [record for block in file.blocks for record in file.records(block)]
    there, missing = await _compare(context, file.directory.group, records)
    if not there:
        changes = _index_changes(context, file, records)
        report = report._replace(files=[*report.files, file.path], record_count=report.record_count + len(records))
    else:
        changes = _row_changes(context, file, missing, there)
        report = report._replace(replaced=[*report.replaced, file.path], hot_records=report.hot_records + len(missing))
    try:
        await context.database.batch(guarded(_guards(file), [*_schema(file), *changes]))
    except ConflictError:
        raise ConflictError("its table has another schema in this database, or none") from None
    return report


async def _compare(context: Context, group: Group, records: list[StoredRecord]) -> tuple[set[StoredRecord], list[StoredRecord]]:
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
        for block in (block for run in snapshot.runs for block in run.blocks if block.keys[0] not in found):
            stored = await fetcher.take(block)
            found.update((record.key, record.data) for record in raw_records(query.dataset_id, block, stored))
        found.update((record.key, record.data) for record in snapshot.hot)
        after = snapshot.last_key
    return found


def _index_changes(context: Context, file: WholeFile, records: list[StoredRecord]) -> Iterator[Statement]:
    """Yield the statements that make the file live, and that keep its sequences from being given out again."""
    row = _file_row(file, records)
    yield insert_file(context, row)
    yield bind(sql.SET_STATE, json.dumps([file.path]), "live", context.clock())
    yield from insert_blocks(file.path, file.blocks)
    count = len(records)
    yield add_to_ledger(row.group, Totals(accepted_records=count, cold_records=count, cold_bytes=row.size, raw_bytes=row.raw_bytes))
    last = max(record.key.sequence for record in records)
    yield bind(sql.RESERVE_SEQUENCE, last)
    yield bind(sql.FREE_SEQUENCE, last)


def _row_changes(context: Context, file: WholeFile, records: list[StoredRecord], taken: set[StoredRecord]) -> Iterator[Statement]:
    """Yield the statements that make some records hot, under their own sequences where those are free, and the file dead."""
    group = file.directory.group
    for dataset_id, run in groupby(records, key=lambda record: record.dataset_id):
        rows = [row for record in run for row in _old_rows(record, is_taken=record in taken)]
        rows.sort(key=lambda row: row[0] is None)  # else a new sequence might be one that is wanted
        owner = (dataset_id, *group, context.clock())
        yield from (bind(sql.INSERT_OLD_ROWS, *owner, listed) for listed in json_lists(rows))
    size = sum(len(record.data) for record in records)
    yield add_to_ledger(group, Totals(accepted_records=len(records), hot_records=len(records), hot_bytes=size))
    yield insert_file(context, _file_row(file, records))
    yield bind(sql.SET_STATE, json.dumps([file.path]), "dead", context.clock())


def _old_rows(record: StoredRecord, *, is_taken: bool) -> Iterator[tuple[int | None, int, int, str]]:
    """Yield the rows of a record. One that takes several gets new sequences, for not all of the old ones may be free."""
    parts = list(record_parts(record.data))
    sequence = None if is_taken or len(parts) > 1 else record.key.sequence
    for parts_left, part in parts:
        yield sequence, record.key.timestamp, parts_left, part


def _file_row(file: WholeFile, records: list[StoredRecord]) -> ColdFile:
    header = file.header
    checksum = hashlib.sha256(file.data).hexdigest()
    raw_bytes = sum(len(record.data) for record in records)
    size, blocks = len(file.data), file.blocks
    return ColdFile(
        file.directory.group, file.path, [], size, checksum, header.codec, file.plain_header, header.size, raw_bytes, blocks
    )


def _schema(file: WholeFile) -> list[Statement]:
    """Return the statement that registers the file's schema, if its table has one and the database does not know it."""
    group = file.directory.group
    if group.table_version == JSON_VERSION:
        return []
    field = file.directory.timestamp_field or ""
    return [bind(sql.INSERT_SCHEMA_IF_NEW, group.table_name, group.table_version, file.header.schema.json, field)]


def _guards(file: WholeFile) -> list[Statement]:
    """Return the statements that refuse a path that has a row, and a file whose table has another schema, or none, here."""
    (name, version, _), field = file.directory.group, file.directory.timestamp_field or ""
    if version == JSON_VERSION:
        schema = [bind(sql.GUARD_NO_SCHEMA, name)]
    else:
        schema = [bind(sql.GUARD_NO_JSON, name), bind(sql.GUARD_SAME_SCHEMA, name, version, file.header.schema.json, field)]
    return [bind(sql.GUARD_NO_FILE, file.path), *schema]
