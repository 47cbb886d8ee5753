"""A push parser for container files: bytes go in as they come, whole blocks come out.

The events of a stream, and its error if it has one, are the same however the stream is split. Time is linear in its bytes, and
memory is bounded by the largest block (at most `limits.block_bytes`) and what was given last.
"""

from collections.abc import Iterator
from typing import Any, Final

from avro_ocf.api import Schema
from avro_ocf.container.block import HEAD_BYTES, Block, BlockHead, StoredBlock, decode_block, decode_head, placed, truncated_block
from avro_ocf.container.header import SYNC_BYTES, Header, HeaderParser
from avro_ocf.errors import FormatError, NeedMoreData, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import Conversions

PAGES: Final = (b"<!doctype", b"<html", b"<?xml")
"""How text begins that a server sends where it has an error to tell."""


class Signal:
    """The type of `NEED_DATA` and `END`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name  # pickled and copied, it is the very same


NEED_DATA: Final = Signal("NEED_DATA")
"""The event that asks for more bytes."""

END: Final = Signal("END")
"""The event after the last block."""


class StreamParser:
    """Parses a container file from its start, or a run of whole blocks when its `header` is given.

    Call `receive_data` with bytes, and with `b""` at their end; `next_event` returns the `Header` (unless it was given), then each
    `StoredBlock`, `NEED_DATA` whenever more bytes must come first, and `END`. Errors are raised by `next_event`, again each time.
    `start_byte` is the offset of the first byte given; `logical_types` and `conversions` are as `parse_schema` takes them, for the
    schema in the file.
    """

    def __init__(
        self,
        *,
        header: Header | None = None,
        start_byte: int = 0,
        limits: Limits = DEFAULT_LIMITS,
        logical_types: bool = True,
        conversions: Conversions | None = None,
    ) -> None:
        self.header = header
        self._header_parser = HeaderParser(limits, logical_types, conversions)
        self._buffer = bytearray()
        self._position = 0  # in the buffer: what is before it was given out
        self._buffer_start = start_byte
        self._needed = 1  # bytes from the position on without which there is no event
        self._head: BlockHead | None = None
        self._index = 0
        self._ended = False

    def receive_data(self, data: bytes) -> None:
        """Take the next bytes of the stream, or `b""` for its end. Raises `ValueError` for bytes after the end."""
        if not data:
            self._ended = True
            return
        if self._ended:
            raise ValueError("bytes after the end of the stream")
        del self._buffer[: self._position]
        self._buffer_start += self._position
        self._position = 0
        self._buffer += data

    def next_event(self) -> Header | StoredBlock | Signal:
        """Return what comes next. Raises `FormatError`, with the place of what is wrong, and `SchemaError`."""
        while len(self._buffer) - self._position >= self._needed:
            event = self._take_block(self.header) if self.header else self._take_header()
            if event is not None:
                return event
        if not self._ended:
            return NEED_DATA
        if not self.header:
            self._take_header()  # what little there is may be wrong already, however it came
            if not self._buffer:
                raise TruncatedError("there are no bytes: the file is empty", offset=self._buffer_start)
            raise TruncatedError(f"the bytes end inside the header, which takes {self._needed} or more", offset=self._buffer_start)
        if len(self._buffer) > self._position:
            raise truncated_block(self._offset, self._index)
        return END

    @property
    def _offset(self) -> int:
        return self._buffer_start + self._position

    def _take_header(self) -> Header | None:
        try:
            self.header = self._header_parser.parse(self._buffer)
        except NeedMoreData as need:
            self._needed = need.at_least
            return None
        self._position = self.header.size
        self._needed = 1
        return self.header

    def _take_block(self, header: Header) -> StoredBlock | None:
        if self._head is None:
            self._take_head(header)
            return None
        head, start = self._head, self._position
        data_end = start + head.length - SYNC_BYTES
        if self._buffer[data_end : data_end + SYNC_BYTES] != header.sync_marker:
            raise FormatError("the sync marker differs", offset=self._buffer_start + data_end, block=self._index)
        data = bytes(memoryview(self._buffer)[start + head.head_size : data_end])
        stored = StoredBlock(Block(self._offset, head.length, head.record_count), self._index, data)
        self._position = data_end + SYNC_BYTES
        self._head = None
        self._needed = 1
        self._index += 1
        return stored

    def _take_head(self, header: Header) -> None:
        start = bytes(self._buffer[self._position : self._position + HEAD_BYTES])
        try:
            self._head = decode_head(start, header)
        except TruncatedError:
            self._needed = len(start) + 1
        except FormatError as error:
            raise placed(error, self._offset, self._index) from None
        else:
            self._needed = self._head.length


def decode_blocks(
    header: Header, data: bytes, reader_schema: Schema | None = None, *, start_byte: int = 0, branches: bool = False
) -> Iterator[Any]:
    """Yield the records of any run of whole blocks of the file with that `header`, each as `Schema.decode` gives it.

    Raises `FormatError` and `ResolutionError` with the block and record, and with the byte, of what is wrong, counted from the
    start of `data`, which is byte `start_byte` of its file; the blocks before it come first.
    """
    parser = StreamParser(header=header, start_byte=start_byte)
    parser.receive_data(data)
    parser.receive_data(b"")
    try:
        while isinstance(stored := parser.next_event(), StoredBlock):
            yield from decode_block(header, stored, reader_schema, branches=branches)
    except FormatError as error:
        if error.block != 0 or not data[:9].lower().startswith(PAGES):
            raise
        message = f"{error.message}; this looks like HTML or XML, as a server answers where something is wrong"
        raise type(error)(message, offset=error.offset, block=error.block) from None
