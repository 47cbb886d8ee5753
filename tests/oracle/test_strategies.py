"""The Hypothesis strategies keep their word, and what they draw shrinks to the smallest example."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from avro_ocf import AvroError, parse_schema
from avro_ocf.container.header import MAGIC
from avro_ocf.oracle import Given, Refused, containers, corruptions, evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.source import Discarded, Source
from avro_ocf.oracle.strategies import strategy
from tests.damage import damaged

FINDING = settings(
    max_examples=1000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)


def smallest(drawn: "st.SearchStrategy[Any]", condition: Any) -> Any:
    return find(drawn, condition, settings=FINDING)


def is_anything(_: object) -> bool:
    return True


def is_kind(kind: str) -> Any:
    return lambda schema: isinstance(schema, dict) and schema["type"] == kind


@given(data=st.data())
def test_values_fit_their_schema_and_come_back(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    datum = data.draw(from_schema(schema))
    assert same(schema.decode(schema.encode(datum)), datum)


@given(data=st.data())
def test_evolved_schemas_come_with_what_they_give(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    evolution = data.draw(evolutions(schema))
    writer, reader = parse_schema(schema), parse_schema(evolution.reader_schema)
    value = data.draw(from_schema(schema))
    wanted = evolution.project(value)
    try:
        found = writer.decode(writer.encode(value), reader)
    except AvroError:
        assert isinstance(wanted, Refused)
    else:
        assert isinstance(wanted, Given)
        assert same(found, wanted.value)
    assert evolution.verdict != "reject" or isinstance(wanted, Refused)


@given(data=st.data(), original=st.binary(max_size=50))
def test_damage_is_small(data: st.DataObject, original: bytes) -> None:
    assert len(data.draw(damaged(original))) <= len(original) + 3 * 32


@given(data=st.data())
def test_files_and_their_corruptions_are_bytes(data: st.DataObject) -> None:
    container = data.draw(containers(schema="string", codecs=["null"]))
    assert container.data.startswith(MAGIC)
    assert (container.schema, container.codec) == ("string", "null")
    assert isinstance(data.draw(corruptions(container)).data, bytes)


DATE = {"type": "int", "logicalType": "date"}


@given(data=st.data())
def test_a_schema_may_be_an_object_a_text_a_parsed_one_or_its_node(data: st.DataObject) -> None:
    parsed = parse_schema(DATE)
    for schema in (DATE, parsed.json, parsed, parsed.node):
        assert same(parsed.decode(parsed.encode(value := data.draw(from_schema(schema)))), value)
    assert type(data.draw(from_schema(DATE, logical_types=False))) is int


@pytest.mark.parametrize(
    ("condition", "minimal"),
    [
        (is_anything, "null"),
        (is_kind("array"), {"type": "array", "items": "null"}),
        (is_kind("map"), {"type": "map", "values": "null"}),
        (is_kind("record"), {"type": "record", "name": "A", "fields": []}),
        (is_kind("fixed"), {"type": "fixed", "name": "A", "size": 1}),
        (is_kind("enum"), {"type": "enum", "name": "A", "symbols": ["A"]}),
        (lambda schema: isinstance(schema, list) and len(schema) == 2, ["null", "boolean"]),
        (
            lambda schema: is_kind("record")(schema) and any("default" in field for field in schema["fields"]),
            {"type": "record", "name": "A", "fields": [{"name": "a", "type": "null", "default": None}]},
        ),
    ],
)
def test_schemas_shrink_to_small_ones(condition: Any, minimal: object) -> None:
    found = smallest(schemas(), condition)
    assert len(json.dumps(found)) <= len(json.dumps(minimal)) + 10, found


@pytest.mark.parametrize(
    ("schema", "condition", "minimal"),
    [
        ("long", lambda value: value >= 2**31, [2**31]),
        ("int", lambda value: value < -7, [-8, -64]),
        ("string", lambda value: len(value) == 3, ["000", "aaa"]),
        ("bytes", lambda value: len(value) == 2, [b"\0\0"]),
        ({"type": "array", "items": "int"}, lambda value: len(value) == 2, [[0, 0]]),
        ({"type": "map", "values": "int"}, lambda value: any(value.values()), [{"": 1}, {"": -1}]),
        (["null", "boolean", "string"], lambda value: value is not None, [False]),
    ],
)
def test_values_shrink_to_small_ones(schema: object, condition: Any, minimal: list[object]) -> None:
    assert smallest(from_schema(schema), condition) in minimal


def test_readers_schemas_shrink_to_few_steps() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}
    readers = evolutions(schema).map(lambda evolution: evolution.reader_schema)
    assert smallest(readers, is_anything) == schema
    found = smallest(readers, lambda reader: is_kind("record")(reader) and not any(f["name"] == "b" for f in reader["fields"]))
    assert len(json.dumps(found)) <= len(json.dumps(schema)) + 10, found


def never(_: Source) -> int:
    raise Discarded


def test_what_is_discarded_is_rejected() -> None:
    with pytest.raises(Unsatisfiable):
        smallest(strategy(never), is_anything)
