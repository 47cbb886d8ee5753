"""`python -m benchmarks`: avro_ocf beside other libraries, as Markdown on stdout and as JSON in `benchmarks/results`.

Sections measured again replace those of the kept result; the others stay.
"""

import argparse
import sys
from time import perf_counter, process_time
from typing import Any

from benchmarks.codecs import Effort, chosen, measure_deflate, measure_group
from benchmarks.growth import measure_growth
from benchmarks.kept import RESULTS, facts, machine, save, today
from benchmarks.memory import MIB, measure_memory
from benchmarks.report import report
from benchmarks.startup import measure_startup
from benchmarks.workloads import GROUPS

SECTIONS = (*GROUPS, "deflate", "startup", "memory", "growth")
IN_PYODIDE = sys.platform == "emscripten"
QUICK = Effort(10_000, 1, 1, first=1)

__all__ = ["RESULTS", "machine", "main"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"all, or some of {', '.join(SECTIONS)}")
    parser.add_argument("--only", default="", metavar="TEXT", help="workloads with TEXT in group and name; nothing is written")
    parser.add_argument("--quick", action="store_true", help="few workloads, few records, nothing written")
    size, turns = (25_000, 5) if IN_PYODIDE else (150_000, 7)
    parser.add_argument("--repeats", type=int, default=turns, help=f"turns of the libraries; the median counts ({turns})")
    parser.add_argument("--file-bytes", type=int, default=size, help=f"size of a file without compression ({size})")
    args = parser.parse_args(arguments)
    if unknown := set(args.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(unknown)}")
    effort = QUICK if args.quick else Effort(args.file_bytes, args.repeats, args.repeats if IN_PYODIDE else min(args.repeats, 3))
    result = {**facts(), "sections": {}}
    for section in args.sections or SECTIONS:
        if section == "memory" and IN_PYODIDE:
            continue
        start, start_cpu = perf_counter(), process_time()
        rows = measure(section, effort._replace(only=args.only), quick=args.quick)
        taken = perf_counter() - start
        print(f"{section}: {taken:.0f} s, of the processor {process_time() - start_cpu:.0f} s", file=sys.stderr)
        how = {"date": today(), "seconds": round(taken)}
        if section in {*GROUPS, "deflate"}:
            how |= {"file_bytes": effort.file_bytes, "repeats": effort.repeats}
        result["sections"][section] = {**how, "rows": rows}
    print(report([result]))
    if not args.quick and not args.only:
        save(result)


def measure(section: str, effort: Effort, *, quick: bool) -> dict[str, Any]:
    """Measure one section."""
    if section == "deflate":
        return {
            group: {workload.name: measure_deflate(workload, effort) for workload in chosen(group, effort)}
            for group in ("shapes", "battle")
        }
    if section == "startup":
        return measure_startup(1 if quick else effort.repeats)
    if section == "memory":
        return measure_memory(2 * MIB if quick else 200 * MIB)
    if section == "growth":
        return measure_growth(1000, 10) if quick else measure_growth(100_000 if IN_PYODIDE else 1_000_000, 10_000)
    return measure_group(section, effort)


if __name__ == "__main__":
    main()
