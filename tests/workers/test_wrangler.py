"""`wrangler` takes what `worker init` writes: it bundles all of it, applies its migrations, and runs it."""

import asyncio
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold.migrate import migrate
from avro_ocf.worker.deployment import Names, create
from tests.cli.test_worker import schema_of
from tests.node import ENVIRONMENT, NODE, npm_ci
from tests.workers.runtime.local import ADMIN_TOKEN, LONG_S, SECRETS

pytestmark = [pytest.mark.host, pytest.mark.slow]

WORKERS = Path(__file__).parent
WRANGLER = WORKERS / "node_modules" / "wrangler" / "wrangler-dist" / "cli.js"


@contextmanager
def wrangler(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `wrangler` in a folder, with a home of its own, and end whatever is left of it."""
    npm_ci(WORKERS)
    home = str(folder.parent / "home")
    own = {"HOME": home, "XDG_CONFIG_HOME": home, "WRANGLER_LOG_PATH": home, "WRANGLER_SEND_METRICS": "false", "CI": "1"}
    with subprocess.Popen(
        [str(NODE), "--no-warnings", str(WRANGLER), *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # interrupted, it would leave its children


def output_of(folder: Path, *arguments: str) -> str:
    with wrangler(folder, *arguments) as process:
        output, _ = process.communicate(timeout=LONG_S)
    assert process.returncode == 0, output
    return output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give what `worker init` writes, with secrets."""
    made = tmp_path / "battles"
    create(made, Names())
    (made / ".dev.vars").write_text("".join(f'{name}="{value}"\n' for name, value in SECRETS.items()))
    return made


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_bundled(folder: Path, tmp_path: Path) -> None:
    output = output_of(folder, "deploy", "--dry-run", "--outdir", str(tmp_path / "bundle"))
    assert ADMIN_TOKEN not in output
    bundled = files_in(tmp_path / "bundle")
    del bundled["README.md"]  # wrangler's own
    assert bundled == files_in(folder / "src")


def test_migrations_are_applied_and_a_worker_runs_on_what_they_make(folder: Path, tmp_path: Path) -> None:
    output_of(folder, "d1", "migrations", "apply", "battle-index", "--local")
    (applied,) = (folder / ".wrangler" / "state" / "v3" / "d1").rglob("*.sqlite")
    made = tmp_path / "made.db"
    with SQLite(made) as database:
        asyncio.run(migrate(database))
    assert schema_of(applied) == schema_of(made)

    with wrangler(folder, "dev", "--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0") as process:
        assert process.stdout is not None
        output = ""
        while not (ready := re.search(r"Ready on (http://127\.0\.0\.1:\d+)", output)):
            line = process.stdout.readline()
            output += line
            assert line, output
        request = urllib.request.Request(f"{ready[1]}/status", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        with urllib.request.urlopen(request, timeout=LONG_S) as answer:
            assert json.load(answer)["hot_records"] == 0
    assert schema_of(applied) == schema_of(made)
