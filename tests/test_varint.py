"""Zig-zag numbers: the specification's table, the edges, and bytes that are no number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.errors import FormatError, TruncatedError
from avro_ocf.varint import LONG_MAX, LONG_MIN, decode_long, encode_long

# The first rows are the specification's.
ROWS = [
    (0, "00"),
    (-1, "01"),
    (1, "02"),
    (-2, "03"),
    (2, "04"),
    (-64, "7f"),
    (64, "8001"),
    (63, "7e"),
    (-65, "8101"),
    (8191, "fe7f"),
    (8192, "808001"),
    (2**31 - 1, "feffffff0f"),
    (-(2**31), "ffffffff0f"),
    (LONG_MAX, "feffffffffffffffff01"),
    (LONG_MIN, "ffffffffffffffffff01"),
]


@pytest.mark.parametrize(("number", "data"), ROWS)
def test_rows(number: int, data: str) -> None:
    assert encode_long(number).hex() == data
    assert decode_long(bytes.fromhex(data), 0) == (number, len(data) // 2)


@given(st.integers(LONG_MIN, LONG_MAX), st.binary(max_size=12), st.binary(max_size=12))
def test_round_trip_in_the_middle_of_bytes(number: int, before: bytes, after: bytes) -> None:
    data = encode_long(number)
    assert decode_long(before + data + after, len(before)) == (number, len(before) + len(data))


@pytest.mark.parametrize("number", [LONG_MAX + 1, LONG_MIN - 1, 10**40])
def test_a_number_past_64_bits_is_not_encoded(number: int) -> None:
    with pytest.raises(OverflowError):
        encode_long(number)


@pytest.mark.parametrize(("data", "number"), [("8000", 0), ("82808080808080808000", 1), ("feffffffffffffff7f", 2**62 - 1)])
def test_a_number_may_take_more_bytes_than_it_needs(data: str, number: int) -> None:
    assert decode_long(bytes.fromhex(data), 0) == (number, len(data) // 2)


@pytest.mark.parametrize("data", ["ff" * 9 + "02", "80" * 9 + "7f", "80" * 10 + "00", "ff" * 11, "80" * 10])
def test_a_number_past_ten_bytes_or_64_bits_is_refused(data: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_long(b"\0\0" + bytes.fromhex(data), 2)
    assert caught.value.offset == 2
    assert not isinstance(caught.value, TruncatedError)


@pytest.mark.parametrize("data", ["", "80", "ff" * 9])
def test_a_number_cut_off_is_truncated(data: str) -> None:
    with pytest.raises(TruncatedError) as caught:
        decode_long(b"\0" + bytes.fromhex(data), 1)
    assert caught.value.offset == 1
