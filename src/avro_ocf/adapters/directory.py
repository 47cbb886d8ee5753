"""A `Bucket` in a directory: the embedded stand-in for Cloudflare R2.

An object is the file at its key. It is written to a hidden folder of the same directory and brought to the disk there; then one
system call, `link` or `rename`, gives it its name. So there is never a part of an object under a key, whoever is killed when.
"""

import asyncio
import errno
import os
import re
import stat
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

from avro_ocf.errors import ConflictError, NotFoundError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import ObjectInfo

KEY_BYTES: Final = 1_024
"""Bytes of the longest key, as in R2."""

UNFINISHED: Final = ".unfinished"
"""The folder of files being written, below the directory; no segment of a key begins with it."""

SWEEP_AFTER_S: Final = 24 * 60 * 60
"""Seconds after its last write at which a file that a killed process has left there is removed, by a later put."""

_NO_KEY: Final = re.compile("[\\\\\0\ud800-\udfff]")  # surrogates are how Python reads a file name that is no UTF-8
_ABSENT: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def _is_key(key: str) -> bool:
    bad = (part in {"", ".", ".."} or part.casefold().startswith(UNFINISHED) for part in key.split("/"))
    return not _NO_KEY.search(key) and len(key.encode()) <= KEY_BYTES and not any(bad)


@contextmanager
def _errors(path: Path, kind: type[UnavailableError] = UnavailableError) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise StoreError(f"{path}: {error.strerror}") from error
        raise kind(f"{path}: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


class Directory:
    """A `Bucket` in the directory at `path`, which the first put makes, with those above it; several processes may share it.

    A key is the path of its file, such as `battles/2026-11-abc.avro`. Every method raises `StoreError` for what can be none: past
    `KEY_BYTES`, no Unicode text, with a backslash or NUL, or a segment that is empty, `.` or `..`, begins with `UNFINISHED`, or
    is too long for the file system. No object stands below another: where `a` is one, putting `a/b` raises `ConflictError`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._root = Path(path)

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        """Store an object and return whether it was stored, as `Bucket.put` says; `chunks` is iterated in another thread.

        What `chunks` raises is raised. When the task is cancelled the object is still stored, or not at all.
        """
        return await asyncio.to_thread(self._put, self._path(key), chunks, if_absent)

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Return a range of an object's bytes, none from its end on. Raises `NotFoundError` and `UnavailableError`."""
        return await asyncio.to_thread(self._get, self._path(key), start_byte, length)

    async def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, or None where there is none. Raises `UnavailableError`."""
        return await asyncio.to_thread(self._head, key, self._path(key))

    async def delete(self, key: str) -> None:
        """Remove an object, if it is there. Raises `UnavailableError`, and `OutcomeUnknownError` if it may yet come back."""
        await asyncio.to_thread(self._delete, self._path(key))

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield every object whose key begins with `prefix`, in order of keys; of those put or deleted meanwhile, some may be.

        Files whose names are no keys are passed over. Raises `UnavailableError`.
        """
        objects = self._walk("", prefix)
        while page := await asyncio.to_thread(lambda: [*islice(objects, 1_000)]):
            for info in page:
                yield info

    def _path(self, key: str) -> Path:
        if not _is_key(key):
            raise StoreError(f"{key!r} cannot be a key of {self._root}")
        return self._root / key

    def _put(self, path: Path, chunks: Iterable[bytes], if_absent: bool) -> bool:
        with _errors(path):
            temporary = self._temporary()
            file = open(temporary, "xb", buffering=0)  # noqa: SIM115 - closed below, apart from what `chunks` raises
        try:
            for chunk in chunks:
                rest = memoryview(chunk)
                with _errors(path):
                    while rest:
                        rest = rest[file.write(rest) :]
            with _errors(path):
                os.fsync(file.fileno())
                file.close()
            return self._publish(temporary, path, if_absent)
        finally:
            with suppress(OSError):  # what is left is swept, and says nothing of the object
                file.close()
                temporary.unlink(missing_ok=True)

    def _temporary(self) -> Path:
        """Return a new path to write to, and remove what stands beside it for too long."""
        folder = self._root / UNFINISHED
        _make_folder(folder)
        with suppress(OSError):  # another process may be sweeping
            for left in folder.iterdir():
                if left.stat().st_mtime < time.time() - SWEEP_AFTER_S:
                    left.unlink()
        return folder / os.urandom(16).hex()

    def _publish(self, temporary: Path, path: Path, if_absent: bool) -> bool:
        """Give a whole file its name, and bring that to the disk; another's name too, since the answer says that it is there."""
        with _errors(path):
            try:
                _make_folder(path.parent)
                (os.link if if_absent else os.replace)(temporary, path)
                stored = True
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                if not if_absent or path.is_dir() or not path.parent.is_dir():
                    raise ConflictError(f"{path}: an object cannot stand below another") from error
                stored = False
        with _errors(path, OutcomeUnknownError):
            _sync_folder(path.parent)
        return stored

    def _get(self, path: Path, start_byte: int, length: int) -> bytes:
        with _errors(path):
            try:
                file = path.open("rb")
            except _ABSENT:
                missing = "object" if self._root.is_dir() else "object, nor such a directory"
                raise NotFoundError(f"{path}: there is no such {missing}") from None
            with file:
                size = os.fstat(file.fileno()).st_size
                if start_byte >= size:
                    return b""
                file.seek(start_byte)
                return file.read(min(length, size - start_byte))

    def _head(self, key: str, path: Path) -> ObjectInfo | None:
        with _errors(path):
            try:
                status = path.stat()
            except _ABSENT:
                return None
        return ObjectInfo(key, status.st_size, status.st_mtime_ns // 1_000_000) if stat.S_ISREG(status.st_mode) else None

    def _delete(self, path: Path) -> None:
        with _errors(path):
            try:
                path.unlink()
            except _ABSENT:
                return
        with _errors(path, OutcomeUnknownError):
            _sync_folder(path.parent)

    def _walk(self, folder: str, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects below `folder`, which is empty or a key with `/` after it.

        A folder's name sorts with its `/`, so that each folder as a whole stands where its keys do: `a-b` is before `a/b`.
        """
        names: list[str] = []
        with _errors(self._root / folder), suppress(FileNotFoundError), os.scandir(self._root / folder) as entries:
            names = sorted(entry.name + "/" * entry.is_dir() for entry in entries if _is_key(entry.name))
        for key in (folder + name for name in names):
            if key.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(key, prefix)
            elif key.startswith(prefix) and (info := self._head(key, self._root / key)):
                yield info
