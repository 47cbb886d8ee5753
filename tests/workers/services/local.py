"""D1's REST API and R2's S3 API on this machine, for code outside Workers: one process of node for each process of tests."""

import atexit
import functools
import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from avro_ocf.adapters.d1_rest import D1Rest
from avro_ocf.adapters.r2_s3 import R2S3
from tests.node import ENVIRONMENT, NODE, npm_ci

HERE = Path(__file__).parent
ACCOUNT, DATABASE, BUCKET = "account", "database", "bucket"
TOKEN, ACCESS_KEY_ID, SECRET = "a-token-of-this-test", "an-access-key-of-this-test", "a-secret-of-this-test"


class Services:
    """A D1 database and an R2 bucket behind HTTP, which end with the process or by `close`."""

    def __init__(self) -> None:
        npm_ci(HERE.parent)
        command = [str(NODE), "serve.mjs", TOKEN, ACCESS_KEY_ID, SECRET]
        self.process = subprocess.Popen(
            command, cwd=HERE, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    def close(self) -> None:
        """End the process, as it does by itself when this one ends."""
        self.process.communicate()

    def d1(
        self, account_id: str = ACCOUNT, database_id: str = DATABASE, api_token: str = TOKEN, url: str = "", **options: Any
    ) -> D1Rest:
        """Return an adapter to the database, or to what is none; `url` is that of a relay."""
        return D1Rest(account_id, database_id, api_token, **{"base_url": f"{url or self.url}/client/v4", **options})

    def r2(self, bucket: str = BUCKET, access_key_id: str = ACCESS_KEY_ID, secret: str = SECRET, url: str = "") -> R2S3:
        """Return an adapter to the bucket, or to what is none; `url` is that of a relay."""
        return R2S3(ACCOUNT, bucket, access_key_id, secret, endpoint=f"{url or self.url}/cdn-cgi/local/r2/s3")

    def empty(self) -> None:
        """Drop all tables and delete all objects."""
        self._post("empty", b"")

    def fill(self, keys: list[str], content: str = "x") -> None:
        """Put an object under each of `keys`, which may be such as obstore has none."""
        self._post("fill", json.dumps([content, *keys]).encode())

    def _post(self, path: str, body: bytes) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{path}", body, method="POST")) as answer:
            assert answer.status == 200


@functools.cache
def services() -> Services:
    """Return the services of this process, which start with the first call."""
    started = Services()
    atexit.register(started.close)
    return started


def empty_services() -> Services:
    """Return the services, empty."""
    found = services()
    found.empty()
    return found
