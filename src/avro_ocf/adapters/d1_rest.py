"""A `Database` over D1's REST API, for code outside Workers.

D1 runs a batch as one transaction. A request is sent once, whatever becomes of it: the API has no way to tell a repeated one.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

from avro_ocf.adapters.d1 import error_of
from avro_ocf.adapters.limits import check_statements
from avro_ocf.errors import OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import Row, Statement

try:
    import httpx
except ImportError as missing:
    raise ImportError("D1's REST API is used through httpx: pip install 'avro-ocf[cloudflare]'") from missing

BASE_URL: Final = "https://api.cloudflare.com/client/v4"

ANSWER_BYTES: Final = 128 * 1024 * 1024
"""Bytes of the largest answer that is read."""

CONNECT_MS: Final = 10_000
"""Milliseconds to wait for a connection at most."""

# A token is a secret, so it goes out over TLS, or to this machine.
_URL: Final = re.compile(r"(https://[\w.-]+|http://(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?(/[\w./-]*)?", re.ASCII)

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_TOKEN_CODES: Final = (6003, 7403, 9109, 10000)
"""What the API says of a token that is no token, is not valid, or may not do this, whatever the HTTP status."""

_SCALARS: Final = (str, int, float, type(None))


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _errors_in(answer: Any) -> tuple[list[object], str]:
    """Return the codes and the joined messages of an answer's `errors`, as far as there are such."""
    found = answer.get("errors") if isinstance(answer, dict) else None
    errors = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    message = " ".join("; ".join(str(one["message"]) for one in errors if one.get("message")).split())
    if len(message) > 500:  # a token of SQL, or a gateway's page; SQLite's code stands at the end
        message = f"{message[:350]} ... {message[-150:]}"
    return [one.get("code") for one in errors], message


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _rows(result: Any) -> list[Row]:
    """Return the rows of one statement. Raises `TypeError`, `KeyError` or `ValueError` for what is none."""
    columns, rows = result["results"]["columns"], result["results"]["rows"]
    if result["success"] is not True or not all(isinstance(name, str) for name in columns):
        raise ValueError("a statement has neither failed nor succeeded")
    if not all(isinstance(value, _SCALARS) for row in rows for value in row):
        raise ValueError("a value is none of SQL's")
    return [dict(zip(columns, row, strict=True)) for row in rows]


class D1Rest:
    """A `Database` over the REST API of a D1 database; `api_token` needs the permission D1 Edit for the account.

    An answer is waited for `timeout_ms` milliseconds; D1 gives a batch 30 seconds. `client` is used if given, and left open; else
    one is made with the first batch, for the event loop of that, and closed by `aclose` or at the end of an `async with` block.
    Raises `StoreError` for a `base_url` that is none, or would have the token sent in the clear to another machine.
    """

    def __init__(
        self,
        account_id: str,
        database_id: str,
        api_token: str,
        *,
        base_url: str = BASE_URL,
        client: httpx.AsyncClient | None = None,
        timeout_ms: int = 60_000,
    ) -> None:
        try:
            is_url = _URL.fullmatch(base_url) and urlsplit(base_url).port != 0 and httpx.URL(base_url).host
        except (ValueError, httpx.InvalidURL):  # a port or a name of a host that none can be
            is_url = None
        if not is_url:
            raise StoreError(f"{base_url!r} is no https URL")
        if not (account_id and database_id and re.fullmatch("[!-~]+", api_token)):
            raise StoreError("D1 needs the id of an account, the id of a database and an API token")
        path = f"accounts/{quote(account_id, safe='')}/d1/database/{quote(database_id, safe='')}/raw"
        self._url = f"{base_url.rstrip('/')}/{path}"
        self._account_id = account_id
        self._place = f"D1 database {database_id}"
        self._headers = {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"}
        self._timeout_s = timeout_ms / 1000
        connect_s = min(timeout_ms, CONNECT_MS) / 1000
        self._timeout = httpx.Timeout(None, connect=connect_s, pool=connect_s)
        self._client = client
        self._own_client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client that was made here; a later batch makes another."""
        client, self._own_client = self._own_client, None
        if client is not None:
            await client.aclose()

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run `statements` as one transaction and return each one's rows, as `Database.batch` says.

        When the task is cancelled the batch may still be run. Besides the port's errors raises `StoreError` for wrong SQL, for what
        is past a limit of D1, for a token that is not accepted and where there is no such database, `DamagedError`, and `TypeError`
        for a parameter that is no text. An answer that cannot be read is an `OutcomeUnknownError`, as a lost one is.
        """
        statements = tuple(statements)
        check_statements(self._place, statements)
        if not statements:
            return []
        body = json.dumps({"batch": [{"sql": sql, "params": params} for sql, params in statements]}, ensure_ascii=False)
        client = self._client or self._own_client
        if client is None:
            client = self._own_client = httpx.AsyncClient()
        with self._errors():
            async with asyncio.timeout(self._timeout_s):
                response, content = await self._post(client, body.encode())
        try:
            answer = json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError):
            answer = None
        if response.status_code != httpx.codes.OK or not isinstance(answer, dict) or answer.get("success") is not True:
            raise self._error_of(response, answer)
        try:
            results = [_rows(result) for result in answer["result"]]
            if len(results) != len(statements):
                raise ValueError(f"{len(results)} results for {len(statements)} statements")
        except (TypeError, KeyError, ValueError) as error:
            raise self._unknown(f"the answer is not as D1's are ({type(error).__name__}: {error})") from None
        return results

    async def _post(self, client: httpx.AsyncClient, body: bytes) -> tuple[httpx.Response, bytes]:
        request = client.build_request("POST", self._url, headers=self._headers, content=body, timeout=self._timeout)
        response = await client.send(request, stream=True, follow_redirects=False)
        content = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > ANSWER_BYTES:
                    raise self._unknown(f"the answer has more than {ANSWER_BYTES:,} bytes")
        finally:
            await response.aclose()
        return response, bytes(content)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except _NEVER_SENT as error:
            raise UnavailableError(f"{self._place}: it cannot be reached: {_told(error)}") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._unknown(f"the answer is lost: {_told(error)}") from error

    def _unknown(self, message: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(f"{self._place}: {message}; whether the batch is stored shows when it is read")

    def _error_of(self, response: httpx.Response, answer: Any) -> StoreError:
        """Return what an answer means to the store that tells no results."""
        status = response.status_code
        codes, message = _errors_in(answer)
        told = f"{self._place}: HTTP status {status}" + f": {message}" * bool(message)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            seconds = response.headers.get("Retry-After", "")
            wait = f"wait {seconds} seconds" if re.fullmatch("[0-9]{1,6}", seconds) else "wait five minutes"
            return UnavailableError(f"{told}; too many requests: {wait}")
        if status in {401, 403} or any(code in _TOKEN_CODES for code in codes):
            return StoreError(f"{told}; check that the API token is valid and has D1 Edit for account {self._account_id}")
        if status == httpx.codes.NOT_FOUND:
            return StoreError(f"{told}; check that account {self._account_id} has a database of this id")
        if message and (status in {200, 400} or status >= 500):
            return error_of(self._place, message)
        if 400 <= status < 500 and status not in {408, 499}:  # these two tell of a request that was lost on its way
            return StoreError(told)
        return self._unknown(f"HTTP status {status}, and no answer of D1's")
