"""The outside world of a simulated store: a database, a bucket and a clock that a scheduler holds in its hand.

Nothing here waits and nothing is random. Each call of a port yields a `Call` to whoever drives the coroutine; it happens when that
one calls `World.apply`, never, later, or twice. The database is SQLite in memory, so its SQL is what it is in production. It stays
inside one transaction for good: a batch is a savepoint of it, and rolling back to an outer savepoint brings back a world that was
prepared, far faster than preparing it again.
"""

import hashlib
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any, Final

from avro_ocf.errors import ConflictError, NotFoundError
from avro_ocf.hotcold import ObjectInfo, Row, Statement, sql
from avro_ocf.hotcold.migrations import CREATE_VERSION, MIGRATIONS, VERSION, WRITE_VERSION

START_MS: Final = 1_000_000
"""When every world begins."""

NO_TABLES: Final[frozenset[str]] = frozenset()

_WRITTEN_TABLE: Final = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE(?: IF NOT EXISTS)?)\s+(\w+)")
_tables_of_sql: dict[str, str | None] = {}


def written_table(statement: str) -> str | None:
    """Return the table that a statement writes, or None for a query."""
    if statement not in _tables_of_sql:
        found = _WRITTEN_TABLE.match(statement)
        _tables_of_sql[statement] = found[1] if found else None
    return _tables_of_sql[statement]


class Call:
    """One call of a port, on its way. `tables` are those that it may write; `is_read` tells that it changes nothing at all."""

    __slots__ = ("act", "caller", "cutoff_ms", "is_read", "key", "kind", "statements", "tables")

    def __init__(self, caller: "Caller", kind: str, act: Callable[[], Any], *, is_read: bool, key: str = "") -> None:
        self.caller = caller
        self.kind = kind
        self.act = act
        self.is_read = is_read
        self.key = key
        self.cutoff_ms = caller.cutoff_ms
        self.statements: Sequence[Statement] = ()
        self.tables = NO_TABLES

    def __await__(self) -> Generator["Call", Any, Any]:
        return (yield self)

    def __str__(self) -> str:
        if self.kind != "batch":
            return f"{self.kind} {self.key}"
        return f"batch {', '.join(map(_name_of, self.statements))}"


class Caller:
    """Whose calls they are: `cutoff_ms` is the time before which its operation may expire records, `is_reset` that it may wipe.

    `resets_before` is how many resets had come to their end when it began to wipe; once there are more, it may not any longer.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cutoff_ms: int | None = None
        self.is_reset = False
        self.resets_before = 0
        self.opened: frozenset[int] | None = None
        self.watched = ("", "")


class World:
    """What is stored, and what time it is."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=500)
        if sqlite3.sqlite_version_info < (3, 41):
            self.connection.create_function("unhex", 1, _unhex, deterministic=True)
        self.connection.execute("PRAGMA foreign_keys = ON")
        for statement in (CREATE_VERSION, *(statement for migration in MIGRATIONS for statement in migration.up)):
            self.connection.execute(statement)
        self.connection.execute(WRITE_VERSION, (str(VERSION),))
        self.connection.execute("BEGIN")
        self.objects: dict[str, tuple[bytes, int]] = {}
        self.deleted: list[str] = []
        self.now_ms = START_MS
        self.tokens = 0
        self._marked: tuple[dict[str, tuple[bytes, int]], int, int] = ({}, START_MS, 0)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def mark(self) -> None:
        """Keep the world as it is now for every later `rewind`."""
        self.connection.execute("SAVEPOINT marked")
        self._marked = (dict(self.objects), self.now_ms, self.tokens)

    def rewind(self) -> None:
        """Go back to what was marked."""
        self.connection.execute("ROLLBACK TO marked")
        objects, self.now_ms, self.tokens = self._marked
        self.objects = dict(objects)
        self.deleted = []

    def clock(self) -> int:
        """Return the time."""
        return self.now_ms

    def token(self) -> bytes:
        """Return 16 bytes, never the same, and the same in each run."""
        self.tokens += 1
        return hashlib.sha256(b"%d" % self.tokens).digest()[:16]

    def query(self, statement: str, *params: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, run past the store."""
        return self.connection.execute(statement, params).fetchall()

    def run_queries(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements and return each one's rows."""
        results: list[list[Row]] = []
        for statement, params in statements:
            cursor = self.connection.execute(statement, params)
            if cursor.description:
                names = [column[0] for column in cursor.description]
                results.append([dict(zip(names, row, strict=True)) for row in cursor])
            else:
                results.append([])
        return results

    def run_batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run a batch, all or nothing."""
        execute = self.connection.execute
        execute("SAVEPOINT batch")
        try:
            results = self.run_queries(statements)
        except sqlite3.IntegrityError as error:
            execute("ROLLBACK TO batch")
            execute("RELEASE batch")
            raise ConflictError(str(error)) from None
        execute("RELEASE batch")
        return results

    def put(self, key: str, data: bytes, if_absent: bool) -> bool:
        """Store an object."""
        if if_absent and key in self.objects:
            return False
        self.objects[key] = (data, self.now_ms)
        return True

    def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Return a part of an object."""
        if key not in self.objects:
            raise NotFoundError(f"{key}: there is no such object")
        return self.objects[key][0][start_byte : start_byte + length]

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known of an object."""
        found = self.objects.get(key)
        return None if found is None else ObjectInfo(key, len(found[0]), found[1])

    def delete(self, key: str) -> None:
        """Remove an object."""
        if self.objects.pop(key, None) is not None:
            self.deleted.append(key)

    def next_object(self, prefix: str, after: str) -> ObjectInfo | None:
        """Return the first object behind a key."""
        keys = [key for key in self.objects if key > after and key.startswith(prefix)]
        return self.head(min(keys)) if keys else None


class SimulatedDatabase:
    """A `Database` whose batches happen when the scheduler says so."""

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        statements = tuple(statements)
        tables = frozenset(filter(None, [written_table(statement.sql) for statement in statements]))
        run = self._world.run_batch if tables else self._world.run_queries
        call = Call(self._caller, "batch", partial(run, statements), is_read=not tables)
        call.statements = statements
        call.tables = tables
        rows: list[list[Row]] = await call
        return rows


class SimulatedBucket:
    """A `Bucket` in a dict, each of whose calls, and each step of whose list, happens when the scheduler says so."""

    def __init__(self, world: World, caller: Caller) -> None:
        self._world = world
        self._caller = caller

    def _call(self, kind: str, act: Callable[[], Any], key: str, *, is_read: bool = True) -> Call:
        return Call(self._caller, kind, act, is_read=is_read, key=key)

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        act = partial(self._world.put, key, b"".join(chunks), if_absent)
        is_new: bool = await self._call("put", act, key, is_read=False)
        return is_new

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        data: bytes = await self._call("get", partial(self._world.get, key, start_byte, length), key)
        return data

    async def head(self, key: str) -> ObjectInfo | None:
        info: ObjectInfo | None = await self._call("head", partial(self._world.head, key), key)
        return info

    async def delete(self, key: str) -> None:
        await self._call("delete", partial(self._world.delete, key), key, is_read=False)

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        after = ""
        while info := await self._call("list", partial(self._world.next_object, prefix, after), after):
            yield info
            after = info.key


def _unhex(text: str | None) -> bytes | None:
    """Do as `unhex` of SQLite 3.41 and later does with what the store gives it."""
    return None if text is None else bytes.fromhex(text)


def _name_of(statement: Statement) -> str:
    """Return the name that a statement has in `sql`."""
    for name, text in vars(sql).items():
        if text == statement.sql:
            shown = ", ".join(param if len(param) <= 40 else f"{param[:37]}..." for param in statement.params)
            return f"{name}({shown})"
    return statement.sql[:40]
