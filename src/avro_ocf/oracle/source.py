"""Where a generator's choices come from. One generator serves Hypothesis, a seeded corpus, and the replay of a failure.

Every choice is a whole number below a bound, and 0 is the simplest. So a drawn thing is a list of numbers, which can be kept,
replayed, and made smaller without knowing what is drawn.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from struct import unpack
from typing import TypeVar

T = TypeVar("T")

INT_BOUNDS = (0, -1, 1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2**31 - 1, -(2**31))
"""Where the length or the width of an encoded `int` changes."""

LONG_BOUNDS = (*INT_BOUNDS, 2**31, -(2**31) - 1, 2**32, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62) - 1, 2**63 - 1, -(2**63))
"""The same for a `long`, and where other number types end."""

DOUBLES = (0.0, -0.0, 1.0, -1.5, float("nan"), float("inf"), float("-inf"), 5e-324, 1.7976931348623157e308, 16777217.0)

TEXTS = ("", "a", "é", "\0", "\U0001f6a2", "\ufeff", "\r\n", '"\\', "\ud7ff\ue000", "e\u0301")

ALPHABET = (*"abAB_09 .", "\x7f", "\x80", "ÿ", "Ā", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff")
"""Characters on both sides of each length in UTF-8."""


class Discarded(Exception):  # noqa: N818 - a word from a generator, no fault
    """The choices so far lead to nothing that may be drawn."""


class Source(ABC):
    """Choices for a generator; each of them is simplest when it is 0 or the first."""

    @abstractmethod
    def below(self, stop: int) -> int:
        """Return a whole number from 0 up to but not including `stop`, which is positive."""

    def part(self, generator: "Callable[[Source], T]") -> T:
        """Return what `generator` draws: a part that a smaller one within it may stand for."""
        return generator(self)

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def chance(self, one_in: int) -> bool:
        """Return True once in `one_in` times."""
        return self.below(one_in) == one_in - 1

    def boolean(self) -> bool:
        """Return False or True."""
        return self.below(2) == 1

    def long(self) -> int:
        """Return a value of the Avro type `long`, often at a bound."""
        return self._number(LONG_BOUNDS, 64)

    def _number(self, bounds: Sequence[int], bits: int) -> int:
        if self.boolean():
            return self.choice(bounds)
        number = self.below(1 << self.below(bits))
        return -number - 1 if self.boolean() else number

    def double(self) -> float:
        """Return a value of the Avro type `double`, often a special one."""
        kind = self.below(3)
        if kind == 0:
            return self.choice(DOUBLES)
        if kind == 1:
            return self._eighths()
        number: float = unpack("<d", self.below(1 << 64).to_bytes(8, "little"))[0]
        return number

    def _eighths(self) -> float:
        number = self.below(2001)
        return (number + 1) // 2 / (8 if number % 2 else -8) if number else 0.0

    def count(self, most: int) -> int:
        """Return a count from 0 to `most`, more often a small one."""
        return self.below(self.integer(0, most) + 1)

    def text(self, most: int = 8) -> str:
        """Return a string of at most `most` characters, without surrogates."""
        if self.boolean():
            return "".join(self.choice(ALPHABET) for _ in range(self.count(most)))
        return self.choice([text for text in TEXTS if len(text) <= most])

    def binary(self, least: int = 0, most: int = 8) -> bytes:
        """Return from `least` to `most` bytes."""
        return bytes(self.below(256) for _ in range(least + self.count(most - least)))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in another order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(items))]

    # The last two, for below them their names are no types.

    def float(self) -> float:
        """Return a value of the Avro type `float`, often a special one."""
        if not self.boolean():
            return self._eighths()
        number: float = unpack("<f", self.below(1 << 32).to_bytes(4, "little"))[0]
        return number if self.boolean() else self.choice((0.0, -0.0, float("nan"), float("inf"), float("-inf")))

    def int(self) -> int:
        """Return a value of the Avro type `int`, often at a bound."""
        return self._number(INT_BOUNDS, 32)


class SeededSource(Source):
    """Choices by a seed, the same on every machine and Python. `choices` keeps them."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - chosen to be repeatable
        self.choices: list[int] = []

    def below(self, stop: int) -> int:
        """Return the next number below `stop`."""
        bits = (stop - 1).bit_length()
        # `randrange` might choose in another way in another version of Python.
        while (number := self._random.getrandbits(bits) if bits else 0) >= stop:
            pass
        self.choices.append(number)
        return number


class ReplaySource(Source):
    """Choices made before, each cut to its bound; 0 when there are no more. `choices` keeps what was given out."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._given = choices
        self.choices: list[int] = []

    def below(self, stop: int) -> int:
        """Return the next number below `stop`."""
        index = len(self.choices)
        number = min(self._given[index], stop - 1) if index < len(self._given) else 0
        self.choices.append(number)
        return number
