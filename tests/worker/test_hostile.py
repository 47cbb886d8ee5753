"""Whatever is sent, it is answered by an error that names the problem, and by nobody else's data."""

import io
import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Writer, parse_schema
from tests.worker.web import ADMIN, SECRET, WEATHER, Web, memory_web

pytestmark = pytest.mark.host

CANARY = "a-canary-of-tests"
TYPES = ["", "application/json", "application/x-ndjson", "application/avro", "text/plain", "application/json; charset=utf-16"]
QUERIES = ["", "?dataset_id=d&table=t", "?dataset_id=d&table=weather&id=u", "?dataset_id=d&table=t&timestamp=x"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Web]:
    """Give one application for many requests, with something in it that nobody may see."""
    with memory_web() as web:
        web.rig.run(web.rig.store.add_table("weather", WEATHER, timestamp_field="time"))
        web.post({"dataset_id": CANARY, "table": "t", "records": [{"a": CANARY}]})
        web.rig.archive()
        web.post({"dataset_id": CANARY, "table": "t", "records": [{"a": CANARY}]})
        yield web


def check(web: Web, target: str, body: bytes, kind: str, method: str = "POST") -> set[int]:
    """Return the statuses of the answers."""
    statuses: set[int] = set()
    for token in (ADMIN, web.token("d")):
        answer = web.call(method, target, body, token=token, headers={"content-type": kind} if kind else {})
        assert answer.status < 500, (target, body, answer.body)
        for secret in (CANARY, ADMIN, SECRET, token):
            assert secret.encode() not in answer.body
            assert secret not in str(answer.headers)
        statuses.add(answer.status)
    return statuses


def file_bytes() -> bytes:
    file = io.BytesIO()
    with Writer(file, parse_schema(WEATHER)) as writer:
        writer.write_many([{"time": number, "temp": 0.5, "raw": b"x" * number} for number in range(30)])
    return file.getvalue()


def test_a_thousand_random_bodies(shared: Web) -> None:
    chance = random.Random(20260822)
    ocf = file_bytes()
    upload = json.dumps({"dataset_id": "d", "table": "t", "records": [{"a": [1, 2.5, None, "x"]}], "timestamp": 5}).encode()
    for number in range(1000):
        if number % 3 == 0:
            body = chance.randbytes(chance.randrange(200))
        else:
            mutated = bytearray(ocf if number % 3 == 1 else upload)
            for _ in range(chance.randrange(1, 5)):
                mutated[chance.randrange(len(mutated))] = chance.randrange(256)
            body = bytes(mutated[: chance.randrange(1, len(mutated))] if chance.random() < 0.3 else mutated)
        statuses = check(shared, "/buffer" + chance.choice(QUERIES), body, chance.choice(TYPES))
        assert number % 3 or min(statuses) >= 400, body
    assert shared.events == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = st.dictionaries(
    st.sampled_from(["dataset_id", "table", "records", "id", "timestamp", "period_tag", "table_version", "x"]),
    json_values | st.sampled_from(["d", "t", "weather", CANARY + "x", 5, [{"a": 1}], [{"time": 1, "temp": 0}]]),
)


@settings(max_examples=150)
@given(fields)
def test_uploads_of_any_json(shared: Web, upload: dict[str, object]) -> None:
    check(shared, "/buffer", json.dumps(upload).encode(), "application/json")


@settings(max_examples=150)
@given(
    st.sampled_from(["/read", "/buffer", "/status", "/archive", "/nothing"]),
    st.dictionaries(
        st.sampled_from(["dataset_id", "table", "from", "to", "format", "x"]),
        st.text(max_size=8) | st.sampled_from(["d", "t", "0", "5", "json", "ocf", "-1", "9" * 30, "../t", "%00", CANARY + "\0"]),
    ),
    st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_queries_of_any_text(shared: Web, path: str, query: dict[str, str], method: str) -> None:
    target = path + "?" + "&".join(f"{name}={''.join(f'%{byte:02x}' for byte in text.encode('utf-8', 'surrogatepass'))}"
                                   for name, text in query.items())  # fmt: skip
    check(shared, target, b"[]", "application/json", method)


@given(st.text(max_size=30))
def test_targets_of_any_text(shared: Web, text: str) -> None:
    for target in (text, f"/{text}", f"/read?{text}", f"/buffer/{text}"):
        check(shared, target, b"", "", "GET")
