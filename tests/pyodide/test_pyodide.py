"""The core tests run in Pyodide: CPython on WebAssembly, where `sys.maxsize` is 2**31 - 1 and nothing but pure Python loads."""

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.node import ENVIRONMENT, NODE, npm_ci

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
FEWEST_TESTS = 1500
"""A run that collects fewer has lost some of the core's tests on the way."""


@pytest.mark.host
@pytest.mark.slow
def test_core_tests_pass_in_pyodide() -> None:
    npm_ci(HERE)
    site_packages = sysconfig.get_path("purelib")
    # The oracle is no part of what runs in a Worker, and its tests draw many thousands of cases.
    arguments = ["-m", "not host", "--hypothesis-profile=quick", "-q", "tests", "--ignore=tests/oracle"]
    command = [str(part) for part in (NODE, HERE / "run.mjs", REPOSITORY, site_packages, *arguments)]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "sys.maxsize 2147483647" in done.stdout
    summary = done.stdout.splitlines()[-1]
    passed = re.search(r"(\d+) passed", summary)
    assert passed, done.stdout
    assert int(passed[1]) >= FEWEST_TESTS, summary
    assert "failed" not in summary, done.stdout
    assert "error" not in summary, done.stdout
