"""`Reader`: the records and blocks of a container file."""

from collections.abc import Callable, Iterator
from itertools import chain
from operator import length_hint
from threading import RLock
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from avro_ocf.api import parse_schema
from avro_ocf.container.block import HEAD_BYTES, Block, StoredBlock, decode_block, decode_head, placed, truncated_block
from avro_ocf.container.header import SYNC_BYTES, Header
from avro_ocf.container.parser import NEED_DATA, Signal, StreamParser
from avro_ocf.errors import AvroError, FormatError, LimitError, TruncatedError
from avro_ocf.files.binary import PathOrFile, Source, has_global_lock
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import Conversions

Item = TypeVar("Item")


class _Pull(Generic[Item]):
    """An iterator that threads may share: `take` gives each item under a lock, and raises `StopIteration` at the end."""

    __slots__ = ("_lock", "_take")

    def __init__(self, take: Callable[[], Item], lock: Any) -> None:
        self._take = take
        self._lock = lock

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        with self._lock:
            return self._take()


class Reader:
    """Reads a container file: a path, or a binary file object, which may be a pipe and is read from its current position.

    Iterate over it for the records, each as `reader_schema` (a `Schema`, or what `parse_schema` takes) asks, with `branches` as
    `Schema.decode` gives them, and `conversions` as `parse_schema` takes them. It is read once: a loop, and `next`, goes on at the
    record after the last one, and an error comes again. `header` is the file's `Header`, and every offset counts from the file's
    start. Errors are `FormatError` and `ResolutionError`, with the place in the file, `SchemaError`, and `OSError` from the file.

    Threads may share a reader, and its iterators: each record goes to one of them, and `blocks` and `read_block` disturb nobody.
    """

    def __init__(
        self,
        file_or_path: PathOrFile,
        reader_schema: object = None,
        *,
        branches: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        logical_types: bool = True,
        conversions: Conversions | None = None,
    ) -> None:
        self._branches = branches
        self._reader_schema = (
            None
            if reader_schema is None
            else parse_schema(reader_schema, limits=limits, logical_types=logical_types, conversions=conversions)
        )
        self._lock = RLock()  # for all that moves the reader on
        self._current: Iterator[Any] | StoredBlock = iter([])  # the block taken last: what is left of it, or as it is stored
        self._torn = False  # an interrupt may have lost what was being read
        self._source = Source(file_or_path)
        self._parser = StreamParser(limits=limits, logical_types=logical_types, conversions=conversions)
        try:
            self.header = header = cast("Header", self._next_event())
            if self._reader_schema:
                header.schema.decoder(self._reader_schema, branches=branches)
        except BaseException as error:
            self.close()
            if isinstance(error, TruncatedError):
                self._source.check_not_empty()
            raise

    def __iter__(self) -> Iterator[Any]:
        # All loops take from the one iterator over the block's list, whose `next` is a single step where there is a global lock.
        records = chain.from_iterable(_Pull(self._take_records, self._lock))
        return records if has_global_lock() else _Pull(records.__next__, self._lock)

    def __next__(self) -> Any:
        for records in _Pull(self._take_records, self._lock):
            for record in records:
                return record
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was given as a path."""
        self._source.close()

    def stored_blocks(self) -> Iterator[StoredBlock]:
        """Yield the blocks as they are stored, from the first one that no loop has begun: for copying them as they are."""
        return _Pull(self._take_stored, self._lock)

    def blocks(self) -> Iterator[Block]:
        """Yield where each block stands, without unpacking any: from the first one if the file is seekable, else as
        `stored_blocks`.

        Sync markers are checked, records are not.
        """
        blocks = self._scan() if self._source.is_seekable else (stored.block for stored in self.stored_blocks())
        return _Pull(blocks.__next__, self._lock)

    def read_block(self, block: Block) -> list[Any]:
        """Return the records of `block`, of which `blocks` told; the file must be seekable, and iteration is not disturbed.

        Raises `FormatError` when the file has no such block.
        """
        limit = self.header.schema.limits.block_bytes + HEAD_BYTES + SYNC_BYTES
        if block.length > limit:
            raise LimitError(f"a block of {block.length} bytes is more than limits.block_bytes allows", offset=block.start_byte)
        missing = FormatError(f"there is no {block} here", offset=block.start_byte)
        if not self.header.size <= block.start_byte < 1 << 62 or block.length < 0:  # no file is longer
            raise missing
        parser = StreamParser(header=self.header, start_byte=block.start_byte)
        try:
            parser.receive_data(self._source.read_at(block.start_byte, block.length))
        except OverflowError:  # where an index has 32 bits, bytes in memory end sooner
            raise missing from None
        parser.receive_data(b"")
        stored = parser.next_event()
        if not isinstance(stored, StoredBlock) or stored.block != block:
            raise missing
        return self._decode(stored)

    def _decode(self, stored: StoredBlock) -> list[Any]:
        return decode_block(self.header, stored, self._reader_schema, branches=self._branches)

    def _next_event(self) -> Header | StoredBlock | Signal:
        while (event := self._parser.next_event()) is NEED_DATA:
            self._parser.receive_data(self._source.read())
        return event

    def _next_stored(self) -> StoredBlock:
        """Return the next block of the file; the caller notes that it has it. Raises `StopIteration` at the end."""
        if self._torn:
            raise AvroError("reading was interrupted, and a block may be lost: make a new reader")
        self._torn = True
        try:
            event = self._next_event()
        except Exception:
            self._torn = False
            raise
        if isinstance(event, StoredBlock):
            return event
        self._torn = False
        raise StopIteration

    def _take_records(self) -> Iterator[Any]:
        """Return the iterator over the records of the block that is being given out, or of the next one when it is used up.

        Each step that moves on is one assignment, so that an interrupt doubles nothing, and loses nothing in silence.
        """
        while True:
            current = self._current
            if isinstance(current, StoredBlock):
                self._current = iter(self._decode(current))
            elif length_hint(current):
                return current
            else:
                self._current = self._next_stored()
                self._torn = False

    def _take_stored(self) -> StoredBlock:
        current = self._current
        if isinstance(current, StoredBlock):
            self._current = iter([])
        else:
            current = self._next_stored()
            self._torn = False
        return current

    def _scan(self) -> Iterator[Block]:
        """Yield the blocks of a seekable file, reading only their heads and sync markers."""
        source = self._source
        start = self.header.size
        index = 0
        while head_bytes := source.read_at(start, HEAD_BYTES):
            try:
                head = decode_head(head_bytes, self.header)
            except TruncatedError:
                raise truncated_block(start, index) from None
            except FormatError as error:
                raise placed(error, start, index) from None
            end = start + head.length
            marker = source.read_at(end - SYNC_BYTES, SYNC_BYTES)
            if len(marker) < SYNC_BYTES:
                raise truncated_block(start, index)
            if marker != self.header.sync_marker:
                raise FormatError("the sync marker differs", offset=end - SYNC_BYTES, block=index)
            yield Block(start, head.length, head.record_count)
            start = end
            index += 1


def scan_blocks(file_or_path: PathOrFile, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Block]:
    """Yield where each block of a container file stands, whoever wrote it, without unpacking any. Raises as `Reader`."""
    with Reader(file_or_path, limits=limits) as reader:
        yield from reader.blocks()
