"""Evolved schemas: valid, of every kind, and with the verdict that the rest of the library gives."""

from collections import Counter

import pytest

from avro_ocf import AvroError, ResolutionError, check_compatibility, parse_schema
from avro_ocf.oracle.cases import Given, Json, Refused
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.generators.evolutions import Evolution, draw_evolution
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource
from avro_ocf.resolution.matching import PROMOTIONS

COUNT = 400


def drawn(index: int) -> tuple[Evolution, SeededSource]:
    source = SeededSource(f"evolutions:{index}")
    schema = draw_schema(source, max_leaves=5)
    return Evolution(schema, draw_evolution(source, schema)), source


def test_verdicts_and_values_are_those_of_the_compiled_reader() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for index in range(COUNT):
        evolution, source = drawn(index)
        writer, reader = parse_schema(evolution.schema), parse_schema(evolution.reader_schema)
        assert evolution.incompatibilities == check_compatibility(reader, writer)
        assert (evolution.verdict == "accept") == (not evolution.incompatibilities)
        try:
            value = draw_value(source, writer.node)
        except Discarded:
            continue
        answer = evolution.project(value)
        seen[evolution.verdict, type(answer).__name__] += 1
        try:
            read = writer.decode(writer.encode(value), reader)
        except AvroError as error:
            assert isinstance(answer, Refused)
            assert isinstance(error, ResolutionError)
            assert (error.offset is None) == bool(evolution.refusal)
            continue
        assert isinstance(answer, Given)
        assert same(answer.value, read)
    assert {*seen} == {
        ("accept", "Given"),
        ("accept", "Refused"),
        ("either", "Given"),
        ("either", "Refused"),
        ("reject", "Refused"),
    }
    assert seen["accept", "Given"] > COUNT // 3


def test_without_choices_the_schema_stays() -> None:
    schema = draw_schema(SeededSource("stays"))
    assert draw_evolution(ReplaySource([]), schema) == schema


def readers(schema: Json, count: int = 800) -> list[Json]:
    return [draw_evolution(SeededSource(f"readers:{index}"), schema) for index in range(count)]


@pytest.mark.parametrize("written", sorted(PROMOTIONS))
def test_every_promotion_is_drawn(written: str) -> None:
    assert set(PROMOTIONS[written]) - {reader for reader in readers(written) if isinstance(reader, str)} == set()


def test_a_type_may_become_a_union_and_a_union_a_type() -> None:
    assert any(isinstance(reader, list) for reader in readers("int"))
    assert "int" in readers(["null", "int"])


RECORD = {
    "type": "record",
    "name": "ns.R",
    "fields": [
        {"name": "a", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
        {"name": "b", "type": "E"},
        {"name": "c", "type": {"type": "fixed", "name": "F", "size": 2}},
    ],
}
VALUE = {"a": "A", "b": "B", "c": b"xy"}


def test_records_enums_and_fixeds_change_in_every_way() -> None:
    shapes = [
        {"a": "A", "c": b"xy"},  # one dropped
        {"b": "B", "a": "A", "c": b"xy"},  # another order
        {"renamed": "A", "b": "B", "c": b"xy"},  # an alias
        {"a": "NEW", "b": "NEW", "c": b"xy"},  # the enum's default
        {**VALUE, "new": {"a": 1, "b": ["x"]}},  # a default inside a default
        {**VALUE, "new": b"\0\xff"},
        {**VALUE, "new": "later"},
    ]
    values = [answer.value for reader in readers(RECORD, 2000) for answer in [project(reader)] if isinstance(answer, Given)]
    assert [shape for shape in shapes if not any(same(value, shape) for value in values)] == []


def project(reader: Json) -> Given | Refused:
    return Evolution(RECORD, reader).project(VALUE)


@pytest.mark.parametrize("part", ["Renamed", "elsewhere.R", '"aliases"'])
def test_names_change_and_references_follow(part: str) -> None:
    texts = [parse_schema(reader).json for reader in readers(RECORD)]
    assert any(part in text for text in texts)
    assert any('"elsewhere.E"}' in text for text in texts)


def test_what_only_logical_types_forbid_is_left_to_the_reader() -> None:
    written, read = ({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros"))
    assert Evolution(written, read).verdict == "either"
    assert Evolution(written, read, logical_types=False).verdict == "accept"
    assert Evolution("string", "int").verdict == "reject"
