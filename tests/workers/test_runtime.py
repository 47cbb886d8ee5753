"""What `worker init` writes, in the real Workers runtime: HTTP, a queue and a timer over D1 and R2, and a Worker that is killed."""

import io
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import fastavro
import pytest

from avro_ocf import FormatError, Reader, Writer, parse_schema
from avro_ocf.cli.demo_records import BATTLE_SCHEMA, BATTLES, SETTINGS, TIMESTAMP_FIELD, Post, lines_of, posts_of, user_name
from avro_ocf.worker import issue_token
from avro_ocf.worker.deployment import Names, create
from avro_ocf.worker.entry import NOT_WHOLE
from tests.worker.web import Answer
from tests.workers.runtime.local import ADMIN_TOKEN, DATASET_SECRET, Runtime, running

pytestmark = [pytest.mark.host, pytest.mark.slow]

USERS: Final = [user_name(number) for number in range(1, 51)]
FEW: Final = 28
SEED: Final = 7
FAR_MS: Final = 4_000_000_000_000

DATABASE, BUCKET, QUEUE = "BATTLE_INDEX_DB", "BATTLE_DATA_BUCKET", "BATTLE_INGEST"
INGEST, DEAD_LETTERS = "battle-ingest", "battle-ingest-dlq"
TIMER: Final = "*/5 * * * *"
LEASE_IS_OVER: Final = "DELETE FROM leases"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what `worker init` writes."""
    made = tmp_path_factory.mktemp("worker") / "battles"
    create(made, Names())
    return made


@pytest.fixture(scope="module")
def runtime(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Give the Worker as it runs."""
    with running(folder, tmp_path_factory.mktemp("state")) as started:
        yield started


class Users:
    """Users who post in each way there is, and read; what they read has to be what they have posted, to the byte."""

    def __init__(self, runtime: Runtime, names: list[str]) -> None:
        self.runtime = runtime
        self.posted: dict[str, list[Post]] = {user: [] for user in names}
        self.tokens = {user: issue_token(DATASET_SECRET, user, FAR_MS) for user in names}
        self.reads = 0
        self.others = self.stored()  # the tables are there now
        schema = parse_schema(BATTLE_SCHEMA).json
        runtime.sql("INSERT OR IGNORE INTO table_schemas VALUES (?1, 1, ?2, ?3)", BATTLES, schema, TIMESTAMP_FIELD)

    @property
    def record_count(self) -> int:
        """How many records were posted."""
        return sum(len(post.records) for posts in self.posted.values() for post in posts)

    def post(self, posts: Callable[[str], list[Post]], periods: int = 1) -> None:
        """Let each user post, in one of four ways, and wait until everything is in."""
        for number, user in enumerate(self.posted):
            for post in posts(user):
                self.posted[user].append(post)
                period = f"2026-{1 + number // 4 % periods:02}"
                fields = {"dataset_id": user, "table": post.table, "timestamp": post.timestamp, "period_tag": period}
                self.send(number % 4, user, post, {**fields, "id": f"upload-{len(self.posted[user])}"})
        self.runtime.wait_until(lambda: self.stored() == self.others + self.record_count)

    def send(self, way: int, user: str, post: Post, fields: dict[str, Any]) -> None:
        """Post as JSON, as lines, as a file, or a message."""
        upload = json.dumps({**fields, "records": post.records})
        if way == 3:
            self.runtime.call("send", binding=QUEUE, body=json.loads(upload) if post.table == SETTINGS else upload)
            return
        target = f"/buffer?{urlencode(fields)}"
        if way == 0:
            target, kind, body = "/buffer", "application/json", upload.encode()
        elif way == 1 or post.table == SETTINGS:
            kind, body = "application/x-ndjson", lines_of([post], post.table)
        else:
            kind, body = "application/avro", container(post)
        answer = self.runtime.request("POST", target, body, token=self.tokens[user], kind=kind)
        assert answer.status == 201, answer
        assert answer.json["record_count"] == len(post.records)

    def check(self) -> None:
        """Read everything that anybody has posted."""
        for user, posts in self.posted.items():
            for table in {post.table for post in posts}:
                answer = read(self.runtime, user, table, token=self.tokens[user])
                assert answer.status == 200, answer
                assert answer.body == lines_of(posts, table), f"{user}, {table}"
                self.reads += 1

    def stored(self) -> int:
        """Return how many records the store tells of, also those of others."""
        status = self.runtime.request("GET", "/status").json
        return int(status["hot_records"]) + int(status["cold_records"])

    def check_at_rest(self) -> None:
        """Let the store verify itself, with everything cold."""
        assert self.runtime.call("scheduled", cron="verify")["outcome"] == "ok", self.runtime.log()
        assert self.runtime.events("verified")[-1] == {"event": "verified", "cold": self.others + self.record_count, "hot": 0}
        assert self.stored() == self.others + self.record_count


def container(post: Post) -> bytes:
    file = io.BytesIO()
    with Writer(file, BATTLE_SCHEMA) as writer:
        writer.write_many(post.records)
    return file.getvalue()


def early(user: str) -> list[Post]:
    return [post._replace(records=post.records[:8]) for post in posts_of(user, SEED).early[:2]]


def late(user: str) -> list[Post]:
    return [posts_of(user, SEED).late]


def read(runtime: Runtime, dataset_id: str, table: str, form: str = "ndjson", token: str = ADMIN_TOKEN) -> Answer:
    return runtime.request("GET", f"/read?{urlencode({'dataset_id': dataset_id, 'table': table, 'format': form})}", token=token)


def test_what_users_post_reads_back_while_hot_and_while_cold(runtime: Runtime, tell: Callable[[str], None]) -> None:
    users = Users(runtime, USERS)
    users.post(early)
    users.check()
    again = early(USERS[2])[0]
    fields = {"dataset_id": USERS[2], "table": BATTLES, "timestamp": again.timestamp, "id": "upload-1", "period_tag": "2026-01"}
    answer = runtime.request("POST", f"/buffer?{urlencode(fields)}", container(again), kind="application/avro")
    assert (answer.status, answer.json["is_replay"]) == (200, True)

    runs = [runtime.begin("scheduled", cron=TIMER) for _ in range(2)]
    assert [runtime.wait(run)["outcome"] for run in runs] == ["ok", "ok"]
    results = [event["archive"]["result"] for event in runtime.events("scheduled")]
    assert "done" in results
    assert set(results) <= {"done", "busy", "overtaken"}
    users.check()
    users.check_at_rest()
    tell(
        f"workerd, Python 3.12: {len(USERS)} users posted {users.record_count} records as JSON, lines, files and messages; "
        f"{users.reads} reads, hot and cold, were the same bytes; two runs at a time: {' and '.join(results)}"
    )


def test_every_format_goes_in_and_comes_out(runtime: Runtime) -> None:
    records = [{"count": 2**53 + 1, "é": ["\U0001f6a2", None, -0.5]}, {}]
    lines = b'{"count":9007199254740993,"\xc3\xa9":["\xf0\x9f\x9a\xa2",null,-0.5]}\n{}\n'
    target = "/buffer?dataset_id=%C3%A9%2F%22&table=formats&timestamp=5"
    for kind, body in (("application/json", json.dumps(records).encode()), ("application/x-ndjson", lines)):
        assert runtime.request("POST", target, body, kind=kind).status == 201
    assert read(runtime, 'é/"', "formats").body == lines * 2
    assert read(runtime, 'é/"', "formats", "json").json == records * 2
    assert list(Reader(io.BytesIO(read(runtime, 'é/"', "formats", "ocf").body))) == records * 2
    answer = runtime.request("HEAD", "/read?dataset_id=1&table=formats")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "application/x-ndjson", b"")


def test_what_is_refused(runtime: Runtime) -> None:
    upload = b'{"dataset_id": "1", "table": "t", "records": [{"a": 1}]}'
    other = issue_token(DATASET_SECRET, "2", FAR_MS)
    assert runtime.request("POST", "/buffer", upload, token="", kind="application/json").status == 401
    assert runtime.request("POST", "/buffer", upload, token=other, kind="application/json").status == 403
    assert runtime.request("GET", "/status?%", token=other).status == 400
    assert runtime.request("PATCH", "/status").status == 405


def test_the_page_needs_no_token(runtime: Runtime) -> None:
    answer = runtime.request("GET", "/", token="")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.endswith(b"</script>\n</body>\n</html>\n")
    assert b"default-src 'none'" in answer.headers["content-security-policy"].encode()


def test_messages_that_fail_come_again_and_then_go_to_the_dead_letters(runtime: Runtime) -> None:
    def upload(value: int) -> dict[str, Any]:
        return {"dataset_id": "queue", "table": "messages", "timestamp": value, "records": [{"value": value}]}

    messages = [{"id": "good", "attempts": 1, "body": upload(1)}, {"id": "bad", "attempts": 1, "body": {"dataset_id": 5}}]
    answer = runtime.call("queue", queue=INGEST, messages=messages)
    assert (answer["outcome"], answer["explicitAcks"], answer["retryMessages"]) == ("ok", ["good", "bad"], [])
    assert runtime.events("poison message")[-1]["message_id"] == "bad"

    runtime.sql("ALTER TABLE uploads RENAME TO uploads_away")  # nothing can be stored now
    answer = runtime.call("queue", queue=INGEST, messages=messages)
    assert (answer["outcome"], answer["explicitAcks"]) == ("ok", ["bad"])
    assert answer["retryMessages"] == [{"msgId": "good", "delaySeconds": 1}]
    retries = len(runtime.events("retry"))
    runtime.call("send", binding=QUEUE, body=upload(2))
    runtime.wait_until(lambda: len(runtime.events("retry")) > retries)
    runtime.sql("ALTER TABLE uploads_away RENAME TO uploads")
    runtime.wait_until(lambda: read(runtime, "queue", "messages").body == b'{"value":1}\n{"value":2}\n')

    runtime.sql("ALTER TABLE uploads RENAME TO uploads_away")
    runtime.call("send", binding=QUEUE, body=upload(3))
    runtime.wait_until(lambda: runtime.events("poison message")[-1]["queue"] == DEAD_LETTERS)
    runtime.sql("ALTER TABLE uploads_away RENAME TO uploads")
    (kept,) = runtime.sql("SELECT CAST(body AS TEXT) AS body FROM poison_messages WHERE queue = ?1", DEAD_LETTERS)
    assert json.loads(kept["body"]) == upload(3)
    assert runtime.request("GET", "/status").json["poison_messages"] == 2


def test_an_answer_that_fails_on_its_way_never_looks_whole(runtime: Runtime) -> None:
    random = Random(SEED)
    lines = b"".join(b'{"noise":"%s"}\n' % random.randbytes(400).hex().encode() for _ in range(400))
    schema = {
        "type": "record",
        "name": "Noise",
        "fields": [{"name": "noise", "type": "string"}],
    }  # else a file takes all records first
    assert runtime.request("GET", "/status").status == 200  # the first request makes the tables
    runtime.sql(f"INSERT INTO table_schemas VALUES ('noise', 1, '{json.dumps(schema)}', NULL)")
    target = "/buffer?dataset_id=1&table=noise&period_tag=noisy"
    assert runtime.request("POST", target, lines, kind="application/x-ndjson").status == 201
    runtime.sql(LEASE_IS_OVER)
    assert runtime.call("scheduled", cron=TIMER)["outcome"] == "ok"
    assert read(runtime, "1", "noise").body == lines

    (file,) = runtime.sql("SELECT file_path, file_size FROM archived_files WHERE period_tag = 'noisy' AND state = 'live'")
    damage = {"binding": BUCKET, "key": file["file_path"], "byte": int(file["file_size"]) - 100}
    runtime.call("damage", **damage)
    cut = read(runtime, "1", "noise")
    assert (cut.status, cut.body[-len(NOT_WHOLE) :]) == (200, NOT_WHOLE)
    assert lines.startswith(cut.body.removesuffix(NOT_WHOLE))
    with pytest.raises(json.JSONDecodeError):
        json.loads(read(runtime, "1", "noise", "json").body)
    file_cut = read(runtime, "1", "noise", "ocf").body
    with pytest.raises(FormatError, match="negative record count"):
        list(Reader(io.BytesIO(file_cut)))
    with pytest.raises((EOFError, ValueError)):
        list(fastavro.reader(io.BytesIO(file_cut)))
    assert len(runtime.events("request failed")) == 3
    runtime.call("damage", **damage)  # which undoes it
    assert read(runtime, "1", "noise").body == lines


def test_an_answer_to_nobody_is_given_up(runtime: Runtime) -> None:
    url = urlsplit(runtime.url)
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(f"GET /endless HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert not runtime.events("given up")
    runtime.wait_until(lambda: runtime.events("given up"))


def test_a_worker_killed_while_it_archives_loses_and_doubles_nothing(
    folder: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """It is killed twice: when the third object is put and no row says so yet, and then when there is but a row for the second."""
    users: Users | None = None
    for kills, stall in enumerate(("3 after", "2 before", "")):
        with running(folder, tmp_path / "state", STALL=stall) as runtime:
            if users is None:
                users = Users(runtime, USERS[:FEW])
                users.post(late, periods=7)
            users.runtime = runtime
            users.check()
            states = runtime.sql("SELECT state, COUNT(*) AS count FROM archived_files GROUP BY state ORDER BY state")
            assert [(row["state"], row["count"]) for row in states] == [
                [],
                [("live", 2), ("staged", 1)],
                [("live", 3), ("staged", 2)],
            ][kills]
            runtime.sql(LEASE_IS_OVER)
            run = runtime.begin("scheduled", cron=TIMER)
            if stall:
                runtime.wait_until(lambda: len(runtime.events("stalled")) > kills)  # noqa: B023 - it is over in this round
                runtime.kill()
                continue
            assert runtime.wait(run)["outcome"] == "ok", runtime.log()
            users.check()
            users.check_at_rest()
            tell(f"workerd killed twice while it archived {users.record_count} records: {users.reads} reads were the same bytes")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ADMIN_TOKEN", "secret ADMIN_TOKEN is not set"),
        (DATABASE, f"binding {DATABASE} is missing: check that wrangler.toml has [[d1_databases]]"),
        (BUCKET, f"binding {BUCKET} is missing: check that wrangler.toml has [[r2_buckets]]"),
    ],
)
def test_what_is_missing_is_named(runtime: Runtime, name: str, told: str) -> None:
    answer = runtime.request("GET", f"/without/{name}")
    assert (answer.status, answer.json["error"]["type"]) == (503, "not_configured")
    assert told in answer.json["error"]["message"]
