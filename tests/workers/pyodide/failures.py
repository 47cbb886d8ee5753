"""What goes wrong in D1 and R2, as `D1` and `R2` tell it.

What Miniflare cannot be made to say comes from objects of the same shape.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from avro_ocf.adapters import d1, r2
from avro_ocf.adapters.d1 import D1
from avro_ocf.adapters.javascript import to_buffer
from avro_ocf.adapters.r2 import R2
from avro_ocf.errors import ConflictError, DamagedError, NotFoundError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import Statement
from tests.hotcold.stores import everything
from tests.workers.pyodide.conftest import SyncRunner, harness, shaped

FAILING = """(message) => {
  let count = 0;
  const fail = async () => { count += 1; throw new Error(message); };
  class D1PreparedStatement { bind() { return this; } }
  class D1Database { prepare() { return new D1PreparedStatement(); } batch = fail; }
  class R2Bucket { put = fail; get = fail; head = fail; delete = fail; list = fail; }
  return { env: { DB: new D1Database(), BUCKET: new R2Bucket() }, count: () => count };
}"""
"""Bindings whose calls fail, each by itself, and how many calls there were."""

ANSWERING = """(text) => {
  class D1PreparedStatement { bind() { return this; } }
  class D1Database { prepare() { return new D1PreparedStatement(); } async batch() { return JSON.parse(text); } }
  return { DB: new D1Database() };
}"""
"""A binding that answers with what a JSON text says."""

D1_FAILURES: list[tuple[str, type[StoreError], str]] = [
    ("D1_ERROR: UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT", ConflictError, "UNIQUE"),
    ("D1_ERROR: CHECK constraint failed: ok: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)", ConflictError, "CHECK"),
    ('D1_ERROR: near "SELEKT": syntax error at offset 0: SQLITE_ERROR', StoreError, "SELEKT"),
    (f"D1_ERROR: no such column: {'overloaded ' * 100}: SQLITE_ERROR", StoreError, "no such column"),
    ("D1_ERROR: no such table: SQLITE_CONSTRAINT: SQLITE_ERROR", StoreError, "no such table"),
    ("D1_ERROR: string or blob too big: SQLITE_TOOBIG", StoreError, "2,000,000 bytes"),
    ("D1_ERROR: database or disk is full: SQLITE_FULL", UnavailableError, "expire"),
    ("D1_ERROR: database is locked: SQLITE_BUSY", UnavailableError, "back off"),
    ("D1_ERROR: out of memory: SQLITE_NOMEM", UnavailableError, "back off"),
    ("D1_ERROR: database disk image is malformed: SQLITE_CORRUPT", DamagedError, "Time Travel"),
    ("D1_ERROR: disk I/O error: SQLITE_IOERR", OutcomeUnknownError, "shows when it is read"),
    ("D1_ERROR: D1 DB is overloaded. Requests queued for too long.", UnavailableError, "back off"),
    ("D1_ERROR: D1 DB is overloaded. Too many requests queued.", UnavailableError, "back off"),
    ("D1_ERROR: Exceeded maximum DB size.", UnavailableError, "expire"),
    ("D1_ERROR: Your account has exceeded D1's free tier daily row write limit.", UnavailableError, "plan"),
    ("Too many API requests by single Worker invocation.", UnavailableError, "another invocation"),
    ("D1_TYPE_ERROR: Type 'bigint' not supported for value '1'", StoreError, "bigint"),
    ("Network connection lost.", OutcomeUnknownError, "shows when it is read"),
    ("D1_ERROR: Network connection lost.", OutcomeUnknownError, "shows when it is read"),
    ("D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.", OutcomeUnknownError, "reset"),
    ("D1_ERROR: Internal error in D1 DB storage caused object to be reset.", OutcomeUnknownError, "reset"),
    ("D1_ERROR: D1 DB exceeded its CPU time limit and was reset.", OutcomeUnknownError, "reset"),
    ("D1_ERROR: internal error; reference = 0u3odos5iotccpol68ppc0eg", OutcomeUnknownError, "internal error"),
    (f"D1_ERROR: Failed to parse body as JSON, got: {'<p>' * 1000}", OutcomeUnknownError, "got: <p>"),
    ("", OutcomeUnknownError, "shows when it is read"),
]

R2_FAILURES: list[tuple[str, type[StoreError], type[StoreError], str]] = [
    ("We encountered an internal error. Please try again. (10001)", UnavailableError, OutcomeUnknownError, "10001"),
    ("Access Denied (10003)", StoreError, StoreError, "permissions"),
    ("The specified bucket does not exist. (10006)", StoreError, StoreError, "check bucket_name"),
    ("The specified key does not exist. (10007)", NotFoundError, NotFoundError, "no such object"),
    ("Service temporarily unavailable (10043)", UnavailableError, OutcomeUnknownError, "10043"),
    ("Client disconnected (10054)", UnavailableError, OutcomeUnknownError, "10054"),
    ("Please reduce your concurrent request rate for the same object. (10058)", UnavailableError, UnavailableError, "back off"),
    ("Too many API requests by single Worker invocation.", UnavailableError, UnavailableError, "another invocation"),
    ("Network connection lost.", UnavailableError, OutcomeUnknownError, "lost"),
]

CALLS: dict[str, Callable[[R2], Any]] = {
    "put": lambda bucket: bucket.put("a/k", [b"x"], if_absent=True),
    "delete": lambda bucket: bucket.delete("a/k"),
    "head": lambda bucket: bucket.head("a/k"),
    "list": lambda bucket: everything(bucket.list("a/")),
    "get": lambda bucket: bucket.get("a/k", 0, 1),
}


def javascript(source: str, *args: str) -> Any:
    from pyodide.code import run_js

    return run_js(source)(*args)


@pytest.mark.parametrize(("message", "kind", "told"), D1_FAILURES)
def test_what_d1_says_is_told(loop: SyncRunner, shape: str, message: str, kind: type[StoreError], told: str) -> None:
    failing = javascript(FAILING, message)
    with pytest.raises(StoreError, match=told) as caught:
        loop.run(D1(shaped(failing.env, shape).DB).batch([Statement("INSERT INTO t VALUES (?1)", ("a",))]))
    assert type(caught.value) is kind
    assert str(caught.value).startswith("DB: ")
    assert len(str(caught.value)) < 700
    assert failing.count() == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("[]", OutcomeUnknownError),
        ("{}", OutcomeUnknownError),
        ("null", OutcomeUnknownError),
        ('[{"success": true}]', OutcomeUnknownError),
        ('[{"success": true, "results": []}, {"success": true, "results": []}]', OutcomeUnknownError),
        ('[{"success": false, "error": "no such table: t: SQLITE_ERROR", "results": []}]', StoreError),
        ('[{"success": false, "error": "Network connection lost.", "results": []}]', OutcomeUnknownError),
    ],
)
def test_an_answer_that_is_none_is_not_taken_for_one(loop: SyncRunner, shape: str, answer: str, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught:
        loop.run(D1(shaped(javascript(ANSWERING, answer), shape).DB).batch([Statement("SELECT 1")]))
    assert type(caught.value) is kind


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("message", "read_kind", "write_kind", "told"), R2_FAILURES)
def test_what_r2_says_is_told(
    loop: SyncRunner, shape: str, call: str, message: str, read_kind: type[StoreError], write_kind: type[StoreError], told: str
) -> None:
    failing = javascript(FAILING, f"{call}: {message}")
    with pytest.raises(StoreError, match=told) as caught:
        loop.run(CALLS[call](R2(shaped(failing.env, shape).BUCKET)))
    assert type(caught.value) is (write_kind if call in {"put", "delete"} else read_kind)
    assert str(caught.value).startswith("BUCKET/a/")
    assert failing.count() == (2 if call == "get" else 1)  # after an error of a range `head` tells whether the object is so long


def test_what_a_lock_keeps_is_there(loop: SyncRunner, shape: str) -> None:
    bucket = R2(shaped(javascript(FAILING, "put: The object is locked by a bucket lock rule. (10069)").env, shape).BUCKET)
    assert loop.run(bucket.put("k", [b"x"], if_absent=True)) is False
    with pytest.raises(ConflictError, match="lock rule"):
        loop.run(bucket.put("k", [b"x"], if_absent=False))
    with pytest.raises(ConflictError, match="lock rule"):
        loop.run(bucket.delete("k"))


def test_a_binding_that_is_missing_or_another_is_named(env: Any) -> None:
    from pyodide.code import run_js

    for missing in (None, run_js("null"), run_js("undefined"), getattr(env, "NOWHERE", None)):
        with pytest.raises(StoreError, match=r"binding HOT is missing: .*\[\[d1_databases\]\] with binding = 'HOT'"):
            D1(missing, "HOT")
        with pytest.raises(StoreError, match=r"binding COLD is missing: .*\[\[r2_buckets\]\] with binding = 'COLD'"):
            R2(missing, "COLD")
    for other in (env.BUCKET, "text", object(), {}):
        with pytest.raises(StoreError, match="binding DB is something else"):
            D1(other)
    for other in (env.DB, 7, {}):
        with pytest.raises(StoreError, match="binding BUCKET is something else"):
            R2(other)


def test_a_missing_table_is_wrong_sql(loop: SyncRunner, env: Any) -> None:
    with pytest.raises(StoreError, match=r"^DB: .*no such table: nowhere"):
        loop.run(D1(env.DB).batch([Statement("SELECT * FROM nowhere")]))


@pytest.mark.parametrize("if_absent", [True, False])
def test_an_object_damaged_on_its_way_is_refused(
    loop: SyncRunner, env: Any, monkeypatch: pytest.MonkeyPatch, if_absent: bool
) -> None:
    bucket = R2(env.BUCKET)
    monkeypatch.setattr(r2, "to_buffer", lambda chunks: to_buffer([*chunks[:-1], b"z"]))
    with pytest.raises(UnavailableError, match="damaged on its way and is not stored") as caught:
        loop.run(bucket.put("k", [b"x", b"y"], if_absent=if_absent))
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert loop.run(bucket.head("k")) is None


def test_keys_are_held_to_r2_s_limits(loop: SyncRunner, env: Any) -> None:
    bucket = R2(env.BUCKET)
    longest = "é" * (r2.KEY_BYTES // 2)
    assert loop.run(bucket.put(longest, [b"x"], if_absent=True))
    assert loop.run(bucket.get(longest, 0, 9)) == b"x"
    for key in ("", longest + "a", "\ud800"):
        for call in (bucket.put(key, [b"x"], if_absent=True), bucket.get(key, 0, 1), bucket.head(key), bucket.delete(key)):
            with pytest.raises(StoreError, match="cannot be a key of BUCKET"):
                loop.run(call)
    with pytest.raises(StoreError, match="cannot begin a key"):
        loop.run(everything(bucket.list("\ud800")))


def test_each_operation_is_one_request(loop: SyncRunner, env: Any) -> None:
    database, bucket = D1(env.DB), R2(env.BUCKET)
    before = harness().count()
    loop.run(database.batch([Statement("SELECT 1"), Statement("SELECT ?1", ("a",))]))
    loop.run(bucket.put("k", [b"abc"], if_absent=True))
    assert loop.run(bucket.get("k", 1, 1)) == b"b"
    loop.run(bucket.head("k"))
    loop.run(bucket.delete("k"))
    loop.run(database.batch([]))
    assert harness().count() == before + 5


def test_many_rows_come_back_in_order(loop: SyncRunner, env: Any) -> None:
    count = 2 * d1.SLICE_ROWS + 1
    sql = "SELECT key AS i, NULL AS x FROM json_each(?1) ORDER BY key"
    answers = loop.run(D1(env.DB).batch([Statement(sql, (json.dumps([0] * number),)) for number in (count, count - 1)]))
    assert answers == [[{"i": row, "x": None} for row in range(number)] for number in (count, count - 1)]


def test_large_values_come_back_as_they_were(loop: SyncRunner, env: Any) -> None:
    content = (bytes(range(256)) * 7500)[:1_900_000]
    half = len(content) // 2
    database, bucket = D1(env.DB), R2(env.BUCKET)
    *_, [row] = loop.run(
        database.batch(
            [
                Statement("CREATE TABLE t (a BLOB)"),
                Statement(
                    "INSERT INTO t VALUES (CAST(unhex(?1) || unhex(?2) AS BLOB))", (content[:half].hex(), content[half:].hex())
                ),
                Statement(f"SELECT length(a) AS n, hex(substr(a, 1, {half})) AS x, hex(substr(a, {half} + 1)) AS y FROM t"),
            ]
        )
    )
    assert row["n"] == len(content)
    assert bytes.fromhex(row["x"] + row["y"]) == content
    assert loop.run(bucket.put("k", [content[:half], b"", content[half:]], if_absent=True))
    assert loop.run(bucket.get("k", 0, len(content))) == content
    assert loop.run(bucket.get("k", half, 300)) == content[half : half + 300]
