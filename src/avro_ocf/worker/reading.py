"""Answers to GET /read: records as JSON or as a container file, sent while they are read."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Final

from avro_ocf.errors import NotFoundError
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.worker.access import Grant
from avro_ocf.worker.http import HttpError, Request, Response, no_store, whole_number

CHUNK_BYTES: Final = 64 * 1024
"""Bytes that are gathered before they are sent."""

_DEFAULTS: Final = {"dataset_id": "", "table": "", "from": "0", "to": str(TIME_MAX + 1), "format": "ndjson"}
CONTENT_TYPES: Final = {"ndjson": "application/x-ndjson", "json": "application/json", "ocf": "application/avro"}

Chunks = AsyncGenerator[bytes, None]


async def read_response(store: HotCold, grant: Grant, request: Request, on_failure: Callable[[Exception], None]) -> Response:
    """Return the records that a request asks for. What fails before the first of them is raised, later it is told and raised.

    To a dataset's token, a table that is not there is one where the dataset has nothing.
    """
    dataset_id, table, from_ms, to_ms, form = _parameters(request.query)
    grant.check_dataset(dataset_id)
    if form == "ocf":
        data = store.read(dataset_id, table, from_ms=from_ms, to_ms=to_ms, format="ocf")
        chunks = _joined(_file(data, is_known=grant.is_admin))
    else:
        lines = store.read(dataset_id, table, from_ms=from_ms, to_ms=to_ms, format="ndjson")
        chunks = _joined((_array if form == "json" else _lines)(lines, is_known=grant.is_admin))
    first = await anext(chunks, b"")
    body = first if len(first) < CHUNK_BYTES else _rest(first, chunks, on_failure)
    return Response(200, no_store(CONTENT_TYPES[form]), body)


def _parameters(query: Mapping[str, str]) -> tuple[str, str, int, int, str]:
    values = {**_DEFAULTS, **query}
    if unknown := [name for name in query if name not in _DEFAULTS]:
        raise HttpError(400, f"there is no parameter {unknown[0][:100]!r}")
    for name in ("dataset_id", "table"):
        if name not in query:
            raise HttpError(400, f"{name} is missing in the query", path=name)
    if values["format"] not in CONTENT_TYPES:
        raise HttpError(400, f"format is one of {', '.join(CONTENT_TYPES)}", path="format")
    from_ms, to_ms = (whole_number(values[name], name) for name in ("from", "to"))
    return values["dataset_id"], values["table"], from_ms, to_ms, values["format"]


async def _rest(first: bytes, chunks: Chunks, on_failure: Callable[[Exception], None]) -> Chunks:
    try:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk
    except Exception as error:
        on_failure(error)
        raise


async def _joined(pieces: Chunks) -> Chunks:
    """Yield the same bytes in chunks of at least `CHUNK_BYTES`; only the last may be smaller."""
    waiting = bytearray()
    async with aclosing(pieces):
        async for piece in pieces:
            waiting += piece
            if len(waiting) >= CHUNK_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


async def _lines(lines: AsyncIterator[str], *, is_known: bool) -> Chunks:
    try:
        async for line in lines:
            yield line.encode() + b"\n"
    except NotFoundError:
        if is_known:
            raise


async def _array(records: AsyncIterator[str], *, is_known: bool) -> Chunks:
    """Yield one JSON array, a record a line; it has no end if a record cannot be read."""
    before = b"["
    async with aclosing(_lines(records, is_known=is_known)) as lines:
        async for line in lines:
            yield before + line
            before = b","
    yield b"]\n" if before == b"," else b"[]\n"


async def _file(data: AsyncIterator[bytes], *, is_known: bool) -> Chunks:
    """Yield a container file. Where the table may not be known, one without records does not tell the table's schema."""
    header, block = b"", None
    try:
        header = await anext(data)
        block = await anext(data, None)
    except NotFoundError:
        if is_known or header:
            raise
    if block is None:
        yield header if is_known else _header_of_nothing()
        return
    yield header + block
    async for more in data:
        yield more


def _header_of_nothing() -> bytes:
    from avro_ocf import encode_header
    from avro_ocf.hotcold.ocf import NO_RECORDS

    return encode_header(NO_RECORDS, codec="null")
