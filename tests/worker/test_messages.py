"""A queue's messages: each stored once, or kept as poison, or tried again; never lost, never in the way of others."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import OutcomeUnknownError, UnavailableError
from avro_ocf.hotcold import Row, Statement
from avro_ocf.worker import Message, Verdict
from avro_ocf.worker.messages import FIRST_DELAY_S, MOST_DELAY_S
from tests.worker.web import DEAD_LETTERS, WEATHER, Web, memory_web

pytestmark = pytest.mark.host

ACK = Verdict(is_ack=True)


def upload(number: int, **more: object) -> dict[str, object]:
    return {"dataset_id": "d", "table": "t", "records": [{"number": number}], **more}


def poison(web: Web) -> list[tuple[str, str, bytes, str]]:
    rows = web.rig.sql("SELECT queue, message_id, hex(body) AS body, reason FROM poison_messages ORDER BY id")
    return [(row["queue"], row["message_id"], bytes.fromhex(row["body"]), row["reason"]) for row in rows]


FORMS: list[Any] = [
    lambda value: value,
    json.dumps,
    lambda value: json.dumps(value).encode(),
    lambda value: f"\ufeff{json.dumps(value)}",
    lambda value: json.dumps(value).encode("utf-8-sig"),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_message_is_stored_once_however_often_it_comes(web: Web, form: Any) -> None:
    first, second = Message("m1", form(upload(1))), Message("m2", form(upload(2, id="u2")))
    for _ in range(2):
        assert web.consume(first, second, first) == [ACK, ACK, ACK]
        web.rig.archive()
    assert web.consume(Message("m3", form(upload(2, id="u2")), 3)) == [ACK]
    assert web.records("d", "t") == [{"number": 1}, {"number": 2}]
    assert poison(web) == []
    assert web.post({**upload(1), "id": "m1"}).json["is_replay"]


POISON: list[tuple[Any, bytes, str]] = [
    ("", b"", "not JSON"),
    (b"\xff\x00", b"\xff\x00", "not UTF-8"),
    ("{", b"{", "not JSON"),
    ("{}".encode("utf-16-le"), b"{\0}\0", "UTF-16"),
    (None, b"null", "a JSON object"),
    ([1], b"[1]", "a JSON object"),
    ({"dataset_id": "d"}, b'{"dataset_id":"d"}', "records: it is missing"),
    ({**upload(1), "table": "a/b"}, b'{"dataset_id":"d","table":"a/b","records":[{"number":1}]}', "table: 'a/b' is not"),
    ({**upload(1), "records": [{}, 5]}, b'{"dataset_id":"d","table":"t","records":[{},5]}', "record 1: a record is a dict"),
    (
        {**upload(1), "table_version": 7},
        b'{"dataset_id":"d","table":"t","records":[{"number":1}],"table_version":7}',
        "no version 7",
    ),
    ({"a": float("nan")}, b"\"{'a': nan}\"", "a JSON object"),
    ({"a": object}, b"\"{'a': <class 'object'>}\"", "a JSON object"),
    ("\ud800", b"\xed\xa0\x80", "not UTF-8"),
]


@pytest.mark.parametrize(("body", "kept", "reason"), POISON)
def test_poison_is_kept_with_its_reason_before_it_is_acknowledged(web: Web, body: Any, kept: bytes, reason: str) -> None:
    for _ in range(2):
        assert web.consume(Message("m1", upload(1)), Message("bad", body), Message("m2", upload(2))) == [ACK] * 3
    (row,) = poison(web)
    assert row[:3] == ("uploads", "bad", kept)
    assert reason in row[3]
    assert web.records("d", "t") == [{"number": 1}, {"number": 2}]
    status = web.call("GET", "/status").json
    assert status["poison_messages"] == 1
    assert status["poison"][0] == {
        "id": 1, "queue": "uploads", "message_id": "bad", "byte_count": len(kept), "reason": row[3], "received_at": web.rig.clock()
    }  # fmt: skip
    assert [event["event"] for event in web.events] == ["poison message"] * 2
    doctor = web.rig.run(web.rig.store.doctor())
    assert [check.name for check in doctor.checks if not check.is_ok] == ["messages"]
    web.rig.run(web.rig.store.reset())
    assert poison(web) == []


def test_an_id_for_something_else_is_poison(web: Web) -> None:
    assert web.consume(Message("m1", upload(1, id="u")), Message("m2", upload(2, id="u"))) == [ACK, ACK]
    assert [row[1] for row in poison(web)] == ["m2"]
    assert "other content" in poison(web)[0][3]
    assert web.records("d", "t") == [{"number": 1}]


def test_records_of_a_table_with_a_schema(web: Web) -> None:
    web.rig.run(web.rig.store.add_table("weather", WEATHER, timestamp_field="time"))
    good = {"dataset_id": "d", "table": "weather", "records": [{"time": 5, "temp": 1, "raw": {"$bytes": "3q0="}}]}
    bad = {**good, "records": [{"time": 5, "temp": 1, "raw": {"$bytes": "!"}}]}
    assert web.consume(Message("m1", good), Message("m2", bad)) == [ACK, ACK]
    assert web.records("d", "weather") == [{"time": 5, "temp": 1.0, "raw": {"$bytes": "3q0="}}]
    assert [row[1] for row in poison(web)] == ["m2"]


def test_what_the_queue_gave_up_is_kept_as_it_is(web: Web) -> None:
    bodies = [upload(1), "no JSON", b"\xff"]
    messages = [Message(f"m{number}", body, 9) for number, body in enumerate(bodies)]
    for _ in range(2):
        assert web.consume(*messages, queue=DEAD_LETTERS) == [ACK] * 3
    kept = [b'{"dataset_id":"d","table":"t","records":[{"number":1}]}', b"no JSON", b"\xff"]
    assert poison(web) == [(DEAD_LETTERS, f"m{number}", body, "dead letter") for number, body in enumerate(kept)]
    assert web.records_or_none("d", "t") is None
    assert web.consume(*messages) == [ACK] * 3
    assert len(poison(web)) == 5  # another queue's messages are others


class Flaky:
    """A database that fails at some of its batches, before or after it ran them."""

    def __init__(self, database: Any, plan: list[str]) -> None:
        self._database = database
        self._plan = plan

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        step = self._plan.pop(0) if self._plan else "fine"
        if step == "down":
            raise UnavailableError("the database is down")
        rows: list[list[Row]] = await self._database.batch(statements)
        if step == "lost":
            raise OutcomeUnknownError("the answer was lost")
        if step == "bug":
            raise ZeroDivisionError("a bug")
        return rows


def test_while_the_database_is_down_everything_comes_again(web: Web) -> None:
    messages = [Message("m1", upload(1)), Message("bad", "no JSON"), Message("m2", upload(2), 3), Message("m3", upload(3), 99)]
    database = web.rig.database.database
    web.rig.database.database = Flaky(database, ["down"] * 99)
    delays = [verdict.delay_s for verdict in web.consume(*messages) if not verdict.is_ack]
    assert delays == [FIRST_DELAY_S, FIRST_DELAY_S, 4 * FIRST_DELAY_S, MOST_DELAY_S]
    assert [verdict.is_ack for verdict in web.consume(*messages, queue=DEAD_LETTERS)] == [False] * 4
    assert {event["event"] for event in web.events} == {"retry"}
    web.rig.database.database = database
    assert web.consume(*messages) == [ACK] * 4
    assert web.records("d", "t") == [{"number": 1}, {"number": 2}, {"number": 3}]
    assert [row[1] for row in poison(web)] == ["bad"]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["fine", "fine", "down", "lost", "bug"]), max_size=30), st.lists(st.booleans(), min_size=1, max_size=6)
)
def test_whatever_fails_nothing_is_lost_and_nothing_is_doubled(plan: list[str], goods: list[bool]) -> None:
    with memory_web() as web:
        database = web.rig.database.database
        web.rig.database.database = Flaky(database, plan)
        waiting = {f"m{number}": upload(number) if is_good else "no JSON" for number, is_good in enumerate(goods)}
        for attempt in range(1, 40):
            batch = [Message(name, body, attempt) for name, body in waiting.items()]
            verdicts = web.consume(*batch)
            assert len(verdicts) == len(batch)
            for message, verdict in zip(batch, verdicts, strict=True):
                if verdict.is_ack:
                    del waiting[message.id]
            if not waiting:
                break
        assert not waiting
        web.rig.database.database = database
        found = sorted(record["number"] for record in web.records_or_none("d", "t") or [])
        assert found == [number for number, is_good in enumerate(goods) if is_good]
        assert sorted(row[1] for row in poison(web)) == sorted(f"m{number}" for number, is_good in enumerate(goods) if not is_good)


def test_a_message_that_is_too_large_to_be_kept_is_not_acknowledged(web: Web) -> None:
    verdicts = web.consume(Message("m1", "x" * 900_001), Message("m2", "x" * 900_000))
    assert [verdict.is_ack for verdict in verdicts] == [False, True]
