"""Drawn values: each comes back from the reference and the generated code as it was, and the bounds are among them."""

import datetime as dt
import hashlib
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest

from avro_ocf import parse_schema, reference
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.logical import Duration
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource, Source
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

COUNT = 400

DIGEST = "24b618475dc0ced2f18f0b08ca496cac2ac15d080e72524cd00b937ef3e3c12d"
"""Of 300 schemas and values, as every version of Python draws them."""

ALIKE = [(float("nan"), -float("nan")), (Decimal("1.50"), Decimal("1.5")), ({"a": 1, "b": [2]}, {"b": [2], "a": 1})]
UNLIKE = [(0.0, -0.0), (True, 1), (1, 1.0), ("a", b"a"), ([1], [1, 2]), ({"a": 1}, {"a": 1.0}), (None, False), (b"", bytearray())]


def parsed(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def leaves(value: object) -> Iterator[object]:
    match value:
        case dict():
            yield from (f"map of {len(value)}",)
            for inner in value.values():
                yield from leaves(inner)
        case list():
            yield from (f"array of {len(value)}",)
            for inner in value[:3]:
                yield from leaves(inner)
        case _:
            yield value


def both(source: Source) -> tuple[object, object]:
    schema = draw_schema(source)
    return schema, draw_value(source, parsed(schema))


def test_values_come_back_as_they_were() -> None:
    discarded = 0
    for index in range(COUNT):
        source = SeededSource(f"values:{index}")
        schema = parse_schema(json.dumps(draw_schema(source)))
        try:
            value = draw_value(source, schema.node)
        except Discarded:
            discarded += 1
            continue
        data = reference.encode(schema.node, value, DEFAULT_LIMITS)
        read, end = reference.decode(identity(schema.node), data, 0, DEFAULT_LIMITS)
        assert end == len(data)
        assert same(read, value)
        assert schema.encode(value) == data
        assert same(schema.decode(data), value)
    assert discarded < COUNT // 100


def test_replayed_choices_draw_the_same_schema_and_value() -> None:
    for index in range(200):
        source = SeededSource(f"replay:{index}")
        drawn = both(source)
        replay = ReplaySource(source.choices)
        assert same(both(replay), drawn)
        assert replay.choices == source.choices


def test_every_python_draws_the_same() -> None:
    digest = hashlib.sha256()
    for index in range(300):
        digest.update(repr(both(SeededSource(f"pinned:{index}"))).encode())
    assert digest.hexdigest() == DIGEST


EVERYTHING = {
    "type": "record",
    "name": "Everything",
    "fields": [
        {"name": "int", "type": "int"},
        {"name": "long", "type": "long"},
        {"name": "double", "type": "double"},
        {"name": "float", "type": "float"},
        {"name": "string", "type": "string"},
        {"name": "bytes", "type": "bytes"},
        {"name": "items", "type": {"type": "array", "items": "int"}},
        {"name": "values", "type": {"type": "map", "values": "null"}},
        {"name": "date", "type": {"type": "int", "logicalType": "date"}},
        {"name": "time", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
        {"name": "decimal", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}},
        {"name": "big", "type": {"type": "bytes", "logicalType": "big-decimal"}},
        {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "duration", "type": {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}},
    ],
}


def test_bounds_and_huge_values_are_drawn() -> None:
    node = parsed(EVERYTHING)
    found: set[str] = set()
    for index in range(2000):
        found.update(map(repr, leaves(draw_value(SeededSource(f"bounds:{index}"), node))))
    numbers = [2**31 - 1, -(2**31), 2**53, 2**53 + 1, 2**63 - 1, -(2**63), math.nan, math.inf, -math.inf, -0.0, 5e-324]
    times = [dt.date.min, dt.date.max, dt.time(), dt.datetime.max.replace(tzinfo=dt.UTC), dt.datetime.min]  # noqa: DTZ901
    raw = [-719_163, 2_932_897, 86_400_000, "no uuid"]
    rest = ["", b"", "\U0001f6a2", "array of 0", "array of 300", "map of 0", "map of 300", Decimal("0.00"), Duration(0, 0, 0)]
    assert {repr(value) for value in [*numbers, *times, *raw, *rest]} - found == set()
    assert any(len(each) > 15_000 for each in found if each.startswith(("'", '"')))
    assert any(len(each) > 15_000 for each in found if each.startswith("b"))
    assert any(each.startswith("UUID") for each in found)


def test_huge_values_can_be_left_out() -> None:
    node = parsed(EVERYTHING)
    values = [draw_value(SeededSource(f"small:{index}"), node, huge=False) for index in range(500)]
    assert max(len(reference.encode(node, value, DEFAULT_LIMITS)) for value in values) < 1000


def test_the_simplest_value_is_of_zeros() -> None:
    value = draw_value(ReplaySource([]), parsed(EVERYTHING))
    first = {"int": 0, "long": 0, "double": 0.0, "float": 0.0, "string": "", "bytes": b"", "items": [], "values": {}}
    assert isinstance(value, dict)
    assert same({name: value[name] for name in first}, first)
    assert same(value["decimal"], Decimal("0.00"))
    assert same(value["uuid"], UUID(int=0))
    assert draw_value(ReplaySource([]), parsed(["null", "int"])) is None


def test_recursion_ends_and_a_schema_without_values_has_none() -> None:
    tree = {"type": "record", "name": "T", "fields": [{"name": "next", "type": [{"type": "array", "items": "T"}, "T", "null"]}]}
    for index in range(200):
        draw_value(SeededSource(str(index)), parsed(tree))
    endless = {"type": "record", "name": "E", "fields": [{"name": "next", "type": "E"}]}
    with pytest.raises(Discarded):
        draw_value(SeededSource(""), parsed(endless))
    assert draw_value(SeededSource(""), parsed({"type": "array", "items": endless})) == []
    assert draw_value(SeededSource(""), parsed([endless, "int"])) is not None


def test_a_value_of_a_union_is_not_taken_by_a_branch_that_changes_it() -> None:
    more = {"name": "b", "type": "int", "default": 7}
    large = {"type": "record", "name": "Large", "fields": [{"name": "a", "type": "int"}, more]}
    small = {"type": "record", "name": "Small", "fields": [{"name": "a", "type": "int"}]}
    node = parsed([large, small, {"type": "map", "values": "int"}])
    drawn = [draw_value(SeededSource(f"union:{index}"), node) for index in range(200)]
    assert {"a"} not in [set(value) for value in drawn if isinstance(value, dict)]
    assert {"a", "b"} in [set(value) for value in drawn if isinstance(value, dict)]


@pytest.mark.parametrize(("a", "b"), ALIKE)
def test_same(a: object, b: object) -> None:
    assert same(a, b)


@pytest.mark.parametrize(("a", "b"), UNLIKE)
def test_not_the_same(a: object, b: object) -> None:
    assert not same(a, b)
