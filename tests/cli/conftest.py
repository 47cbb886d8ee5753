"""How the command line is run in these tests: in a directory of its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, EXAMPLES, Run, in_process
from tests.cli.stores import make_store


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `avro-ocf` with some arguments in `tmp_path` and checks its exit code and its last words.

    A failure is one line, after `notes` lines of a report. It runs in this process, unless it is to have an `environment`.
    """
    monkeypatch.chdir(tmp_path)

    def run_command(
        *arguments: object, stdin: bytes = b"", code: int = 0, notes: int = 0, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        words = [*map(str, arguments)]
        if environment is None:
            done = in_process(words, stdin)
        else:
            done = subprocess.run([*COMMAND, *words], input=stdin, capture_output=True, env=environment, check=False)
        return checked(done, code, notes)

    return run_command


def checked(done: subprocess.CompletedProcess[bytes], code: int, notes: int) -> subprocess.CompletedProcess[bytes]:
    """Return a command that is done, once its code and its last words are as they should be."""
    assert done.returncode == code, done.stderr.decode()
    if code == 1:
        *before, last = done.stderr.splitlines()
        assert last.startswith(b"avro-ocf: ")
        assert len(before) == notes
    return done


@pytest.fixture
def weather(run: Run, tmp_path: Path) -> Path:
    """Return the example file, one block for each station."""
    path = tmp_path / "weather.avro"
    run("encode", "--schema", EXAMPLES / "weather.avsc", "--by", "station", EXAMPLES / "weather.ndjson", path)
    return path


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store as `stores.make_store` makes it, to copy."""
    folder = tmp_path_factory.mktemp("made") / "store"
    make_store(folder)
    return folder


@pytest.fixture
def store(made_store: Path, tmp_path: Path) -> Path:
    """Return the folder of a store of a test's own: `store` in the test's directory."""
    return shutil.copytree(made_store, tmp_path / "store")
