"""`Writer`: records into a container file, in blocks whose place is known."""

import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from avro_ocf.api import parse_schema
from avro_ocf.container import header as core
from avro_ocf.container.block import Block, StoredBlock, encode_records, frame_block, join_block, unpack_block
from avro_ocf.container.header import SYNC_BYTES, Header, make_header
from avro_ocf.errors import DatumError, TruncatedError, UnsupportedCodecError
from avro_ocf.files.binary import PathOrFile, is_path
from avro_ocf.files.filler import Filler, refuse
from avro_ocf.files.reader import Reader
from avro_ocf.files.sink import MODES, Sink, appends, open_file, release
from avro_ocf.json_text import loads
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import Conversions

BLOCK_SIZE: Final = 16 * 1024
"""Bytes of records, before compression, at which a block is cut unless told otherwise."""

Metadata = Mapping[str, bytes | str]


def encode_header(
    schema: object, *, codec: str = "deflate", metadata: Metadata | None = None, sync_marker: bytes | None = None
) -> bytes:
    """Return the bytes of a new file's header, with a random sync marker where none is given.

    `schema` is a `Schema` or what `parse_schema` takes; a `str` in `metadata` is written as UTF-8. Raises `DatumError` for reserved
    metadata keys and for a sync marker that is not 16 bytes, `UnsupportedCodecError` and `SchemaError`.
    """
    return core.encode_header(parse_schema(schema), codec=codec, metadata=metadata, sync_marker=_sync_marker(sync_marker))


def _sync_marker(given: bytes | None) -> bytes:
    return os.urandom(SYNC_BYTES) if given is None else given


def _check_same(header: Header, wanted: Header, sync_marker: bytes | None) -> None:
    """Raise `DatumError` where a file that is there has not what was asked for."""
    if loads(header.schema.json) != loads(wanted.schema.json):
        raise DatumError("the file has another schema; Writer.append goes on with it as it is")
    if wanted.codec not in (header.codec, "deflate"):  # which was perhaps not asked for
        raise DatumError(f"the file's codec is {header.codec!r}, not {wanted.codec!r}; `recode` changes it")
    if sync_marker not in (header.sync_marker, None) or not wanted.metadata.items() <= header.metadata.items():
        raise DatumError("the file has another sync marker or other metadata, which stay as they are")


class Writer(Filler):
    """Writes a container file: to a path, whose file it replaces, or to a binary file object from its current position.

    `schema` is a `Schema` or what `parse_schema` takes. `level` is how hard `codec` tries: deflate 0 to 9, bzip2 1 to 9, xz 0 to 9,
    zstandard -131072 to 22; null and snappy have none. A block is cut when its records reach `block_size` bytes before
    compression. `header` is the file's `Header`, which is written at once, and `blocks` lists the blocks in the file so far. At the
    end of a `with` block, also one left by an exception, the records so far are written and the file is whole. A record that
    raises `DatumError` leaves the file as it was before it, and the next one is fine. With `lenient`, records that do not fit are
    made fit where that is usual elsewhere: keys without a field are left out, fields that may be null are filled in, any
    `Sequence`, `Mapping` and `memoryview` is taken, and times are rounded down.

    `mode` is for a path, as `open` has it: "w" replaces a file, "x" makes a new one and raises `FileExistsError` for an old one,
    "a" goes on with a file that has this schema, or makes it; its codec and metadata stay as they are then.

    Threads may share a writer: each record is in the file once, in no order of theirs. An interrupt, such as Ctrl-C, leaves the
    file whole up to the last of `blocks`; `close` writes the rest, and only records of the call that it hit are in doubt. An
    `OSError`, as from a full disk, ends the writer, and a file that can be sought is cut back to the last of `blocks`. A file that
    another writer has is an `AvroError`: at once where the system has locks, else when it is found to have grown.
    """

    def __init__(
        self,
        file_or_path: PathOrFile,
        schema: object,
        codec: str = "deflate",
        level: int | None = None,
        metadata: Metadata | None = None,
        sync_marker: bytes | None = None,
        block_size: int = BLOCK_SIZE,
        *,
        lenient: bool = False,
        mode: str = "w",
    ) -> None:
        if codec and set(codec) <= set("rwxabt+"):
            raise UnsupportedCodecError(f"unknown codec {codec!r}; a file's mode is given by name: mode='w', 'x' or 'a'")
        if mode not in MODES:
            raise DatumError(f"mode is {', '.join(map(repr, MODES))}, not {mode!r}")
        schema = parse_schema(schema)
        header, data = make_header(schema, codec=codec, metadata=metadata, sync_marker=_sync_marker(sync_marker))
        self._start(header, [], level, block_size, lenient=lenient)
        file = open_file(file_or_path, mode)
        owned = is_path(file_or_path, "write")
        try:
            if mode == "a" and file.seek(0, os.SEEK_END):
                file.seek(0)
                options = {"limits": schema.limits, "logical_types": schema.logical_types, "conversions": dict(schema.conversions)}
                self._continue(file, owned, level, block_size, lenient, options)
                _check_same(self.header, header, sync_marker)
            else:
                self._sink = Sink(file, owned=owned)
                self._sink.put(0, data)
        except BaseException:
            release(file, owned)
            raise

    @classmethod
    def append(
        cls,
        file_or_path: PathOrFile,
        *,
        level: int | None = None,
        block_size: int = BLOCK_SIZE,
        limits: Limits = DEFAULT_LIMITS,
        logical_types: bool = True,
        conversions: Conversions | None = None,
        lenient: bool = False,
    ) -> Self:
        """Continue a file, with its schema, codec and sync marker; `blocks` starts with the blocks that are there.

        A file object must be readable, writable and seekable, and is read from its current position, but one that was opened for
        appending from its start. Raises `FormatError`, and `TruncatedError` when the file's end is not whole, which `salvage`
        mends; nothing is written then.
        """
        file = open_file(file_or_path, "r+")
        owned = is_path(file_or_path, "write")
        writer = cls.__new__(cls)
        try:
            if appends(file):
                file.seek(0)
            options = {"limits": limits, "logical_types": logical_types, "conversions": conversions}
            writer._continue(file, owned, level, block_size, lenient, options)
        except BaseException:
            release(file, owned)
            raise
        return writer

    def _continue(
        self, file: Any, owned: bool, level: int | None, block_size: int, lenient: bool, options: Mapping[str, Any]
    ) -> None:
        """Read what is in a file from where it stands, with those options of a reader, to write on behind it."""
        start = file.tell()
        try:
            reader = Reader(file, **options)
            blocks = list(reader.blocks())
        except TruncatedError as error:
            if error.block is None:
                raise
            message = f"{error.message}; nothing was added: `salvage` makes a file of what is whole"
            raise TruncatedError(message, offset=error.offset, block=error.block) from None
        self._start(reader.header, blocks, level, block_size, lenient=lenient)
        file.seek(start + self._end)
        self._sink = Sink(file, owned=owned, start=start, offset=self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def write(self, record: object) -> None:
        """Write one record. Raises `DatumError` with the path of what does not fit."""
        texts = [self._text(record)]
        length = len(texts[0])
        size = self._size + length
        if size < self._room:
            self._size = size
            self._take(texts)
        else:
            self._add(texts, texts[0], None)

    def write_many(self, records: Iterable[object]) -> None:
        """Write each record. Raises `DatumError` with the `record` that does not fit; the ones before it are written.

        Other threads need not wait while `records` does.
        """
        if self._closed:
            refuse()
        if self._encoder.is_charged:
            self._write_each(records)
            return
        source = iter(records)
        written = 0
        while True:
            texts: list[str] = []
            space = self._block_size - self._size
            try:
                self._encoder.append_texts(source, texts, space)
            except DatumError as error:
                raise DatumError(error.message, error.path, written + len(texts)) from None
            finally:
                length = 0
                if texts:
                    before = written
                    written += len(texts)
                    data = "".join(texts)
                    length = len(data)
                    size = self._size + length
                    if size < self._room:
                        self._size = size
                        self._take(texts)
                    else:
                        self._add(texts, data, before)
            if length < space or not length:
                return

    def write_block(self, records: Iterable[object]) -> Block:
        """Write all `records` as one block of its own and return where it stands; what was written before is cut off first.

        Raises `DatumError` for a record that does not fit, for no record at all and past `limits.block_bytes`: no such block then.
        """
        self._check_open()
        count, data = encode_records(self.header.schema, records, self._encoder)
        return self._put_block(count, frame_block(self.header, count, data, self._level))

    def copy_block(self, header: Header, stored: StoredBlock) -> Block:
        """Write a block of another file, whose `header` has a schema of the same encoding, and return where it now stands.

        Its records are not decoded; its data is packed anew if the codec differs or a level was given. Raises `DatumError` for a
        schema that `Schema.encodes_like` tells from this one, and `FormatError` for data that cannot be unpacked.
        """
        self._check_open()
        if not header.schema.encodes_like(self.header.schema):
            raise DatumError("the block has another schema: decode its records with `branches`, and write those")
        count = stored.block.record_count
        if header.codec == self.header.codec and self._level is None:
            framed = join_block(self.header, count, stored.data)
        else:
            framed = frame_block(self.header, count, unpack_block(header, stored), self._level)
        return self._put_block(count, framed)

    def flush(self) -> None:
        """Cut the block being filled, and hand all to the operating system."""
        with self._lock:
            self._check_open()
            self._cut()
            self._sink.flush()

    def close(self) -> None:
        """Write what is left; then close the file if it was given as a path, else flush it. Closing again does nothing."""
        with self._lock:
            if self._finished:
                return
            self._closed = True
            self._text = self._take = refuse
            self._room = 0
            try:
                self._finish()
            except Exception:
                raise
            except BaseException:  # an interrupt: the records are written first
                self._finish()
                raise
            finally:
                self._shut()

    def _finish(self) -> None:
        self._cut()
        self._sink.flush()

    def _write_each(self, records: Iterable[object]) -> None:
        for index, record in enumerate(records):
            try:
                self.write(record)
            except DatumError as error:
                raise DatumError(error.message, error.path, index) from None
