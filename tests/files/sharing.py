"""What must hold of files that eight threads share. It needs no pytest, so that any interpreter can run it: see `test_threads`."""

import io
import itertools
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import Block
from avro_ocf.errors import AvroError, FormatError
from avro_ocf.files.reader import Reader
from avro_ocf.files.writer import Writer
from avro_ocf.limits import DEFAULT_LIMITS
from tests.container.build import NULLS, SHIP, ship
from tests.files.concurrency import THREADS, Pipe, in_threads

COUNT: Final = 4000


def make(count: int = COUNT, codec: str = "null", block_size: int = 30) -> tuple[bytes, list[Block]]:
    """Return a file of numbers from 0 on, and where its blocks stand."""
    out = io.BytesIO()
    with Writer(out, "int", codec, block_size=block_size) as writer:
        writer.write_many(range(count))
    return out.getvalue(), writer.blocks


FILE, BLOCKS = make()
ALL: Final = list(range(COUNT))


@contextmanager
def path_of(data: bytes) -> Iterator[str]:
    """Give the path of a file with that content."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.avro")
        with open(path, "wb") as file:
            file.write(data)
        yield path


def readers() -> Iterator[Reader]:
    """Give a reader of a path, of memory, and of a pipe."""
    with path_of(FILE) as path, Reader(path) as reader:
        yield reader
    yield Reader(io.BytesIO(FILE))
    yield Reader(cast("BinaryIO", Pipe(FILE, 100)))


def all_of(results: list[Any]) -> list[Any]:
    """Return the items of all threads, none of which failed."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return sorted(itertools.chain.from_iterable(results))


def loops_share_the_records() -> None:
    for reader in readers():
        assert all_of(in_threads(lambda _, reader=reader: list(reader))) == ALL  # type: ignore[misc]


def one_iterator_gives_each_record_once() -> None:
    for reader in readers():
        records = iter(reader)
        assert all_of(in_threads(lambda _, records=records: list(records))) == ALL  # type: ignore[misc]


def short_loops_and_single_records_lose_nothing() -> None:
    def take(number: int, reader: Reader) -> list[int]:
        taken: list[int] = []
        while True:
            before = len(taken)
            if number % 2:
                taken += itertools.islice(reader, number)
            else:
                taken += [record for record in (next(reader, None),) if record is not None]
            if len(taken) == before:
                return taken

    for reader in readers():
        assert all_of(in_threads(lambda number, reader=reader: take(number, reader))) == ALL  # type: ignore[misc]


def stored_blocks_go_to_one_thread_each() -> None:
    for shared in (True, False):
        for reader in readers():
            stored = reader.stored_blocks()

            def take(_: int, reader: Reader = reader, stored: Any = stored if shared else None) -> list[Block]:
                return [item.block for item in stored or reader.stored_blocks()]

            assert all_of(in_threads(take)) == BLOCKS


def blocks_and_their_records_disturb_no_loop() -> None:
    def take(number: int, reader: Reader, shared: Iterator[Block]) -> list[Any]:
        match number % 4:
            case 0:
                return list(reader)
            case 1:
                assert list(reader.blocks()) == BLOCKS
            case 2:
                assert [record for block in BLOCKS for record in reader.read_block(block)] == ALL
            case _:
                return [-1 for _ in shared]
        return []

    with path_of(FILE) as path:
        for source in (path, io.BytesIO(FILE)):
            with Reader(source) as reader:
                shared = reader.blocks()
                results = in_threads(lambda number, reader=reader, shared=shared: take(number, reader, shared))  # type: ignore[misc]
                assert all_of(results) == [-1] * len(BLOCKS) + ALL


def each_loop_meets_the_error() -> None:
    last = BLOCKS[-1].start_byte
    one_record_more = bytes([FILE[last] + 2])
    for damaged in (FILE[:-1], FILE[:last] + one_record_more + FILE[last + 1 :]):
        reader = Reader(io.BytesIO(damaged))
        taken: list[int] = []

        def take(_: int, reader: Reader = reader, taken: list[int] = taken) -> None:
            for record in reader:
                taken.append(record)  # noqa: PERF402 - what comes before the error counts

        results = in_threads(take)
        assert all(isinstance(result, FormatError) and result.block == len(BLOCKS) - 1 for result in results), results
        assert sorted(taken) == ALL[: -BLOCKS[-1].record_count]


def a_reader_may_be_closed_meanwhile() -> None:
    with path_of(FILE) as path:
        for _ in range(20):
            reader = Reader(path)

            def use(number: int, reader: Reader = reader) -> None:
                if number == 0:
                    reader.close()
                    return
                for block in BLOCKS:
                    reader.read_block(block)

            for result in in_threads(use):
                assert result is None or (isinstance(result, AvroError) and "closed" in str(result)), result


class Sinks:
    """Files to write: a path, memory, and what can only be written to. `records()` reads the one that was given last."""

    def __init__(self) -> None:
        self.records: Callable[[], list[Any]] = list

    def __iter__(self) -> Iterator[Any]:
        with path_of(b"") as path:
            self.records = lambda: self._read(path)
            yield path
            with open(path, "wb") as file:
                yield file
        memory = io.BytesIO()
        self.records = lambda: self._read(io.BytesIO(memory.getvalue()))
        yield memory
        pipe = Out()
        self.records = lambda: self._read(io.BytesIO(pipe.taken))
        yield pipe

    def _read(self, source: Any) -> list[Any]:
        with Reader(source) as reader:
            return list(reader)


class Out:
    """The least that can be written to. It takes a few bytes at a time."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, data: bytes) -> int:
        self.taken += data[:100]
        return len(data[:100])


def parts(number: int, count: int = 400) -> list[list[int]]:
    """Return numbers that no other thread has, in lists of several lengths."""
    mine = iter(range(number * count, (number + 1) * count))
    return [list(itertools.islice(mine, length)) for length in itertools.islice(itertools.cycle((1, 3, 17)), 60)]


def each_record_is_written_once() -> None:
    def write(number: int, writer: Writer) -> None:
        for turn, records in enumerate(parts(number)):
            match (turn + number) % 5:
                case 0:
                    writer.write_many(iter(records))
                case 1 if records:
                    assert writer.write_block(records) in writer.blocks
                case 2:
                    writer.write_many(records)
                    writer.flush()
                case _:
                    for record in records:
                        writer.write(record)

    for sink in (sinks := Sinks()):
        with Writer(sink, "int", block_size=40) as writer:
            results = in_threads(lambda number, writer=writer: write(number, writer))  # type: ignore[misc]
        assert results == [None] * THREADS, results
        assert sorted(sinks.records()) == list(range(THREADS * 400))
        assert sum(block.record_count for block in writer.blocks) == THREADS * 400


def blocks_do_not_grow_past_their_size() -> None:
    writer = Writer(io.BytesIO(), "bytes", "null", block_size=1000)

    def write(_: int) -> None:
        for _ in range(2000):
            writer.write(bytes(9))

    assert in_threads(write) == [None] * THREADS
    writer.close()
    assert sum(block.record_count for block in writer.blocks) == THREADS * 2000
    assert max(block.record_count for block in writer.blocks) <= 100 + THREADS


def values_of_no_byte_are_counted() -> None:
    schema = parse_schema(NULLS.json, limits=DEFAULT_LIMITS._replace(zero_byte_items=20))
    out = io.BytesIO()
    with Writer(out, schema) as writer:

        def write(number: int) -> None:
            for length in range(1, 15):
                writer.write([None] * length)
                writer.write_many([[None] * number, []])

        assert in_threads(write) == [None] * THREADS
    with Reader(io.BytesIO(out.getvalue()), limits=schema.limits) as reader:
        written = [length for number in range(THREADS) for length in (*range(1, 15), *[number] * 14, *[0] * 14)]
        assert sorted(len(record) for record in reader) == sorted(written)


def a_writer_may_be_closed_meanwhile() -> None:
    for turn in range(30):
        out = io.BytesIO()
        writer = Writer(out, "int", block_size=50)

        def write(number: int, writer: Writer = writer, turn: int = turn) -> list[int]:
            written: list[int] = []
            if number == 0:
                while len(writer.blocks) < turn % 7:
                    pass
                writer.close()
                return written
            try:
                for record in range(number * COUNT, (number + 1) * COUNT):
                    if record % 10:
                        writer.write(record)
                    else:
                        writer.write_many([record])
                    written.append(record)
            except AvroError as error:
                assert "closed" in str(error)
            return written

        written = all_of(in_threads(write))
        assert sorted(Reader(io.BytesIO(out.getvalue()))) == written


def nobody_waits_for_slow_records() -> None:
    out = io.BytesIO()
    written = threading.Semaphore(0)

    def slow(writer: Writer) -> Iterator[int]:
        for number in range(THREADS - 1):
            assert written.acquire(timeout=60)
            writer.write(100 + number)  # to the very writer that takes these
            yield number

    with Writer(out, "int") as writer:

        def write(number: int) -> None:
            if number == 0:
                writer.write_many(slow(writer))
            elif number == 1:
                assert writer.write_block(itertools.chain([10], slow(writer))).record_count == THREADS
            else:
                writer.write(1000)
                writer.flush()
                for _ in range(3):
                    written.release()

        results = in_threads(write)
    assert results == [None] * THREADS, results
    pulled = list(range(THREADS - 1))
    expected = [*pulled * 2, *(100 + number for number in pulled * 2), 10, *[1000] * (THREADS - 2)]
    assert sorted(Reader(io.BytesIO(out.getvalue()))) == sorted(expected)


FRESH = itertools.count()


def fresh() -> Schema:
    """Return a schema that nothing was generated for yet."""
    return parse_schema({**json.loads(SHIP.json), "doc": f"schema {next(FRESH)} of these checks"})


def one_schema_generates_code_for_all() -> None:
    narrow = parse_schema({"type": "record", "name": "Ship", "fields": [{"name": "hp", "type": "long"}]})
    for _ in range(10):
        schema, other = fresh(), fresh()

        def use(number: int, schema: Schema = schema, other: Schema = other) -> None:
            record = ship(number)
            for _ in range(20):
                data = schema.encode(record)
                assert schema.decode(data) == record
                assert other.decode(data, narrow) == {"hp": number}
                assert schema.skipper.skip(data) == len(data)
                assert schema.canonical_form == other.canonical_form

        assert in_threads(use) == [None] * THREADS


CHECKS: Final[list[Callable[[], None]]] = [
    loops_share_the_records,
    one_iterator_gives_each_record_once,
    short_loops_and_single_records_lose_nothing,
    stored_blocks_go_to_one_thread_each,
    blocks_and_their_records_disturb_no_loop,
    each_loop_meets_the_error,
    a_reader_may_be_closed_meanwhile,
    each_record_is_written_once,
    blocks_do_not_grow_past_their_size,
    values_of_no_byte_are_counted,
    a_writer_may_be_closed_meanwhile,
    nobody_waits_for_slow_records,
    one_schema_generates_code_for_all,
]

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print(check.__name__)
