"""Many integers at once: the bytes and values of one after the other."""

from contextlib import suppress
from enum import IntEnum
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Encoder, bulk
from avro_ocf.compiler.faults import FAULTS, Unusual
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.varint import LONG_MAX, LONG_MIN, encode_long
from tests.compiler.test_agreement import agree, node_of

BITS = {5: 32, 10: 64}


def integers(bits: int) -> st.SearchStrategy[int]:
    """Draw integers of up to so many bits: of every encoded length, and often a length's bound or 0."""
    powers = st.integers(0, bits - 1).map(lambda power: 1 << power)
    bounds = powers.flatmap(lambda power: st.sampled_from([power - 1, -power, 0]))
    return bounds | powers.flatmap(lambda power: st.integers(-power, power - 1))


@st.composite
def arrays(draw: st.DrawFn, bits: int) -> list[int]:
    count = draw(st.sampled_from([1, 2, 7, 8, 9, 33, bulk.LANES_MAX - 1, bulk.LANES_MAX, bulk.LANES_MAX + 1, 3 * bulk.LANES_MAX]))
    some = draw(st.lists(integers(draw(st.sampled_from([6, 7, 14, bits]))), min_size=1, max_size=20))
    return [some[index % len(some)] ^ (index & 1) for index in range(count)]


def encoded(values: list[int]) -> bytes:
    return b"".join(map(encode_long, values))


@pytest.mark.parametrize("digits", BITS)
@given(st.data())
def test_lanes_both_ways(digits: int, data: st.DataObject) -> None:
    values = data.draw(arrays(BITS[digits]))
    text = bulk.ints_text(bulk.int_bytes(values), len(values)) if digits == 5 else bulk.longs_text(values)
    assert text.encode("latin-1") == encoded(values)
    assert bulk.write_many(values, digits) in ("", text)
    assert bulk.read_many(b"?" + encoded(values) + b"\xff", 1, len(values), digits) == (values, 1 + len(text))
    assert bulk.read_tokens(list(map(encode_long, values)), digits) == values


@given(st.data())
def test_small_integers(data: st.DataObject) -> None:
    values = data.draw(arrays(8))
    is_small = all(-64 <= value < 64 for value in values)
    assert bulk.small_text(bulk.int_bytes(values)) == (encoded(values).decode("latin-1") if is_small else "")


@given(st.data())
def test_without_the_form_of_marshal(data: st.DataObject) -> None:
    """What is read from it is made by `struct` where `marshal` should write another form."""
    values = data.draw(arrays(34))
    with pytest.MonkeyPatch.context() as patch:
        before = bulk.int_bytes(values)
        patch.setattr(bulk, "MARSHALS_INTS", False)
        after = bulk.int_bytes(values)
    places = [index for index in range(len(before)) if index % 5 != 4]
    assert [before[index] for index in places] == [after[index] for index in places]
    assert len(before) == len(after)


def test_marshal_is_used() -> None:
    assert bulk.MARSHALS_INTS


@pytest.mark.parametrize("digits", BITS)
def test_which_arrays_are_written_at_once(digits: int) -> None:
    assert bulk.write_many([5] * bulk.PAYING_SMALL, digits)
    assert bulk.write_many([0, 10**6, -(10**9)] * bulk.PAYING, digits)
    assert not bulk.write_many([100] * 100, digits)
    assert not bulk.write_many([10**6] * (bulk.PAYING - 1), digits)
    source = Encoder(node_of({"type": "array", "items": "int" if digits == 5 else "long"}), DEFAULT_LIMITS).source
    assert f"len(record) >= {bulk.PAYING_SMALL} and _many" in source


class Digit(IntEnum):
    ONE = 1


class Number(int):
    __slots__ = ()


def itself() -> list[Any]:
    values: list[Any] = []
    values += [values, values]
    return values


ODD: list[object] = [True, False, 1.0, Digit.ONE, Number(10**6), None, "1", 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, [], itself()]


@pytest.mark.parametrize("name", ["int", "long"])
@pytest.mark.parametrize("usual", [1, 100, 10**6])
@pytest.mark.parametrize("place", [0, 3, -1])
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_one_that_does_not_fit(name: str, usual: int, place: int, odd: object) -> None:
    values: list[Any] = [usual] * 40
    values[place] = odd
    node = node_of({"type": "array", "items": name})
    agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(values), lambda: reference.encode(node, values, DEFAULT_LIMITS))


@pytest.mark.parametrize("odd", [*ODD[:7], *ODD[-2:]], ids=str)
@pytest.mark.parametrize("digits", BITS)
def test_only_ints_are_written(digits: int, odd: object) -> None:
    values: list[Any] = [10**6] * bulk.PAYING
    values[-2] = odd
    with suppress(*FAULTS):
        assert not bulk.write_many(values, digits)


@pytest.mark.parametrize("digits", BITS)
@given(st.data())
def test_damaged_integers(digits: int, data: st.DataObject) -> None:
    """Whatever is read at once are integers one after the other, of `digits` bytes at most."""
    values = data.draw(arrays(BITS[digits]))
    changed = bytearray(encoded(values))
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.sampled_from([0, 1, 2, 15, 16, 127, 128, 255]))
    tokens = one_by_one(bytes(changed), len(values), digits)
    if tokens is None:
        with pytest.raises(Unusual):
            bulk.read_many(bytes(changed), 0, len(values), digits)
    else:
        numbers = [number_of(token) for token in tokens]
        assert bulk.read_many(bytes(changed), 0, len(values), digits) == (numbers, sum(map(len, tokens)))
        assert bulk.read_tokens(tokens, digits) == numbers


def one_by_one(data: bytes, count: int, digits: int) -> list[bytes] | None:
    """Return `count` encoded integers at the start of `data`, or None where there are none such."""
    ends = [index + 1 for index, byte in enumerate(data) if byte < 128][:count]
    tokens = [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    fits = all(len(token) < digits or (len(token) == digits and token[-1] < 1 << BITS[digits] - 7 * digits + 7) for token in tokens)
    return tokens if len(tokens) == count and fits else None


def number_of(token: bytes) -> int:
    number = sum((byte & 127) << 7 * place for place, byte in enumerate(token))
    return number >> 1 ^ -(number & 1)


@pytest.mark.parametrize("digits", BITS)
def test_an_integer_too_long_for_its_lane(digits: int) -> None:
    for token in (b"\x80" * digits, b"\xff" * digits, b"\x80" * (digits - 1) + bytes([1 << BITS[digits] - 7 * digits + 7])):
        with pytest.raises(Unusual):
            bulk.read_tokens([token], digits)
        with pytest.raises(Unusual):
            bulk.read_many(b"\0" * 3 + token + b"\0" * 40, 0, 20, digits)


def test_the_longest_integers() -> None:
    values = [LONG_MIN, LONG_MAX, 0, -1, 1] * 100
    data = encoded(values)
    assert bulk.write_many(values, 10).encode("latin-1") == data
    assert bulk.read_many(data, 0, 500, 10) == (values, len(data))
    ends = list(accumulate(map(len, map(encode_long, values))))
    with pytest.raises(Unusual):
        bulk.read_many(data[: ends[-2]], 0, 500, 10)
