"""The archiver: hot rows into objects, a file at a time. It can stop anywhere; the next run goes on."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from avro_ocf.errors import AvroError, ConflictError, DamagedError, UnavailableError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.build import ColdFile, Reject, build_files
from avro_ocf.hotcold.context import PAUSED, Context, Group, OnProgress, Totals, add_to_ledger, bind, guarded, in_lists, json_lists
from avro_ocf.hotcold.hot_rows import hot_datasets, plan_shares, read_share
from avro_ocf.hotcold.objects import store_files
from avro_ocf.hotcold.record_keys import StoredRecord
from avro_ocf.hotcold.reports import ArchiveReport
from avro_ocf.hotcold.table import Table

LEASE: Final = "archive"

LoadTable = Callable[[str], Awaitable[Table]]


class _StoppedError(Exception):
    """Ends a run early, for a reason that its report gives."""


async def archive(context: Context, load_table: LoadTable, on_progress: OnProgress, budget_ms: int | None) -> ArchiveReport:
    """Archive every row that is hot now, in the given time if one is given, and return what was done.

    Raises what the database and the bucket raise; what was committed until then stays so. A table whose schema cannot be read is a
    `DamagedError`, once all others are archived.
    """
    run = _Run(context, load_table, on_progress, budget_ms)
    try:
        result = await run.run()
    except _StoppedError as reason:
        result = str(reason)
    except AvroError as error:
        await run.end(f"failed: {error}")
        raise
    return await run.end(result)


class _Run:
    def __init__(self, context: Context, load_table: LoadTable, on_progress: OnProgress, budget_ms: int | None) -> None:
        self.context = context
        self.load_table = load_table
        self.on_progress = on_progress
        self.started_at_ms = context.clock()
        self.deadline_ms = None if budget_ms is None else self.started_at_ms + budget_ms
        self.holder = context.token().hex()
        self.holds_lease = False
        self.paths: list[str] = []
        self.total = self.records = self.blocks = self.raw_bytes = self.file_bytes = self.quarantined = 0

    async def run(self) -> str:
        """Archive, and return the report's `result`."""
        paused, groups, sequence = await self.context.database.batch(
            [bind(sql.READ_SETTING, PAUSED), bind(sql.READ_HOT_GROUPS), bind(sql.LAST_SEQUENCE)]
        )
        if paused and paused[0]["value"] == "yes":
            return "paused"
        if not groups:
            return "done"
        await self.check_may_go_on()
        self.total = sum(int(row["hot_records"]) for row in groups)
        last_id = int(sequence[0]["seq"])
        damage: DamagedError | None = None
        for row in groups:
            group = Group(row["table_name"], int(row["table_version"]), row["period_tag"])
            try:
                table = await self.load_table(group.table_name)
            except DamagedError as error:  # its rows stay hot, and keep no other table from being archived
                damage = damage or error
                continue
            await self.archive_group(table, group, last_id)
        if damage:
            raise damage
        return "done"

    async def archive_group(self, table: Table, group: Group, last_id: int) -> None:
        settings = self.context.settings
        async for datasets in hot_datasets(self.context, group, last_id):
            for share in plan_shares(datasets, settings.file_bytes, settings.file_records):
                records: list[StoredRecord] = []
                size = 0
                async for record in read_share(self.context, group, share, last_id):
                    records.append(record)
                    size += len(record.data)
                    if size >= settings.file_bytes or len(records) >= settings.file_records:  # one dataset past both bounds
                        await self.archive_records(table, group, records)
                        records, size = [], 0
                if records:
                    await self.archive_records(table, group, records)

    async def archive_records(self, table: Table, group: Group, records: list[StoredRecord]) -> None:
        for build in build_files(table, group, records, self.context.settings, self.context.token):
            await self.check_may_go_on()
            for reject in build.rejects:
                await self.quarantine(group, reject)
            if build.file is not None:
                await self.store(build.file, build.records)
        self.on_progress(self.records, self.total)

    async def check_may_go_on(self) -> None:
        if self.deadline_ms is not None and self.context.clock() >= self.deadline_ms:
            raise _StoppedError("out of time")
        now = self.context.clock()
        taken = await self.context.query(sql.TAKE_LEASE, LEASE, self.holder, now, now + self.context.settings.lease_ms)
        self.holds_lease = bool(taken)
        if not taken:
            raise _StoppedError("busy")

    async def store(self, file: ColdFile, records: list[StoredRecord]) -> None:
        row_ids = [row_id for record in records for row_id in record.row_ids]
        count, size = len(records), file.raw_bytes
        totals = Totals(hot_records=-count, hot_bytes=-size, cold_records=count, cold_bytes=file.size, raw_bytes=size)
        lists = list(json_lists(row_ids))
        guards = [bind(sql.GUARD_ROWS, listed) for listed in lists]
        changes = [*(bind(sql.DELETE_ROWS, listed) for listed in lists), add_to_ledger(file.group, totals)]
        if not await store_files(self.context, [file], guards, changes):
            raise _StoppedError("overtaken")
        self.paths.append(file.path)
        self.records += count
        self.blocks += len(file.blocks)
        self.raw_bytes += size
        self.file_bytes += file.size

    async def quarantine(self, group: Group, reject: Reject) -> None:
        """Move a record that no file can hold out of the way, with the reason."""
        row_ids = list(reject.record.row_ids)
        totals = Totals(hot_records=-1, hot_bytes=-len(reject.record.data), quarantined_records=1)
        guards = list(in_lists(sql.GUARD_ROWS, row_ids))
        moves = [*in_lists(sql.QUARANTINE_ROWS, row_ids, reject.reason[:1000]), *in_lists(sql.DELETE_ROWS, row_ids)]
        try:
            await self.context.database.batch(guarded(guards, [*moves, add_to_ledger(group, totals)]))
        except ConflictError:
            raise _StoppedError("overtaken") from None
        self.quarantined += 1

    async def end(self, result: str) -> ArchiveReport:
        """Record the run, release its lease and return its report."""
        report = ArchiveReport(
            result,
            self.started_at_ms,
            self.context.clock() - self.started_at_ms,
            self.paths,
            self.records,
            self.blocks,
            self.raw_bytes,
            self.file_bytes,
            self.quarantined,
        )
        statements = [bind(sql.INSERT_RUN, report.started_at_ms, report.duration_ms, result, json.dumps(report._asdict()))]
        if self.holds_lease:
            statements.append(bind(sql.END_LEASE, LEASE, self.holder))
        with suppress(UnavailableError):  # it is done all the same, and a lease that is not released runs out
            await self.context.database.batch(statements)
        return report
