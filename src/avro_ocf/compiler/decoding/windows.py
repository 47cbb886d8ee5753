"""Decoding of many records a window of the data at a time, where they are alike.

A decoder that has seen enough records learns from some of them what their values are like, and has a regular expression and a
function made for such records. What these do not take is decoded one record after the other, by the function that does so anyway.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from avro_ocf.compiler.faults import FAULTS
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import ReadRecord

if TYPE_CHECKING:
    from avro_ocf.compiler.decoding.decode import FallBack
    from avro_ocf.compiler.decoding.rows import Rows
    from avro_ocf.compiler.decoding.stream import DecodeAll

WINDOW_BYTES: Final = 1 << 14
"""A token takes some forty bytes of memory, and tokens that stay in the processor's cache take less time."""

MANY: Final = 32
"""Records from which on it pays."""

SEEN_BYTES: Final = 1 << 15
"""Data that is decoded one by one before an expression is compiled, which takes as long as so much of it."""

SAMPLE: Final = 128

STEP: Final = 4
"""Records that are decoded one by one after those of a window that has few."""

STEP_BYTES: Final = 1 << 12

LONGER: Final = 1.25
"""Records that are so many times as long as those of the sample have other numbers in them, which would take long to look up."""

MISSES: Final = 16
"""Windows with few records, after which it is asked whether the expression still pays: these take as long as many records."""

TAKEN: Final = MISSES * 64


class Windows:
    """Decodes many records for a generated `decode_many`, which is to be set."""

    __slots__ = (
        "_decode_all",
        "_limits",
        "_misses",
        "_patience",
        "_plan",
        "_row_bytes",
        "_rows",
        "_seen",
        "_taken",
        "_title",
        "one_by_one",
    )

    one_by_one: "Callable[[bytes, int, int, list[Any], FallBack, None], int]"

    def __init__(self, plan: ReadRecord, title: str, limits: Limits) -> None:
        self._plan = plan
        self._title = title
        self._limits = limits
        self._rows: Rows | None = None
        self._row_bytes = 0.0
        self._decode_all: DecodeAll | None = None
        self._patience = SEEN_BYTES
        self._seen = self._misses = self._taken = 0

    def decode(self, data: bytes, pos: int, count: int, values: list[Any], fall_back: "FallBack") -> tuple[int, int]:
        """Append datums from `pos` on, `count` at most, and return the position after them and how many are left to decode."""
        last = len(values) + count
        if self._rows is None and self._decode_all is None:
            self._seen += len(data) - pos
            if self._seen < self._patience:
                return pos, count
            pos = self._learn(data, pos, min(count, SAMPLE), values, fall_back)
        rows, decode_all = self._rows, self._decode_all  # another thread may give them up
        if rows is not None:
            pos = self._in_rows(rows, data, pos, last, values, fall_back)
        elif decode_all is not None and last - len(values) >= MANY:
            pos = self._all(decode_all, data, pos, last, values)
        return pos, last - len(values)

    def _learn(self, data: bytes, pos: int, count: int, values: list[Any], fall_back: "FallBack") -> int:
        """Append some datums, one after the other, make code for others like them, and return the position after them."""
        end = self.one_by_one(data, pos, count, values, fall_back, None)
        self._row_bytes = (end - pos) / count
        # Much of the stack may be in use.
        with suppress(RecursionError):
            from avro_ocf.compiler.decoding.rows import compile_rows
            from avro_ocf.compiler.decoding.stream import compile_all

            if self._row_bytes * MANY < WINDOW_BYTES:
                self._rows = compile_rows(self._plan, values[-count:], self._title, self._limits)
            if self._rows is None:
                self._decode_all = compile_all(self._plan, self._title, self._limits)
        if self._rows is None and self._decode_all is None:
            self._give_up()
        return end

    def _give_up(self) -> None:
        """Decode one by one for a longer time than before."""
        self._rows = self._decode_all = None
        self._seen = 0
        self._patience *= 8

    def _miss(self) -> None:
        """Take notice of records that were not taken."""
        self._misses += 1
        if self._misses >= MISSES:
            if self._taken < TAKEN:
                self._give_up()
            self._misses = self._taken = 0

    def _in_rows(self, rows: "Rows", data: bytes, pos: int, last: int, values: list[Any], fall_back: "FallBack") -> int:
        """Append datums until there are few left, and return the position after them."""
        while (left := last - len(values)) and self._rows is not None:
            end = pos + WINDOW_BYTES if len(data) - pos > 2 * WINDOW_BYTES else len(data)
            found = rows.find(data, pos, end)
            if found and (rest := found[-1][-1]):  # what begins with no whole record
                end -= len(rest)
                found.pop()
            count = len(found)
            if count > left:
                break
            if (count >= MANY or count == left) and end - pos < count * LONGER * self._row_bytes:
                try:
                    values += rows.make(found)
                except FAULTS:
                    pass
                else:
                    self._taken += count
                    pos = end
                    continue
            self._miss()
            pos = self._some(data, pos, min(count + STEP, left), end - pos + STEP_BYTES, values, fall_back)
        return pos

    def _some(self, data: bytes, pos: int, count: int, size: int, values: list[Any], fall_back: "FallBack") -> int:
        """Append so many datums one after the other, and return the position after them.

        Only `size` bytes are looked at, so that it takes no time in proportion to all of the data; what is longer is left to the
        reference.
        """

        def back(_: bytes, start: int, values: list[Any]) -> tuple[Any, int]:
            value, end = fall_back(data, pos + start, values)
            return value, end - pos

        return pos + self.one_by_one(data[pos : pos + size], 0, count, values, back, None)

    def _all(self, decode_all: "DecodeAll", data: bytes, pos: int, last: int, values: list[Any]) -> int:
        """Append all datums or none, and return the position after them."""
        before = len(values)
        if len(data) - pos < (last - before) * LONGER * self._row_bytes:
            try:
                decode_all(data[pos:], values)
            except FAULTS:
                pass
            else:
                if len(values) == last:
                    self._taken += last - before
                    return len(data)
            del values[before:]
        self._miss()
        return pos
