"""`CountingBucket` counts what passes through it, and changes nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from avro_ocf.errors import NotFoundError, UnavailableError
from avro_ocf.hotcold.counting import CountingBucket, RangeRead
from avro_ocf.hotcold.ports import ObjectInfo

pytestmark = pytest.mark.host


class OneObject:
    """A bucket that holds one object at most."""

    def __init__(self) -> None:
        self.key = ""
        self.data = b""

    async def put(self, key: str, chunks: Iterable[bytes], *, if_absent: bool) -> bool:
        if if_absent and key == self.key:
            return False
        if key == "full":
            next(iter(chunks))
            raise UnavailableError("no more space")
        self.key, self.data = key, b"".join(chunks)
        return True

    async def get(self, key: str, start_byte: int, length: int) -> bytes:
        if key != self.key:
            raise NotFoundError(key)
        return self.data[start_byte : start_byte + length]

    async def head(self, key: str) -> ObjectInfo | None:
        return ObjectInfo(key, len(self.data), 5) if key == self.key else None

    async def delete(self, key: str) -> None:
        if key == self.key:
            self.key = ""

    async def list(self, prefix: str = "") -> AsyncIterator[ObjectInfo]:
        if self.key.startswith(prefix):
            yield ObjectInfo(self.key, len(self.data), 5)


async def use(bucket: CountingBucket) -> None:
    assert await bucket.put("a", [b"01234", b"56789"], if_absent=True)
    assert not await bucket.put("a", [b"other"], if_absent=True)
    with pytest.raises(UnavailableError):
        await bucket.put("full", [b"xyz", b"never taken"], if_absent=False)
    assert await bucket.get("a", 2, 3) == b"234"
    assert await bucket.get("a", 8, 100) == b"89"
    with pytest.raises(NotFoundError):
        await bucket.get("b", 0, 1)
    assert await bucket.head("a") == ObjectInfo("a", 10, 5)
    assert await bucket.head("b") is None
    assert [info.key async for info in bucket.list()] == ["a"]
    assert [info.key async for info in bucket.list("b")] == []
    await bucket.delete("a")
    assert await bucket.head("a") is None


def test_everything_is_counted() -> None:
    bucket = CountingBucket(OneObject())
    asyncio.run(use(bucket))
    assert (bucket.puts, bucket.gets, bucket.heads, bucket.deletes, bucket.lists) == (3, 3, 3, 1, 2)
    assert (bucket.bytes_put, bucket.bytes_read) == (13, 5)
    assert bucket.ranges == [RangeRead("a", 2, 3), RangeRead("a", 8, 100), RangeRead("b", 0, 1)]
    bucket.clear()
    assert (bucket.puts, bucket.gets, bucket.heads, bucket.deletes, bucket.lists) == (0, 0, 0, 0, 0)
    assert (bucket.bytes_put, bucket.bytes_read, bucket.ranges) == (0, 0, [])
