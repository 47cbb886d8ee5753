"""What tests of threads and of interrupts share."""

import io
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from avro_ocf.container import block, parser
from avro_ocf.files import binary, filler, reader, sink, writer

THREADS = 8

Result = TypeVar("Result")

INTERRUPTED = {module.__file__ for module in (binary, filler, reader, sink, writer, block, parser)}
"""The sources that an interrupt may come in."""


class Pipe(io.RawIOBase):
    """A raw file that cannot be sought and gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int = 5) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._data.read(min(self._size, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def hurried() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def in_threads(function: Callable[[int], Result], count: int = THREADS) -> list[Result | Exception]:
    """Call `function` with the number of each thread, all at the same time, and return what they returned or raised."""
    results: list[Any] = [None] * count
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        ready.wait()
        try:
            results[number] = function(number)
        except Exception as error:  # noqa: BLE001 - it is for the test to judge
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    with hurried():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return results


def interrupt_at(step: int, function: Callable[[], object]) -> bool:
    """Call `function` with a `KeyboardInterrupt` before the instruction with that number, and tell whether there were so many.

    Only the instructions of `INTERRUPTED` count.
    """
    left = step

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in INTERRUPTED:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return left <= 0
