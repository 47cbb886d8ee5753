"""A folder that `worker init` made, as a Worker in workerd on this machine."""

import http.client
import json
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.node import ENVIRONMENT, NODE, npm_ci
from tests.worker.web import Answer

HERE = Path(__file__).parent
LONG_S = 120
BATCH_WAIT_S = 0.2

ADMIN_TOKEN = "an-admin-token-of-this-test"
DATASET_SECRET = "a-dataset-secret-of-this-test"
SECRETS = {"ADMIN_TOKEN": ADMIN_TOKEN, "DATASET_SECRET": DATASET_SECRET}


class Runtime:
    """The Worker of `folder` with its data in `state`; `variables` are added to the folder's own, and secrets."""

    def __init__(self, folder: Path, state: Path, variables: Mapping[str, str]) -> None:
        npm_ci(HERE.parent)
        settings = tomllib.loads((folder / "wrangler.toml").read_text("utf-8"))
        configuration = {
            "source": str(folder / "src"),
            "state": str(state),
            "bindings": {**settings["vars"], **SECRETS, **variables},
            "database": {entry["binding"]: entry["database_id"] for entry in settings["d1_databases"]},
            "bucket": {entry["binding"]: entry["bucket_name"] for entry in settings["r2_buckets"]},
            "producer": {entry["binding"]: entry["queue"] for entry in settings["queues"]["producers"]},
            "consumers": {
                entry["queue"]: {
                    "maxBatchSize": entry.get("max_batch_size", 10),
                    "maxBatchTimeout": BATCH_WAIT_S,
                    "maxRetries": 3,
                    **({"deadLetterQueue": entry["dead_letter_queue"]} if "dead_letter_queue" in entry else {}),
                }
                for entry in settings["queues"]["consumers"]
            },
        }
        self.log_path = state / "log"
        self._log = self.log_path.open("ab")
        self._process = subprocess.Popen(
            [str(NODE), str(HERE / "serve.mjs"), json.dumps(configuration)],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.url = ""
        self._calls = 0
        self._answers: dict[int, dict[str, Any]] = {}

    def start(self) -> None:
        """Wait until it answers requests."""
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.log()

    def close(self) -> None:
        """End the process and its children, as they do by themselves when this one ends."""
        try:
            if self._process.poll() is None:
                self._process.communicate(timeout=LONG_S)
        finally:
            self._process.kill()
            self._process.communicate()
            self._log.close()

    def request(self, method: str, target: str, body: bytes | None = None, *, token: str = ADMIN_TOKEN, kind: str = "") -> Answer:
        """Send a request and return the response."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if kind:
            headers["content-type"] = kind
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=LONG_S)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def begin(self, call: str, **options: Any) -> int:
        """Begin what `serve.mjs` can do, and return the number to wait for."""
        assert self._process.stdin is not None
        self._calls += 1
        self._process.stdin.write(json.dumps({"id": self._calls, "call": call, **options}) + "\n")
        self._process.stdin.flush()
        return self._calls

    def wait(self, number: int) -> Any:
        """Return the answer to a call."""
        assert self._process.stdout is not None
        while number not in self._answers:
            line = self._process.stdout.readline()
            assert line, self.log()
            answer = json.loads(line)
            self._answers[answer["id"]] = answer
        answer = self._answers.pop(number)
        assert "error" not in answer, answer
        return answer["answer"]

    def call(self, call: str, **options: Any) -> Any:
        """Return what a call answers."""
        return self.wait(self.begin(call, **options))

    def kill(self) -> None:
        """Kill workerd, in the middle of whatever it does, and end with it."""
        self.begin("kill")
        self._process.wait(LONG_S)

    def sql(self, sql: str, *params: str) -> list[dict[str, Any]]:
        """Return the rows of one statement, run past the Worker."""
        rows: list[dict[str, Any]] = self.call("sql", binding="BATTLE_INDEX_DB", sql=sql, params=params)
        return rows

    def log(self) -> str:
        """Return what the Worker and its runtime have printed, in earlier processes on the same state as well."""
        return self.log_path.read_text("utf-8", "replace")

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return what the Worker has logged of some kind."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith('{"event": ')]
        return [line for line in lines if line["event"] == event]

    def wait_until(self, is_so: Callable[[], object]) -> None:
        """Return when something is so."""
        deadline = time.monotonic() + LONG_S
        while not is_so():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)


@contextmanager
def running(folder: Path, state: Path, **variables: str) -> Iterator[Runtime]:
    """Run the Worker of `folder`, with more variables."""
    state.mkdir(exist_ok=True)
    runtime = Runtime(folder, state, variables)
    try:
        runtime.start()
        yield runtime
    finally:
        runtime.close()
