"""The package `zstandard` in the place of `backports.zstd`: the same bytes in and out, the same errors, bounded memory."""

import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.container import compression
from avro_ocf.container.compression import MAX_STREAMS, codec_for_reading, codec_for_writing
from avro_ocf.errors import FormatError, LimitError
from tests.container.test_compression import zstandard_with_a_window
from tests.damage import damaged

pytest.importorskip("zstandard")
pytestmark = pytest.mark.host

CODEC = compression._load_python_zstandard()
SKIPPABLE = b"\x5e\x2a\x4d\x18\x03\0\0\0abc"
DATA = st.binary(max_size=2000) | st.builds(lambda part, count: part * count, st.binary(max_size=50), st.integers(0, 10_000))


def pack(data: bytes) -> bytes:
    assert CODEC.compress
    return bytes(CODEC.compress(data))


def outcome(codec: compression.Codec, packed: bytes, limit: int) -> Any:
    try:
        return codec.decompress(packed, limit)
    except FormatError as error:
        return type(error)


def test_it_is_used_where_no_other_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_codecs", {})
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    packed = bytes(codec_for_writing("zstandard")(b"abc"))
    assert codec_for_reading("zstandard").decompress(packed, 3) == b"abc"
    assert codec_for_reading("zstandard").decompress.__qualname__.startswith("_load_python_zstandard.")


@given(DATA)
def test_data_comes_back_at_its_exact_limit(data: bytes) -> None:
    packed = pack(data)
    assert CODEC.decompress(packed, len(data)) == data
    if data:
        assert outcome(CODEC, packed, len(data) - 1) is LimitError


@given(
    st.lists(DATA.map(pack) | st.just(SKIPPABLE), min_size=1, max_size=4)
    .map(b"".join)
    .flatmap(lambda data: st.just(data) | damaged(data))
)
def test_it_does_what_the_other_package_does(packed: bytes) -> None:
    assert outcome(CODEC, packed, 1_000_000) == outcome(codec_for_reading("zstandard"), packed, 1_000_000)


@pytest.mark.parametrize("packed", [pack(b"abc" * 50 + bytes(range(100))), SKIPPABLE, pack(bytes(300_000))])
def test_every_truncation_is_noticed(packed: bytes) -> None:
    for length in range(len(packed)):
        with pytest.raises(FormatError):
            CODEC.decompress(packed[:length], 1_000_000)


def test_joined_frames() -> None:
    packed = pack(b"abc")
    assert CODEC.decompress(packed * 3 + SKIPPABLE, 9) == b"abcabcabc"
    assert outcome(CODEC, packed * 3, 8) is LimitError
    assert outcome(CODEC, packed + b"junk", 100) is FormatError
    empty = pack(b"")
    assert CODEC.decompress(empty * MAX_STREAMS, 0) == b""
    with pytest.raises(LimitError, match="joins more than 10000"):
        CODEC.decompress(empty * (MAX_STREAMS + 1), 0)


def test_a_window_past_what_is_granted_is_no_damage() -> None:
    assert CODEC.decompress(zstandard_with_a_window(25), 3) == b"abc"
    assert outcome(CODEC, zstandard_with_a_window(30), 3) is LimitError


def test_a_bomb_is_noticed_at_its_limit() -> None:
    packed = pack(bytes(100_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match="more than limits.block_bytes, 1000000"):
            CODEC.decompress(packed, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
