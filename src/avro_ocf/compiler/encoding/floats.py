"""Text of floats and doubles, several at once: see `varints` for why text. The functions raise any of `FAULTS`."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from struct import Struct
from typing import Final

from avro_ocf.compiler.faults import Unusual
from avro_ocf.floats import HELD
from avro_ocf.schema.model import Field

CODES: Final = {"float": "f", "double": "d"}
"""What `struct` calls them."""

_FLOATS: Final = frozenset({float})
_INTS: Final = frozenset({int})
_HELD: Final = {CODES[name]: most for name, most in HELD.items()}

RUN_MAX: Final = 64
"""Neighbouring fields that are packed at once."""

_STRUCTS: Final = 64

_SCHEMAS: Final = 256
"""Functions kept for runs of fields."""


@lru_cache(_SCHEMAS)
def packer(codes: str) -> Callable[..., bytes]:
    """Return the function that packs as many floats and doubles as there are `codes`."""
    return Struct("<" + codes).pack


@lru_cache(_SCHEMAS)
def numbers_text(prefix: str, codes: str) -> Callable[..., str]:
    """Return the function that encodes floats and doubles, some of them given as ints, after `prefix`."""
    pack = packer(codes)
    most = min(map(_HELD.__getitem__, codes.lstrip("B")))

    def encode(*values: float) -> str:
        check_ints(values, most)
        return prefix + pack(*values).decode("latin-1")

    return encode


@cache
def array_text(code: str) -> Callable[[list[float]], str]:
    """Return the function that encodes a list of floats or doubles, some of them given as ints."""
    packers = [Struct(f"<{count}{code}").pack for count in range(_STRUCTS)]
    most = _HELD[code]

    def encode(values: list[float]) -> str:
        if not _FLOATS.issuperset(map(type, values)):
            if not _INTS.issuperset(map(type, values)):
                check_ints(values, most)
            elif max(values) > most or min(values) < -most:
                raise Unusual
        count = len(values)
        pack = packers[count] if count < _STRUCTS else Struct(f"<{count}{code}").pack
        return pack(*values).decode("latin-1")

    return encode


def check_ints(values: Sequence[float], most: int) -> None:
    """Raise `Unusual` unless all values are floats, or ints no further than `most` from 0: all of these can be packed exactly."""
    for value in values:
        kind = type(value)
        if kind is int:
            if value > most or value < -most:
                raise Unusual
        elif kind is not float:
            raise Unusual


def runs_of_numbers(fields: Sequence[Field]) -> list[list[Field]]:
    """Return fields alone, but for neighbouring ones of floats and doubles together."""
    runs: list[list[Field]] = []
    was_number = False
    for field in fields:
        is_number = field.node.type in CODES and field.node.logical is None and field.default_bytes is None
        if is_number and was_number and len(runs[-1]) < RUN_MAX:
            runs[-1].append(field)
        else:
            runs.append([field])
        was_number = is_number
    return runs
