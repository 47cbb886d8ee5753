"""`D1Rest`, past the contract of databases: what it sends, and what it makes of each answer, or of none."""

import asyncio
import json
import math
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import Row, Statement
from tests.workers.services import stub as http
from tests.workers.services.stub import Answer, Stub, reply

if TYPE_CHECKING:
    from avro_ocf.adapters.d1_rest import D1Rest

pytestmark = [pytest.mark.host, pytest.mark.slow]

TOKEN = "a-secret-that-no-error-tells"
WRONG = "a-secret-of-someone-else"
ONE = Statement("SELECT ?1 AS one", ("1",))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with http.serve() as found:
        yield found


def run(database: "D1Rest", *statements: Statement) -> list[list[Row]]:
    async def batch() -> list[list[Row]]:
        async with database:
            return await database.batch(statements)

    return asyncio.run(batch())


def to_stub(stub: Stub, *statements: Statement, **options: Any) -> list[list[Row]]:
    from avro_ocf.adapters.d1_rest import D1Rest

    return run(D1Rest("acc", "db-id", TOKEN, **{"base_url": stub.url, **options}), *statements)


def refuses(kind: type[StoreError], call: Callable[[], object], secret: str = TOKEN) -> str:
    """Return the message of the error that a call raises, which is of this kind and tells no secret."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert secret not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def result(columns: list[Any], *rows: Any, success: object = True) -> dict[str, Any]:
    return {"success": success, "meta": {}, "results": {"columns": columns, "rows": rows}}


def answer(*results: Any, status: int = 200, success: object = True, **headers: str) -> Answer:
    body = {"success": success, "errors": [], "messages": [], "result": results}
    return reply(status, json.dumps(body).encode(), **headers)


def failure(status: int, message: object, code: object = 7500, **headers: str) -> Answer:
    errors = [{"code": code, "message": message}]
    return reply(status, json.dumps({"success": False, "errors": errors, "result": None}).encode(), **headers)


# What is sent.


def test_a_batch_is_one_request(stub: Stub) -> None:
    stub.answer = answer(result(["a", "b"], [2**63 - 1, None], [1.5, "é"]), result([]))
    rows = to_stub(stub, Statement("SELECT é", ("1", "\U0001f6a2")), Statement("DELETE FROM t"), base_url=f"{stub.url}/client/v4/")
    assert rows == [[{"a": 2**63 - 1, "b": None}, {"a": 1.5, "b": "é"}], []]
    [request] = stub.requests
    assert request[:2] == ("POST", "/client/v4/accounts/acc/d1/database/db-id/raw")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "batch": [{"sql": "SELECT é", "params": ["1", "\U0001f6a2"]}, {"sql": "DELETE FROM t", "params": []}]
    }


def test_ids_are_parts_of_a_path_and_nothing_more(stub: Stub) -> None:
    from avro_ocf.adapters.d1_rest import D1Rest

    stub.answer = answer(result([]))
    run(D1Rest("a/../b", "?d#", TOKEN, base_url=stub.url), ONE)
    assert stub.requests[0].path == "/accounts/a%2F..%2Fb/d1/database/%3Fd%23/raw"


def test_what_is_past_a_limit_is_not_sent(stub: Stub) -> None:
    message = refuses(StoreError, lambda: to_stub(stub, ONE, Statement("SELECT 1" + " " * 99_993)))
    assert message == "D1 database db-id: the statement has 100,001 bytes of at most 100,000"
    message = refuses(StoreError, lambda: to_stub(stub, Statement("SELECT ?1, ?2", ("", "x" * 1_999_999 + "é"))))
    assert message == "D1 database db-id: parameter ?2 has 2,000,001 bytes of at most 2,000,000"
    assert to_stub(stub) == []
    assert not stub.requests


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.cloudflare.com",
        "http://api.cloudflare.com",
        "ftp://localhost",
        "https://a b",
        "https://a?b",
        "https://t@a",
        "https://",
        "https://h:99999",
        "https://xn--.com",
    ],
)
def test_a_url_that_is_none_or_sends_the_token_in_the_clear_is_refused(stub: Stub, base_url: str) -> None:
    assert refuses(StoreError, lambda: to_stub(stub, ONE, base_url=base_url)) == f"{base_url!r} is no https URL"


@pytest.mark.parametrize(
    "names", [("", "d", "t"), ("a", "", "t"), ("a", "d", ""), ("a", "d", "t\n"), ("a", "d", "t x"), ("a", "d", "é")]
)
def test_what_cannot_be_names_and_a_token_is_refused(names: tuple[str, str, str]) -> None:
    from avro_ocf.adapters.d1_rest import D1Rest

    with pytest.raises(StoreError, match="D1 needs the id of an account, the id of a database and an API token"):
        D1Rest(*names)


def test_a_client_that_is_given_is_left_open(stub: Stub) -> None:
    import httpx

    async def use() -> bool:
        async with httpx.AsyncClient() as client:
            for _ in range(2):
                async with D1Rest("acc", "db-id", TOKEN, base_url=stub.url, client=client) as database:
                    await database.batch([ONE])
            return client.is_closed

    from avro_ocf.adapters.d1_rest import D1Rest

    stub.answer = answer(result([]))
    assert not asyncio.run(use())


def test_a_closed_adapter_may_be_used_again(stub: Stub) -> None:
    from avro_ocf.adapters.d1_rest import D1Rest

    stub.answer = answer(result(["one"], [1]))
    database = D1Rest("acc", "db-id", TOKEN, base_url=stub.url)
    assert run(database, ONE) == run(database, ONE) == [[{"one": 1}]]


# Answers. Whatever they are, a request is sent once.

LONG = failure(400, f'near "{"x" * 50_000}": syntax error: SQLITE_ERROR')
UNKNOWN = "whether the batch is stored shows when it is read"

FAILURES: dict[str, tuple[Answer, type[StoreError], str]] = {
    "constraint": (
        failure(400, "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT"),
        ConflictError,
        "UNIQUE constraint failed: t.a",
    ),
    "extended": (failure(400, "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT_TRIGGER"), ConflictError, "FOREIGN KEY constraint"),
    "with status 200": (failure(200, "CHECK constraint failed: ok: SQLITE_CONSTRAINT"), ConflictError, "CHECK constraint failed"),
    "syntax": (failure(400, 'near "SELEKT": syntax error at offset 0: SQLITE_ERROR'), StoreError, 'near "SELEKT": syntax error'),
    "a long message": (LONG, StoreError, "xxx ... xxx"),
    "damaged": (failure(400, "database disk image is malformed: SQLITE_CORRUPT"), DamagedError, "restore it with Time Travel"),
    "out of memory": (failure(400, "out of memory: SQLITE_NOMEM"), UnavailableError, "back off and try again"),
    "overloaded": (failure(503, "D1 DB is overloaded. Too many requests queued."), UnavailableError, "back off"),
    "internal": (failure(500, "internal error; reference = abc"), OutcomeUnknownError, UNKNOWN),
    "reset": (
        failure(400, "D1 DB storage operation exceeded timeout which caused object to be reset."),
        OutcomeUnknownError,
        UNKNOWN,
    ),
    "429": (
        failure(429, "Rate limited", 10429, Retry_After="17"),
        UnavailableError,
        "Rate limited; too many requests: wait 17 seconds",
    ),
    "429, bare": (reply(429, b"<html>", Retry_After="<script>"), UnavailableError, "too many requests: wait five minutes"),
    "401": (failure(401, "Authentication error", 10000), StoreError, "the API token is valid and has D1 Edit for account acc"),
    "403": (reply(403, b"<html>"), StoreError, "HTTP status 403; check that the API token is valid and has D1 Edit"),
    "no token": (failure(400, "Invalid request headers", 6003), StoreError, "the API token is valid and has D1 Edit"),
    "404": (failure(404, "The database db-id could not be found", 7404), StoreError, "account acc has a database of this id"),
    "413": (reply(413), StoreError, "D1 database db-id: HTTP status 413"),
    "408": (reply(408), OutcomeUnknownError, UNKNOWN),
    "302": (reply(302, Location="/elsewhere"), OutcomeUnknownError, UNKNOWN),
    "a gateway's page": (reply(504, b"<!DOCTYPE html>"), OutcomeUnknownError, "HTTP status 504, and no answer of D1's"),
    "errors that are none": (reply(500, b'{"errors": [7, {"message": 7}, {"code": [1]}]}'), OutcomeUnknownError, UNKNOWN),
    "no JSON": (reply(200, b"<html>"), OutcomeUnknownError, "HTTP status 200, and no answer of D1's"),
    "no UTF-8": (reply(200, b'"\xff"'), OutcomeUnknownError, UNKNOWN),
    "NaN": (answer(result(["a"], [math.nan])), OutcomeUnknownError, UNKNOWN),
    "too deep": (reply(200, b"[" * 200_000), OutcomeUnknownError, UNKNOWN),
    "a list": (reply(200, b"[]"), OutcomeUnknownError, UNKNOWN),
    "no success": (answer(result([]), success=1), OutcomeUnknownError, UNKNOWN),
    "no result": (reply(200, b'{"success": true, "result": null}'), OutcomeUnknownError, "not as D1's are (TypeError"),
    "no results": (answer({"success": True}), OutcomeUnknownError, "not as D1's are (KeyError"),
    "a result too few": (answer(), OutcomeUnknownError, "0 results for 1 statements"),
    "a result too many": (answer(result([]), result([])), OutcomeUnknownError, "2 results for 1 statements"),
    "a statement that failed": (answer(result([], success=False)), OutcomeUnknownError, UNKNOWN),
    "a value too few": (answer(result(["a", "b"], [1])), OutcomeUnknownError, UNKNOWN),
    "a row that is none": (answer(result(["a"], 7)), OutcomeUnknownError, UNKNOWN),
    "a name that is none": (answer(result([["a"]], [1])), OutcomeUnknownError, UNKNOWN),
    "a value that is none": (answer(result(["a"], [[1, 2]])), OutcomeUnknownError, "a value is none of SQL's"),
    "not packed as it says": (reply(200, b"{}", Content_Encoding="gzip"), OutcomeUnknownError, "the answer is lost: DecodingError"),
    "no answer": (http.hang_up, OutcomeUnknownError, "the answer is lost"),
    "half an answer": (http.break_off(200), OutcomeUnknownError, "the answer is lost"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_an_answer_is_told_and_no_request_is_repeated(stub: Stub, what: str) -> None:
    stub.answer, kind, part = FAILURES[what]
    message = refuses(kind, lambda: to_stub(stub, ONE))
    assert message.startswith("D1 database db-id: ")
    assert part in message
    assert len(message) < 1_000
    assert len(stub.requests) == 1


@pytest.mark.parametrize("wait", [http.be_silent, http.trickle])
def test_what_takes_too_long_has_an_unknown_outcome(stub: Stub, wait: Answer) -> None:
    stub.answer = wait
    assert "the answer is lost: TimeoutError" in refuses(OutcomeUnknownError, lambda: to_stub(stub, ONE, timeout_ms=2_000))
    assert len(stub.requests) == 1


def test_an_answer_past_all_measure_is_not_read(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avro_ocf.adapters.d1_rest.ANSWER_BYTES", 1_000)
    stub.answer = reply(200, b" " * 1_001)
    assert "the answer has more than 1,000 bytes" in refuses(OutcomeUnknownError, lambda: to_stub(stub, ONE))


def test_what_was_never_sent_is_unavailable(stub: Stub) -> None:
    secure = stub.url.replace("http:", "https:")
    for base_url in ("http://127.0.0.1:1", "https://nowhere.invalid", secure):
        message = refuses(UnavailableError, lambda url=base_url: to_stub(stub, ONE, base_url=url))  # type: ignore[misc]
        assert message.startswith("D1 database db-id: it cannot be reached: ConnectError")
    assert not stub.requests


# Miniflare.


def test_a_wrong_token_account_or_database_is_named() -> None:
    from tests.workers.services.local import TOKEN as RIGHT
    from tests.workers.services.local import services

    local = services()
    message = refuses(StoreError, lambda: run(local.d1(api_token=WRONG), ONE), WRONG)
    assert "Authentication error; check that the API token is valid and has D1 Edit for account account" in message
    message = refuses(StoreError, lambda: run(local.d1(account_id="another"), ONE), RIGHT)
    assert message.endswith("has D1 Edit for account another")
    message = refuses(StoreError, lambda: run(local.d1(database_id="no-such-id"), ONE), RIGHT)
    assert message.startswith("D1 database no-such-id: HTTP status 404: ")


def test_miniflares_own_rest_api_is_understood() -> None:
    import httpx

    from tests.workers.services.local import empty_services

    class WithoutAccounts(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = httpx.URL(str(request.url).replace("/accounts/account", ""))
            return await super().handle_async_request(request)

    async def use() -> list[list[Row]]:
        base_url = f"{local.url}/cdn-cgi/explorer/api"
        async with httpx.AsyncClient(transport=WithoutAccounts()) as client:
            database = local.d1(base_url=base_url, client=client)
            await database.batch([Statement("CREATE TABLE t (a UNIQUE)"), Statement("INSERT INTO t VALUES (?1)", ("é",))])
            with pytest.raises(ConflictError, match="UNIQUE constraint failed: t.a"):
                await database.batch([Statement("INSERT INTO t VALUES ('é')")])
            with pytest.raises(StoreError, match="no such table: u"):
                await database.batch([Statement("SELECT * FROM u")])
            with pytest.raises(StoreError, match="no-such-id could not be found; check that account"):
                await local.d1(database_id="no-such-id", base_url=base_url, client=client).batch([ONE])
            return await database.batch([Statement("SELECT a, 7 AS b, NULL AS c FROM t"), Statement("SELECT a FROM t WHERE 0")])

    local = empty_services()
    assert asyncio.run(use()) == [[{"a": "é", "b": 7, "c": None}], []]


def test_a_server_that_ends_amid_a_batch_leaves_its_outcome_unknown() -> None:
    from tests.workers.services.local import Services

    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT count(*) AS n FROM n"

    async def end(local: Services) -> None:
        async with local.d1() as database, local.d1(timeout_ms=2_000) as impatient:
            await database.batch([Statement("CREATE TABLE t (a)")])
            batch = asyncio.create_task(database.batch([Statement("INSERT INTO t VALUES (1)"), Statement(endless)]))
            await raises(OutcomeUnknownError, wait_in_vain(impatient))
            assert not batch.done()
            await asyncio.to_thread(local.close)
            await raises(OutcomeUnknownError, batch)
            await raises(UnavailableError, database.batch([ONE]))

    async def wait_in_vain(database: "D1Rest") -> None:
        while True:  # D1 runs one batch at a time
            await database.batch([ONE])

    async def raises(kind: type[StoreError], call: Awaitable[object]) -> None:
        with pytest.raises(kind) as caught:
            await call
        assert type(caught.value) is kind

    asyncio.run(end(Services()))


# Without the extra.


@pytest.mark.parametrize(("module", "package"), [("d1_rest", "httpx"), ("r2_s3", "obstore")])
def test_without_its_package_an_adapter_says_what_to_install(module: str, package: str) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; import avro_ocf.adapters.{module}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: ")
    assert done.stderr.endswith(f"is used through {package}: pip install 'avro-ocf[cloudflare]'\n")
