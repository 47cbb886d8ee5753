"""The codecs: they undo themselves, bad data is a `FormatError`, and nothing unpacks past its limit."""

import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.container import compression, snappy
from avro_ocf.container.compression import CODECS, LEVELS, codec_for_reading, codec_for_writing
from avro_ocf.errors import DatumError, FormatError, LimitError, UnsupportedCodecError


def is_installed(codec: str) -> bool:
    try:
        codec_for_writing(codec)
    except UnsupportedCodecError:
        return False
    return True


HERE = [codec for codec in CODECS if is_installed(codec)]
STREAMS = [codec for codec in HERE if codec in {"bzip2", "xz", "zstandard"}]
Without = Callable[..., None]
DATA = st.binary(max_size=2000) | st.builds(lambda part, count: part * count, st.binary(max_size=50), st.integers(0, 200))


@pytest.mark.host
def test_the_extras_bring_every_codec() -> None:
    assert list(CODECS) == HERE


@pytest.fixture(params=HERE)
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Return a function that makes modules impossible to import, with every codec to be loaded anew."""

    def hide(*modules: str) -> None:
        monkeypatch.setattr(compression, "_codecs", {name: compression._codecs[name] for name in ("null", "deflate")})
        for module in modules:
            for name in [module, *(name for name in sys.modules if name.startswith(f"{module}."))]:
                monkeypatch.setitem(sys.modules, name, None)

    return hide


def pack(codec: str, data: bytes) -> bytes:
    return bytes(codec_for_writing(codec)(data))


@given(st.sampled_from(HERE), DATA)
def test_data_comes_back_at_its_exact_limit(codec: str, data: bytes) -> None:
    packed = pack(codec, data)
    assert codec_for_reading(codec).decompress(packed, len(data)) == data
    if data:
        with pytest.raises(LimitError):
            codec_for_reading(codec).decompress(packed, len(data) - 1)


@pytest.mark.parametrize("codec", [codec for codec in HERE if codec in LEVELS])
def test_levels(codec: str) -> None:
    data = random.Random(1).randbytes(1000) * 300 + bytes(range(256)) * 1000  # what repeats is far apart
    levels = LEVELS[codec]
    packed = [bytes(codec_for_writing(codec, level)(data)) for level in (levels[0], 1, levels[-1])]
    assert [codec_for_reading(codec).decompress(each, len(data)) for each in packed] == [data] * 3
    assert len(packed[0]) >= len(packed[1]) >= len(packed[2]) < len(packed[0])
    for level in (levels[0] - 1, levels[-1] + 1):
        with pytest.raises(DatumError, match=f"the compression levels of {codec} are {levels[0]} to {levels[-1]}, not {level}"):
            codec_for_writing(codec, level)


def test_levels_are_refused() -> None:
    for codec in {"null", "snappy"} & set(HERE):
        with pytest.raises(DatumError, match=f"codec '{codec}' has no compression levels; those of deflate, bzip2, xz"):
            codec_for_writing(codec, 1)
    for level in (True, 1.0, "1"):
        with pytest.raises(TypeError, match="a compression level is an int or None"):
            codec_for_writing("deflate", cast("Any", level))
    with pytest.raises(UnsupportedCodecError):
        codec_for_writing("lzo", 1)


def test_pieces_of_any_size_make_the_same(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 3 + bytes(5000)
    packed = pack(codec, data)
    for size in (1, 7, 100):
        monkeypatch.setattr(compression, "PIECE_BYTES", size)
        monkeypatch.setattr(compression, "FEED_BYTES", size)
        assert codec_for_reading(codec).decompress(packed, len(data)) == data


@pytest.mark.parametrize("codec", [codec for codec in HERE if codec != "null"])
def test_every_truncation_is_noticed(codec: str) -> None:
    packed = pack(codec, b"abc" * 50 + bytes(range(100)))
    for length in range(len(packed)):
        with pytest.raises(FormatError):
            codec_for_reading(codec).decompress(packed[:length], 1000)


@pytest.mark.parametrize("codec", HERE)
@given(data=st.binary(max_size=200))
def test_any_bytes_unpack_or_are_a_format_error(codec: str, data: bytes) -> None:
    try:
        assert len(codec_for_reading(codec).decompress(data, 1000)) <= 1000
    except FormatError as error:
        assert error.offset is None


@pytest.mark.parametrize("codec", STREAMS)
def test_joined_streams(codec: str) -> None:
    decompress = codec_for_reading(codec).decompress
    packed = pack(codec, b"abc")
    assert decompress(packed * 3, 9) == b"abcabcabc"
    with pytest.raises(LimitError):
        decompress(packed * 3, 8)
    with pytest.raises(FormatError):
        decompress(packed + b"junk", 100)
    empty = pack(codec, b"")
    assert decompress(empty * compression.MAX_STREAMS, 0) == b""
    with pytest.raises(LimitError, match="joins more than 10000"):
        decompress(empty * (compression.MAX_STREAMS + 1), 0)


def test_stray_bytes_after_a_deflate_stream_are_accepted() -> None:
    assert codec_for_reading("deflate").decompress(zlib.compress(b"abc")[2:], 3) == b"abc"  # the zlib format's checksum is left on


@pytest.mark.parametrize("codec", ["deflate", *STREAMS])
def test_a_bomb_is_noticed_at_its_limit(codec: str) -> None:
    packed = pack(codec, bytes(20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match="more than limits.block_bytes, 1000000"):
            codec_for_reading(codec).decompress(packed, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000  # xz takes 8 MiB for itself
    finally:
        tracemalloc.stop()


def xz_with_a_window(power: int) -> bytes:
    """Return "abc" as xz whose header asks for a window of 2**power bytes."""
    packed = bytearray(codec_for_writing("xz")(b"abc"))
    end = 12 + 4 * packed[12]
    assert packed[14:16] == b"\x21\x01"  # LZMA2, whose one property is the window
    packed[16] = 2 * (power - 12)
    return bytes(packed[:end] + zlib.crc32(packed[12:end]).to_bytes(4, "little") + packed[end + 4 :])


def zstandard_with_a_window(power: int) -> bytes:
    """Return "abc" as zstandard, stored, whose header asks for a window of 2**power bytes."""
    return bytes([0x28, 0xB5, 0x2F, 0xFD, 0, power - 10 << 3, 3 << 3 | 1, 0, 0]) + b"abc"


@pytest.mark.parametrize(("codec", "with_a_window"), [("xz", xz_with_a_window), ("zstandard", zstandard_with_a_window)])
def test_a_window_past_what_is_granted_is_no_damage(codec: str, with_a_window: Callable[[int], bytes]) -> None:
    if codec not in HERE:
        pytest.skip("not installed")
    decompress = codec_for_reading(codec).decompress
    assert decompress(with_a_window(25), 3) == b"abc"
    with pytest.raises(LimitError, match="asks for too much"):
        decompress(with_a_window(30), 3)


def test_a_deflate_bomb_of_400_mb() -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join([*(stream.compress(bytes(1_000_000)) for _ in range(400)), stream.flush()])
    with pytest.raises(LimitError):
        codec_for_reading("deflate").decompress(packed, 10_000_000)


@pytest.mark.parametrize("name", ["", "lzo", "Deflate", "null\0"])
def test_an_unknown_codec(name: str) -> None:
    with pytest.raises(UnsupportedCodecError, match="unknown codec"):
        codec_for_reading(name)


def test_an_error_names_the_codecs_there_are_and_what_brings_the_others(without: Without) -> None:
    without("bz2", "compression", "backports", "zstandard")
    with pytest.raises(UnsupportedCodecError) as caught:
        codec_for_reading("bzip2")
    assert str(caught.value) == (
        "codec 'bzip2' needs the module bz2, without which this Python was built; read here are null, deflate, snappy, xz; "
        "zstandard needs pip install 'avro-ocf[zstandard]'"
    )
    with pytest.raises(UnsupportedCodecError, match=r"codec 'zstandard' needs pip install 'avro-ocf\[zstandard\]'; read here are"):
        codec_for_reading("zstandard")
    with pytest.raises(UnsupportedCodecError, match="unknown codec 'zstd'; read here are null, deflate, snappy, xz; bzip2 needs"):
        codec_for_reading("zstd")


SNAPPY = [
    (b"", b"\0"),
    (b"abc", b"\x03\x08abc"),
    (b"abcabcabca", b"\x0a\x08abc\x0d\x03"),  # a copy of one offset byte that overlaps itself: 7 bytes from 3 back
    (b"abab", b"\x04\x04ab\x06\x02\0"),  # two offset bytes
    (b"abab", b"\x04\x04ab\x07\x02\0\0\0"),  # four offset bytes
    (b"x" * 70, b"\x46\xf0\x45" + b"x" * 70),  # a literal whose length takes a byte of its own
    (b"y" * 300, b"\xac\x02\xf4\x2b\x01" + b"y" * 300),
]


@pytest.mark.parametrize(("data", "packed"), SNAPPY)
def test_snappy_elements(data: bytes, packed: bytes) -> None:
    length, start = snappy._length(packed)
    assert snappy.unpack(packed, start, length) == data


@pytest.mark.parametrize(
    "packed",
    [
        b"\x03\x08ab",
        b"\x02\x08abc",
        b"\x04\x08abc",
        b"\x05\x04ab\x09\x03",
        b"\x05\x04ab\x09\0",
        b"\x01\xf0",
        b"\x01\xfc\xff",
        b"\x0a\x04ab\x15",
    ],
)
def test_bad_snappy_elements(packed: bytes) -> None:
    with pytest.raises(FormatError, match="bad snappy data"):
        snappy.unpack(packed, 1, packed[0])


@pytest.mark.parametrize("without_package", [True, False])
def test_the_snappy_checksum_must_match(without_package: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if without_package:
        monkeypatch.setattr(snappy, "_native", lambda: None)
    packed, crc = b"\x03\x08abc", zlib.crc32(b"abc")
    assert snappy.decompress(packed + crc.to_bytes(4, "big"), 3) == b"abc"
    for wrong in (crc.to_bytes(4, "little"), (crc ^ 1).to_bytes(4, "big"), b""):
        with pytest.raises(FormatError, match="bad snappy data"):
            snappy.decompress(packed + wrong, 3)
    with pytest.raises(LimitError):
        snappy.decompress(b"\xff\xff\xff\xff\x0f" + bytes(10), 1000)


def test_snappy_without_its_package_is_for_reading(without: Without) -> None:
    without("cramjam")
    assert codec_for_reading("snappy").compress is None
    with pytest.raises(UnsupportedCodecError) as caught:
        codec_for_writing("snappy")
    assert str(caught.value).startswith(
        "writing codec 'snappy' needs pip install 'avro-ocf[snappy]'; written here are null, deflate, "
    )
    assert "snappy" not in str(caught.value).partition(";")[2]


@pytest.mark.host
@given(data=DATA)
def test_both_snappy_decoders_agree(data: bytes) -> None:
    packed: Any = pack("snappy", data)[:-4]
    length, start = snappy._length(packed)
    assert snappy.unpack(packed, start, length) == data == snappy._unpack_natively(packed)
