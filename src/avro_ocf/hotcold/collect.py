"""What is left behind, and what is over: giving up, deleting, expiring and forgetting.

An object is deleted only when its row says dead or gone, or when no row knows it and it is older than `stray_ms`.
"""

import json
from collections.abc import Iterable
from typing import Final

from avro_ocf.errors import ConflictError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, Group, Totals, add_to_ledger, bind, guarded
from avro_ocf.hotcold.objects import guard_files
from avro_ocf.hotcold.ports import ObjectInfo, Row
from avro_ocf.hotcold.reports import CollectReport, ExpireReport

PAGE: Final = 500
"""Files looked at in one batch."""


async def collect(context: Context) -> CollectReport:
    """Give up what was staged too long ago, delete what is dead long enough and what no row knows, and forget old uploads."""
    now, settings = context.clock(), context.settings
    stale = await context.query(sql.GIVE_UP_STALE, now - settings.staged_ms, now)
    deleted = await _delete_dead(context, now)
    strays = await _delete_strays(context, now)
    await context.database.batch([bind(sql.DELETE_OLD_RUNS)])
    forgotten = 0
    while rows := await context.query(sql.DELETE_OLD_UPLOADS, now - settings.upload_ms):
        forgotten += len(rows)
    return CollectReport([row["file_path"] for row in stale], deleted, strays, forgotten)


async def _delete_dead(context: Context, now: int) -> list[str]:
    deleted: list[str] = []
    while rows := await context.query(sql.READ_DEAD, now - context.settings.grace_ms, PAGE):
        for row in rows:
            path = row["file_path"]
            await context.bucket.delete(path)
            await context.database.batch([bind(sql.DELETE_BLOCKS, path), bind(sql.SET_GONE, path, now)])
            deleted.append(path)
    return deleted


async def _delete_strays(context: Context, now: int) -> list[str]:
    """Delete objects that are gone by their row, since a late put may bring one back, and old ones that have no row."""
    strays: list[str] = []
    page: list[ObjectInfo] = []
    async for info in context.bucket.list():
        page.append(info)
        if len(page) == PAGE:
            strays += await _delete_strays_of(context, page, now)
            page = []
    return strays + await _delete_strays_of(context, page, now)


async def _delete_strays_of(context: Context, page: list[ObjectInfo], now: int) -> list[str]:
    states = await states_of(context, page)
    old = now - context.settings.stray_ms
    strays = [info.key for info in page if states.get(info.key) == "gone" or (info.key not in states and info.modified_at_ms < old)]
    for key in strays:
        await context.bucket.delete(key)
    return strays


async def states_of(context: Context, objects: Iterable[ObjectInfo]) -> dict[str, str]:
    """Return the states of the rows that these objects have."""
    keys = [info.key for info in objects]
    rows = await context.query(sql.READ_STATES, json.dumps(keys)) if keys else []
    return {row["file_path"]: row["state"] for row in rows}


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
