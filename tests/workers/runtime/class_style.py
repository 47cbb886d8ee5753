"""Drives `Default`, today's style of handlers, as the runtime does. Prints the name of each check that is passed."""

import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

ADMIN_TOKEN = "an-admin-token-of-this-test"
SETTINGS = {
    "ADMIN_TOKEN": ADMIN_TOKEN,
    "DATASET_SECRET": "a-dataset-secret-of-this-test",
    "DATABASE_BINDING": "DB",
    "BUCKET_BINDING": "BUCKET",
    "DEAD_LETTER_QUEUE": "dead",
    "RETENTION_DAYS": "30",
}
RECORDS = [{"number": number, "text": f"{number:04} " * 20} for number in range(1_200)]
LINES = b"".join(b"%s\n" % json.dumps(record, separators=(",", ":")).encode() for record in RECORDS)

JAVASCRIPT = """
globalThis.IdentityTransformStream = TransformStream; // of Workers; what is in one goes out of it as it is
class ExecutionContext { waiting = []; waitUntil(promise) { this.waiting.push(promise); } }
class Message {
  verdict = null; attempts = 1;
  constructor(id, body) { this.id = id; this.body = body; }
  ack() { this.verdict ??= "ack"; }
  retry({ delaySeconds }) { this.verdict ??= `retry after ${delaySeconds} s`; }
}
class MessageBatch { constructor(queue, messages) { this.queue = queue; this.messages = messages; } }
class ScheduledController { cron = "* * * * *"; }
const stream = (chunks, { type, fails = false } = {}) => {
  let pulled = 0;
  return new ReadableStream({ type, pull(controller) {
    stream.pulled = pulled;
    if (pulled < chunks.length) controller.enqueue(chunks[pulled++].slice());
    else if (fails) controller.error(new Error("gone"));
    else { controller.close(); controller.byobRequest?.respond(0); }
  } }, { highWaterMark: 0 });
};
({
  ExecutionContext, ScheduledController, stream,
  request: (url, headers, body) => new Request(url, { method: body ? "POST" : "GET", headers, body, duplex: "half" }),
  batch: (queue, bodies) => new MessageBatch(queue, bodies.map((body, place) => new Message(`m${place}`, body))),
  bodies: () => [
    '{"dataset_id":"q","table":"t","timestamp":1,"records":[{"n":1.0}]}',
    { dataset_id: "q", table: "t", timestamp: 2, records: [{ n: null }] },
    new TextEncoder().encode('{"dataset_id":"q","table":"t","timestamp":3,"records":[{"n":9007199254740993}]}'),
    new TextEncoder().encode('{"dataset_id":"q","table":"t","timestamp":4,"records":[{"n":4}]}').buffer,
    { n: 5n },
  ],
  inexact: () => {
    const itself = {};
    itself.itself = itself;
    const values = [5n, new Map([["a", 1n]]), new Set([1]), new Date(0), NaN, -Infinity,
      new Uint8Array([1, 2]), [null, undefined], itself];
    return values.map(value => ({ dataset_id: "v8", table: "t", records: [{ value }] }));
  },
  shared: () => {
    const same = { x: null, y: [true, "é", 1.5] };
    return [{ dataset_id: "v8", table: "t", timestamp: 5, records: [same, same] }];
  },
})
"""


class Events:
    """What the runtime does for each event: a new object of the class, its arguments and its result through the SDK."""

    def __init__(self, harness: Any) -> None:
        import _pyodide_entrypoint_helper as helper  # type: ignore[import-not-found]
        from pyodide.code import run_js

        helper.patchWaitUntil = lambda _: None  # else for promises of Python
        self.harness = harness
        self.shape = harness.args[0]
        self.js = run_js(JAVASCRIPT)
        sys.path.append("src/avro_ocf/worker/template")
        self.main = importlib.import_module("main")

    def env(self, **settings: str) -> Any:
        """Return the bindings and these variables; an empty one takes a binding away."""
        import js

        env = js.Object.assign(js.Object.new(), self.harness.env)
        for name, value in {**SETTINGS, **settings}.items():
            if value:
                setattr(env, name, value)
            else:
                js.Reflect.deleteProperty(env, name)
        return env

    async def run(self, handler: str, event: Any, env: Any = None) -> tuple[Any, Any]:
        """Return what a handler returns, and its context."""
        from workers import python_from_rpc, python_to_rpc

        env = env or self.env()
        context = self.js.ExecutionContext.new()
        instance = self.main.Default(context, env)
        if self.shape == "raw":
            instance.env = env  # an older SDK left the bindings as they are
        result = await getattr(instance, handler)(python_from_rpc(event), env, context)
        return python_to_rpc(result), context

    async def fetch(self, target: str, body: Any = None, *, kind: str = "application/x-ndjson", env: Any = None) -> tuple[Any, Any]:
        """Return the response to a request, and its context."""
        headers = {"authorization": f"Bearer {ADMIN_TOKEN}", "content-type": kind}
        return await self.run("fetch", self.js.request(f"https://worker.example{target}", to_javascript(headers), body), env)

    async def json(self, target: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Return the status and the JSON of a response."""
        response, _ = await self.fetch(target, body, **options)
        return response.status, json.loads(await response.text())

    async def read(self, target: str) -> bytes:
        """Return the whole body of a response."""
        response, context = await self.fetch(target)
        assert response.status == 200
        data: bytes = (await response.arrayBuffer()).to_bytes()
        for promise in context.waiting:
            await promise
        return data

    async def sql(self, sql: str) -> list[Any]:
        """Return the rows of a statement, run past the Worker."""
        from avro_ocf.adapters.d1 import D1
        from avro_ocf.hotcold import Statement

        (rows,) = await D1(self.harness.env.DB).batch([Statement(sql)])
        return [*rows]

    def stream(self, chunks: list[bytes], **options: Any) -> Any:
        """Return a stream of these chunks."""
        return self.js.stream(to_javascript(chunks), to_javascript(options))


def to_javascript(value: Any) -> Any:
    import js
    from pyodide.ffi import to_js

    return to_js(value, dict_converter=js.Object.fromEntries)


async def check_what_is_missing_is_named(events: Events) -> None:
    """Nothing is kept of a failure: the last of these requests is answered."""
    for settings, wanted in (
        ({"ADMIN_TOKEN": ""}, "secret ADMIN_TOKEN is not set"),
        (
            {"ADMIN_TOKEN": "short"},
            "secret ADMIN_TOKEN is not set, or is not 16 or more visible ASCII characters: set it by `npx wrangler",
        ),
        ({"DATASET_SECRET": "short"}, "secret DATASET_SECRET is not set, or is not 16"),
        ({"DATASET_SECRET": ADMIN_TOKEN}, "the same"),
        ({"DATABASE_BINDING": ""}, "binding BATTLE_INDEX_DB is missing: check that wrangler.toml has [[d1_databases]]"),
        ({"BUCKET_BINDING": "DB"}, "binding DB is something else: check that wrangler.toml has [[r2_buckets]]"),
        ({"RETENTION_DAYS": "x"}, "variable RETENTION_DAYS is no whole number: see [vars] in wrangler.toml"),
    ):
        status, told = await events.json("/status", env=events.env(**settings))
        assert (status, told["error"]["type"]) == (503, "not_configured"), told
        assert wanted in told["error"]["message"], told
        assert ADMIN_TOKEN not in str(told)
        assert "short" not in str(told)
    assert (await events.json("/status"))[0] == 200


async def check_bodies_come_in_as_they_are_sent(events: Events) -> None:
    chunks = [LINES[start : start + 1000] for start in range(0, len(LINES), 1000)]
    bodies = {"whole": to_javascript(LINES), "bytes": events.stream(chunks, type="bytes"), "other": events.stream(chunks)}
    for name, body in bodies.items():
        status, told = await events.json(f"/buffer?dataset_id={name}&table=numbers", body)
        assert (status, told["record_count"]) == (201, len(RECORDS)), told
    status, told = await events.json("/buffer?dataset_id=cut&table=numbers", events.stream(chunks[:5], type="bytes", fails=True))
    assert (status, told["error"]["message"]) == (400, "the body was cut short")
    megabyte = b" " * 2**20
    status, told = await events.json("/buffer?dataset_id=large&table=numbers", events.stream([megabyte] * 40))
    assert (status, told["error"]["type"]) == (413, "too_large")
    assert events.js.stream.pulled < 20  # the rest was not asked for


async def check_answers_go_out_as_they_are_made(events: Events) -> None:
    assert await events.read("/read?dataset_id=whole&table=numbers") == LINES
    assert json.loads(await events.read("/read?dataset_id=other&table=numbers&format=json")) == RECORDS
    import js

    response, context = await events.fetch("/read?dataset_id=bytes&table=numbers")
    reader = response.body.getReader()
    assert LINES.startswith((await reader.read()).value.to_bytes())
    assert len(events.main.worker._sending) == 1
    await reader.cancel(js.Error.new("the client is gone"))
    for promise in context.waiting:
        await promise
    assert not events.main.worker._sending


async def check_messages_get_their_verdicts(events: Events) -> None:
    async def verdicts(queue: str) -> list[str]:
        batch = events.js.batch(queue, events.js.bodies())
        await events.run("queue", batch)
        return [message.verdict for message in batch.messages]

    assert await verdicts("uploads") == ["ack"] * 5
    assert await events.read("/read?dataset_id=q&table=t") == b'{"n":1.0}\n{"n":null}\n{"n":9007199254740993}\n{"n":4}\n'
    assert [row["message_id"] for row in await events.sql("SELECT message_id FROM poison_messages")] == ["m4"]
    await events.sql("ALTER TABLE uploads RENAME TO away")
    assert await verdicts("uploads") == ["retry after 10 s"] * 4 + ["ack"]
    await events.sql("ALTER TABLE away RENAME TO uploads")
    assert await verdicts("dead") == ["ack"] * 5
    assert len(await events.sql("SELECT id FROM poison_messages WHERE queue = 'dead'")) == 5


async def check_what_json_cannot_say_is_kept(events: Events) -> None:
    batch = events.js.batch("v8", events.js.inexact())
    await events.run("queue", batch)
    assert {message.verdict for message in batch.messages} == {"ack"}
    rows = await events.sql("SELECT CAST(body AS TEXT) AS body, reason FROM poison_messages WHERE queue = 'v8' ORDER BY id")
    assert {row["reason"] for row in rows} == {"it holds what JSON has no word for, as v8 messages may: send text, JSON or bytes"}
    *told, endless = [json.loads(row["body"])["records"][0]["value"] for row in rows]
    assert told == [
        {"$bigint": "5"},
        {"$map": [["a", {"$bigint": "1"}]]},
        {"$set": [1]},
        {"$date": "1970-01-01T00:00:00.000Z"},
        {"$float": "NaN"},
        {"$float": "-Infinity"},
        {"$bytes": "AQI="},
        [None, {"$undefined": True}],
    ], told
    deep = json.loads("[" * 800 + "]" * 800)
    from avro_ocf.worker.message_bodies import message_body

    assert isinstance(message_body(to_javascript({"deep": deep})), str)
    assert '"$more"' in json.dumps(endless)
    assert await events.json("/read?dataset_id=v8&table=t&format=json") == (200, [])
    await events.run("queue", events.js.batch("v8", events.js.shared()))
    assert await events.read("/read?dataset_id=v8&table=t&format=ndjson") == 2 * '{"x":null,"y":[true,"é",1.5]}\n'.encode()


async def check_settings_are_those_of_the_store(events: Events) -> None:
    from avro_ocf.errors import UnsupportedCodecError
    from avro_ocf.hotcold import Settings
    from avro_ocf.worker.entry import Worker

    try:
        Worker(Settings(codec="none such"))._opened(events.env())
    except UnsupportedCodecError:
        return
    raise AssertionError("the settings were not looked at")


async def check_the_timer_archives_and_a_failed_run_fails(events: Events) -> None:
    from avro_ocf.errors import StoreError

    await events.run("scheduled", events.js.ScheduledController.new())
    status, told = await events.json("/status")
    counts = [told[f"{state}_records"] for state in ("hot", "cold", "expired")]
    assert (status, counts) == (200, [0, 3 * len(RECORDS), 6])  # the retention is over for what came by the queue
    assert await events.read("/read?dataset_id=whole&table=numbers") == LINES
    await events.sql("ALTER TABLE archived_files RENAME TO away")
    try:
        await events.run("scheduled", events.js.ScheduledController.new())
    except StoreError as error:
        assert "collect failed: DB: D1_ERROR: no such table" in str(error), error
    else:
        raise AssertionError("a failed run looks well")
    await events.sql("ALTER TABLE away RENAME TO archived_files")


async def check_an_answer_that_fails_never_looks_whole(events: Events) -> None:
    """The last block of some dataset is damaged; `bytes` is not the last one to be archived."""
    from pyodide.ffi import JsException

    from avro_ocf.worker.entry import NOT_WHOLE

    (block,) = await events.sql(
        """SELECT b.dataset_id, b.start_byte + b.length - 100 AS byte, f.file_path FROM block_indexes b
        JOIN archived_files f ON f.id = b.file_id WHERE b.table_name = 'numbers' ORDER BY b.id DESC LIMIT 1"""
    )
    bucket = events.harness.env.BUCKET
    data = bytearray((await (await bucket.get(block["file_path"], to_javascript({}))).arrayBuffer()).to_bytes())
    data[int(block["byte"])] ^= 255
    await bucket.put(block["file_path"], to_javascript(bytes(data)), to_javascript({}))
    response, _ = await events.fetch(f"/read?dataset_id={block['dataset_id']}&table=numbers")
    reader = response.body.getReader()
    came = b""
    try:
        while True:
            came += (await reader.read()).value.to_bytes()
    except JsException as error:
        assert "could not be finished" in str(error), error
    assert came.endswith(NOT_WHOLE)
    assert LINES.startswith(came.removesuffix(NOT_WHOLE))


async def main() -> int:
    import harness  # type: ignore[import-not-found]

    await harness.reset()
    events = Events(harness)
    checks: list[Callable[[Events], Awaitable[None]]] = [
        check_what_is_missing_is_named,
        check_bodies_come_in_as_they_are_sent,
        check_answers_go_out_as_they_are_made,
        check_messages_get_their_verdicts,
        check_what_json_cannot_say_is_kept,
        check_settings_are_those_of_the_store,
        check_the_timer_archives_and_a_failed_run_fails,
        check_an_answer_that_fails_never_looks_whole,
    ]
    for check in checks:
        await check(events)
        print(f"passed: {check.__name__}")
    print(f"Python {sys.version.split()[0]} on {sys.platform}, bindings {events.shape}: {len(checks)} checks passed")
    return 0
