"""The benchmarks run, beside every library they name."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.host
def test_benchmarks_run() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| case | avro_ocf | fastavro | cavro | avro |" in done.stdout
    assert "file deflate decode" in done.stdout
