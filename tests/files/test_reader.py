"""`Reader`: any binary input, records and blocks, and errors with their place in the file."""

import io
import itertools
import json
from pathlib import Path
from typing import Any, cast

import pytest

from avro_ocf.api import parse_schema
from avro_ocf.container.block import Block
from avro_ocf.container.parser import decode_blocks
from avro_ocf.errors import AvroError, FormatError, LimitError, ResolutionError, SchemaError, TruncatedError, UnsupportedCodecError
from avro_ocf.files.reader import Reader, scan_blocks
from avro_ocf.limits import DEFAULT_LIMITS
from tests.container.build import SHIP, make_file, raw_block, ship
from tests.files.concurrency import Pipe, interrupt_at
from tests.files.sharing import make

HEADER, PARTS = make_file([ship(0), ship(1)], [ship(2)], [ship(number) for number in range(3, 40)], codec="deflate")
FILE = b"".join(PARTS)
SHIPS = [ship(number) for number in range(40)]
BLOCKS = [
    Block(HEADER.size, len(PARTS[1]), 2),
    Block(HEADER.size + len(PARTS[1]), len(PARTS[2]), 1),
    Block(HEADER.size + len(PARTS[1]) + len(PARTS[2]), len(PARTS[3]), 37),
]


class Bare:
    """The least that can be read: it has `read` and nothing else."""

    def __init__(self, data: bytes) -> None:
        self.read = io.BytesIO(data).read


def inputs(path: Path) -> list[Any]:
    path.write_bytes(FILE)
    return [path, str(path), io.BytesIO(FILE), Pipe(FILE), io.BufferedReader(Pipe(FILE)), Bare(FILE)]


def test_every_input_gives_the_same(tmp_path: Path) -> None:
    for source in inputs(tmp_path / "ships.avro"):
        with Reader(source) as reader:
            assert reader.header == HEADER
            assert list(reader) == SHIPS
    for source in inputs(tmp_path / "ships.avro"):
        with Reader(source) as reader:
            assert list(reader.blocks()) == BLOCKS
    for source in inputs(tmp_path / "ships.avro"):
        assert list(scan_blocks(source)) == BLOCKS


def test_a_loop_goes_on_where_the_last_one_stopped() -> None:
    reader = Reader(io.BytesIO(FILE))
    assert next(iter(reader)) == ship(0)
    assert list(reader) == SHIPS[1:]
    assert list(reader) == []
    assert list(reader.blocks()) == BLOCKS  # seekable: the blocks are always there


def test_loops_and_next_take_turns() -> None:
    reader = Reader(io.BytesIO(FILE))
    records = iter(reader)
    assert [next(records), next(reader), next(records)] == SHIPS[:3]
    assert [record for record, _ in zip(reader, range(10), strict=False)] == SHIPS[3:13]
    assert next(reader) == SHIPS[14]  # `zip` took one more
    assert list(records) == SHIPS[15:]
    with pytest.raises(StopIteration):
        next(reader)
    assert next(reader, None) is None


def test_what_a_loop_could_not_read_is_the_next_stored_block() -> None:
    at = BLOCKS[1].start_byte
    data = FILE[:at] + raw_block(1, b"\xff") + FILE[BLOCKS[2].start_byte :]
    reader = Reader(io.BytesIO(data))
    for _ in range(2):
        with pytest.raises(FormatError, match="bad deflate data") as caught:
            list(reader)
        assert (caught.value.offset, caught.value.block) == (at, 1)
    assert next(reader.stored_blocks()).data == b"\xff"
    assert list(reader) == SHIPS[3:]


def test_an_interrupted_reader_goes_on_or_says_that_it_cannot() -> None:
    data, _ = make(10, "deflate", 4)
    outcomes = set()
    for step in itertools.count(1):
        taken: list[int] = []
        reader = Reader(io.BytesIO(data))
        if not interrupt_at(step, lambda reader=reader, taken=taken: taken.extend(iter(reader.__next__, None))):  # type: ignore[misc]
            break
        before = len(taken)
        try:
            taken += reader
        except AvroError as error:
            assert "interrupted" in str(error)
            outcomes.add("stopped")
        else:
            assert len(taken) >= 9
            outcomes.add("went on")
        # The record that was in flight may be lost.
        assert taken == list(range(len(taken))) or taken == [number for number in range(len(taken) + 1) if number != before]
    assert outcomes == {"stopped", "went on"}


def test_blocks_and_records_do_not_disturb_each_other() -> None:
    reader = Reader(io.BytesIO(FILE))
    found = []
    for block, record in zip(reader.blocks(), reader, strict=False):
        found.append(record)
        assert len(reader.read_block(block)) == block.record_count
    assert found == SHIPS[:3]


def test_read_block() -> None:
    reader = Reader(io.BytesIO(FILE))
    assert [reader.read_block(block) for block in reversed(BLOCKS)] == [SHIPS[3:], SHIPS[2:3], SHIPS[:2]]
    with pytest.raises(OSError, match="seek"):
        Reader(cast("Any", Pipe(FILE))).read_block(BLOCKS[0])


@pytest.mark.parametrize(
    ("block", "error"),
    [
        (BLOCKS[0]._replace(record_count=1), FormatError),
        (BLOCKS[0]._replace(length=BLOCKS[0].length + BLOCKS[1].length), FormatError),
        (BLOCKS[0]._replace(length=BLOCKS[0].length - 1), TruncatedError),
        (BLOCKS[0]._replace(length=0), FormatError),
        (BLOCKS[0]._replace(start_byte=len(FILE)), FormatError),
        (BLOCKS[0]._replace(length=2**40), LimitError),
    ],
)
def test_read_block_of_what_is_none(block: Block, error: type[FormatError]) -> None:
    with pytest.raises(error) as caught:
        Reader(io.BytesIO(FILE)).read_block(block)
    assert caught.value.offset == block.start_byte


def test_a_reader_schema() -> None:
    names = {
        "type": "record",
        "name": "Ship",
        "fields": [{"name": "name", "type": "string"}, {"name": "x", "type": "int", "default": 7}],
    }
    for schema in (names, parse_schema(names)):
        reader = Reader(io.BytesIO(FILE), schema)
        assert next(iter(reader)) == {"name": "ship 0", "x": 7}
        assert reader.read_block(BLOCKS[1]) == [{"name": "ship 2", "x": 7}]
    with pytest.raises(ResolutionError):
        Reader(io.BytesIO(FILE), "int")
    with pytest.raises(SchemaError):
        Reader(io.BytesIO(FILE), "nothing")


def test_offsets_count_from_where_the_file_object_stood() -> None:
    file = io.BytesIO(b"before" + FILE)
    file.seek(6)
    reader = Reader(file)
    assert list(reader.blocks()) == BLOCKS
    assert list(reader) == SHIPS
    assert reader.read_block(BLOCKS[1]) == [ship(2)]


def test_errors_have_their_place_in_the_file() -> None:
    at = BLOCKS[2].start_byte
    for data, error, offset in (
        (FILE[:-1] + b"?", FormatError, len(FILE) - 16),
        (FILE[:-1], TruncatedError, at),
        (FILE[: at + 1], TruncatedError, at),
        (FILE[:at] + raw_block(-1, b""), FormatError, at),
        (FILE[:at] + raw_block(1, b"", size=-1), FormatError, at + 1),
        (FILE[:at] + raw_block(1, b"", size=2**40), LimitError, at + 1),
    ):
        for seekable in (True, False):
            for what in ("blocks", "__iter__"):
                reader = Reader(io.BytesIO(data) if seekable else cast("Any", Pipe(data)))
                found: list[Any] = []
                with pytest.raises(error) as caught:
                    found.extend(getattr(reader, what)())
                assert type(caught.value) is error
                assert (caught.value.offset, caught.value.block) == (offset, 2)
    with pytest.raises(FormatError, match="bad deflate data") as caught:
        list(Reader(io.BytesIO(FILE[:at] + raw_block(1, b"\xff"))))
    assert (caught.value.offset, caught.value.block) == (at, 2)


def test_the_records_before_an_error_come_first() -> None:
    reader = iter(Reader(io.BytesIO(FILE[:-1])))
    assert [next(reader) for _ in range(3)] == SHIPS[:3]
    with pytest.raises(TruncatedError):
        next(reader)


def test_the_index_needs_no_codec() -> None:
    _, parts = make_file([ship(1)])
    data = parts[0].replace(b"\x08null", b"\x08lzo4") + parts[1]
    assert [block.record_count for block in scan_blocks(io.BytesIO(data))] == [1]
    with pytest.raises(UnsupportedCodecError):
        list(Reader(io.BytesIO(data)))


def test_limits_and_logical_types_are_handed_on() -> None:
    with pytest.raises(LimitError):
        Reader(io.BytesIO(FILE), limits=DEFAULT_LIMITS._replace(header_bytes=10))
    with pytest.raises(LimitError):
        list(Reader(io.BytesIO(FILE), limits=DEFAULT_LIMITS._replace(block_bytes=10)))
    schema = parse_schema({"type": "int", "logicalType": "date"})
    _, parts = make_file([1], schema=schema)  # type: ignore[list-item]
    assert list(Reader(io.BytesIO(b"".join(parts)), logical_types=False)) == [1]
    assert str(next(iter(Reader(io.BytesIO(b"".join(parts)))))) == "1970-01-02"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Reader(tmp_path / "none")
    assert HEADER.schema == SHIP


@pytest.mark.parametrize(
    "block", [Block(-5, 10, 1), Block(1 << 70, 10, 1), Block(HEADER.size, -1, 2), Block(HEADER.size, -(1 << 70), 2)]
)
def test_read_block_at_an_impossible_place(block: Block) -> None:
    with pytest.raises(FormatError, match="there is no Block"):
        Reader(io.BytesIO(FILE)).read_block(block)


def test_read_block_of_a_file_object_that_can_only_be_read() -> None:
    class OnlyRead:
        read = io.BytesIO(FILE).read

    with pytest.raises(OSError, match="not seekable"):
        Reader(cast("Any", OnlyRead())).read_block(BLOCKS[0])


def test_a_closed_reader(tmp_path: Path) -> None:
    path = tmp_path / "ships.avro"
    path.write_bytes(FILE)
    reader = Reader(path)
    reader.close()
    reader.close()
    for call in (lambda: list(reader.blocks()), lambda: reader.read_block(BLOCKS[0])):
        with pytest.raises(AvroError, match="closed"):
            call()


def test_branches_are_kept_by_every_way_of_reading() -> None:
    pets = parse_schema([{"type": "record", "name": name, "fields": []} for name in ("Cat", "Dog")])
    written: list[Any] = [("Dog", {}), ("Cat", {})]
    header, parts = make_file(written, written[:1], schema=pets)
    reader_schema = ["int", {"type": "record", "name": "Lynx", "aliases": ["Cat"], "fields": []}, {**json.loads(pets.json)[1]}]
    for schema, first, second in ((None, "Dog", "Cat"), (reader_schema, "Dog", "Lynx")):
        records: list[Any] = [(first, {}), (second, {}), (first, {})]
        with Reader(io.BytesIO(b"".join(parts)), schema, branches=True) as reader:
            assert list(reader) == records
            assert [record for block in reader.blocks() for record in reader.read_block(block)] == records
            parsed = None if schema is None else parse_schema(schema)
            data = b"".join(parts[1:])
            assert list(decode_blocks(header, data, parsed, branches=True)) == records
            assert list(decode_blocks(header, data, parsed)) == list(Reader(io.BytesIO(b"".join(parts)), schema)) == [{}] * 3
