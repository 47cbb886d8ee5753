"""An object read whole and checked against itself: its directory against its bytes, and each block down to its records."""

import hashlib
from typing import NamedTuple

from avro_ocf.container.header import Header, decode_header, encode_header
from avro_ocf.errors import AvroError, DamagedError, NotFoundError
from avro_ocf.hotcold.build import ColdBlock, ColdFile, place_blocks
from avro_ocf.hotcold.context import Context
from avro_ocf.hotcold.directory import Directory, decode_directory
from avro_ocf.hotcold.fetch import parse_stored, raw_records
from avro_ocf.hotcold.record_keys import StoredRecord
from avro_ocf.hotcold.snapshot import LiveBlock


class WholeFile(NamedTuple):
    """The bytes of an object, and what they say of themselves."""

    path: str
    data: bytes
    header: Header
    directory: Directory
    blocks: list[ColdBlock]

    @property
    def plain_header(self) -> bytes:
        """The header without the directory, as the database has it."""
        return encode_header(self.header.schema, codec=self.header.codec, sync_marker=self.header.sync_marker)

    def row(self, records: list[StoredRecord]) -> ColdFile:
        """Return what the row of the file says, if `records` are those that count as its own."""
        size, checksum = len(self.data), hashlib.sha256(self.data).hexdigest()
        raw_bytes = sum(len(record.data) for record in records)
        described = (checksum, self.header.codec, self.plain_header, self.header.size, raw_bytes, self.blocks)
        return ColdFile(self.directory.group, self.path, [], size, *described)

    def records(self, block: ColdBlock) -> list[StoredRecord]:
        """Return the records of a block as they were as rows. Raises `DamagedError`."""
        place = (block.start_byte, block.length, block.checksum, block.keys)
        live = LiveBlock(self.path, self.header, self.directory.group.table_version, *place)
        stored = parse_stored(live, self.data[block.start_byte : block.start_byte + block.length])
        return list(raw_records(block.dataset_id, live, stored))


async def read_whole(context: Context, path: str) -> WholeFile:
    """Return an object that a store has put. Raises `DamagedError` when it is missing or its blocks do not fill it."""
    info = await context.bucket.head(path)
    if info is None:
        raise DamagedError(f"{path}: the object is missing")
    try:
        data = await context.bucket.get(path, 0, info.size) if info.size else b""
    except NotFoundError:
        raise DamagedError(f"{path}: the object is missing") from None
    try:
        header = decode_header(data)
        directory = decode_directory(header)
    except AvroError as error:
        raise DamagedError(f"{path}: {error}") from None
    blocks = place_blocks(header, directory.blocks)
    if not blocks:
        raise DamagedError(f"{path}: it has no blocks")
    end = blocks[-1].start_byte + blocks[-1].length
    if end != len(data):
        raise DamagedError(f"{path}: its blocks end at byte {end}, and it has {len(data)}")
    return WholeFile(path, data, header, directory, blocks)
