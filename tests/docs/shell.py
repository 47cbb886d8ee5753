"""What the guide to Cloudflare is run with: one shell for all of its commands, and the Worker that `npx wrangler dev` runs."""

import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.node import NODE, npm_ci

NODE_FOLDER = Path(__file__).parents[1] / "workers"
WRANGLER = NODE_FOLDER / "node_modules" / "wrangler" / "wrangler-dist" / "cli.js"
END = "--- that was all of it:"
LONG_S = 120
READY = re.compile(r"Ready on (http://\S+)")


def shell_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which `npx wrangler` is the one that is installed here, and where no account is known."""
    npm_ci(NODE_FOLDER)
    scripts = folder / "bin"
    scripts.mkdir()
    npx = scripts / "npx"
    npx.write_text(f'#!/bin/sh\nshift\nexec "{NODE}" --no-warnings "{WRANGLER}" "$@"\n')
    npx.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDFLARE_", "CF_", "WRANGLER_"))}
    path = os.pathsep.join([str(scripts), sysconfig.get_path("scripts"), os.environ["PATH"]])
    ours = {"PATH": path, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "NODE_COMPILE_CACHE": str(folder / "compiled")}
    return {**kept, **ours, "WRANGLER_SEND_METRICS": "false", "NO_COLOR": "1", "CI": "1", "COLUMNS": "132"}


class Shell:
    """A bash in a folder, which keeps variables and its folder from one command to the next."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, command: str) -> tuple[int, str]:
        """Return the exit code of a command, and what it prints to stdout and stderr."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{{ {command}\n}} </dev/null; printf '\\n{END}%s\\n' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        while not (line := self._process.stdout.readline()).startswith(END):
            assert line, "".join(lines)
            lines.append(line)
        return int(line.removeprefix(END)), "".join(lines).removesuffix("\n")


@contextmanager
def wrangler_dev(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run `npx wrangler dev` on a free port and give the URL; it is ended with all the processes that it has started."""
    log = folder.parent / "dev.log"
    options = ["--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["npx", "wrangler", "dev", *options],
            executable=Path(environment["PATH"].partition(os.pathsep)[0]) / "npx",
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + LONG_S
        while not (ready := READY.search(log.read_text("utf-8"))):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)
        yield ready[1]
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and those below it, and wait for their files to be closed."""
    kind = signal.SIGTERM
    deadline = time.monotonic() + 10
    try:
        while True:
            os.killpg(process.pid, kind)
            process.poll()
            time.sleep(0.1)
            kind = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
    except ProcessLookupError:
        process.wait()
