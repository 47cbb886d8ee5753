"""JSON text is read as the standard library reads it, up to a bound on its nesting that holds everywhere."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.json_text import MOST_NESTED, loads

VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(VALUES)
def test_any_value_is_read(value: object) -> None:
    assert loads(json.dumps(value)) == value


@pytest.mark.parametrize("inside", ["", '"]"', '"\\"]}"', '{"[": "{"}', "[], {}"])
def test_the_bound_and_one_past_it(inside: str) -> None:
    deepest = MOST_NESTED - (1 if "[]" in inside or inside.startswith("{") else 0)
    assert loads("[" * deepest + inside + "]" * deepest)
    with pytest.raises(RecursionError):
        loads("[" * (deepest + 1) + inside + "]" * (deepest + 1))


@pytest.mark.parametrize("text", ["[" * 2_000_000, '{"a":' * 500_000, "]" * 1000 + "[" * 2000, '"' + "[" * 2000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises((RecursionError, ValueError)):
        loads(text)


def test_text_without_end_takes_time_in_proportion_to_its_length() -> None:
    started = time.perf_counter()
    with pytest.raises(ValueError, match="Unterminated string"):
        loads('"' + '[\\"' * 1_000_000)
    assert time.perf_counter() - started < 5


def test_wide_is_not_deep() -> None:
    assert loads("[" + ",".join(["[]"] * 5000) + "]") == [[]] * 5000
