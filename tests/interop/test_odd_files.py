"""Files as other libraries write them, in all that is peculiar to each; the bytes are kept here."""

import io

import pytest

from avro_ocf import FormatError, Reader, SchemaError, parse_schema, scan_blocks

HIT = b'{"type":"record","name":"Hit","fields":[{"name":"hp","type":"int"}]}'
MARKER = b"0123456789abcdef"
RECORDS = [{"hp": 30}, {"hp": 12}]
BLOCK = b"\x04\x04<\x18" + MARKER

HAMBA = (
    b"Obj\x01"
    b"\x03\xc4\x01"  # two entries, told by a negative count, in 98 bytes
    b"\x16avro.schema\x88\x01" + HIT + b"\x14avro.codec\x08null\0" + MARKER + BLOCK
)
FASTAVRO = (
    b"Obj\x01\x04\x14avro.codec\x0edeflate\x16avro.schema\x88\x01" + HIT + b"\0" + MARKER + b"\x04\x0e"
    b"\xb3\x91\0\0"  # the deflate stream
    b"\0\x92\0"  # three bytes of a zlib checksum, of which deflate knows nothing
     + MARKER
)
POLARS = (
    b'Obj\x01\x02\x16avro.schema\x94\x01{"type":"record","name":"","fields":[{"name":"hp","type":["null","int"]}]}\0'
    b"\x01\x02\x03\x04\x01\x02\x03\x04\x01\x02\x03\x04\x01\x02\x03\x04"
    b"\x04\x08\x02<\x02\x18"
    b"\x01\x02\x03\x04\x01\x02\x03\x04\x01\x02\x03\x04\x01\x02\x03\x04"
)
EMPTY_BLOCK = (
    b"Obj\x01\x02\x16avro.schema\x88\x01" + HIT + b"\0" + MARKER
    + b"\x02\x02<" + MARKER
    + b"\0\0" + MARKER  # no record in no byte: Event Hubs writes these
    + b"\x02\x02\x18" + MARKER
)  # fmt: skip
CAVRO = (
    b"Obj\x01\x04\x16avro.schema\x88\x01" + HIT + b"\x14avro.codec\x0csnappy\0" + MARKER + b"\x04\x10"
    b"\x02\x04<\x18"  # the compressed block
    b"\xe2\x5e\xdb\xec"  # the CRC-32 of the compressed bytes, little-endian; it should be of the others, big-endian
     + MARKER
)
DOLLAR = b"Obj\x01\x02\x16avro.schema\x90\x01" + HIT.replace(b"Hit", b"Foo$Bar") + b"\0" + MARKER + BLOCK
WRITTEN = {"hamba": HAMBA, "fastavro": FASTAVRO, "polars": POLARS, "empty block": EMPTY_BLOCK, "old Java": DOLLAR}


@pytest.mark.parametrize("name", WRITTEN)
def test_file_is_read(name: str) -> None:
    with Reader(io.BytesIO(WRITTEN[name])) as reader:
        assert list(reader) == RECORDS


@pytest.mark.parametrize("name", WRITTEN)
def test_file_is_indexed_to_its_last_byte(name: str) -> None:
    data = WRITTEN[name]
    blocks = list(scan_blocks(io.BytesIO(data)))
    assert sum(block.record_count for block in blocks) == len(RECORDS)
    assert blocks[-1].start_byte + blocks[-1].length == len(data)


def test_wrong_snappy_checksum_of_cavro_is_an_error() -> None:
    with Reader(io.BytesIO(CAVRO)) as reader, pytest.raises(FormatError, match="checksum"):
        list(reader)


def test_record_without_a_name_is_refused_for_writing_only() -> None:
    with pytest.raises(SchemaError):
        parse_schema({"type": "record", "name": "", "fields": []})


def test_illegal_name_is_read_under_a_legal_one_by_an_alias() -> None:
    reader_schema = parse_schema(
        {"type": "record", "name": "FooBar", "aliases": ["Foo$Bar"], "fields": [{"name": "hp", "type": "long"}]}
    )
    with Reader(io.BytesIO(DOLLAR), reader_schema=reader_schema) as reader:
        assert list(reader) == RECORDS
