"""`python -m tests.crash --kills 5000`: kill processes at work on a store for longer than the tests do."""

import argparse
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

from tests.crash.rounds import Report, Rounds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="processes to kill (200)")
    parser.add_argument("--seed", type=int, default=0, help="what is done, and roughly when a kill comes (0)")
    parser.add_argument("--kills-per-store", type=int, default=50, help="after so many the next store is begun (50)")
    args = parser.parse_args()
    total = Report()
    while total.kills < args.kills:
        start = perf_counter()
        seed = args.seed + total.kills
        folder = Path(tempfile.mkdtemp(prefix=f"crash-{seed}-"))  # it stays where a check fails
        report = Rounds(folder, seed).run(min(args.kills_per_store, args.kills - total.kills))
        shutil.rmtree(folder)
        print(f"seed {seed}, {perf_counter() - start:.1f} s: {report}", flush=True)
        total.add(report)
    print(f"in all: {total}")


if __name__ == "__main__":
    main()
