"""`python -m benchmarks.hotcold`: the hot/cold store on SQLite and a directory, as Markdown on stdout and as JSON in
`benchmarks/results`.

Each job runs in a process of its own: the peak of an archiver's memory is nobody else's.
"""

import argparse
import datetime as dt
import json
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS, machine

KINDS = {"avro": "schema", "json": "JSON"}
"""How a table's columns are headed: one of a table with a schema, one of a table without."""

REPOSITORY = Path(__file__).parents[1]
SIZES = (50, 500, 5_000)
ALL_TABLES = 1_000_000
MILLION = 1_000_000
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hotcold", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few datasets, nothing written")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of datasets (50 500 5000)")
    args = parser.parse_args()
    sizes: list[int] = [2, 5] if args.quick else args.sizes
    table_count, table_datasets = (2, 2) if args.quick else (ALL_TABLES, 20)
    result: dict[str, Any] = {
        "version": version("avro-ocf"),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": machine(),
        "command": " ".join(["python -m benchmarks.hotcold", *sys.argv[1:]]),
        "runs": [measure(kind, size, is_last=size == sizes[-1]) for kind in KINDS for size in sizes],
        "savings": run("savings", table_count, table_datasets),
    }
    print(report(result))
    if not args.quick:
        path = RESULTS / f"hotcold-{result['version']}.json"
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(kind: str, size: int, *, is_last: bool) -> dict[str, Any]:
    """Fill, archive and, for the last size, read a store."""
    with tempfile.TemporaryDirectory() as folder:
        measured = {
            "kind": kind,
            "datasets": size,
            "ingest": job("ingest", folder, kind, size),
            "archive": job("archive", folder),
        }
        if is_last:
            measured["read"] = job("read", folder, size)
    return measured


def run(name: str, *arguments: object) -> Any:
    """Run a job in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return job(name, folder, *arguments)


def job(name: str, folder: str, *arguments: object) -> Any:
    """Run a job in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.hotcold_work", name, folder, *map(str, arguments)]
    return json.loads(subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=True).stdout)


def report(result: dict[str, Any]) -> str:
    """Return the tables of a result as Markdown."""
    runs: list[dict[str, Any]] = result["runs"]
    savings = sorted(result["savings"].values())
    spread = f"{savings[0]:.1%} to {savings[-1]:.1%}, median {statistics.median(savings):.1%}"
    versions = f"Python {result['python']}, SQLite {result['sqlite']}, {result['date']}; avro_ocf {result['version']}"
    return "\n".join(
        [
            f"{result['machine']}, {versions}.",
            "",
            *grid("datasets of 100 records", [f"{run['datasets']:,}, {KINDS[run['kind']]}" for run in runs], archived(runs)),
            "",
            f"Bytes less than JSON, of {len(savings)} tables with a schema, each with objects of its own: {spread}.",
            "",
            *grid(
                "one dataset read", [f"of {run['datasets']:,}, {KINDS[run['kind']]}" for run in runs if "read" in run], reads(runs)
            ),
        ]
    )


def archived(runs: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what is told of each store, by line."""
    lines: dict[str, list[str]] = {}
    for measured in runs:
        ingest, archive = measured["ingest"], measured["archive"]
        per_million = MILLION / archive["record_count"]
        calls: Mapping[str, int] = archive["bucket_calls"]
        cells = {
            "records ingested per second": f"{ingest['record_count'] / ingest['seconds']:,.0f}",
            "records ingested per second of the processor": f"{ingest['record_count'] / ingest['cpu_seconds']:,.0f}",
            "records archived per second": f"{archive['record_count'] / archive['seconds']:,.0f}",
            "records archived per second of the processor": f"{archive['record_count'] / archive['cpu_seconds']:,.0f}",
            "archiver's peak of memory, MiB": f"{archive['peak_bytes'] / MIB:.1f}",
            "objects": f"{archive['file_count']:,}",
            "bytes less than JSON": f"{1 - archive['file_bytes'] / ingest['json_bytes']:.1%}",
            "rows written per million records, ingest": f"{sum(ingest['rows_written'].values()) * per_million:,.0f}",
            "rows written per million records, archive": f"{sum(archive['rows_written'].values()) * per_million:,.0f}",
            **{f"{name} per million records": f"{count * per_million:,.0f}" for name, count in calls.items()},
        }
        for name, cell in cells.items():
            lines.setdefault(name, []).append(cell)
    return lines


def reads(runs: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what is told of reading one dataset, by line."""
    found = [measured["read"] for measured in runs if "read" in measured]
    return {
        "requests": [f"{read['requests']:,.0f}" for read in found],
        "bytes fetched": [f"{read['bytes']:,.0f}" for read in found],
        "records": [f"{read['record_count']:,}" for read in found],
        "ms": [f"{read['seconds'] * 1000:.1f}" for read in found],
        "its whole file: bytes": [f"{read['file_bytes']:,.0f}" for read in found],
        "its whole file: records": [f"{read['file_records']:,}" for read in found],
        "its whole file: ms": [f"{read['file_seconds'] * 1000:,.1f}" for read in found],
    }


def grid(corner: str, columns: list[str], rows: Mapping[str, list[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [[corner, *columns], ["---", *("---:" for _ in columns)], *([name, *cells] for name, cells in rows.items())]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
