"""Stores to test: over SQLite and a directory or a dict, with a clock and tokens of a test's own, and counters at both ports."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from avro_ocf.errors import NotFoundError
from avro_ocf.hotcold import Bucket, Database, HotCold, ObjectInfo, Row, Settings, Statement
from avro_ocf.hotcold.counting import CountingBucket
from avro_ocf.hotcold.reports import ArchiveReport, IngestReport, VerifyReport

T = TypeVar("T")

NOW_MS = 1_764_000_000_000
DAY_MS = 86_400_000
A_LOT = 2**40

D1_PARAMETERS = 100
D1_SQL_BYTES = 100_000
D1_VALUE_BYTES = 2_000_000

SMALL = Settings(block_bytes=60, file_bytes=400, file_records=7)
"""So small that a handful of records makes several blocks and several files."""


class Clock:
    """A clock that stands at `now_ms` until a test sets it."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def make_token(seed: str = "") -> Callable[[], bytes]:
    """Return a function that gives 16 bytes, never the same, and the same for each test."""
    count = 0

    def token() -> bytes:
        nonlocal count
        count += 1
        return hashlib.sha256(f"{seed}{count}".encode()).digest()[:16]

    return token


class MemoryBucket:
    """A `Bucket` in a dict, whose objects are as old as `clock` says."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.objects: dict[str, tuple[bytes, int]] = {}

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        if if_absent and key in self.objects:
            return False
        self.objects[key] = (b"".join(chunks), self.clock())
        return True

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        if key not in self.objects:
            raise NotFoundError(f"{key}: there is no such object")
        return self.objects[key][0][start_byte : start_byte + length]

    async def head(self, key: str) -> ObjectInfo | None:
        found = self.objects.get(key)
        return None if found is None else ObjectInfo(key, len(found[0]), found[1])

    async def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and (info := await self.head(key)):
                yield info


class CountingDatabase:
    """A `Database` that keeps every batch it is given, and holds each of its statements to D1's limits.

    `largest_answer` is the most characters that the values of one batch's rows had.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.batches: list[list[Statement]] = []
        self.largest_answer = 0

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        for sql, params in statements:
            assert len(params) <= D1_PARAMETERS
            assert len(sql.encode()) <= D1_SQL_BYTES
            assert all(type(param) is str and len(param.encode()) <= D1_VALUE_BYTES for param in params)
        self.batches.append(list(statements))
        results = await self.database.batch(statements)
        size = sum(len(str(value)) for rows in results for row in rows for value in row.values())
        self.largest_answer = max(self.largest_answer, size)
        return results


class Runner(Protocol):
    """What runs coroutines to their end, as `asyncio.Runner` does."""

    def run(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...

    def close(self) -> None: ...


class Rig:
    """A store and handles on all that it stands on. Each coroutine is run to its end by `runner`, which the rig closes.

    The database and the bucket are closed by whoever has opened them.
    """

    def __init__(
        self, database: Database, bucket: Bucket, settings: Settings, clock: Callable[[], int], runner: Runner | None = None
    ) -> None:
        self._runner: Runner = runner or asyncio.Runner()
        self._closing = ExitStack()
        self._objects = bucket
        self._token = make_token()
        self.settings = settings
        self.clock = clock if isinstance(clock, Clock) else Clock()
        self._clock = clock
        self.database = CountingDatabase(database)
        self.bucket = CountingBucket(bucket)
        self.store = self.another()

    def another(self, settings: Settings | None = None) -> HotCold:
        """Return one more store on the same database and bucket, as another process has it."""
        return HotCold(self.database, self.bucket, settings=settings or self.settings, clock=self._clock, token=self._token)

    def lose_database(self) -> None:
        """Go on with an empty database and the same bucket."""
        from avro_ocf.adapters.sqlite import SQLite

        self.database = CountingDatabase(self._closing.enter_context(SQLite(":memory:")))
        self.store = self.another()

    def close(self) -> None:
        """Close what is open."""
        self._closing.close()
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return what it returns."""
        return self._runner.run(coroutine)

    def ingest(self, dataset_id: str, table: str, records: Iterable[object] | bytes, **options: Any) -> IngestReport:
        """Ingest one upload."""
        return self.run(self.store.ingest(dataset_id, table, records, **options))

    def archive(self) -> ArchiveReport:
        """Archive, which has to come to its end."""
        report = self.run(self.store.archive())
        assert report.result == "done"
        return report

    def verify(self) -> VerifyReport:
        """Verify, which has to find nothing."""
        report = self.run(self.store.verify())
        assert report.problems == []
        return report

    def read(self, dataset_id: str, table: str, **options: Any) -> list[Any]:
        """Return the records of a read."""
        return self.run(everything(self.store.read(dataset_id, table, **options)))

    def lines(self, dataset_id: str, table: str, **options: Any) -> list[str]:
        """Return the lines of a read."""
        return self.run(everything(self.store.read(dataset_id, table, format="ndjson", **options)))

    def ocf(self, dataset_id: str, table: str, **options: Any) -> bytes:
        """Return the file of a read."""
        return b"".join(self.run(everything(self.store.read(dataset_id, table, format="ocf", **options))))

    def sql(self, statement: str, *params: str) -> list[Row]:
        """Return the rows of one statement, run past the store."""
        (rows,) = self.run(self.database.database.batch([Statement(statement, params)]))
        return rows

    def count(self, table: str) -> int:
        """Return the number of rows of one of the store's tables."""
        return int(self.sql(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])

    def objects(self) -> list[ObjectInfo]:
        """Return what is in the bucket."""
        return self.run(everything(self._objects.list()))

    def object(self, key: str) -> bytes:
        """Return one object."""
        return self.run(self._objects.get(key, 0, A_LOT))

    def replace(self, key: str, data: bytes) -> None:
        """Put an object over another, as no store ever does."""
        self.run(self._objects.put(key, [data], if_absent=False))

    def delete(self, key: str) -> None:
        """Take an object away."""
        self.run(self._objects.delete(key))


@contextmanager
def memory_rig(settings: Settings = SMALL) -> Iterator[Rig]:
    """Give a store that is all in memory."""
    from avro_ocf.adapters.sqlite import SQLite  # not in every Pyodide, and not needed for a rig of other parts

    clock = Clock()
    with SQLite(":memory:") as database, closing(Rig(database, MemoryBucket(clock), settings, clock)) as rig:
        yield rig


@contextmanager
def disk_rig(folder: Path, settings: Settings = SMALL, clock: Callable[[], int] | None = None) -> Iterator[Rig]:
    """Give a store as it is on a disk, in `folder`."""
    from avro_ocf.adapters.directory import Directory
    from avro_ocf.adapters.sqlite import SQLite

    with (
        SQLite(folder / "hotcold.db") as database,
        closing(Rig(database, Directory(folder / "cold"), settings, clock or Clock())) as rig,
    ):
        yield rig


async def everything(items: AsyncIterator[T]) -> list[T]:
    """Return all that an asynchronous iterator yields."""
    return [item async for item in items]
