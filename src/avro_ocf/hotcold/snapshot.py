"""What a reader finds of one dataset at one moment: its hot rows and its live blocks, taken in one batch."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from avro_ocf.container.header import Header, decode_header
from avro_ocf.errors import AvroError, DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import bind
from avro_ocf.hotcold.hot_rows import assemble
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.ports import Row, Statement
from avro_ocf.hotcold.record_keys import RecordKey, decode_keys

HOT_ROWS: Final = 1_000
"""Hot rows that one snapshot holds; where there are more, the reader takes another snapshot behind them."""

HOT_BYTES: Final = 1024 * 1024
"""Bytes of the hot rows of one snapshot, but for the last one and what is left of its record."""

LAST_KEY: Final = RecordKey(TIME_MAX + 1, 0)


class Query(NamedTuple):
    """What is asked for: records of one dataset and table with `from_ms <= time < to_ms`."""

    dataset_id: str
    table_name: str
    from_ms: int
    to_ms: int


class LiveBlock(NamedTuple):
    """A block of a live file, its path, header and table version, and what the index says of it."""

    path: str
    header: Header
    table_version: int
    start_byte: int
    length: int
    checksum: int
    keys: list[RecordKey]


class Run(NamedTuple):
    """Blocks that stand side by side in one file, and so are fetched with one request."""

    blocks: list[LiveBlock]

    @property
    def length(self) -> int:
        """Bytes of all blocks."""
        return sum(block.length for block in self.blocks)


class HotRecord(NamedTuple):
    """A record that is hot, and the version of its table that it was stored by."""

    key: RecordKey
    table_version: int
    data: bytes


class Snapshot(NamedTuple):
    """Hot records in key order, runs of blocks, and `last_key`, behind which there are hot records that this snapshot lacks."""

    hot: list[HotRecord]
    runs: list[Run]
    last_key: RecordKey


def snapshot_statements(query: Query, after: RecordKey, last_sequence: int) -> list[Statement]:
    """Return the batch whose rows `read_snapshot` takes: what is behind the key `after` and has a sequence up to the last."""
    start = max(query.from_ms, after.timestamp)
    sequence = after.sequence if after.timestamp >= query.from_ms else -1
    dataset = (query.dataset_id, query.table_name)
    return [
        bind(sql.READ_DATASET_ROWS, *dataset, start, query.to_ms, sequence, last_sequence, HOT_ROWS, HOT_BYTES),
        bind(sql.READ_DATASET_BLOCKS, *dataset, start, query.to_ms),
        bind(sql.READ_DATASET_FILES, *dataset, start, query.to_ms),
    ]


def read_snapshot(query: Query, after: RecordKey, rows: Sequence[list[Row]]) -> Snapshot:
    """Return what the rows of `snapshot_statements` tell. Raises `DamagedError` for rows that cannot be read."""
    hot_rows, block_rows, file_rows = rows
    versions = {int(row["id"]): int(row["table_version"]) for row in hot_rows}
    hot = [HotRecord(record.key, versions[record.key.sequence], record.data) for record in assemble(hot_rows, [], query.dataset_id)]
    files = {int(row["id"]): (row["file_path"], _header(row), int(row["table_version"])) for row in file_rows}
    runs: list[Run] = []
    last_end = (0, 0)
    for row in block_rows:
        path, header, version = files[int(row["file_id"])]
        keys = _keys(path, row)
        start, length = int(row["start_byte"]), int(row["length"])
        if keys[-1] <= after:
            continue
        block = LiveBlock(path, header, version, start, length, int(row["checksum"]), keys)
        if last_end == (int(row["file_id"]), start):
            runs[-1].blocks.append(block)
        else:
            runs.append(Run([block]))
        last_end = (int(row["file_id"]), start + length)
    is_full = bool(hot_rows) and int(hot_rows[0]["page_rows"]) >= min(HOT_ROWS, len(hot_rows) + 1)
    return Snapshot(hot, runs, hot[-1].key if is_full and hot else LAST_KEY)


def live_blocks(file: Row, rows: Sequence[Row]) -> list[tuple[str, LiveBlock]]:
    """Return the blocks of one file, each with its dataset, from its row and those of its blocks. Raises `DamagedError`."""
    path, header, version = file["file_path"], _header(file), int(file["table_version"])
    return [
        (
            row["dataset_id"],
            LiveBlock(path, header, version, int(row["start_byte"]), int(row["length"]), int(row["checksum"]), _keys(path, row)),
        )
        for row in rows
    ]


def _keys(path: str, row: Row) -> list[RecordKey]:
    place = f"{path}, byte {row['start_byte']}"
    try:
        keys = decode_keys(bytes.fromhex(row["record_keys"]), int(row["record_count"]))
    except DamagedError as error:
        raise DamagedError(f"{place}: {error}") from None
    if not keys:
        raise DamagedError(f"{place}: the index has a block without records")
    return keys


def _header(row: Row) -> Header:
    try:
        return decode_header(bytes.fromhex(row["header"]))
    except AvroError as error:
        raise DamagedError(f"{row['file_path']}: the header that the database has: {error}") from None
