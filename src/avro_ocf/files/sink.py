"""A file being written: whole up to what was put there last, whatever comes between, and nobody else's meanwhile.

A buffered file of the standard library is written to underneath, since what a failed or interrupted write leaves in a buffer can
neither be told nor taken back.
"""

import contextlib
import errno
import io
import os
import stat
from typing import Any, Final, cast

from avro_ocf.errors import AvroError, DatumError
from avro_ocf.files.binary import PathOrFile, is_path

_WRAPPED: Final = ("raw", "fileobj", "_fp")
"""Where file objects of the standard library keep the one underneath."""


MODES: Final = ("w", "x", "a")
"""The modes of `Writer`, as `open` has them: replace a file, make a new one, or go on with one that may be there."""


def open_file(path_or_file: PathOrFile, mode: str) -> Any:
    """Return a file to write that nobody else is writing: a path's, opened in a mode of `open_path`, or the file object itself.

    Raises `AvroError` for a file object that was opened for appending where `mode` is "w", and as `open_path`.
    """
    if is_path(path_or_file, "write"):
        return open_path(cast("str", path_or_file), mode)
    if mode in ("x", "a"):
        raise DatumError(f"mode {mode!r} is for a path; Writer.append continues the file of a file object")
    if mode == "w" and appends(path_or_file):
        raise AvroError('the file is open for appending, behind what is there: use Writer.append, or mode "wb" to replace it')
    lock(path_or_file)
    return path_or_file


def open_path(path: str | os.PathLike[str], mode: str) -> io.FileIO:
    """Open a file that nobody else is writing.

    `mode` is "w" for an empty file, "x" for a new one, "r+" to go on with one that is there, and "a" to make it if need be. Raises
    `AvroError` when another writer has it, and `OSError`; an old file is as it was then.
    """
    more = os.O_CREAT if mode == "a" else 0

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags & ~os.O_TRUNC | more, 0o666)

    file = io.FileIO(path, "r+" if mode == "a" else mode, opener=opener)
    try:
        lock(file)
        if mode == "w" and _size_of(file):
            file.truncate(0)
    except BaseException:
        file.close()
        raise
    return file


def appends(file: Any) -> bool:
    """Tell whether a file object was opened for appending, through what wraps it."""
    for _ in range(4):
        mode = str(getattr(file, "mode", ""))
        if "a" in mode and set(mode) <= set("abt+"):
            return True
        file = next((inner for name in _WRAPPED if (inner := getattr(file, name, None)) is not None), None)
    return False


def lock(file: Any) -> None:
    """Keep other writers from a file on disk, where the system can: the lock is advisory, and readers do not ask for it.

    Raises `AvroError` when another writer has it.
    """
    if not isinstance(raw := _underneath(file), io.FileIO):
        return
    try:
        import fcntl

        fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AvroError(f"the file is being written by another writer, which must be closed first: {raw.name!r}") from None
    except (ImportError, OSError):  # not this system, or not this file system
        return


def release(file: Any, owned: bool) -> None:
    """Let other writers have a file, and close it if it was opened here."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import fcntl

        if isinstance(raw := _underneath(file), io.FileIO):
            fcntl.flock(raw, fcntl.LOCK_UN)
    if owned:
        file.close()


def write_all(file: Any, data: bytes) -> None:
    """Write all of `data`. Raises `OSError`."""
    while data:
        written = file.write(data)
        if written is None and not isinstance(file, io.RawIOBase):
            return
        if not written:  # a raw file's None means the same
            raise BlockingIOError(errno.EAGAIN, "the file takes no more bytes, and does not wait")
        data = data[written:]  # an unbuffered file may take less than it is given


class Sink:
    """A file to write from byte `start` of the file object on, which is where it stands unless told; offsets count from there.

    What is before `offset` is there already.
    """

    def __init__(self, file: Any, *, owned: bool, start: int | None = None, offset: int = 0) -> None:
        self._file = file
        self._owned = owned
        self._raw = _underneath(file)
        self._is_seekable = bool(hasattr(file, "seekable") and file.seekable())
        if self._raw is not file:
            file.flush()
        self._start = start if start is not None else self._raw.tell() if self._is_seekable else 0
        self._at: int | None = offset  # the file's end as it should be, or None where that is unknown
        self._size_before = _size_of(self._raw) or 0

    def put(self, offset: int, data: bytes) -> None:
        """Write `data` at `offset`, the file's end so far.

        The file is as before when this fails or is interrupted, if it can be sought; the same call may then be made again. Raises
        `OSError`, and `AvroError` when another writer was here.
        """
        end = offset + len(data)
        if self._at == end:  # an interrupt came right after it
            return
        if self._raw is not self._file:
            self._file.flush()
        if self._at == offset:
            self._check_size(offset)
        else:
            self._go_back(offset, end)
        self._at = None
        try:
            write_all(self._raw, data)
            if self._raw is not self._file and self._is_seekable:
                self._file.tell()  # so that it knows where it is
        except BaseException:
            with contextlib.suppress(Exception):
                self._go_back(offset, end)
            raise
        self._at = end

    def flush(self) -> None:
        """Hand what was written to the operating system, where the file object can."""
        if hasattr(self._file, "flush") and not getattr(self._file, "closed", False):
            self._file.flush()

    def close(self) -> None:
        """Let other writers in, and close the file if it was opened here."""
        release(self._file, self._owned)

    def _check_size(self, offset: int) -> None:
        """Raise `AvroError` if what is in the file is not what was put there; make sure of its position."""
        size = _size_of(self._raw)
        if size is None:
            return
        position = self._start + offset
        if size != max(position, self._size_before):
            raise AvroError(f"another writer is writing the file: it has {size} bytes, not {position}; nothing more is written")
        if self._raw.tell() != position:
            self._raw.seek(position)

    def _go_back(self, offset: int, end: int) -> None:
        """Cut off what is behind `offset` of what was to reach to `end`."""
        if not self._is_seekable:
            raise OSError(errno.ESPIPE, "the file's end is not whole, and cannot be sought")
        size = self._raw.seek(0, os.SEEK_END)
        self._raw.seek(self._start + offset)
        if size <= self._start + end:  # what is beyond that was there before
            self._raw.truncate()
        self._at = offset


def _underneath(file: Any) -> Any:
    """Return the raw file of a buffered one, else `file`."""
    raw = getattr(file, "raw", None)
    return raw if isinstance(raw, io.RawIOBase) else file


def _size_of(file: Any) -> int | None:
    """Return the bytes that a file on disk or in memory has, or None for any other."""
    if isinstance(file, io.BytesIO):
        position = file.tell()
        size = file.seek(0, os.SEEK_END)
        file.seek(position)
        return size
    if isinstance(file, io.FileIO):
        status = os.fstat(file.fileno())
        return status.st_size if stat.S_ISREG(status.st_mode) else None
    return None
