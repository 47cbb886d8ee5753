"""The one place that turns generated source into functions.

Text of a schema reaches source only through `literal`; every other object is bound by a generated name in the script's namespace.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

SOURCES_KEPT: Final = 512
"""Scripts whose source tracebacks can show. Schemas come from files, so the one made longest ago goes first."""

SOURCE_MAX: Final = 1 << 19
"""Characters of the longest script; CPython takes some 100 bytes of memory to compile each. What takes more is the reference's."""

_filenames: OrderedDict[str, None] = OrderedDict()


class TooLongError(Exception):
    """A script gets longer than `SOURCE_MAX`."""


def literal(value: str | bytes | int) -> str:
    """Return the source of `value`, which must be of exactly one of these types: a subclass could have a `repr` of its own."""
    if type(value) not in (str, bytes, int):
        raise TypeError(f"no literal for {type(value).__name__}")
    return repr(value)


class Lines:
    """Lines of source, indented as they are added."""

    __slots__ = ("_indent", "_size", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._indent = ""
        self._size = 0

    def add(self, *lines: str) -> None:
        """Add lines at the indentation of the block they are in. Raises `TooLongError`."""
        for line in lines:
            self._size += len(self._indent) + len(line)
            self.lines.append(self._indent + line)
        if self._size > SOURCE_MAX:
            raise TooLongError

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add `header`, and indent what is added meanwhile."""
        self.add(header)
        outside = self._indent
        self._indent += "    "
        yield
        self._indent = outside


def execute(text: str, title: str, namespace: dict[str, Any]) -> bool:
    """Run a script of function definitions in `namespace`; False if it is too much for CPython's compiler.

    Tracebacks and `inspect.getsource` show its lines, under a pseudo-filename made of `title` and a hash of `text`.
    """
    import linecache
    from hashlib import sha256

    shown = "".join(char if char.isalnum() or char in "._ " else "?" for char in title[:60])
    filename = f"<avro_ocf {shown} {sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}>"
    try:
        code = compile(text, filename, "exec", dont_inherit=True, optimize=0)
    except (RecursionError, MemoryError, SyntaxError):  # the last one for too many nested blocks
        return False
    exec(code, namespace)
    # A modification time of None keeps `linecache.checkcache` from dropping the entry.
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    _filenames.pop(filename, None)  # it goes to the end; another thread may have dropped it
    _filenames[filename] = None
    while len(_filenames) > SOURCES_KEPT:
        linecache.cache.pop(_filenames.popitem(last=False)[0], None)
    return True
