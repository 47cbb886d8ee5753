"""The zstandard codec by the package `zstandard`, for a Python that has neither `compression.zstd` nor `backports.zstd`.

That package tells the end of a frame only where it unpacks without a bound, and a bound only where it does not tell the end: so the
frames are found first (RFC 8878, "Zstandard Frames" and "Skippable Frames"), and each is then unpacked piece by piece.
"""

from collections.abc import Iterator
from typing import Any, Final

from avro_ocf.errors import FormatError

_FRAME_HEADER_BYTES: Final = 18
_BLOCK_HEADER_BYTES: Final = 3
_CHECKSUM_BYTES: Final = 4
_SKIPPABLE_HEADER_BYTES: Final = 8
_RUN_OF_ONE_BYTE: Final = 1


def frames(zstandard: Any, data: bytes) -> Iterator[bytes]:
    """Yield the frames that `data` joins. Raises `FormatError` for bytes that are none, and where the last one ends too early."""
    start = 0
    while start < len(data):
        end = _frame_end(zstandard, data, start)
        if end > len(data):
            raise FormatError("bad compressed data: it ends too early")
        yield data[start:end]
        start = end


def _frame_end(zstandard: Any, data: bytes, start: int) -> int:
    head = data[start : start + _FRAME_HEADER_BYTES]
    if len(head) > 3 and head[0] >> 4 == 5 and head[1:4] == b"\x2a\x4d\x18":
        return start + _SKIPPABLE_HEADER_BYTES + int.from_bytes(head[4:8].ljust(4, b"\xff"), "little")
    try:
        end = start + int(zstandard.frame_header_size(head))
        has_checksum = bool(zstandard.get_frame_parameters(head).has_checksum)
    except zstandard.ZstdError as error:
        raise FormatError(f"bad compressed data: {error}") from None
    is_last = False
    while not is_last and end < len(data):
        block = int.from_bytes(data[end : end + _BLOCK_HEADER_BYTES], "little")
        is_last = bool(block & 1)
        end += _BLOCK_HEADER_BYTES + (1 if block >> 1 & 3 == _RUN_OF_ONE_BYTE else block >> 3)
    if not is_last:
        return len(data) + 1
    return end + _CHECKSUM_BYTES * has_checksum
