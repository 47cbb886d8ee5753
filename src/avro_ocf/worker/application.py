"""`Application`: which request, message or tick of a timer goes where, and what is told when it fails."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.reports import plain
from avro_ocf.worker.access import Access, Grant
from avro_ocf.worker.failures import http_error, told
from avro_ocf.worker.http import Body, HttpError, Request, Response, error_response, json_response, parse_request
from avro_ocf.worker.messages import Message, Verdict, consume
from avro_ocf.worker.reading import read_response
from avro_ocf.worker.schedule import ARCHIVE_BUDGET_MS, maintain
from avro_ocf.worker.uploads import WORKER_LIMITS, UploadLimits, buffer_response

DEFAULT_LIMITS: Final = WORKER_LIMITS

_READING: Final = ("GET", "HEAD")


class _Route(NamedTuple):
    methods: tuple[str, ...]
    is_for_admins: bool
    answer: Callable[[Request, Grant], Awaitable[Response]]


class Application:
    """A store behind HTTP, a queue and a timer. One is enough for any number of requests at a time.

    `access` decides who may do what. `limits` bounds uploads by HTTP. `archive_budget_ms` is how long a run may archive, and
    `retention_ms` the age at which records expire, None for never. Messages of the queue that is called `dead_letter_queue` are
    stored as they are. `log` gets one line of JSON for each thing that an operator should know of.
    """

    def __init__(
        self,
        store: HotCold,
        access: Access,
        *,
        limits: UploadLimits = DEFAULT_LIMITS,
        archive_budget_ms: int = ARCHIVE_BUDGET_MS,
        retention_ms: int | None = None,
        dead_letter_queue: str | None = None,
        log: Callable[[str], None] = print,
    ) -> None:
        self._store = store
        self._access = access
        self._limits = limits
        self._archive_budget_ms = archive_budget_ms
        self._retention_ms = retention_ms
        self._dead_letter_queue = dead_letter_queue
        self._write_log = log
        self._routes: Mapping[str, _Route] = {
            "/buffer": _Route(("POST",), False, self._buffer),
            "/read": _Route(_READING, False, self._read),
            "/status": _Route(_READING, True, self._status),
            "/overview": _Route(_READING, True, self._overview),
            "/archive": _Route(("POST",), True, self._archive),
        }

    async def respond(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: Body = b"") -> Response:
        """Return the response to a request as it was sent; arguments are those of `parse_request`. Nothing is raised."""
        try:
            request = parse_request(method, target, headers, body)
        except HttpError as error:
            response = error_response(error)
            return await _without_body(response) if method == "HEAD" else response
        return await self.fetch(request)

    async def fetch(self, request: Request) -> Response:
        """Return the response to a request. Nothing is raised, but for a body that fails while it is sent."""
        grant: Grant | None = None
        try:
            route = self._routes.get(request.path)
            if route is None:
                response = _page(request)
            else:
                _check_method(request, route.methods)
                grant = self._access.grant(request.headers)
                if route.is_for_admins:
                    grant.check_admin()
                response = await route.answer(request, grant)
        except Exception as error:  # noqa: BLE001 - it is answered, and logged if it is no fault of the request
            answer = http_error(error, tells_all=grant is not None and grant.is_admin)
            if answer.status >= 500:
                self._log_failure(request, error)
            response = error_response(answer)
        return await _without_body(response) if request.method == "HEAD" else response

    async def consume(self, queue: str, messages: Sequence[Message]) -> list[Verdict]:
        """Store the uploads in a batch of messages and return a verdict for each, in order. Nothing is raised."""
        return await consume(self._store, queue, messages, is_dead_letter=queue == self._dead_letter_queue, log=self._log)

    async def scheduled(self) -> dict[str, Any]:
        """Archive, expire and collect, and return the report of each. Raises `StoreError` at the end if a step has failed."""
        return await maintain(
            self._store, archive_budget_ms=self._archive_budget_ms, retention_ms=self._retention_ms, log=self._log
        )

    async def _buffer(self, request: Request, grant: Grant) -> Response:
        return await buffer_response(self._store, grant, request, self._limits)

    async def _read(self, request: Request, grant: Grant) -> Response:
        return await read_response(self._store, grant, request, lambda error: self._log_failure(request, error))

    async def _status(self, _request: Request, _grant: Grant) -> Response:
        return json_response(200, plain(await self._store.status()))

    async def _overview(self, _request: Request, _grant: Grant) -> Response:
        return json_response(200, plain(await self._store.overview()))

    async def _archive(self, _request: Request, _grant: Grant) -> Response:
        return json_response(200, plain(await self._store.archive(budget_ms=self._archive_budget_ms)))

    def _log(self, event: dict[str, object]) -> None:
        self._write_log(json.dumps(event).replace("\x7f", "\\u007f"))  # a log is read in a terminal

    def _log_failure(self, request: Request, error: Exception) -> None:
        self._log({"event": "request failed", "method": request.method, "path": request.path, "error": told(error)})


def _page(request: Request) -> Response:
    """Return a file of the monitoring page, which holds no data and so is for everybody."""
    from avro_ocf.worker.page import page_response  # it is large, and few requests are for it

    response = page_response(request.path)
    if response is None:
        raise HttpError(404, "there is nothing at this path")
    _check_method(request, _READING)
    return response


def _check_method(request: Request, methods: tuple[str, ...]) -> None:
    if request.method not in methods:
        allowed = ", ".join(methods)
        raise HttpError(405, f"the methods here are {allowed}", headers={"allow": allowed})


async def _without_body(response: Response) -> Response:
    if not isinstance(response.body, bytes):
        async for _ in response.body:  # what has not begun does not end what it reads from
            break
        await response.body.aclose()
    return response._replace(body=b"")
