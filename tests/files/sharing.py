"""What must hold of files that eight threads share. It needs no pytest, so that any interpreter can run it: see `test_threads`."""

import io
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import Block
from avro_ocf.errors import AvroError, FormatError
from avro_ocf.files.reader import Reader
from avro_ocf.files.writer import Writer
from tests.container.build import SHIP, ship
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
    one_schema_generates_code_for_all,
]

if __name__ == "__main__":
    for check in CHECKS:
        check()
        print(check.__name__)
