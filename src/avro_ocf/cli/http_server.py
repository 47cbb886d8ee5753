"""An HTTP/1.1 server for one application, of the standard library: one request for each connection.

It is strict where leniency lets one server read a request otherwise than another: whatever RFC 9112 allows to refuse is refused.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Final, NamedTuple

from avro_ocf.worker.http import Body, HttpError, Response, error_response

HEAD_BYTES: Final = 32 * 1024
"""Bytes of the longest request line and headers together."""

MOST_CONNECTIONS: Final = 200
"""Connections at a time that are served; those past it get an answer at once, and it is 503."""

MOST_REFUSALS: Final = 200
"""Of those, so many at a time are closed with care; one past them is closed at once and may lose its answer."""

READ_BYTES: Final = 64 * 1024

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE: Final = re.compile(rf"({_NAME}) ([!-~]+) HTTP/([0-9]\.[0-9])")
_HEADER: Final = re.compile(rf"({_NAME}):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~\x80-\xff]*)?\r\n")

Headers = list[tuple[str, str]]
Respond = Callable[[str, str, Headers, Body], Awaitable[Response]]


class Timeouts(NamedTuple):
    """Seconds that a client may take."""

    head_s: float = 10
    """From the connection to the end of the headers."""

    body_s: float = 300
    """For the whole body."""

    write_s: float = 30
    """To take what is written, up to 64 KiB or one block at a time."""

    linger_s: float = 2
    """To close the connection after the answer. One closed before all that was sent is read may lose the answer."""


DEFAULT_TIMEOUTS: Final = Timeouts()


class Head(NamedTuple):
    """A request's line and headers; `length` is that of its body in bytes, None if it comes in chunks."""

    method: str
    target: str
    headers: Headers
    length: int | None
    expects_continue: bool


def parse_head(data: bytes) -> Head:
    """Return what the bytes up to the empty line stand for. Raises `HttpError`."""
    first, *lines = data.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        raise HttpError(400, "the request line is not: method, target, HTTP/1.1")
    if request[3] != "1.1":  # an older client would not notice that an answer was cut off
        raise HttpError(505, "the version is not HTTP/1.1")
    headers: Headers = []
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise HttpError(400, "a header is not: name, colon, value")
        headers.append((header[1].lower(), header[2]))
    values = {name: [value for other, value in headers if other == name] for name, _ in headers}
    if len(values.get("host", [])) != 1:
        raise HttpError(400, "there must be one header host")
    expected = [value.lower() for value in values.get("expect", [])]
    if expected not in ([], ["100-continue"]):
        raise HttpError(417, "nothing but 100-continue can be expected")
    return Head(request[1], request[2], headers, _body_length(values), bool(expected))


def _body_length(values: dict[str, list[str]]) -> int | None:
    lengths, encodings = values.get("content-length", []), values.get("transfer-encoding", [])
    if lengths and encodings:
        raise HttpError(400, "there are both content-length and transfer-encoding")
    if encodings:
        if [encoding.lower() for encoding in encodings] != ["chunked"]:
            raise HttpError(501, "the only transfer-encoding here is chunked")
        return None
    if len(lengths) > 1 or not re.fullmatch("[0-9]{1,18}", lengths[0] if lengths else "0", re.ASCII):
        raise HttpError(400, "content-length is one whole number")
    return int(lengths[0]) if lengths else 0


class HttpServer:
    """Answers requests with what `respond` returns; `log` gets a line for each. Used by `start` and `stop`, once."""

    def __init__(self, respond: Respond, log: Callable[[str], None], timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._respond = respond
        self._log = log
        self._timeouts = timeouts
        self._connections: set[asyncio.Task[None]] = set()
        self._served = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port: `port`, or a free one for 0. Raises `OSError`."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Take no more connections, let those that are there end within `grace_s` seconds, and cut off the rest."""
        if self._server is not None:
            self._server.close()
        if self._connections:
            _, late = await asyncio.wait(self._connections, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio calls this as a task
        self._connections.add(task)
        is_served = self._served < MOST_CONNECTIONS
        self._served += is_served
        writer.transport.set_write_buffer_limits(high=0)  # what is written is taken when `drain` returns
        try:
            exchange = _Exchange(reader, writer, self._timeouts, self._log)
            if is_served:
                await exchange.run(self._respond)
            else:
                await exchange.refuse(lingers=len(self._connections) - self._served <= MOST_REFUSALS)
        except Exception:  # noqa: BLE001 - the client is gone, or its answer could not be ended and must not look whole
            writer.transport.abort()
        except asyncio.CancelledError:  # by `stop`, which waits by itself; Python 3.11 prints a traceback for a task that ends so
            writer.transport.abort()
        finally:
            writer.close()
            self._served -= is_served
            self._connections.discard(task)


class _Exchange:
    """One connection: a request, its answer, and the end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeouts: Timeouts, log: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._timeouts = timeouts
        self._log = log
        self._body_deadline = 0.0

    async def refuse(self, *, lingers: bool) -> None:
        """Answer without reading anything: a client that says nothing must not be waited for."""
        response = error_response(HttpError(503, "there are too many connections"))
        self._log(f"a connection too many: {response.status}")
        await self._send(response, has_body=True)
        if lingers:
            await self._linger()

    async def run(self, respond: Respond) -> None:
        head: Head | None = None
        try:
            head = await self._head()
            body = b"" if head.length == 0 else self._body(head)
            response = await respond(head.method, head.target, head.headers, body)
        except HttpError as error:
            response = error_response(error)
        name = f"{head.method} {head.target.partition('?')[0][:200]}" if head else "a request that cannot be read"
        self._log(f"{name}: {response.status}")
        try:
            await self._send(response, has_body=head is None or head.method != "HEAD")
        except Exception:
            self._log(f"{name}: cut off")
            raise
        await self._linger()

    async def _linger(self) -> None:
        self._writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeouts.linger_s):
                while await self._reader.read(READ_BYTES):
                    pass

    async def _head(self) -> Head:
        try:
            async with asyncio.timeout(self._timeouts.head_s):
                return parse_head(await self._reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            raise HttpError(431, f"the request line and headers have more than {HEAD_BYTES} bytes") from None
        except TimeoutError:
            raise HttpError(408, "the headers took too long") from None

    async def _body(self, head: Head) -> AsyncGenerator[bytes, None]:
        self._body_deadline = asyncio.get_running_loop().time() + self._timeouts.body_s
        if head.expects_continue:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            if head.length is None:
                async with aclosing(self._chunks()) as chunks:
                    async for data in chunks:
                        yield data
            else:
                async with aclosing(self._exactly(head.length)) as chunks:
                    async for data in chunks:
                        yield data
        except TimeoutError:
            raise HttpError(408, "the body took too long") from None
        except asyncio.IncompleteReadError:
            raise HttpError(400, "the body was cut short") from None
        except asyncio.LimitOverrunError:
            raise HttpError(400, "a chunk's head is too long") from None

    async def _exactly(self, length: int) -> AsyncGenerator[bytes, None]:
        while length:
            async with asyncio.timeout_at(self._body_deadline):
                data = await self._reader.read(min(length, READ_BYTES))
            if not data:
                raise asyncio.IncompleteReadError(b"", length)
            length -= len(data)
            yield data

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        while size := await self._chunk_size():
            async with aclosing(self._exactly(size)) as pieces:
                async for data in pieces:
                    yield data
            if await self._line() != b"\r\n":
                raise HttpError(400, "a chunk is longer than it says")
        trailers = 0
        while (line := await self._line()) != b"\r\n":
            trailers += len(line)
            if trailers > HEAD_BYTES:
                raise HttpError(431, f"there are more than {HEAD_BYTES} bytes after the body")

    async def _chunk_size(self) -> int:
        size = _CHUNK_SIZE.fullmatch(await self._line())
        if size is None:
            raise HttpError(400, "a chunk does not begin with its size in hexadecimal digits")
        return int(size[1], 16)

    async def _line(self) -> bytes:
        async with asyncio.timeout_at(self._body_deadline):
            return await self._reader.readuntil(b"\r\n")

    async def _send(self, response: Response, *, has_body: bool) -> None:
        headers = {**response.headers, "connection": "close"}
        if not isinstance(response.body, bytes):
            headers["transfer-encoding"] = "chunked"
        elif has_body:
            headers["content-length"] = str(len(response.body))
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", *map(": ".join, headers.items())]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        if isinstance(response.body, bytes):
            await self._write(head + response.body if has_body else head)
            return
        async with aclosing(response.body) as chunks:
            await self._write(head)
            async for data in chunks:
                if data:  # an empty chunk is the last one
                    await self._write(b"%x\r\n%b\r\n" % (len(data), data))
        await self._write(b"0\r\n\r\n")

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(self._timeouts.write_s):
            await self._writer.drain()
