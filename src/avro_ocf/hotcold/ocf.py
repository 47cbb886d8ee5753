"""A dataset as one container file, made as its bytes are asked for. Stored blocks are copied where schema and codec allow."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import frame_block, join_block
from avro_ocf.container.header import Header, make_header
from avro_ocf.hotcold.build import appender, schema_of
from avro_ocf.hotcold.context import Context
from avro_ocf.hotcold.read import ENCODED, DatasetReader, WholeBlock
from avro_ocf.hotcold.snapshot import Query
from avro_ocf.hotcold.stored_schemas import writes_alike
from avro_ocf.schema.inference import Inference

NO_RECORDS: Final = {"type": "record", "name": "Nothing", "fields": []}
"""The schema of a file without records, where no table has one."""


async def read_ocf(context: Context, query: Query) -> AsyncIterator[bytes]:
    """Yield the bytes of a file with the records that `query` asks for, in order; its header comes first."""
    reader, schema = await _open(context, query)
    header, data = make_header(schema, codec=context.settings.codec, sync_marker=context.token())
    yield data
    append = appender(schema) if reader.form is ENCODED else schema.encoder.append
    records = _Records(header, append, context.settings.block_bytes)
    async for piece in reader.pieces():
        if isinstance(piece, WholeBlock) and _is_copyable(piece, header):
            for block in records.cut():
                yield block
            yield join_block(header, len(piece.block.keys), piece.stored.data)
            continue
        for record in reader.in_form(piece):
            for block in records.add(record):
                yield block
    for block in records.cut():
        yield block


def _is_copyable(piece: WholeBlock, header: Header) -> bool:
    source = piece.block.header
    return source.codec == header.codec and writes_alike(source.schema, header.schema)


async def _open(context: Context, query: Query) -> tuple[DatasetReader, Schema]:
    """Return an open reader, and a schema for all that it will read."""
    reader = DatasetReader(context, query)
    await reader.open()
    if reader.table.reader_schema:
        reader.form = ENCODED
        return reader, reader.table.reader_schema
    # The schema of a file is that of all datasets in it, whose keys are none of this reader's business.
    inference = Inference()
    is_empty = True
    async for record in reader.records():
        inference.add(record)
        is_empty = False
    # Opened anew only now: what has expired meanwhile is missing from it, and nothing is in it that was not seen.
    again = DatasetReader(context, query)
    await again.open()
    again.last_sequence = reader.last_sequence
    return again, parse_schema(NO_RECORDS) if is_empty else schema_of(reader.table, inference)


class _Records:
    """Records that are no stored blocks of their own, in blocks that are made of them by `append`."""

    def __init__(self, header: Header, append: Callable[[Any, bytearray], int], block_bytes: int) -> None:
        self._header = header
        self._append = append
        self._block_bytes = block_bytes
        self._data = bytearray()
        self._count = 0
        self._charge = 0

    def add(self, record: Any) -> Iterator[bytes]:
        """Take a record, and yield the block that is full before it, if one is."""
        start = len(self._data)
        charge = self._append(record, self._data)
        limits = self._header.schema.limits
        is_over = len(self._data) > limits.block_bytes or self._charge + charge > limits.zero_byte_items
        if self._count and (start >= self._block_bytes or is_over):
            last = self._data[start:]
            del self._data[start:]
            yield from self.cut()
            self._data += last
        self._count += 1
        self._charge += charge

    def cut(self) -> Iterator[bytes]:
        """Yield the block of the records so far, if there are any."""
        if self._count:
            yield frame_block(self._header, self._count, self._data)
            self._data = bytearray()
            self._count = self._charge = 0
