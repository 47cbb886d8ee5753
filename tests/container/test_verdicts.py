"""Where Avro libraries differ in what they take for a file: our verdict on headers, blocks and sync markers."""

import io
import zlib

import pytest

from avro_ocf import FormatError, Reader, StreamParser, TruncatedError, decode_blocks, decode_header, encode_header, salvage
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, entry, make_file, raw_block, raw_header, ship

FILE_HEADER, (HEAD, FIRST, SECOND) = make_file([ship(0), ship(1)], [ship(2)])
SHIPS = [ship(0), ship(1), ship(2)]


def read(data: bytes) -> tuple[list[object], FormatError | None]:
    """Return the records of a file up to its end or its error."""
    found: list[object] = []
    try:
        found.extend(Reader(io.BytesIO(data)))
    except FormatError as error:
        return found, error
    return found, None


def error_of(data: bytes) -> tuple[int, type[FormatError], int | None, int | None]:
    """Return how many records came before the error of a file, and the error's type, byte and block."""
    found, error = read(data)
    assert found == SHIPS[: len(found)]
    assert error is not None
    return len(found), type(error), error.offset, error.block


def test_longer_varints_in_heads_of_blocks_and_files() -> None:
    block = b"\x82\x80\0" + b"\x84\0" + b"\2a" + MARKER
    head = raw_header(b"\x81\x80\0", b"\xaa\x80\0", entry("avro.schema", b'"string"'))  # one entry, in 21 bytes
    assert read(head + block) == (["a"], None)


@pytest.mark.parametrize("number", [b"\x80" * 10 + b"\0", b"\xff" * 9 + b"\2"], ids=["past 10 bytes", "past 64 bits"])
def test_varints_past_their_bounds_in_heads_of_blocks_and_files(number: bytes) -> None:
    start = len(HEAD + FIRST)
    assert error_of(HEAD + FIRST + number + SECOND) == (2, FormatError, start, 1)
    assert error_of(HEAD + FIRST + b"\2" + number + SECOND) == (2, FormatError, start + 1, 1)
    with pytest.raises(FormatError) as caught:
        decode_header(raw_header(number))
    assert caught.value.offset == 4


def test_a_sync_marker_that_differs() -> None:
    """No record of that block is given out, and salvage goes on after it."""
    bad = HEAD + FIRST[:-1] + b"?" + SECOND
    assert error_of(bad) == (0, FormatError, len(HEAD + FIRST) - 16, 0)
    assert error_of(HEAD + FIRST + SECOND[:-16] + bytes(16)) == (2, FormatError, len(HEAD + FIRST + SECOND) - 16, 1)
    with pytest.raises(FormatError, match="sync marker"):
        next(decode_blocks(FILE_HEADER, FIRST[:-1] + b"?" + SECOND))
    third = raw_block(1, SHIP.encode(ship(9)))
    out = io.BytesIO()
    report = salvage(io.BytesIO(bad + third), out)
    assert [block.start_byte for block in report.kept] == [len(bad)]
    assert read(out.getvalue()) == ([ship(9)], None)


def test_records_that_do_not_use_up_exactly_their_block() -> None:
    record = SHIP.encode(ship(3))
    start = len(HEAD + FIRST)
    for block, offset in (
        (raw_block(1, record + b"\0"), 2 + len(record)),
        (raw_block(2, record), 2 + len(record)),
        (raw_block(0, record), 2),
        (raw_block(1, record[:-1]), 1 + len(record)),
        (raw_block(-1, record), 0),
        (raw_block(1, record, size=-1), 1),
    ):
        count, kind, at, index = error_of(HEAD + FIRST + block)
        assert (count, kind, index) == (2, FormatError, 1)
        assert at == start + offset


def test_empty_blocks_anywhere() -> None:
    empty = raw_block(0, b"")
    assert read(HEAD + empty + FIRST + empty + empty + SECOND + empty) == (SHIPS, None)
    assert list(decode_blocks(FILE_HEADER, empty + FIRST + empty + SECOND + empty)) == SHIPS


def test_every_truncation() -> None:
    """Also of the last sync marker alone, also inside the next block's head; the whole blocks before it come first."""
    file = HEAD + FIRST + SECOND
    ends = {len(HEAD): 0, len(HEAD + FIRST): 2, len(file): 3}
    for length in range(len(HEAD), len(file) + 1):
        if length in ends:
            assert read(file[:length]) == (SHIPS[: ends[length]], None)
        else:
            index = int(length > len(HEAD + FIRST))
            assert error_of(file[:length]) == (2 * index, TruncatedError, len(HEAD + FIRST) if index else len(HEAD), index)
    for length in range(len(HEAD)):
        with pytest.raises(TruncatedError):
            Reader(io.BytesIO(HEAD[:length]))
    parser = StreamParser(header=FILE_HEADER)
    parser.receive_data(b"\x80")
    parser.receive_data(b"")
    with pytest.raises(TruncatedError):
        parser.next_event()


@pytest.mark.parametrize("junk", [b"\0", b"\0\0\0\0\1", b"x" * 100, MARKER])
def test_stray_bytes_after_a_deflate_stream(junk: bytes) -> None:
    head = encode_header(SHIP, codec="deflate", sync_marker=MARKER)
    packed = zlib.compress(SHIP.encode(ship(0)), wbits=-15)
    assert read(head + raw_block(1, packed + junk)) == ([ship(0)], None)


def test_a_checksum_must_match() -> None:
    head = raw_header(encode_long(2), entry("avro.schema", b'"string"'), entry("avro.codec", b"snappy"))
    packed, checksum = b"\4\x0c\6abc", zlib.crc32(b"\6abc")
    assert read(head + raw_block(1, packed + checksum.to_bytes(4, "big"))) == (["abc"], None)
    found, error = read(head + raw_block(1, packed + (checksum ^ 1).to_bytes(4, "big")))
    assert (found, type(error), error and error.offset) == ([], FormatError, len(head))


def test_no_codec_means_null() -> None:
    head = raw_header(encode_long(1), entry("avro.schema", SHIP.json.encode()))
    assert decode_header(head).codec == "null"
    assert read(head + FIRST + SECOND) == (SHIPS, None)


SCHEMA_ENTRY = entry("avro.schema", SHIP.json.encode())
LARGE = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    "parts",
    [
        [encode_long(1), SCHEMA_ENTRY, encode_long(1), entry("k", b"v")],
        [encode_long(-2), encode_long(len(SCHEMA_ENTRY) + 4), SCHEMA_ENTRY, entry("k", b"v")],
        [encode_long(-1), encode_long(4), entry("k", b"v"), encode_long(1), SCHEMA_ENTRY],
        [encode_long(2), entry("k", b"\xff\0" + MARKER), SCHEMA_ENTRY],
        [encode_long(2), entry("k", LARGE), SCHEMA_ENTRY],
    ],
    ids=["several blocks", "negative count", "both", "any bytes", "any size"],
)
def test_every_form_of_the_header_map(parts: list[bytes]) -> None:
    head = raw_header(*parts)
    header = decode_header(head)
    assert (header.size, list(header.metadata)) == (len(head), ["k"])
    assert header.metadata["k"] in {b"v", b"\xff\0" + MARKER, LARGE}
    assert read(head + FIRST + SECOND) == (SHIPS, None)
