"""An application over a store of a test's own, and what every answer of it must be like."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

from avro_ocf.hotcold import Settings
from avro_ocf.worker import Access, Application, Message, Response, Verdict, issue_token
from avro_ocf.worker.http import Body
from avro_ocf.worker.uploads import UploadLimits
from tests.hotcold.stores import DAY_MS, SMALL, Rig, memory_rig

ADMIN = "an-admin-token-of-tests"
SECRET = "a-dataset-secret-of-tests"
DEAD_LETTERS = "uploads-dead"
LIMITS = UploadLimits(body_bytes=100_000, memory_bytes=1_000_000, unpacked_bytes=1_000_000)

WEATHER = {
    "type": "record",
    "name": "Weather",
    "fields": [
        {"name": "time", "type": "long"},
        {"name": "temp", "type": "double"},
        {"name": "raw", "type": "bytes", "default": ""},
    ],
}


class Answer(NamedTuple):
    """A response with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """What an error tells."""
        return dict(self.json["error"])


class Web:
    """An application; `rig` has its store, `events` what it logged. It runs each request to its end."""

    def __init__(self, rig: Rig, **options: Any) -> None:
        self.rig = rig
        self.events: list[dict[str, Any]] = []
        access = Access(ADMIN, SECRET, clock=rig.clock)
        options = {"limits": LIMITS, "dead_letter_queue": DEAD_LETTERS, **options}
        self.application = Application(rig.store, access, log=lambda line: self.events.append(json.loads(line)), **options)

    def token(self, dataset_id: str, lifetime_ms: int = DAY_MS) -> str:
        """Return a token for one dataset."""
        return issue_token(SECRET, dataset_id, self.rig.clock() + lifetime_ms)

    def call(
        self, method: str, target: str, body: Body = b"", *, token: str | None = ADMIN, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer to a request, which is JSON that names the problem if it is an error."""
        sent = {"Host": "localhost", **({} if token is None else {"Authorization": f"Bearer {token}"}), **(headers or {})}
        answer = self.rig.run(self._call(method, target, sent, body))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        if answer.status >= 400 and method != "HEAD":
            assert answer.headers["content-type"] == "application/json"
            assert {"type", "message"} <= set(answer.error) <= {"type", "message", "record", "path"}
            assert answer.error["message"]
            assert "Traceback" not in answer.error["message"]
        return answer

    async def _call(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> Answer:
        response = await self.application.respond(method, target, headers.items(), body)
        return Answer(response.status, response.headers, await whole(response))

    def post(self, value: object, *, token: str | None = ADMIN, **query: object) -> Answer:
        """Post JSON, or bytes as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.call("POST", f"/buffer?{urlencode(query)}", body, token=token, headers={"Content-Type": "application/json"})

    def read(self, dataset_id: str, table: str, form: str = "json", *, token: str | None = ADMIN, **query: object) -> Answer:
        """Read a dataset."""
        names = {"dataset_id": dataset_id, "table": table, "format": form, **query}
        return self.call("GET", f"/read?{urlencode(names)}", token=token)

    def records(self, dataset_id: str, table: str, **query: object) -> list[Any]:
        """Return the records of a dataset."""
        answer = self.read(dataset_id, table, **query)  # type: ignore[arg-type]
        assert answer.status == 200, answer.body
        return list(answer.json)

    def records_or_none(self, dataset_id: str, table: str) -> list[Any] | None:
        """Return the records of a dataset, None for a table that is not there."""
        return None if self.read(dataset_id, table).status == 404 else self.records(dataset_id, table)

    def consume(self, *messages: Message, queue: str = "uploads") -> list[Verdict]:
        """Return the verdicts on a batch."""
        return self.rig.run(self.application.consume(queue, messages))


async def whole(response: Response) -> bytes:
    """Return the whole body of a response."""
    return response.body if isinstance(response.body, bytes) else b"".join([chunk async for chunk in response.body])


async def in_chunks(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """Yield data as a socket may give it."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


@contextmanager
def memory_web(settings: Settings = SMALL, **options: Any) -> Iterator[Web]:
    """Give an application whose store is all in memory."""
    with memory_rig(settings) as rig:
        yield Web(rig, **options)
