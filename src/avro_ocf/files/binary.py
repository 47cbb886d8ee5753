"""Paths and binary file objects, as the rest of this package wants them."""

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from threading import RLock
from typing import Any, BinaryIO, Final, cast

from avro_ocf.errors import AvroError, TruncatedError

PathOrFile = str | os.PathLike[str] | BinaryIO
"""A path, or an open binary file object, which is used from its current position and never closed."""

READ_BYTES: Final = 1 << 16
"""Bytes asked for at a time when a file is read through."""


def is_path(path_or_file: object, method: str) -> bool:
    """Tell a path from a file object with that `method`.

    Raises `TypeError` for what is neither, such as a file's content, and for a file that is open in text mode.
    """
    if isinstance(path_or_file, str | os.PathLike):
        return True
    if not hasattr(path_or_file, method):
        content = "; for a file's content, use io.BytesIO" if isinstance(path_or_file, bytes | bytearray | memoryview) else ""
        raise TypeError(f"a path or a binary file object to {method} is wanted, not {type(path_or_file).__name__}{content}")
    if isinstance(path_or_file, io.TextIOBase) or isinstance(getattr(path_or_file, "encoding", None), str):
        raise _text_mode()
    return False


def _text_mode() -> TypeError:
    return TypeError("a binary file object is wanted, not one in text mode: open it with mode 'rb' or 'wb', or give its `buffer`")


def _octets(data: Any) -> bytes:
    """Return what a file object gave to be read, if that is bytes."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        raise _text_mode()
    if data is None:
        raise BlockingIOError(errno.EAGAIN, "the file has no bytes now, and does not wait")
    return bytes(memoryview(data))


def is_same_file(first: PathOrFile, second: PathOrFile) -> bool:
    """Tell whether two paths lead to one file."""
    paths = [path for path in (first, second) if isinstance(path, str | os.PathLike) and os.path.exists(path)]
    return len(paths) == 2 and os.path.samefile(*paths)


class Source:
    """A file to read, by several threads if need be. Its offsets count from where the file object stood when it was given."""

    def __init__(self, path_or_file: PathOrFile) -> None:
        self._owned = is_path(path_or_file, "read")
        self._file: Any = path_or_file
        if self._owned:
            self._file = open(cast("str", path_or_file), "rb")  # noqa: SIM115 - closed by `close`
        self.is_seekable: bool = hasattr(self._file, "seekable") and self._file.seekable()
        self._start = self._file.tell() if self.is_seekable else 0
        self._position = 0
        self._read = getattr(self._file, "read1", self._file.read)  # `read1` does not wait for more than is there
        self._lock = RLock()  # the file object has one position for all

    def read(self) -> bytes:
        """Return the next bytes, as many as come at once, or `b""` at the end. Raises `AvroError` after `close`."""
        with self._lock:
            try:
                if self.is_seekable:
                    self._file.seek(self._start + self._position)
                data = _octets(self._read(READ_BYTES))
            except ValueError as error:
                raise self._worded(error) from None
            self._position += len(data)
            return data

    def check_not_empty(self) -> None:
        """Raise `TruncatedError` if there was nothing to read: the file is empty, or it just stands at its end."""
        if self._position:
            return
        if self._start:
            raise TruncatedError(f"the file object stands at its end, byte {self._start}: seek to where the file begins", offset=0)
        raise TruncatedError("there are no bytes: the file is empty", offset=0)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` on, fewer where the file ends.

        Raises `OSError` when the file is not seekable, and `AvroError` after `close`.
        """
        if not self.is_seekable:
            raise OSError("the file is not seekable")
        with self._lock:
            try:
                self._file.seek(self._start + offset)
                data = _octets(self._file.read(length))
                while len(data) < length:  # an unbuffered file may return less than there is
                    more = _octets(self._file.read(length - len(data)))
                    if not more:
                        break
                    data += more
            except ValueError as error:
                raise self._worded(error) from None
            return data

    def close(self) -> None:
        """Close the file, if it was given as a path."""
        if self._owned:
            self._file.close()

    def _worded(self, error: ValueError) -> Exception:
        """Return what a file's `ValueError` means: most often that it is closed."""
        return AvroError("the reader is closed") if self._owned and self._file.closed else error


def has_global_lock() -> bool:
    """Tell whether one thread at a time runs Python code."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


@contextlib.contextmanager
def replacing(path_or_file: PathOrFile) -> Iterator[BinaryIO]:
    """Give a file to write that takes the place of a path's file at the end, and only if all went well.

    The path may so be one of the files being read. A file object, and a path that is no regular file, such as a device, is written
    directly.
    """
    if not is_path(path_or_file, "write"):
        yield cast("BinaryIO", path_or_file)
        return
    given = cast("str", path_or_file)
    path = os.path.realpath(given)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(given, "wb") as direct:
            yield direct
        return
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = given
        raise
