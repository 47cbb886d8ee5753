"""Whatever is done to a file, it is read, or an `AvroError` tells what is wrong; nothing else comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import StoredBlock, decode_block
from avro_ocf.container.parser import END, StreamParser
from avro_ocf.errors import AvroError, FormatError, TruncatedError
from avro_ocf.limits import Limits
from avro_ocf.oracle import from_schema, schemas
from tests.container.build import make_file, ship
from tests.damage import damaged

LIMITS = Limits(block_bytes=10_000, header_bytes=10_000, zero_byte_items=1000)


def read(data: bytes) -> list[object]:
    parser = StreamParser(limits=LIMITS)
    records: list[object] = []
    if data:
        parser.receive_data(data)
    parser.receive_data(b"")
    while (event := parser.next_event()) is not END:
        if isinstance(event, StoredBlock) and parser.header:
            records += decode_block(parser.header, event)
    return records


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_every_change_of_one_byte(codec: str) -> None:
    header, parts = make_file([ship(1)], [ship(2)], codec=codec)
    file = b"".join(parts)
    for index in range(len(file)):
        for value in range(256):
            try:
                read(file[:index] + bytes([value]) + file[index + 1 :])
            except FormatError as error:
                if index >= header.size:
                    assert error.offset is not None
                    assert error.block is not None
            except AvroError:
                assert index < header.size


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_every_truncation(codec: str) -> None:
    _, parts = make_file([ship(1)], [ship(2)], codec=codec)
    file = b"".join(parts)
    whole = {len(parts[0]), len(parts[0] + parts[1])}
    for length in range(len(file)):
        if length in whole:
            read(file[:length])
        else:
            with pytest.raises(TruncatedError):
                read(file[:length])


@given(st.data())
def test_any_damage_to_a_file_of_any_schema(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    records = data.draw(st.lists(from_schema(schema.node), min_size=1, max_size=3))
    _, parts = make_file(records, records, schema=schema, codec=data.draw(st.sampled_from(["null", "deflate"])))
    try:
        read(data.draw(damaged(b"".join(parts))))
    except AvroError as error:
        assert str(error)
