"""Threads that share what this library makes, on this interpreter and on one without a global lock where there is one."""

import glob
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from avro_ocf.files import filler, reader
from tests.files.sharing import CHECKS

REPOSITORY = Path(__file__).parents[2]
WITHOUT_GLOBAL_LOCK = [
    python
    for python in (
        *(shutil.which(f"python3.{minor}t") for minor in (14, 13)),
        *glob.glob(os.path.expanduser("~/.pyenv/versions/3.*t/bin/python")),
    )
    if python
]

pytestmark = pytest.mark.host  # there are no threads in Pyodide


@pytest.mark.parametrize("has_global_lock", [True, False])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_sharing(check: Callable[[], None], has_global_lock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_global_lock:
        for module in (reader, filler):
            monkeypatch.setattr(module, "has_global_lock", lambda: False)
    check()


@pytest.mark.skipif(not WITHOUT_GLOBAL_LOCK, reason="no free-threaded interpreter is installed")
def test_sharing_without_a_global_lock() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "src"), str(REPOSITORY))), "PYTHON_GIL": "0"}
    command = [WITHOUT_GLOBAL_LOCK[0], "-m", "tests.files.sharing"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [check.__name__ for check in CHECKS]
