"""`Reader`: the records and blocks of a container file."""

from collections.abc import Iterator
from itertools import chain
from types import TracebackType
from typing import Any, Self, cast

from avro_ocf.api import parse_schema
from avro_ocf.container.block import HEAD_BYTES, Block, StoredBlock, decode_block, decode_head, placed, truncated_block
from avro_ocf.container.header import SYNC_BYTES, Header
from avro_ocf.container.parser import NEED_DATA, Signal, StreamParser
from avro_ocf.errors import FormatError, LimitError, TruncatedError
from avro_ocf.files.binary import PathOrFile, Source
from avro_ocf.limits import DEFAULT_LIMITS, Limits


class Reader:
    """Reads a container file: a path, or a binary file object, which may be a pipe and is read from its current position.

    Iterate over it for the records, each as `reader_schema` (a `Schema`, or what `parse_schema` takes) asks. It is read once: a
    loop goes on where the last one stopped, with whole blocks read ahead. `header` is the file's `Header`, and every offset counts
    from the file's start. Errors are `FormatError`, with the place in the file, `SchemaError`, and `OSError` from the file itself.
    """

    def __init__(
        self,
        file_or_path: PathOrFile,
        reader_schema: object = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        logical_types: bool = True,
    ) -> None:
        self._reader_schema = (
            None if reader_schema is None else parse_schema(reader_schema, limits=limits, logical_types=logical_types)
        )
        self._source = Source(file_or_path)
        self._parser = StreamParser(limits=limits, logical_types=logical_types)
        try:
            self.header = header = cast("Header", self._next_event())
            if self._reader_schema:
                header.schema.decoder(self._reader_schema)
        except BaseException:
            self.close()
            raise
        self._records = chain.from_iterable(decode_block(header, stored, self._reader_schema) for stored in self.stored_blocks())

    def __iter__(self) -> Iterator[Any]:
        return self._records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if it was given as a path."""
        self._source.close()

    def stored_blocks(self) -> Iterator[StoredBlock]:
        """Yield the blocks as they are stored, from where the last loop stopped: for copying them as they are."""
        while isinstance(event := self._next_event(), StoredBlock):
            yield event

    def blocks(self) -> Iterator[Block]:
        """Yield where each block stands, without unpacking any: from the first one if the file is seekable, else as
        `stored_blocks`.

        Sync markers are checked, records are not.
        """
        if self._source.is_seekable:
            return self._scan()
        return (stored.block for stored in self.stored_blocks())

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
        return decode_block(self.header, stored, self._reader_schema)

    def _next_event(self) -> Header | StoredBlock | Signal:
        while (event := self._parser.next_event()) is NEED_DATA:
            self._parser.receive_data(self._source.read())
        return event

    def _scan(self) -> Iterator[Block]:
        """Yield the blocks of a seekable file, reading only their heads and sync markers."""
        source, limit = self._source, self.header.schema.limits.block_bytes
        start = self.header.size
        index = 0
        while head_bytes := source.read_at(start, HEAD_BYTES):
            try:
                head = decode_head(head_bytes, limit)
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
