"""Canaries: the store made worse in one place each. A simulation that lets one of them live would not see that fault in the store.

Each is a patch of the modules or of the SQL while schedules run, so that no weak code is ever shipped. What is left out, turned
round or torn apart here is what the protocol stands on.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pytest

from avro_ocf.errors import DamagedError, OutcomeUnknownError
from avro_ocf.hotcold import (
    Database,
    HotCold,
    ObjectInfo,
    Row,
    Statement,
    archive,
    build,
    collect,
    compact,
    objects,
    ocf,
    sql,
    store,
)
from avro_ocf.hotcold.build import Build, ColdFile, build_files
from avro_ocf.hotcold.context import Context
from avro_ocf.hotcold.ingest import Upload, ingest
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.objects import store_files
from avro_ocf.hotcold.read import ENCODED, DatasetReader, Piece
from avro_ocf.hotcold.reports import IngestReport
from avro_ocf.hotcold.table import Table
from tests.hotcold.simulation.world import World


class Canary(NamedTuple):
    """A weakened store: its name, what is weak in it, and the patch that makes it so."""

    name: str
    weakness: str
    weaken: Callable[[pytest.MonkeyPatch], None]


CANARIES: Final[dict[str, Canary]] = {}


def _canary(weakness: str) -> Callable[[Callable[[pytest.MonkeyPatch], None]], Callable[[pytest.MonkeyPatch], None]]:
    def add(weaken: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
        name = weaken.__name__.replace("_", "-")
        CANARIES[name] = Canary(name, weakness, weaken)
        return weaken

    return add


@contextmanager
def weakened(name: str | None) -> Iterator[None]:
    """Weaken the store as a canary says; leave it as it is for None."""
    with pytest.MonkeyPatch.context() as patch:
        if name is not None:
            CANARIES[name].weaken(patch)
        yield


def _no_condition(*_: object) -> Statement:
    """Return a statement that stands where a guard did, and lets everything pass."""
    return Statement("SELECT 1")


class _Torn:
    """A `Database` that runs a batch as several: `tear` tells which."""

    def __init__(self, database: Database, tear: Callable[[list[Statement]], Iterable[list[Statement]]]) -> None:
        self._database = database
        self._tear = tear

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        results: list[list[Row]] = []
        for part in self._tear(list(statements)):
            results += await self._database.batch(part)
        return results


# Ingest


@_canary("an upload leaves no key by which it is known again")
def no_upload_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sql, "INSERT_UPLOAD", "SELECT 1 WHERE ?8 IS NULL")


@_canary("an upload whose answer was lost is sent again as another one")
def new_upload_on_retry(patch: pytest.MonkeyPatch) -> None:
    method = HotCold.ingest

    async def forgetful(self: HotCold, *args: Any, **options: Any) -> IngestReport:
        return await method(self, *args, **{**options, "upload_id": None})

    patch.setattr(HotCold, "ingest", forgetful)


def _tear_ingest(patch: pytest.MonkeyPatch, *, key_first: bool) -> None:
    def tear(statements: list[Statement]) -> Iterator[list[Statement]]:
        keys = [statement for statement in statements if statement.sql == sql.INSERT_UPLOAD]
        rest = [statement for statement in statements if statement.sql != sql.INSERT_UPLOAD]
        yield from filter(None, (keys, rest) if key_first else (rest, keys))

    async def torn(context: Context, table: Table, upload: Upload) -> IngestReport:
        return await ingest(context._replace(database=_Torn(context.database, tear)), table, upload)

    patch.setattr(store, "ingest", torn)


@_canary("the key of an upload is stored before its records, in a batch of its own")
def upload_key_first(patch: pytest.MonkeyPatch) -> None:
    _tear_ingest(patch, key_first=True)


@_canary("the key of an upload is stored after its records, in a batch of its own")
def upload_key_last(patch: pytest.MonkeyPatch) -> None:
    _tear_ingest(patch, key_first=False)


@_canary("a sequence is given out again once its row is gone")
def sequences_again(patch: pytest.MonkeyPatch) -> None:
    run_batch = World.run_batch

    def forgetful(self: World, statements: Sequence[Statement]) -> list[list[Row]]:
        results = run_batch(self, statements)
        self.query("UPDATE sqlite_sequence SET seq = (SELECT COALESCE(MAX(id), 0) FROM buffer_logs) WHERE name = 'buffer_logs'")
        return results

    patch.setattr(World, "run_batch", forgetful)


# From rows to objects


@_canary("a commit does not look whether its rows are still there")
def no_row_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sql, "GUARD_ROWS", "SELECT 1 WHERE ?1 IS NULL")


@_canary("a commit does not look whether its file is still staged")
def no_state_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(objects, "guard_files", _no_condition)


@_canary("the object is put before its row is inserted")
def object_before_row(patch: pytest.MonkeyPatch) -> None:
    stage, put = objects._stage, objects._put

    async def then_stage(context: Context, file: ColdFile) -> bool:
        await stage(context, file)
        return True

    patch.setattr(objects, "_stage", put)
    patch.setattr(objects, "_put", then_stage)


def _tear_commit(patch: pytest.MonkeyPatch, *, delete_first: bool) -> None:
    commit = objects._commit

    async def torn(context: Context, files: list[ColdFile], guards: list[Statement], changes: list[Statement]) -> bool:
        if delete_first:
            await context.database.batch(changes)
            return await commit(context, files, [], [])
        is_done = await commit(context, files, guards, [])
        await context.database.batch(changes)
        return is_done

    patch.setattr(objects, "_commit", torn)


@_canary("rows are deleted, and then their file becomes live")
def delete_then_commit(patch: pytest.MonkeyPatch) -> None:
    _tear_commit(patch, delete_first=True)


@_canary("a file becomes live, and then its rows are deleted")
def commit_then_delete(patch: pytest.MonkeyPatch) -> None:
    _tear_commit(patch, delete_first=False)


def _doubting(patch: pytest.MonkeyPatch, clean_up: Callable[[Context, ColdFile], Any]) -> None:
    commit = objects._commit

    async def hasty(context: Context, files: list[ColdFile], guards: list[Statement], changes: list[Statement]) -> bool:
        class Hasty:
            async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
                try:
                    return await context.database.batch(statements)
                except OutcomeUnknownError:
                    for file in files:
                        await clean_up(context, file)
                    raise

        return await commit(context._replace(database=Hasty()), files, guards, changes)

    patch.setattr(objects, "_commit", hasty)


@_canary("a file is given up when the answer to its commit was lost")
def give_up_on_doubt(patch: pytest.MonkeyPatch) -> None:
    async def give_up(context: Context, file: ColdFile) -> None:
        await context.query("UPDATE archived_files SET state = 'dead', last_modified_at = 0 WHERE file_path = ?1", file.path)

    _doubting(patch, give_up)


@_canary("an object is deleted when the answer to its commit was lost")
def delete_on_doubt(patch: pytest.MonkeyPatch) -> None:
    async def delete(context: Context, file: ColdFile) -> None:
        await context.bucket.delete(file.path)

    _doubting(patch, delete)


@_canary("each period has one key, and a put replaces what is there")
def keys_again(patch: pytest.MonkeyPatch) -> None:
    def put(self: World, key: str, data: bytes, _if_absent: bool) -> bool:
        self.objects[key] = (data, self.now_ms)
        return True

    def renamed(*args: Any) -> Iterator[Build]:
        for made in build_files(*args):
            file = made.file
            group = file.group if file else None
            yield made._replace(file=file and group and file._replace(path=f"{group.table_name}/{group.period_tag}.avro"))

    patch.setattr(World, "put", put)
    patch.setattr(archive, "build_files", renamed)
    patch.setattr(sql, "INSERT_FILE", f"{sql.INSERT_FILE} ON CONFLICT (file_path) DO NOTHING")
    patch.setattr(objects, "guard_files", _no_condition)


@_canary("a block may hold records of several datasets")
def blocks_of_all(patch: pytest.MonkeyPatch) -> None:
    cut = build._cut

    def mixed(schema: Any, encode: Any, records: list[Any], block_bytes: int) -> Any:
        return cut(schema, encode, [record._replace(dataset_id=records[0].dataset_id) for record in records], block_bytes)

    patch.setattr(build, "_cut", mixed)


# Compaction


@_canary("a compaction does not look whether its sources are still live")
def no_source_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compact, "guard_files", _no_condition)


@_canary("the sources of a compaction are marked dead in a batch of their own")
def sources_later(patch: pytest.MonkeyPatch) -> None:
    async def torn(context: Context, files: list[ColdFile], guards: list[Statement], changes: list[Statement]) -> bool:
        is_done = await store_files(context, files, guards, [])
        await context.database.batch(changes)
        return is_done

    patch.setattr(compact, "store_files", torn)


# Collection and retention


def _collect_by(patch: pytest.MonkeyPatch, told: str | None, is_stray: Callable[[str | None], bool]) -> None:
    async def careless(context: Context) -> AsyncIterator[tuple[ObjectInfo, str | None]]:
        async for info in context.bucket.list():
            rows = await context.query(sql.READ_STATE, info.key)
            if is_stray(rows[0]["state"] if rows else None):
                yield info, told

    async def certain(_: Context, _key: str, _now: int) -> bool:
        return True

    patch.setattr(collect, "stray_objects", careless)
    patch.setattr(collect, "_bury", certain)


@_canary("every object is deleted that is listed and not live")
def collect_by_listing(patch: pytest.MonkeyPatch) -> None:
    _collect_by(patch, "gone", lambda state: state != "live")


@_canary("every object is deleted that is old")
def collect_by_age(patch: pytest.MonkeyPatch) -> None:
    _collect_by(patch, None, lambda _: True)


@_canary("retention does not look whether a file is still live")
def no_live_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(collect, "guard_files", _no_condition)


@_canary("retention goes by the oldest record of a file")
def expire_by_oldest(patch: pytest.MonkeyPatch) -> None:
    oldest = "(SELECT MIN(start_timestamp) FROM block_indexes b WHERE b.file_id = archived_files.id)"
    changed = sql.READ_EXPIRED_FILES.replace("end_timestamp <", f"{oldest} <")
    assert changed != sql.READ_EXPIRED_FILES
    patch.setattr(sql, "READ_EXPIRED_FILES", changed)


# Reset


@_canary("a reset that another one has followed still removes what is there")
def no_reset_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sql, "GUARD_SETTING", "SELECT ?1, ?2")


@_canary("a reset deletes rows that came in after it began")
def no_reset_bound(patch: pytest.MonkeyPatch) -> None:
    unbounded = sql.DELETE_SOME_ROWS.replace("CAST(?1 AS INTEGER)", "?1 + 1000000")
    assert unbounded != sql.DELETE_SOME_ROWS
    patch.setattr(sql, "DELETE_SOME_ROWS", unbounded)


# Reading


def _tear_snapshot(patch: pytest.MonkeyPatch, *, blocks_first: bool) -> None:
    opening = DatasetReader.open

    def tear(statements: list[Statement]) -> Iterator[list[Statement]]:
        yield statements[:-2]
        yield statements[-2:]

    class BlocksFirst(_Torn):
        async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
            blocks = await self._database.batch(statements[-2:])
            return [*await self._database.batch(statements[:-2]), *blocks]

    async def torn(self: DatasetReader) -> None:
        context = self.context
        database = (BlocksFirst if blocks_first else _Torn)(context.database, tear)
        self.context = context._replace(database=database)
        await opening(self)
        self.context = context
        self.last_sequence = TIME_MAX

    patch.setattr(DatasetReader, "open", torn)


@_canary("a reader takes its hot rows before its blocks, in a batch of their own")
def rows_then_blocks(patch: pytest.MonkeyPatch) -> None:
    _tear_snapshot(patch, blocks_first=False)


@_canary("a reader takes its blocks before its hot rows, in a batch of their own")
def blocks_then_rows(patch: pytest.MonkeyPatch) -> None:
    _tear_snapshot(patch, blocks_first=True)


@_canary("a reader that takes a fresh snapshot also takes what came in since")
def no_sequence_bound(patch: pytest.MonkeyPatch) -> None:
    opening = DatasetReader.open

    async def unbounded(self: DatasetReader) -> None:
        await opening(self)
        self.last_sequence = TIME_MAX

    patch.setattr(DatasetReader, "open", unbounded)


@_canary("a file that is read forgets which branch of a union a value of a row is of")
def no_branches(patch: pytest.MonkeyPatch) -> None:
    def plain(self: Table, version: int, data: bytes) -> bytes:
        return self.schemas[self.newest].encode(self.decode(version, data))

    patch.setattr(ocf, "ENCODED", ENCODED._replace(of_row=plain))


@_canary("a reader ends its answer at what it cannot read")
def short_answer(patch: pytest.MonkeyPatch) -> None:
    whole = DatasetReader.pieces

    async def short(self: DatasetReader) -> AsyncIterator[Piece]:
        try:
            async for piece in whole(self):
                yield piece
        except DamagedError:
            return

    patch.setattr(DatasetReader, "pieces", short)
