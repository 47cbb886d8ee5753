"""`HotCold`: the store as its users see it. Each method is an operation of a module of its own.

What neither an upload nor a read needs is imported by the method that does: a Worker is to start fast.
"""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final, Literal, overload

from avro_ocf.api import parse_schema
from avro_ocf.errors import ConflictError, DatumError, NotFoundError
from avro_ocf.hotcold.bodies import BODY_BYTES
from avro_ocf.hotcold.context import Context, OnProgress
from avro_ocf.hotcold.ingest import Upload, check_upload, ingest
from avro_ocf.hotcold.migrate import migrate
from avro_ocf.hotcold.names import TIME_MAX, check_id, check_table, check_time
from avro_ocf.hotcold.ports import Bucket, Database
from avro_ocf.hotcold.read import BRANCHED, PLAIN, DatasetReader
from avro_ocf.hotcold.reports import (
    ArchiveReport,
    CollectReport,
    CompactReport,
    DoctorReport,
    ExpireReport,
    IngestReport,
    OverviewReport,
    ReindexReport,
    ResetReport,
    StatusReport,
    VerifyReport,
)
from avro_ocf.hotcold.settings import DEFAULT_SETTINGS, Settings, check_settings
from avro_ocf.hotcold.snapshot import Query
from avro_ocf.hotcold.table import Table
from avro_ocf.hotcold.tables import add_table, load_table

TABLES_KEPT: Final = 1_000
"""Tables that a store keeps in mind; where more are asked for, it begins anew."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _random_token() -> bytes:
    return os.urandom(16)


def _silent(_done: int, _total: int) -> None:
    """Take no note of progress."""


class HotCold:
    """A store of records by dataset and table: hot in `database`, cold in `bucket`, read as one.

    `clock` returns milliseconds since the epoch and `token` 16 random bytes; both are there for tests. The tables of a new database
    are made with the first operation, which raises `VersionError` for a database of a newer version. Every operation may raise
    `UnavailableError` and `OutcomeUnknownError` from its database and bucket, and can then be tried again. Raises `DatumError` for
    settings that are none, and `UnsupportedCodecError`.
    """

    def __init__(
        self,
        database: Database,
        bucket: Bucket,
        *,
        settings: Settings = DEFAULT_SETTINGS,
        clock: Callable[[], int] = _now_ms,
        token: Callable[[], bytes] = _random_token,
    ) -> None:
        check_settings(settings)
        self._ctx = Context(database, bucket, settings, clock, token)
        self._is_ready = False
        self._tables: dict[str, Table] = {}

    async def _ready(self) -> Context:
        if not self._is_ready:
            await migrate(self._ctx.database)
            self._is_ready = True
        return self._ctx

    async def _load_table(self, name: str) -> Table:
        if len(self._tables) >= TABLES_KEPT:  # names may come from strangers
            self._tables.clear()
        table = self._tables[name] = await load_table(self._ctx, name)
        return table

    async def table(self, name: str) -> Table:
        """Return what is known of a table. Raises `DatumError` for what cannot be a table's name."""
        await self._ready()
        return await self._load_table(check_table(name))

    async def add_table(self, name: str, schema: object, *, timestamp_field: str | None = None) -> int:
        """Register a schema as the newest version of table `name` and return the version's number, from 1 on.

        `schema` is a `Schema` or what `parse_schema` takes, a record that can read what all versions so far have written; one that
        is there already keeps its number. Its text is stored, and parsed with the default limits, logical types and no conversions
        wherever it is read. `timestamp_field` names the field that holds a record's time, for all versions. Raises `SchemaError`,
        also for a `Schema` that its text alone does not stand for, `DatumError` for a bad name, `ConflictError` for a table that
        holds records without a schema, and `DamagedError` for one whose schemas so far cannot be read.
        """
        context = await self._ready()
        version = await add_table(context, check_table(name), parse_schema(schema), timestamp_field)
        self._tables.pop(name, None)
        return version

    async def ingest(
        self,
        dataset_id: str,
        table: str,
        records: Iterable[object] | bytes,
        *,
        timestamp: int | None = None,
        period_tag: str | None = None,
        upload_id: str | None = None,
        uploaded_by: str | None = None,
        table_version: int | None = None,
        most_bytes: int = BODY_BYTES,
    ) -> IngestReport:
        """Store one upload: all `records` of one dataset and table, or none of them. Bytes are those of a container file.

        `timestamp` is the upload's time in milliseconds, now by default, and each record's unless the table names a field for it.
        `period_tag` is for object keys, the time's month by default. The same `upload_id` of a dataset and table with the same
        content again is a no-op. Records are checked against the newest version of the table's schema, or `table_version`.
        `most_bytes` bounds what the records of a file take, unpacked. Raises `DatumError` with the record and path of what does not
        fit, `NotFoundError` for an unknown version, `ConflictError` for an upload's id that stands for other content, and
        `FormatError` and `SchemaError` for what is wrong in a file.
        """
        context = await self._ready()
        chosen_id = context.token().hex() if upload_id is None else upload_id
        posted = records if isinstance(records, bytes) else list(records)
        upload = Upload(dataset_id, posted, table_version, timestamp, period_tag, chosen_id, uploaded_by, most_bytes)
        check_upload(upload)
        known = self._tables.get(check_table(table))
        if known is None or isinstance(posted, bytes):  # a file's newer fields would be dropped for a version long outdated
            known = await self._load_table(table)
        try:
            return await ingest(context, known, upload)
        except (ConflictError, DatumError, NotFoundError):
            fresh = await self._load_table(table)
            if fresh.newest == known.newest:
                raise
            return await ingest(context, fresh, upload)  # another process has added a version since

    @overload
    def read(
        self,
        dataset_id: str,
        table: str,
        *,
        from_ms: int = ...,
        to_ms: int = ...,
        format: Literal["records"] = ...,
        branches: bool = ...,
    ) -> AsyncIterator[Any]: ...
    @overload
    def read(
        self, dataset_id: str, table: str, *, from_ms: int = ..., to_ms: int = ..., format: Literal["ndjson"]
    ) -> AsyncIterator[str]: ...
    @overload
    def read(
        self, dataset_id: str, table: str, *, from_ms: int = ..., to_ms: int = ..., format: Literal["ocf"]
    ) -> AsyncIterator[bytes]: ...
    async def read(
        self,
        dataset_id: str,
        table: str,
        *,
        from_ms: int = 0,
        to_ms: int = TIME_MAX + 1,
        format: str = "records",  # noqa: A002 - the contract's word
        branches: bool = False,
    ) -> AsyncIterator[Any]:
        """Yield the records of one dataset and table with `from_ms <= time < to_ms`, in order of (timestamp, sequence).

        It holds exactly what was accepted before it began, each record once. Records of several schema versions come as the newest,
        with `branches` as `Schema.decode` gives them, which `ingest` takes; those of a table without a schema are as they are.
        With `format="ocf"`, yields the bytes of one container file of these records instead, and with `format="ndjson"` a line of
        JSON for each, which has no newline; in both, unions keep their branches.

        Raises `NotFoundError` for a table that was never heard of, and `DamagedError` for what cannot be read: an answer
        is whole, or it is an error. A row that an archiver has put into quarantine is no part of it.
        """
        if format not in {"records", "ndjson", "ocf"}:
            raise DatumError(f"{format!r} is not records, ndjson or ocf", "format")
        check_id(dataset_id, "dataset_id")
        check_time(from_ms, "from_ms")
        if type(to_ms) is not int or to_ms <= TIME_MAX:  # any later end is the end of time
            check_time(to_ms, "to_ms")
        query = Query(dataset_id, check_table(table), from_ms, min(to_ms, TIME_MAX + 1))
        context = await self._ready()
        if format == "ocf":
            from avro_ocf.hotcold.ocf import read_ocf

            async for data in read_ocf(context, query):
                yield data
            return
        if format == "ndjson":
            from avro_ocf.hotcold.lines import read_lines

            async for line in read_lines(context, query):
                yield line
            return
        reader = DatasetReader(context, query, BRANCHED if branches else PLAIN)
        await reader.open()
        async for record in reader.records():
            yield record

    async def quarantine_message(self, queue: str, message_id: str, body: bytes, reason: str) -> bool:
        """Store a message that nobody can take, with the reason, and return True; one that is there already is left as it is.

        `queue` and `message_id` say which message it is. Raises `DatumError` for a body of more than 900,000 bytes.
        """
        from avro_ocf.hotcold.messages import quarantine_message

        return await quarantine_message(await self._ready(), queue, message_id, body, reason)

    async def archive(self, *, on_progress: OnProgress = _silent, budget_ms: int | None = None) -> ArchiveReport:
        """Move every record that is hot now into objects. After `budget_ms` it stops before the next one; run it again."""
        from avro_ocf.hotcold.archive import archive

        return await archive(await self._ready(), self._load_table, on_progress, budget_ms)

    async def compact(self, *, on_progress: OnProgress = _silent) -> CompactReport:
        """Replace small objects by fewer and larger ones. Raises `DamagedError` for an object that cannot be read."""
        from avro_ocf.hotcold.compact import compact

        return await compact(await self._ready(), self._load_table, on_progress)

    async def expire(self, older_than_ms: int) -> ExpireReport:
        """Mark dead every object whose newest record is older than `older_than_ms`. Hot rows never expire."""
        from avro_ocf.hotcold.collect import expire

        return await expire(await self._ready(), check_time(older_than_ms, "older_than_ms"))

    async def collect(self) -> CollectReport:
        """Delete what is dead for long enough and what crashes have left behind."""
        from avro_ocf.hotcold.collect import collect

        return await collect(await self._ready())

    async def verify(self, *, repair: bool = False, on_progress: OnProgress = _silent) -> VerifyReport:
        """Read everything and report what is wrong; with `repair`, write index and totals anew where they are."""
        from avro_ocf.hotcold.verify import verify

        return await verify(await self._ready(), self._load_table, on_progress, repair=repair)

    async def reindex(self, *, on_progress: OnProgress = _silent) -> ReindexReport:
        """Take up the objects that the database does not know, from what they say of themselves."""
        from avro_ocf.hotcold.reindex import reindex

        return await reindex(await self._ready(), on_progress)

    async def reset(self, *, dry_run: bool = False) -> ResetReport:
        """Remove all records, hot and cold; tables keep their schemas. With `dry_run`, only tell what would go.

        Until it has come to its end nothing is ingested, so after an error run it again. Raises `ConflictError` where another
        `reset` has begun meanwhile.
        """
        from avro_ocf.hotcold.reset import reset

        return await reset(await self._ready(), is_dry_run=dry_run)

    async def status(self) -> StatusReport:
        """Return what the store holds. It reads totals, no records."""
        from avro_ocf.hotcold.status import status

        return await status(await self._ready())

    async def overview(self) -> OverviewReport:
        """Return what the monitoring page shows. It reads totals, no records, and the index of the latest ten files."""
        from avro_ocf.hotcold.overview import overview

        return await overview(await self._ready())

    async def doctor(self) -> DoctorReport:
        """Check whatever of a deployment can be checked from here."""
        from avro_ocf.hotcold.status import doctor

        return await doctor(await self._ready())

    async def pause(self) -> None:
        """Let no archiver start until `resume`."""
        from avro_ocf.hotcold.status import set_paused

        await set_paused(await self._ready(), "yes")

    async def resume(self) -> None:
        """Let archivers start again."""
        from avro_ocf.hotcold.status import set_paused

        await set_paused(await self._ready(), "no")
