"""Where requests go, who may send them, and what is told when something fails inside."""

from collections.abc import Sequence
from typing import Any

import pytest

from avro_ocf.errors import AvroError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold import Row, Statement
from tests.worker.web import ADMIN, SECRET, Web

pytestmark = pytest.mark.host

ROUTES = {
    "/buffer": ("POST",),
    "/read": ("GET", "HEAD"),
    "/status": ("GET", "HEAD"),
    "/archive": ("POST",),
    "/overview": ("GET", "HEAD"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "X")
NOWHERE = [
    *("/../status", "/./status", "//status", "//read", "/status/", "/read/", "/Status", "/status%00", "/status%20", "/status;a"),
    *("/%2e%2e/status", "/read%2f", "/%252e%252e", "/buffer/d", "/read/../status", "/\u2060status".encode().decode("latin-1")),
    *("/%E2%81%A0status", "/" + "a" * 8000, "/status\\", "/.", "/..", "/etc/passwd", "/%0d%0aSet-Cookie:%20a"),
]


@pytest.mark.parametrize("path", NOWHERE)
def test_nothing_is_anywhere_else(web: Web, path: str) -> None:
    for method in METHODS:
        answer = web.call(method, path)
        assert answer.status in {400, 404}
        assert "set-cookie" not in {name.lower() for name in answer.headers}
    assert web.events == []


@pytest.mark.parametrize("path", ROUTES)
def test_a_path_has_its_methods(web: Web, path: str) -> None:
    for method in {*METHODS} - {*ROUTES[path]}:
        answer = web.call(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, ", ".join(ROUTES[path]))


@pytest.mark.parametrize("path", ROUTES)
def test_nothing_without_a_token(web: Web, path: str) -> None:
    for method in ROUTES[path]:
        for token in (None, "", "x" * 20, SECRET, ADMIN[:-1], web.token("d", 0), web.token("d")[:-1] + "."):
            answer = web.call(method, path + "?dataset_id=d&table=t", b'{"a":1}', token=token)
            assert answer.status == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert web.rig.database.batches == []


@pytest.mark.parametrize("path", ["/status", "/archive", "/overview"])
def test_a_dataset_token_is_not_for_operators(web: Web, path: str) -> None:
    for method in ROUTES[path]:
        assert web.call(method, path, token=web.token("d")).status == 403
    assert web.rig.database.batches == []


def test_operators_see_and_archive(web: Web) -> None:
    assert web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}, {"a": 2}]}).status == 201
    status = web.call("GET", "/status")
    assert (status.status, status.json["hot_records"], status.json["poison"]) == (200, 2, [])
    head = web.call("HEAD", "/status")
    assert (head.status, head.body) == (200, b"")
    assert {**head.headers} == {**status.headers}
    report = web.call("POST", "/archive")
    assert (report.status, report.json["result"], report.json["record_count"]) == (200, "done", 2)
    assert web.call("GET", "/status").json["cold_records"] == 2
    assert web.records("d", "t") == [{"a": 1}, {"a": 2}]


def test_an_error_has_no_body_for_head(web: Web) -> None:
    for path in ("/%zz", "/nothing", "/buffer", "/read"):
        answer = web.call("HEAD", path)
        assert (answer.status // 100, answer.body) == (4, b"")


def test_operators_have_an_overview(web: Web) -> None:
    web.post({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
    overview = web.call("GET", "/overview")
    assert overview.status == 200
    assert isinstance(overview.json, dict)


def test_the_page_is_for_everybody_and_holds_nothing(web: Web) -> None:
    web.post({"dataset_id": "a-dataset-of-tests", "table": "t", "records": [{"a": 1}]})
    response = web.rig.run(web.application.respond("GET", "/", []))
    assert isinstance(response.body, bytes)
    assert (response.status, response.headers["content-type"].partition(";")[0]) == (200, "text/html")
    for secret in (ADMIN, SECRET, "a-dataset-of-tests"):
        assert secret.encode() not in response.body
    head = web.rig.run(web.application.respond("HEAD", "/", []))
    assert (head.status, head.body) == (200, b"")
    assert web.call("POST", "/").status == 405


class Failing:
    """A database that fails in one way, before or after it did what was asked."""

    def __init__(self, database: Any, error: Exception, *, does: bool = False) -> None:
        self._database = database
        self._error = error
        self._does = does

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        if self._does:
            await self._database.batch(statements)
        raise self._error


SECRETIVE = "/srv/secret/hotcold.db of another-dataset"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (UnavailableError(SECRETIVE), 503, "unavailable"),
        (OutcomeUnknownError(SECRETIVE), 503, "outcome_unknown"),
        (DamagedError(SECRETIVE), 500, "internal"),
        (StoreError(SECRETIVE), 500, "internal"),
        (ZeroDivisionError(SECRETIVE), 500, "internal"),
    ],
)
def test_what_fails_inside_is_told_to_operators_and_logged(web: Web, error: Exception, status: int, kind: str) -> None:
    upload = {"dataset_id": "d", "table": "t", "records": [{"a": 1}], "id": "u"}
    assert web.post(upload).status == 201
    web.rig.database.database = Failing(web.rig.database.database, error)
    for token in (ADMIN, web.token("d")):
        for answer in (web.post(upload, token=token), web.read("d", "t", token=token), web.read("d", "t", "ocf", token=token)):
            assert (answer.status, answer.error["type"]) == (status, kind)
            assert ("retry-after" in answer.headers) == (status == 503)
            is_told = token is ADMIN and isinstance(error, AvroError) and kind != "outcome_unknown"
            assert (SECRETIVE in answer.error["message"]) == is_told
    assert len(web.events) == 6
    for event in web.events:
        assert event["event"] == "request failed"
        assert SECRETIVE in event["error"]
        assert not {ADMIN, SECRET} & {*str(event).split()}


def test_an_upload_whose_answer_was_lost_may_be_sent_again(web: Web) -> None:
    upload = {"dataset_id": "d", "table": "t", "records": [{"a": 1}], "id": "u"}
    database = web.rig.database.database
    assert web.post({**upload, "id": "first"}).status == 201
    web.rig.database.database = Failing(database, OutcomeUnknownError("lost"), does=True)
    answer = web.post(upload)
    assert (answer.status, answer.error["type"]) == (503, "outcome_unknown")
    assert "same id" in answer.error["message"]
    web.rig.database.database = database
    again = web.post(upload)
    assert (again.status, again.json["is_replay"]) == (200, True)
    assert web.records("d", "t") == [{"a": 1}] * 2
