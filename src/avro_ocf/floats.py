"""Ints as floats: `float` and `double` are IEEE 754 numbers with 24 and 53 bits for the digits, so they hold not every int."""

from collections.abc import Callable
from struct import Struct
from typing import Final

HELD: Final = {"float": 1 << 24, "double": 1 << 53}
"""Every int that is no further from 0 is held exactly."""

LAYOUTS: Final = {"float": Struct("<f"), "double": Struct("<d")}
"""How each is written: "4 bytes" or "8 bytes", little-endian."""


def nearest_float(number: int) -> float:
    """Return the number of 32 bits that is nearest to `number`; of two, the one whose last bit is 0.

    Raises `OverflowError` past Python's own floats.
    """
    if -HELD["float"] <= number <= HELD["float"]:
        return float(number)
    # Python's float would be rounded to 53 bits first, and the halfway cases of that to 24 bits the wrong way.
    step = 1 << number.bit_length() - 24
    digits, rest = divmod(number, step)
    digits += 2 * rest > step or (2 * rest == step and digits & 1)
    return float(digits * step)


NEAREST: Final[dict[str, Callable[[int], float]]] = {"float": nearest_float, "double": float}
"""What makes of an int the nearest number of each type. Raises `OverflowError`."""
