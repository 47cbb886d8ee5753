"""What people give by mistake, and what the error says to do: no file, a text file, an empty one, one for several."""

import codecs
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from avro_ocf.container.block import encode_block
from avro_ocf.container.parser import StreamParser, decode_blocks
from avro_ocf.errors import FormatError, TruncatedError
from avro_ocf.files.reader import Reader, scan_blocks
from avro_ocf.files.splice import concat, recode, salvage
from avro_ocf.files.writer import Writer
from tests.container.build import make_file, ship

SHIPS = [ship(number) for number in range(20)]
HEADER, PARTS = make_file(SHIPS[:5], SHIPS[5:])
FILE = b"".join(PARTS)

Use = Callable[[Any], object]


def uses(path: Path) -> list[Use]:
    """Return every way to give a file, `path` being a place for another one."""
    return [
        Reader,
        Writer.append,
        lambda file: Writer(file, "int"),
        lambda file: list(scan_blocks(file)),
        lambda file: concat([file], path),
        lambda file: recode(file, path),
        lambda file: salvage(file, path),
        lambda file: concat([io.BytesIO(FILE)], file),
        lambda file: salvage(io.BytesIO(FILE), file),
    ]


@pytest.mark.parametrize("what", [FILE, bytearray(), memoryview(b""), 7, None])
def test_what_is_no_file(what: Any, tmp_path: Path) -> None:
    for use in uses(tmp_path / "x"):
        with pytest.raises(TypeError, match="a path or a binary file object to (read|write) is wanted") as caught:
            use(what)
        assert ("io.BytesIO" in str(caught.value)) == (not isinstance(what, int | None))


def test_a_file_in_text_mode(tmp_path: Path) -> None:
    path = tmp_path / "ships.avro"
    path.write_bytes(FILE)
    with (
        open(path, "r+", encoding="latin-1") as text,
        codecs.StreamReaderWriter(open(path, "r+b"), *codecs.lookup("latin-1")[2:4]) as older,
        tempfile.NamedTemporaryFile("w+") as temporary,
    ):
        for file in (text, older, temporary, io.StringIO("Obj")):
            for use in uses(tmp_path / "x"):
                with pytest.raises(TypeError, match="a binary file object is wanted, not one in text mode: open it with mode 'rb'"):
                    use(file)
    assert path.read_bytes() == FILE
    assert not (tmp_path / "x").exists()


class Parts:
    """Gives one part after the other to a reader."""

    def __init__(self, *parts: Any) -> None:
        self._parts = iter(parts)

    def read(self, _: int) -> Any:
        return next(self._parts)


def test_what_a_file_may_give_to_be_read() -> None:
    for kind in (bytes, bytearray, memoryview):
        assert list(Reader(cast("Any", Parts(kind(FILE[:100]), kind(FILE[100:]), kind(b""))))) == SHIPS
    with pytest.raises(TypeError, match="text mode"):
        Reader(cast("Any", Parts("Obj")))
    with pytest.raises(BlockingIOError, match="does not wait"):
        Reader(cast("Any", Parts(FILE[:10], None)))


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for file in (tmp_path / "empty", io.BytesIO()):
        for use in (uses(tmp_path / "x")[number] for number in (0, 1, 3, 4, 5, 6)):
            with pytest.raises(TruncatedError, match="the file is empty") as caught:
                use(file)
            assert caught.value.offset == 0


def test_a_file_that_stands_at_its_end(tmp_path: Path) -> None:
    out = io.BytesIO()
    with Writer(out, HEADER.schema) as writer:
        writer.write_many(SHIPS)
    for use in (uses(tmp_path / "x")[number] for number in (0, 1, 3, 4, 5, 6)):
        with pytest.raises(TruncatedError, match=f"stands at its end, byte {len(out.getvalue())}: seek to where the file begins"):
            use(out)
    out.seek(0)
    assert list(Reader(out)) == SHIPS


@pytest.mark.parametrize("sources", ["x.avro", b"x.avro", Path("x.avro"), io.BytesIO(FILE)])
def test_one_file_is_no_list_of_files(sources: Any) -> None:
    with pytest.raises(TypeError, match="a list of files"):
        concat(sources, io.BytesIO())


ALL_OF: list[Use] = [list, lambda reader: list(reader.blocks()), lambda reader: list(reader.stored_blocks())]


@pytest.mark.parametrize("use", ALL_OF)
def test_files_joined_without_concat(use: Use) -> None:
    with pytest.raises(FormatError, match="the first bytes of a file; .* without `concat`") as caught:
        use(Reader(io.BytesIO(FILE + FILE)))
    assert (caught.value.offset, caught.value.block) == (len(FILE), 2)


def test_a_server_that_ignored_the_range() -> None:
    block = next(Reader(io.BytesIO(FILE)).blocks())
    for data in (FILE, FILE[: block.length], FILE[:4], FILE[:1]):
        with pytest.raises(FormatError, match="first bytes of a file; the server may have ignored the range") as caught:
            list(decode_blocks(HEADER, data, start_byte=block.start_byte))
        assert (caught.value.offset, caught.value.block) == (block.start_byte, 0)

    class Ignorant(io.BytesIO):
        """Begins anew wherever it is sought to."""

        def seek(self, offset: int, whence: int = 0) -> int:
            return super().seek(0 if whence == 0 else offset, whence)

    reader = Reader(Ignorant(FILE))
    with pytest.raises(FormatError, match="the server may have ignored the range"):
        reader.read_block(block)


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<html><body>502</body>", b"<html>", b'<?xml version="1.0"?><Error/>'])
def test_a_page_where_blocks_were_asked_for(page: bytes) -> None:
    with pytest.raises(FormatError, match="this looks like HTML or XML") as caught:
        list(decode_blocks(HEADER, page, start_byte=500))
    assert caught.value.block == 0
    assert caught.value.offset is not None
    assert caught.value.offset >= 500
    with pytest.raises(FormatError) as plain:
        list(decode_blocks(HEADER, encode_block(HEADER, SHIPS) + page))
    assert "HTML" not in str(plain.value)


def test_the_error_is_the_same_however_the_bytes_come() -> None:
    def error_of(*parts: bytes) -> str:
        parser = StreamParser(header=HEADER)
        try:
            for part in parts:
                parser.receive_data(part)
                parser.next_event()
        except FormatError as error:
            return str(error)
        return ""

    assert len({error_of(FILE[:length], FILE[length:]) for length in range(1, 30)}) == 1
