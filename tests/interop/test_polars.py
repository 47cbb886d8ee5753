"""What we write polars reads, and what polars writes we read: tables of the types that it knows."""

import io
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import Reader, Writer, parse_schema
from avro_ocf.oracle import from_schema
from avro_ocf.oracle.equality import same
from tests.interop.disagreements import disagreement

pytestmark = [pytest.mark.host, pytest.mark.slow]

READ_AND_WRITTEN: tuple[object, ...] = (
    "boolean",
    "int",
    "long",
    "float",
    "double",
    "bytes",
    "string",
    {"type": "int", "logicalType": "date"},
    {"type": "long", "logicalType": "local-timestamp-millis"},
    {"type": "long", "logicalType": "local-timestamp-micros"},
    {"type": "fixed", "name": "Four", "size": 4},
    ["null", "long"],
    ["string", "null"],
    {"type": "array", "items": "int"},
    {"type": "array", "items": ["null", "string"]},
    {"type": "record", "name": "Inner", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "string"}]},
)
READ_ONLY: tuple[object, ...] = (
    {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 3},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "time-micros"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "enum", "name": "Side", "symbols": ["port", "starboard"]},
)


def draw_file(data: st.DataObject, types: tuple[object, ...]) -> tuple[list[object], bytes]:
    """Draw a table with columns of some of `types`: its rows, and our file of them."""
    columns = data.draw(st.lists(st.sampled_from(range(len(types))), unique=True, min_size=1, max_size=6))
    fields = [{"name": f"column{index}", "type": types[index]} for index in columns]
    schema = parse_schema({"type": "record", "name": "Row", "fields": fields})
    rows = data.draw(st.lists(from_schema(schema.node), max_size=5))
    assume(all(disagreement("polars", schema.node, row, writing=False) is None for row in rows))
    out = io.BytesIO()
    codec = data.draw(st.sampled_from(["null", "deflate", "snappy"] if rows else ["null"]))
    with Writer(out, schema, codec=codec, block_size=data.draw(st.sampled_from([1, 64000]))) as writer:
        writer.write_many(rows)
    return rows, out.getvalue()


@pytest.mark.parametrize(("codec", "complaint"), [("deflate", "OutOfSpec"), ("snappy", "out of range for slice")])
def test_files_without_blocks(codec: str, complaint: str) -> None:
    import polars as pl

    out = io.BytesIO()
    with Writer(out, parse_schema({"type": "record", "name": "Row", "fields": [{"name": "a", "type": "int"}]}), codec=codec):
        pass
    with pytest.raises(BaseException, match=complaint):
        pl.read_avro(io.BytesIO(out.getvalue()))
    with Reader(io.BytesIO(out.getvalue())) as reader:
        assert list(reader) == []


def test_decimal_without_sign() -> None:
    import polars as pl

    out = io.BytesIO()
    pl.DataFrame({"a": [Decimal(2**47)]}).write_avro(out)
    with Reader(io.BytesIO(out.getvalue())) as reader:
        assert list(reader) == [{"a": Decimal(-(2**47))}]


def test_names_of_columns() -> None:
    import polars as pl

    out = io.BytesIO()
    pl.DataFrame({"a": [True]}).write_avro(out)
    with Reader(io.BytesIO(out.getvalue())) as reader:
        assert reader.header.schema.json == '{"type":"record","name":"","fields":[{"name":"a","type":["null","boolean"]}]}'
        assert list(reader) == [{"a": True}]


@given(data=st.data())
def test_a_file_of_ours_is_read(data: st.DataObject) -> None:
    import polars as pl

    rows, written = draw_file(data, READ_AND_WRITTEN + READ_ONLY)
    assert same(pl.read_avro(io.BytesIO(written)).rows(named=True), rows)


@given(data=st.data())
def test_a_file_of_theirs_is_read(data: st.DataObject) -> None:
    import polars as pl

    rows, written = draw_file(data, READ_AND_WRITTEN)
    out = io.BytesIO()
    pl.read_avro(io.BytesIO(written)).write_avro(out, compression=data.draw(st.sampled_from(["uncompressed", "deflate", "snappy"])))
    with Reader(io.BytesIO(out.getvalue())) as reader:
        assert same(list(reader), rows)
