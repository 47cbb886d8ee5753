"""Many long integers at once, each in a lane of 8 or 16 bytes of one large number, whose operations CPython does at the speed of C.

The 56 bits of a lane are moved apart by halves until they are 8 x 7 with room between: an encoded integer less the highest bits
of its bytes. Decoding moves them together again.
"""

import re
from collections.abc import Sequence
from functools import cache
from struct import Struct
from typing import Final, NamedTuple

from avro_ocf.compiler.faults import Unusual
from avro_ocf.compiler.varints import INT_MAX, INT_MIN

PAYING: Final = 16
"""Items of an array from which on it pays."""

LANES_MAX: Final = 64

HIGH: Final = bytes(range(128, 256))
"""What is taken out of bytes to count the integers that end among them."""
_WIDTH_8_MAX: Final = 1 << 55
_find = re.compile(rb"[\x80-\xff]{0,10}+[\x00-\x7f]?").findall
"""Encoded integers; one of more than ten bytes is cut after ten, none of which is the last of an integer."""


class Lanes(NamedTuple):
    """Masks for some lanes, each of them the lanes' own mask repeated; `apart` and `together` are steps with a mask and a shift."""

    tokens: Struct
    longs: Struct
    low: int
    value: int
    too_large: int
    apart: tuple[tuple[int, int, int], ...]
    digits: int
    marks: int
    above: tuple[tuple[int, int], ...]


@cache
def lanes_for(count: int, width: int, digits: int) -> Lanes:
    """Return what is needed for so many lanes of `width` bytes with integers of `digits` bytes at most."""

    def repeated(mask: int) -> int:
        return int.from_bytes(mask.to_bytes(width, "little") * count, "little")

    def both(mask: int) -> int:
        return repeated(mask | mask << 64 if width == 16 else mask)

    apart = [
        (both(0xFFFFFFF), both(0xFFFFFFF << 28), 4),
        (both(0x3FFF00003FFF), both(0x3FFF00003FFF << 14), 2),
        (both(0x7F007F007F007F), both(0x7F007F007F007F << 7), 1),
    ]
    if width == 16:
        apart.insert(0, (repeated((1 << 56) - 1), repeated(0xFF << 56), 8))
    last = 15 if digits == 5 else 1
    return Lanes(
        Struct(f"{width}s" * count),
        Struct("<" + ("q8x" if width == 16 else "q") * count),
        repeated(1),
        repeated((1 << 64) - 2),
        repeated((1 << 8 * width) - (last + 1 << 8 * digits - 8)) if digits < width else 0,
        tuple(apart),
        both(0x7F7F7F7F7F7F7F7F),
        both(0x8080808080808080),
        tuple((repeated((1 << 8 * (width - size)) - 1), 8 * size) for size in (1, 1, 2, 4, 8)[: 5 if width == 16 else 4]),
    )


def lane_count(count: int) -> int:
    """Return how many lanes to use for so many integers: few counts have masks."""
    return max(PAYING, 1 << (count - 1).bit_length())


def read_many(data: bytes, pos: int, count: int, digits: int) -> tuple[list[int], int]:
    """Decode `count` integers of `digits` bytes at most, and return them and the position after them. Raises `Unusual`."""
    # As if the other items were like those at the start, and a byte more.
    first = len(data[pos : pos + count].translate(None, HIGH)) or 1
    size = count * min(count // first + 2, digits)
    tokens = _find(data, pos, pos + size)[:count]
    if not is_whole(tokens, count):
        tokens = _find(data, pos, pos + count * digits)[:count]
        if not is_whole(tokens, count):
            raise Unusual
    numbers: list[int] = []
    width = 8 if digits == 5 or max(map(len, tokens)) <= 8 else 16
    digits = min(width, digits)
    for start in range(0, count, LANES_MAX):
        some = tokens[start : start + LANES_MAX]
        lanes = lane_count(len(some))
        numbers += together(some + [b""] * (lanes - len(some)), lanes_for(lanes, width, digits))[: len(some)]
    return numbers, pos + len(b"".join(tokens))


def is_whole(tokens: list[bytes], count: int) -> bool:
    """Tell whether there are so many tokens, the last of them to its end."""
    return len(tokens) == count and tokens[-1] != b"" and tokens[-1][-1] < 128


def together(tokens: list[bytes], lanes: Lanes) -> Sequence[int]:
    """Return the integers that `tokens` are."""
    number = int.from_bytes(lanes.tokens.pack(*tokens), "little")
    if number & lanes.too_large:
        raise Unusual
    number &= lanes.digits
    for low, high, shift in reversed(lanes.apart):
        number = number & low | number >> shift & high
    signs = number & lanes.low
    number = (number ^ signs) >> 1 ^ (signs << 64) - signs
    return lanes.longs.unpack(number.to_bytes(lanes.longs.size, "little"))


def write_many(values: list[int], digits: int) -> str:
    """Return the text of large integers of `digits` bytes at most, or nothing where there is a 0. Raises any of `FAULTS`."""
    if {*map(type, values)} != {int}:
        raise Unusual
    if 0 in values:
        return ""
    low, high = min(values), max(values)
    if digits == 5 and (low < INT_MIN or high > INT_MAX):
        raise Unusual
    width = 8 if low >= -_WIDTH_8_MAX and high < _WIDTH_8_MAX else 16
    parts = []
    for start in range(0, len(values), LANES_MAX):
        some = values[start : start + LANES_MAX]
        lanes = lane_count(len(some))
        parts.append(apart(some + [0] * (lanes - len(some)), lanes_for(lanes, width, width if width == 8 else 10)))
    # No byte of an encoded integer other than 0 is 0, and a lane of zeros is none.
    return b"".join(parts).translate(None, b"\0").decode("latin-1")


def apart(values: list[int], lanes: Lanes) -> bytes:
    """Return the bytes of `values`, with zeros after each."""
    number = int.from_bytes(lanes.longs.pack(*values), "little")
    signs = number >> 63 & lanes.low
    number = number << 1 & lanes.value ^ (signs << 64) - signs
    for low, high, shift in lanes.apart:
        number = number & low | (number & high) << shift
    more = number + lanes.digits & lanes.marks  # which bytes are not 0
    (mask, shift), *steps = lanes.above
    more = more >> shift & mask
    for mask, shift in steps:
        more |= more >> shift & mask
    return (number | more).to_bytes(lanes.longs.size, "little")
