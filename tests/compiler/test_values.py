"""Faster ways to the values of logical types: the values that `logical` makes, to the last microsecond and digit."""

from decimal import Decimal, getcontext
from random import Random
from typing import Any

import pytest

from avro_ocf import logical, reference
from avro_ocf.compiler.decoding.values import FLOAT_SECONDS, SCALE_MAX, from_raw_of
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.model import Logical
from tests.compiler.test_agreement import decoder_of, node_of

NUMBERS = 3000
PER_SECOND = {"millis": 1000, "micros": 1_000_000}


def numbers(limit: int) -> list[int]:
    """Return numbers up to `limit` and a little more, of every size, and those beside powers of two and the limit."""
    random = Random(limit)
    found = [random.randrange(-limit // 8, limit) >> random.randrange(limit.bit_length()) for _ in range(NUMBERS)]
    edges = [limit, 0, *(1 << bits for bits in range(limit.bit_length()))]
    return found + [edge + more for edge in edges for more in (-1, 0, 1)]


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("name", ["timestamp", "local-timestamp"])
def test_timestamps(name: str, unit: str) -> None:
    node = node_of({"type": "long", "logicalType": f"{name}-{unit}"})
    decoder = decoder_of(node)
    convert = logical.CONVERSIONS[f"{name}-{unit}"].from_raw
    for number in (*numbers(FLOAT_SECONDS * PER_SECOND[unit]), *numbers(253_402_300_800 * PER_SECOND[unit])):
        value, _ = decoder.decode(reference.encode(node, number, DEFAULT_LIMITS))
        assert value == convert(number)
        assert type(value) is type(convert(number))
        assert getattr(value, "tzinfo", None) is getattr(convert(number), "tzinfo", None)


@pytest.mark.parametrize("unit", PER_SECOND)
def test_times_of_day(unit: str) -> None:
    made = from_raw_of(Logical(f"time-{unit}"), "long")
    assert made is not None
    convert = logical.CONVERSIONS[f"time-{unit}"].from_raw
    for number in numbers(86_400 * PER_SECOND[unit]):
        assert made(number) == convert(number)
        assert type(made(number)) is type(convert(number))


@pytest.mark.parametrize("scale", [0, 1, 2, 12, 40, SCALE_MAX, SCALE_MAX + 1, 10**6])
def test_decimals(scale: int) -> None:
    kind = Logical("decimal", 2 * 10**6, scale)
    made, found = from_raw_of(kind, "bytes"), logical.conversion(kind, "bytes")
    assert made is not None
    assert found is not None
    random = Random(scale)
    raws = [random.randbytes(random.choice([0, 1, 4, 5, 8, 30, 4095, 4096])) for _ in range(100)]
    raws += [b"", b"\0", b"\0\0", b"\xff\xff", bytes(5000), b"\0" + b"\x7f" * 4096, b"\x7f" * 4097]
    for raw in raws:
        one, other = made(raw), found.from_raw(raw)
        assert type(one) is type(other)
        assert one.as_tuple() == other.as_tuple() if isinstance(one, Decimal) else one == other


def test_decimals_know_no_context_of_the_thread() -> None:
    getcontext().prec, before = 3, getcontext().prec
    made: Any = from_raw_of(Logical("decimal", 30, 2), "bytes")
    try:
        assert str(made((10**20 + 1).to_bytes(12, "big"))) == "1000000000000000000.01"
    finally:
        getcontext().prec = before
