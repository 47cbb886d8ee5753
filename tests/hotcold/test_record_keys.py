"""Record keys: any keys come back, few bytes hold many, and anything else is refused."""

import zlib
from contextlib import suppress
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.errors import DamagedError
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.record_keys import RecordKey, decode_keys, encode_keys
from avro_ocf.varint import encode_long

numbers = st.integers(0, 5) | st.integers(0, TIME_MAX)
keys = st.builds(RecordKey, numbers, numbers)
runs = st.builds(lambda first, count: [first._replace(sequence=first.sequence + n) for n in range(count)], keys, st.integers(1, 50))
key_lists = st.lists(keys) | st.lists(runs, max_size=5).map(lambda parts: [*chain.from_iterable(parts)])


@given(key_lists)
def test_keys_come_back(given_keys: list[RecordKey]) -> None:
    assert decode_keys(encode_keys(given_keys), len(given_keys)) == given_keys


@given(key_lists, st.integers(0, 100))
def test_another_count_is_damage(given_keys: list[RecordKey], count: int) -> None:
    if count != len(given_keys):
        with pytest.raises(DamagedError, match=f"not those of {count} records"):
            decode_keys(encode_keys(given_keys), count)


@given(st.binary(max_size=60), st.integers(0, 20))
def test_any_bytes_are_keys_or_damage(data: bytes, count: int) -> None:
    for packed in (data, zlib.compress(data, wbits=-15)):
        with suppress(DamagedError):
            assert len(decode_keys(packed, count)) == count


def test_an_upload_of_thousands_takes_a_few_bytes() -> None:
    assert len(encode_keys(RecordKey(1_764_000_000_000, 10_000 + number) for number in range(10_000))) < 30


def pack(*longs: int) -> bytes:
    return zlib.compress(b"".join(map(encode_long, longs)), wbits=-15)


BAD_RUNS = [(0, 0, 0), (0, 0, -1), (0, 0, 2**62), (0, 0, 4), (0, 0), (0,), (0, 0, 1, 0, 0, 3), (0, 0, 3, 0, 0, 1)]


@pytest.mark.parametrize("run", BAD_RUNS)
def test_a_run_has_a_length_that_fits(run: tuple[int, ...]) -> None:
    with pytest.raises(DamagedError, match="record keys: "):
        decode_keys(pack(*run), 3)
    assert decode_keys(pack(0, 0, 3), 3) == [(0, 0), (0, 1), (0, 2)]


def test_a_bomb_is_refused() -> None:
    with pytest.raises(DamagedError, match="record keys: "):
        decode_keys(zlib.compress(bytes(65 * 1024 * 1024), wbits=-15), 3)
