"""From records to objects: pure, with no database and no bucket.

A `ColdFile` holds records of one group, each dataset's blocks side by side. Its header carries a directory of its blocks, so that
the index can be made again from the object alone. Block places are counted from the file's start, as everywhere.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import frame_block
from avro_ocf.container.header import Header, make_header
from avro_ocf.errors import AvroError, DatumError
from avro_ocf.hotcold.context import Group
from avro_ocf.hotcold.directory import DIRECTORY_KEY, DirectoryBlock, encode_directory
from avro_ocf.hotcold.json_records import SCHEMA_BYTES, decode_json
from avro_ocf.hotcold.record_keys import RecordKey, StoredRecord
from avro_ocf.hotcold.settings import Settings
from avro_ocf.hotcold.table import JSON_VERSION, Table
from avro_ocf.reference import Budget, skip
from avro_ocf.schema.inference import Inference

BLOCK_RECORDS: Final = 10_000
"""Records of one block at most, however few bytes they take."""


class ColdBlock(NamedTuple):
    """A block of one dataset's records in key order; `checksum` is the CRC-32 of its bytes, sync marker included."""

    dataset_id: str
    start_byte: int
    length: int
    checksum: int
    keys: list[RecordKey]


class ColdFile(NamedTuple):
    """An object to put: its key, its bytes in `chunks`, and what its rows say of it.

    `header` is the header without the directory, which is all that decoding a block needs; `raw_bytes` are those of the records as
    rows.
    """

    group: Group
    path: str
    chunks: list[bytes]
    size: int
    checksum: str
    codec: str
    header: bytes
    header_size: int
    raw_bytes: int
    blocks: list[ColdBlock]

    @property
    def record_count(self) -> int:
        """The number of records in all blocks."""
        return sum(len(block.keys) for block in self.blocks)

    @property
    def end_timestamp(self) -> int:
        """The time of the newest record."""
        return max(block.keys[-1].timestamp for block in self.blocks)


class Reject(NamedTuple):
    """A record that no file can hold, and why."""

    record: StoredRecord
    reason: str


class Build(NamedTuple):
    """A file with the records in it, None when none of them can be archived, and the records that no file can hold."""

    file: ColdFile | None
    records: list[StoredRecord]
    rejects: list[Reject]


class _Screened(NamedTuple):
    """The schema of a file to be, the function that encodes its records, and which records those are."""

    schema: Schema
    encode: "Encode"
    records: list[StoredRecord]


Encode = Callable[[StoredRecord, bytearray], int]
"""Adds a record's binary encoding to the data of a block, and returns the number of its values that take no byte."""


def build_files(
    table: Table, group: Group, records: list[StoredRecord], settings: Settings, token: Callable[[], bytes]
) -> Iterator[Build]:
    """Yield files that together hold `records`, which are in order of dataset and key; mostly one.

    Records that cannot be read are rejected. Where the others are too different for one schema they are halved until each part has
    one.
    """
    screen = _screen_json if group.table_version == JSON_VERSION else _screen_avro
    waiting = [records]
    while waiting:
        part = waiting.pop()
        rejects: list[Reject] = []
        try:
            screened = screen(table, group, part, rejects)
            if screened is None:
                yield Build(None, [], rejects)
            else:
                yield Build(_build(screened, table, group, settings, token), screened.records, rejects)
        except AvroError as error:
            if len(part) == 1:
                yield Build(None, [], [Reject(part[0], f"{type(error).__name__}: {error}")])
            else:
                waiting += [part[len(part) // 2 :], part[: len(part) // 2]]


def _screen_json(table: Table, _: Group, records: list[StoredRecord], rejects: list[Reject]) -> _Screened | None:
    inference = Inference()
    good = _readable(records, lambda data: inference.add(decode_json(data)), rejects)
    if not good:
        return None
    schema = schema_of(table, inference)
    if len(schema.json.encode()) > SCHEMA_BYTES:
        raise DatumError("the records have too many different keys")
    append = schema.encoder.append

    def encode(record: StoredRecord, out: bytearray) -> int:
        return append(decode_json(record.data), out)

    return _Screened(schema, encode, good)


def _screen_avro(table: Table, group: Group, records: list[StoredRecord], rejects: list[Reject]) -> _Screened | None:
    if group.table_version not in table.schemas:
        rejects += [Reject(record, f"table {table.name!r} has no version {group.table_version}") for record in records]
        return None
    schema = table.schemas[group.table_version]
    good = _readable(records, schema.decode, rejects)
    if not good:
        return None

    append = appender(schema)

    def encode(record: StoredRecord, out: bytearray) -> int:
        return append(record.data, out)

    return _Screened(schema, encode, good)


def appender(schema: Schema) -> Callable[[bytes, bytearray], int]:
    """Return a function that adds an encoded record to the data of a block, and returns the number of its values of no byte."""

    def append(data: bytes, out: bytearray) -> int:
        out += data
        return 0

    def append_charged(data: bytes, out: bytearray) -> int:
        budget = Budget(schema.limits.zero_byte_items)
        skip(schema.node, data, 0, schema.limits, budget)
        out += data
        return budget.spent

    return append_charged if schema.encoder.is_charged else append


def _readable(records: list[StoredRecord], look_at: Callable[[bytes], object], rejects: list[Reject]) -> list[StoredRecord]:
    """Return the records whose data can be looked at without an error, and add the others to `rejects`."""
    good: list[StoredRecord] = []
    for record in records:
        try:
            look_at(record.data)
        except (AvroError, ValueError, RecursionError) as error:
            rejects.append(Reject(record, f"{type(error).__name__}: {error}"))
        else:
            good.append(record)
    return good


def schema_of(table: Table, inference: Inference) -> Schema:
    """Return the schema of a table's records that were inferred."""
    return parse_schema(inference.schema(re.sub(r"\W", "_", f"{'_' * table.name[0].isdigit()}{table.name}", flags=re.ASCII)))


def _build(screened: _Screened, table: Table, group: Group, settings: Settings, token: Callable[[], bytes]) -> ColdFile:
    schema, encode, records = screened
    header, plain = make_header(schema, codec=settings.codec, sync_marker=token())
    chunks = [b""]
    blocks: list[DirectoryBlock] = []
    for dataset_id, keys, data in _cut(schema, encode, records, settings.block_bytes):
        framed = frame_block(header, len(keys), data)
        chunks.append(framed)
        blocks.append(DirectoryBlock(dataset_id, len(framed), zlib.crc32(framed), keys))
    directory = encode_directory(group, table.timestamp_field, blocks)
    metadata = {DIRECTORY_KEY: directory}
    full, chunks[0] = make_header(schema, codec=settings.codec, metadata=metadata, sync_marker=header.sync_marker)
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    path = f"{group.table_name}/{group.period_tag}-{token().hex()}.avro"
    raw_bytes = sum(len(record.data) for record in records)
    size = sum(map(len, chunks))
    checksum = digest.hexdigest()
    placed = place_blocks(full, blocks)
    return ColdFile(group, path, chunks, size, checksum, header.codec, plain, full.size, raw_bytes, placed)


def place_blocks(header: Header, blocks: Iterable[DirectoryBlock]) -> list[ColdBlock]:
    """Return where the blocks of a directory stand in their file."""
    placed: list[ColdBlock] = []
    start = header.size
    for block in blocks:
        placed.append(ColdBlock(block.dataset_id, start, block.length, block.checksum, block.keys))
        start += block.length
    return placed


def _cut(
    schema: Schema, encode: Encode, records: Iterable[StoredRecord], block_bytes: int
) -> Iterator[tuple[str, list[RecordKey], bytearray]]:
    """Yield the dataset, keys and data of each block, none with two datasets or past a limit."""
    most_bytes, most_charge = schema.limits.block_bytes, schema.limits.zero_byte_items
    dataset_id = ""
    keys: list[RecordKey] = []
    data = bytearray()
    charge = 0
    for record in records:
        start = len(data)
        added = encode(record, data)
        is_over = len(data) > most_bytes or charge + added > most_charge
        if keys and (record.dataset_id != dataset_id or is_over or start >= block_bytes or len(keys) >= BLOCK_RECORDS):
            yield dataset_id, keys, data[:start]
            keys, data, charge = [], data[start:], 0
        dataset_id = record.dataset_id
        keys.append(record.key)
        charge += added
    if keys:
        yield dataset_id, keys, data
