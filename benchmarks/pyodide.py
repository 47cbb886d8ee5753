"""`python -m benchmarks.pyodide`: `python -m benchmarks` inside Pyodide, with the same arguments."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.node import ENVIRONMENT, NODE, npm_ci

HERE = Path(__file__).parent
WORKERS = HERE.parent / "tests" / "workers"


def main() -> int:
    npm_ci(WORKERS)
    pyodide = WORKERS / "node_modules" / "pyodide-python314" / "pyodide.mjs"
    options = (HERE / "pyodide.mjs", pyodide, HERE.parent, sysconfig.get_path("purelib"), *sys.argv[1:])
    return subprocess.run([str(part) for part in (NODE, *options)], env=ENVIRONMENT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
