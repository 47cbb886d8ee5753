"""Codecs that are right pass: no check ever blames them."""

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import settings

from avro_ocf import Reader, Schema, Writer, parse_schema
from avro_ocf.oracle import (
    check_container_reader,
    check_container_writer,
    check_decoder,
    check_encoder,
    check_resolver,
    disagreements,
)
from tests.oracle.asking import OPERATIONS, function_of
from tests.oracle.codec import Codec
from tests.oracle.mutants import Check

CHECKS: dict[Check, Callable[..., None]] = {
    "encoder": check_encoder,
    "decoder": check_decoder,
    "resolver": check_resolver,
    "container reader": check_container_reader,
    "container writer": check_container_writer,
}
PARTS = 4


def part_examples() -> int:
    """Return a quarter of 10,000 examples, or fewer where Python is slow."""
    return 2500 if settings.default is not None and settings.default.max_examples > 10 else 50


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("check", OPERATIONS)
def test_the_correct_codec_passes_seeded_cases(check: Check, part: int) -> None:
    found = disagreements(OPERATIONS[check], function_of(Codec(), check), part_examples(), f"no false alarm {part}")
    assert [str(one) for one in found] == []


@pytest.mark.parametrize("check", OPERATIONS)
def test_the_correct_codec_passes_the_checks(check: Check) -> None:
    CHECKS[check](function_of(Codec(), check), examples=part_examples() // 10)


def parsed(schema: object) -> Schema:
    return parse_schema(json.dumps(schema), strict=False)


class AvroOcf(Codec):
    """The library itself, in the place of a codec of its own."""

    def encode(self, schema: object, value: Any) -> bytes:
        return parsed(schema).encode(value)

    def decode(self, schema: object, data: bytes) -> Any:
        return parsed(schema).decode(data)

    def resolve(self, writer_schema: object, reader_schema: object, data: bytes) -> Any:
        return parsed(writer_schema).decode(data, parsed(reader_schema))

    def read_file(self, data: bytes) -> list[Any]:
        with Reader(BytesIO(data)) as reader:
            return list(reader)

    def write_file(self, schema: object, records: Iterable[Any], codec: str) -> bytes:
        file = BytesIO()
        with Writer(file, parsed(schema), codec=codec) as writer:
            writer.write_many(records)
        return file.getvalue()


@pytest.mark.parametrize("check", OPERATIONS)
def test_the_library_itself_passes(check: Check) -> None:
    found = disagreements(OPERATIONS[check], function_of(AvroOcf(), check), part_examples() // 5, "the library itself")
    assert [str(one) for one in found] == []
