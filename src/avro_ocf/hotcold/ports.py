"""What the store asks of a database and of a bucket. An adapter fits one of these to one outside thing, in about a page.

An adapter turns every error of its outside thing into a `StoreError`, most of all telling `UnavailableError`, after which nothing
has changed, from `OutcomeUnknownError`, after which nobody knows. It never repeats a write by itself: the store decides that.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

VALUE_BYTES: Final = 2_000_000
"""Bytes of the largest value, row or parameter that a `Database` must take: Cloudflare D1's limit, held to by every adapter."""

Row = Mapping[str, Any]
"""A row by column name. Integers are below 2**53, since D1 gives them as doubles; bytes are read as text, through `hex`."""


class Statement(NamedTuple):
    """One SQL statement of the SQLite dialect and its parameters, `?1` first.

    Parameters are texts only: D1 binds every number as a double, and its REST API takes nothing else. Integers are written
    `CAST(?1 AS INTEGER)` in the statement, bytes `unhex(?1)`, and lists travel as one JSON text through `json_each`.
    """

    sql: str
    params: tuple[str, ...] = ()


class ObjectInfo(NamedTuple):
    """An object of a bucket: its `key`, its `size` in bytes, and when it was put, in milliseconds since the epoch."""

    key: str
    size: int
    modified_at_ms: int


class Database(Protocol):
    """A SQL database of the SQLite dialect."""

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run `statements` in order as one transaction and return each one's rows.

        After a crash, before or after, either all of them have happened or none. Raises `ConflictError` when a statement violates a
        constraint, `UnavailableError` (both: none has happened) and `OutcomeUnknownError` (all have, or none, or all may yet).
        """
        ...


class Bucket(Protocol):
    """Objects by key. What was put is there for every later call, in every process: no operation is eventual."""

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        """Store the joined `chunks` under `key` and return True; with `if_absent`, return False where there is such an object.

        No one ever sees a part of an object: after a crash before the end there is none, and after it the whole one. Raises
        `UnavailableError` and `OutcomeUnknownError`.
        """
        ...

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Return bytes `start_byte <= byte < start_byte + length` of an object, fewer where it ends; `length` is 1 or more.

        Raises `NotFoundError` and `UnavailableError`.
        """
        ...

    async def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object, or None where there is none. Raises `UnavailableError`."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error, so a call may be repeated. Raises `UnavailableError`."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield every object whose key begins with `prefix`, in order of keys. Raises `UnavailableError`."""
        ...
