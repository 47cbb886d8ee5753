"""Files to write: cut back to their last whole block when a disk is full, in one writer's hands, and opened as they must be."""

import gzip
import io
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from avro_ocf.errors import AvroError, DatumError, TruncatedError, UnsupportedCodecError
from avro_ocf.files import sink
from avro_ocf.files.reader import Reader, scan_blocks
from avro_ocf.files.writer import Writer
from tests.container.build import MARKER, SHIP, ship

SHIPS = [ship(number) for number in range(60)]


class Full(io.RawIOBase):
    """A raw file that has no room for more than so many bytes, can be sought, and takes few at a time."""

    def __init__(self, room: int) -> None:
        self.inner = io.BytesIO()
        self._room = room

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    def truncate(self, size: int | None = None) -> int:
        return self.inner.truncate(size)

    def write(self, data: Any) -> int:
        left = self._room - self.inner.tell()
        if left <= 0:
            raise OSError(28, "no space left on device")
        return self.inner.write(bytes(data)[: min(left, 9)])


def write_ships(file: Any) -> Writer | None:
    """Write as far as there is room. Return the writer, or None where there was none for a header."""
    try:
        writer = Writer(file, SHIP, "null", block_size=40)
    except OSError:
        return None
    with suppress(OSError), writer:
        writer.write_many(SHIPS[:20])
        for record in SHIPS[20:40]:
            writer.write(record)
        writer.write_block(SHIPS[40:])
    return writer


def check_whole(data: bytes, writer: Writer | None) -> bool:
    """Check a file against the blocks that a writer told, and tell whether it is all of it."""
    if writer is None:
        assert data == b""
        return False
    assert list(scan_blocks(io.BytesIO(data))) == writer.blocks
    count = sum(block.record_count for block in writer.blocks)
    assert list(Reader(io.BytesIO(data))) == SHIPS[:count]
    with pytest.raises(AvroError, match="closed"):
        writer.write(SHIPS[0])
    return count == len(SHIPS)


@pytest.mark.parametrize("buffer_size", [0, 1, 10, 100, 8192])
def test_a_disk_that_is_full_at_any_byte(buffer_size: int) -> None:
    for room in range(5000):
        raw = Full(room)
        if check_whole_after(raw, buffer_size):
            break
    assert room > 1000


def check_whole_after(raw: Full, buffer_size: int) -> bool:
    file: Any = io.BufferedWriter(raw, buffer_size) if buffer_size else raw
    writer = write_ships(file)
    file.flush()  # nothing is left to be written later
    return check_whole(raw.inner.getvalue(), writer)


@pytest.mark.host
@pytest.mark.parametrize("mode", ["path", "wb", "w+b", "unbuffered", "temporary"])
def test_a_file_that_may_not_grow(mode: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "ships.avro"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in range(100, 3000, 53):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with opened(path, mode) as (file, name):
                writer = write_ships(file)
                if mode != "path":
                    file.flush()
                check_whole(Path(name).read_bytes(), writer)
            if mode != "temporary":
                check_whole(path.read_bytes(), writer)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def opened(path: Path, mode: str) -> Iterator[tuple[Any, str]]:
    if mode == "path":
        yield path, str(path)
    elif mode == "temporary":
        with tempfile.NamedTemporaryFile() as temporary:
            yield temporary, temporary.name
    else:
        with open(path, "wb" if mode == "unbuffered" else mode, buffering=0 if mode == "unbuffered" else -1) as file:
            yield file, str(path)


def test_what_is_behind_the_place_of_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"before" + bytes(10_000) + b"behind")
    for failing in (False, True):
        with open(path, "r+b") as file:
            file.seek(6)
            with Writer(file, SHIP, "null", block_size=40) as writer:
                writer.write_many(SHIPS)
                if failing:
                    with pytest.raises(KeyboardInterrupt):
                        writer.write_many(interrupting())
            end = file.tell()
        data = path.read_bytes()
        assert (data[:6], data[end:][-6:], len(data)) == (b"before", b"behind", 10_012)
        assert list(Reader(io.BytesIO(data[6:end]))) == SHIPS
        assert end == 6 + writer.blocks[-1].start_byte + writer.blocks[-1].length


def interrupting() -> Iterator[dict[str, object]]:
    raise KeyboardInterrupt
    yield {}


def test_a_buffered_file_knows_where_it_is(tmp_path: Path) -> None:
    with open(tmp_path / "x", "w+b") as file:
        file.write(b"before")
        with Writer(file, SHIP) as writer:
            writer.write_block(SHIPS)
            end = file.tell()
            assert end == 6 + writer.header.size + writer.blocks[0].length
            file.seek(6)
            assert list(Reader(file)) == SHIPS  # which moves it
            writer.write_block(SHIPS[:1])
        file.write(b"behind")
        file.seek(6)
        data = file.read()
    assert data.endswith(b"behind")
    assert list(Reader(io.BytesIO(data.removesuffix(b"behind")))) == [*SHIPS, SHIPS[0]]


def test_a_file_that_does_not_wait() -> None:
    class Never(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, _: Any) -> None:
            return None

    with pytest.raises(BlockingIOError, match="takes no more bytes"):
        Writer(cast("Any", Never()), SHIP)


def test_what_a_closed_file_has_not_taken_is_an_error() -> None:
    out = io.BytesIO()
    writer = Writer(out, SHIP)
    writer.write(SHIPS[0])
    out.close()
    with pytest.raises(ValueError, match="closed"):
        writer.close()
    writer.close()


@pytest.mark.parametrize("mode", ["ab", "a+b"])
@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("size", [0, 5])
def test_a_file_opened_for_appending(mode: str, buffering: int, size: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(size))
    with open(path, mode, buffering=buffering) as file:
        with pytest.raises(AvroError, match=r"for appending, .* Writer\.append"):
            Writer(cast("BinaryIO", file), SHIP)
        assert not file.closed
    with gzip.open(path, "ab") as packed, pytest.raises(AvroError, match="Writer.append"):
        Writer(cast("BinaryIO", packed), SHIP)
    assert path.read_bytes()[:size] == bytes(size)


def test_append_takes_a_file_opened_for_appending_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "x"
    Writer(path, SHIP).close()
    for number in range(3):
        with open(path, "a+b", buffering=-1 if number % 2 else 0) as file, Writer.append(file) as writer:
            writer.write(SHIPS[number])
    with Reader(path) as reader:
        assert list(reader) == SHIPS[:3]
    with open(path, "ab") as file, pytest.raises(OSError, match="read"):
        Writer.append(file)


def test_wrappers_that_are_no_appending() -> None:
    with gzip.GzipFile(fileobj=io.BytesIO(), mode="wb") as packed, tempfile.SpooledTemporaryFile() as temporary:
        assert not sink.appends(packed)
        assert not sink.appends(temporary)
    out = io.BytesIO()
    with gzip.open(out, "wb") as packed, Writer(cast("BinaryIO", packed), SHIP) as writer:
        writer.write_many(SHIPS)
    out.seek(0)
    with gzip.open(out) as unpacked:
        assert list(Reader(cast("BinaryIO", unpacked))) == SHIPS


def test_modes_of_a_path(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Writer(path, SHIP, mode="x") as writer:
        writer.write(SHIPS[0])
    with pytest.raises(FileExistsError):
        Writer(path, SHIP, mode="x")
    for number in (1, 2):
        with Writer(path, SHIP.json.replace(",", ", "), mode="a") as writer:
            writer.write(SHIPS[number])
            assert len(writer.blocks) == number
    with Reader(path) as reader:
        assert list(reader) == SHIPS[:3]
    Writer(path, SHIP).close()
    with Reader(path) as reader:
        assert list(reader) == []
    for new in ("made", "empty"):
        if new == "empty":
            (tmp_path / new).touch()
        with Writer(tmp_path / new, SHIP, "null", metadata={"k": "v"}, mode="a") as writer:
            writer.write(SHIPS[0])
        with Reader(tmp_path / new) as reader:
            assert (reader.header.metadata, list(reader)) == ({"k": b"v"}, SHIPS[:1])


def test_a_file_that_is_there_must_be_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x"
    Writer(path, SHIP, "bzip2", metadata={"k": "v"}, sync_marker=MARKER).close()
    before = path.read_bytes()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"schema": "int"}, "another schema"),
        ({"codec": "null"}, "codec is 'bzip2', not 'null'"),
        ({"metadata": {"k": "w"}}, "other metadata"),
        ({"metadata": {"l": "v"}}, "other metadata"),
        ({"sync_marker": bytes(16)}, "another sync marker"),
        ({"level": 10}, "levels of"),
    ]
    for arguments, message in cases:
        with pytest.raises(DatumError, match=message):
            Writer(path, **{"schema": SHIP, "mode": "a", **arguments})
        assert path.read_bytes() == before
    Writer(path, SHIP, "bzip2", metadata={"k": "v"}, sync_marker=MARKER, mode="a").close()
    Writer(path, SHIP, mode="a").close()
    assert path.read_bytes() == before
    path.write_bytes(b"no Avro at all")
    with pytest.raises(AvroError, match="not an Avro container file"):
        Writer(path, SHIP, mode="a")


@pytest.mark.parametrize("mode", ["wb", "r", "r+", "", None])
def test_other_modes_are_refused(mode: Any, tmp_path: Path) -> None:
    with pytest.raises(DatumError, match="mode is 'w', 'x', 'a', not"):
        Writer(tmp_path / "x", SHIP, mode=mode)
    assert not (tmp_path / "x").exists()


def test_a_mode_is_no_argument_by_position(tmp_path: Path) -> None:
    for mode in ("w", "wb", "a", "a+b", "xb"):
        with pytest.raises(UnsupportedCodecError, match=f"unknown codec '{mode[0]}.*mode='w', 'x' or 'a'".replace("+", "[+]")):
            Writer(tmp_path / "x", SHIP, mode)
    for mode in ("x", "a"):
        with pytest.raises(DatumError, match="for a path"):
            Writer(io.BytesIO(), SHIP, mode=mode)
    with pytest.raises(TypeError, match="a codec is a str, not dict"):
        Writer(tmp_path / "x", SHIP, cast("Any", {"k": "v"}))


def test_a_crashed_end_names_salvage(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Writer(path, SHIP) as writer:
        writer.write_block(SHIPS)
    path.write_bytes(path.read_bytes()[:-1])
    appending: list[Callable[[], Writer]] = [lambda: Writer.append(path), lambda: Writer(path, SHIP, mode="a")]
    for append in appending:
        with pytest.raises(TruncatedError, match="`salvage`") as caught:
            append()
        assert (caught.value.offset, caught.value.block) == (writer.header.size, 0)


def grow(path: str, count: int, ready: Any, results: Any) -> None:
    """Append records, each time anew, and tell how often another process was in the way."""
    ready.wait()
    refused = 0
    for number in range(count):
        try:
            with Writer.append(path) as writer:
                writer.write(ship(number))
        except AvroError as error:
            assert "being written" in str(error)
            refused += 1
    results.put(refused)


needs_locks = pytest.mark.skipif(sys.platform in {"win32", "emscripten"}, reason="this system has no such locks")


@needs_locks
def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x"

    def try_all() -> None:
        with open(path, "r+b") as file:
            second: list[Callable[[], Writer]] = [
                lambda: Writer.append(path),
                lambda: Writer(path, SHIP),
                lambda: Writer(path, SHIP, mode="a"),
                lambda: Writer.append(file),
                lambda: Writer(file, SHIP),
            ]
            for open_it in second:
                with pytest.raises(AvroError, match="being written by another writer"):
                    open_it()

    with Writer(path, SHIP) as writer:
        writer.write_many(SHIPS[:30])
        try_all()
        with Reader(path) as reader:
            assert list(reader) == []
        writer.write_many(SHIPS[30:])
    with Writer.append(path) as writer:
        try_all()
        writer.write(SHIPS[0])
    with open(path, "r+b") as file:
        with Writer.append(file):
            try_all()
        Writer.append(path).close()
    with Reader(path) as reader:
        assert list(reader) == [*SHIPS, SHIPS[0]]


@pytest.mark.host
@needs_locks
def test_processes_that_append(tmp_path: Path) -> None:
    path = str(tmp_path / "x")
    Writer(path, SHIP).close()
    context = multiprocessing.get_context("spawn")
    ready, results = context.Event(), context.Queue()
    processes = [context.Process(target=grow, args=(path, 50, ready, results)) for _ in range(2)]
    for process in processes:
        process.start()
    ready.set()
    refused = sum(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert refused < 100
    assert len(list(scan_blocks(path))) == 100 - refused


@pytest.mark.parametrize("is_path", [True, False])
def test_a_second_writer_is_noticed_without_locks(is_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "lock", lambda _: None)
    path = tmp_path / "x"
    memory = io.BytesIO()
    Writer(path if is_path else memory, SHIP).close()

    def append() -> Writer:
        memory.seek(0)
        return Writer.append(path if is_path else memory)

    first, second = append(), append()
    first.write_block(SHIPS[:1])
    second.write(SHIPS[1])
    with pytest.raises(AvroError, match="another writer is writing the file"):
        second.flush()
    with pytest.raises(AvroError, match="closed"):
        second.flush()
    first.write_block(SHIPS[2:3])
    first.close()
    assert list(Reader(io.BytesIO(path.read_bytes() if is_path else memory.getvalue()))) == [SHIPS[0], SHIPS[2]]


def test_a_file_that_was_cut_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Writer(path, SHIP) as writer:
        writer.write_block(SHIPS)
        os.truncate(path, 10)
        with pytest.raises(AvroError, match="it has 10 bytes"):
            writer.write_block(SHIPS)


def test_a_device_takes_all() -> None:
    with Writer(os.devnull, SHIP) as writer:
        writer.write_many(SHIPS * 100)
    assert sum(block.record_count for block in writer.blocks) == 6000
