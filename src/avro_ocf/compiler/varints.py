"""Tables and functions for integers that generated code calls. They raise any of `FAULTS` for what only the reference can judge.

An encoded datum is put together as text of code points 0 to 255, one for each byte: Python joins text faster than bytes, and ASCII
strings, the most of all, go into it as they are.
"""

from collections.abc import Callable
from functools import cache
from struct import Struct
from struct import error as struct_error
from typing import Final

from avro_ocf.compiler.faults import Unusual
from avro_ocf.varint import decode_long, encode_long

INT_MAX = (1 << 31) - 1
INT_MIN = -(1 << 31)

TABLE_LOW: Final = -1024
TABLE_HIGH: Final = 8192
"""Integers from `TABLE_LOW` up to but not including `TABLE_HIGH` are looked up; they take one or two bytes."""


_CONTINUED: Final = [chr(byte | 128) for byte in range(128)]
"""The seven bits of a number that more bytes follow."""


def varint_text(number: int) -> str:
    """Encode an unsigned number."""
    text = ""
    while number >= 1 << 28:
        text += (
            f"{_CONTINUED[number & 127]}{_CONTINUED[number >> 7 & 127]}"
            f"{_CONTINUED[number >> 14 & 127]}{_CONTINUED[number >> 21 & 127]}"
        )
        number >>= 28
    if number < 128:
        return text + chr(number)
    if number < 1 << 14:
        return f"{text}{_CONTINUED[number & 127]}{chr(number >> 7)}"
    if number < 1 << 21:
        return f"{text}{_CONTINUED[number & 127]}{_CONTINUED[number >> 7 & 127]}{chr(number >> 14)}"
    return f"{text}{_CONTINUED[number & 127]}{_CONTINUED[number >> 7 & 127]}{_CONTINUED[number >> 14 & 127]}{chr(number >> 21)}"


@cache
def small_texts(prefix: str) -> list[str]:
    """Return the table of encoded integers, each after `prefix`, by the integer: Python counts a negative index from the end."""
    if prefix:
        return [prefix + text for text in small_texts("")]
    return [varint_text((number << 1) ^ (number >> 63)) for number in (*range(TABLE_HIGH), *range(TABLE_LOW, 0))]


@cache
def integer_text(prefix: str, low: int, high: int) -> Callable[[object], str]:
    """Return the function that encodes an int from `low` to `high`, both included, after `prefix`."""

    def encode(value: object) -> str:
        if type(value) is not int or not low <= value <= high:
            raise Unusual
        return prefix + varint_text(value << 1 if value >= 0 else ~(value << 1))

    return encode


@cache
def string_texts(prefix: str) -> Callable[[object], tuple[str, str]]:
    """Return the function that encodes a string after `prefix`, in two parts: the length and the characters."""

    def encode(value: object) -> tuple[str, str]:
        if type(value) is not str:
            raise Unusual
        data = value.encode()
        return prefix + encode_long(len(data)).decode("latin-1"), data.decode("latin-1")

    return encode


def string_text(value: object) -> str:
    """Encode a string."""
    return "".join(string_texts("")(value))


def length_text(count: int) -> str:
    """Encode a length or a count, which is no table's any more."""
    return encode_long(count).decode("latin-1")


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


_CONTINUED_2: Final = 128 + (128 << 7)
_CONTINUED_3: Final = _CONTINUED_2 + (128 << 14)
_CONTINUED_4: Final = _CONTINUED_3 + (128 << 21)
_CONTINUED_5: Final = _CONTINUED_4 + (128 << 28)
_CONTINUED_6: Final = _CONTINUED_5 + (128 << 35)
_CONTINUED_8: Final = _CONTINUED_6 + (128 << 42) + (128 << 49)
_CONTINUED_9: Final = _CONTINUED_8 + (128 << 56)
"""The highest bits of bytes that more follow, which stand in a sum of them and must be taken off again."""

_PAIRS: Final = Struct("<5H").unpack_from


def read_int(data: bytes, pos: int) -> tuple[int, int]:
    """Decode an `int` of two bytes or more."""
    byte = data[pos + 1]
    number = data[pos] + (byte << 7)
    if byte < 128:
        number -= 128
        return (~(number >> 1) if number & 1 else number >> 1), pos + 2
    byte = data[pos + 2]
    if byte < 128:
        number += (byte << 14) - _CONTINUED_2
        return (~(number >> 1) if number & 1 else number >> 1), pos + 3
    number += byte << 14
    byte = data[pos + 3]
    if byte < 128:
        number += (byte << 21) - _CONTINUED_3
        return (~(number >> 1) if number & 1 else number >> 1), pos + 4
    last = data[pos + 4]
    if last > 15:
        raise Unusual
    number += (byte << 21) + (last << 28) - _CONTINUED_4
    return (~(number >> 1) if number & 1 else number >> 1), pos + 5


def read_long(data: bytes, pos: int) -> tuple[int, int]:
    """Decode a `long` of two bytes or more."""
    try:
        first, second, third, fourth, fifth = _PAIRS(data, pos)
    except struct_error:  # near the end of the data
        return decode_long(data, pos)
    # Of a pair that is read as one number, the second byte is worth twice what it is worth here.
    if first < 32768 or second & 32896 != 32896:
        return read_int(data, pos)
    number = first - (first >> 8 << 7) + (second - (second >> 8 << 7) << 14)
    if third & 128 == 0:
        number += ((third & 127) << 28) - _CONTINUED_4
        size = 5
    elif third < 32768:
        number += (third - (third >> 8 << 7) << 28) - _CONTINUED_5
        size = 6
    else:
        number += third - (third >> 8 << 7) << 28
        if fourth & 128 == 0:
            number += ((fourth & 127) << 42) - _CONTINUED_6
            size = 7
        elif fourth < 32768:
            number += (fourth - (fourth >> 8 << 7) << 42) - _CONTINUED_6 - (128 << 42)
            size = 8
        else:
            number += fourth - (fourth >> 8 << 7) << 42
            if fifth & 128 == 0:
                number += ((fifth & 127) << 56) - _CONTINUED_8
                size = 9
            elif fifth < 512:
                number += (fifth - (fifth >> 8 << 7) << 56) - _CONTINUED_9
                size = 10
            else:
                raise Unusual
    return (~(number >> 1) if number & 1 else number >> 1), pos + size


def read_length(data: bytes, pos: int) -> tuple[int, int]:
    """Decode a length, a count or an index, none of which is negative."""
    number, pos = decode_long(data, pos) if data[pos] < 128 else read_long(data, pos)
    if number < 0:
        raise Unusual
    return number, pos


def read_text(data: bytes, pos: int) -> tuple[str, int]:
    """Decode a string."""
    length, pos = read_length(data, pos)
    end = pos + length
    return data[pos:end].decode(), end
