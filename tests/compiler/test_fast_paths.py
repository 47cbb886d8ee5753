"""Long arrays of integers and runs of skipped fields, which are read in bulk: the same values and verdicts as the reference's."""

from random import Random
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Decoder, Encoder, Skipper
from avro_ocf.compiler.bulk import LANES_MAX, PAYING
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import SeededSource
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.measure import is_charged
from tests.compiler.test_agreement import agree, decoder_of, node_of

BITS = {"int": 32, "long": 64}
COUNTS = (PAYING - 1, PAYING, PAYING + 1, LANES_MAX - 1, LANES_MAX, LANES_MAX + 1, 3 * LANES_MAX + 5)
ARRAYS = 200
RECORDS = 30


def number(random: Random, bits: int) -> int:
    """Return an integer, of every encoded length as often as of each other, and now and then at a length's bound."""
    power = 1 << random.randrange(bits)
    return random.choice([power - 1, -power]) if random.random() < 1 / 8 else random.randrange(-power, power)


def array(random: Random, bits: int) -> list[int]:
    most = random.randint(1, bits)
    return [number(random, most) for _ in range(random.choice(COUNTS))]


def injured(random: Random, data: bytes) -> bytes:
    """Return `data` with some bytes changed, and now and then cut or with more behind it."""
    changed = bytearray(data)
    for _ in range(random.randint(0, 3)):
        changed[random.randrange(len(changed))] = random.choice([0, 1, 2, 15, 16, 0x7F, 0x80, 0xFF])
    cut = random.randrange(len(changed) + 1) if random.random() < 1 / 3 else len(changed)
    return bytes(changed[:cut]) + random.choice([b"", b"\xff" * 30, b"\x80\x00" * 9])


@pytest.mark.parametrize("name", BITS)
def test_long_arrays_of_integers(name: str) -> None:
    random = Random(1)
    node = node_of({"type": "array", "items": name})
    encoder, decoder, skipper = Encoder(node, DEFAULT_LIMITS), decoder_of(node), Skipper(node, DEFAULT_LIMITS)
    for _ in range(ARRAYS):
        values = array(random, BITS[name])
        encoded = reference.encode(node, values, DEFAULT_LIMITS)
        assert encoder.encode(values) == encoded
        assert decoder.decode(b"?" + encoded + b"\xff", 1) == (values, 1 + len(encoded))
        assert skipper.skip(b"?" + encoded + b"\xff", 1) == 1 + len(encoded)


@pytest.mark.parametrize("name", BITS)
def test_damaged_arrays_of_integers(name: str) -> None:
    random = Random(2)
    node = node_of({"type": "array", "items": name})
    decoder, skipper, plan = decoder_of(node), Skipper(node, DEFAULT_LIMITS), identity(node)
    for _ in range(ARRAYS):
        data = injured(random, reference.encode(node, array(random, BITS[name]), DEFAULT_LIMITS))
        agree(lambda: decoder.decode(data), lambda: reference.decode(plan, data, 0, DEFAULT_LIMITS))  # noqa: B023 - called here
        agree(lambda: skipper.skip(data), lambda: reference.skip(node, data, 0, DEFAULT_LIMITS))  # noqa: B023 - called here


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("odd", [True, 1.0, 2**63, -(2**63) - 1, 2**31, None, "1"])
def test_one_item_that_does_not_fit(name: str, odd: object) -> None:
    node = node_of({"type": "array", "items": name})
    values = [10**6] * PAYING + [odd]
    agree(lambda: Encoder(node, DEFAULT_LIMITS).encode(values), lambda: reference.encode(node, values, DEFAULT_LIMITS))


def field_types(index: int) -> list[Any]:
    """Return types of values of which runs are passed over at once, and one of which they are not."""
    enum = {"type": "enum", "name": f"E{index}", "symbols": ["A", "B"]}
    fixed = {"type": "fixed", "name": f"F{index}", "size": 3}
    uuid = {"type": "string", "logicalType": "uuid"}
    plain = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]
    return [*plain, enum, fixed, uuid, ["null", "int"], ["string", "null", enum], {"type": "array", "items": "long"}]


def test_one_field_of_many() -> None:
    for seed in range(RECORDS):
        source, random = SeededSource(f"wide {seed}"), Random(seed)
        fields = [{"name": f"f{index}", "type": source.choice(field_types(index))} for index in range(source.integer(5, 40))]
        schema = {"type": "record", "name": "Wide", "fields": fields}
        writer = node_of(schema)
        plan = resolve(writer, node_of({**schema, "fields": [source.choice(fields)]}))
        decoder = Decoder(plan, DEFAULT_LIMITS, is_charged(writer))
        for _ in range(10):
            sound = reference.encode(writer, draw_value(source, writer), DEFAULT_LIMITS)
            for data in (sound, injured(random, sound), injured(random, sound)):
                agree(lambda: decoder.decode(data), lambda: reference.decode(plan, data, 0, DEFAULT_LIMITS))  # noqa: B023 - called here
