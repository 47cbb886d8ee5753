"""The snappy codec: raw snappy data, then "the 4-byte, big-endian CRC32 checksum of the uncompressed data".

Reading needs no package; cramjam, where it is installed, reads faster and is what writes.
"""

import zlib
from collections.abc import Callable
from typing import Any, Final

from avro_ocf.errors import FormatError, LimitError

CRC_BYTES: Final = 4


def load_compress() -> "Callable[[bytes | bytearray], bytes] | None":
    """Return the function that compresses a block, or None where cramjam is not installed."""
    try:
        from cramjam import snappy
    except ImportError:
        return None

    def compress(data: bytes | bytearray) -> bytes:
        return bytes(snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(CRC_BYTES, "big")

    return compress


def decompress(data: bytes, limit: int) -> bytes:
    """Unpack a block. Raises `FormatError`, also for a wrong checksum, and `LimitError` past `limit` bytes, before unpacking."""
    if len(data) <= CRC_BYTES:
        raise FormatError("bad snappy data: too short")
    packed, crc = data[:-CRC_BYTES], data[-CRC_BYTES:]
    length, start = _length(packed)
    if length > limit:
        raise LimitError(f"the block unpacks to more than limits.block_bytes, {limit}")
    unpacked = _unpack_natively(packed) if _native() else unpack(packed, start, length)
    if zlib.crc32(unpacked) != int.from_bytes(crc, "big"):
        raise FormatError("bad snappy data: its checksum differs")
    return unpacked


def _native() -> Any:
    try:
        import cramjam
    except ImportError:
        return None
    return cramjam


def _unpack_natively(packed: bytes) -> bytes:
    cramjam = _native()
    try:
        return bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        raise FormatError(f"bad snappy data: {error}") from None


def _length(packed: bytes) -> tuple[int, int]:
    """Return the uncompressed length that leads the data ("a little-endian varint" of at most 32 bits) and where it ends."""
    length = 0
    for index, byte in enumerate(packed[:5]):
        length |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return length, index + 1
    raise FormatError("bad snappy data: bad length")


def unpack(packed: bytes, pos: int, length: int) -> bytes:
    """Unpack raw snappy elements from `pos` on, which make exactly `length` bytes."""
    out = bytearray()
    end = len(packed)
    while pos < end:
        tag = packed[pos]
        pos += 1
        if tag & 3 == 0:  # a literal; 60 to 63 mean that its length follows in 1 to 4 bytes
            size = (tag >> 2) + 1
            if size > 60:
                extra = size - 60
                size = int.from_bytes(packed[pos : pos + extra], "little") + 1
                pos += extra
            out += packed[pos : pos + size]
            pos += size
        else:
            if tag & 3 == 1:
                size, distance, extra = (tag >> 2 & 7) + 4, (tag >> 5) << 8, 1
            else:
                size, distance, extra = (tag >> 2) + 1, 0, 2 if tag & 3 == 2 else 4
            distance |= int.from_bytes(packed[pos : pos + extra], "little")
            pos += extra
            start = len(out) - distance
            if distance == 0 or start < 0:
                raise FormatError("bad snappy data: a copy from outside it")
            pattern = out[start : start + size]
            out += (pattern * (size // len(pattern) + 1))[:size]  # a copy may overlap what it makes
        if pos > end or len(out) > length:
            break
    if pos != end or len(out) != length:
        raise FormatError("bad snappy data: its length differs")
    return bytes(out)
