"""Measures what a Worker's start and the store's work take in Pyodide: three turns, an interpreter each. Prints lines of JSON."""

import builtins
import importlib
import io
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

ELSEWHERE = (
    "__main__",
    "adapters.d1_rest",
    "adapters.directory",
    "adapters.r2_s3",
    "adapters.sqlite",
    "cli",
    "oracle",
    "worker.template",
)
"""What no Worker imports."""

DATASETS = 500
COPY_ROWS = """INSERT INTO buffer_logs (dataset_id, table_name, table_version, period_tag, created_at, timestamp, parts_left, data)
  SELECT printf('user-%03d', copy.value), table_name, table_version, period_tag, created_at, timestamp, parts_left, data
  FROM json_each(?2) copy JOIN buffer_logs ON dataset_id = 'user-000' AND table_name = ?1 ORDER BY copy.value, buffer_logs.id"""
COPY_TOTALS = f"""UPDATE ledger SET accepted_records = accepted_records * {DATASETS}, hot_records = hot_records * {DATASETS},
  hot_bytes = hot_bytes * {DATASETS} WHERE table_name = ?1"""


def tell(**figures: object) -> None:
    print(json.dumps(figures))


def heap_bytes() -> int:
    """Return the bytes of Python's memory, which only ever grows."""
    pyodide_js: Any = importlib.import_module("pyodide_js")
    return int(pyodide_js._module.HEAP8.length)


def modules() -> list[str]:
    """Return the names of all modules that a Worker may import."""
    root = Path("src/avro_ocf")
    names = [path.relative_to(root).with_suffix("").as_posix().replace("/", ".") for path in sorted(root.rglob("*.py"))]
    wanted = [name for name in names if not any(name == part or name.startswith(f"{part}.") for part in ELSEWHERE)]
    return [f"avro_ocf.{name}".removesuffix(".__init__") for name in wanted]


def import_watched(harness: Any) -> None:
    """Import all these modules, and tell what they have used of the world outside, and hold of JavaScript's: no snapshot can."""
    from pyodide.ffi import JsProxy

    names = modules()
    watch = harness.watch()
    os.urandom(1)
    assert time.time() + time.monotonic() > 0
    assert [*watch.used] == ["randomFillSync", "now", "now"], "the watch is blind"
    watch.used.splice(0)
    used: list[str] = []
    real_open = builtins.open
    for module in (builtins, io):
        module.open = lambda path, *_, **__: used.append(f"open {path}")  # type: ignore[attr-defined]
    try:
        for name in names:
            importlib.import_module(name)
    finally:
        watch.end()
        for module in (builtins, io):
            module.open = real_open  # type: ignore[attr-defined]
    held = [f"{name}.{key}" for name in names for key, value in vars(sys.modules[name]).items() if isinstance(value, JsProxy)]
    tell(modules=len(names), used=[*watch.used, *used], held=held)


async def archive(env: Any) -> None:
    """Archive datasets of a table with a schema and of one of JSON, each a copy of one that was posted."""
    from avro_ocf.adapters.d1 import D1
    from avro_ocf.adapters.r2 import R2
    from avro_ocf.hotcold import HotCold, Statement
    from benchmarks.data import BATTLE, play

    before = heap_bytes()
    database = D1(env.DB)
    store = HotCold(database, R2(env.BUCKET))
    await store.add_table("battle", BATTLE, timestamp_field="timestamp")
    for table, count in (("battle", 100), ("json", 36)):
        await store.ingest("user-000", table, play(BATTLE, 1, count))
        copies = json.dumps([*range(1, DATASETS)])
        await database.batch([Statement(COPY_ROWS, (table, copies)), Statement(COPY_TOTALS, (table,))])
        report = await store.archive()
        assert report.result == "done"
        told = {"datasets": report.block_count, "records": report.record_count, "raw_bytes": report.raw_bytes}
        tell(archived=table, **told, grown_bytes=heap_bytes() - before)
    await store.ingest("reader", "battle", play(BATTLE, 2, 1_000))
    await store.archive()


async def upload(env: Any) -> None:
    """Post the text that takes the most memory within the limits: one emoji makes all of it four bytes wide."""
    import js

    from avro_ocf.adapters.d1 import D1
    from avro_ocf.adapters.r2 import R2
    from avro_ocf.hotcold import HotCold
    from avro_ocf.worker import Access, Application
    from avro_ocf.worker.uploads import WORKER_LIMITS

    token = "an-admin-token-of-this-measurement"
    application = Application(HotCold(D1(env.DB), R2(env.BUCKET)), Access(token))
    headers = [("authorization", f"Bearer {token}"), ("content-type", "application/x-ndjson")]
    await application.respond("GET", "/status", headers)
    buffer = js.Uint8Array.new(WORKER_LIMITS.body_bytes - 100)  # in JavaScript's memory, as what comes in is
    buffer.fill(ord("x"))
    for data, start in ((b'{"s":"', 0), ("\U0001f600".encode() + b'"}', buffer.length - 6)):
        buffer.set(js.Uint8Array.new(js.Array.of(*data)), start)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, buffer.length, 65536):
            yield buffer.subarray(start, start + 65536).to_bytes()

    before = heap_bytes()
    response = await application.respond("POST", "/buffer?dataset_id=large&table=text", headers, chunks())
    assert response.status == 201, response.body
    tell(uploaded_bytes=buffer.length, grown_bytes=heap_bytes() - before)


def tell_import(name: str, started: float) -> None:
    """Tell what the imports since then have taken, and how much source all imports so far have compiled."""
    milliseconds = round(1000 * (time.perf_counter() - started))
    files = [str(module.__file__) for each, module in sys.modules.items() if each.partition(".")[0] == "avro_ocf"]
    tell(imported=name, files=len(files), source_bytes=sum(os.stat(file).st_size for file in files), milliseconds=milliseconds)


async def read(env: Any) -> None:
    """Import what a reader needs, and read one dataset."""
    started = time.perf_counter()
    importlib.import_module("avro_ocf")
    tell_import("avro_ocf", started)
    started = time.perf_counter()
    from avro_ocf.adapters.d1 import D1
    from avro_ocf.adapters.r2 import R2
    from avro_ocf.hotcold import HotCold

    importlib.import_module("avro_ocf.worker.entry")
    tell_import("worker", started)
    before = heap_bytes()
    started = time.perf_counter()
    records = [record async for record in HotCold(D1(env.DB), R2(env.BUCKET)).read("reader", "battle")]
    milliseconds = round(1000 * (time.perf_counter() - started))
    tell(read=len(records), grown_bytes=heap_bytes() - before, milliseconds=milliseconds)


async def main() -> int:
    """Take a turn."""
    harness: Any = importlib.import_module("harness")
    from workers.rpc import _EnvWrapper

    env = _EnvWrapper(harness.env)
    if harness.turn == 0:
        import_watched(harness)
        await archive(env)
    elif harness.turn == 1:
        await read(env)
    else:
        await upload(env)
    return 0
