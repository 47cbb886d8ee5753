"""What every command shares: files in and out, tables, JSON lines and progress.

What is in a file may command a terminal or deceive who reads it. So nothing is printed but by the functions here, which escape
control characters, those of C1 and DEL included, separators of lines, and what turns the direction of text: `\\x9b` in text, and
`\\u009b` in JSON, where it is the same string.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from io import BufferedReader
from typing import BinaryIO, Final, cast

from avro_ocf.cli.kinds import START_BYTES, looks_like
from avro_ocf.container.header import MAGIC
from avro_ocf.errors import AvroError, FormatError
from avro_ocf.files.binary import replacing


class CommandError(Exception):
    """A command cannot do what was asked; its text is the one line that the user sees."""


_UNSEEN: Final = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
_UNSEEN_IN_TEXT: Final = re.compile(rf"[\x00-\x1f{_UNSEEN}]")
_UNSEEN_IN_JSON: Final = re.compile(rf"[{_UNSEEN}]")


def escaped(text: str) -> str:
    """Return `text` with what a terminal would not show as it is, line ends among it, written as Python writes it."""
    return _UNSEEN_IN_TEXT.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def write_line(text: str) -> None:
    """Write a line of `text` to stdout, escaped."""
    _write(escaped(text))


def write_json_text(text: str) -> None:
    """Write JSON and a newline to stdout. It stays the same JSON."""
    if not text.isascii() or "\x7f" in text:
        text = _UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    _write(text)


def write_json(value: object) -> None:
    """Write `value` to stdout as one line of JSON."""
    write_json_text(json.dumps(value, ensure_ascii=False))


def note(text: str) -> None:
    """Write a line for the user, not for the next program, to stderr, escaped."""
    print(escaped(text), file=sys.stderr)


def _write(line: str) -> None:
    """Write a line as UTF-8 whatever the locale is."""
    # Half a surrogate pair, from a schema with such an escape, becomes that escape again, which is JSON.
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout, with frames if someone is watching and rich is installed, else as aligned columns."""
    cells = [[escaped(str(cell)) for cell in row] for row in rows]
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
        if file.seekable() and sys.stderr.isatty() and not sys.stdout.isatty() and find_spec("rich"):
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import wrap_file

            size, name = os.path.getsize(path), escape(escaped(os.path.basename(path)))
            with wrap_file(file, size, description=name, console=Console(stderr=True), transient=True) as watched:
                yield watched
        else:
            yield file


def start_of(file: BinaryIO) -> bytes:
    """Return how a file that `opened` gave begins, which is still to be read; of a pipe, what has come of it."""
    if not file.seekable():
        return cast("BufferedReader", file).peek(START_BYTES)[:START_BYTES]
    start = file.read(START_BYTES)
    file.seek(-len(start), os.SEEK_CUR)
    return start


def is_container(file: BinaryIO) -> bool:
    """Tell whether a file that `opened` gave begins as a container file does; one that is empty or that short may be one."""
    return MAGIC.startswith(start_of(file)[: len(MAGIC)])


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """Open a file as `opened` does; an `AvroError` from inside the block is told with the file's name."""
    with opened(path) as file:
        start = start_of(file)
        try:
            yield file
        except AvroError as error:
            raise told(path, error, start) from error


def told(path: str, error: AvroError, start: bytes) -> CommandError:
    """Return an error about a container file as the user sees it: with its name and, if it is none, what it looks like."""
    kind = ""
    if isinstance(error, FormatError) and error.offset == 0 and not MAGIC.startswith(start[: len(MAGIC)]):
        kind = looks_like(start)
    return CommandError(f"{name_of(path)}: {error}{kind and f'; it looks like {kind}'}")


def writing(path: str) -> AbstractContextManager[BinaryIO]:
    """Open a file for writing bytes, `-` being stdout: a file has the new content if the block ends well, else it is untouched."""
    return replacing(binary_stdout() if path == "-" else path)


def binary_stdout() -> BinaryIO:
    """Return stdout for a container file. Raises `CommandError` where it is a terminal."""
    if sys.stdout.isatty():
        raise CommandError("a container file is nothing for a terminal: name a file for it, or redirect stdout")
    return sys.stdout.buffer


def name_of(path: str) -> str:
    """Return how messages call `path`."""
    return "stdin" if path == "-" else path
