"""`reindex`: the rows of objects that no row knows, made again from the objects alone, as after the loss of the database.

The bucket may hold a record twice: in a file that was never committed, or in one that a compaction replaced, and it may still be a
row if an older database was restored. So newest objects come first, and each record that is there already, by its key and its data,
is not taken up again. A file of which no record is there becomes live as it is. Of any other file, the records that are missing
become hot rows, and the file is marked dead.
"""

import json
from collections.abc import Iterator
from itertools import groupby

from avro_ocf.errors import ConflictError, DamagedError, SchemaError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, OnProgress, Totals, add_to_ledger, bind, guarded, json_lists
from avro_ocf.hotcold.ingest import record_parts
from avro_ocf.hotcold.objects import insert_blocks, insert_file
from avro_ocf.hotcold.ports import Statement
from avro_ocf.hotcold.record_keys import StoredRecord
from avro_ocf.hotcold.reports import Problem, ReindexReport
from avro_ocf.hotcold.stored_schemas import check_record_schema
from avro_ocf.hotcold.strays import compare, stray_objects
from avro_ocf.hotcold.table import JSON_VERSION, Table
from avro_ocf.hotcold.tables import load_table
from avro_ocf.hotcold.whole_file import WholeFile, read_whole


async def reindex(context: Context, on_progress: OnProgress) -> ReindexReport:
    """Take up every object that no row knows and return which; those that cannot be read are told and left as they are."""
    objects = [info async for info, state in stray_objects(context) if state is None]
    objects.sort(key=lambda info: (-info.modified_at_ms, info.key))
    report = ReindexReport([], [], [], 0, 0)
    for done, info in enumerate(objects, 1):
        try:
            report = await _take_up(context, await read_whole(context, info.key), report)
        except (DamagedError, ConflictError) as error:
            report.skipped.append(Problem(info.key, str(error).removeprefix(f"{info.key}: "), is_repaired=False))
        on_progress(done, len(objects))
    return report


async def _take_up(context: Context, file: WholeFile, report: ReindexReport) -> ReindexReport:
    await _check_schema(context, file)
    records = [record for block in file.blocks for record in file.records(block)]
    there, missing = await compare(context, file.directory.group, records)
    if not there:
        changes = _index_changes(context, file, records)
        report = report._replace(files=[*report.files, file.path], record_count=report.record_count + len(records))
    else:
        changes = _row_changes(context, file, missing, await _taken_ids(context, missing, there))
        report = report._replace(replaced=[*report.replaced, file.path], hot_records=report.hot_records + len(missing))
    try:
        await context.database.batch(guarded(_guards(file), [*_schema(file), *changes]))
    except ConflictError:
        raise ConflictError("its table has another schema in this database, or none, or another call was first") from None
    return report


async def _check_schema(context: Context, file: WholeFile) -> None:
    """Raise `DamagedError` for a file with whose schema its table could not be read any more."""
    group, field, schema = file.directory.group, file.directory.timestamp_field, file.header.schema
    if group.table_version == JSON_VERSION:
        return
    known = await load_table(context, group.table_name)
    try:
        check_record_schema(schema, field)
        if known.schemas and field != known.timestamp_field:
            raise SchemaError(f"its timestamp field is {field!r}, and that of the table {known.timestamp_field!r}")
        Table(group.table_name, {group.table_version: schema, **known.schemas}, field).check_versions()
    except SchemaError as error:
        raise DamagedError(f"no version of its table here can have its schema: {error}") from None


def _index_changes(context: Context, file: WholeFile, records: list[StoredRecord]) -> Iterator[Statement]:
    """Yield the statements that make the file live, and that keep its sequences from being given out again."""
    row = file.row(records)
    yield insert_file(context, row)
    yield bind(sql.SET_STATE, json.dumps([file.path]), "live", context.clock())
    yield from insert_blocks(file.path, file.blocks)
    count = len(records)
    yield add_to_ledger(row.group, Totals(accepted_records=count, cold_records=count, cold_bytes=row.size, raw_bytes=row.raw_bytes))
    last = max(record.key.sequence for record in records)
    yield bind(sql.RESERVE_SEQUENCE, last)
    yield bind(sql.FREE_SEQUENCE, last)


async def _taken_ids(context: Context, records: list[StoredRecord], taken: set[StoredRecord]) -> set[int]:
    """Return the row ids that records cannot have again: those of other rows, and those of records whose place is taken."""
    ids = [row_id for record in records for row_id in _old_ids(record)]
    rows = [row for listed in json_lists(ids) for row in await context.query(sql.READ_TAKEN_IDS, listed)]
    return {int(row["id"]) for row in rows} | {record.key.sequence for record in taken}


def _row_changes(context: Context, file: WholeFile, records: list[StoredRecord], taken: set[int]) -> Iterator[Statement]:
    """Yield the statements that make some records hot, under their own sequences where those are free, and the file dead."""
    group = file.directory.group
    for is_new in (False, True):  # new sequences come last, for one of them might be a later record's own
        for dataset_id, run in groupby(records, key=lambda record: record.dataset_id):
            some = [record for record in run if is_new != taken.isdisjoint(_old_ids(record))]
            rows = (row for record in some for row in _old_rows(record, is_new=is_new))
            owner = (dataset_id, *group, context.clock())
            yield from (bind(sql.INSERT_OLD_ROWS, *owner, listed) for listed in json_lists(rows))
    size = sum(len(record.data) for record in records)
    yield add_to_ledger(group, Totals(accepted_records=len(records), hot_records=len(records), hot_bytes=size))
    yield insert_file(context, file.row(records))
    yield bind(sql.SET_STATE, json.dumps([file.path]), "dead", context.clock())


def _old_ids(record: StoredRecord) -> range:
    """Return the ids that the rows of a record had: one batch of the database gave them out one after another."""
    last = record.key.sequence
    return range(last - sum(1 for _ in record_parts(record.data)) + 1, last + 1)


def _old_rows(record: StoredRecord, *, is_new: bool) -> Iterator[tuple[int | None, int, int, str]]:
    for parts_left, part in record_parts(record.data):
        yield None if is_new else record.key.sequence - parts_left, record.key.timestamp, parts_left, part


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
