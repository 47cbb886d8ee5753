"""What makes values of the tokens of many records: all of one column at once, or one by one in a table.

A token is the bytes of one value; an empty one stands for null. Whatever is no token of a usual value raises one of `FAULTS`.
"""

from collections.abc import Callable, Sequence
from functools import cache
from struct import unpack
from typing import Any, Final

from avro_ocf.compiler.bulk import read_tokens
from avro_ocf.compiler.decoding.values import SHAPES, UUID_TEXT, uuid_parts
from avro_ocf.compiler.faults import Unusual
from avro_ocf.compiler.varints import BOOLEANS, CONTINUED, INT_MAX, INT_MIN
from avro_ocf.varint import decode_long

TEXTS_KEPT: Final = 256
"""Strings that a table has; they are short."""

SHORT_INTS: Final = 2
"""Bytes of an integer that is kept in a table."""

BOOLEAN_TOKENS: Final = {bytes([number]): value for number, value in enumerate(BOOLEANS)} | {b"": None}


class Integers(dict[bytes, int | None]):
    """Integers from `low` to `high` by their tokens; those of one byte or two are kept."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        super().__init__({b"": None})
        self.low = low
        self.high = high

    def __missing__(self, token: bytes) -> int:
        size = len(token)
        if size == 3:
            first, second, third = token
            half = first + (second << 7) + (third << 14) - CONTINUED[2] >> 1
            return ~half if first & 1 else half
        if size == 5:
            first, second, third, fourth, last = token
            if last < 16:
                half = (first + (second << 7) + (third << 14) + (fourth << 21) - CONTINUED[4] >> 1) + (last << 27)
                return ~half if first & 1 else half
        number, _ = decode_long(token, 0)
        if size <= SHORT_INTS:
            self[token] = number
        elif not self.low <= number <= self.high:
            raise Unusual
        return number


INTEGERS: Final = {"int": Integers(INT_MIN, INT_MAX), "long": Integers(-(1 << 63), (1 << 63) - 1)}


class Texts(dict[bytes, str]):
    """Strings by their tokens, of which the first byte is the length. Some are kept."""

    __slots__ = ()

    def __missing__(self, token: bytes) -> str:
        text = token[1:].decode()
        if len(self) < TEXTS_KEPT:
            self[token] = text
        return text


def ints(tokens: Sequence[bytes]) -> list[int]:
    """Convert tokens of an `int`."""
    return read_tokens(tokens, 5)


def longs(tokens: Sequence[bytes]) -> list[int]:
    """Convert tokens of a `long`."""
    return read_tokens(tokens, 8 if max(map(len, tokens)) <= 8 else 10)


integers: Final[dict[str, Callable[[Sequence[bytes]], list[int]]]] = {"int": ints, "long": longs}


def doubles(tokens: Sequence[bytes]) -> Sequence[float]:
    """Convert tokens of a `double`."""
    return unpack(f"<{len(tokens)}d", b"".join(tokens))


def floats(tokens: Sequence[bytes]) -> Sequence[float]:
    """Convert tokens of a `float`."""
    return unpack(f"<{len(tokens)}f", b"".join(tokens))


@cache
def _uuid_parts() -> tuple[Any, ...]:
    parts = uuid_parts()
    return parts["UUID"], parts["new"], parts["set_int"], parts["set_is_safe"], parts["unknown"]


def uuids(tokens: Sequence[bytes]) -> list[Any]:
    """Convert tokens of the text of a UUID with its length."""
    text = b"".join(tokens)
    if text.translate(SHAPES) != UUID_TEXT * (len(text) // len(UUID_TEXT)):
        raise Unusual
    uuid_type, new, set_int, set_is_safe, unknown = _uuid_parts()
    values = []
    for token in tokens:
        if token:
            value = new(uuid_type)
            set_int(value, int(token[1:].replace(b"-", b""), 16))
            set_is_safe(value, unknown)
        else:
            value = None
        values.append(value)
    return values


class Uuids(dict[bytes, Any]):
    """UUIDs by their tokens. Some are kept."""

    __slots__ = ()

    def __missing__(self, token: bytes) -> Any:
        (value,) = uuids((token,))
        if len(self) < TEXTS_KEPT:
            self[token] = value
        return value
