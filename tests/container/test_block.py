"""Blocks: what is on the wire, and the verdict with its byte, block, record and path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import encode_block
from avro_ocf.container.header import decode_header, encode_header
from avro_ocf.container.parser import decode_blocks
from avro_ocf.errors import DatumError, FormatError, LimitError, ResolutionError, TruncatedError, UnsupportedCodecError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, NULLS, SHIP, make_file, raw_block, ship

HEADER, (_, FIRST, SECOND) = make_file([ship(0), ship(1)], [ship(2)])
DEFLATE, (_, PACKED) = make_file([ship(0), ship(1)], codec="deflate")
RECORD = SHIP.encode(ship(7))


def test_bytes_of_a_block() -> None:
    assert FIRST == b"\x04\x28\x0cship 0\x00\x00\x0cship 1\x02\x02\x00\x00" + MARKER


@pytest.mark.parametrize("codec", ["null", "deflate"])
@given(data=st.data())
def test_records_come_back_as_they_were(codec: str, data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    records = data.draw(st.lists(from_schema(schema.node), min_size=1, max_size=3))
    header, (_, block) = make_file(records, schema=schema, codec=codec)
    assert same(list(decode_blocks(header, block * 2)), records * 2)


def test_any_run_of_whole_blocks() -> None:
    assert list(decode_blocks(HEADER, b"")) == []
    assert list(decode_blocks(HEADER, SECOND)) == [ship(2)]
    assert list(decode_blocks(HEADER, SECOND + FIRST)) == [ship(2), ship(0), ship(1)]


def test_a_reader_schema() -> None:
    names = parse_schema({"type": "record", "name": "Ship", "fields": [{"name": "name", "type": "string"}]})
    assert list(decode_blocks(HEADER, SECOND, names)) == [{"name": "ship 2"}]
    with pytest.raises(ResolutionError):
        list(decode_blocks(HEADER, SECOND, parse_schema("int")))


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_empty_blocks_are_accepted_anywhere(codec: str) -> None:
    header, (_, block) = make_file([ship(1)], codec=codec)
    for empty in (raw_block(0, b""), raw_block(0, b"\x03\x00") if codec == "deflate" else raw_block(0, b"")):
        assert list(decode_blocks(header, empty + block + empty + empty + block + empty)) == [ship(1)] * 2


def test_stray_bytes_after_a_deflate_stream_are_accepted() -> None:
    packed = PACKED[2:-16]
    assert list(decode_blocks(DEFLATE, raw_block(2, packed + b"junk"))) == [ship(0), ship(1)]


@pytest.mark.parametrize(
    ("block", "error", "offset", "message"),
    [
        (raw_block(-1, RECORD), FormatError, 0, "negative record count -1"),
        (raw_block(1, RECORD, size=-1), FormatError, 1, "negative block size -1"),
        (raw_block(1, RECORD + b"\0"), FormatError, 2 + len(RECORD), "goes on for 1 bytes"),
        (raw_block(0, RECORD), FormatError, 2, "goes on for"),
        (raw_block(2, RECORD), FormatError, 2 + len(RECORD), "the bytes end"),
        (raw_block(4, RECORD), FormatError, 2 + len(RECORD), "the bytes end"),
        (raw_block(5, RECORD), FormatError, 0, "5 records, of 3 bytes or more each, in 13 bytes of codec 'null'"),
        (raw_block(2**60, RECORD), FormatError, 0, "in 13 bytes of codec 'null'"),
        (raw_block(1, RECORD)[:-1] + b"\0", FormatError, 2 + len(RECORD), "the sync marker differs"),
        (raw_block(1, RECORD, size=len(RECORD) + 1) + bytes(16), FormatError, 3 + len(RECORD), "the sync marker differs"),
        (raw_block(1, RECORD, size=len(RECORD) + 20), TruncatedError, 0, "the bytes end inside the block"),
        (raw_block(1, RECORD, size=DEFAULT_LIMITS.block_bytes + 1), LimitError, 1, "limits.block_bytes is 67108864"),
        (raw_block(1, RECORD, size=2**62), LimitError, 1, "limits.block_bytes"),
        (b"\x80" * 10 + b"\1", FormatError, 0, "more than 10 bytes"),
        (b"\2" + b"\xff" * 9 + b"\x7f", FormatError, 1, "past 64 bits"),
        (b"\2", TruncatedError, 0, "the bytes end inside the block"),
    ],
)
def test_verdicts_with_their_byte(block: bytes, error: type[FormatError], offset: int, message: str) -> None:
    records = decode_blocks(HEADER, FIRST + block)
    assert [next(records), next(records)] == [ship(0), ship(1)]
    with pytest.raises(error, match=message) as caught:
        next(records)
    assert type(caught.value) is error
    assert (caught.value.offset, caught.value.block) == (len(FIRST) + offset, 1)


def test_the_record_and_path_at_fault() -> None:
    bad = RECORD[:-2] + b"\xff" * 5 + b"\x7f\0"  # the last gun is past 32 bits
    data = encode_long(2) + encode_long(len(RECORD + bad)) + RECORD + bad + MARKER
    with pytest.raises(FormatError) as caught:
        list(decode_blocks(HEADER, FIRST + data))
    assert (caught.value.block, caught.value.record, caught.value.path) == (1, 1, "guns[2]")
    assert caught.value.offset == len(FIRST) + 2 + 2 * len(RECORD) - 2


def test_in_a_compressed_block_the_byte_is_the_blocks_first() -> None:
    import zlib

    packed = zlib.compress(RECORD + RECORD[:-2] + b"\xff" * 5 + b"\x7f\0", wbits=-15)
    with pytest.raises(FormatError, match=f"byte {2 * len(RECORD) - 2} of the block's uncompressed data") as caught:
        list(decode_blocks(DEFLATE, PACKED + raw_block(2, packed)))
    assert (caught.value.offset, caught.value.block) == (len(PACKED), 1)
    assert (caught.value.record, caught.value.path) == (1, "guns[2]")
    with pytest.raises(FormatError, match="bad deflate data") as caught:
        list(decode_blocks(DEFLATE, PACKED + raw_block(1, b"\xff")))
    assert (caught.value.offset, caught.value.block) == (len(PACKED), 1)


def test_an_unknown_codec_is_told_when_a_block_is_read() -> None:
    header = decode_header(encode_header(SHIP, codec="null", sync_marker=MARKER).replace(b"\x08null", b"\x08lzo4"))
    with pytest.raises(UnsupportedCodecError) as caught:
        list(decode_blocks(header, FIRST))
    assert (caught.value.offset, caught.value.block) == (0, 0)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_the_block_limit_when_reading(codec: str) -> None:
    _, (head, block) = make_file([ship(3)] * 9, codec=codec)
    size = 9 * len(SHIP.encode(ship(3)))
    assert list(decode_blocks(decode_header(head, limits=DEFAULT_LIMITS._replace(block_bytes=size)), block)) == [ship(3)] * 9
    with pytest.raises(LimitError):
        list(decode_blocks(decode_header(head, limits=DEFAULT_LIMITS._replace(block_bytes=size - 1)), block))


def test_the_block_limit_when_writing() -> None:
    size = 9 * len(SHIP.encode(ship(3)))
    at, below = (parse_schema(SHIP.json, limits=DEFAULT_LIMITS._replace(block_bytes=limit)) for limit in (size, size - 1))
    assert make_file([ship(3)] * 9, schema=at)
    for codec in ("null", "deflate"):
        with pytest.raises(DatumError, match="limits.block_bytes"):
            make_file([ship(3)] * 9, schema=below, codec=codec)


def test_values_that_take_no_byte_are_counted_in_the_whole_block() -> None:
    schema = parse_schema(NULLS.json, limits=DEFAULT_LIMITS._replace(zero_byte_items=10))
    header, (_, block) = make_file([[None] * 4, [None] * 6], schema=schema)  # type: ignore[list-item]
    assert list(decode_blocks(header, block)) == [[None] * 4, [None] * 6]
    with pytest.raises(DatumError, match="limits.zero_byte_items"):
        make_file([[None] * 4, [None] * 7], schema=schema)  # type: ignore[list-item]
    with pytest.raises(LimitError):
        list(decode_blocks(header, raw_block(2, NULLS.encode([None] * 4) + NULLS.encode([None] * 7))))


@pytest.mark.parametrize("count", [1_000_001, 2**31, 2**60])
def test_a_hostile_count_of_records_that_take_no_byte(count: int) -> None:
    header, _ = make_file(schema=parse_schema("null"))
    with pytest.raises(LimitError):
        list(decode_blocks(header, raw_block(count, b"")))


def test_records_that_do_not_fit() -> None:
    with pytest.raises(DatumError) as caught:
        encode_block(HEADER, [ship(1), {"name": "x", "hp": "much", "guns": []}])
    assert (caught.value.record, caught.value.path) == (1, "hp")
    with pytest.raises(DatumError) as caught:
        encode_block(make_file(schema=NULLS)[0], [[None], [1]])
    assert (caught.value.record, caught.value.path) == (1, "[0]")
    with pytest.raises(DatumError, match="a block without records"):
        encode_block(HEADER, [])
