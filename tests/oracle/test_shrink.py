"""Choices are made as few and as small as they can be."""

from collections.abc import Callable, Sequence

import pytest

from avro_ocf.oracle.runner.shrink import shrink


def when(condition: Callable[[Sequence[int]], object]) -> Callable[[list[int]], Sequence[int] | None]:
    return lambda choices: choices if condition(choices) else None


@pytest.mark.parametrize(
    ("condition", "smallest"),
    [
        (lambda _choices: True, []),
        (lambda choices: sum(choices) >= 1000, [1000]),
        (lambda choices: len(choices) >= 3, [0, 0, 1]),
        (lambda choices: 77 in choices, [77]),
        (lambda choices: len(choices) > 2 and choices[1] > choices[2] > 5, [0, 7, 6]),
        (lambda choices: choices and len(choices) > choices[0] > 2, [3, 0, 0, 1]),  # the first is a count
    ],
)
def test_what_is_left_is_the_smallest(condition: Callable[[Sequence[int]], object], smallest: list[int]) -> None:
    choices = [50, 90, 77, *range(1000, 1100), 2**62]
    assert condition(choices)
    assert shrink(choices, when(condition), 10_000) == smallest


def test_it_asks_no_more_often_than_it_may_and_never_twice() -> None:
    asked: list[tuple[int, ...]] = []

    def holds(choices: list[int]) -> Sequence[int] | None:
        asked.append(tuple(choices))
        return choices if sum(choices) > 10**6 else None

    found = shrink([10**6] * 100, holds, 20)
    assert len(asked) == len(set(asked)) == 20
    assert sum(found) > 10**6
    assert len(found) < 100


def test_choices_that_were_not_used_are_left_out() -> None:
    assert shrink([5, 6, 7, 8], lambda choices: choices[:1] if choices and choices[0] > 3 else None, 100) == [4]


def test_what_does_not_hold_is_left_as_it_is() -> None:
    assert shrink([5, 6, 0, 0], lambda _choices: None, 100) == [5, 6]
