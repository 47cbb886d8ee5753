"""The benchmark of the hot/cold store runs, and an archiver's memory is bounded however much there is to archive."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.hotcold import KINDS, MIB, job

pytestmark = [pytest.mark.host, pytest.mark.slow]

MOST_BYTES = 64 * MIB
"""What an archiver may need above what an open store does: with that and Python itself, half of a Cloudflare Worker's 128 MB."""


def test_benchmarks_run() -> None:
    command = [sys.executable, "-m", "benchmarks.hotcold", "--quick"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| datasets of 100 records | 2, schema | 5, schema | 2, JSON | 5, JSON |" in done.stdout
    assert "| rows written per million records, archive |" in done.stdout
    assert "| requests | 1 | 1 |" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="asks Linux for the peak of one operation")
@pytest.mark.parametrize(("kind", "datasets"), [("avro", 500), ("json", 250)])
def test_an_archiver_takes_a_bounded_amount_of_memory(tmp_path: Path, kind: str, datasets: int) -> None:
    assert kind in KINDS
    filled = job("ingest", str(tmp_path), kind, datasets)
    archived = job("archive", str(tmp_path))
    assert archived["record_count"] == filled["record_count"] == 100 * datasets
    assert archived["file_count"] > 1  # so that it was the bound on a file that kept it small
    assert archived["peak_bytes"] <= MOST_BYTES
    assert archived["file_bytes"] <= 0.35 * filled["json_bytes"]
