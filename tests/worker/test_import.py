"""What importing the application takes: little, and nothing that a Worker has not got while it is deployed."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.host

NOT_THERE = {
    "asyncio",
    "socket",
    "ssl",
    "sqlite3",
    "http",
    "urllib",
    "random",
    "secrets",
    "tempfile",
    "subprocess",
    "argparse",
    "email",
}

FOR_LATER = {
    "compiler",
    "files",
    "hotcold.archive",
    "hotcold.build",
    "hotcold.collect",
    "hotcold.compact",
    "hotcold.lines",
    "hotcold.ocf",
    "hotcold.overview",
    "hotcold.reindex",
    "hotcold.reset",
    "hotcold.status",
    "hotcold.verify",
    "reference",
    "resolution.compatibility",
    "schema.defaults",
    "schema.inference",
    "worker.deployment",
    "worker.message_bodies",
    "worker.page",
}
"""What neither an upload nor a read of plain JSON needs; it is imported by what does."""

PROGRAM = """
import os, sys, time

def refuse(*_):
    raise OSError("there is no entropy and no clock")

os.urandom = time.time = time.time_ns = time.monotonic = time.perf_counter = refuse
before = set(sys.modules)
import avro_ocf.worker
print(*(set(sys.modules) - before))
"""


def test_importing_needs_no_entropy_no_clock_and_no_network() -> None:
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    loaded = {module.partition(".")[0] for module in printed.split()}
    assert "avro_ocf" in loaded
    assert not loaded & NOT_THERE


def test_importing_loads_nothing_that_only_maintenance_needs() -> None:
    program = "import sys, avro_ocf.worker.entry; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    loaded = {module.removeprefix("avro_ocf.") for module in printed.split()}
    assert {"worker.entry", "hotcold.ingest", "hotcold.read"} <= loaded
    assert not loaded & FOR_LATER
