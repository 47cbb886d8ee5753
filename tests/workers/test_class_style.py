"""Today's style of handlers, which workerd cannot run offline: in Pyodide, with Cloudflare's SDK, over D1 and R2 of workerd."""

import pytest

from tests.workers.pyodide.node import run_script

pytestmark = [pytest.mark.host, pytest.mark.slow]


@pytest.mark.parametrize(
    ("pyodide", "python", "shape"),
    [("pyodide-python313", "3.13", "raw"), ("pyodide-python314", "3.14", "sdk")],
    ids=["3.13", "3.14"],
)
def test_the_handlers_do_as_they_should(pyodide: str, python: str, shape: str) -> None:
    *_, last = run_script(pyodide, "../runtime/class_style.py", shape).splitlines()
    assert last.startswith(f"Python {python}.")
    assert last.endswith(f"on emscripten, bindings {shape}: 8 checks passed")
