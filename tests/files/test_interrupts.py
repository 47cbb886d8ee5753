"""Ctrl-C at any instruction of writing: the file is whole up to its last block, and no record of an earlier call is missing."""

import io
import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from avro_ocf.files.reader import Reader, scan_blocks
from avro_ocf.files.writer import Writer
from tests.container.build import NULLS
from tests.files.concurrency import interrupt_at
from tests.files.sharing import Out

Call = tuple[Callable[[Writer, list[Any]], object], list[Any]]


def write_each(writer: Writer, records: list[Any]) -> None:
    for record in records:
        writer.write(record)


CALLS: list[Call] = [
    (write_each, [1]),
    (write_each, [2]),
    (Writer.write_many, [3, 4, 5, 6]),
    (Writer.write_block, [7, 8]),
    (write_each, [9]),
    (lambda writer, _: writer.flush(), []),
    (write_each, [10]),
    (Writer.write_many, [11]),
]


@contextmanager
def memory(_: Path) -> Iterator[tuple[Any, Callable[[], bytes]]]:
    out = io.BytesIO()
    yield out, out.getvalue


@contextmanager
def path(folder: Path) -> Iterator[tuple[Any, Callable[[], bytes]]]:
    at = folder / "x.avro"
    yield at, at.read_bytes


@contextmanager
def buffered(folder: Path) -> Iterator[tuple[Any, Callable[[], bytes]]]:
    at = folder / "x.avro"
    with open(at, "w+b") as file:
        yield file, at.read_bytes


def run(writer: Writer, calls: list[Call], accepted: list[Any], doubtful: list[Any]) -> None:
    with writer:
        for call, records in calls:
            doubtful[:] = records
            call(writer, records)
            accepted += doubtful
            doubtful.clear()


def check_interrupts(sink: Any, data: Callable[[], bytes], schema: Any, calls: list[Call], stride: int = 1) -> None:
    for step in itertools.count(1, stride):
        if not isinstance(sink, Path):
            sink.seek(0)
            sink.truncate()
        accepted: list[Any] = []
        doubtful: list[Any] = []
        writer = Writer(sink, schema, "null", block_size=3)
        was_interrupted = interrupt_at(step, partial(run, writer, calls, accepted, doubtful))
        list(Reader(io.BytesIO(data())))  # it is whole as it is
        writer.close()
        found = list(Reader(io.BytesIO(data())))
        assert writer.blocks == list(scan_blocks(io.BytesIO(data())))
        in_doubt = [record for record in found if record in doubtful]
        assert in_doubt == [record for record in doubtful if record in in_doubt]
        assert [record for record in found if record not in doubtful] == accepted
        if not was_interrupted:
            assert found == [record for _, records in calls for record in records]
            return


# Where the operating system is asked, a step takes five times as long.
@pytest.mark.parametrize(
    ("sink", "stride"),
    [
        (memory, 1),
        (path, 7),
        (buffered, 11),
        pytest.param(path, 1, marks=pytest.mark.slow),
        pytest.param(buffered, 1, marks=pytest.mark.slow),
    ],
)
def test_every_instruction(sink: Any, stride: int, tmp_path: Path) -> None:
    with sink(tmp_path) as (file, data):
        check_interrupts(file, data, "int", CALLS, stride)


def test_what_cannot_be_sought_may_end_in_a_part_of_a_block() -> None:
    ended = set()
    was_interrupted = True
    for step in itertools.count(1):
        out = Out()
        accepted: list[Any] = []
        writer = Writer(cast("Any", out), "int", "null", block_size=3)
        try:
            was_interrupted = interrupt_at(step, partial(run, writer, CALLS, accepted, []))
            writer.close()
        except OSError as error:
            assert "not whole" in str(error)
            ended.add("torn")
        else:
            ended.add("whole")
            assert writer.blocks == list(scan_blocks(io.BytesIO(out.taken)))
            assert set(Reader(io.BytesIO(out.taken))) >= set(accepted)
        with Reader(io.BytesIO(out.taken)) as reader:
            assert list(itertools.islice(reader.blocks(), len(writer.blocks))) == writer.blocks
        if not was_interrupted:
            break
    assert ended == {"torn", "whole"}


def test_values_of_no_byte(tmp_path: Path) -> None:
    calls: list[Call] = [
        (write_each, [[None]]),
        (Writer.write_many, [[None] * 2, [None] * 3]),
        (Writer.write_block, [[None] * 4]),
    ]
    with memory(tmp_path) as (file, data):
        check_interrupts(file, data, NULLS, calls)


@pytest.mark.host
def test_moments_of_a_clock(tmp_path: Path) -> None:
    """Real signals, which come inside the system's calls too."""
    moments = [2e-4 + number * 2e-5 for number in range(60)]
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for turn, moment in enumerate(moments):
            out: Any = io.BytesIO() if turn % 2 else tmp_path / "x.avro"
            with suppress(KeyboardInterrupt), Writer(out, "bytes", "null", block_size=1) as writer:
                signal.setitimer(signal.ITIMER_REAL, moment)
                for number in itertools.count():
                    writer.write(bytes(number % 5000))
            signal.setitimer(signal.ITIMER_REAL, 0)
            data = out.getvalue() if turn % 2 else out.read_bytes()
            assert list(scan_blocks(io.BytesIO(data))) == writer.blocks
            assert [len(record) for record in Reader(io.BytesIO(data))] == [number % 5000 for number in range(len(writer.blocks))]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
