"""A `Database` in one SQLite file: the embedded stand-in for Cloudflare D1, and held to D1's limits.

What works here works there, so a batch may neither exceed a limit of D1 nor end its own transaction. Every batch begins as a writer
(`BEGIN IMMEDIATE`), reads too: D1 runs one at a time as well, and a reader that turns writer halfway could not be made to wait.
"""

import asyncio
import binascii
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from avro_ocf.adapters.limits import SQL_BYTES, check_statements
from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import VALUE_BYTES, Row, Statement

D1_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: SQL_BYTES,
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 32,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
"""What D1 grants a statement, by SQLite's number for each limit; one that asks for more is a `StoreError`."""

_REFUSED: Final = {sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}

_ADVICE: Final = {
    sqlite3.SQLITE_BUSY: "another process is using it: try again later",
    sqlite3.SQLITE_LOCKED: "another connection is using it: try again later",
    sqlite3.SQLITE_PROTOCOL: "other processes are using it: try again later",
    sqlite3.SQLITE_FULL: "free some space",
    sqlite3.SQLITE_READONLY: "check that the file and its folder are writable",
    sqlite3.SQLITE_CANTOPEN: "check that its folder is there and writable",
    sqlite3.SQLITE_IOERR: "check the disk",
    sqlite3.SQLITE_NOMEM: "free some memory",
    sqlite3.SQLITE_SCHEMA: "another connection has changed its tables: try again",
    sqlite3.SQLITE_INTERRUPT: "try again",
    sqlite3.SQLITE_ABORT: "try again",
}


def _as_store_error(path: str, error: Exception) -> StoreError:
    """Return what `error` means to the store, where it is certain that nothing has changed."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte of an extended code is the code it extends
    if code == sqlite3.SQLITE_CONSTRAINT:
        return ConflictError(f"{path}: {error}")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DamagedError(f"{path}: {error}; restore it from a backup")
    if code in _ADVICE:
        return UnavailableError(f"{path}: {error}; {_ADVICE[code]}")
    if code == sqlite3.SQLITE_TOOBIG:
        return StoreError(f"{path}: {error}; a value or a row has at most {VALUE_BYTES:,} bytes")
    if isinstance(error, MemoryError):  # all that SQLite says of a program past its limit of operations, too
        operations = D1_LIMITS[sqlite3.SQLITE_LIMIT_VDBE_OP]
        return UnavailableError(f"{path}: out of memory, or a statement of more than {operations:,} operations; free some memory")
    return StoreError(f"{path}: {error}")


def _unhex(text: object) -> bytes | None:
    """Do as `unhex` of SQLite 3.41 and later: bytes, or NULL for what is not pairs of hexadecimal digits."""
    try:
        return None if text is None else binascii.unhexlify(text if isinstance(text, bytes) else str(text))
    except ValueError:
        return None


def _run(connection: sqlite3.Connection, statement: Statement) -> list[Row]:
    cursor = connection.execute(statement.sql, statement.params)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


class SQLite:
    """A `Database` in the SQLite file at `path`, which is made if there is none, and which several processes may share.

    `:memory:` is a database of its own that ends with this object. Where another process holds the file, a batch waits up to
    `busy_timeout_ms` milliseconds for it. The file is opened by the first batch, which raises `UnavailableError` if it cannot be,
    and `DamagedError` if it is something else. At the end of a `with` block it is closed.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout_ms: int = 10_000) -> None:
        self._path = os.fspath(path)
        self._busy_timeout_ms = busy_timeout_ms
        self._lock = threading.Lock()  # a cancelled batch goes on in its thread, where no lock of the event loop would hold
        self._connection: sqlite3.Connection | None = None
        self._in_batch = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, after the batch that is being run; every later one raises `StoreError`. Closing again does nothing."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run `statements` as one transaction and return each one's rows, as `Database.batch` says.

        When the task is cancelled the batch is still run to its end, or not at all. Besides the port's errors raises `StoreError`
        for wrong SQL and for what is past a limit of D1, `DamagedError`, and `TypeError` for a parameter that is no text, before
        anything is run.
        """
        statements = tuple(statements)
        check_statements(self._path, statements)
        return await asyncio.to_thread(self._batch, statements)

    def _batch(self, statements: tuple[Statement, ...]) -> list[list[Row]]:
        with self._lock, self._errors():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._in_batch = True
                try:
                    results = [_run(connection, statement) for statement in statements]
                finally:
                    self._in_batch = False
                self._commit(connection)
            except BaseException:
                with suppress(sqlite3.Error):  # whatever ROLLBACK meets, without a COMMIT no one ever sees the batch
                    connection.rollback()
                raise
            return results

    def _commit(self, connection: sqlite3.Connection) -> None:
        try:
            connection.commit()
        except (sqlite3.Error, MemoryError) as error:
            if connection.in_transaction:  # a lock or a constraint was in the way, and all can still be rolled back
                raise
            # SQLite has given the transaction up, but the disk may hold its last page by now, and recovery would find it there.
            raise OutcomeUnknownError(f"{self._path}: {error}; whether the batch is stored shows when it is read") from error

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, MemoryError) as error:
            raise _as_store_error(self._path, error) from error

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self._path}: closed")
        if self._connection is None:
            seconds = self._busy_timeout_ms / 1000
            connection = sqlite3.connect(self._path, timeout=seconds, isolation_level=None, check_same_thread=False)
            try:
                self._configure(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _configure(self, connection: sqlite3.Connection) -> None:
        for limit, value in D1_LIMITS.items():
            connection.setlimit(limit, value)
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            # SQLite does not wait for a writer here. That one goes on in the file's present mode, and so may this connection.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if sqlite3.sqlite_version_info < (3, 41):
            connection.create_function("unhex", 1, _unhex, deterministic=True)
        connection.set_authorizer(self._authorize)

    def _authorize(self, action: int, *_: object) -> int:
        return sqlite3.SQLITE_DENY if self._in_batch and action in _REFUSED else sqlite3.SQLITE_OK
