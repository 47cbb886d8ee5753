"""Starting over: everything hot is removed, every object is marked dead and then collected. Tables keep their schemas."""

from avro_ocf.hotcold import sql
from avro_ocf.hotcold.collect import collect
from avro_ocf.hotcold.context import Context, bind
from avro_ocf.hotcold.reports import ResetReport
from avro_ocf.hotcold.status import status


async def reset(context: Context, *, is_dry_run: bool) -> ResetReport:
    """Remove all records, or only tell how many there are. A run that was stopped can be run again."""
    before = await status(context)
    hot, cold, quarantined = before.hot_records, before.cold_records, before.quarantined_records
    if is_dry_run:
        files = sum([int((await context.query(sql.COUNT_STATE, state))[0]["file_count"]) for state in ("live", "staged")])
        return ResetReport(is_dry_run, hot, cold, quarantined, files)
    while await context.query(sql.DELETE_SOME_ROWS):
        pass
    # What came in meanwhile goes in one batch with the totals, so that those are right, and with the ids of uploads, so that none
    # comes in again while it is there. Rows are gone before their objects: an archiver at work cannot bring them back.
    *_, killed = await context.database.batch(
        [
            *map(bind, (sql.DELETE_ROWS_LEFT, sql.DELETE_UPLOADS, sql.DELETE_QUARANTINE, sql.CLEAR_LEDGER)),
            bind(sql.KILL_ALL_FILES, context.clock()),
        ]
    )
    await collect(context._replace(settings=context.settings._replace(grace_ms=-1)))
    return ResetReport(is_dry_run, hot, cold, quarantined, len(killed))
