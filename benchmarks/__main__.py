"""`python -m benchmarks`: avro_ocf beside other libraries, as Markdown on stdout and as JSON in `benchmarks/results`."""

import argparse
import datetime as dt
import json
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from benchmarks.data import tables
from benchmarks.libraries import LIBRARIES
from benchmarks.measure import CASES, Seconds, generation_seconds, import_seconds, measure_table

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two tables, few records, nothing written")
    parser.add_argument("--records", type=int, default=2000, help="records of each table's file (2000)")
    parser.add_argument("--repeats", type=int, default=7, help="how often each time is taken; the best counts (7)")
    args = parser.parse_args()
    schemas = dict(list(tables().items())[:2] if args.quick else tables())
    count, repeats = (50, 1) if args.quick else (args.records, args.repeats)
    seconds = {name: measure_table(schema, count, repeats) for name, schema in schemas.items()}
    result: dict[str, Any] = {
        "version": version("avro-ocf"),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": machine(),
        "libraries": {name: version(name.replace("_", "-")) for name in LIBRARIES},
        "records": count,
        "import_seconds": import_seconds(2 if args.quick else 20),
        "generation_seconds": {name: generation_seconds(schema) for name, schema in schemas.items()},
        "seconds": seconds,
    }
    print(report(result))
    if not args.quick:
        path = RESULTS / f"{result['version']}.json"
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def machine() -> str:
    """Return the processor's name where Linux tells it, else its kind."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def report(result: dict[str, Any]) -> str:
    """Return the tables of a result as Markdown."""
    seconds: dict[str, Seconds] = result["seconds"]
    generation = max(result["generation_seconds"].values())
    peers = ", ".join(f"{name} {number}" for name, number in result["libraries"].items())
    return "\n".join(
        [
            f"{result['machine']}, Python {result['python']}, {result['date']}; {peers}.",
            f"{len(seconds)} tables of {result['records']} records each.",
            f"`import avro_ocf`: {result['import_seconds'] * 1000:.1f} ms.",
            f"Functions of the slowest schema to compile: {generation * 1000:.1f} ms.",
            "",
            "Time as a multiple of fastavro's, geometric mean of all tables:",
            "",
            *grid("case", list(LIBRARIES), {case: means(seconds, case) for case in CASES}),
            "",
            "avro_ocf's time as a multiple of fastavro's, table by table:",
            "",
            *grid("table", list(CASES), {name: [ratio(row[case], "avro_ocf") for case in CASES] for name, row in seconds.items()}),
        ]
    )


def ratio(times: dict[str, float], library: str) -> float:
    """Return a library's time as a multiple of fastavro's."""
    return times[library] / times["fastavro"]


def means(seconds: dict[str, Seconds], case: str) -> list[float]:
    """Return each library's mean ratio in one case."""
    return [geometric_mean(ratio(row[case], library) for row in seconds.values()) for library in LIBRARIES]


def grid(corner: str, columns: list[str], rows: dict[str, list[float]]) -> list[str]:
    """Return a Markdown table of ratios."""
    lines = [
        [corner, *columns],
        ["---", *("---:" for _ in columns)],
        *([name, *(f"{cell:.2f}" for cell in row)] for name, row in rows.items()),
    ]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
