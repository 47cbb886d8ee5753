"""The directory that a file carries in its header's metadata: what the database's rows say of its blocks, so that the rows can be
made again.

It is JSON, deflated and in base64, since some libraries take all metadata for text: the group, the table's timestamp field, and for
each block its dataset, its length in bytes, its checksum and its record keys. Places follow from the lengths, since blocks fill the
file.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from avro_ocf.container.compression import codec_for_reading
from avro_ocf.container.header import Header
from avro_ocf.errors import AvroError, DamagedError
from avro_ocf.hotcold.context import Group
from avro_ocf.hotcold.names import check_id, check_period, check_table
from avro_ocf.hotcold.record_keys import RecordKey, decode_keys, encode_keys
from avro_ocf.json_text import loads

DIRECTORY_KEY: Final = "hotcold.directory"
DIRECTORY_FORMAT: Final = 1
DIRECTORY_BYTES: Final = 64 * 1024 * 1024
"""Bytes of JSON that a directory may unpack to."""


class DirectoryBlock(NamedTuple):
    """A block without its place: `length` in bytes, `checksum` the CRC-32 of its bytes, and the keys of its records in order."""

    dataset_id: str
    length: int
    checksum: int
    keys: list[RecordKey]


class Directory(NamedTuple):
    """All that a file says of itself."""

    group: Group
    timestamp_field: str | None
    blocks: list[DirectoryBlock]


def encode_directory(group: Group, timestamp_field: str | None, blocks: Iterable[DirectoryBlock]) -> bytes:
    """Return a directory as the bytes of its metadata entry."""
    listed = [
        (block.dataset_id, block.length, block.checksum, len(block.keys), b64encode(encode_keys(block.keys)).decode("ascii"))
        for block in blocks
    ]
    content = {"format": DIRECTORY_FORMAT, "group": group, "timestamp_field": timestamp_field, "blocks": listed}
    return b64encode(zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), wbits=-15))


def decode_directory(header: Header) -> Directory:
    """Return the directory of the file with that header. Raises `DamagedError` when there is none, or not such a one."""
    packed = header.metadata.get(DIRECTORY_KEY)
    if packed is None:
        raise DamagedError(f"the file has no {DIRECTORY_KEY}: it was not made by a store")
    try:
        text = codec_for_reading("deflate").decompress(b64decode(packed, validate=True), DIRECTORY_BYTES).decode()
        content: Any = loads(text)
        if content["format"] != DIRECTORY_FORMAT:
            raise DamagedError(f"the directory has format {content['format']!r}, not {DIRECTORY_FORMAT}")
        table_name, table_version, period_tag = content["group"]
        group = Group(check_table(table_name), _natural(table_version), check_period(period_tag))
        field = content["timestamp_field"]
        if field is not None and not isinstance(field, str):
            raise DamagedError("the directory's timestamp field is no name")
        return Directory(group, field, [_block(*entry) for entry in content["blocks"]])
    except (AvroError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedError(f"the directory cannot be read: {type(error).__name__}: {error}") from None


def _block(dataset_id: object, length: object, checksum: object, record_count: object, packed_keys: str) -> DirectoryBlock:
    keys = decode_keys(b64decode(packed_keys, validate=True), _natural(record_count))
    if not keys:
        raise ValueError("a block without records")
    return DirectoryBlock(check_id(dataset_id, "dataset_id"), _natural(length), _natural(checksum), keys)


def _natural(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError(f"{value!r} is not a natural number")
    return value
