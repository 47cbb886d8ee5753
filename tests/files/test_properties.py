"""Properties of whole files over random schemas, values, codecs and layouts of blocks."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import (
    END,
    NEED_DATA,
    AvroError,
    FormatError,
    Limits,
    Reader,
    Schema,
    StreamParser,
    TruncatedError,
    Writer,
    concat,
    decode_blocks,
    parse_schema,
    recode,
    scan_blocks,
)
from avro_ocf.container.compression import CODECS, codec_for_reading
from avro_ocf.errors import UnsupportedCodecError
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.container.build import MARKER
from tests.damage import damaged


def can_write(codec: str) -> bool:
    try:
        return codec_for_reading(codec).compress is not None
    except UnsupportedCodecError:
        return False


WRITABLE = [codec for codec in CODECS if can_write(codec)]
LIMITS = Limits(block_bytes=100_000, header_bytes=100_000, zero_byte_items=10_000)

STEPS = ("one by one", "together", "a block of their own", "and cut")


def write(writer: Writer, records: list[Any], step: str) -> None:
    if step == "one by one":
        for record in records:
            writer.write(record)
    elif step == "a block of their own" and records:
        writer.write_block(records)
    else:
        writer.write_many(iter(records))
        if step == "and cut":
            writer.flush()


def draw_file(data: st.DataObject, schema: Schema, codec: str) -> tuple[bytes, Writer, list[Any]]:
    """Draw a file's layout and records, and return its bytes, the writer that is done with it, and the records."""
    out = io.BytesIO()
    written: list[Any] = []
    writer = Writer(out, schema, codec, sync_marker=MARKER, block_size=data.draw(st.sampled_from([1, 10, 100, 10_000])))
    for _ in range(data.draw(st.integers(0, 3))):
        if data.draw(st.booleans()):
            writer.close()
            out.seek(0)
            writer = Writer.append(out)
        records = data.draw(st.lists(from_schema(schema.node, huge=False), max_size=3))
        write(writer, records, data.draw(st.sampled_from(STEPS)))
        written += records
    writer.close()
    return out.getvalue(), writer, written


@pytest.mark.parametrize("codec", WRITABLE)
@given(data=st.data())
def test_every_layout_comes_back_and_is_accounted_for(codec: str, data: st.DataObject) -> None:
    file, writer, records = draw_file(data, parse_schema(data.draw(schemas(large=False))), codec)
    reader = Reader(io.BytesIO(file))
    assert same(list(reader), records)
    blocks = list(reader.blocks())
    assert blocks == writer.blocks == list(scan_blocks(io.BytesIO(file)))
    assert reader.header.size + sum(block.length for block in blocks) == len(file)
    assert sum(block.record_count for block in blocks) == len(records)
    start = 0
    for block in blocks:
        fetched = file[block.start_byte : block.start_byte + block.length]
        found = list(decode_blocks(reader.header, fetched, start_byte=block.start_byte))
        assert same(found, records[start : start + block.record_count])
        assert same(reader.read_block(block), found)
        start += block.record_count


@given(st.data())
def test_joining_and_recoding_keep_the_records(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas(large=False)))
    files, expected = [], []
    for _ in range(2):
        file, _, records = draw_file(data, schema, data.draw(st.sampled_from(WRITABLE)))
        files.append(file)
        expected += records
    joined, recoded = io.BytesIO(), io.BytesIO()
    blocks = concat([io.BytesIO(file) for file in files], joined)
    assert list(scan_blocks(io.BytesIO(joined.getvalue()))) == blocks
    recode(io.BytesIO(joined.getvalue()), recoded, data.draw(st.sampled_from(WRITABLE)))
    for out in (joined, recoded):
        assert same(list(Reader(io.BytesIO(out.getvalue()))), expected)


@given(st.data())
def test_what_nobody_asked_for_is_passed_over_to_the_same_byte(data: st.DataObject) -> None:
    fields = [
        {"name": "before", "type": "int"},
        {"name": "middle", "type": data.draw(schemas(large=False))},
        {"name": "after", "type": "string"},
    ]
    schema = parse_schema({"type": "record", "name": "All_of_it", "fields": fields})
    file, _, records = draw_file(data, schema, "null")
    ends = {"type": "record", "name": "All_of_it", "fields": [fields[2], fields[0]]}
    assert list(Reader(io.BytesIO(file), ends)) == [{"after": each["after"], "before": each["before"]} for each in records]
    for record in records:
        encoded = schema.encode(record)
        assert schema.skipper.skip(encoded + b"?") == len(encoded)


def events(file: bytes, cuts: list[int]) -> list[object]:
    """Return the events of a file that comes in pieces, and its error if it has one."""
    parser = StreamParser()
    found: list[object] = []
    pieces = [file[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    for piece in [*filter(None, pieces), b""]:
        parser.receive_data(piece)
        try:
            while (event := parser.next_event()) not in (END, NEED_DATA):  # a header has no hash
                found.append(event)
        except AvroError as error:
            return [*found, (type(error), str(error))]
    return found


@given(st.data())
def test_any_split_gives_the_same_events(data: st.DataObject) -> None:
    file, _, _ = draw_file(data, parse_schema(data.draw(schemas(large=False))), data.draw(st.sampled_from(WRITABLE)))
    if data.draw(st.booleans()):
        file = data.draw(damaged(file))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), max_size=8)))
    assert events(file, cuts) == events(file, []) == events(file, list(range(len(file))))


def read(file: bytes) -> list[Any]:
    with Reader(io.BytesIO(file), limits=LIMITS) as reader:
        return list(reader)


@given(st.data())
def test_every_truncation_is_told_after_the_whole_blocks_before_it(data: st.DataObject) -> None:
    file, writer, records = draw_file(data, parse_schema(data.draw(schemas(large=False))), data.draw(st.sampled_from(WRITABLE)))
    whole = {writer.header.size: 0}
    for block in writer.blocks:
        whole[block.start_byte + block.length] = whole[block.start_byte] + block.record_count
    for length in range(len(file) + 1):
        found: list[Any] = []
        if length in whole:
            found = read(file[:length])
        else:
            with pytest.raises(TruncatedError):
                found.extend(Reader(io.BytesIO(file[:length])))
        assert same(found, records[: max((count for end, count in whole.items() if end <= length), default=0)])


@given(st.data())
def test_every_change_of_one_byte_is_read_or_told(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(WRITABLE))
    file, writer, _ = draw_file(data, parse_schema(data.draw(schemas(large=False, max_leaves=4))), codec)
    changes = [1 << bit for bit in range(8)] + [0xFF, data.draw(st.integers(1, 255))]
    for index in range(len(file)):
        # In the header nearly every change makes another schema, each of which must be compiled.
        for change in changes[-1:] if index < writer.header.size else changes:
            damaged_file = file[:index] + bytes([file[index] ^ change]) + file[index + 1 :]
            try:
                read(damaged_file)
            except FormatError as error:
                if index >= writer.header.size:
                    assert (error.offset is not None, error.block is not None) == (True, True)
            except AvroError:
                assert index < writer.header.size
