"""What we write the other libraries read, and what they write we read, whatever the schema and the values."""

import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import Reader, Schema, Writer, parse_schema
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.interop.disagreements import disagreement, keeps_schema, narrowed
from tests.interop.libraries import load

pytestmark = [pytest.mark.host, pytest.mark.parametrize("name", ["fastavro", "avro", "cavro"])]


def draw_schema(data: st.DataObject, name: str) -> tuple[object, Schema]:
    """Draw a schema that the library `name` knows all of: its JSON, and what we make of it."""
    json = narrowed(name, data.draw(schemas(), label="schema"))
    schema = parse_schema(json)
    assume(keeps_schema(name, schema.node))
    return json, schema


def draw_datums(data: st.DataObject, name: str, schema: Schema, count: int, *, writing: bool) -> list[object]:
    """Draw values on which `name` should agree with us."""
    drawn = data.draw(st.lists(from_schema(schema.node), min_size=count and 1, max_size=count), label="datums")
    assume(all(disagreement(name, schema.node, datum, writing=writing) is None for datum in drawn))
    return drawn


@given(data=st.data())
def test_a_datum_of_ours_is_read(name: str, data: st.DataObject) -> None:
    json, schema = draw_schema(data, name)
    [datum] = draw_datums(data, name, schema, 1, writing=False)
    assert same(load(name).decode(json, schema.encode(datum)), datum)


@given(data=st.data())
def test_a_datum_of_theirs_is_read(name: str, data: st.DataObject) -> None:
    json, schema = draw_schema(data, name)
    [datum] = draw_datums(data, name, schema, 1, writing=True)
    assert same(schema.decode(load(name).encode(json, datum)), datum)


@given(data=st.data())
def test_a_file_of_ours_is_read(name: str, data: st.DataObject) -> None:
    library = load(name)
    _, schema = draw_schema(data, name)
    records = draw_datums(data, name, schema, 4, writing=False)
    out = io.BytesIO()
    with Writer(
        out, schema, codec=data.draw(st.sampled_from(library.codecs)), block_size=data.draw(st.sampled_from([1, 64000]))
    ) as writer:
        writer.write_many(records)
    assert same(library.read(out.getvalue()), records)


@given(data=st.data())
def test_a_file_of_theirs_is_read(name: str, data: st.DataObject) -> None:
    library = load(name)
    json, schema = draw_schema(data, name)
    records = draw_datums(data, name, schema, 4, writing=True)
    written = library.write(json, records, data.draw(st.sampled_from(library.codecs)))
    with Reader(io.BytesIO(written)) as reader:
        assert same(list(reader), records)
        blocks = list(reader.blocks())
    assert reader.header.size + sum(block.length for block in blocks) == len(written)
