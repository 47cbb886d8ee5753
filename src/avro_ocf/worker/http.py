"""Requests and responses as values, and what can be wrong with them before anyone looks at what they ask for."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from typing import Any, Final, NamedTuple

Body = AsyncIterator[bytes] | bytes

TARGET_BYTES: Final = 8192
"""Bytes of the longest path and query."""

_ONCE: Final = frozenset({"authorization", "content-encoding", "content-length", "content-type", "host"})
_TARGET: Final = re.compile(r"(?:https?://[^/?#]*)?(/[!->@-~]*)?(?:\?([!-~]*))?", re.IGNORECASE)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")

_TYPES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    417: "expectation_failed",
    422: "unprocessable",
    431: "headers_too_large",
    500: "internal",
    501: "not_implemented",
    503: "unavailable",
    505: "version_not_supported",
}


class Request(NamedTuple):
    """A request. `path` and the names and values of `query` are decoded once, names of `headers` are in lower case.

    `body` is read only after whatever can be told without it, and no further than its size is allowed.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body = b""


class Response(NamedTuple):
    """A response. A body that is a generator is sent as it is made, and closed; if it raises, the connection has to be cut."""

    status: int
    headers: Mapping[str, str]
    body: AsyncGenerator[bytes, None] | bytes


class HttpError(Exception):
    """A request that is answered with an error: its status, and what to tell.

    `type` is the status by name unless it is given; `record` is the index of the record at fault, `path` the field.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "",  # noqa: A002 - as it stands in the answer
        record: int | None = None,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type or _TYPES[status]
        self.record = record
        self.path = path
        self.headers = headers or {}


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with `value` as JSON, which no one may keep and no browser take for something else."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    return Response(status, {**no_store("application/json"), **(headers or {})}, body)


def error_response(error: HttpError) -> Response:
    """Return the response that tells of an error."""
    told = {"type": error.type, "message": error.message, "record": error.record, "path": error.path or None}
    return json_response(error.status, {"error": {name: value for name, value in told.items() if value is not None}}, error.headers)


def no_store(content_type: str) -> dict[str, str]:
    """Return the headers of a response that may be of use only once."""
    return {"content-type": content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"}


def parse_request(method: str, target: str, headers: Iterable[tuple[str, str]], body: Body = b"") -> Request:
    """Return the request of a method, a target (a whole URL, or its path and query as they were sent) and headers.

    Raises `HttpError` for a target that is too long or cannot be decoded, and for a name that is there twice.
    """
    if len(target) > TARGET_BYTES:
        raise HttpError(414, f"the path and query have {len(target)} bytes, more than {TARGET_BYTES}")
    parts = _TARGET.fullmatch(target)
    if parts is None or not target or "#" in target:
        raise HttpError(400, "the request's target is no path with a query")
    return Request(method, _decoded(parts[1] or "/"), _parse_query(parts[2] or ""), _parse_headers(headers), body)


def whole_number(text: str, name: str) -> int:
    """Return the number that a parameter's text stands for. Raises `HttpError`."""
    if not re.fullmatch("[0-9]{1,18}", text, re.ASCII):
        raise HttpError(400, f"{name} is a whole number of 1 to 18 digits", path=name)
    return int(text)


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the whole body of a request. Raises `HttpError` for one that is too large, before it is in memory, or cut short."""
    announced = request.headers.get("content-length")
    length = None if announced is None else whole_number(announced, "content-length")
    if length is not None and length > most_bytes:
        raise _too_large(most_bytes)
    data = bytearray()
    if isinstance(request.body, bytes):
        data += request.body[: most_bytes + 1]
    else:
        async for chunk in request.body:
            if len(data) + len(chunk) > most_bytes:
                raise _too_large(most_bytes)
            data += chunk
    if len(data) > most_bytes:
        raise _too_large(most_bytes)
    if length not in {None, len(data)}:
        raise HttpError(400, f"the body has {len(data)} bytes of the {length} that were announced")
    return bytes(data)


def _too_large(most_bytes: int) -> HttpError:
    return HttpError(413, f"the body has more than {most_bytes} bytes: send its records in several requests")


def _parse_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for sent_name, value in headers:
        name = sent_name.lower()
        if name not in parsed:
            parsed[name] = value
        elif name in _ONCE:
            raise HttpError(400, f"the header {name} is there twice")
        else:
            parsed[name] += f", {value}"
    return parsed


def _parse_query(text: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, _, value = part.partition("=")
        name = _decoded(name.replace("+", " "))
        if name in query:
            raise HttpError(400, f"{name[:100]!r} is in the query twice")
        query[name] = _decoded(value.replace("+", " "))
    return query


def _decoded(text: str) -> str:
    """Return a text without its percent escapes."""
    try:
        return _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), text.encode()).decode()
    except (TypeError, ValueError):  # a `%` without its digits, or bytes that are no text
        raise HttpError(400, "the path or query has a percent escape that is none, or is not UTF-8") from None
