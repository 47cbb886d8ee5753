"""Evolved schemas and the JSON encoding, whatever the schema and the values: fastavro's values are ours."""

import copy
import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import FormatError, ResolutionError, Schema, parse_schema
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.schema.measure import children, nodes
from avro_ocf.schema.model import Node, Record, Union
from tests.interop.disagreements import json_types, narrowed

pytestmark = pytest.mark.host


def plain(schema: object) -> Any:
    """Return a schema without logical types, of which fastavro takes the writer's."""
    schema = narrowed("fastavro", schema)
    for json_type in json_types(schema):
        json_type.pop("logicalType", None)
    return schema


def has_choice(root: Node) -> bool:
    """Tell whether a union has branches among which libraries choose otherwise."""
    return any(isinstance(node, Union) and sum(branch.type != "null" for branch in node.branches) > 1 for node in nodes(root))


def is_inside_itself(node: Node) -> bool:
    return any(node in nodes(child) for child in children(node))


@given(st.data())
def test_what_we_resolve_is_what_fastavro_resolves(data: st.DataObject) -> None:
    written = plain(data.draw(schemas(), label="written"))
    read = plain(data.draw(evolutions(written), label="read").reader_schema)
    writer, reader = parse_schema(written), parse_schema(read)
    assume(not has_choice(writer.node) and not has_choice(reader.node))
    encoded = writer.encode(data.draw(from_schema(writer.node), label="datum"))
    try:
        ours = writer.decode(encoded, reader)
    except (FormatError, ResolutionError):  # fastavro finds out only where the data have such a value
        return
    theirs = fastavro.schemaless_reader(io.BytesIO(encoded), copy.deepcopy(written), copy.deepcopy(read))
    assert same(theirs, ours)


def draw_record(data: st.DataObject) -> tuple[Schema, Any, object]:
    """Draw a schema, its JSON for fastavro, and a datum, none of which is a row of the page."""
    field = plain(data.draw(schemas(), label="schema"))
    made = plain({"type": "record", "name": "Root_", "fields": [{"name": "field", "type": field}]})
    schema = parse_schema(made)
    found = nodes(schema.node)
    assume(not has_choice(schema.node) and not any(node.type == "float" or is_inside_itself(node) for node in found))
    assume(all(node.fields and node.type == "record" for node in found if isinstance(node, Record)))
    datum = data.draw(from_schema(schema.node), label="datum")
    text = schema.encode_json(datum)
    assume(not any(word in text for word in ("NaN", "Infinity", '"":')))
    return schema, copy.deepcopy(made), datum


@given(st.data())
def test_json_of_ours_is_read(data: st.DataObject) -> None:
    schema, made, datum = draw_record(data)
    records: list[Any] = list(fastavro.json_reader(io.StringIO(schema.encode_json(datum)), made))
    assert same(records[0], datum)


@given(st.data())
def test_json_of_theirs_is_read(data: st.DataObject) -> None:
    schema, made, datum = draw_record(data)
    out = io.StringIO()
    fastavro.json_writer(out, made, [datum])
    assert json.loads(out.getvalue()) == json.loads(schema.encode_json(datum))
    assert same(schema.decode_json(out.getvalue()), datum)
