"""The benchmarks run, beside every library they name, and the documentation shows what was kept of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import data, docs, kept
from benchmarks.codecs import Effort, Subject, measure_deflate, measure_files
from benchmarks.goals import Goal, Reached, figures, reached
from benchmarks.plots import FIGURES, FOLDER
from benchmarks.workloads import GROUPS, shapes

pytestmark = pytest.mark.host

ROOT = Path(__file__).parents[2]
MOST_SVG_BYTES = 60_000
SHAPES = {workload.name: workload for workload in shapes()}


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_benchmarks_run() -> None:
    printed = run("benchmarks", "--quick")
    peers = "fastavro | cavro | polars, columns | polars, records | avro | fastavro's Python"
    assert f"| decode: times as fast as | {peers} | µs a record |" in printed
    for title in (
        "resolution, beside fastavro",
        "the wheel, codec, kB",
        "MiB to read a large file",
        "read the last block alone, µs",
    ):
        assert f"| {title} |" in printed
    assert "| decode and inflate, of the time to make the same objects | at most 4 | " in printed
    assert "| 40 fields: ms to the first record | at most 5 | " in printed


@pytest.mark.slow
def test_benchmarks_run_in_pyodide() -> None:
    printed = run("benchmarks.pyodide", "--quick", "shapes")
    assert "| decode: times as fast as | avro | fastavro's Python | µs a record |" in printed


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_every_workload_comes_back_also_without_the_larger_set_of_tables(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TABLES_FILE", "TABLES_BEFORE_FILE"):
        monkeypatch.setattr(data, name, Path("none.json"))
    found = list(GROUPS[group]())
    assert found
    for workload in found:
        assert Subject(workload, 50, one_by_one=False).count == 50


@pytest.mark.slow
def test_what_comes_back_as_something_else_is_not_timed() -> None:
    row = measure_files(SHAPES["logical types off"], Effort(5000, 1, 1))
    assert row["not_supported"]["fastavro"] == {"decode": "gives other values than it was given"}
    assert "fastavro" in row["encode"]
    assert "fastavro" not in row["decode"]
    assert row["decode"]["avro_ocf"][1] == row["encode"]["avro_ocf"][1] == 1


@pytest.mark.slow
def test_floors_are_measured_beside() -> None:
    row = measure_deflate(SHAPES["strings"], Effort(5000, 1, 1))
    assert row["encode"].keys() == {"avro_ocf", "zlib", "fastavro", "cavro"}
    assert row["decode"].keys() == {"avro_ocf", "zlib", "objects", "fastavro", "cavro"}


def test_a_goal_asks_for_the_mean_of_all_workloads_and_for_each() -> None:
    rows = {name: {"decode": {"peer": [100.0, ratio]}} for name, ratio in (("a", 2.0), ("b", 8.0))}
    sections = {"one": {"rows": rows}, "two": {"rows": {"c": {"decode": {"peer": [100.0, 3.0]}}, "d": {"decode": {}}}}}
    asked = Goal("", "decode", "peer", ("one", "two"), 3.6)
    found = expect(asked, sections)
    assert found.means == pytest.approx({"one": 4, "two": 3})
    assert found.mean == pytest.approx(48 ** (1 / 3))
    assert (found.worst, found.worst_name, found.is_reached) == (2, "a", True)
    assert not expect(asked._replace(each=2.5), sections).is_reached
    assert not expect(asked._replace(wanted=3.7), sections).is_reached
    floor = {"deflate": {"rows": {"one": {name: {"decode": {"zlib": [1.0, ratio]}} for name, ratio in (("a", 0.5), ("b", 0.125))}}}}
    most = expect(Goal("", "decode", "zlib", ("one",), 4.1, at_most=True), floor)
    assert most.means == pytest.approx({"one": 4})
    assert (most.worst, most.worst_name, most.is_reached) == (8, "b", True)
    assert reached(Goal("", "encode", "peer", ("one",), 1), sections) is None


def test_a_goal_of_one_figure_is_shown_where_it_was_measured() -> None:
    memory = {"read": {"seconds": 5.0, "peak_bytes": 33 << 20}, "scan": {"seconds": 0.1}}
    found = {figure.title: (value, is_reached) for figure, value, is_reached in figures({"memory": {"rows": memory}})}
    assert found == {"MiB to read a large file": (33, False), "finding its blocks, times as fast as reading": (50, True)}


def expect(goal: Goal, sections: dict[str, Any]) -> Reached:
    found = reached(goal, sections)
    assert found is not None
    return found


def test_results_are_kept_as_they_are() -> None:
    result = {"sections": {"a": {"date": "2026-11-26", "rows": {"b": {"x": [1.5, 2]}, "c": {}}}}, "peers": {}}
    text = kept.dumps(result)
    assert json.loads(text) == result
    assert '\n    "b": {"x": [1.5, 2]},\n' in text


def test_the_page_shows_the_kept_results_and_small_figures() -> None:
    text = docs.PAGE.read_text(encoding="utf-8")
    assert docs.page(text) == text, "run python -m benchmarks.docs"
    for file in FIGURES:
        assert f"(images/benchmarks/{file})" in text
        assert (FOLDER / file).stat().st_size < MOST_SVG_BYTES
        assert ET.parse(FOLDER / file).getroot().tag.endswith("svg")
