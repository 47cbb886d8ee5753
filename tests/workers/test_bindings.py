"""`D1` and `R2` over workerd's own D1 and R2, inside Pyodide: the contracts, the store's machines, and what goes wrong.

Each is run over bare bindings and over those of the Workers SDK. Python 3.12 is that of workerd, where the Worker is tested.
"""

import re

import pytest

from tests.workers.pyodide.node import run_script

pytestmark = [pytest.mark.host, pytest.mark.slow]

SUITES = ("contracts.py", "failures.py", "transparency.py")
FEWEST_TESTS = 400
"""A run that collects fewer has lost some on the way."""


@pytest.mark.parametrize(("pyodide", "python"), [("pyodide-python313", "3.13"), ("pyodide-python314", "3.14")])
def test_the_adapters_work_in_pyodide(pyodide: str, python: str) -> None:
    arguments = ["--hypothesis-profile=quick", "-q", *(f"tests/workers/pyodide/{suite}" for suite in SUITES)]
    output = run_script(pyodide, "run_pytest.py", *arguments)
    assert re.search(rf"^Python {python}\.\d+ on emscripten$", output, re.MULTILINE), output
    passed = re.search(r"^(\d+) passed in [^,]*$", output, re.MULTILINE)
    assert passed, output
    assert int(passed[1]) >= FEWEST_TESTS, output
