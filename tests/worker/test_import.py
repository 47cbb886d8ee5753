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
    assert "avro_ocf.worker.page" not in printed.split()
