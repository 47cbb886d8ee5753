"""What is posted, by HTTP or through a queue: one upload in one JSON object, or its records as lines, as an array or as a file.

In the JSON object `records` stands beside what is said of them; in all other forms that stands in the query. Text is read from its
bytes, never through a runtime's own JSON: 64-bit integers and the difference between 1 and 1.0 would be lost.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from avro_ocf import extended_json, json_text
from avro_ocf.errors import DatumError
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.bodies import BODY_BYTES, is_ocf, records_of_text, told_by_line
from avro_ocf.hotcold.reports import IngestReport
from avro_ocf.hotcold.table import Table
from avro_ocf.json_text import without_mark
from avro_ocf.worker.access import Grant
from avro_ocf.worker.http import HttpError, Request, Response, json_response, read_body, whole_number

OCF_TYPES: Final = frozenset({"application/avro", "application/vnd.apache.avro+binary", "avro/binary"})
LINES_TYPES: Final = frozenset({"application/jsonl", "application/ndjson", "application/x-ndjson"})
JSON_TYPES: Final = frozenset({"", "application/json"})

OBJECT_BYTES: Final = 250
VALUE_BYTES: Final = 40
"""What a list or an object, and each value in one or line, is taken to need in memory."""

TEXT_FACTOR: Final = 8
WIDE_TEXT_FACTOR: Final = 16
"""Copies of a text that are in memory at a time, and bytes of them for one byte if a character makes all of a text 4 bytes wide."""

_TYPES: Final = {"dataset_id": str, "table": str, "id": str, "timestamp": int, "period_tag": str, "table_version": int}
_NUMBERS: Final = frozenset(name for name, kind in _TYPES.items() if kind is int)
_ARRAY: Final = re.compile(rb"[ \t\n\r]*\[")
_WIDE: Final = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
_GAP: Final = re.compile(r"[ \t\n\r,:]*")
# Numbers are left as texts: only the places of values matter where it is used.
_SCANNER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


class UploadLimits(NamedTuple):
    """What one upload by HTTP may take; the defaults are for a server."""

    body_bytes: int = 16 * 1024 * 1024
    """Bytes of the body."""

    memory_bytes: int = 512 * 1024 * 1024
    """Bytes of memory for records of text, by an estimate."""

    unpacked_bytes: int = 512 * 1024 * 1024
    """Bytes of the records of a container file, unpacked."""


WORKER_LIMITS: Final = UploadLimits(4 * 1024 * 1024, 64 * 1024 * 1024, 4 * 1024 * 1024)
"""What leaves a Worker enough of its 128 MB, a third of which its Python takes, and JavaScript's copies of an upload some more."""


class Target(NamedTuple):
    """Where an upload belongs, and what is said of it."""

    dataset_id: str
    table: str
    upload_id: str | None
    timestamp: int | None
    period_tag: str | None
    table_version: int | None


async def buffer_response(store: HotCold, grant: Grant, request: Request, limits: UploadLimits) -> Response:
    """Store the upload in a request and tell of it: 201 if it is new, 200 if it was there. Raises what is wrong with it."""
    given = _query_fields(request.query)
    if "dataset_id" in given:
        grant.check_dataset(given["dataset_id"])
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in OCF_TYPES | LINES_TYPES | JSON_TYPES:
        raise HttpError(415, f"the content-type is {kind[:100]!r}, not application/json, application/x-ndjson or application/avro")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpError(415, "a body is sent without content-encoding")
    data = await read_body(request, limits.body_bytes)
    if not data:
        raise HttpError(400, "the body is empty")
    if is_ocf(data) or kind in OCF_TYPES:
        report = await _ingest(store, _target(given, grant), data, limits.unpacked_bytes)
    else:
        data = without_mark(data)
        _check_memory(data, limits.memory_bytes)
        if kind in LINES_TYPES or _ARRAY.match(data):
            report = await _ingest_text(store, _target(given, grant), data)
        else:
            report = await ingest_json(store, grant, data, given)
    return json_response(200 if report.is_replay else 201, report._asdict())


async def ingest_json(
    store: HotCold, grant: Grant, data: bytes, given: Mapping[str, object], *, other_id: str | None = None
) -> IngestReport:
    """Store the upload that UTF-8 text holds as one JSON object. What it says of itself may be `given` as well, or instead.

    A byte order mark before it is passed over.
    `other_id` is the upload's id if it has none of its own. Raises `DatumError` and `HttpError` for what is wrong with it, and
    whatever `HotCold.ingest` does.
    """
    data = without_mark(data)
    try:
        text = data.decode()
        fields = extended_json.loads(text, tags=False)
    except UnicodeDecodeError as error:
        raise DatumError(f"not UTF-8: {error}") from None
    except DatumError as error:
        if part := _records_text(data):
            records_of_text(part, Table("", {}, None))  # tells which record it is, if it is one
        raise error from None
    if not isinstance(fields, dict):
        raise DatumError(f"an upload is a JSON object, not {type(fields).__name__}")
    records = fields.pop("records", None)
    if type(records) is not list:
        raise DatumError("it is missing, or no array", "records")
    target = _target(_merged(fields, given), grant)
    if _may_have_tags(data):
        table = await store.table(target.table)
        if table.schemas:
            del records  # or all of them would be there twice
            records = records_of_text(_records_text(data), table)
    return await _ingest(store, target._replace(upload_id=target.upload_id or other_id), records)


async def _ingest_text(store: HotCold, target: Target, data: bytes) -> IngestReport:
    table = await store.table(target.table) if _may_have_tags(data) else Table("", {}, None)
    try:
        return await _ingest(store, target, records_of_text(data, table))
    except DatumError as error:
        raise told_by_line(error, data) from None


async def _ingest(store: HotCold, target: Target, records: Any, most_bytes: int = BODY_BYTES) -> IngestReport:
    return await store.ingest(
        target.dataset_id,
        target.table,
        records,
        timestamp=target.timestamp,
        period_tag=target.period_tag,
        upload_id=target.upload_id,
        table_version=target.table_version,
        most_bytes=most_bytes,
    )


def _query_fields(query: Mapping[str, str]) -> dict[str, object]:
    for name in query:
        if name not in _TYPES:
            raise HttpError(400, f"there is no parameter {name[:100]!r}")
    return {name: whole_number(text, name) if name in _NUMBERS else text for name, text in query.items()}


def _merged(fields: dict[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Return what an object and the query say together. Raises `DatumError` for a field of another type or name."""
    merged = dict(given)
    for name, value in fields.items():
        if name not in _TYPES:
            raise DatumError("an upload has no such field", name[:100])
        if value is None:
            continue
        if type(value) is not _TYPES[name]:
            raise DatumError(f"expected {_TYPES[name].__name__}, not {type(value).__name__}", name)
        if merged.setdefault(name, value) != value:
            raise DatumError("it is one thing in the query and another in the body", name)
    return merged


def _target(fields: Mapping[str, Any], grant: Grant) -> Target:
    for name in ("dataset_id", "table"):
        if name not in fields:
            raise DatumError("it is missing", name)
    target = Target(*(fields.get(name) for name in _TYPES))  # type: ignore[arg-type]
    grant.check_dataset(target.dataset_id)
    grant.check_upload(target.timestamp, target.period_tag)
    return target


def _may_have_tags(data: bytes) -> bool:
    return b"$" in data or b"\\u0024" in data


def _check_memory(data: bytes, most_bytes: int) -> None:
    """Refuse text whose values would take too much memory, without making them; what stands in strings is counted as well."""
    objects, values = (sum(map(data.count, marks)) for marks in ((b"{", b"["), (b",", b":", b"\n")))
    factor = WIDE_TEXT_FACTOR if _WIDE.search(data) else TEXT_FACTOR
    size = factor * len(data) + OBJECT_BYTES * objects + VALUE_BYTES * values
    if size > most_bytes:
        raise HttpError(413, f"its records take more than {most_bytes} bytes of memory: send them in several requests")


def _records_text(data: bytes) -> bytes:
    """Return the text of `records` in a JSON object, empty for what is no such object."""
    try:
        text = data.decode()
        json_text.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return b""
    places = {key: text[start:end] for key, start, end in _members(text)}
    return places.get("records", "").encode()


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each key of a text that is JSON, if that is an object, and where its value begins and ends."""
    position = _skip(text, 0)
    if text[position] != "{":
        return
    position = _skip(text, position + 1)
    while text[position] != "}":
        key, position = _SCANNER.raw_decode(text, position)
        start = _skip(text, position)
        _, position = _SCANNER.raw_decode(text, start)
        yield cast("str", key), start, position
        position = _skip(text, position)


def _skip(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position
