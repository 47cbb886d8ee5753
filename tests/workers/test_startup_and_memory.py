"""What a Worker's start and the store's work take in Pyodide, over D1 and R2."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.workers.pyodide.node import run_script

pytestmark = [pytest.mark.host, pytest.mark.slow]

MIB = 2**20
ARCHIVE_BYTES = 32 * MIB
READ_BYTES = 8 * MIB
UPLOAD_BYTES = 64 * MIB

SOURCE_BYTES = {"avro_ocf": 115_000, "worker": 340_000}
"""Bytes of source that importing may compile, which is most of its time: on an idle machine 100,000 take some 55 ms in all."""


@pytest.fixture(scope="module")
def figures() -> list[dict[str, Any]]:
    output = run_script("pyodide-python314", "measurements.py", turns=3)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_importing_needs_no_clock_no_entropy_and_no_files(figures: list[dict[str, Any]]) -> None:
    [imported] = [each for each in figures if "modules" in each]
    assert imported["modules"] > 80
    assert imported["used"] == imported["held"] == []


def test_importing_compiles_little(figures: list[dict[str, Any]], tell: Callable[[str], None]) -> None:
    tell("\n".join(map(json.dumps, figures)))
    compiled = {each["imported"]: each["source_bytes"] for each in figures if "imported" in each}
    assert compiled.keys() == SOURCE_BYTES.keys()
    assert all(10_000 < compiled[name] <= most for name, most in SOURCE_BYTES.items()), compiled


def test_memory_is_bounded(figures: list[dict[str, Any]]) -> None:
    archived = {each["archived"]: each for each in figures if "archived" in each}
    assert {table: each["datasets"] for table, each in archived.items()} == {"battle": 500, "json": 500}
    for each in archived.values():
        assert each["raw_bytes"] > 8 * MIB, "less than one object is full"
        assert each["grown_bytes"] <= ARCHIVE_BYTES
    [read] = [each for each in figures if "read" in each]
    assert read["read"] == 1_000
    assert read["grown_bytes"] <= READ_BYTES
    [uploaded] = [each for each in figures if "uploaded_bytes" in each]
    assert uploaded["uploaded_bytes"] > 3.9 * MIB
    assert uploaded["grown_bytes"] <= UPLOAD_BYTES
