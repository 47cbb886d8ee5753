"""`verify`: whether what the store promises of its rows and objects is so, read from all of them."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Final

from avro_ocf.errors import ConflictError, DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.archive import LoadTable
from avro_ocf.hotcold.context import Context, Group, OnProgress, Totals, add_to_ledger, bind, guarded
from avro_ocf.hotcold.hot_rows import hot_datasets, plan_shares, read_share
from avro_ocf.hotcold.objects import block_row, guard_files, insert_blocks
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.reports import Problem, VerifyReport
from avro_ocf.hotcold.strays import stray_objects
from avro_ocf.hotcold.tables import bad_tables
from avro_ocf.hotcold.whole_file import WholeFile, read_whole

FILES_READ: Final = 50
"""Rows of files read at once: each has a header, and so a schema."""

FILE_COLUMNS: Final = ("file_size", "compression_codec", "header", "header_size", "record_count", "end_timestamp", "raw_bytes")
INDEX_COLUMNS: Final = ("dataset_id", "start_byte", "length", "record_count", "start_timestamp", "end_timestamp", "checksum")


async def verify(context: Context, load_table: LoadTable, on_progress: OnProgress, *, repair: bool) -> VerifyReport:
    """Read every schema, live object, hot row and total, and report what is wrong.

    With `repair`, rows of the index and totals that are wrong are written anew from what is right: the objects and the rows. What
    is lost in an object cannot be repaired.
    """
    check = _Verification(context, load_table, on_progress, repair)
    await check.tables()
    await check.files()
    await check.strays()
    await check.hot_rows()
    await check.ledger()
    return VerifyReport(check.file_count, check.block_count, check.record_count, check.hot_records, check.problems)


class _Verification:
    def __init__(self, context: Context, load_table: LoadTable, on_progress: OnProgress, repair: bool) -> None:
        self.context = context
        self.load_table = load_table
        self.on_progress = on_progress
        self.repair = repair
        self.file_count = self.block_count = self.record_count = self.hot_records = 0
        self.problems: list[Problem] = []

    def add(self, place: str, problem: str, *, is_repaired: bool = False) -> None:
        self.problems.append(Problem(place, problem, is_repaired))

    async def tables(self) -> None:
        """Check that every table can be read by its schemas."""
        async for name, problem in bad_tables(self.context):
            self.add(f"table {name}", problem)

    async def files(self) -> None:
        """Check every live file."""
        (live,) = await self.context.query(sql.COUNT_STATE, "live")
        async for row in all_files(self.context):
            if row["state"] == "live":
                try:
                    await self.file(row)
                except DamagedError as error:
                    if await self.is_live(row):  # else it was replaced or expired while it was read
                        self.add(row["file_path"], str(error).removeprefix(f"{row['file_path']}: "))
                self.on_progress(self.file_count, max(self.file_count, int(live["file_count"])))

    async def is_live(self, row: Row) -> bool:
        (now,) = await self.context.query(sql.READ_STATE, row["file_path"])
        return bool(now["state"] == "live")

    async def file(self, row: Row) -> None:
        """Check one file: its bytes against its row, its blocks against its index, and every record."""
        file = await read_whole(self.context, row["file_path"])
        if hashlib.sha256(file.data).hexdigest() != row["checksum"]:
            raise DamagedError("the checksum of the object differs")
        told, own = _group(row), file.directory.group
        if told != own:
            raise DamagedError(f"its row has {'/'.join(map(str, told))}, and it is of {'/'.join(map(str, own))}")
        self.file_count += 1
        raw_bytes = 0
        for block in file.blocks:
            records = file.records(block)
            raw_bytes += sum(len(record.data) for record in records)
            self.record_count += len(records)
            self.block_count += 1
        described = _described(file, raw_bytes)
        rows = await self.context.query(sql.READ_BLOCKS_OF_FILE, row["id"])
        indexed = [(block["table_name"], *(block[name] for name in INDEX_COLUMNS), block["record_keys"].lower()) for block in rows]
        is_indexed = indexed == [(row["table_name"], *block_row(block)) for block in file.blocks]
        is_described = [row["header"].lower() if name == "header" else row[name] for name in FILE_COLUMNS] == described
        if not (is_indexed and is_described) and await self.is_live(row):
            what = "index" if is_described else "row"
            self.add(row["file_path"], f"its {what} does not fit", is_repaired=self.repair and await self.rewrite(file, described))

    async def rewrite(self, file: WholeFile, described: list[object]) -> bool:
        """Replace what a file's rows say by what the file says, and tell whether that was possible."""
        changes = [
            bind(sql.SET_FILE, file.path, *described),
            bind(sql.DELETE_BLOCKS, file.path),
            *insert_blocks(file.path, file.blocks),
        ]
        try:
            await self.context.database.batch(guarded([guard_files([file.path], "live")], changes))
        except ConflictError:
            return False
        return True

    async def strays(self) -> None:
        """Check that every object has a row that speaks for it."""
        async for info, state in stray_objects(self.context):
            if not await self.context.bucket.head(info.key):
                continue  # it was collected while it was looked at
            if state == "gone":
                self.add(info.key, "its row says that it is gone, and it is there; `collect` deletes it")
            else:
                self.add(info.key, "no row knows this object; `reindex` takes it up, `collect` deletes it once it can lose nothing")

    async def hot_rows(self) -> None:
        """Check that every hot row can be read."""
        (groups, sequence) = await self.context.database.batch([bind(sql.READ_HOT_GROUPS), bind(sql.LAST_SEQUENCE)])
        last_id = int(sequence[0]["seq"]) if sequence else 0
        for row in groups:
            await self.hot_group(Group(row["table_name"], int(row["table_version"]), row["period_tag"]), last_id)

    async def hot_group(self, group: Group, last_id: int) -> None:
        try:
            table = await self.load_table(group.table_name)
        except DamagedError:  # which is told of the table
            return
        settings = self.context.settings
        async for datasets in hot_datasets(self.context, group, last_id):
            for share in plan_shares(datasets, settings.file_bytes, settings.file_records):
                async for record in read_share(self.context, group, share, last_id):
                    self.hot_records += 1
                    try:
                        table.decode(group.table_version, record.data)
                    except (ValueError, KeyError, RecursionError) as error:
                        await self.bad_row(record.key.sequence, f"it cannot be read: {type(error).__name__}: {error}")

    async def bad_row(self, row_id: int, problem: str) -> None:
        if await self.context.query(sql.IS_HOT_ROW, row_id):  # else an archiver has put it into quarantine meanwhile
            self.add(f"row {row_id} of buffer_logs", problem)

    async def ledger(self) -> None:
        """Check the totals of every group against its rows and files, all read in one batch."""
        ledger, hot, live, quarantine = await self.context.database.batch(
            [
                bind(statement)
                for statement in (sql.READ_LEDGER, sql.COUNT_HOT_GROUPS, sql.COUNT_LIVE_GROUPS, sql.COUNT_QUARANTINE_GROUPS)
            ]
        )
        written = {_group(row): Totals(*(int(row[name]) for name in Totals._fields)) for row in ledger}
        found = {group: Totals(expired_records=totals.expired_records) for group, totals in written.items()}
        counted = (
            (hot, {"hot_records": "record_count", "hot_bytes": "byte_count"}),
            (live, {"cold_records": "record_count", "cold_bytes": "byte_count", "raw_bytes": "raw_bytes"}),
            (quarantine, {"quarantined_records": "record_count"}),
        )
        for rows, columns in counted:
            for row in rows:
                counts = {name: int(row[column]) for name, column in columns.items()}
                found[_group(row)] = found.get(_group(row), Totals())._replace(**counts)
        for group, totals in found.items():
            await self.group_totals(group, written.get(group, Totals()), totals)

    async def group_totals(self, group: Group, written: Totals, found: Totals) -> None:
        right = found._replace(
            accepted_records=found.hot_records + found.cold_records + found.expired_records + found.quarantined_records
        )
        if written == right:
            return
        is_repaired = self.repair and await self.rewrite_totals(group, written, right)
        wrong = [name for name in Totals._fields if getattr(written, name) != getattr(right, name)]
        told = ", ".join(f"{name} is {getattr(written, name)}, not {getattr(right, name)}" for name in wrong)
        self.add(f"ledger of {'/'.join(map(str, group))}", told, is_repaired=is_repaired)

    async def rewrite_totals(self, group: Group, written: Totals, right: Totals) -> bool:
        """Make a group's totals right, unless they have changed since they were read, and tell whether that was so."""
        difference = Totals(*(now - before for before, now in zip(written, right, strict=True)))
        guard = bind(sql.GUARD_TOTALS, *group, json.dumps(written, separators=(",", ":")))
        try:
            await self.context.database.batch(guarded([guard], [add_to_ledger(group, difference)]))
        except ConflictError:
            return False
        return True


def _described(file: WholeFile, raw_bytes: int) -> list[object]:
    """Return what the row of a file says of it, as in `FILE_COLUMNS`."""
    header, keys = file.header, [block.keys for block in file.blocks]
    newest = max(block_keys[-1].timestamp for block_keys in keys)
    return [len(file.data), header.codec, file.plain_header.hex(), header.size, sum(map(len, keys)), newest, raw_bytes]


async def all_files(context: Context) -> AsyncIterator[Row]:
    """Yield every row of `archived_files` in order of ids."""
    last_id = 0
    while rows := await context.query(sql.READ_FILES, last_id, FILES_READ):
        for row in rows:
            yield row
        last_id = int(rows[-1]["id"])


def _group(row: Row) -> Group:
    return Group(row["table_name"], int(row["table_version"]), row["period_tag"])
