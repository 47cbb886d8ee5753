"""`Writer`: records into a container file, in blocks whose place is known."""

import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container import header as core
from avro_ocf.container.block import Block, StoredBlock, encode_records, frame_block, join_block, unpack_block
from avro_ocf.container.compression import codec_for_writing
from avro_ocf.container.header import SYNC_BYTES, Header, make_header
from avro_ocf.errors import AvroError, DatumError
from avro_ocf.files.binary import PathOrFile, Sink, is_path, open_sink
from avro_ocf.files.reader import Reader
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import Conversions

if TYPE_CHECKING:
    from avro_ocf.compiler import Encoder
    from avro_ocf.lenient import LenientEncoder

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


def lenient_encoder(schema: Schema) -> "LenientEncoder":
    """Return the encoder of a writer that is lenient, which is loaded for it alone."""
    from avro_ocf.lenient import LenientEncoder

    return LenientEncoder(schema.encoder)


class Writer:
    """Writes a container file: to a path, whose file it replaces, or to a binary file object from its current position.

    `schema` is a `Schema` or what `parse_schema` takes. `level` is how hard `codec` tries: deflate 0 to 9, bzip2 1 to 9, xz 0 to 9,
    zstandard -131072 to 22; null and snappy have none. A block is cut when its records reach `block_size` bytes before
    compression. `header` is the file's `Header`, and `blocks` lists where each block stands so far. The header is written at once.
    At the end of a `with` block, also one left by an exception, the records so far are written and the file is whole. A record
    that raises `DatumError` leaves the file as it was before it, and the next one is fine. With `lenient`, records that do not fit
    are made fit where that is usual elsewhere: keys without a field are left out, fields that may be null are filled in, any
    `Sequence`, `Mapping` and `memoryview` is taken, and times are rounded down.
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
    ) -> None:
        header, data = make_header(parse_schema(schema), codec=codec, metadata=metadata, sync_marker=_sync_marker(sync_marker))
        self._start(header, [], level, block_size, lenient=lenient)
        self._open(open_sink(file_or_path))
        self._put(data)

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

        A file object must be readable, writable and seekable, and is read from its current position. Raises `FormatError`, and
        `TruncatedError` when the file's end is not whole; nothing is written then.
        """
        owned = is_path(file_or_path, "write")
        file: Any = open(cast("str", file_or_path), "r+b") if owned else file_or_path  # noqa: SIM115 - closed by `close`
        try:
            start = file.tell()
            reader = Reader(file, limits=limits, logical_types=logical_types, conversions=conversions)
            writer = cls.__new__(cls)
            writer._start(reader.header, list(reader.blocks()), level, block_size, lenient=lenient)
            file.seek(start + writer._end)
        except BaseException:
            if owned:
                file.close()
            raise
        writer._open(Sink(file, owned=owned))
        return writer

    def _start(self, header: Header, blocks: list[Block], level: int | None, block_size: int, *, lenient: bool) -> None:
        codec_for_writing(header.codec, level)
        if not isinstance(block_size, int):
            raise TypeError(f"block_size is an int, not {type(block_size).__name__}")
        if block_size < 1:
            raise DatumError(f"block_size is 1 or more, not {block_size}")
        self.header = header
        self.blocks = blocks
        self._level = level
        self._end = blocks[-1].start_byte + blocks[-1].length if blocks else header.size
        limits = header.schema.limits
        self._block_size = min(block_size, limits.block_bytes)
        self._charge_limit = limits.zero_byte_items
        self._encoder: Encoder | LenientEncoder = lenient_encoder(header.schema) if lenient else header.schema.encoder
        self._data = bytearray()  # the records of the block being filled
        self._count = 0
        self._charge = 0

    def _open(self, sink: Sink) -> None:
        self._sink = sink
        self._closed = False
        self._append: Callable[[object, bytearray], int] = self._encoder.append

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def write(self, record: object) -> None:
        """Write one record. Raises `DatumError` with the path of what does not fit."""
        data = self._data
        charge = self._append(record, data)
        self._count += 1
        self._charge += charge
        if len(data) >= self._block_size or self._charge > self._charge_limit:
            self._cut_full(charge)

    def write_many(self, records: Iterable[object]) -> None:
        """Write each record. Raises `DatumError` with the `record` that does not fit; the ones before it are written."""
        self._check_open()
        if self._encoder.is_charged:
            self._write_each(records)
            return
        source = iter(records)
        written = 0
        while True:
            start = len(self._data)
            try:
                count = self._encoder.append_until(source, self._data, self._block_size)
            except BaseException as error:
                count = self._recount(start)
                self._count += count
                if isinstance(error, DatumError):
                    raise DatumError(error.message, error.path, written + count) from None
                raise
            self._count += count
            written += count
            if len(self._data) < self._block_size:
                return
            try:
                self._cut_full(0)
            except DatumError as error:
                raise DatumError(error.message, error.path, written - 1) from None

    def write_block(self, records: Iterable[object]) -> Block:
        """Write all `records` as one block of its own and return where it stands; what was written before is cut off first.

        Raises `DatumError` for a record that does not fit, for no record at all and past `limits.block_bytes`: no such block then.
        """
        self._check_open()
        count, data = encode_records(self.header.schema, records, self._encoder)
        framed = frame_block(self.header, count, data, self._level)
        self._cut()
        return self._put_block(count, framed)

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
        self._cut()
        return self._put_block(count, framed)

    def flush(self) -> None:
        """Cut the block being filled, and hand all to the operating system."""
        self._check_open()
        self._cut()
        self._sink.flush()

    def close(self) -> None:
        """Write what is left; then close the file if it was given as a path, else flush it. Closing again does nothing."""
        if self._closed:
            return
        try:
            self.flush()
        finally:
            self._shut()

    def _shut(self) -> None:
        self._closed = True
        self._append = self._refuse
        self._sink.close()

    def _refuse(self, *_: object) -> int:
        raise AvroError("the writer is closed")

    def _check_open(self) -> None:
        if self._closed:
            self._refuse()

    def _write_each(self, records: Iterable[object]) -> None:
        for index, record in enumerate(records):
            try:
                self.write(record)
            except DatumError as error:
                raise DatumError(error.message, error.path, index) from None

    def _recount(self, start: int) -> int:
        """Return how many whole records stand from `start` on after a failure among them, and drop what is left of one."""
        data = bytes(memoryview(self._data)[start:])
        skip = self.header.schema.skipper.skip
        count = position = 0
        while position < len(data):
            try:
                position = skip(data, position)
            except AvroError:
                del self._data[start + position :]
                break
            count += 1
        return count

    def _cut(self) -> None:
        """Write the block being filled, if it has any record."""
        if not self._count:
            return
        try:
            self._put_records(self._count, self._data)
        finally:
            self._data.clear()
            self._count = self._charge = 0

    def _put_records(self, count: int, data: bytes | bytearray) -> None:
        """Write records as one block, or as several where the codec makes one larger than its limit."""
        try:
            framed = frame_block(self.header, count, data, self._level)
        except DatumError:
            if count == 1:
                raise
        else:
            self._put_block(count, framed)
            return
        data, position = bytes(data), 0
        for _ in range(count // 2):
            position = self.header.schema.skipper.skip(data, position)
        try:
            self._put_records(count // 2, data[:position])
        except DatumError:  # one record is too large: the others are written all the same
            self._put_records(count - count // 2, data[position:])
            raise
        self._put_records(count - count // 2, data[position:])

    def _cut_full(self, last_charge: int) -> None:
        """Write the block being filled; its last record begins the next one if it takes this one past a limit."""
        limit = self.header.schema.limits.block_bytes
        if len(self._data) > limit or self._charge > self._charge_limit:
            last = self._take_last(last_charge)
            if len(last) > limit:
                raise DatumError(f"the record takes {len(last)} bytes; limits.block_bytes is {limit}")
            self._cut()
            self._data += last
            self._count, self._charge = 1, last_charge
            if len(last) < self._block_size:
                return
        self._cut()

    def _take_last(self, last_charge: int) -> bytes:
        """Take the last record back and return its bytes. This is rare, so that nothing keeps note of where records begin."""
        data, position = bytes(self._data), 0
        for _ in range(self._count - 1):
            position = self.header.schema.skipper.skip(data, position)
        del self._data[position:]
        self._count -= 1
        self._charge -= last_charge
        return data[position:]

    def _put_block(self, record_count: int, framed: bytes) -> Block:
        block = Block(self._end, len(framed), record_count)
        self._put(framed)
        self._end += len(framed)
        self.blocks.append(block)
        return block

    def _put(self, data: bytes) -> None:
        try:
            self._sink.write(data)
        except BaseException:
            self._shut()  # a part of it may be in the file: whatever followed would be unreadable
            raise
