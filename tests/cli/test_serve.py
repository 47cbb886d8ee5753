"""`avro-ocf serve` and `worker token`: a store on this machine, asked by HTTP."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold import HotCold
from tests.cli.commands import ADMIN, COMMAND, LONG_S, Run, ask
from tests.cli.stores import NOTES

pytestmark = pytest.mark.host

SECRET = "a-dataset-secret-of-tests"
ENVIRONMENT = {**os.environ, "AVRO_OCF_ADMIN_TOKEN": ADMIN, "AVRO_OCF_DATASET_SECRET": SECRET}


@contextmanager
def serving(
    folder: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Run `serve` on a free port and give the process, its first line and the port; it is ended by SIGINT, and well."""
    command = [*COMMAND, "serve", "--store", str(folder), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment or ENVIRONMENT) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline().strip()
            assert line.startswith("http://127.0.0.1:"), line + process.stderr.read()
            yield process, line, int(line.removeprefix("http://127.0.0.1:").partition("/")[0])
            process.send_signal(signal.SIGINT)
            assert process.wait(LONG_S) == 0
        finally:
            process.kill()


def test_a_store_is_served(run: Run, store: Path) -> None:
    made = run("worker", "token", "--dataset", "Sapporo", "--expires", "1h", "--json", environment=ENVIRONMENT)
    token = json.loads(made.stdout)["token"]
    with serving(store) as (_, line, port):
        assert "token" not in line
        target = "/read?dataset_id=Sapporo&table=notes&format=json"
        for given in (ADMIN, token):
            response, data = ask(port, "GET", target, token=given)
            assert (response.status, json.loads(data)) == (200, NOTES)
        lines = (b'{"n":%d}\n' % number for number in range(5))
        response, data = ask(
            port, "POST", "/buffer?dataset_id=Sapporo&table=notes&id=u", lines, Content_Type="application/x-ndjson"
        )
        assert (response.status, json.loads(data)["record_count"]) == (201, 5)
        assert ask(port, "POST", "/archive")[0].status == 200
        response, data = ask(port, "GET", target.replace("json", "ndjson"), token=token)
        assert [json.loads(line) for line in data.splitlines()] == [*NOTES, *({"n": number} for number in range(5))]
        response, data = ask(port, "HEAD", target)
        assert (response.status, data) == (200, b"")
        assert ask(port, "GET", target, token="x" * 20)[0].status == 401
        assert ask(port, "GET", "/status", token=token)[0].status == 403
        assert ask(port, "GET", "/../status")[0].status == 404
        assert json.loads(ask(port, "GET", "/status")[1])["cold_records"] > 0


def test_a_token_is_made_where_none_is_set_and_archiving_goes_on_beside(tmp_path: Path) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("AVRO_OCF_")}
    with serving(tmp_path / "new", "--archive-every", "1s", environment=environment) as (process, line, port):
        token = line.partition("/#token=")[2]
        assert len(token) >= 32
        upload = json.dumps({"dataset_id": "d", "table": "t", "records": [{"a": 1}]})
        assert ask(port, "POST", "/buffer", upload, token=token)[0].status == 201
        deadline = time.monotonic() + LONG_S
        while json.loads(ask(port, "GET", "/status", token=token)[1])["cold_records"] != 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert ask(port, "GET", "/read?dataset_id=d&table=t", token=token)[1] == b'{"a":1}\n'
    assert process.stderr is not None
    log = process.stderr.read() if not process.stderr.closed else ""
    assert token not in log


def test_what_cannot_be_served(run: Run, tmp_path: Path) -> None:
    short = {**os.environ, "AVRO_OCF_ADMIN_TOKEN": "short-of-it"}
    done = run("serve", "--store", "s", "--port", "0", code=1, environment=short)
    assert b"the admin token" in done.stderr
    assert b"short-of-it" not in done.stderr
    done = run("serve", "--store", "s", "--port", "0", code=1, environment={**ENVIRONMENT, "AVRO_OCF_DATASET_SECRET": ""})
    assert b"the dataset secret" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--store", "s", "--port", taken.getsockname()[1], code=1)
        assert b"in use" in done.stderr
    (tmp_path / "file").touch()
    run("serve", "--store", "file", code=1)
    for misuse in (
        (),
        ("--store", "s", "--port", "65536"),
        ("--store", "s", "--port", "-1"),
        ("--store", "s", "--archive-every", "0s"),
    ):
        run("serve", *misuse, code=2)


def test_a_token_for_a_dataset(run: Run) -> None:
    words = ("worker", "token", "--dataset", "d", "--expires", "30d")
    assert run(*words, environment=ENVIRONMENT).stdout.startswith(b"v1.ZA.")
    done = run(*words, code=1, environment={**os.environ, "AVRO_OCF_DATASET_SECRET": ""})
    assert b"the dataset secret" in done.stderr
    assert b"dataset_id" in run("worker", "token", "--dataset", "", "--expires", "1d", code=1, environment=ENVIRONMENT).stderr
    for misuse in (("worker",), ("worker", "token"), words[:4], (*words[:5], "soon")):
        run(*misuse, code=2)


def test_status_shows_poison_messages(run: Run, store: Path) -> None:
    with SQLite(store / "hotcold.db") as database:
        assert asyncio.run(HotCold(database, Directory(store / "cold")).quarantine_message("uploads", "m1", b"{", "not JSON"))
    text = run("status", "--store", "store").stdout.decode()
    assert "\npoison_messages      1\n" in text
    title, columns, row = text.splitlines()[-3:]
    assert (title, columns.split(), row.split()) == (
        "poison messages",
        ["id", "queue", "message_id", "byte_count", "reason"],
        ["1", "uploads", "m1", "1", "not", "JSON"],
    )
    assert b"messages       no" in run("doctor", "--store", "store", code=1).stdout
