"""The host's side of what runs inside Pyodide."""

import subprocess
import sysconfig
from pathlib import Path

from tests.node import ENVIRONMENT, NODE, npm_ci

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]


def run_script(pyodide: str, script: str, *arguments: str, turns: int = 1) -> str:
    """Run a script of this folder in Pyodide, beside D1 and R2, which has to succeed, and return what it prints."""
    npm_ci(HERE.parent)
    site_packages = sysconfig.get_path("purelib")
    options = (pyodide, REPOSITORY, site_packages, script, turns, *arguments)
    command = [str(part) for part in (NODE, "--experimental-wasm-jspi", HERE / "run.mjs", *options)]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout
