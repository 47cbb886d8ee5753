"""POST /buffer: what is stored, once, exactly as it was sent, and what is refused by name."""

import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro_ocf import Writer, parse_schema
from avro_ocf.worker.http import HttpError
from avro_ocf.worker.uploads import WORKER_LIMITS, _check_memory
from tests.hotcold.stores import DAY_MS
from tests.worker.web import ADMIN, LIMITS, WEATHER, Answer, Web, in_chunks, memory_web

pytestmark = pytest.mark.host

UPLOAD = {"dataset_id": "d", "table": "t", "records": [{"a": 1}, {"a": 2.0}]}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
)
keys = st.sampled_from(["a", "b", "$bytes", "$map", "records", "é", ""])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=5)
json_records = st.lists(st.dictionaries(keys, values, max_size=3), max_size=4)


def ocf(schema: Any, records: list[Any], codec: str = "deflate") -> bytes:
    file = io.BytesIO()
    with Writer(file, parse_schema(schema), codec=codec) as writer:
        writer.write_many(records)
    return file.getvalue()


def exact(records: list[Any]) -> list[str]:
    return [json.dumps(record, sort_keys=True) for record in records]


def post(web: Web, body: bytes, content_type: str, target: str = "/buffer?dataset_id=d&table=t", **options: Any) -> Answer:
    return web.call("POST", target, body, headers={"Content-Type": content_type}, **options)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(json_records)
def test_json_comes_back_exactly_however_it_was_sent(records: list[Any]) -> None:
    with memory_web() as web:
        assert web.post({"dataset_id": "d", "table": "t", "records": records}).status == 201
        assert web.post({"records": records}, dataset_id="e", table="t").status == 201
        assert web.post(json.dumps(records).encode(), dataset_id="f", table="t").status == 201
        lines = "".join(f"{json.dumps(record)}\n" for record in records).encode() or b"\n"
        assert post(web, lines, "application/x-ndjson; charset=utf-8", "/buffer?dataset_id=g&table=t").status == 201
        for dataset_id in "defg" if records else "":
            assert exact(web.records(dataset_id, "t")) == exact(records)


BODIES: dict[str, tuple[Any, str, str]] = {
    "an object": ({**UPLOAD, "id": "u"}, "application/json", "/buffer"),
    "its records": ({"records": UPLOAD["records"]}, "", "/buffer?dataset_id=d&table=t&id=u"),
    "an array": (UPLOAD["records"], "application/json; charset=utf-8", "/buffer?dataset_id=d&table=t&id=u"),
    "lines": (None, "application/x-ndjson", "/buffer?dataset_id=d&table=t&id=u"),
}


@pytest.mark.parametrize("has_schema", [False, True])
@pytest.mark.parametrize(("sent", "kind", "target"), BODIES.values(), ids=BODIES)
def test_a_byte_order_mark_is_passed_over_and_utf_16_is_named(
    web: Web, has_schema: bool, sent: Any, kind: str, target: str
) -> None:
    if has_schema:
        field = {"name": "a", "type": ["int", "double"]}
        web.rig.run(web.rig.store.add_table("t", {"type": "record", "name": "R", "fields": [field]}))
    text = json.dumps(sent) if sent else "".join(f"{json.dumps(record)}\n" for record in UPLOAD["records"])
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        answer = post(web, text.encode(encoding), kind, target)
        assert (answer.status, "UTF-16" in answer.json["error"]["message"]) == (400, True)
    statuses = [post(web, text.encode(encoding), kind, target).status for encoding in ("utf-8-sig", "utf-8", "utf-8-sig")]
    assert statuses == [201, 200, 200]
    assert exact(web.records("d", "t")) == exact([{"a": 1}, {"a": 2.0}])


def test_what_is_said_of_an_upload_is_kept(web: Web) -> None:
    said: dict[str, Any] = {"timestamp": 77, "period_tag": "winter", "id": "u", "table_version": 0}
    in_body = web.post({**UPLOAD, **said})
    assert (in_body.status, in_body.json) == (
        201,
        {"upload_id": "u", "table_version": 0, "record_count": 2, "is_replay": False},
    )
    in_query = web.post(UPLOAD["records"], dataset_id="d", table="t", **said)
    assert (in_query.status, in_query.json["is_replay"]) == (200, True)
    assert web.post({**UPLOAD, **said, "period_tag": None}, period_tag="winter").status == 200
    (row,) = web.rig.sql("SELECT DISTINCT timestamp, period_tag FROM buffer_logs")
    assert tuple(row.values()) == (77, "winter")
    web.rig.archive()
    assert web.post({**UPLOAD, **said}).json["is_replay"]
    assert web.records("d", "t") == UPLOAD["records"]


def test_an_id_that_stands_for_something_else_is_a_conflict(web: Web) -> None:
    assert web.post({**UPLOAD, "id": "u"}).status == 201
    for other in ({"records": [{"a": 1}]}, {"timestamp": 5}, {"period_tag": "2020-02"}):
        for token in (ADMIN, web.token("d")):
            assert web.post({**UPLOAD, "id": "u", **other}, token=token).status == 409
    assert web.records("d", "t") == UPLOAD["records"]


def test_uploads_without_an_id_are_different_uploads(web: Web) -> None:
    assert [web.post(UPLOAD).status for _ in range(2)] == [201, 201]
    assert len(web.records("d", "t")) == 4


def test_a_table_with_a_schema_takes_tags_and_files(web: Web) -> None:
    web.rig.run(web.rig.store.add_table("weather", WEATHER, timestamp_field="time"))
    tagged = {"time": 5, "temp": 1, "raw": {"$bytes": "3q0="}}
    assert web.post({"dataset_id": "d", "table": "weather", "records": [tagged]}).status == 201
    escaped = json.dumps({"dataset_id": "d", "table": "weather", "records": [tagged]}).replace("$", "\\u0024").encode()
    assert web.post(escaped).status == 201
    line = post(web, json.dumps(tagged).encode(), "application/x-ndjson", "/buffer?dataset_id=d&table=weather")
    assert (line.status, line.json["table_version"]) == (201, 1)
    data = ocf(WEATHER, [{"time": 6, "temp": 2.5, "raw": b"\xde\xad"}])
    for kind in ("application/avro", "avro/binary", "application/json", "application/x-ndjson"):
        assert post(web, data, kind, "/buffer?dataset_id=d&table=weather&id=file").status in {200, 201}
    expected = {"temp": 1.0, "raw": {"$bytes": "3q0="}}
    assert web.records("d", "weather") == [{"time": 5, **expected}] * 3 + [{"time": 6, **expected, "temp": 2.5}]
    assert web.post({"dataset_id": "d", "table": "weather", "records": [], "table_version": 2}).status == 404


SYNTAX = [
    (b"", "empty"),
    (b"\xef\xbb\xbf", "not JSON"),
    (b"\xef\xbb\xbf{", "not JSON"),
    (b"{", "not JSON"),
    (b'{"records":[],}', "not JSON"),
    (b"\xff", "not UTF-8"),
    (b"null", "a JSON object"),
    (b'"records"', "a JSON object"),
    (b"{}", "records: it is missing"),
    (b'{"records":{}}', "records: it is missing, or no array"),
    (b'{"records":[]}', "dataset_id: it is missing"),
    (b'{"records":[],"dataset_id":"d"}', "table: it is missing"),
    (b'{"records":[],"dataset_id":5,"table":"t"}', "dataset_id: expected str, not int"),
    (b'{"records":[],"dataset_id":"d","table":"t","timestamp":5.0}', "timestamp: expected int, not float"),
    (b'{"records":[],"dataset_id":"d","table":"t","timestamp":true}', "timestamp: expected int, not bool"),
    (b'{"records":[],"dataset_id":"d","table":"t","timestamp":-1}', "timestamp: -1 is not a time"),
    (b'{"records":[],"dataset_id":"d","table":"../t"}', "table: '../t' is not"),
    (b'{"records":[],"dataset_id":"d\\u0000","table":"t"}', "dataset_id: 'd\\x00' has a control character"),
    (b'{"records":[],"dataset_id":"d","table":"t","periodTag":"x"}', "periodTag: an upload has no such field"),
    (b'{"records":[],"records":[],"dataset_id":"d","table":"t"}', 'key "records" is there twice'),
    (b'{"records":[],"dataset_id":"d","table":"t","id":"' + b"x" * 513 + b'"}', "upload_id: it has 513 characters"),
    (b'{"a":' * 2000, "nested too deeply"),
]


@pytest.mark.parametrize(("body", "message"), SYNTAX)
def test_what_is_no_upload(web: Web, body: bytes, message: str) -> None:
    answer = web.post(body)
    assert answer.status == 400
    assert message in answer.error["message"]
    assert web.events == []


RECORDS: list[tuple[str, int, str, str]] = [
    ('{"a":1,"a":2}', 1, "", "twice"),
    ('{"a":NaN}', 1, "", "NaN is not JSON"),
    ('{"a":1e999}', 1, "", "past the range"),
    ('{"a":[1,9223372036854775808]}', 1, "a[1]", "more than a long holds"),
    ('{"a":"\\ud800"}', 1, "a", "surrogate"),
    ("5", 1, "", "a record is a dict"),
]


@pytest.mark.parametrize(("bad", "index", "path", "message"), RECORDS)
def test_a_record_that_does_not_fit_is_told_with_its_place(web: Web, bad: str, index: int, path: str, message: str) -> None:
    array = f'[{{"a": 0}},\n{bad}, {{"a":3}}]'
    upload = f'{{"x": 5, "dataset_id":"d","table":"t", "records" : {array} }}'.replace('"x": 5, ', "")
    lines = f'{{"a":0}}\n\n{bad}\n{{"a":3}}'
    answers = [
        web.post(upload.encode()),
        web.post(array.encode(), dataset_id="d", table="t"),
        post(web, lines.encode(), "application/x-ndjson"),
    ]
    for answer in answers:
        assert answer.status == 422
        assert (answer.error["record"], answer.error.get("path", "")) == (index, path)
        assert message in answer.error["message"]
    assert "line 3" in answers[2].error["message"]
    assert web.records_or_none("d", "t") is None


def test_records_that_do_not_fit_the_schema(web: Web) -> None:
    web.rig.run(web.rig.store.add_table("weather", WEATHER, timestamp_field="time"))
    for bad, path in (({"time": 1, "temp": "cold"}, "temp"), ({"time": -1, "temp": 0}, "time"), ({"temp": 0}, "time")):
        answer = web.post({"dataset_id": "d", "table": "weather", "records": [{"time": 1, "temp": 0}, bad]})
        assert (answer.status, answer.error["record"], answer.error["path"]) == (422, 1, path)
    bad_tag = {"time": 1, "temp": 0, "raw": {"$bytes": "!"}}
    answer = web.post({"dataset_id": "d", "table": "weather", "records": [{"time": 1, "temp": 0}, bad_tag]})
    assert (answer.status, answer.error["record"], answer.error["path"]) == (422, 1, "raw")
    other = {"type": "record", "name": "Other", "fields": [{"name": "x", "type": "int"}]}
    assert post(web, ocf(other, [{"x": 1}]), "application/avro", "/buffer?dataset_id=d&table=weather").status == 422
    assert web.records("d", "weather") == []


QUERIES = [
    *(
        "",
        "dataset_id=d",
        "table=t",
        "dataset_id=d&table=t&x=1",
        "dataset_id=d&table=t&timestamp=",
        "dataset_id=d&table=t&timestamp=-1",
    ),
    *("dataset_id=d&table=t&timestamp=1e3", "dataset_id=d&table=t&table_version=one", "dataset_id=d&table=t&dataset_id=d"),
    *("dataset_id=&table=t", "dataset_id=d&table=", "dataset_id=d&table=t&id=", "dataset_id=d&table=t&timestamp=9007199254740991"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_does_not_say_where(web: Web, query: str) -> None:
    for body, kind in ((b"[]", "application/json"), (b"{}", "application/x-ndjson"), (ocf(WEATHER, []), "application/avro")):
        assert post(web, body, kind, f"/buffer?{query}").status == 400


def test_query_and_body_agree(web: Web) -> None:
    assert web.post({**UPLOAD, "timestamp": 5}, dataset_id="d", table="t", timestamp=5).status == 201
    for other in ({"dataset_id": "e"}, {"table": "u"}, {"timestamp": 6}):
        answer = web.post({**UPLOAD, "timestamp": 5}, **other)
        assert answer.status == 400
        assert "in the query and" in answer.error["message"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "x" * 300]
)
def test_another_content_type(web: Web, kind: str) -> None:
    assert post(web, b"{}", kind).status == 415
    answer = web.call("POST", "/buffer?dataset_id=d&table=t", b"[]", headers={"content-encoding": "gzip"})
    assert answer.status == 415


def test_bodies_that_are_too_large_are_refused_before_they_are_looked_at(web: Web) -> None:
    most = LIMITS.body_bytes
    fits = json.dumps({"dataset_id": "d", "table": "t", "records": [{"a": "x" * 10}]}).encode()
    assert web.post(fits + b" " * (most - len(fits))).status == 201
    for body in (fits + b" " * (most + 1 - len(fits)), b"\xff" * (most + 1)):
        for sent, headers in ((body, {}), (in_chunks(body), {}), (b"", {"content-length": str(len(body))})):
            answer = web.call("POST", "/buffer", sent, headers=headers)
            assert (answer.status, answer.error["type"]) == (413, "too_large")
    many = b"[" + b"{}," * (most // 3 - 10) + b"{}]"
    assert len(many) < most
    assert web.post(many, dataset_id="d", table="t").status == 413
    assert len(web.records("d", "t")) == 1


def test_a_small_file_that_stands_for_very_much(web: Web) -> None:
    bomb = ocf({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}, [{"a": "x" * 100_000}] * 20)
    nothing = ocf({"type": "record", "name": "R", "fields": []}, [{}] * 20_000)
    for data in (bomb, nothing):
        assert len(data) < 10_000
        for token in (ADMIN, web.token("d")):
            answer = post(web, data, "application/avro", token=token)
            assert (answer.status, answer.error["type"]) == (413, "too_large")
    assert web.records_or_none("d", "t") is None


def test_files_that_are_damaged(web: Web) -> None:
    web.rig.run(web.rig.store.add_table("weather", WEATHER))
    target = "/buffer?dataset_id=d&table=weather"
    data = ocf(WEATHER, [{"time": 1, "temp": 0.5}] * 50)
    cases = [
        data[:-1],
        data[:-16],
        data[:20],
        b"Obj\x01",
        b"Obj\x01" + b"\xff" * 50,
        data[:-1] + bytes([data[-1] ^ 1]),
        data + b"x",
    ]
    for case in cases:
        assert post(web, case, "application/avro", target).status == 400
    assert post(web, b"not Avro", "avro/binary", target).status == 400
    unknown = data.replace(b"\x0edeflate", b"\x0edeflata")
    assert post(web, unknown, "application/avro", target).status == 415
    assert web.records("d", "weather") == []


def test_a_dataset_token_writes_its_dataset_only(web: Web) -> None:
    token = web.token("d")
    assert web.post(UPLOAD, token=token).status == 201
    other = {**UPLOAD, "dataset_id": "e"}
    web.post({**UPLOAD, "dataset_id": "there"})
    answers = {web.post({**UPLOAD, "dataset_id": name}, token=token).body for name in ("e", "there")}
    answers |= {web.post(b"not looked at", dataset_id=name, table="t", token=token).body for name in ("e", "there")}
    answers |= {web.post(b"[]", dataset_id="e", table=table, token=token).body for table in ("t", "unknown", "../")}
    for data, kind in ((ocf(WEATHER, []), "application/avro"), (b"{}", "application/x-ndjson")):
        answers.add(post(web, data, kind, "/buffer?dataset_id=e&table=t", token=token).body)
    assert answers == {b'{"error":{"type":"forbidden","message":"the token is for another dataset"}}'}
    assert web.records("e", "t") == [] != web.records("d", "t")
    assert web.post(other).status == 201


def test_a_dataset_token_neither_keeps_nor_multiplies_shared_objects(web: Web) -> None:
    token, now = web.token("d"), web.rig.clock()
    data = ocf(WEATHER, [{"time": 1, "temp": 0.5}])
    refused: tuple[tuple[str, list[Any], int], ...] = (
        ("timestamp", [now + DAY_MS + 1, 2**52], 400),
        ("period_tag", ["winter", "2026", "2026-13", "2026-00", "2026-01-01", "2026-01\n", ""], 403),
    )
    for name, values_of_it, status in refused:
        for value in values_of_it:
            answers = [web.post({**UPLOAD, name: value}, token=token), web.post(UPLOAD, token=token, **{name: value})]
            target = f"/buffer?{urlencode({'dataset_id': 'd', 'table': 't', name: value})}"
            answers += [post(web, body, "application/x-ndjson", target, token=token) for body in (b"{}", data)]
            for answer in answers:
                assert (answer.status, answer.error["path"]) == (status, name)
    assert web.records_or_none("d", "t") is None
    allowed = {"timestamp": now + DAY_MS, "period_tag": "2026-12"}
    assert web.post({**UPLOAD, **allowed}, token=token).status == 201
    assert web.post({**UPLOAD, "timestamp": 2**52, "period_tag": "winter"}).status == 201


def test_the_estimate_of_what_text_takes() -> None:
    most = WORKER_LIMITS.memory_bytes
    for body in (b"x" * (most // 8), "é".encode() * (most // 16), b'{"a":1}\n' * (most // 394), b"\\u00e9" * (most // 48)):
        _check_memory(body, most)
        with pytest.raises(HttpError, match="memory"):
            _check_memory(body + b"{}," * 200, most)
        for wide in ("\U0001f600".encode(), b"\\ud83d\\ude00", b"\\uD83D"):
            with pytest.raises(HttpError, match="memory"):
                _check_memory(body + wide, most)
    _check_memory(b"x" * (WORKER_LIMITS.body_bytes - 100) + "\U0001f600".encode(), most)
