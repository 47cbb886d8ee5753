"""`Writer`: what it writes is read back, blocks stand where it says, and a failure leaves the file whole."""

import io
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import encode_block
from avro_ocf.container.header import decode_header
from avro_ocf.errors import AvroError, DatumError, SchemaError, TruncatedError, UnsupportedCodecError
from avro_ocf.files.reader import Reader, scan_blocks
from avro_ocf.files.writer import Writer, encode_header
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.container.build import MARKER, NULLS, SHIP, ship

SHIPS = [ship(number) for number in range(300)]
BAD = {"name": "x", "hp": "much", "guns": []}
SHIP_BYTES = len(SHIP.encode(ship(3)))


def read(data: bytes) -> list[Any]:
    """Read a file back, and check that its blocks make it up exactly."""
    with Reader(io.BytesIO(data)) as reader:
        assert reader.header.size + sum(block.length for block in reader.blocks()) == len(data)
        return list(reader)


def small(**limits: int) -> Any:
    return parse_schema(SHIP.json, limits=DEFAULT_LIMITS._replace(**limits))


@pytest.mark.parametrize("codec", ["null", "deflate"])
@given(data=st.data())
def test_records_come_back_whatever_the_schema_and_block_size(codec: str, data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    records = data.draw(st.lists(from_schema(schema.node), max_size=6))
    out = io.BytesIO()
    with Writer(out, schema, codec, sync_marker=MARKER, block_size=data.draw(st.integers(1, 100))) as writer:
        writer.write_many(records[:2])
        for record in records[2:]:
            writer.write(record)
    assert same(read(out.getvalue()), records)
    assert list(scan_blocks(io.BytesIO(out.getvalue()))) == writer.blocks


def test_one_by_one_or_together_make_the_same_bytes() -> None:
    files = []
    for together in (True, False):
        out = io.BytesIO()
        with Writer(out, SHIP, metadata={"k": "v"}, sync_marker=MARKER, block_size=500) as writer:
            if together:
                writer.write_many(iter(SHIPS))
            else:
                for record in SHIPS:
                    writer.write(record)
        assert len(writer.blocks) > 5
        assert writer.header == decode_header(out.getvalue())
        files.append(out.getvalue())
    assert files[0] == files[1]
    assert read(files[0]) == SHIPS


def test_sync_markers_are_random_unless_given() -> None:
    markers = {decode_header(encode_header(SHIP)).sync_marker for _ in range(5)}
    assert len(markers) == 5
    assert decode_header(encode_header("int", sync_marker=MARKER)).sync_marker == MARKER


def test_blocks_are_cut_when_they_reach_the_block_size() -> None:
    for size, counts in ((1, [1, 1, 1]), (SHIP_BYTES, [1, 1, 1]), (SHIP_BYTES + 1, [2, 1]), (3 * SHIP_BYTES, [3])):
        with Writer(io.BytesIO(), SHIP, "null", block_size=size) as writer:
            writer.write_many([ship(3)] * 3)
        assert [block.record_count for block in writer.blocks] == counts


def test_a_block_of_its_own() -> None:
    out = io.BytesIO()
    with Writer(out, SHIP, "null", sync_marker=MARKER) as writer:
        writer.write(ship(1))
        block = writer.write_block(ship(number) for number in (2, 3))
        writer.write(ship(4))
    assert [at.record_count for at in writer.blocks] == [1, 2, 1]
    assert block == writer.blocks[1]
    expected = encode_block(writer.header, [ship(2), ship(3)])
    assert out.getvalue()[block.start_byte : block.start_byte + block.length] == expected
    assert read(out.getvalue()) == [ship(1), ship(2), ship(3), ship(4)]


def test_flush_cuts_the_block() -> None:
    out = io.BytesIO()
    writer = Writer(out, SHIP)
    assert out.getvalue()
    writer.flush()
    assert writer.blocks == []
    writer.write(ship(1))
    writer.flush()
    assert read(out.getvalue()) == [ship(1)]
    writer.close()


def test_a_record_that_does_not_fit_leaves_no_trace() -> None:
    files = []
    for failing in (True, False):
        out = io.BytesIO()
        with Writer(out, SHIP, sync_marker=MARKER, block_size=500) as writer:
            for record in SHIPS[:100]:
                if failing:
                    with pytest.raises(DatumError, match="hp"):
                        writer.write(BAD)
                writer.write(record)
            if failing:
                with pytest.raises(DatumError) as caught:
                    writer.write_many([*SHIPS[100:200], BAD, *SHIPS])
                assert (caught.value.record, caught.value.path) == (100, "hp")
                with pytest.raises(DatumError) as caught:
                    writer.write_block([SHIPS[0], BAD])
                assert caught.value.record == 1
                with pytest.raises(DatumError, match="a block without records"):
                    writer.write_block([])
            else:
                writer.write_many(SHIPS[100:200])
            writer.write_many(SHIPS[200:])
        files.append(out.getvalue())
    assert files[0] == files[1]


def test_an_iterator_that_fails_loses_nothing_before_it() -> None:
    def failing() -> Iterator[object]:
        yield from SHIPS[:100]
        raise KeyError("mine")

    out = io.BytesIO()
    with Writer(out, SHIP, block_size=500) as writer:
        with pytest.raises(KeyError, match="mine"):
            writer.write_many(failing())
        writer.write(SHIPS[100])
    assert read(out.getvalue()) == SHIPS[:101]


def test_an_exception_in_the_with_block_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "ships.avro"

    def fail() -> None:
        with Writer(path, SHIP) as writer:
            writer.write(ship(1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert read(path.read_bytes()) == [ship(1)]


def test_a_closed_writer() -> None:
    writer = Writer(io.BytesIO(), SHIP)
    writer.close()
    writer.close()
    for call in (lambda: writer.write(ship(1)), lambda: writer.write_many([]), lambda: writer.write_block([ship(1)]), writer.flush):
        with pytest.raises(AvroError, match="closed"):
            call()


def test_nothing_is_opened_when_the_arguments_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    for error, arguments in (
        (SchemaError, ("nothing",)),
        (UnsupportedCodecError, (SHIP, "lzo")),
        (DatumError, (SHIP, "null", 1)),
        (DatumError, (SHIP, "deflate", 10)),
        (TypeError, (SHIP, "deflate", "9")),
        (DatumError, (SHIP, "null", None, {"avro.x": b""})),
        (DatumError, (SHIP, "null", None, None, b"short")),
        (DatumError, (SHIP, "null", None, None, None, 0)),
    ):
        with pytest.raises(error):
            Writer(path, *cast("Any", arguments))
    assert path.read_bytes() == b"old"
    with pytest.raises(TypeError, match="a path or a binary file object to write is wanted, not int"):
        Writer(cast("Any", 7), SHIP)
    with pytest.raises(OSError, match="directory"):
        Writer(tmp_path, SHIP)


class Narrow(io.RawIOBase):
    """A raw file that takes a few bytes at a time, and fails past its room."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.taken = bytearray()
        self._room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if len(self.taken) >= self._room:
            raise OSError(28, "no space left on device")
        part = bytes(data)[: min(7, self._room - len(self.taken))]
        self.taken += part
        return len(part)


def test_a_raw_file_that_takes_little_at_a_time() -> None:
    out = Narrow()
    with Writer(cast("Any", out), SHIP) as writer:
        writer.write_many(SHIPS)
    assert read(bytes(out.taken)) == SHIPS


def test_a_full_disk_ends_the_writer() -> None:
    out = Narrow(room=1000)
    with pytest.raises(OSError, match="no space left"), Writer(cast("Any", out), SHIP, block_size=100) as writer:
        writer.write_many(SHIPS)
    with pytest.raises(AvroError, match="closed"):
        writer.write(ship(1))
    assert len(out.taken) == 1000


@pytest.mark.parametrize("together", [True, False])
def test_the_block_limit(together: bool) -> None:
    out = io.BytesIO()
    schema = small(block_bytes=3 * SHIP_BYTES + 1)
    longest = {"name": "x" * (schema.limits.block_bytes - 3), "hp": 1, "guns": []}
    assert len(SHIP.encode(longest)) == schema.limits.block_bytes
    records = [ship(3), ship(3), longest, ship(3)]
    with Writer(out, schema, "null") as writer:
        if together:
            writer.write_many(records)
        else:
            for record in records:
                writer.write(record)
        with pytest.raises(DatumError, match="limits.block_bytes") as caught:
            writer.write_many([ship(3), {**longest, "hp": 100}])
        assert caught.value.record == 1
    assert read(out.getvalue()) == [*records, ship(3)]
    assert [block.record_count for block in writer.blocks] == [2, 1, 2]


@pytest.mark.parametrize("together", [True, False])
def test_a_block_is_cut_before_its_zero_byte_values_pass_the_limit(together: bool) -> None:
    out = io.BytesIO()
    schema = parse_schema(NULLS.json, limits=DEFAULT_LIMITS._replace(zero_byte_items=10))
    records = [[None] * count for count in (4, 6, 1, 10, 0, 3)]
    with Writer(out, schema) as writer:
        if together:
            writer.write_many(records)
        else:
            for record in records:
                writer.write(record)
        with pytest.raises(DatumError) as caught:
            writer.write_many([[None], [None] * 11])
        assert caught.value.record == 1
    with Reader(io.BytesIO(out.getvalue()), limits=schema.limits) as reader:
        assert list(reader) == [*records, [None]]
    assert [block.record_count for block in writer.blocks] == [2, 1, 2, 2]


def test_many_records_of_no_byte() -> None:
    out = io.BytesIO()
    schema = parse_schema("null", limits=DEFAULT_LIMITS._replace(zero_byte_items=10))
    with Writer(out, schema) as writer:
        writer.write_many([None] * 25)
    assert [block.record_count for block in writer.blocks] == [10, 10, 5]
    with Reader(io.BytesIO(out.getvalue()), limits=schema.limits) as reader:
        assert list(reader) == [None] * 25


def test_a_compression_level() -> None:
    records = [ship(number) for number in range(2000)]
    sizes = []
    for level in (0, 1, 9):
        out = io.BytesIO()
        with Writer(out, SHIP, level=level) as writer:
            writer.write_many(records[:1000])
            writer.write_block(records[1000:1500])
            for record in records[1500:]:
                writer.write(record)
        assert read(out.getvalue()) == records
        sizes.append(len(out.getvalue()))
        out.seek(0)
        with Writer.append(out, level=level) as writer:
            assert writer.write_block(records).length < sizes[0] * 2
    assert sizes[0] > sizes[1] > sizes[2]
    with pytest.raises(DatumError, match="levels of deflate are 0 to 9, not 10"):
        Writer.append(io.BytesIO(out.getvalue()), level=10)


def test_append_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ships.avro"
    with Writer(path, SHIP, metadata={"k": b"v"}, sync_marker=MARKER, block_size=500) as first:
        first.write_many(SHIPS[:100])
    with Writer.append(path, block_size=500) as second:
        assert second.blocks == first.blocks
        assert second.header == first.header
        second.write_many(SHIPS[100:])
        second.write_block([ship(1)])
    assert read(path.read_bytes()) == [*SHIPS, ship(1)]
    assert list(scan_blocks(path)) == second.blocks
    before = path.read_bytes()
    Writer.append(path).close()
    assert path.read_bytes() == before


def test_append_to_a_file_object_from_where_it_stands() -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    with Writer(file, SHIP) as writer:
        writer.write(ship(1))
    file.seek(6)
    with Writer.append(file) as writer:
        writer.write(ship(2))
    assert file.getvalue()[:6] == b"before"
    assert read(file.getvalue()[6:]) == [ship(1), ship(2)]


def test_append_refuses_a_file_whose_end_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "ships.avro"
    with Writer(path, SHIP) as writer:
        writer.write_block([ship(1)])
        writer.write_block([ship(2)])
    data = path.read_bytes()
    for length in range(len(data)):
        if length in {writer.header.size, writer.blocks[1].start_byte}:
            continue
        path.write_bytes(data[:length])
        with pytest.raises(TruncatedError):
            Writer.append(path)
        assert path.read_bytes() == data[:length]
    with pytest.raises(FileNotFoundError):
        Writer.append(tmp_path / "none")


def test_a_file_object_is_not_closed(tmp_path: Path) -> None:
    with open(tmp_path / "x", "w+b") as file:
        Writer(file, SHIP).close()
        file.seek(0)
        Reader(file).close()
        file.seek(0)
        Writer.append(file).close()
        assert not file.closed
    assert os.path.getsize(tmp_path / "x") == len(encode_header(SHIP))


def test_no_record_is_lost_when_a_full_block_grows_by_compression() -> None:
    schema = parse_schema("bytes", limits=DEFAULT_LIMITS._replace(block_bytes=100))
    records = [random.Random(number).randbytes(9) for number in range(20)]
    file = io.BytesIO()
    with Writer(file, schema, block_size=1000) as writer:
        writer.write_many(records)
    assert list(Reader(io.BytesIO(file.getvalue()))) == records
    assert sum(block.record_count for block in writer.blocks) == 20


def test_a_block_size_that_is_no_int_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="block_size is an int, not float"):
        Writer(io.BytesIO(), SHIP, block_size=cast("Any", math.nan))


def test_a_record_too_large_once_compressed_takes_no_other_with_it() -> None:
    limit = 1000
    schema = parse_schema("bytes", limits=DEFAULT_LIMITS._replace(block_bytes=limit))
    incompressible = random.Random(1).randbytes(limit - 3)  # with its length, and the empty record before it, exactly the limit
    out = io.BytesIO()
    with Writer(out, schema, "deflate", block_size=limit) as writer:
        writer.write(b"")
        with pytest.raises(DatumError, match="limits.block_bytes"):
            writer.write(incompressible)
        writer.write(b"next")
    assert read(out.getvalue()) == [b"", b"next"]
