"""Blocks of records.

Specification, "A file data block consists of": the count of objects as a long, the size in bytes of the serialized objects after
the codec as a long, the objects, and the file's 16-byte sync marker.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from avro_ocf.api import Schema
from avro_ocf.container.compression import MOST_TIMES, codec_for_reading, codec_for_writing
from avro_ocf.container.header import MAGIC, SYNC_BYTES, Header
from avro_ocf.errors import DatumError, FormatError, LimitError, ResolutionError, TruncatedError
from avro_ocf.limits import Limits
from avro_ocf.varint import VARINT_BYTES, decode_long, encode_long

if TYPE_CHECKING:
    from avro_ocf.compiler import Encoder
    from avro_ocf.lenient import LenientEncoder

Located = TypeVar("Located", bound=FormatError | ResolutionError)
"""An error that tells a place in the bytes."""

HEAD_BYTES = 2 * VARINT_BYTES
"""Bytes of the longest block head: the record count and the data's size."""


A_FILE: Final = ": the first bytes of a file; the server may have ignored the range, or files were joined without `concat`"
"""What it means that a file's header is where a block should be. Its first byte alone tells, since no block begins so."""


class Block(NamedTuple):
    """Where a block stands in its file.

    `start_byte` is the offset of its first byte and `length` its bytes up to and including its sync marker, so that
    `file[start_byte : start_byte + length]` is the block; `record_count` is what it says to hold.
    """

    start_byte: int
    length: int
    record_count: int


class StoredBlock(NamedTuple):
    """A whole block as read: `block_index` counts blocks in the bytes given, and `data` is its records as the codec left them."""

    block: Block
    block_index: int
    data: bytes

    @property
    def data_start(self) -> int:
        """The offset of `data` in the file."""
        return self.block.start_byte + self.block.length - SYNC_BYTES - len(self.data)


class BlockHead(NamedTuple):
    """The start of a block: its number of records, the size of its data in bytes, and of the head itself."""

    record_count: int
    data_size: int
    head_size: int

    @property
    def length(self) -> int:
        """The whole block's bytes, up to and including its sync marker."""
        return self.head_size + self.data_size + SYNC_BYTES


def decode_head(start: bytes, header: Header) -> BlockHead:
    """Return the head of the block that begins with `start`, of which `HEAD_BYTES` are enough, in the file with that `header`.

    Raises as `read_head` and `check_head`.
    """
    head = read_head(start)
    if head.data_size > header.schema.limits.block_bytes or head.record_count * header.schema.least_bytes > head.data_size:
        check_head(head, header)
    return head


def read_head(start: bytes) -> BlockHead:
    """Return the head of the block that begins with `start`, whatever it asks for.

    Raises `TruncatedError` when `start` ends first, and `FormatError` for a negative number; the offset is relative to `start`.
    """
    count, size_start = decode_long(start, 0)
    if count < 0:
        raise FormatError(f"negative record count {count}{A_FILE if start.startswith(MAGIC[:1]) else ''}", offset=0)
    size, head_size = decode_long(start, size_start)
    if size < 0:
        raise FormatError(f"negative block size {size}", offset=size_start)
    return BlockHead(count, size, head_size)


def check_head(head: BlockHead, header: Header) -> None:
    """Raise `LimitError` for data of more than `limits.block_bytes`, or for records that take more at least.

    Raises `FormatError` for more records than the data can hold, whatever it unpacks to. The offset is relative to the block.
    """
    limit = header.schema.limits.block_bytes
    if head.data_size > limit:
        size_start = len(encode_long(head.record_count))
        raise LimitError(f"the block takes {head.data_size} bytes; limits.block_bytes is {limit}", offset=size_start)
    least_bytes = header.schema.least_bytes
    least = head.record_count * least_bytes
    told = f"the block says to hold {head.record_count} records, of {least_bytes} bytes or more each"
    if header.codec in MOST_TIMES and least > head.data_size * MOST_TIMES[header.codec]:
        raise FormatError(f"{told}, in {head.data_size} bytes of codec {header.codec!r}", offset=0)
    if least > limit:
        raise LimitError(f"{told}; limits.block_bytes is {limit}", offset=0)


def truncated_block(start_byte: int, index: int) -> TruncatedError:
    """Return the error for bytes that end inside the block that starts at `start_byte`."""
    return TruncatedError("the bytes end inside the block", offset=start_byte, block=index)


def placed(error: Located, offset: int, index: int) -> Located:
    """Return `error`, whose offset is relative, as it is for the block with that `index` whose bytes start at `offset`."""
    return type(error)(error.message, offset=offset + (error.offset or 0), block=index, record=error.record, path=error.path)


def unpack_block(header: Header, stored: StoredBlock) -> bytes:
    """Return the uncompressed data of a block. Raises `FormatError` at the block's start, and so for an unknown codec."""
    if not stored.data and not stored.block.record_count:
        return b""
    try:
        return codec_for_reading(header.codec).decompress(stored.data, header.schema.limits.block_bytes)
    except FormatError as error:
        raise placed(error, stored.block.start_byte, stored.block_index) from None


def decode_block(header: Header, stored: StoredBlock, reader_schema: Schema | None = None, *, branches: bool = False) -> list[Any]:
    """Return the records of a block, read as `reader_schema` asks where one is given, with `branches` as `Schema.decode` does.

    Raises `FormatError` with the byte, block, record and path of what is wrong: in a compressed block the byte is the block's
    first, and the message tells the byte of its uncompressed data. Raises `ResolutionError` with the same for a value that the
    reader's schema has no place for.
    """
    data = unpack_block(header, stored)
    decoder = header.schema.decoder(reader_schema, branches=branches)
    try:
        records: list[Any]
        records, end = decoder.decode_many(data, 0, stored.block.record_count)
        if end != len(data):
            raise FormatError(f"the records end here; the block's data goes on for {len(data) - end} bytes", offset=end)
    except (FormatError, ResolutionError) as error:
        raise _placed_in_data(error, header, stored) from None
    return records


def _placed_in_data(error: Located, header: Header, stored: StoredBlock) -> Located | FormatError:
    if isinstance(error, TruncatedError):  # the file is whole: it is this block whose records go on past its data
        past_end = FormatError(error.message, offset=error.offset, record=error.record, path=error.path)
        return _placed_in_data(past_end, header, stored)
    if header.codec == "null":
        return placed(error, stored.data_start, stored.block_index)
    message = f"byte {error.offset} of the block's uncompressed data: {error.message}"
    unplaced = type(error)(message, record=error.record, path=error.path)
    return placed(unplaced, stored.block.start_byte, stored.block_index)


def encode_block(header: Header, records: Iterable[object]) -> bytes:
    """Return one block of all `records`. Raises `DatumError` for a record that does not fit, for none, and past the limits."""
    return frame_block(header, *encode_records(header.schema, records))


def encode_records(
    schema: Schema, records: Iterable[object], encoder: "Encoder | LenientEncoder | None" = None
) -> tuple[int, bytearray]:
    """Return how many `records` there are and their encoding, the uncompressed data of one block. Raises as `encode_block`.

    `encoder` is the schema's own where none is given.
    """
    data = bytearray()
    encoder = encoder or schema.encoder
    if encoder.is_charged:
        count = _append_charged(encoder, schema.limits, records, data)
    else:
        count = encoder.append_until(iter(records), data, schema.limits.block_bytes + 1)
    if not count:
        raise DatumError("a block without records")
    return count, data


def _append_charged(encoder: "Encoder | LenientEncoder", limits: Limits, records: Iterable[object], data: bytearray) -> int:
    """Append records that may be many values in few bytes, of which a block holds a bounded number."""
    count = charge = 0
    for record in records:
        try:
            charge += encoder.append(record, data)
        except DatumError as error:
            raise DatumError(error.message, error.path, count) from None
        if charge > limits.zero_byte_items:
            raise DatumError(f"the block's zero-byte values are more than limits.zero_byte_items, {limits.zero_byte_items}")
        count += 1
        if len(data) > limits.block_bytes:
            break
    return count


def frame_block(header: Header, record_count: int, data: bytes | bytearray, level: int | None = None) -> bytes:
    """Return the block of `record_count` records that `data` is, uncompressed, with it compressed at `level`.

    Raises `DatumError` past `limits.block_bytes`.
    """
    _check_size(header, len(data))
    return join_block(header, record_count, codec_for_writing(header.codec, level)(data))


def join_block(header: Header, record_count: int, packed: bytes | bytearray) -> bytes:
    """Return the block of `record_count` records whose data, as the codec left it, is `packed`. Raises as `frame_block`."""
    _check_size(header, len(packed))
    return b"".join((encode_long(record_count), encode_long(len(packed)), packed, header.sync_marker))


def _check_size(header: Header, size: int) -> None:
    limit = header.schema.limits.block_bytes
    if size > limit:
        raise DatumError(f"the block takes {size} bytes or more; limits.block_bytes is {limit}")
