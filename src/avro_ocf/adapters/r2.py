"""A `Bucket` over the R2 binding of a Cloudflare Worker.

An object is put whole by one call, with its SHA-256, so that R2 refuses it if it was damaged on its way.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from avro_ocf.adapters.javascript import is_null, message_of, object_of, to_buffer, to_object
from avro_ocf.adapters.limits import size_of
from avro_ocf.errors import ConflictError, NotFoundError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import ObjectInfo

KEY_BYTES: Final = 1_024
"""Bytes of the longest key."""

PAGE_OBJECTS: Final = 1_000

MOST_BYTES: Final = 2**50
"""More than any object has, and an exact number in JavaScript."""

_CODE: Final = re.compile(r"\((\d{5,6})\)$")


class _LockedError(ConflictError):
    """An object is kept by a lock rule."""


_BY_CODE: Final[dict[str, tuple[type[StoreError], str]]] = {
    "10002": (StoreError, "check the account's permissions"),
    "10003": (StoreError, "check the account's permissions"),
    "10006": (StoreError, "check bucket_name in wrangler.toml"),
    "10007": (NotFoundError, "there is no such object"),
    "10012": (StoreError, "this is past a limit of R2"),
    "10013": (UnavailableError, "nothing is stored: put it again"),
    "10014": (StoreError, "this is no checksum"),
    "10020": (StoreError, "this cannot be a key"),
    "10037": (UnavailableError, "it was damaged on its way and is not stored: put it again"),
    "10039": (StoreError, "there is no such range"),
    "10042": (StoreError, "check the account's subscription"),
    "10058": (UnavailableError, "back off: a key is written once a second at most"),
    "10069": (_LockedError, "a lock rule of the bucket forbids it"),
    "100100": (StoreError, "this is past a limit of R2"),
}


def _error_of(place: str, message: str, is_write: bool) -> StoreError:
    found = _CODE.search(message)
    if found and found[1] in _BY_CODE:
        kind, advice = _BY_CODE[found[1]]
        return kind(f"{place}: {message}; {advice}")
    if "single worker invocation" in message.casefold():
        return UnavailableError(f"{place}: {message}; go on in another invocation, such as the next run of cron")
    if is_write:
        return OutcomeUnknownError(f"{place}: {message}; whether it is done shows when the object is read")
    return UnavailableError(f"{place}: {message}; back off and try again")


@contextmanager
def _errors(place: str, is_write: bool = False) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise _error_of(place, message_of(error), is_write) from error


def _info(found: Any) -> ObjectInfo:
    return ObjectInfo(found.key, int(found.size), int(found.uploaded.getTime()))


class R2:
    """A `Bucket` over the binding `env.NAME` of a Worker, whose `name` errors tell.

    Raises `StoreError` when there is no such binding, or it is no R2 bucket. So does every method for a key that is empty, has more
    than `KEY_BYTES` or is no Unicode text.
    """

    def __init__(self, binding: Any, name: str = "BUCKET") -> None:
        self._binding = object_of(binding, name, "head", "r2_buckets")
        self._name = name

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        """Store an object and return whether it was stored, as `Bucket.put` says.

        What `chunks` raises is raised, and nothing is sent. When the task is cancelled the object may still be stored. Where a lock
        rule of the bucket keeps an object, replacing it raises `ConflictError`.
        """
        place = self._place(key)
        chunks = [*chunks]
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
        options: dict[str, Any] = {"sha256": digest.hexdigest()}
        if if_absent:
            options["onlyIf"] = {"etagDoesNotMatch": "*"}
        try:
            with _errors(place, is_write=True):
                stored = await self._binding.put(key, to_buffer(chunks), to_object(options))
        except _LockedError:
            if if_absent:  # R2 looks at its locks first, and what a lock keeps is there
                return False
            raise
        return not is_null(stored)

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Return a range of an object's bytes, none from its end on. Raises `NotFoundError` and `UnavailableError`."""
        place = self._place(key)
        wanted = {"range": {"offset": min(start_byte, MOST_BYTES), "length": min(length, MOST_BYTES)}}
        try:
            with _errors(place):
                found = await self._binding.get(key, to_object(wanted))
                if not is_null(found):
                    return bytes((await found.arrayBuffer()).to_bytes())
        except StoreError:
            info = await self.head(key)  # R2 has several errors for a range that begins where an object ends, or later
            if info is not None and start_byte >= info.size:
                return b""
            if info is not None:
                raise
        raise NotFoundError(f"{place}: there is no such object")

    async def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, or None where there is none. Raises `UnavailableError`."""
        with _errors(self._place(key)):
            found = await self._binding.head(key)
            return None if is_null(found) else _info(found)

    async def delete(self, key: str) -> None:
        """Remove an object, if it is there.

        Raises `UnavailableError`, `OutcomeUnknownError` where it may yet be removed, and `ConflictError` where a lock keeps it.
        """
        with _errors(self._place(key), is_write=True):
            await self._binding.delete(key)

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield every object whose key begins with `prefix`, in order of keys; of those put or deleted meanwhile, some may be.

        Raises `UnavailableError`.
        """
        if size_of(prefix) < 0:
            raise StoreError(f"{prefix!r} cannot begin a key of {self._name}")
        options: dict[str, Any] = {"prefix": prefix, "limit": PAGE_OBJECTS}
        is_last = False
        while not is_last:
            with _errors(f"{self._name}/{prefix}"):
                page = await self._binding.list(to_object(options))
                objects = [_info(found) for found in page.objects]
                is_last = not page.truncated
                options["cursor"] = None if is_last else page.cursor
            for info in objects:
                yield info

    def _place(self, key: str) -> str:
        if not 0 < size_of(key) <= KEY_BYTES:
            raise StoreError(f"{key!r} cannot be a key of {self._name}")
        return f"{self._name}/{key}"
