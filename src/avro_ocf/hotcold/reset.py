"""Starting over: everything hot is removed, every object is marked dead and then collected. Tables keep their schemas.

Nothing comes in until it has ended. A reset that was stopped has to be run again. Whatever of the first one the database has yet
to run does nothing by then: it deletes only rows of sequences that were given out before it began, and its last batch stands
under a token that the next reset replaces.
"""

from avro_ocf.errors import ConflictError, OutcomeUnknownError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.collect import collect
from avro_ocf.hotcold.context import Context, bind, guarded
from avro_ocf.hotcold.ingest import RESETTING
from avro_ocf.hotcold.objects import ATTEMPTS
from avro_ocf.hotcold.reports import ResetReport
from avro_ocf.hotcold.status import status


async def reset(context: Context, *, is_dry_run: bool) -> ResetReport:
    """Remove all records, or only tell how many there are. Raises `ConflictError` where another reset has begun meanwhile."""
    report = await _what_would_go(context, is_dry_run)
    if is_dry_run:
        return report
    token = context.token().hex()
    _, rows = await context.database.batch([bind(sql.WRITE_SETTING, RESETTING, token), bind(sql.LAST_SEQUENCE)])
    last_sequence = int(rows[0]["seq"]) if rows else 0
    while await context.query(sql.DELETE_SOME_ROWS, last_sequence):
        pass
    await _empty(context, token)
    await collect(context._replace(settings=context.settings._replace(grace_ms=-1)))
    return report


async def _what_would_go(context: Context, is_dry_run: bool) -> ResetReport:
    before = await status(context)
    files = sum([int((await context.query(sql.COUNT_STATE, state))[0]["file_count"]) for state in ("live", "staged")])
    return ResetReport(is_dry_run, before.hot_records, before.cold_records, before.quarantined_records, files)


async def _empty(context: Context, token: str) -> None:
    """Remove what is left, in one batch that happens once.

    Totals and the ids of uploads go with it, so that totals are right, and no upload comes in again while it is there. Rows are
    gone before their objects: an archiver at work cannot bring them back.
    """
    batch = guarded(
        [bind(sql.GUARD_SETTING, RESETTING, token)],
        [
            *map(bind, (sql.DELETE_ROWS_LEFT, sql.DELETE_UPLOADS, sql.DELETE_QUARANTINE, sql.DELETE_POISON, sql.CLEAR_LEDGER)),
            bind(sql.KILL_ALL_FILES, context.clock()),
            bind(sql.DELETE_SETTING, RESETTING),
        ],
    )
    for _ in range(ATTEMPTS):
        try:
            await context.database.batch(batch)
        except ConflictError:
            if await context.query(sql.READ_SETTING, RESETTING):
                raise ConflictError("another reset has begun: it removes what is left") from None
            return  # an answer was lost
        except OutcomeUnknownError as error:
            unknown = error
        else:
            return
    raise unknown
