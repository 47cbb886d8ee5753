"""Tables and functions for integers that generated code calls. They raise any of `FAULTS` for what only the reference can judge.

An encoded datum is put together as text of code points 0 to 255, one for each byte: Python joins text faster than bytes, and ASCII
strings, the most of all, go into it as they are.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from struct import Struct
from typing import Any, Final

from avro_ocf.compiler.faults import Unusual
from avro_ocf.varint import decode_long, encode_long

INT_MAX = (1 << 31) - 1
INT_MIN = -(1 << 31)

BITS: Final = {"int": 32, "long": 64}

TABLE_LOW: Final = -1024
TABLE_HIGH: Final = 8192
"""Integers from `TABLE_LOW` up to but not including `TABLE_HIGH` are looked up; they take one or two bytes."""


PREFIXES: Final = frozenset(chr(2 * index) for index in range(8))
"""Indexes of a union's branch that have tables of their own."""

_PREFIXES_KEPT: Final = 256
"""Functions kept for indexes of branches."""

_MORE: Final = [chr(byte | 128) for byte in range(128)]
"""The text of seven bits that more follow. Tables of more bits are slower, because records leave them no room in the caches."""

_LAST: Final = [chr(byte) for byte in range(128)]
"""The text of the last seven bits."""


@cache
def small_texts(prefix: str) -> list[str]:
    """Return the table of encoded integers, each after `prefix`, by the integer: Python counts a negative index from the end."""
    if prefix:
        return [prefix + text for text in small_texts("")]
    # Numbers by themselves, for what is used together is to be together in memory.
    numbers = [*_LAST[::2], *(low + high for high in _LAST[1:] for low in _MORE[::2])]
    negative = [*_LAST[1::2], *(low + high for high in _LAST[1:] for low in _MORE[1::2])]
    return numbers + negative[-TABLE_LOW - 1 :: -1]


@lru_cache(_PREFIXES_KEPT)
def integer_text(prefix: str, bits: int) -> Callable[[object], str]:
    """Return the function that encodes an int of up to so many bits, 32 or 64, after `prefix`."""
    more, last, end = _MORE, _LAST, 1 << bits

    def encode(value: object) -> str:
        if type(value) is not int:
            raise Unusual
        low = value << 1 if value >= 0 else ~(value << 1)
        if low < 1 << 28:
            if low < 1 << 14:
                return f"{prefix}{more[low & 127]}{last[low >> 7]}" if low > 127 else prefix + last[low]
            if low < 1 << 21:
                return f"{prefix}{more[low & 127]}{more[low >> 7 & 127]}{last[low >> 14]}"
            return f"{prefix}{more[low & 127]}{more[low >> 7 & 127]}{more[low >> 14 & 127]}{last[low >> 21]}"
        if low >= end:
            raise Unusual
        # CPython is fast at numbers below 2^30: the next 28 bits are a number of their own.
        high = low >> 28
        low &= 0xFFFFFFF
        if 127 < high < 1 << 14:  # a time in milliseconds
            return (
                f"{prefix}{more[low & 127]}{more[low >> 7 & 127]}{more[low >> 14 & 127]}{more[low >> 21]}"
                f"{more[high & 127]}{last[high >> 7]}"
            )
        text = f"{prefix}{more[low & 127]}{more[low >> 7 & 127]}{more[low >> 14 & 127]}{more[low >> 21]}"
        if high < 128:
            return text + last[high]
        if high < 1 << 21:
            return f"{text}{more[high & 127]}{more[high >> 7 & 127]}{last[high >> 14]}"
        if high < 1 << 28:
            return f"{text}{more[high & 127]}{more[high >> 7 & 127]}{more[high >> 14 & 127]}{last[high >> 21]}"
        top = high >> 28
        text = f"{text}{more[high & 127]}{more[high >> 7 & 127]}{more[high >> 14 & 127]}{more[high >> 21 & 127]}"
        return f"{text}{more[top & 127]}{last[top >> 7]}" if top > 127 else text + last[top]

    return encode


@lru_cache(_PREFIXES_KEPT)
def string_texts(prefix: str) -> Callable[[object], tuple[str, str]]:
    """Return the function that encodes a string after `prefix`, in two parts: the length and the characters."""
    small = small_texts("")

    def encode(value: object) -> tuple[str, str]:
        if type(value) is not str:
            raise Unusual
        data = value.encode()
        length = len(data)
        return prefix + (small[length] if length < TABLE_HIGH else length_text(length)), data.decode("latin-1")

    return encode


def string_text(value: object) -> str:
    """Encode a string."""
    length, text = string_texts("")(value)
    return length + text


def length_text(count: int) -> str:
    """Encode a length or a count, which is no table's any more."""
    return encode_long(count).decode("latin-1")


@cache
def count_texts(prefix: str) -> list[str]:
    """Return the table of the counts of arrays and maps, each after `prefix`: an empty one has no block, and so no count."""
    return [prefix, *small_texts(prefix)[1:TABLE_HIGH]]


@lru_cache(_PREFIXES_KEPT)
def count_text(prefix: str, kind: type[Any]) -> Callable[[Any], str]:
    """Return the function that encodes the length, which is no table's any more, of a list, dict or bytes, after `prefix`."""

    def encode(values: Any) -> str:
        if type(values) is not kind:
            raise Unusual
        return prefix + length_text(len(values))

    return encode


@cache
def small_integers() -> tuple[int, ...]:
    """Return the table of decoded integers.

    A byte below 128 is the index of its own value; of two bytes, `first + (second << 7)` is the index, which is 128 too large
    because of the first one's highest bit, so that both parts fit one table.
    """
    numbers = [number for half in range(1 << 13) for number in (half, ~half)]
    return (*numbers[:128], *numbers)


SMALL_LENGTHS: Final = tuple(object() if number & 1 else number >> 1 for number in range(128))
"""Lengths and counts by the byte they are encoded in. A negative one is an object that no calculation takes."""

BOOLEANS: Final = (False, True)


class BooleanLists(dict[bytes, list[bool]]):
    """The booleans that some bytes are, looked up and not to be changed. Short lists are kept."""

    def __missing__(self, data: bytes) -> list[bool]:
        values = [BOOLEANS[byte] for byte in data]
        if len(data) <= KEPT_BOOLEANS:
            self[data] = values
        return values


SIGNED: Final = bytes((byte >> 1) ^ -(byte & 1) & 255 for byte in range(128)) + bytes(128)
"""Translates bytes that are encoded integers to what a signed byte is in memory."""

SIGNED_BYTES: Final = tuple(Struct(f"{count}b").unpack_from for count in range(64))
"""Unpack so many signed bytes."""

KEPT_BOOLEANS: Final = 8

BOOLEAN_LISTS: Final = BooleanLists()


CONTINUED: Final = (0, 128, 16512, 2113664, 270549120)
"""The highest bits of so many bytes that more follow, which stand in a sum of them and must be taken off again."""

_2, _3, _4 = CONTINUED[2:]


def read_int(data: bytes, pos: int, first: int, second: int) -> tuple[int, int]:
    """Decode an `int` of two bytes or more, both of which are read."""
    if second < 128:
        half = first + (second << 7) - 128 >> 1
        return (~half if first & 1 else half), pos + 2
    byte = data[pos + 2]
    if byte < 128:
        half = first + (second << 7) + (byte << 14) - _2 >> 1
        return (~half if first & 1 else half), pos + 3
    fourth = data[pos + 3]
    half = first + (second << 7) + (byte << 14) + (fourth << 21)
    if fourth < 128:
        half = half - _3 >> 1
        return (~half if first & 1 else half), pos + 4
    last = data[pos + 4]
    if last > 15:
        raise Unusual
    half = (half - _4 >> 1) + (last << 27)
    return (~half if first & 1 else half), pos + 5


def read_long(data: bytes, pos: int, first: int, second: int) -> tuple[int, int]:
    """Decode a `long` of two bytes or more, both of which are read."""
    if second < 128:
        half = first + (second << 7) - 128 >> 1
        return (~half if first & 1 else half), pos + 2
    byte = data[pos + 2]
    if byte < 128:
        half = first + (second << 7) + (byte << 14) - _2 >> 1
        return (~half if first & 1 else half), pos + 3
    high = data[pos + 3]
    half = first + (second << 7) + (byte << 14) + (high << 21)
    if high < 128:
        half = half - _3 >> 1
        return (~half if first & 1 else half), pos + 4
    # CPython is fast at numbers below 2^30: the next four bytes are a number of their own.
    high = data[pos + 4]
    if high < 128:
        half = (half - _4 >> 1) + (high << 27)
        return (~half if first & 1 else half), pos + 5
    byte = data[pos + 5]
    high += byte << 7
    size = 6
    if byte < 128:
        high -= 128
    else:
        byte = data[pos + 6]
        high += byte << 14
        if byte < 128:
            high -= _2
            size = 7
        else:
            byte = data[pos + 7]
            high += byte << 21
            if byte < 128:
                high -= _3
                size = 8
            else:
                high -= _4
                byte = data[pos + 8]
                if byte < 128:
                    high += byte << 28
                    size = 9
                else:
                    last = data[pos + 9]
                    if last > 1:
                        raise Unusual
                    high += byte - 128 + (last << 7) << 28
                    size = 10
    half = (half - _4 >> 1) + (high << 27)
    return (~half if first & 1 else half), pos + size


def read_length(data: bytes, pos: int) -> tuple[int, int]:
    """Decode a length, a count or an index, none of which is negative."""
    first = data[pos]
    number, pos = decode_long(data, pos) if first < 128 else read_long(data, pos, first, data[pos + 1])
    if number < 0:
        raise Unusual
    return number, pos


def read_text(data: bytes, pos: int) -> tuple[str, int]:
    """Decode a string."""
    length, pos = read_length(data, pos)
    end = pos + length
    return data[pos:end].decode(), end
