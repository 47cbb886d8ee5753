"""A folder that `wrangler` deploys as it is: the files that `avro-ocf worker init` writes."""

import json
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

import avro_ocf
from avro_ocf.errors import StoreError
from avro_ocf.hotcold.migrations import CREATE_VERSION, MIGRATIONS

PACKAGE: Final = Path(avro_ocf.__file__).parent
TEMPLATES: Final = PACKAGE / "worker" / "template"

MAIN: Final = "src/main.py"
LIBRARY: Final = "src/avro_ocf"
UPDATING: Final = ".avro_ocf.update"
"""Where an update keeps the new library until it is whole, and the old one until that is in its place: outside what is deployed."""

_NOT_DEPLOYED: Final = re.compile(
    r"(?:cli|oracle)/|__main__\.py|py\.typed|adapters/(?:d1_rest|directory|r2_s3|sqlite)\.py|worker/(?:deployment\.py|template/)|(?:.*/)?__pycache__/"
)
_RAISE_VERSION: Final = (
    "INSERT INTO schema_version VALUES (1, {}) ON CONFLICT (one) DO UPDATE SET version = MAX(version, excluded.version)"
)
_BINDING: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Names(NamedTuple):
    """What things are called in the account, and in the Worker."""

    name: str = "battle-store"
    database_name: str = "battle-index"
    database_id: str = "put-here-what-d1-create-prints"
    bucket_name: str = "battle-data"
    queue: str = "battle-ingest"
    dead_letter_queue: str = "battle-ingest-dlq"
    database_binding: str = "BATTLE_INDEX_DB"
    bucket_binding: str = "BATTLE_DATA_BUCKET"
    queue_binding: str = "BATTLE_INGEST"
    crons: tuple[str, ...] = ("*/5 * * * *",)


def create(folder: Path, names: Names) -> int:
    """Write the folder, which must be empty or not be there, and return how many files it has.

    Raises `StoreError` for a folder that is not empty and for names that are none, and `OSError`.
    """
    check_names(names)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder}: not an empty folder")
    return _write(folder, {**_templates(names), **_migrations(), **_library()})


def update(folder: Path) -> int:
    """Replace the library in a folder that `create` made, add the migrations that it lacks, and return how many files were written.

    Everything else stays as it is. After a failure the old library is in its place, or the next update puts it there.
    Raises `StoreError` for another folder, and `OSError`.
    """
    library, new, old = folder / LIBRARY, folder / UPDATING / "new", folder / UPDATING / "old"
    if (folder / MAIN).is_file() and not library.exists() and old.is_dir():  # an update was killed between its last two renames
        old.rename(library)
    if not (library / "__init__.py").is_file() or not (folder / MAIN).is_file():
        raise StoreError(f"{folder}: no folder that `worker init` has made: {MAIN} or {LIBRARY} is missing")
    if new.parent.exists():
        shutil.rmtree(new.parent)
    missing = {name: text for name, text in _migrations().items() if not (folder / name).exists()}
    try:
        count = _write(new, {**missing, **_library()})
        for name in missing:
            (folder / name).parent.mkdir(exist_ok=True)
            (new / name).rename(folder / name)
        library.rename(old)
        (new / LIBRARY).rename(library)
    finally:
        if not library.exists():
            old.rename(library)
        shutil.rmtree(new.parent, ignore_errors=True)
    return count


def check_names(names: Names) -> None:
    """Raise `StoreError` for a name that can be none of its kind. What an account allows is for Cloudflare to tell."""
    for field, value in names._asdict().items():
        for text in value if field == "crons" else (value,):
            if not text or not text.isprintable():
                raise StoreError(f"{field}: {text!r} is empty, or has characters that cannot be printed")
        if field.endswith("_binding") and not _BINDING.fullmatch(value):
            raise StoreError(f"{field}: {value!r} is not letters, digits and _, with no digit first")
    if len({names.database_binding, names.bucket_binding, names.queue_binding}) < 3:
        raise StoreError("two bindings have the same name")
    if names.queue == names.dead_letter_queue:
        raise StoreError(f"dead_letter_queue: {names.queue!r} is the queue itself")


def migration_sql(version: int) -> str:
    """Return the statements that bring a database from the version before to `version`, for a tool that runs them in order.

    They can be run again, and on a database that the library has brought there or further by itself.
    """
    (migration,) = (migration for migration in MIGRATIONS if migration.version == version)
    return "".join(f"{statement};\n" for statement in (CREATE_VERSION, *migration.up, _RAISE_VERSION.format(version)))


def _templates(names: Names) -> dict[str, bytes]:
    in_toml = {field: _toml(value) for field, value in names._asdict().items()}
    in_shell = {field: value if field == "name" else shlex.quote(str(value)) for field, value in names._asdict().items()}
    return {
        MAIN: (TEMPLATES / "main.py").read_bytes(),
        "wrangler.toml": _filled("wrangler.toml", in_toml),
        "README.md": _filled("README.md", in_shell),
        ".dev.vars.example": _filled("dev.vars.example", {}),
        ".gitignore": _filled("gitignore", {}),
    }


def _filled(template: str, values: Mapping[str, str]) -> bytes:
    return Template((TEMPLATES / template).read_text("utf-8")).substitute(values).encode()


def _toml(value: str | tuple[str, ...]) -> str:
    """Return a text, or a list of them, as TOML. What can be printed is quoted there as in JSON."""
    return json.dumps(value, ensure_ascii=False)


def _migrations() -> dict[str, bytes]:
    return {
        f"migrations/{migration.version:04}_{migration.name.replace(' ', '_')}.sql": migration_sql(migration.version).encode()
        for migration in MIGRATIONS
    }


def _library() -> dict[str, bytes]:
    """Return the files of this package that a Worker needs."""
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*")) if path.is_file()}
    return {f"{LIBRARY}/{name}": path.read_bytes() for name, path in paths.items() if not _NOT_DEPLOYED.match(name)}


def _write(folder: Path, files: Mapping[str, bytes]) -> int:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    return len(files)
