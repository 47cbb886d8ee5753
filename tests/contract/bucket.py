"""What every `Bucket` does, whatever it stands on. An adapter's own test only says how to make two of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avro_ocf.errors import NotFoundError
from avro_ocf.hotcold.ports import Bucket, ObjectInfo

MEGABYTE = 1_000_000
A_LOT = 2**62
KEYS = ["a", "a-b", "a.avro", "ab/c", "b/2026-11-x.avro", "b/2026-12-x.avro", "b0", "b/c/d", "B", "é/\U0001f6a2", "z z+%?#~"]
"""Keys whose order as texts is not that of folders within folders."""

STEPS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.binary(max_size=20), st.booleans()),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.just("get"), st.sampled_from(KEYS), st.integers(0, 25), st.integers(1, 25)),
    st.tuples(st.just("list"), st.sampled_from(["", "a", "b", "b/", "b/2026-1", "b/c/d", "c", "é"])),
)


class Pair(NamedTuple):
    """Two adapters to one empty bucket, and the loop that both are used in."""

    loop: asyncio.Runner
    first: Bucket
    second: Bucket

    def put(self, key: str, *chunks: bytes, if_absent: bool = True) -> bool:
        """Put an object by the first adapter."""
        return self.loop.run(self.first.put(key, chunks, if_absent=if_absent))

    def get(self, key: str, start_byte: int = 0, length: int = A_LOT) -> bytes:
        """Get a range of an object, or all of it, by the second adapter."""
        return self.loop.run(self.second.get(key, start_byte, length))

    def head(self, key: str) -> ObjectInfo | None:
        """Look an object up by the second adapter."""
        return self.loop.run(self.second.head(key))

    def delete(self, key: str) -> None:
        """Delete an object by the first adapter."""
        self.loop.run(self.first.delete(key))

    def list(self, prefix: str = "") -> dict[str, int]:
        """Return the keys and sizes of all objects, as the second adapter lists them."""

        async def collect() -> dict[str, int]:
            return {info.key: info.size async for info in self.second.list(prefix)}

        return self.loop.run(collect())


class BucketContract:
    """A subclass overrides `adapters`, and `fill` where there is a faster way.

    `page_objects` are as many as an adapter lists by one call to the outside thing.
    """

    page_objects: ClassVar[int] = 1_000

    @pytest.fixture
    def adapters(self) -> object:
        """Return or yield two adapters to one bucket, which is empty."""
        raise NotImplementedError

    @pytest.fixture
    def pair(self, loop: asyncio.Runner, adapters: tuple[Bucket, Bucket]) -> Pair:
        return Pair(loop, *adapters)

    def test_an_object_is_what_was_put(self, pair: Pair) -> None:
        assert pair.put("battles/2026-11-abc.avro", b"Obj\x01", bytes(range(256)), b"", b"end")
        assert pair.get("battles/2026-11-abc.avro") == b"Obj\x01" + bytes(range(256)) + b"end"

    def test_chunks_may_come_from_a_generator(self, pair: Pair) -> None:
        assert pair.loop.run(pair.first.put("k", (bytes([number]) for number in range(9)), if_absent=True))
        assert pair.get("k") == bytes(range(9))

    def test_a_large_object_comes_in_many_chunks(self, pair: Pair) -> None:
        chunks = [bytes([number % 251]) * 10_007 for number in range(500)]
        assert pair.put("k", *chunks)
        whole = b"".join(chunks)
        assert pair.head("k") == pair.head("k")
        assert pair.list() == {"k": len(whole)}
        assert pair.get("k", 3 * MEGABYTE, MEGABYTE) == whole[3 * MEGABYTE : 4 * MEGABYTE]
        assert pair.get("k") == whole

    @pytest.mark.parametrize("chunks", [(), (b"",), (b"", b"")])
    def test_an_object_may_be_empty(self, pair: Pair, chunks: tuple[bytes, ...]) -> None:
        assert pair.put("k", *chunks)
        assert not pair.put("k", b"other")
        assert pair.get("k") == b""
        assert pair.list() == {"k": 0}

    def test_head_tells_size_and_time(self, pair: Pair) -> None:
        before_ms = time.time_ns() // 1_000_000
        pair.put("a/b", b"12345")
        info = pair.head("a/b")
        assert info is not None
        assert info[:2] == ("a/b", 5)
        assert abs(info.modified_at_ms - before_ms) < 60_000  # a bucket may have a clock of its own

    @pytest.mark.parametrize("key", ["k", "a/b", "a/b/c/d", "a"])
    def test_what_is_not_there_is_not_found(self, pair: Pair, key: str) -> None:
        for _ in range(2):
            with pytest.raises(NotFoundError, match=key):
                pair.get(key)
            assert pair.head(key) is None
            pair.delete(key)
            pair.put("a/b-", b"beside it")
        assert pair.list() == {"a/b-": 9}

    async def fill(self, pair: Pair, keys: list[str]) -> None:
        """Put an object of one byte under each of `keys`."""
        for start in range(0, len(keys), 50):
            await asyncio.gather(*(pair.first.put(key, [b"x"], if_absent=True) for key in keys[start : start + 50]))

    # Put.

    def test_if_absent_leaves_an_object_as_it_is(self, pair: Pair) -> None:
        assert pair.put("a/k", b"first")
        before = pair.head("a/k")
        assert not pair.put("a/k", b"and", b"second")
        assert pair.head("a/k") == before
        assert pair.get("a/k") == b"first"

    def test_otherwise_an_object_is_replaced(self, pair: Pair) -> None:
        for content in (b"first", b"second, longer", b"3rd"):
            assert pair.put("a/k", content, if_absent=False)
            assert pair.get("a/k") == content
        assert pair.list() == {"a/k": 3}

    def test_one_of_many_that_race_to_create_wins(self, pair: Pair) -> None:
        contents = [bytes([number]) * 70_000 for number in range(12)]

        async def race() -> list[bool]:
            adapters = (pair.first, pair.second)
            return await asyncio.gather(
                *(adapters[number % 2].put("a/k", [content], if_absent=True) for number, content in enumerate(contents))
            )

        won = pair.loop.run(race())
        assert Counter(won) == {True: 1, False: 11}
        assert pair.get("a/k") == contents[won.index(True)]

    def test_objects_of_one_folder_put_at_once_all_stand(self, pair: Pair) -> None:
        keys = [f"a/{number}/k" for number in range(12)] + [f"a/k{number}" for number in range(12)]

        async def put_all() -> list[bool]:
            return await asyncio.gather(*(pair.first.put(key, [key.encode()], if_absent=True) for key in keys))

        assert all(pair.loop.run(put_all()))
        assert pair.list() == {key: len(key) for key in sorted(keys)}

    def test_a_reader_sees_one_whole_object_or_another(self, pair: Pair) -> None:
        contents = [bytes([number]) * 200_000 for number in range(20)]
        pair.put("k", contents[0])

        async def replace() -> None:
            for content in contents:
                await pair.first.put("k", [content], if_absent=False)

        async def watch() -> set[bytes]:
            writer = asyncio.create_task(replace())
            seen = set()
            while not writer.done():
                seen.add(await pair.second.get("k", 0, A_LOT))
            await writer
            return seen

        assert pair.loop.run(watch()) <= set(contents)

    def test_chunks_that_fail_leave_nothing(self, pair: Pair) -> None:
        def fail() -> Iterable[bytes]:
            yield b"x" * MEGABYTE
            raise OSError("the source of the chunks is gone")

        for if_absent in (True, False):
            with pytest.raises(OSError, match="the source of the chunks is gone"):
                pair.loop.run(pair.first.put("a/k", fail(), if_absent=if_absent))
            assert pair.head("a/k") is None
            assert pair.list() == {}
        assert pair.put("a/k", b"x")

    def test_chunks_that_fail_leave_what_was_there(self, pair: Pair) -> None:
        def fail() -> Iterable[bytes]:
            yield b"x"
            raise RuntimeError

        pair.put("k", b"first")
        with pytest.raises(RuntimeError):
            pair.loop.run(pair.first.put("k", fail(), if_absent=False))
        assert pair.get("k") == b"first"

    def test_a_cancelled_put_is_whole_or_nothing(self, pair: Pair) -> None:
        async def cancel(turns: int) -> None:
            task = asyncio.create_task(pair.first.put("k", [b"x" * MEGABYTE] * 3, if_absent=True))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        for turns in range(4):
            pair.loop.run(cancel(turns))
            assert set(pair.list().values()) <= {3 * MEGABYTE}
        assert pair.put("k", b"x", if_absent=False)

    # Get.

    @pytest.mark.parametrize(
        ("start_byte", "length", "content"),
        [
            (0, 1, b"0"),
            (0, 10, b"0123456789"),
            (0, 11, b"0123456789"),
            (3, 4, b"3456"),
            (9, 1, b"9"),
            (9, 2, b"9"),
            (5, A_LOT, b"56789"),
            (10, 1, b""),
            (11, 1, b""),
            (A_LOT, A_LOT, b""),
        ],
    )
    def test_ranges_end_where_the_object_does(self, pair: Pair, start_byte: int, length: int, content: bytes) -> None:
        pair.put("k", b"01234", b"56789")
        assert pair.get("k", start_byte, length) == content

    # Delete.

    def test_a_deleted_object_is_gone_and_may_be_put_again(self, pair: Pair) -> None:
        pair.put("a/k", b"first")
        pair.put("a/l", b"other")
        for _ in range(2):
            pair.delete("a/k")
            assert pair.head("a/k") is None
            with pytest.raises(NotFoundError):
                pair.get("a/k")
            assert pair.list() == {"a/l": 5}
        assert pair.put("a/k", b"second")
        assert pair.get("a/k") == b"second"

    # List.

    def test_objects_are_listed_in_order_of_their_keys(self, pair: Pair) -> None:
        for key in reversed(KEYS):
            pair.put(key, key.encode())
        assert [*pair.list().items()] == [(key, len(key.encode())) for key in sorted(KEYS)]

    @pytest.mark.parametrize(
        "prefix", ["", "a", "a-", "ab/", "b", "b/", "b/2", "b/2026-11-x.avro", "b/c/d/", "b/c/d0", "/", "..", "é"]
    )
    def test_a_prefix_is_one_of_the_text(self, pair: Pair, prefix: str) -> None:
        for key in KEYS:
            pair.put(key, b"x")
        assert [*pair.list(prefix)] == [key for key in sorted(KEYS) if key.startswith(prefix)]

    def test_listed_objects_are_as_head_tells(self, pair: Pair) -> None:
        pair.put("a/k", b"12345")

        async def collect() -> list[ObjectInfo]:
            return [info async for info in pair.first.list("a/")]

        assert pair.loop.run(collect()) == [pair.head("a/k")]

    def test_more_objects_than_a_page_are_listed(self, pair: Pair) -> None:
        keys = [f"{number % 7}/{number:04}" for number in range(self.page_objects + 100)]
        pair.loop.run(self.fill(pair, keys))
        assert [*pair.list()] == sorted(keys)

    def test_listing_may_end_early(self, pair: Pair) -> None:
        async def first() -> str:
            objects = pair.first.list()
            return (await anext(objects)).key

        for key in KEYS:
            pair.put(key, b"x")
        assert pair.loop.run(first()) == min(KEYS)

    # All of it, against a model.

    # One method for many adapters: what one of them does is no matter of the others.
    @settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(steps=st.lists(STEPS, max_size=20))
    def test_a_bucket_is_a_dictionary(self, pair: Pair, steps: list[tuple[Any, ...]]) -> None:
        model: dict[str, bytes] = {}
        for key in pair.list():
            pair.delete(key)
        for verb, *arguments in steps:
            self.step(pair, model, verb, *arguments)
        assert {key: pair.get(key) for key in pair.list()} == model

    def step(self, pair: Pair, model: dict[str, bytes], verb: str, key: str, *rest: Any) -> None:
        """Do the same to a bucket and to its model."""
        if verb == "put":
            content, if_absent = rest
            absent = key not in model
            assert pair.put(key, content[:7], content[7:], if_absent=if_absent) == (absent or not if_absent)
            if absent or not if_absent:
                model[key] = content
        elif verb == "delete":
            pair.delete(key)
            model.pop(key, None)
        elif verb == "list":
            expected = [(name, len(content)) for name, content in sorted(model.items()) if name.startswith(key)]
            assert [*pair.list(key).items()] == expected
        elif key in model:
            start, length = rest
            assert pair.get(key, start, length) == model[key][start : start + length]
        else:
            with pytest.raises(NotFoundError):
                pair.get(key, *rest)
