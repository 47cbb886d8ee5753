"""Blocks from the bucket: one request for each run, and nothing is given out that is not what the index says."""

import zlib
from collections.abc import Iterator
from typing import Any

from avro_ocf.container.block import StoredBlock, decode_block, unpack_block
from avro_ocf.container.parser import StreamParser
from avro_ocf.errors import DamagedError, DatumError, FormatError, NotFoundError, ResolutionError
from avro_ocf.hotcold.json_records import encode_json
from avro_ocf.hotcold.ports import Bucket
from avro_ocf.hotcold.record_keys import StoredRecord
from avro_ocf.hotcold.snapshot import LiveBlock, Run
from avro_ocf.hotcold.stored_schemas import writes_alike
from avro_ocf.hotcold.table import JSON_VERSION, Table


class Fetcher:
    """Fetches the blocks of runs, each run when its first block is wanted; a block is kept until it is taken."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._run_of: dict[tuple[str, int], Run] = {}
        self._fetched: dict[tuple[str, int], bytes] = {}

    def expect(self, runs: list[Run]) -> None:
        """Make ready for the blocks of `runs`; what was fetched of others is dropped."""
        self._run_of = {(block.path, block.start_byte): run for run in runs for block in run.blocks}
        self._fetched = {place: data for place, data in self._fetched.items() if place in self._run_of}

    async def take(self, block: LiveBlock, *, keep: bool = False) -> StoredBlock:
        """Return a block, which can be taken once more if it is to be kept.

        Raises `DamagedError` where the bucket has other bytes or none; it is then asked again the next time.
        """
        place = (block.path, block.start_byte)
        if place not in self._fetched:
            await self._fetch(self._run_of[place])
        data = self._fetched.pop(place)
        stored = parse_stored(block, data)
        if keep:
            self._fetched[place] = data
        return stored

    async def _fetch(self, run: Run) -> None:
        first = run.blocks[0]
        try:
            data = await self._bucket.get(first.path, first.start_byte, run.length)
        except NotFoundError:
            raise DamagedError(f"{first.path}: the object is missing") from None
        for block in run.blocks:
            start = block.start_byte - first.start_byte
            self._fetched[block.path, block.start_byte] = data[start : start + block.length]


def parse_stored(block: LiveBlock, data: bytes) -> StoredBlock:
    """Return the block that `data` is. Raises `DamagedError` unless length, checksum, sync marker and count are the index's."""
    place = f"{block.path}, byte {block.start_byte}"
    if len(data) != block.length:
        raise DamagedError(f"{place}: the object ends inside the block, after {len(data)} of {block.length} bytes")
    if zlib.crc32(data) != block.checksum:
        raise DamagedError(f"{place}: the checksum of the block differs")
    parser = StreamParser(header=block.header, start_byte=block.start_byte)
    parser.receive_data(data)
    parser.receive_data(b"")
    try:
        stored = parser.next_event()
    except FormatError as error:
        raise DamagedError(f"{block.path}: {error}") from None
    if not isinstance(stored, StoredBlock) or stored.block.record_count != len(block.keys):
        raise DamagedError(f"{place}: the block does not hold {len(block.keys)} records")
    return stored


def decode_stored(table: Table, block: LiveBlock, stored: StoredBlock, *, branches: bool = False) -> list[Any]:
    """Return the records of a block as `Table.decode` gives them. Raises `DamagedError`."""
    try:
        if block.table_version == JSON_VERSION:
            return decode_block(block.header, stored)
        return decode_block(block.header, stored, table.reader_schema, branches=branches)
    except (FormatError, ResolutionError) as error:
        raise DamagedError(f"{block.path}: {error}") from None


def recode_stored(table: Table, block: LiveBlock, stored: StoredBlock) -> list[bytes]:
    """Return the records of a block as `Table.recode` gives them. Raises `DamagedError`."""
    newest = table.schemas[table.newest]
    if writes_alike(block.header.schema, newest):
        return [record.data for record in raw_records("", block, stored)]
    try:
        return [newest.encode(record) for record in decode_stored(table, block, stored, branches=True)]
    except DatumError as error:
        raise DamagedError(f"{block.path}: {error}") from None


def raw_records(dataset_id: str, block: LiveBlock, stored: StoredBlock) -> Iterator[StoredRecord]:
    """Yield the records of a block as `Table.encode` gave them. Raises `DamagedError`."""
    header = block.header
    try:
        if block.table_version == JSON_VERSION:
            for key, record in zip(block.keys, decode_block(header, stored), strict=True):
                yield StoredRecord(dataset_id, key, encode_json(record))
            return
        data, position = unpack_block(header, stored), 0
        for key in block.keys:
            start = position
            position = header.schema.skipper.skip(data, start)
            yield StoredRecord(dataset_id, key, data[start:position])
    except (FormatError, DatumError) as error:
        raise DamagedError(f"{block.path}: {error}") from None
