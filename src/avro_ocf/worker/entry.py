"""The edge between a Worker's JavaScript objects and `Application`.

The `main.py` that `avro-ocf worker init` writes hands every event to one `Worker`. What it is bound to stands in `wrangler.toml`.
Importing this needs no clock, no entropy and no binding, since Workers keep a snapshot of what imports have made.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, Final

from avro_ocf.adapters.d1 import D1
from avro_ocf.adapters.javascript import is_null, to_buffer, to_object
from avro_ocf.adapters.r2 import R2
from avro_ocf.errors import StoreError
from avro_ocf.hotcold import HotCold, Settings
from avro_ocf.hotcold.settings import DEFAULT_SETTINGS
from avro_ocf.worker.access import Access, check_secret
from avro_ocf.worker.application import Application
from avro_ocf.worker.http import HttpError, Response, error_response
from avro_ocf.worker.messages import Message
from avro_ocf.worker.schedule import ARCHIVE_BUDGET_MS

ADMIN_TOKEN: Final = "ADMIN_TOKEN"  # noqa: S105 - the name of a secret
DATASET_SECRET: Final = "DATASET_SECRET"  # noqa: S105 - the same

DATABASE: Final = "BATTLE_INDEX_DB"
BUCKET: Final = "BATTLE_DATA_BUCKET"
"""The bindings, unless the variables DATABASE_BINDING and BUCKET_BINDING name others."""

DAY_MS: Final = 86_400_000

READ_BYTES: Final = 64 * 1024
"""Bytes of a body that are read at once: by themselves streams give 4 KiB, and each step takes a millisecond."""

NOT_WHOLE: Final = b"!this answer is not whole: the rest could not be read\n"
"""How a response ends that fails on its way: it is no JSON, and in a container file it is a block of -17 records.

That the stream is aborted as well is not enough, since workerd ends such a response as if it were whole.
"""


class Worker:
    """The handlers of a Worker. `env` and `ctx` are what the runtime gives to each event, bare or wrapped by its SDK.

    The store, with these `settings`, is opened by the first event and kept for the isolate: bindings belong to no request. It holds
    nothing else that does.
    """

    def __init__(self, settings: Settings = DEFAULT_SETTINGS) -> None:
        self._settings = settings
        self._application: Application | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def fetch(self, request: Any, env: Any, ctx: Any) -> Any:
        """Return the JavaScript response to a request. Where the Worker is not set up, it is 503 and names what is missing."""
        request = getattr(request, "js_object", request)
        try:
            application = self._opened(env)
        except StoreError as error:
            return self._to_javascript(error_response(HttpError(503, str(error), type="not_configured")), ctx)
        headers = [(name, value) for name, value in request.headers]
        body = b"" if is_null(request.body) else _chunks(request.body)
        return self._to_javascript(await application.respond(request.method, request.url, headers, body), ctx)

    async def queue(self, batch: Any, env: Any, _ctx: Any = None) -> None:
        """Store the uploads in a batch of messages, and acknowledge or retry each.

        Raises `StoreError` where the Worker is not set up, and then nothing is acknowledged.
        """
        from avro_ocf.worker.message_bodies import message_body

        batch = _bare(batch)
        application = self._opened(env)
        messages = [*batch.messages]
        verdicts = await application.consume(
            batch.queue, [Message(message.id, message_body(message.body), int(message.attempts)) for message in messages]
        )
        for message, verdict in zip(messages, verdicts, strict=True):
            if verdict.is_ack:
                message.ack()
            else:
                message.retry(to_object({"delaySeconds": verdict.delay_s}))

    async def scheduled(self, _controller: Any, env: Any, _ctx: Any = None) -> None:
        """Archive, expire and collect. Raises `StoreError` at the end if a step has failed, so that the run counts as failed."""
        await self._opened(env).scheduled()

    def _opened(self, env: Any) -> Application:
        if self._application is None:
            self._application = _application(env, self._settings)
        return self._application

    def _to_javascript(self, response: Response, ctx: Any) -> Any:
        import js

        options = to_object({"status": response.status, "headers": dict(response.headers)})
        if isinstance(response.body, bytes):
            return js.Response.new(to_buffer([response.body]) if response.body else None, options)
        stream = js.IdentityTransformStream.new()  # unlike the others it tells a writer that the client is gone
        sending = asyncio.ensure_future(_send(response.body, stream.writable.getWriter()))
        self._sending.add(sending)  # the event loop keeps no task alive
        sending.add_done_callback(self._sending.discard)
        ctx.waitUntil(_promise(sending))  # or a client that is gone would leave it waiting for ever
        return js.Response.new(stream.readable, options)


def _application(env: Any, settings: Settings = DEFAULT_SETTINGS) -> Application:
    database = _variable(env, "DATABASE_BINDING") or DATABASE
    bucket = _variable(env, "BUCKET_BINDING") or BUCKET
    store = HotCold(D1(getattr(env, database, None), database), R2(getattr(env, bucket, None), bucket), settings=settings)
    days = _number(env, "RETENTION_DAYS")
    return Application(
        store,
        _access(env),
        archive_budget_ms=_number(env, "ARCHIVE_BUDGET_MS") or ARCHIVE_BUDGET_MS,
        retention_ms=days * DAY_MS if days else None,
        dead_letter_queue=_variable(env, "DEAD_LETTER_QUEUE"),
    )


def _access(env: Any) -> Access:
    secrets: dict[str, str | None] = {}
    for name in (ADMIN_TOKEN, DATASET_SECRET):
        secrets[name] = value = _variable(env, name)
        if value is not None or name == ADMIN_TOKEN:
            try:
                check_secret(value, f"secret {name}")
            except StoreError as error:
                raise StoreError(
                    f"{error}: set it by `npx wrangler secret put {name}`, or for `wrangler dev` in .dev.vars"
                ) from None
    return Access(secrets[ADMIN_TOKEN] or "", secrets[DATASET_SECRET])


def _variable(env: Any, name: str) -> str | None:
    """Return a secret or a variable, None where it is missing or empty."""
    value = getattr(env, name, None)
    return None if is_null(value) else str(value) or None


def _number(env: Any, name: str) -> int:
    text = _variable(env, name) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise StoreError(f"variable {name} is no whole number: see [vars] in wrangler.toml")
    return int(text)


def _bare(value: Any) -> Any:
    """Return the JavaScript object of what the SDK may have wrapped."""
    from pyodide.ffi import JsProxy

    if isinstance(value, JsProxy):
        return value
    from workers import python_to_rpc

    return python_to_rpc(value)


async def _chunks(stream: Any) -> AsyncGenerator[bytes, None]:
    """Yield what comes in through a stream. Raises `HttpError` when it ends too early."""
    import js
    from pyodide.ffi import JsException

    try:
        reader = stream.getReader(to_object({"mode": "byob"}))
        buffer: tuple[Any, ...] = (js.Uint8Array.new(READ_BYTES),)
    except JsException:  # a stream that another Worker has made, which need not fill buffers
        reader, buffer = stream.getReader(), ()
    while True:
        try:
            part = await reader.read(*buffer)
        except JsException:
            raise HttpError(400, "the body was cut short") from None
        if part.done:
            return
        yield part.value.to_bytes()
        if buffer:
            buffer = (js.Uint8Array.new(part.value.buffer),)  # the one that it has filled


async def _send(chunks: AsyncGenerator[bytes, None], writer: Any) -> None:
    """Write what comes out. After an error, which is logged where it arises, the end is what no reader takes for one."""
    import js
    from pyodide.ffi import to_js

    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                await writer.write(to_js(chunk))
        await writer.close()
    except Exception:  # noqa: BLE001 - whoever would catch it has its response already
        with suppress(Exception):  # nobody is there to be told if the client is gone
            await writer.write(to_js(NOT_WHOLE))
            await writer.abort(js.Error.new("the answer could not be finished"))


def _promise(task: "asyncio.Task[None]") -> Any:
    """Return a promise of JavaScript that is resolved when the task is done."""
    import js

    def begin(resolve: Any, _reject: Any) -> None:
        task.add_done_callback(lambda _: resolve())

    return js.Promise.new(begin)
