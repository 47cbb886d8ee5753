"""`CountingBucket`: what a store asks of its bucket, counted. For tests, benchmarks and the demo."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple

from avro_ocf.hotcold.ports import Bucket, ObjectInfo


class RangeRead(NamedTuple):
    """One `get`: the object's `key`, and the bytes `start_byte <= byte < start_byte + length` that were asked of it."""

    key: str
    start_byte: int
    length: int


class CountingBucket:
    """A `Bucket` that hands everything on to another one, and counts it.

    `puts`, `gets`, `heads`, `deletes` and `lists` are the requests made, failed ones included; `bytes_put` are the bytes taken of
    their chunks, `bytes_read` those that came back. `ranges` holds each `get` in order.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.clear()

    def clear(self) -> None:
        """Count from zero again."""
        self.puts = self.heads = self.deletes = self.lists = 0
        self.bytes_put = self.bytes_read = 0
        self.ranges: list[RangeRead] = []

    @property
    def gets(self) -> int:
        """How many ranges were asked for."""
        return len(self.ranges)

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        """Count, and do as `Bucket.put`."""
        self.puts += 1
        sizes: list[int] = []
        try:
            return await self._bucket.put(key, _measured(chunks, sizes), if_absent=if_absent)
        finally:
            self.bytes_put += sum(sizes)

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        """Count, and do as `Bucket.get`."""
        self.ranges.append(RangeRead(key, start_byte, length))
        data = await self._bucket.get(key, start_byte, length)
        self.bytes_read += len(data)
        return data

    async def head(self, key: str) -> ObjectInfo | None:
        """Count, and do as `Bucket.head`."""
        self.heads += 1
        return await self._bucket.head(key)

    async def delete(self, key: str) -> None:
        """Count, and do as `Bucket.delete`."""
        self.deletes += 1
        await self._bucket.delete(key)

    def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        """Count, and do as `Bucket.list`."""
        self.lists += 1
        return self._bucket.list(prefix)


def _measured(chunks: Iterable[bytes], sizes: list[int]) -> Iterator[bytes]:
    """Yield `chunks`, and note the size of each that is taken; an adapter may take them in a thread of its own."""
    for chunk in chunks:
        sizes.append(len(chunk))
        yield chunk
