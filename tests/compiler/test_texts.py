"""Short texts that are read together with the numbers behind them: the same values and verdicts as the reference's."""

from random import Random
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler.decoding.texts import LENGTHS, NUMBERS_MAX, forms_of
from avro_ocf.limits import DEFAULT_LIMITS
from tests.compiler.test_agreement import decoder_of, node_of
from tests.compiler.test_columns import check
from tests.compiler.test_fast_paths import injured

COUNT = 3
LETTERS = "abé "


def text(random: Random, sizes: tuple[int, ...] = (0, 1, 5, 31, LENGTHS - 1, LENGTHS, LENGTHS + 1, 9000)) -> str:
    return "".join(random.choices(LETTERS[:2] if random.random() < 1 / 2 else LETTERS, k=random.choice(sizes)))


def record(random: Random) -> dict[str, Any]:
    return {
        "a": text(random),
        "b": random.random(),
        "c": text(random).encode(),
        "d": 0.5,
        "e": -random.random(),
        "f": text(random),
        "g": {text(random): random.random() for _ in range(random.randrange(4))},
    }


FIELDS = [
    {"name": "a", "type": "string"},
    {"name": "b", "type": "double"},
    {"name": "c", "type": "bytes"},
    {"name": "d", "type": "float"},
    {"name": "e", "type": "double"},
    {"name": "f", "type": "string"},
    {"name": "g", "type": {"type": "map", "values": "double"}},
]


@pytest.mark.parametrize("more", [0, 20])
def test_texts_before_numbers(more: int) -> None:
    others = [{"name": f"o{index}", "type": "null"} for index in range(more)]
    node = node_of({"type": "record", "name": "R", "fields": [*FIELDS, *others]})
    decoder = decoder_of(node)
    assert decoder.source.count("[size_byte](") == 3
    random = Random(more)
    for _ in range(200):
        records = [{**record(random), **dict.fromkeys(other["name"] for other in others)} for _ in range(COUNT)]
        data = b"".join(reference.encode(node, found, DEFAULT_LIMITS) for found in records)
        check(decoder, data, COUNT)
        check(decoder, injured(random, data), COUNT)
        check(decoder, data[: random.randrange(len(data))], COUNT)


@pytest.mark.parametrize(
    "schema",
    [{"type": "map", "values": "float"}, {"type": "array", "items": {"type": "record", "name": "R", "fields": FIELDS[:2]}}],
)
def test_lengths_in_every_form(schema: Any) -> None:
    node = node_of(schema)
    decoder = decoder_of(node)
    assert "[size_byte](" in decoder.source
    for length in (
        b"\x00",
        b"\x06",
        b"\x07",
        b"\x01",
        b"\x7e",
        b"\x7f",
        b"\x80\x00",
        b"\x86\x00",
        b"\x87\x00",
        b"\xff" * 9 + b"\x01",
        b"\x80" * 11,
    ):
        for data in (b"\x02" + length + b"abc" + b"\x01" * 8 + b"\x00", b"\x02" + length + b"a\xff" * 40 + b"\x00" * 9):
            check(decoder, data, 1)
            check(decoder, data[:-8], 1)


def test_forms() -> None:
    forms = forms_of("d")
    assert [unpack is None for unpack in forms.unpack] == [False, True] * LENGTHS
    assert forms.sizes[:4] == (9, 9, 10, 10)


def test_forms_are_only_for_some_numbers() -> None:
    """A struct takes memory for each of its numbers, and a schema may have thousands of them."""
    fields = [{"name": "text", "type": "string"}, *({"name": f"f{index}", "type": "double"} for index in range(NUMBERS_MAX + 1))]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    assert "size_byte" not in decoder_of(node).source
    node = node_of({"type": "record", "name": "R", "fields": fields[:-1]})
    assert "size_byte" in decoder_of(node).source
    assert forms_of.cache_info().maxsize is not None
