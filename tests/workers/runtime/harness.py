"""The Worker's main module in these tests: the real one, what `shim.js` calls for a queue and a timer, and what only tests need.

With STALL of `1 before` or `1 after`, an archive is stalled for good right before or after it has put the first object.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import Any

from avro_ocf.adapters.r2 import R2
from avro_ocf.worker import messages
from avro_ocf.worker.entry import Worker
from avro_ocf.worker.http import Response

main = import_module("main")
put = R2.put

messages.FIRST_DELAY_S = messages.MOST_DELAY_S = 1  # type: ignore[misc]


def stall(at: int, when: str) -> None:
    left = at

    async def stalling_put(*arguments: Any, **options: Any) -> bool:
        nonlocal left
        left -= 1
        stored = (left == 0 and when == "before") or await put(*arguments, **options)
        if left == 0:
            log(event="stalled")
            await asyncio.sleep(3600)
        return stored

    R2.put = stalling_put  # type: ignore[method-assign]


def log(**fields: object) -> None:
    print(json.dumps(fields))


async def verify(env: Any) -> None:
    report = await main.worker._opened(env)._store.verify()
    assert report.problems == [], report
    log(event="verified", cold=report.record_count, hot=report.hot_records)


async def endless() -> AsyncGenerator[bytes, None]:
    try:
        while True:
            yield bytes(1000)
            await asyncio.sleep(0.02)
    finally:
        log(event="given up")


async def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    import js

    path, _, missing = request.url.partition("/without/")
    if path.endswith("/endless"):
        return main.worker._to_javascript(Response(200, {}, endless()), ctx)
    if not missing:
        return await main.on_fetch(request, env, ctx)
    env = js.Object.assign(js.Object.new(), env)
    js.Reflect.deleteProperty(env, missing)
    return await Worker().fetch(request, env, ctx)


async def test(event: Any, env: Any, ctx: Any) -> None:
    if hasattr(event, "messages"):
        await main.on_queue(event, env, ctx)
    elif event.cron == "verify":
        await verify(env)
    else:
        if stalls := getattr(env, "STALL", ""):
            at, when = stalls.split()
            stall(int(at), when)
        await main.on_scheduled(event, env, ctx)
