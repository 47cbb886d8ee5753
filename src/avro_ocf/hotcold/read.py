"""Reading one dataset: hot rows and cold blocks merged into one order, as if they were one table.

The order is that of record keys, (timestamp, sequence). A read holds exactly the records that were accepted before it began: those
with a sequence up to the last one given out then. So it can take a fresh snapshot behind the last record it gave, whenever its own
is too old: rows archived, files compacted and collected since change nothing.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from heapq import heappop, heappush, heapreplace
from itertools import groupby
from typing import Any, Final, NamedTuple

from avro_ocf.container.block import StoredBlock
from avro_ocf.errors import DamagedError, NotFoundError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, bind
from avro_ocf.hotcold.fetch import Fetcher, decode_stored, recode_stored
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.record_keys import RecordKey
from avro_ocf.hotcold.snapshot import LAST_KEY, HotRecord, LiveBlock, Query, Run, Snapshot, read_snapshot, snapshot_statements
from avro_ocf.hotcold.table import Table

FRESH_SNAPSHOTS: Final = 3
"""How many snapshots in a row may turn out to be outdated, or damaged, before a reader gives up."""


class WholeBlock(NamedTuple):
    """A block whose records are all wanted and follow one another: it may be copied as it is."""

    block: LiveBlock
    stored: StoredBlock


class Form(NamedTuple):
    """What a read makes of a record that is hot, and of those of a block, each as the newest version of their table."""

    of_row: Callable[[Table, int, bytes], Any]
    of_block: Callable[[Table, LiveBlock, StoredBlock], list[Any]]


PLAIN: Final = Form(Table.decode, decode_stored)
BRANCHED: Final = Form(partial(Table.decode, branches=True), partial(decode_stored, branches=True))
ENCODED: Final = Form(Table.recode, recode_stored)
"""Records as dicts, as dicts with the branches of unions, and as bytes; the last is for tables with a schema."""


class Decoded(NamedTuple):
    """Some records in the form that was asked for."""

    records: list[Any]


Piece = WholeBlock | Decoded
_Stream = Iterator[tuple[RecordKey, Any]]


class DatasetReader:
    """One read of one dataset in a `form`. `table`, `last_sequence` and the first snapshot are there after `open`."""

    def __init__(self, context: Context, query: Query, form: Form = PLAIN) -> None:
        self.context = context
        self.query = query
        self.form = form
        self.table = Table(query.table_name, {}, None)
        self.last_sequence = TIME_MAX
        self.snapshot = Snapshot([], [], LAST_KEY)
        self._after = RecordKey(-1, -1)
        self._fetcher = Fetcher(context.bucket)

    async def open(self) -> None:
        """Take the first snapshot. Raises `NotFoundError` for a table that has never had a record or a schema."""
        known, schemas, sequence, *rows = await self.context.database.batch(
            [
                bind(sql.IS_KNOWN_TABLE, self.query.table_name),
                bind(sql.READ_SCHEMAS, self.query.table_name),
                bind(sql.LAST_SEQUENCE),
                *snapshot_statements(self.query, self._after, TIME_MAX),
            ]
        )
        if not known and not schemas:
            raise NotFoundError(f"there is no table {self.query.table_name!r}")
        self.table = Table.from_rows(self.query.table_name, schemas)
        self.last_sequence = int(sequence[0]["seq"]) if sequence else 0
        self.snapshot = read_snapshot(self.query, self._after, rows)

    async def records(self) -> AsyncIterator[Any]:
        """Yield the records. Raises `DamagedError` for what cannot be read, after all that comes before it."""
        async for piece in self.pieces():
            for record in self.in_form(piece):
                yield record

    def in_form(self, piece: Piece) -> list[Any]:
        """Return the records of a piece. Raises `DamagedError`."""
        return piece.records if isinstance(piece, Decoded) else self.form.of_block(self.table, *piece)

    async def pieces(self) -> AsyncIterator[Piece]:
        """Yield the same, blocks that are wanted whole as they are stored. Raises as `records`."""
        failures = 0
        while True:
            try:
                async for last_key, piece in self._merge(self.snapshot):
                    yield piece
                    self._after = last_key
                    failures = 0
                if self.snapshot.last_key == LAST_KEY:
                    return
                self._after = max(self._after, self.snapshot.last_key)
            except DamagedError:
                failures += 1
                if failures > FRESH_SNAPSHOTS:
                    raise
            statements = snapshot_statements(self.query, self._after, self.last_sequence)
            self.snapshot = read_snapshot(self.query, self._after, await self.context.database.batch(statements))

    async def _merge(self, snapshot: Snapshot) -> AsyncIterator[tuple[RecordKey, Piece]]:
        """Yield pieces in order, each with its last key, up to the snapshot's last one."""
        runs = list(self._known(snapshot.runs))
        self._fetcher.expect(runs)
        waiting = sorted((block for run in runs for block in run.blocks), key=lambda block: block.keys[0], reverse=True)
        streams: list[tuple[RecordKey, int, Any, _Stream]] = []
        _push(streams, self._hot_stream(snapshot.hot), 0)
        while waiting or streams:
            next_key = streams[0][0] if streams else LAST_KEY
            if waiting and waiting[-1].keys[0] < next_key:
                block = waiting.pop()
                if block.keys[0] > snapshot.last_key:
                    return
                stored = await self._fetcher.take(block, keep=block.keys[-1] > snapshot.last_key)
                if waiting:
                    next_key = min(next_key, waiting[-1].keys[0])
                if block.keys[-1] < next_key and self._wants_all(block, snapshot):
                    yield block.keys[-1], WholeBlock(block, stored)
                else:
                    _push(streams, self._block_stream(block, stored), len(waiting) + 1)
                continue
            key, order, record, stream = streams[0]
            if key > snapshot.last_key:
                return
            if isinstance(record, DamagedError):  # it comes after all that is before it
                raise record
            yield key, Decoded([record])
            following = next(stream, None)
            if following is None:
                heappop(streams)
            else:
                heapreplace(streams, (following[0], order, following[1], stream))

    def _known(self, runs: list[Run]) -> Iterator[Run]:
        """Yield the runs without the blocks of which all came in since: they may be of a version that is not known here."""
        for run in runs:
            for is_known, blocks in groupby(run.blocks, key=self._is_known):
                if is_known:
                    yield Run(list(blocks))

    def _is_known(self, block: LiveBlock) -> bool:
        return any(key.sequence <= self.last_sequence for key in block.keys)

    def _wants(self, key: RecordKey) -> bool:
        is_in_time = self.query.from_ms <= key.timestamp < self.query.to_ms
        return is_in_time and key > self._after and key.sequence <= self.last_sequence

    def _wants_all(self, block: LiveBlock, snapshot: Snapshot) -> bool:
        return block.keys[-1] <= snapshot.last_key and all(map(self._wants, block.keys))

    def _hot_stream(self, hot: list[HotRecord]) -> _Stream:
        for key, version, data in hot:
            if self._wants(key):
                yield key, self._decode_hot(key, version, data)

    def _decode_hot(self, key: RecordKey, version: int, data: bytes) -> Any:
        """Return a record, or the error to raise in its place."""
        try:
            return self.form.of_row(self.table, version, data)
        except (ValueError, KeyError, RecursionError) as error:
            return DamagedError(f"row {key.sequence} of buffer_logs cannot be read: {type(error).__name__}: {error}")

    def _block_stream(self, block: LiveBlock, stored: StoredBlock) -> _Stream:
        for key, record in zip(block.keys, self.form.of_block(self.table, block, stored), strict=True):
            if self._wants(key):
                yield key, record


def _push(streams: list[tuple[RecordKey, int, Any, _Stream]], stream: _Stream, order: int) -> None:
    """Add a stream unless it is empty. Keys are all different, so the order never decides; it spares a comparison of records."""
    first = next(stream, None)
    if first is not None:
        heappush(streams, (first[0], order, first[1], stream))
