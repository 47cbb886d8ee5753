"""What every command shares: files in and out, tables, JSON lines and progress."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import BinaryIO

from avro_ocf.errors import AvroError
from avro_ocf.files.binary import replacing


class CommandError(Exception):
    """A command cannot do what was asked; its text is the one line that the user sees."""


def write_line(text: str) -> None:
    """Write `text` and a newline to stdout, as UTF-8 whatever the locale is."""
    # Half a surrogate pair, from a schema with such an escape, becomes that escape again, which is JSON.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")


def write_json(value: object) -> None:
    """Write `value` to stdout as one line of JSON."""
    write_line(json.dumps(value, ensure_ascii=False))


def note(text: str) -> None:
    """Write a line for the user, not for the next program, to stderr."""
    print(text, file=sys.stderr)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout, with frames if someone is watching and rich is installed, else as aligned columns."""
    cells = [[str(cell) for cell in row] for row in rows]
    numeric = [all(row[place].isdigit() for row in cells) for place in range(len(columns))]
    if sys.stdout.isatty() and find_spec("rich"):
        _write_rich_table(columns, numeric, cells)
        return
    lines = [list(columns), *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    aligns = [str.rjust if right else str.ljust for right in numeric]
    for line in lines:
        write_line("  ".join(align(*cell) for align, cell in zip(aligns, zip(line, widths, strict=True), strict=True)).rstrip())


def _write_rich_table(columns: Sequence[str], numeric: Sequence[bool], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column, right in zip(columns, numeric, strict=True):
        table.add_column(column, justify="right" if right else "left")
    for row in cells:
        table.add_row(*map(Text, row))  # Text: what is in a file is not markup
    Console().print(table)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, `-` being stdin. Someone who waits sees how far it is read, if rich is installed."""
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        if sys.stderr.isatty() and not sys.stdout.isatty() and find_spec("rich"):
            from rich.console import Console
            from rich.progress import wrap_file

            size = os.path.getsize(path)
            with wrap_file(file, size, description=os.path.basename(path), console=Console(stderr=True), transient=True) as watched:
                yield watched
        else:
            yield file


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """Open a file as `opened` does; an `AvroError` from inside the block is told with the file's name."""
    with opened(path) as file:
        try:
            yield file
        except AvroError as error:
            raise CommandError(f"{name_of(path)}: {error}") from error


def writing(path: str) -> AbstractContextManager[BinaryIO]:
    """Open a file for writing bytes, `-` being stdout: a file has the new content if the block ends well, else it is untouched."""
    return replacing(sys.stdout.buffer if path == "-" else path)


def name_of(path: str) -> str:
    """Return how messages call `path`."""
    return "stdin" if path == "-" else path
