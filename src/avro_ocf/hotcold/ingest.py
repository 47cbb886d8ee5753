"""Ingest: one upload is one batch, which stores its id, its records and its totals together or not at all."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from avro_ocf.errors import AvroError, ConflictError, DatumError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.bodies import BODY_BYTES, records_of_ocf
from avro_ocf.hotcold.context import Context, Group, Totals, add_to_ledger, bind, guarded, json_lists
from avro_ocf.hotcold.names import check_id, check_period, check_time
from avro_ocf.hotcold.ports import Statement
from avro_ocf.hotcold.reports import IngestReport
from avro_ocf.hotcold.table import JSON_VERSION, Table, check_all

PART_BYTES: Final = 450_000
"""Bytes of a record in one row. A larger record takes several: each must fit a parameter, in hexadecimal digits."""

RESETTING: Final = "resetting"
"""The setting that holds the token of the reset that is at work. Until it has come to its end, nothing comes in."""

LAST_DATED_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""


class Upload(NamedTuple):
    """What is posted: records of one dataset and table, and what is said of them. `upload_id` is the caller's own or random.

    `records` are as they are or, as bytes, those of a container file, which take `most_bytes` bytes at most.
    """

    dataset_id: str
    records: Sequence[object] | bytes
    table_version: int | None
    timestamp_ms: int | None
    period_tag: str | None
    upload_id: str
    uploaded_by: str | None
    most_bytes: int = BODY_BYTES


def check_upload(upload: Upload) -> None:
    """Raise `DatumError` for an id, time or period that is not one."""
    check_id(upload.dataset_id, "dataset_id")
    check_id(upload.upload_id, "upload_id")
    if upload.uploaded_by is not None:
        check_id(upload.uploaded_by, "uploaded_by")
    if upload.timestamp_ms is not None:
        check_time(upload.timestamp_ms, "timestamp")
    if upload.period_tag is not None:
        check_period(upload.period_tag)


async def ingest(context: Context, table: Table, upload: Upload) -> IngestReport:
    """Store `upload` in `table`, or find that it is stored already.

    Raises `DatumError` with the record and path of what does not fit, `ConflictError` when the upload's id stands for other content
    or the table has got a schema meanwhile, and what the database raises.
    """
    try:
        version, datas = _encoded(table, upload, upload.table_version)
    except AvroError:
        if report := await _replayed(context, table, upload):  # its records fitted an earlier version
            return report
        raise
    batch = _batch(context, table, upload, version, datas)
    for attempt in range(2):
        try:
            await context.database.batch(batch)
        except ConflictError:
            if report := await _replayed(context, table, upload):
                return report
            if attempt:  # the first time, the id may have been forgotten just now
                raise
        except OutcomeUnknownError as unknown:
            if report := await _stored(context, table, upload, unknown):
                return report
            raise
        else:
            break
    return IngestReport(upload.upload_id, version, len(datas), is_replay=False)


def _encoded(table: Table, upload: Upload, table_version: int | None) -> tuple[int, list[bytes]]:
    """Return the version that an upload's records are of, and the records as they are stored."""
    version = table.version_of(table_version)
    records = upload.records
    if isinstance(records, bytes):
        records, version = records_of_ocf(records, table, table_version, most_bytes=upload.most_bytes)
    return version, check_all(records, lambda record: table.encode(version, record))


def _batch(context: Context, table: Table, upload: Upload, version: int, datas: list[bytes]) -> list[Statement]:
    now = context.clock()
    posted_at = now if upload.timestamp_ms is None else upload.timestamp_ms
    group = Group(table.name, version, upload.period_tag or _month(posted_at))
    times = list(_times(table, version, datas, posted_at))
    key = (upload.dataset_id, table.name, upload.upload_id)
    rows = json_lists((time_ms, *part) for time_ms, data in zip(times, datas, strict=True) for part in record_parts(data))
    owner = (upload.dataset_id, table.name, version, group.period_tag, upload.uploaded_by or "", now)
    totals = Totals(accepted_records=len(datas), hot_records=len(datas), hot_bytes=sum(map(len, datas)))
    return guarded(
        [bind(sql.GUARD_NO_SCHEMA, table.name)] if version == JSON_VERSION else [],
        [
            bind(sql.INSERT_UPLOAD, *key, _content_hash(upload, datas), version, len(datas), now, RESETTING),
            *(bind(sql.INSERT_ROWS, *owner, listed) for listed in rows),
            add_to_ledger(group, totals),
        ],
    )


def _times(table: Table, version: int, datas: list[bytes], posted_at: int) -> Iterator[int]:
    for index, data in enumerate(datas):
        try:
            time_ms = table.time_of(version, data)
        except DatumError as error:
            raise DatumError(error.message, error.path, index) from None
        yield posted_at if time_ms is None else time_ms


def record_parts(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield what a record's rows hold: the number of rows that are left of it, and a part of its data in hexadecimal digits."""
    starts = range(0, len(data), PART_BYTES) or (0,)
    for parts_left, start in zip(reversed(range(len(starts))), starts, strict=True):
        yield parts_left, data[start : start + PART_BYTES].hex()


def _month(time_ms: int) -> str:
    if time_ms > LAST_DATED_MS:
        return "undated"
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m")


def _content_hash(upload: Upload, datas: Iterable[bytes]) -> str:
    """Return a hash of all that makes two uploads the same."""
    digest = hashlib.sha256(repr((upload.timestamp_ms, upload.period_tag)).encode())
    for data in datas:
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


async def _stored(context: Context, table: Table, upload: Upload, unknown: OutcomeUnknownError) -> IngestReport | None:
    """Return the report of an upload whose answer was lost, or None if it is not there. Raises `unknown` if that cannot be told."""
    try:
        report = await _replayed(context, table, upload)
    except ConflictError:
        raise
    except StoreError as error:
        raise unknown from error
    return report and report._replace(is_replay=False)


async def _replayed(context: Context, table: Table, upload: Upload) -> IngestReport | None:
    """Return the report of the upload that has this id, or None if there is none; raise `ConflictError` if it is another.

    Raises `UnavailableError` while a reset is at work: the rows of an upload may be gone by then, and its id not yet.
    """
    key = (upload.dataset_id, table.name, upload.upload_id)
    resetting, rows = await context.database.batch([bind(sql.READ_SETTING, RESETTING), bind(sql.READ_UPLOAD, *key)])
    if resetting:
        raise UnavailableError("a reset is at work, or was stopped: nothing comes in until it has been run to its end")
    if not rows:
        return None
    version, count = int(rows[0]["table_version"]), int(rows[0]["record_count"])
    try:
        # As it was stored then: the newest version may have become another since.
        _, datas = _encoded(table, upload, version)
        is_same = _content_hash(upload, datas) == rows[0]["content_hash"]
    except (AvroError, KeyError):
        is_same = False
    if not is_same:
        raise ConflictError(f"upload {upload.upload_id!r} of dataset {upload.dataset_id!r} is there with other content")
    return IngestReport(upload.upload_id, version, count, is_replay=True)
