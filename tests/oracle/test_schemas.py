"""Drawn schemas: the valid ones are valid and of every kind, the bad ones are refused."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from avro_ocf import SchemaError, parse_schema
from avro_ocf.oracle.generators.bad_schemas import LENIENT, REJECTED, draw_bad_schema
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.source import ReplaySource, SeededSource
from avro_ocf.oracle.specification.clauses import clauses
from avro_ocf.schema.measure import children, nodes
from avro_ocf.schema.model import Named, Node, Record, Union

COUNT = 1500
KINDS = {"record", "error", "enum", "fixed", "array", "map", "union"}
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
LOGICAL = {"date", "decimal", "big-decimal", "uuid", "duration", "time-millis", "time-micros"}
TIMESTAMPS = {f"{local}timestamp-{unit}" for local in ("", "local-") for unit in ("millis", "micros", "nanos")}
REST = {"recursive", "mutual", "large", "empty record", "empty fixed", "enum default", "alias", "field alias", "later default"}
TEMPTING = {"int float", "string enum", "bytes fixed", "map record", "alike records"}
SPELLINGS = {"dotted name", "null namespace", "inherited", "void namespace", "full alias", "doc", "order", "ignored logical"}


def is_recursive(node: Node) -> bool:
    return any(node in nodes(child) for child in children(node))


def features(node: Node) -> Iterator[str]:
    """Yield what is special about a type as it was parsed."""
    yield node.type
    if node.logical:
        yield node.logical.name
    if isinstance(node, Record):
        yield from ("field alias" for field in node.fields if field.aliases)
        yield from () if node.fields else ("empty record",)
        yield from ("large",) if len(node.fields) > 60 else ()
        yield from ("default of " + field.node.type for field in node.fields if field.default_bytes is not None)
        yield from ("later default" for field in node.fields if isinstance(field.node, Union) and (field.default_bytes or b"\0")[0])
        inner = [each for each in nodes(node)[1:] if isinstance(each, Record) and is_recursive(each)]
        yield from ("recursive",) if is_recursive(node) else ()
        yield from ("mutual",) if any(node in nodes(each) for each in inner) else ()
    if isinstance(node, Union):
        kinds = {branch.type for branch in node.branches}
        pairs = {"int float", "string enum", "bytes fixed", "map record"}
        yield from (pair for pair in pairs if kinds.issuperset(pair.split()))
        yield from ("alike records",) if [branch.type for branch in node.branches].count("record") > 1 else ()


def spellings(obj: Any) -> Iterator[str]:
    """Yield what is special about the JSON of a schema."""
    if isinstance(obj, list):
        for each in obj:
            yield from spellings(each)
    if not isinstance(obj, dict):
        return
    dotted = "." in str(obj.get("name"))
    yield from ("dotted name",) if dotted else ()
    yield from ("void namespace",) if dotted and "namespace" in obj else ()
    yield from ("null namespace",) if obj.get("namespace") == "" else ()
    yield from ("full alias",) if any("." in alias for alias in obj.get("aliases", [])) else ()
    yield from ("doc",) if "doc" in obj else ()
    yield from ("order",) if "order" in obj else ()
    yield from ("empty fixed",) if obj.get("size") == 0 else ()
    yield from ("enum default",) if "symbols" in obj and "default" in obj else ()
    for key in ("fields", "type", "items", "values"):
        yield from spellings(obj.get(key))


def test_every_schema_is_valid_and_together_they_have_everything() -> None:
    found: set[str] = set()
    for index in range(COUNT):
        json_schema = draw_schema(SeededSource(f"schemas:{index}"))
        schema = parse_schema(json.dumps(json_schema))
        found.update(spellings(json_schema))
        for node in nodes(schema.node):
            found.update(features(node))
            if isinstance(node, Named):
                found.update(["alias"] if node.aliases else [])
                found.update(["inherited"] if "." in node.fullname and f'"{node.fullname}"' not in schema.json else [])
        raw = parse_schema(json.dumps(json_schema), logical_types=False)
        asked = schema.json.count('"logicalType"')
        found.update(["ignored logical"] if asked > sum(node.logical is not None for node in nodes(schema.node)) else [])
        assert not any(node.logical for node in nodes(raw.node))
    defaults = {f"default of {kind}" for kind in (KINDS | PRIMITIVES) - {"error"}}
    wanted = KINDS | PRIMITIVES | LOGICAL | TIMESTAMPS | REST | TEMPTING | SPELLINGS | defaults
    assert wanted - found == set()


def test_what_was_not_asked_for_is_not_there() -> None:
    for index in range(300):
        plain = parse_schema(
            json.dumps(draw_schema(SeededSource(f"plain:{index}"), logical=False, recursive=False, large=False, max_leaves=3))
        )
        assert "logicalType" not in plain.json
        assert not any(is_recursive(node) for node in nodes(plain.node))
        assert len(nodes(plain.node)) < 60


def test_the_simplest_schema_is_null() -> None:
    assert draw_schema(ReplaySource([])) == "null"


TAKEN = {"schema.record.doc"}
"""What the specification lets a library refuse and ours takes: a doc that is no string is metadata."""


@pytest.mark.parametrize("clause", sorted({*REJECTED, *LENIENT}))
def test_bad_schemas_break_a_sentence_of_the_specification(clause: str) -> None:
    assert not clauses()[clause].out_of_reach
    for schema in REJECTED.get(clause, []):
        for strict in (True, False):
            with pytest.raises(SchemaError):
                parse_schema(json.dumps(schema), strict=strict)
    for schema in LENIENT.get(clause, []):
        if clause in TAKEN:
            parse_schema(json.dumps(schema))
        else:
            with pytest.raises(SchemaError):
                parse_schema(json.dumps(schema))


def test_drawn_bad_schemas_are_refused_wherever_they_are() -> None:
    drawn = [draw_bad_schema(SeededSource(f"bad:{index}")) for index in range(1500)]
    for bad in drawn:
        with nullcontext() if bad.clause in TAKEN else pytest.raises(SchemaError):
            parse_schema(json.dumps(bad.json), strict=bad.verdict == "either")
    assert {bad.clause for bad in drawn} == {*REJECTED, *LENIENT}
