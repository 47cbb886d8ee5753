"""Many integers at once, each in a lane of 5, 8 or 10 bytes of one large number, whose operations CPython does at the speed of C.

The bits of a lane are moved apart by halves until they are groups of 7 with room between: an encoded integer less the highest bits
of its bytes. Decoding moves them together again.
"""

from collections.abc import Sequence
from functools import cache
from marshal import dumps
from struct import Struct
from struct import error as struct_error
from typing import Final, NamedTuple

from avro_ocf.compiler.faults import Unusual
from avro_ocf.compiler.varints import INT_MAX, INT_MIN, TABLE_HIGH, TABLE_LOW

PAYING: Final = 16
"""Integers from which on lanes pay."""

PAYING_SMALL: Final = 8
"""The same of those that take one byte each."""

LANES_MAX: Final = 128
"""Lanes of one number; in a larger one a lane costs as much."""

LANES_STEP: Final = 4

HIGH: Final = bytes(range(128, 256))
"""What is taken out of bytes to count the integers that end among them."""

_ENDS: Final = b"\n" * 128 + HIGH
"""Translates the last byte of each integer to a line's end."""

_SMALL: Final = bytes((byte << 1 ^ -(byte >> 7)) & 255 if byte < 64 or byte >= 192 else 255 for byte in range(256))
"""Translates signed bytes to encoded integers, and to 255 where that takes two bytes."""
_SIGNS: Final = bytes(128) + b"\xff" * 128
"""Translates the lowest byte of an integer of one byte to its others."""

MARSHALS_INTS: Final = dumps([0, -1, INT_MAX, INT_MIN], 2)[5:] == b"i\0\0\0\0i\xff\xff\xff\xffi\xff\xff\xff\x7fi\0\0\0\x80"
"""Whether `marshal` writes an exact int of 32 bits as an i and four bytes, which is no promise of Python's."""


class Lanes(NamedTuple):
    """What is needed for some lanes: structs, and masks, each of them the mask of one lane repeated."""

    lanes: int
    width: int
    tokens: Struct
    integers: Struct
    too_large: int
    """The bits of the last byte, and those above it, that no encoded integer has."""
    digits: int
    """The lowest seven bits of each byte."""
    marks: int
    """The highest bit of each byte."""
    first: int
    """The highest bit of each lane's first byte."""
    copies: int
    """The factor that fills a lane with its first byte."""
    zigzag: tuple[int, int, int]
    """How many bits an integer has; the lowest of them, and the others."""
    steps: tuple[int, int, int, int, int, int, int, int]
    """Steps to move bits apart by 8, 4, 2 and 1, or in reverse together: what stays, and what moves; 0 for no step."""
    above: tuple[int, int, int, int]
    """All bytes of a lane but the highest one, two and four; of those that have 10, all but the highest again."""
    zero: tuple[int, int, int, bytes]
    """All bits of an integer and the one above, how far above it is a bit that no encoded integer has, and what becomes of that."""


@cache
def lanes_for(count: int, width: int, digits: int) -> Lanes:
    """Return what is needed for so many lanes of `width` bytes with integers of `digits` bytes at most, `width` if not 5 or 10."""
    whole = (1 << 8 * width) - 1

    def repeated(mask: int) -> int:
        return int.from_bytes((mask & whole).to_bytes(width, "little") * count, "little")

    def both(mask: int) -> int:
        return repeated(mask | mask << 64)

    bits = 32 if width == 5 else 64
    last_bits = {5: 4, 10: 1}.get(digits, 8)
    end = 8 * digits - 8 + last_bits
    return Lanes(
        lanes=count,
        width=width,
        tokens=Struct(f"{width}s" * count),
        integers=Struct("<" + ("ix" if width == 5 else f"q{width - 8}x") * count),
        too_large=repeated(whole - (1 << end) + 1),
        digits=both(0x7F7F7F7F7F7F7F7F),
        marks=both(0x8080808080808080),
        first=repeated(0x80),
        copies=sum(1 << 8 * place for place in range(width)),
        zigzag=(bits, repeated(1), repeated((1 << bits) - 2)),
        steps=(
            repeated((1 << 56) - 1) if width > 8 else 0,
            repeated(0xFF << 56) if width > 8 else 0,
            both(0xFFFFFFF),
            both(0xFFFFFFF << 28),
            both(0x3FFF00003FFF),
            both(0x3FFF00003FFF << 14),
            both(0x7F007F007F007F),
            both(0x7F007F007F007F << 7),
        ),
        above=(repeated(whole >> 8), repeated(whole >> 16), repeated(whole >> 32), repeated(whole >> 8) if width > 8 else 0),
        zero=(repeated((1 << bits) - 1), repeated(1 << bits), end - bits, b"\x80" * (digits - 1) + bytes([1 << last_bits & 0xFF])),
    )


def lane_count(count: int) -> int:
    """Return how many lanes to use for so many integers: few counts have masks."""
    return -(-count // LANES_STEP) * LANES_STEP


def read_many(data: bytes, pos: int, count: int, digits: int) -> tuple[list[int], int]:
    """Decode `count` integers of `digits` bytes at most, 5 or 10, and return them and the position after them. Raises `Unusual`."""
    numbers: list[int] = []
    for start in range(0, count, LANES_MAX):
        size = min(count - start, LANES_MAX)
        chunk = data[pos : pos + size * digits]
        heads = chunk.translate(_ENDS).split(b"\n", size)
        if len(heads) <= size:
            raise Unusual
        length = len(chunk) - len(heads.pop())
        lasts = chunk[:length].translate(None, HIGH)
        numbers += _joined(heads, lasts, lanes_for(lane_count(size), digits, digits))[:size]
        pos += length
    return numbers, pos


def _joined(heads: list[bytes], lasts: bytes, lanes: Lanes) -> Sequence[int]:
    """Return the integers whose last bytes are `lasts`, and the ones before that `heads`."""
    too_large = lanes.too_large
    missing = lanes.lanes - len(heads)
    if missing:
        heads += [b""] * missing
        lasts += bytes(missing)
    number = int.from_bytes(lanes.tokens.pack(*heads), "little")
    if number & too_large:  # so is a head's byte that leaves no room for a last one
        raise Unusual
    spread = bytearray(lanes.tokens.size)
    spread[:: lanes.width] = lasts
    last = int.from_bytes(spread, "little") * lanes.copies
    marks = number & lanes.marks
    places = (marks << 8 | lanes.first) ^ marks
    number ^= marks | last & places - (places >> 7)
    if number & too_large:
        raise Unusual
    return _together(number, lanes)


def read_tokens(tokens: Sequence[bytes], digits: int) -> list[int]:
    """Return the integers that `tokens` are, each of `digits` bytes at most, 5, 8 or 10. Raises `Unusual`.

    Only the last byte of one of fewer bytes may be below 128.
    """
    numbers: list[int] = []
    for start in range(0, len(tokens), LANES_MAX):
        some = tokens[start : start + LANES_MAX]
        lanes = lane_count(len(some))
        numbers += together([*some, *[b""] * (lanes - len(some))], lanes_for(lanes, digits, digits))[: len(some)]
    return numbers


def together(tokens: Sequence[bytes], lanes: Lanes) -> Sequence[int]:
    """Return the integers that `tokens` are."""
    number = int.from_bytes(lanes.tokens.pack(*tokens), "little")
    if number & lanes.too_large:
        raise Unusual
    return _together(number & lanes.digits, lanes)


def _together(number: int, lanes: Lanes) -> Sequence[int]:
    """Return the integers whose digits are the bytes of lanes."""
    low_8, high_8, low_4, high_4, low_2, high_2, low_1, high_1 = lanes.steps
    number = number & low_1 | number >> 1 & high_1
    number = number & low_2 | number >> 2 & high_2
    number = number & low_4 | number >> 4 & high_4
    if high_8:
        number = number & low_8 | number >> 8 & high_8
    bits, low, _ = lanes.zigzag
    signs = number & low
    number = (number ^ signs) >> 1 ^ (signs << bits) - signs
    return lanes.integers.unpack(number.to_bytes(lanes.integers.size, "little"))


def write_many(values: list[int], digits: int) -> str:
    """Return the text of `values`, each of `digits` bytes at most, 5 or 10, or none where one after the other is faster.

    Raises any of `FAULTS`.
    """
    # Before anything is done with items, which may be of any type.
    if [*map(type, values)].count(int) != len(values):
        raise Unusual
    first, last = values[0], values[-1]
    if -64 <= first < 64 and -64 <= last < 64:
        data = int_bytes(values)
        return small_text(data) if data else ""
    count = len(values)
    middle = values[count >> 1]
    some = (first, middle, last)
    if count < PAYING or (min(some) >= TABLE_LOW and max(some) < TABLE_HIGH):
        return ""
    if digits == 5 or (min(some) >= INT_MIN and max(some) <= INT_MAX):
        data = int_bytes(values)
        if data:
            return ints_text(data, count)
    return longs_text(values) if digits == 10 else ""


def int_bytes(values: list[int]) -> bytes:
    """Return four bytes for each of `values`, which are ints, and a fifth one between them, or none where one has more."""
    if MARSHALS_INTS:
        data = dumps(values, 2)
        # The first one of more bytes stands at a multiple of five, where its own letter betrays it.
        return data[6:] if data[5::5] == b"i" * len(values) else b""
    try:
        return Struct("<" + "ix" * len(values)).pack(*values)[:-1]
    except struct_error:
        return b""


def small_text(data: bytes) -> str:
    """Return the text of the integers that `int_bytes` gave, or none where one of them takes two bytes or more."""
    lowest = data[::5]
    others = lowest.translate(_SIGNS)
    text = lowest.translate(_SMALL)
    is_small = text.isascii() and data[1::5] == others and data[2::5] == others and data[3::5] == others
    return text.decode() if is_small else ""


def ints_text(data: bytes, count: int) -> str:
    """Return the text of the integers that `int_bytes` gave."""
    parts = []
    for start in range(0, count, LANES_MAX):
        size = min(count - start, LANES_MAX)
        some = data[5 * start : 5 * (start + size)]
        parts.append(apart(int.from_bytes(some, "little"), size, lanes_for(lane_count(size), 5, 5)))
    return b"".join(parts).decode("latin-1")


def longs_text(values: list[int]) -> str:
    """Return the text of ints. Raises any of `FAULTS`."""
    parts = []
    for start in range(0, len(values), LANES_MAX):
        some = values[start : start + LANES_MAX]
        size = len(some)
        missing = -size % LANES_STEP
        lanes = lanes_for(size + missing, 10, 10)
        data = lanes.integers.pack(*some, *[0] * missing) if missing else lanes.integers.pack(*some)
        parts.append(apart(int.from_bytes(data, "little"), size, lanes))
    return b"".join(parts).decode("latin-1")


def apart(number: int, count: int, lanes: Lanes) -> bytes:
    """Return the bytes of the integers in the first `count` lanes of `number`."""
    bits, low, value = lanes.zigzag
    signs = number >> bits - 1 & low
    number = number << 1 & value ^ (signs << bits) - signs
    # Zero bytes are to be taken out, and only a 0 is one: its lane gets a bit that no integer has.
    filled, beyond, distance, zero = lanes.zero
    zeros = number + filled & beyond ^ beyond
    low_8, high_8, low_4, high_4, low_2, high_2, _, high_1 = lanes.steps
    if high_8:
        number = number & low_8 | (number & high_8) << 8
    number = number & low_4 | (number & high_4) << 4
    number = number & low_2 | (number & high_2) << 2
    number += number & high_1
    if zeros:
        number |= zeros << distance
    more = number + lanes.digits & lanes.marks  # which bytes are not 0
    below_1, below_2, below_4, below_9 = lanes.above
    more = more >> 8 & below_1
    more |= more >> 8 & below_1
    more |= more >> 16 & below_2
    if below_9:
        more |= more >> 32 & below_4
        more |= more >> 8 & below_9
    data = (number | more).to_bytes(lanes.integers.size, "little")
    if count != lanes.lanes:
        data = data[: count * lanes.width]
    data = data.translate(None, b"\0")
    return data.replace(zero, b"\0") if zeros else data
