"""The variable-length zig-zag coding of `int` and `long` (specification, "Binary Encoding": little-endian groups of 7 bits)."""

from avro_ocf.errors import FormatError, TruncatedError

LONG_MIN = -(1 << 63)
LONG_MAX = (1 << 63) - 1

VARINT_BYTES = 10
"""Bytes of the longest varint: ten groups of 7 bits hold 64 bits."""


def encode_long(value: int) -> bytes:
    """Return `value` in 1 to 10 bytes. Raises `OverflowError` outside the range of a signed 64-bit number."""
    if not LONG_MIN <= value <= LONG_MAX:
        raise OverflowError(f"{value.bit_length()}-bit number does not fit 64 bits")
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def decode_long(data: bytes, pos: int) -> tuple[int, int]:
    """Return the number at byte `pos` of `data` and the position after it.

    A number in more bytes than it needs is accepted. Raises `FormatError` past 10 bytes or 64 bits, and `TruncatedError` when the
    bytes end first; their offset is `pos`.
    """
    end = pos + VARINT_BYTES
    number = shift = 0
    for index, byte in enumerate(data[pos:end], pos):
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> 64:
                raise FormatError("number past 64 bits", offset=pos)
            return (number >> 1) ^ -(number & 1), index + 1
        shift += 7
    if shift == 7 * VARINT_BYTES:
        raise FormatError(f"number in more than {VARINT_BYTES} bytes", offset=pos)
    raise TruncatedError("the bytes end inside a number", offset=pos)
