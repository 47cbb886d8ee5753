"""worker init: a folder for wrangler, as it is when it is made, and brought up to date."""

import asyncio
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.cli.worker import _OPTIONS
from avro_ocf.errors import StoreError
from avro_ocf.hotcold.migrate import migrate
from avro_ocf.hotcold.migrations import MIGRATIONS, VERSION
from avro_ocf.worker.deployment import Names, create, migration_sql
from tests.cli.commands import Run

pytestmark = pytest.mark.host

SHIPPED = {".dev.vars.example", ".gitignore", "README.md", "wrangler.toml", "src/main.py", "src/avro_ocf/worker/entry.py"}
NOT_SHIPPED = ("cli", "__main__.py", "adapters/sqlite.py", "adapters/d1_rest.py", "worker/deployment.py", "worker/template")


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def settings_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "wrangler.toml").read_text("utf-8"))


def schema_of(database: Path) -> list[tuple[Any, ...]]:
    """Return what the store has made in a database: all but what wrangler and D1 have of their own, and the version."""
    schema = """SELECT type, name, tbl_name, sql FROM sqlite_master
        WHERE tbl_name != 'd1_migrations' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*' ORDER BY name"""
    with closing(sqlite3.connect(database)) as connection:
        return [*connection.execute(schema), *connection.execute("SELECT * FROM schema_version")]


def test_a_folder_that_wrangler_can_deploy(run: Run, tmp_path: Path) -> None:
    done = run("worker", "init", "battles")
    files = files_in(tmp_path / "battles")
    assert files.keys() >= SHIPPED
    assert not [name for name in files if name.startswith(tuple(f"src/avro_ocf/{part}" for part in NOT_SHIPPED))]
    assert not [name for name in files if "__pycache__" in name]
    assert done.stderr.decode() == f"battles: {len(files)} files written\n"
    settings = settings_of(tmp_path / "battles")
    assert settings["compatibility_flags"] == ["python_workers"]
    assert settings["d1_databases"][0]["binding"] == settings["vars"]["DATABASE_BINDING"] == "BATTLE_INDEX_DB"
    assert settings["r2_buckets"] == [{"binding": "BATTLE_DATA_BUCKET", "bucket_name": "battle-data"}]
    consumers = {consumer["queue"]: consumer for consumer in settings["queues"]["consumers"]}
    assert consumers.keys() == {"battle-ingest", "battle-ingest-dlq"}
    assert consumers["battle-ingest"]["dead_letter_queue"] == settings["vars"]["DEAD_LETTER_QUEUE"] == "battle-ingest-dlq"
    assert settings["triggers"]["crons"] == ["*/5 * * * *"]
    assert len(files["README.md"].splitlines()) <= 25


def test_what_is_copied_needs_nothing_else(run: Run, tmp_path: Path) -> None:
    """It imports each module there, with nothing but the standard library beside it."""
    run("worker", "init", "battles")
    program = """
import importlib, pkgutil, main, avro_ocf
names = [module.name for module in pkgutil.walk_packages(avro_ocf.__path__, "avro_ocf.")]
files = {importlib.import_module(name).__file__ for name in names}
print(len(names), main.on_fetch.__name__, *sorted({file.split("avro_ocf")[0] for file in files}))
"""
    source = tmp_path / "battles" / "src"
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True, check=True)
    count, handler, folder = done.stdout.split()
    assert int(count) > 80
    assert (handler, Path(folder)) == ("fetch", source)


def test_names_of_every_kind(run: Run, tmp_path: Path) -> None:
    hostile = "a \"b\\c' $d ${name} é # \U0001f6a2"
    given = {option: hostile + option for option, _, _ in _OPTIONS if not option.endswith("-binding")}
    given |= {"--database-binding": "INDEX", "--bucket-binding": "_2", "--queue-binding": "Q"}
    options = [part for pair in given.items() for part in pair]
    run("worker", "init", "battles", *options, "--cron", '0 "3" * * *', "--cron", "30 * * * *")
    settings = settings_of(tmp_path / "battles")
    assert settings["name"] == f"{hostile}--name"
    assert settings["d1_databases"][0] == {
        "binding": "INDEX",
        "database_name": f"{hostile}--database-name",
        "database_id": f"{hostile}--database-id",
        "migrations_dir": "migrations",
    }
    assert settings["r2_buckets"] == [{"binding": "_2", "bucket_name": f"{hostile}--bucket-name"}]
    assert settings["queues"]["producers"] == [{"binding": "Q", "queue": f"{hostile}--queue"}]
    assert [consumer["queue"] for consumer in settings["queues"]["consumers"]] == [f"{hostile}--queue", f"{hostile}--queue-dlq"]
    assert settings["triggers"]["crons"] == ['0 "3" * * *', "30 * * * *"]
    names = {name: settings["vars"][name] for name in ("DATABASE_BINDING", "BUCKET_BINDING", "DEAD_LETTER_QUEUE")}
    assert names == {"DATABASE_BINDING": "INDEX", "BUCKET_BINDING": "_2", "DEAD_LETTER_QUEUE": f"{hostile}--queue-dlq"}
    assert f"r2 bucket create {shlex.quote(f'{hostile}--bucket-name')}\n" in (tmp_path / "battles" / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "name: '' is empty"),
        ({"bucket_name": "a\nb"}, "bucket_name: 'a\\nb' is empty, or has characters that cannot be printed"),
        ({"database_id": "\x7f"}, "database_id"),
        ({"crons": ("",)}, "crons"),
        ({"database_binding": "A-B"}, "database_binding: 'A-B' is not letters, digits and _"),
        ({"bucket_binding": "2nd"}, "bucket_binding"),
        ({"queue_binding": "É"}, "queue_binding"),
        ({"queue_binding": "BATTLE_INDEX_DB"}, "two bindings have the same name"),
        ({"dead_letter_queue": "battle-ingest"}, "dead_letter_queue: 'battle-ingest' is the queue itself"),
    ],
)
def test_what_can_be_no_name(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(StoreError, match=re.escape(told)):
        create(tmp_path / "battles", Names(**fields))
    assert not (tmp_path / "battles").exists()


def test_a_bad_name_is_one_line(run: Run, tmp_path: Path) -> None:
    assert b"queue: " in run("worker", "init", "battles", "--queue", "\x7f", code=1).stderr
    assert not (tmp_path / "battles").exists()


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for name in ("notes", "file", "file/inside"):
        run("worker", "init", name, code=1)
    assert files_in(tmp_path) == {"notes/mine": b"mine", "file": b"mine"}
    run("worker", "init", "empty")
    before = files_in(tmp_path)
    run("worker", "init", "empty", code=1)
    assert files_in(tmp_path) == before
    run("worker", "init", "", code=2)


def test_an_update_replaces_the_library_and_nothing_of_the_users(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "battles"
    run("worker", "init", "battles")
    made = files_in(folder)
    users = {"wrangler.toml": b"name = 'mine'", "src/main.py": b"mine = 1", "src/more.py": b"", "migrations/0001_create.sql": b"--"}
    for name, content in users.items():
        (folder / name).write_bytes(content)
    (folder / "migrations" / "0002_poison_messages.sql").unlink()
    (folder / "src/avro_ocf/errors.py").write_bytes(b"old")
    (folder / "src/avro_ocf/gone.py").write_bytes(b"old")
    run("worker", "init", "--update", "battles")
    assert files_in(folder) == {**made, **users}
    run("worker", "init", "--update", "battles", "--name", "other", code=2)
    (tmp_path / "empty").mkdir()
    assert "no folder that `worker init` has made" in run("worker", "init", "--update", "empty", code=1).stderr.decode()
    assert not files_in(tmp_path / "empty")


UPDATE = """
import os, resource, sys
from pathlib import Path
from avro_ocf.worker.deployment import update

how, at = sys.argv[1], int(sys.argv[2])
renames = 0

def hook(event, _):
    global renames
    if event == "os.rename":
        renames += 1
        if renames == at and how == "killed":
            os._exit(9)
        if renames == at and how == "refused":
            raise OSError("no rename")

sys.addaudithook(hook)
if how == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, at))
update(Path("battles"))
"""
"""It fails: by a limit of `at` bytes for each file it writes, or by an exception or a kill in the place of the `at`-th rename."""


@pytest.mark.parametrize(
    ("how", "at"),
    [("full", 10), ("full", 12_000), *((how, at) for how in ("refused", "killed") for at in (1, 2, 3))],
)
def test_an_update_that_fails_leaves_a_library_and_the_next_one_succeeds(run: Run, tmp_path: Path, how: str, at: int) -> None:
    folder = tmp_path / "battles"
    run("worker", "init", "battles")
    made = files_in(folder)
    (folder / "migrations" / "0002_poison_messages.sql").unlink()
    (folder / "src/avro_ocf/gone.py").write_bytes(b"old")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", UPDATE, how, str(at)]
    assert subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode == (
        9 if how == "killed" else 1
    )
    deployed = {name: content for name, content in files_in(folder).items() if name.startswith("src/")}
    whole = {name: content for name, content in made.items() if name.startswith("src/")} | {"src/avro_ocf/gone.py": b"old"}
    if (how, at) == ("killed", 3):  # between the old library and the new one
        assert deployed.keys() == {"src/main.py"}
    else:
        assert deployed == whole
    if how != "killed":
        assert {path.name for path in folder.iterdir()} == {*(name.partition("/")[0] for name in made)}
    run("worker", "init", "--update", "battles")
    assert files_in(folder) == made


def test_the_help_tells_the_names_that_are_taken() -> None:
    names = Names()._asdict()
    assert {option[2:].replace("-", "_"): default for option, default, _ in _OPTIONS} == {
        name: names[name] for name in names if name not in {"dead_letter_queue", "crons"}
    }


def test_the_sql_files_make_what_the_library_makes(tmp_path: Path) -> None:
    scripts = [migration_sql(migration.version) for migration in MIGRATIONS]
    with SQLite(tmp_path / "library.db") as database:
        assert asyncio.run(migrate(database)) == 0
    with closing(sqlite3.connect(tmp_path / "files.db")) as connection:
        for script in scripts:
            connection.executescript(script)
    wanted = schema_of(tmp_path / "library.db")
    assert wanted[-1] == (1, VERSION)
    assert schema_of(tmp_path / "files.db") == wanted
    with SQLite(tmp_path / "files.db") as database:
        assert asyncio.run(migrate(database)) == VERSION  # there is nothing to do
    for script in scripts:  # after the library, and once more; the version never goes back
        with closing(sqlite3.connect(tmp_path / "library.db")) as connection:
            connection.executescript(script)
        assert schema_of(tmp_path / "library.db") == wanted
