"""A smaller list of choices that still leads to the same."""

from collections.abc import Callable, Sequence
from typing import Final

RUNS: Final = (64, 16, 4, 2, 1)
"""How many choices next to one another are taken out or set to 0 at once."""


def shrink(choices: Sequence[int], holds: Callable[[list[int]], Sequence[int] | None], tries: int) -> list[int]:
    """Return a list, shorter or then smaller than `choices`, for which `holds` is true, asking it at most so many times.

    `holds` returns the choices that were used, or None where it is not so. Zeros at the end count for nothing.
    """
    return _Shrinking(choices, holds, tries).run()


class _Shrinking:
    """One search: `best` is the smallest list so far."""

    def __init__(self, choices: Sequence[int], holds: Callable[[list[int]], Sequence[int] | None], tries: int) -> None:
        self.best = _trimmed(choices)
        self.holds = holds
        self.tries = tries
        self.seen = {tuple(self.best)}

    def run(self) -> list[int]:
        before = None
        while before != self.best and self.tries > 0:
            before = self.best
            for run in RUNS:
                self.shorten(run)
            for run in RUNS:
                self.zero(run)
            self.lower()
        return self.best

    def attempt(self, choices: Sequence[int]) -> bool:
        """Take `choices` if they hold and are smaller."""
        wanted = _trimmed(choices)
        if tuple(wanted) in self.seen or self.tries <= 0 or _size(wanted) >= _size(self.best):
            return False
        self.seen.add(tuple(wanted))
        self.tries -= 1
        used = self.holds(wanted)
        if used is None:
            return False
        used = _trimmed(used)
        self.seen.add(tuple(used))
        self.best = min(used, wanted, key=_size)
        return True

    def shorten(self, run: int) -> None:
        """Take out `run` choices, and lower the one before, which may count them."""
        index = len(self.best) - run
        while index >= 0:
            shorter = self.best[:index] + self.best[index + run :]
            if not self.attempt(shorter) and not (
                index and shorter[index - 1] and self.attempt([*shorter[: index - 1], shorter[index - 1] - 1, *shorter[index:]])
            ):
                index -= 1
            index = min(index, len(self.best) - run)

    def zero(self, run: int) -> None:
        """Set `run` choices to 0."""
        for index in range(len(self.best) - run, -1, -1):
            if any(self.best[index : index + run]):
                self.attempt([*self.best[:index], *[0] * run, *self.best[index + run :]])

    def lower(self) -> None:
        """Lower each choice as far as it goes, by halves."""
        for index in range(len(self.best) - 1, -1, -1):
            low = -1
            while index < len(self.best) and low + 1 < (high := self.best[index]):
                middle = (low + high) // 2
                if not self.attempt([*self.best[:index], middle, *self.best[index + 1 :]]):
                    low = middle


def _trimmed(choices: Sequence[int]) -> list[int]:
    end = len(choices)
    while end and not choices[end - 1]:
        end -= 1
    return list(choices[:end])


def _size(choices: Sequence[int]) -> tuple[int, Sequence[int]]:
    return len(choices), choices
