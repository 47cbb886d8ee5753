"""Choices: the same by a seed everywhere, replayed as they were, and the simplest when there are none."""

import math

import pytest

from avro_ocf.oracle.source import ReplaySource, SeededSource, Source

STOPS = (1, 2, 3, 7, 8, 100, 2**31, 2**64, 10**40)


def drawn(source: Source) -> list[object]:
    """Draw with everything that a source has."""
    return [
        *(source.below(stop) for stop in STOPS),
        source.integer(-3, 3),
        source.choice("abc"),
        source.chance(3),
        source.boolean(),
        source.int(),
        source.long(),
        repr(source.double()),
        repr(source.float()),
        source.count(9),
        source.text(),
        source.binary(2, 5),
        source.shuffled((1, 2, 3)),
    ]


def test_a_seed_gives_the_same_choices_and_another_seed_others() -> None:
    assert drawn(SeededSource("7:encode:1")) == drawn(SeededSource("7:encode:1"))
    assert drawn(SeededSource("7:encode:1")) != drawn(SeededSource("7:encode:2"))


@pytest.mark.parametrize("seed", range(20))
def test_replayed_choices_draw_the_same(seed: int) -> None:
    source = SeededSource(str(seed))
    first = drawn(source)
    replay = ReplaySource(source.choices)
    assert drawn(replay) == first
    assert replay.choices == source.choices


def test_a_replay_cuts_choices_to_their_bounds_and_ends_in_zeros() -> None:
    source = ReplaySource([5, 2**70])
    assert [source.below(3), source.below(10), source.below(10)] == [2, 9, 0]
    assert source.choices == [2, 9, 0]


def test_without_choices_everything_is_the_simplest() -> None:
    expected = [0] * len(STOPS) + [-3, "a", False, False, 0, 0, "0.0", "0.0", 0, "", b"\0\0", [1, 2, 3]]
    assert drawn(ReplaySource([])) == expected


@pytest.mark.parametrize("stop", STOPS)
def test_choices_stay_below_their_bound(stop: int) -> None:
    source = SeededSource("bounds")
    numbers = {source.below(stop) for _ in range(50)}
    assert 0 <= min(numbers) <= max(numbers) < stop
    assert len(numbers) == (stop if stop < 8 else len(numbers))


def test_values_fit_their_types_and_reach_their_bounds() -> None:
    source = SeededSource("types")
    ints = [source.int() for _ in range(1000)]
    longs = [source.long() for _ in range(1000)]
    floats = [source.float() for _ in range(1000)]
    doubles = [source.double() for _ in range(1000)]
    assert (min(ints), max(ints)) == (-(2**31), 2**31 - 1)
    assert (min(longs), max(longs)) == (-(2**63), 2**63 - 1)
    assert any(map(math.isnan, floats))
    assert any(map(math.isnan, doubles))
    assert {"-0.0", "inf", "-inf"} <= set(map(repr, floats))
    assert {"-0.0", "inf", "-inf", "5e-324"} <= set(map(repr, doubles))


def test_texts_and_bytes_have_their_lengths_and_are_unicode() -> None:
    source = SeededSource("texts")
    texts = [source.text(4) for _ in range(300)]
    assert {len(text) for text in texts} == {0, 1, 2, 3, 4}
    assert any(len(text.encode()) == 4 * len(text) > 0 for text in texts)
    assert {len(source.binary(2, 5)) for _ in range(100)} == {2, 3, 4, 5}
