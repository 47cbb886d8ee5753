"""Run schedules from the command line: `python -m tests.hotcold.simulation`, from the repository's root.

--schedules 1000000 --processes 2   a million, from seed 0 or from --seed on, until one shows a violation
--seed N                            that one, with its trace
--case TEXT                         one of the enumeration, as a violation names it
--canary NAME                       with the store weakened; alone, until the first violation
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pool

from tests.hotcold.simulation.bases import Base, prepared_bases
from tests.hotcold.simulation.canaries import CANARIES, weakened
from tests.hotcold.simulation.cases import Case, run_case
from tests.hotcold.simulation.scheduler import ViolationError
from tests.hotcold.simulation.schedules import run_seed

CHUNK = 1_000
"""Schedules that one process runs before it tells."""

MANY = 10_000
"""Schedules that are run where nothing else is said."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, and return 1 if there was a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.hotcold.simulation", description="Run schedules of a simulated store.")
    parser.add_argument("--seed", type=int, metavar="N", help="the first seed; the only one, unless --schedules is given")
    parser.add_argument("--schedules", type=int, metavar="N", help=f"how many, {MANY:,} by default")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="at the same time")
    parser.add_argument("--case", metavar="TEXT", help="one schedule of the enumeration")
    parser.add_argument("--canary", choices=sorted(CANARIES), metavar="NAME", help=f"weaken the store: {', '.join(CANARIES)}")
    options = parser.parse_args(arguments)
    if options.case is not None:
        return run_one(options.case, None, options.canary)
    if options.seed is not None and options.schedules is None:
        return run_one(None, options.seed, options.canary)
    first, count = options.seed or 0, options.schedules or MANY
    return run_many(first, count, options.processes, options.canary)


@contextmanager
def bases_for(canary: str | None) -> Iterator[dict[str, Base]]:
    """Give the prepared worlds, and then weaken the store."""
    with prepared_bases() as bases, weakened(canary):
        yield bases


def run_one(case: str | None, seed: int | None, canary: str | None) -> int:
    """Run one schedule and print its trace."""
    with bases_for(canary) as bases:
        try:
            if case is not None:
                run_case(bases, Case.parse(case))
            elif seed is not None:
                print(run_seed(bases, seed).scheduler.told())
        except ViolationError as violation:
            print(violation)
            return 1
    print("no violation")
    return 0


def run_many(first: int, count: int, processes: int, canary: str | None) -> int:
    """Run many schedules, and stop at the first violation."""
    starts = range(first, first + count, CHUNK)
    chunks = [(start, min(start + CHUNK, first + count)) for start in starts]
    done = 0
    with Pool(processes) as pool:
        for seeds, violation in pool.imap(partial(run_chunk, canary=canary), chunks):
            if violation:
                print(violation)
                print(f"a violation in schedule {done + seeds:,}")
                return 1
            done += seeds
            print(f"{done:,} schedules", file=sys.stderr, flush=True)
    print(f"{done:,} schedules, no violation")
    return 0


def run_chunk(seeds: tuple[int, int], canary: str | None) -> tuple[int, str]:
    """Run the schedules of some seeds, and return how many until the first violation, and that one's text or none."""
    with bases_for(canary) as bases:
        for count, seed in enumerate(range(*seeds), 1):
            try:
                run_seed(bases, seed)
            except ViolationError as violation:
                return count, str(violation)
    return seeds[1] - seeds[0], ""


if __name__ == "__main__":
    sys.exit(main())
