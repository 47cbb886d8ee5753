"""What the commands of a store share: opening it, waiting for it, and telling what it reports.

What they need of the library is imported when a command runs, so that commands about files stay quick.
"""

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from avro_ocf.cli.output import CommandError, write_json, write_line, write_table

if TYPE_CHECKING:
    from avro_ocf.hotcold import HotCold

SQLITE_HEADER_BYTES: Final = 100
"""A shorter file is an empty database to SQLite, such as a process leaves that was killed right at its start."""

Answer = TypeVar("Answer")
IfMissing = Literal["fail", "create", "rebuild"]
"""What to do without a database: fail, create one if there are no objects either, or create one in any case."""


class StorePaths(NamedTuple):
    """Where a store has its two parts."""

    database: Path
    cold: Path

    @property
    def has_database(self) -> bool:
        """Whether there is a database, or something in its place that SQLite will tell of; an empty file is none."""
        if not self.database.is_file():
            return self.database.exists()
        return self.database.stat().st_size >= SQLITE_HEADER_BYTES

    @property
    def has_objects(self) -> bool:
        """Whether there is any object, whatever the database says."""
        return next(self.cold.glob("*/*.avro"), None) is not None


def store_paths(folder: str) -> StorePaths:
    """Return where the store in `folder` has its database and its objects."""
    return StorePaths(Path(folder, "hotcold.db"), Path(folder, "cold"))


@contextmanager
def opened_store(folder: str, if_missing: IfMissing) -> Iterator["HotCold"]:
    """Open the store in `folder`, which is made where `if_missing` allows. Raises `CommandError`."""
    from avro_ocf.adapters.directory import Directory
    from avro_ocf.adapters.sqlite import SQLite
    from avro_ocf.hotcold import HotCold

    paths = check_store(folder, if_missing)
    with SQLite(paths.database) as database:
        yield HotCold(database, Directory(paths.cold))


def check_store(folder: str, if_missing: IfMissing) -> StorePaths:
    """Return where the store's parts are; the folder of both exists then. Raises `CommandError`."""
    paths = store_paths(folder)
    if Path(folder).exists() and not Path(folder).is_dir():
        raise CommandError(f"{folder}: not a folder")
    if not paths.has_database and if_missing != "rebuild":
        # A new database would know none of the objects.
        if paths.has_objects:
            raise CommandError(
                f"{paths.database}: missing or empty, but there are objects in {paths.cold}: "
                "restore it from a backup, or run reindex"
            )
        if if_missing == "fail":
            raise CommandError(f"{folder}: there is no store: {paths.database} is missing or empty")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return paths


def wait_for(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run an operation to its end and return what it returns."""
    import asyncio

    return asyncio.run(work)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that is told how much is done, of how much; someone who waits sees it if rich is installed."""
    if not (sys.stderr.isatty() and find_spec("rich")):
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def write_report(report: tuple[Any, ...], *, as_json: bool) -> None:
    """Write a report, which is a NamedTuple, as one JSON object or as a table of its values, lists by their lengths."""
    values = plain(report)
    if as_json:
        write_json(values)
    else:
        write_table(("name", "value"), [(name, _shown(value)) for name, value in values.items()])


def write_listing(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Write a table of those columns under its title, after a blank line; nothing without rows."""
    if rows:
        write_line("")
        write_line(title)
        write_table(columns, [[_shown(row[column]) for column in columns] for row in rows])


def plain(report: Any) -> Any:
    """Return a report as JSON has it: NamedTuples, also those inside, as objects."""
    from avro_ocf.hotcold import reports

    return reports.plain(report)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    return str(len(value)) if isinstance(value, list) else str(value)
