"""Each message in the troubleshooting of the guide to Cloudflare is what the code says when that happens."""

import asyncio
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest

from avro_ocf.adapters.d1 import error_of
from avro_ocf.adapters.d1_rest import D1Rest
from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.r2 import _error_of as r2_error_of
from avro_ocf.adapters.r2_s3 import R2S3
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.cli.program import main
from avro_ocf.errors import AvroError, OutcomeUnknownError, UnavailableError
from avro_ocf.hotcold import HotCold, Statement
from avro_ocf.hotcold.migrations import VERSION
from avro_ocf.worker import Access, issue_token
from avro_ocf.worker.application import DEFAULT_LIMITS
from avro_ocf.worker.entry import _application
from avro_ocf.worker.failures import http_error
from avro_ocf.worker.http import HttpError, Request, read_body
from avro_ocf.worker.uploads import _check_memory
from tests.docs.test_pages import GUIDE

pytestmark = [pytest.mark.host, pytest.mark.slow]

ADMIN, SECRET = "an-admin-token-of-this-test", "a-dataset-secret-of-this-test"
DATABASE, KEY = "BATTLE_INDEX_DB", "battle/2026-11-0.avro"
OVERLOADED = "D1_ERROR: D1 DB is overloaded. Too many requests queued."


def message_of(fails: Callable[[], object]) -> str:
    with pytest.raises((AvroError, HttpError)) as caught:
        fails()
    return str(caught.value)


def message_of_async(fails: Callable[[], Awaitable[object]]) -> str:
    async def run() -> None:
        await fails()

    return message_of(lambda: asyncio.run(run()))


def worker(monkeypatch: pytest.MonkeyPatch, **env: Any) -> str:
    """Return why a Worker with these bindings, variables and secrets is not set up."""
    pyodide: Any = ModuleType("pyodide")
    pyodide.ffi = SimpleNamespace(JsProxy=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "pyodide", pyodide)
    monkeypatch.setitem(sys.modules, "pyodide.ffi", pyodide.ffi)
    return message_of(lambda: _application(SimpleNamespace(**env)))


def refusal(token: str | None, check: str = "") -> str:
    """Return why a token is not enough, for everything or for dataset user-1."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}

    def use() -> None:
        grant = Access(ADMIN, SECRET).grant(headers)
        grant.check_dataset("user-1") if check == "dataset" else grant.check_admin()

    return message_of(use)


async def archived(folder: Path) -> tuple[HotCold, Path]:
    """Return a store with one object, and where that is."""
    store = HotCold(SQLite(folder / "hotcold.db"), Directory(folder / "cold"))
    await store.ingest("user-1", "battle", [{"hp": number} for number in range(100)])
    await store.archive()
    (path,) = (folder / "cold").glob("battle/*.avro")
    return store, path


def damaged(folder: Path, damage: Callable[[Path], object]) -> str:
    """Return what a read says of an object that something has happened to."""

    async def read() -> None:
        store, path = await archived(folder)
        damage(path)
        assert [record async for record in store.read("user-1", "battle")] == []

    return message_of_async(read)


def flipped(path: Path, from_end: int) -> None:
    data = bytearray(path.read_bytes())
    data[-from_end] ^= 1
    path.write_bytes(data)


def of_newer_version(folder: Path) -> str:
    async def run() -> None:
        database = SQLite(folder / "hotcold.db")
        store = HotCold(database, Directory(folder / "cold"))
        await store.status()
        await database.batch([Statement("UPDATE schema_version SET version = version + 1")])
        await HotCold(database, Directory(folder / "cold")).status()

    return message_of_async(run)


def of_verify(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    _, path = asyncio.run(archived(folder))
    shutil.copy(path, folder / "battle.avro")
    flipped(folder / "battle.avro", 1)
    monkeypatch.chdir(folder)
    assert main(["verify", "battle.avro"]) == 1
    return capsys.readouterr().err.removeprefix("avro-ocf: ").rstrip("\n")


def of_d1_rest(status: int) -> str:
    answer = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, json=answer)))
    return message_of_async(lambda: D1Rest("0123", "4567", "a-token", client=client).batch([Statement("SELECT 1")]))


def of_r2_s3(status: int, code: str) -> str:
    bucket = R2S3("0123", "battle-data", "a-key", "a-secret")
    error = OSError(f"Generic S3 error: Server returned error with status code: {status}: <Error><Code>{code}</Code></Error>")
    return str(bucket._error_of(f"battle-data/{KEY}", error, is_write=True))


def test_each_message_is_one_that_the_code_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = iter(tmp_path / str(number) for number in range(10))

    def folder() -> Path:
        made = next(folders)
        made.mkdir()
        return made

    proxy = SimpleNamespace(batch=None, head=None)
    bound = {DATABASE: proxy, "BATTLE_DATA_BUCKET": proxy}
    body = b"[" + b"0," * 2_300_000 + b"0]"
    given = [
        worker(monkeypatch),
        worker(monkeypatch, **{DATABASE: proxy}),
        worker(monkeypatch, **bound),
        worker(monkeypatch, **bound, ADMIN_TOKEN=ADMIN, DATASET_SECRET=ADMIN),
        worker(monkeypatch, **bound, ADMIN_TOKEN=ADMIN, RETENTION_DAYS="a month"),
        of_newer_version(folder()),
        str(r2_error_of(f"BATTLE_DATA_BUCKET/{KEY}", "put: The specified bucket does not exist. (10006)", is_write=True)),
        of_r2_s3(404, "NoSuchBucket"),
        damaged(folder(), Path.unlink),
        damaged(folder(), lambda path: flipped(path, 20)),
        of_verify(folder(), monkeypatch, capsys),
        message_of_async(
            lambda: read_body(Request("POST", "/buffer", {}, {"content-length": "20000000"}), DEFAULT_LIMITS.body_bytes)
        ),
        message_of(lambda: _check_memory(body, DEFAULT_LIMITS.memory_bytes)),
        str(error_of(DATABASE, OVERLOADED)),
        str(http_error(UnavailableError(OVERLOADED), tells_all=False)),
        str(error_of(DATABASE, "D1_ERROR: Exceeded maximum DB size")),
        str(error_of(DATABASE, "D1_ERROR: Too many API requests by single Worker invocation.")),
        str(http_error(OutcomeUnknownError("Network connection lost"), tells_all=True)),
        str(error_of(DATABASE, "D1_ERROR: Network connection lost.")),
        refusal(None),
        refusal("another-token"),
        refusal(issue_token(SECRET, "user-1", 1)),
        refusal(issue_token(SECRET, "user-1", 10**15)),
        refusal(issue_token(SECRET, "user-2", 10**15), "dataset"),
        of_d1_rest(403),
        of_r2_s3(403, "AccessDenied"),
    ]
    for message, said in zip(messages_in_the_guide(), given, strict=True):
        wanted = ".*".join(map(re.escape, message.split("...")))
        assert re.fullmatch(wanted, said), f"{message}\n{said}"
    assert f"works up to {VERSION}" in GUIDE.read_text("utf-8")


def messages_in_the_guide() -> list[str]:
    table = GUIDE.read_text("utf-8").partition("| it says |")[2].partition("\n\n")[0]
    return [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
