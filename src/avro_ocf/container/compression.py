"""The compression codecs of blocks. What a block unpacks to is bounded while it unpacks, never after.

Specification, "Required Codecs" (null, deflate) and "Optional Codecs" (bzip2, snappy, xz, zstandard).
"""

import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from avro_ocf.errors import DatumError, FormatError, LimitError, UnsupportedCodecError

PIECE_BYTES: Final = 1 << 20
"""Bytes unpacked at a time, so that a bomb is noticed at most so far past its limit."""

FEED_BYTES: Final = 1 << 16
"""Compressed bytes given to a decompressor at a time, since it copies what is left over at the end of each stream."""

MAX_STREAMS: Final = 10_000
"""Streams joined in one block. Empty ones unpack to nothing, so only their number bounds their cost."""

XZ_MEMORY_BYTES: Final = 128 << 20
"""Memory that unpacking xz may take; its strongest preset asks for 65 MiB."""

LEVELS: Final = {"deflate": range(10), "bzip2": range(1, 10), "xz": range(10), "zstandard": range(-(1 << 17), 23)}
"""The compression levels of each codec that has any, from the quickest to the smallest."""

Data = bytes | bytearray
Compress = Callable[[Data], Data]
Decompress = Callable[[bytes, int], bytes]


class Codec(NamedTuple):
    """`compress(data)`, `decompress(data, limit_bytes)` and `compress_at(data, level)`.

    `decompress` raises `FormatError`, or `LimitError` past `limit_bytes`, both without a place. `compress` is None where only
    reading is possible, and `compress_at` where there are no levels.
    """

    compress: Compress | None
    decompress: Decompress
    compress_at: Callable[[Data, int], Data] | None = None


def codec_for_reading(name: str) -> Codec:
    """Return the codec called `name`. Raises `UnsupportedCodecError` when it is unknown or its package is not installed.

    The error names the codecs that can be read here, and what would bring the others.
    """
    codec = _codec(name)
    if codec is None:
        problem = f"codec {name!r} needs {_MISSING[name]}" if name in _MISSING else f"unknown codec {name!r}"
        here = [known for known in CODECS if _codec(known)]
        others = [f"{known} needs {_MISSING[known]}" for known in CODECS if known not in (*here, name)]
        raise UnsupportedCodecError("; ".join([problem, f"read here are {', '.join(here)}", *others]))
    return codec


def codec_for_writing(name: str, level: int | None = None) -> Compress:
    """Return the compression function of the codec `name`, at its own level where none is given.

    Raises `UnsupportedCodecError`, also when it can only be read, and `DatumError` for a level that is not in `LEVELS`.
    """
    codec = codec_for_reading(name)
    if codec.compress is None:
        here = [known for known in CODECS if (other := _codec(known)) and other.compress]
        raise UnsupportedCodecError(f"writing codec {name!r} needs {_MISSING[name]}; written here are {', '.join(here)}")
    if level is None:
        return codec.compress
    if type(level) is not int:  # a bool is none
        raise TypeError(f"a compression level is an int or None, not {type(level).__name__}")
    compress_at = codec.compress_at
    if compress_at is None:
        raise DatumError(f"codec {name!r} has no compression levels; those of {', '.join(LEVELS)} have")
    levels = LEVELS[name]
    if level not in levels:
        raise DatumError(f"the compression levels of {name} are {levels[0]} to {levels[-1]}, not {level}")
    return lambda data: compress_at(data, level)


def _codec(name: str) -> Codec | None:
    """Return a codec that is known and whose package is installed, else None."""
    if name not in _codecs and name in _LOADERS:
        try:
            _codecs[name] = _LOADERS[name]()
        except ImportError:
            return None
    return _codecs.get(name)


def too_large(limit: int) -> LimitError:
    """Return the error for a block that unpacks to more than `limit` bytes."""
    return LimitError(f"the block unpacks to more than limits.block_bytes, {limit}")


def _stored(data: Data) -> Data:
    return data


def _unstored(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise too_large(limit)
    return data


def _deflate(data: Data, level: int = -1) -> bytes:
    return zlib.compress(data, level, wbits=-15)


def _inflate(data: bytes, limit: int) -> bytes:
    """Unpack a raw deflate stream (RFC 1951). Bytes after its end are accepted: several writers leave a checksum there."""
    stream = zlib.decompressobj(-15)
    pieces = []
    total = 0
    while True:
        try:
            piece = stream.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise FormatError(f"bad deflate data: {error}") from None
        total += len(piece)
        if total > limit:
            raise too_large(limit)
        pieces.append(piece)
        if stream.eof:
            return b"".join(pieces)
        data = stream.unconsumed_tail
        if not piece and not data:
            raise FormatError("bad deflate data: it ends too early")


def after_deflate(data: bytes) -> bytes:
    """Return what follows the raw deflate stream that `data` begins with, and which is known to be whole."""
    stream = zlib.decompressobj(-15)
    while not stream.eof:
        stream.decompress(data, PIECE_BYTES)
        data = stream.unconsumed_tail
    return stream.unused_data


def _unpack_streams(new_stream: Callable[[], Any], error_type: type[Exception], data: bytes, limit: int) -> bytes:
    """Unpack one or more joined streams that end with `data`. A stream has the interface of `bz2.BZ2Decompressor`."""
    stream = new_stream()
    pieces: list[bytes] = []
    total = position = 0
    for _ in range(MAX_STREAMS):
        while not stream.eof:
            feed = data[position : position + FEED_BYTES] if stream.needs_input else b""
            if stream.needs_input and not feed:
                raise FormatError("bad compressed data: it ends too early")
            position += len(feed)
            try:
                piece = stream.decompress(feed, PIECE_BYTES)
            except (error_type, EOFError, ValueError) as error:
                raise _refusal(error) from None
            total += len(piece)
            if total > limit:
                raise too_large(limit)
            pieces.append(piece)
        position -= len(stream.unused_data)
        if position == len(data):
            return b"".join(pieces)
        stream = new_stream()
    raise _too_many_streams()


def _refusal(error: Exception) -> FormatError:
    """Return the error for what a decompressor refuses. A sound stream may ask for a larger window than is granted."""
    if "memory" in str(error).lower():
        return LimitError(f"the compressed data asks for too much: {error}")
    return FormatError(f"bad compressed data: {error}")


def _too_many_streams() -> LimitError:
    return LimitError(f"the block joins more than {MAX_STREAMS} compressed streams")


def _load_bzip2() -> Codec:
    import bz2

    def decompress(data: bytes, limit: int) -> bytes:
        return _unpack_streams(bz2.BZ2Decompressor, OSError, data, limit)

    return Codec(bz2.compress, decompress, bz2.compress)


def _load_xz() -> Codec:
    import lzma

    def new_stream() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)

    def decompress(data: bytes, limit: int) -> bytes:
        return _unpack_streams(new_stream, lzma.LZMAError, data, limit)

    return Codec(lzma.compress, decompress, lambda data, level: lzma.compress(data, preset=level))


def _load_zstandard() -> Codec:
    try:
        from compression import zstd
    except ImportError:
        try:
            from backports import zstd
        except ImportError:
            return _load_python_zstandard()

    def decompress(data: bytes, limit: int) -> bytes:
        return _unpack_streams(zstd.ZstdDecompressor, zstd.ZstdError, data, limit)

    return Codec(zstd.compress, decompress, zstd.compress)


def _load_python_zstandard() -> Codec:
    import zstandard

    from avro_ocf.container.zstd_frames import frames

    def decompress(data: bytes, limit: int) -> bytes:
        if not data:
            raise FormatError("bad compressed data: it ends too early")
        pieces: list[bytes] = []
        total = 0
        for number, frame in enumerate(frames(zstandard, data)):
            if number == MAX_STREAMS:
                raise _too_many_streams()
            stream = zstandard.ZstdDecompressor().stream_reader(frame)
            try:
                while piece := stream.read(PIECE_BYTES):
                    total += len(piece)
                    if total > limit:
                        raise too_large(limit)
                    pieces.append(piece)
            except zstandard.ZstdError as error:
                raise _refusal(error) from None
        return b"".join(pieces)

    return Codec(zstandard.compress, decompress, zstandard.compress)


def _load_snappy() -> Codec:
    from avro_ocf.container import snappy

    return Codec(snappy.load_compress(), snappy.decompress)


_codecs = {"null": Codec(_stored, _unstored), "deflate": Codec(_deflate, _inflate, _deflate)}
_LOADERS = {"bzip2": _load_bzip2, "snappy": _load_snappy, "xz": _load_xz, "zstandard": _load_zstandard}

_MISSING: Final = {
    "bzip2": "the module bz2, without which this Python was built",
    "snappy": "pip install 'avro-ocf[snappy]'",
    "xz": "the module lzma, without which this Python was built",
    "zstandard": "pip install 'avro-ocf[zstandard]'",
}
"""What would bring the codecs that are not on every machine."""

MOST_TIMES: Final = {"null": 1, "deflate": 1032, "snappy": 22, "zstandard": 32_768}
"""How many times as large as its data a block may be, unpacked, where the format has a bound.

Deflate's is 258 bytes by a length and a distance of a bit each (RFC 1951), snappy's 64 bytes by a copy of three, zstandard's
128 KiB by a block of four (RFC 8878); bzip2 and xz have none that is of use.
"""

CODECS: Final = (*_codecs, *_LOADERS)
"""Names of the codecs that this library knows, whether or not their packages are installed."""
