"""What is left behind, and what is over: giving up, deleting, expiring and forgetting.

An object is deleted only when its row says dead or gone, or when no row knows it, it is older than `stray_ms`, and every record in
it is stored elsewhere.
"""

import json

from avro_ocf.errors import ConflictError, DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import PAGE, Context, Group, Totals, add_to_ledger, bind, guarded
from avro_ocf.hotcold.objects import guard_files, insert_file
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.reports import CollectReport, ExpireReport
from avro_ocf.hotcold.strays import UNKNOWN_OBJECTS, compare, is_probe, stray_objects
from avro_ocf.hotcold.whole_file import read_whole


async def collect(context: Context) -> CollectReport:
    """Give up what was staged too long ago, delete what is dead long enough and what no row knows, and forget old uploads."""
    now, settings = context.clock(), context.settings
    stale = await context.query(sql.GIVE_UP_STALE, now - settings.staged_ms, now)
    forgotten = 0
    while rows := await context.query(sql.DELETE_OLD_UPLOADS, now - settings.upload_ms):
        forgotten += len(rows)
    deleted = await _delete_dead(context, now)
    strays, kept = await _delete_strays(context, now)  # last, for it looks at every object there is
    await context.database.batch([bind(sql.DELETE_OLD_RUNS), bind(sql.WRITE_SETTING, UNKNOWN_OBJECTS, len(kept))])
    return CollectReport([row["file_path"] for row in stale], deleted, strays, kept, forgotten)


async def _delete_dead(context: Context, now: int) -> list[str]:
    deleted: list[str] = []
    while rows := await context.query(sql.READ_DEAD, now - context.settings.grace_ms, PAGE):
        for row in rows:
            await _delete(context, row["file_path"], now)
            deleted.append(row["file_path"])
    return deleted


async def _delete(context: Context, path: str, now: int) -> None:
    await context.bucket.delete(path)
    await context.database.batch([bind(sql.DELETE_BLOCKS, path), bind(sql.SET_GONE, path, now)])


async def _delete_strays(context: Context, now: int) -> tuple[list[str], list[str]]:
    """Delete objects that no row speaks for where nothing can be lost by it; return those, and the old ones that are kept."""
    deleted: list[str] = []
    kept: list[str] = []
    async for info, state in stray_objects(context):
        if state is None and info.modified_at_ms >= now - context.settings.stray_ms:
            continue
        if state == "gone" or is_probe(info.key) or await _bury(context, info.key, now):
            await _delete(context, info.key, now)
            deleted.append(info.key)
        else:
            kept.append(info.key)
    return deleted, kept


async def _bury(context: Context, key: str, now: int) -> bool:
    """Give an object without a row a dead one if every record in it is stored elsewhere, and tell whether that was so.

    The row keeps a `reindex` beside it from taking the object up; what cannot be read may hold records that are nowhere else.
    """
    try:
        file = await read_whole(context, key)
        records = [record for block in file.blocks for record in file.records(block)]
        _, missing = await compare(context, file.directory.group, records)
        if missing:
            return False
        row = [insert_file(context, file.row(records)), bind(sql.SET_STATE, json.dumps([key]), "dead", now)]
        await context.database.batch(guarded([bind(sql.GUARD_NO_FILE, key)], row))
    except (DamagedError, ConflictError):
        return False
    return True


async def expire(context: Context, older_than_ms: int) -> ExpireReport:
    """Mark dead every file whose newest record is older than `older_than_ms`; `collect` deletes their objects after the grace."""
    files: list[str] = []
    records = 0
    oldest = context.clock() - older_than_ms
    while rows := await context.query(sql.READ_EXPIRED_FILES, oldest, PAGE):
        expired = [row for row in rows if await _expire(context, row)]
        files += [row["file_path"] for row in expired]
        records += sum(int(row["record_count"]) for row in expired)
    return ExpireReport(files, records)


async def _expire(context: Context, row: Row) -> bool:
    """Mark one live file dead, and tell whether it was this call that did."""
    group = Group(row["table_name"], int(row["table_version"]), row["period_tag"])
    count, size, raw = int(row["record_count"]), int(row["file_size"]), int(row["raw_bytes"])
    totals = Totals(cold_records=-count, cold_bytes=-size, raw_bytes=-raw, expired_records=count)
    paths = [row["file_path"]]
    changes = [bind(sql.SET_STATE, json.dumps(paths), "dead", context.clock()), add_to_ledger(group, totals)]
    try:
        await context.database.batch(guarded([guard_files(paths, "live")], changes))
    except ConflictError:  # another call or a compaction was first
        return False
    return True
