"""Helpers of the command line's tests."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "avro_ocf"]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

ADMIN = "an-admin-token-of-tests"
LONG_S = 60
"""Seconds after which a server or process is taken to hang."""

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def json_lines(data: bytes) -> list[Any]:
    """Return the objects on some lines."""
    return [json.loads(line) for line in data.splitlines()]


def weather_records() -> list[dict[str, Any]]:
    """Return the example's records in order."""
    return json_lines((EXAMPLES / "weather.ndjson").read_bytes())


def in_station_order(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records grouped by station, in order of appearance."""
    stations = list(dict.fromkeys(record["station"] for record in records))
    return sorted(records, key=lambda record: stations.index(record["station"]))


def in_terminal(command: list[str], stream: str = "stdout", code: int = 0) -> str:
    """Return what a command prints to a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    try:
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, **streams)
        os.close(theirs)
        printed = bytearray()
        try:
            while data := os.read(ours, 4096):
                printed += data
        except OSError:  # how Linux tells that the other end is closed
            pass
        assert process.wait(timeout=60) == code
    finally:
        os.close(ours)
    return printed.decode()


def ask(
    port: int, method: str, target: str, body: Any = None, *, token: str = ADMIN, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return the response to a request to a server on this machine, and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONG_S)
    try:
        sent = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, target, body, sent)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()
