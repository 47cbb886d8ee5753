"""GET /read: the same answer before and after archiving, in three forms, sent while it is read."""

import hashlib
import io
import json
import tracemalloc
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Reader
from avro_ocf.errors import DamagedError
from avro_ocf.hotcold import Settings
from avro_ocf.worker.reading import CHUNK_BYTES
from tests.worker.web import ADMIN, WEATHER, Web, memory_web

pytestmark = pytest.mark.host

LARGE = [{"number": number, "text": "".join(hashlib.sha256(b"%d %d" % (number, part)).hexdigest() for part in range(20))}
         for number in range(1500)]  # fmt: skip


def records_of(form: str, body: bytes) -> list[Any]:
    if form == "ocf":
        return list(Reader(io.BytesIO(body)))
    return list(json.loads(body)) if form == "json" else [json.loads(line) for line in body.splitlines()]


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from("de"), st.lists(st.dictionaries(st.sampled_from("ab"), st.integers(0, 9))), st.integers(0, 9))
    )
)
def test_every_form_reads_the_same_before_and_after_archiving(uploads: list[tuple[str, list[Any], int]]) -> None:
    with memory_web() as web:
        web.post({"dataset_id": "other", "table": "t", "records": [{"secret": 1}]})
        for dataset_id, records, timestamp in uploads:
            web.post({"dataset_id": dataset_id, "table": "t", "records": records, "timestamp": timestamp})
        for from_ms, to_ms in ((0, 10), (3, 7), (5, 5)):
            for dataset_id in "de":
                wanted = sorted((time, place) for place, (name, _, time) in enumerate(uploads) if name == dataset_id)
                expected = [record for time, place in wanted if from_ms <= time < to_ms for record in uploads[place][1]]
                query = {"from": from_ms, "to": to_ms}
                assert read_forms(web, dataset_id, query) == [expected] * 6
        web.rig.archive()
        assert read_forms(web, "d", {}) == [[r for _, p in sorted((t, p) for p, (n, _, t) in enumerate(uploads) if n == "d")
                                             for r in uploads[p][1]]] * 6  # fmt: skip


def read_forms(web: Web, dataset_id: str, query: dict[str, int]) -> list[list[Any]]:
    found = []
    for token in (ADMIN, web.token(dataset_id)):
        for form in ("json", "ndjson", "ocf"):
            answer = web.read(dataset_id, "t", form, token=token, **query)
            assert answer.status == 200
            assert b"secret" not in answer.body
            found.append(records_of(form, answer.body))
    return found


@pytest.mark.parametrize(
    ("form", "kind"), [("json", "application/json"), ("ndjson", "application/x-ndjson"), ("ocf", "application/avro")]
)
def test_forms_have_their_types(web: Web, form: str, kind: str) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
    answer = web.read("d", "t", form)
    assert answer.headers["content-type"] == kind
    head = web.call("HEAD", f"/read?dataset_id=d&table=t&format={form}")
    assert (head.status, head.body, {**head.headers}) == (200, b"", {**answer.headers})
    assert web.call("GET", "/read?dataset_id=d&table=t").body == b'{"a":1}\n'


def test_a_branch_is_named_where_the_value_would_be_taken_for_another(web: Web) -> None:
    pets = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "Dog")]
    web.rig.run(web.rig.store.add_table("pets", {"type": "record", "name": "R", "fields": [{"name": "pet", "type": pets}]}))
    records = [{"pet": {"name": "Tom"}}, {"pet": {"$branch": ["Dog", {"name": "Rex"}]}}]
    web.post({"dataset_id": "d", "table": "pets", "records": records})
    for dataset_id in "def":
        for _ in range(2):
            assert web.read(dataset_id, "pets", "json").json == web.records(dataset_id, "pets") == records
            file = web.read(dataset_id, "pets", "ocf").body
            assert [record["pet"][0] for record in Reader(io.BytesIO(file), branches=True)] == ["Cat", "Dog"]
            web.rig.archive()
        if dataset_id == "d":
            web.post(web.read("d", "pets", "json").json, dataset_id="e", table="pets")
        else:
            web.call("POST", "/buffer?dataset_id=f&table=pets", file, headers={"Content-Type": "application/avro"})


def test_values_that_json_has_no_word_for_are_tagged(web: Web) -> None:
    web.rig.run(web.rig.store.add_table("weather", WEATHER))
    record = {"time": 2**62 + 1, "temp": {"$float": "NaN"}, "raw": {"$bytes": "3q0="}}
    web.post({"dataset_id": "d", "table": "weather", "records": [record]})
    for _ in range(2):
        assert web.records("d", "weather") == [record]
        web.rig.archive()


QUERIES = [
    *(
        "",
        "dataset_id=d",
        "table=t",
        "dataset_id=d&table=t&from=x",
        "dataset_id=d&table=t&to=-1",
        "dataset_id=d&table=t&format=xml",
    ),
    *(
        "dataset_id=d&table=t&form=json",
        "dataset_id=&table=t",
        "dataset_id=d&table=a/b",
        "dataset_id=d&table=..",
        "dataset_id=d&table=%00",
    ),
    *("dataset_id=d%0a&table=t", "dataset_id=d&table=t&from=1&from=2", "dataset_id=d&table=t&from=9007199254740991"),
    *(f"dataset_id={'d' * 513}&table=t", f"dataset_id=d&table={'t' * 129}", "dataset_id=d&table=t&to=" + "9" * 19),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_is_none(web: Web, query: str) -> None:
    for form in ("", "&format=ocf"):
        assert web.call("GET", f"/read?{query}{form}").status == 400


def test_an_unknown_dataset_is_empty_and_an_unknown_table_is_not_found(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
    for form in ("json", "ndjson", "ocf"):
        assert records_of(form, web.read("e", "t", form).body) == []
        assert web.read("d", "u", form).status == 404


def test_a_dataset_token_reads_its_dataset_only_and_learns_nothing_else(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
    web.post({"dataset_id": "e", "table": "others", "records": [{"a": 1}]})
    web.rig.run(web.rig.store.add_table("weather", WEATHER))
    web.post({"dataset_id": "e", "table": "weather", "records": [{"time": 1, "temp": 0}]})
    token = web.token("d")
    assert web.read("d", "t", token=token).json == [{"a": 1}]
    for form in ("json", "ndjson", "ocf"):
        refusals = {
            web.read(name, table, form, token=token).body for name in ("e", "f") for table in ("t", "others", "unknown", "..")
        }
        assert refusals == {b'{"error":{"type":"forbidden","message":"the token is for another dataset"}}'}
        empty = [web.read("d", table, form, token=token) for table in ("others", "weather", "unknown")]
        assert {answer.status for answer in empty} == {200}
        assert len({tuple(answer.headers.items()) for answer in empty}) == 1
        assert len({answer.body[:-16] for answer in empty}) == 1  # a file ends in its sync marker, which is random
        assert records_of(form, empty[0].body) == []


def test_a_large_answer_is_sent_while_it_is_read() -> None:
    with memory_web(Settings(file_bytes=200_000)) as web:
        for start in range(0, len(LARGE), 100):
            web.rig.ingest("d", "t", LARGE[start : start + 100], timestamp=start)
        for is_cold in (False, True):
            for form in ("ndjson", "json", "ocf"):
                chunks, work = web.rig.run(read_in_chunks(web, form))
                assert records_of(form, b"".join(chunks)) == LARGE
                assert min(map(len, chunks[:-1])) >= CHUNK_BYTES
                assert max(map(len, chunks)) < 2 * CHUNK_BYTES + 2000
                # Hot rows are read a megabyte at a time, and the schema of a file takes all records.
                assert work[0] < (work[-1] / 2 if is_cold and form != "ocf" else work[-1])
            web.rig.archive()


async def read_in_chunks(web: Web, form: str) -> tuple[list[bytes], list[int]]:
    """Return the chunks of an answer, and how much the database and the bucket had been asked for when each was there."""
    target = f"/read?dataset_id=d&table=t&format={form}"
    before = len(web.rig.database.batches) + web.rig.bucket.gets
    response = await web.application.respond("GET", target, [("authorization", f"Bearer {ADMIN}")])
    assert isinstance(response.body, AsyncGenerator)
    chunks: list[bytes] = []
    work = [len(web.rig.database.batches) + web.rig.bucket.gets - before]
    async for chunk in response.body:
        chunks.append(chunk)
        work.append(len(web.rig.database.batches) + web.rig.bucket.gets - before)
    return chunks, work


def test_an_answer_that_fails_before_it_begins_is_an_error(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
    web.rig.archive()
    (info,) = web.rig.objects()
    web.rig.replace(info.key, b"x" * info.size)
    for form in ("json", "ndjson", "ocf"):
        assert web.read("d", "t", form).status == 500
        answer = web.read("d", "t", form, token=web.token("d"))
        assert (answer.status, info.key in answer.error["message"]) == (500, False)
    assert len(web.events) == 6


def test_an_answer_that_fails_later_has_no_end(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": LARGE[:60], "timestamp": 1})
    web.rig.sql("INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data) VALUES ('d', 't', 2, 'no JSON')")
    for form in ("json", "ndjson"):
        chunks: list[bytes] = []
        with pytest.raises(DamagedError):
            web.rig.run(into(chunks, web, form))
        assert b"".join(chunks).count(b'"number"') in range(30, 61)
        assert not b"".join(chunks).rstrip().endswith(b"]")
        assert web.events[-1]["path"] == "/read"
        assert "cannot be read" in web.events[-1]["error"]


async def into(chunks: list[bytes], web: Web, form: str) -> None:
    target = f"/read?dataset_id=d&table=t&format={form}"
    response = await web.application.respond("GET", target, [("authorization", f"Bearer {ADMIN}")])
    assert response.status == 200
    body = response.body
    assert isinstance(body, AsyncGenerator)
    async for chunk in body:
        chunks.append(chunk)  # noqa: PERF401 - those before the failure are looked at


def test_a_large_answer_has_a_head_too(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": LARGE[:60]})
    head = web.call("HEAD", "/read?dataset_id=d&table=t")
    assert (head.status, head.body) == (200, b"")


def test_a_large_answer_is_never_in_memory_as_a_whole() -> None:
    with memory_web(Settings(file_bytes=200_000)) as web:
        for start in range(0, len(LARGE), 100):
            web.rig.ingest("d", "t", LARGE[start : start + 100], timestamp=start)
        web.rig.archive()
        web.rig.run(discard(web, "ndjson"))  # the first answer loads what decodes, which stays
        tracemalloc.start()
        try:
            size = web.rig.run(discard(web, "ndjson"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert size > len(LARGE) * 1280
        assert peak < size / 2


async def discard(web: Web, form: str) -> int:
    """Return the length of an answer that is not kept."""
    target = f"/read?dataset_id=d&table=t&format={form}"
    response = await web.application.respond("GET", target, [("authorization", f"Bearer {ADMIN}")])
    assert isinstance(response.body, AsyncGenerator)
    return sum([len(chunk) async for chunk in response.body])
