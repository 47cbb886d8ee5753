"""What must be so after every single change of the database or the bucket, looked at past the store's own code.

After each call that wrote something, the rows it may have touched are read anew with plain SQL, and compared with the book: where
each record is, whether it ever was elsewhere, what each object holds. What did not change is not read again, which is what makes it
cheap enough to look at every state of a hundred thousand schedules.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from avro_ocf.container.block import decode_block
from avro_ocf.container.header import decode_header
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Group
from avro_ocf.hotcold.fetch import parse_stored
from avro_ocf.hotcold.record_keys import decode_keys
from avro_ocf.hotcold.snapshot import LiveBlock
from tests.hotcold.simulation.scheduler import ViolationError
from tests.hotcold.simulation.truth import STRAY, Book, Cold, File, Hot, Kind, same_record
from tests.hotcold.simulation.world import Call, Caller, World

READ_HOT: Final = """SELECT id, dataset_id, table_name, table_version, period_tag, timestamp, parts_left, data FROM buffer_logs
  ORDER BY id"""
READ_FILES: Final = """SELECT id, file_path, file_size, table_name, table_version, period_tag, header_size, checksum, record_count,
  raw_bytes, end_timestamp, state FROM archived_files ORDER BY id"""
READ_BLOCKS: Final = """SELECT file_id, dataset_id, table_name, start_byte, length, record_count, start_timestamp, end_timestamp,
  checksum, record_keys FROM block_indexes ORDER BY file_id, start_byte"""
READ_QUARANTINE: Final = "SELECT id, table_name, table_version, period_tag FROM quarantine"
READ_LEDGER: Final = """SELECT table_name, table_version, period_tag, accepted_records, hot_records, hot_bytes, cold_records,
  cold_bytes, raw_bytes, expired_records, quarantined_records FROM ledger"""
READ_STATE: Final = "SELECT state FROM archived_files WHERE file_path = ?1"

END: Final = "end"
"""Who brings a store to rest; how it does is not looked at step by step."""

ALL_TABLES: Final = frozenset(("buffer_logs", "archived_files", "block_indexes", "quarantine", "ledger"))
SHORTCUTS: Final = {("staged", "gone"), ("live", "gone")}
TRANSITIONS: Final = {("staged", "live"), ("live", "dead"), ("dead", "gone"), ("staged", "dead")}


class Invariants:
    """The watcher of one world. `book` is what it knows; it raises `ViolationError` as soon as the world does not fit."""

    def __init__(self, world: World, kind: Kind) -> None:
        self.world = world
        self.kind = kind
        self.book = Book()
        self._payload_of: dict[tuple[int, bytes], int] = {}
        self._looks_away = False

    # After each call

    def after(self, call: Call) -> None:
        """Look at what a call may have changed. Raises `ViolationError`."""
        if self._looks_away:
            return
        if call.tables:
            self._after_batch(call)
        elif call.kind == "put":
            self._after_put(call.key)
        elif call.kind == "delete":
            self._after_delete(call.key)
        elif call.statements and call.statements[0].sql == sql.IS_KNOWN_TABLE and call.caller.opened is None:
            call.caller.opened = self.book.readable(*call.caller.watched)

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Look at nothing, and then at all that has become of it. In between, files may take several steps at once."""
        self._looks_away = True
        try:
            yield
        finally:
            self._looks_away = False
        call = Call(Caller(END), "batch", lambda: None, is_read=False)
        call.tables = ALL_TABLES
        for path, file in self.book.files.items():
            row = self.world.query(READ_STATE, path)
            if (file.state, row[0][0]) in SHORTCUTS:
                self.book.files[path] = file._replace(state="dead")
        self._after_batch(call)

    def _after_batch(self, call: Call) -> None:
        tables = call.tables
        if call.caller.is_reset:
            self._note_reset(call)
        if "buffer_logs" in tables:
            self._read_hot()
        if "archived_files" in tables or "block_indexes" in tables:
            self._read_files(call)
        if "quarantine" in tables:
            self._read_quarantine()
        if "ledger" in tables:
            rows = self.world.query(READ_LEDGER)
            self.book.ledger = {Group(*row[:3]): row[3:] for row in rows}
        if not tables.isdisjoint(("buffer_logs", "archived_files", "block_indexes", "quarantine")):
            self._check_places(call)
        if not self.book.is_resetting and not tables.isdisjoint(("buffer_logs", "archived_files", "quarantine", "ledger")):
            self._check_ledger()
        if self._wipes(call) and "ledger" in tables:
            self.book.resets_ended += 1

    def _wipes(self, call: Call) -> bool:
        """Return whether a call may remove whatever there is: it is a reset's, and none has come to its end since that began."""
        return call.caller.is_reset and call.caller.resets_before == self.book.resets_ended

    def _note_reset(self, call: Call) -> None:
        book = self.book
        if call.tables == {"store_settings"}:
            call.caller.resets_before = book.resets_ended
        if call.tables.isdisjoint(("buffer_logs", "uploads")) or not self._wipes(call):
            return
        is_last = "ledger" in call.tables
        book.resets += 1
        book.is_resetting = not is_last
        if is_last:
            book.expired.clear()
            book.expired_counts.clear()

    def _after_put(self, path: str) -> None:
        if path not in self.book.files:
            raise ViolationError(f"an object was put that has no row: {path}")
        cold = self.book.cold.get(path)
        if cold is not None and self.world.objects[path][0] is not cold.data:
            raise ViolationError(f"the object of the live file {path} was overwritten")

    def _after_delete(self, path: str) -> None:
        file = self.book.files.get(path)
        if file is not None and file.state not in {"dead", "gone"}:
            raise ViolationError(f"an object was deleted whose file {path} is {file.state}")

    # What is there

    def _read_hot(self) -> None:
        hot: dict[int, Hot] = {}
        parts: list[bytes] = []
        for row_id, dataset_id, table, version, period, time_ms, parts_left, data in self.world.query(READ_HOT):
            parts.append(bytes(data))
            if parts_left:
                continue
            whole = parts[0] if len(parts) == 1 else b"".join(parts)
            parts = []
            payload = self._payload(version, whole)
            if payload in hot:
                raise ViolationError(f"record {payload} is in two hot rows")
            hot[payload] = Hot(Group(table, version, period), len(whole))
            self._check_key(payload, dataset_id, table, time_ms, row_id)
        if parts:
            raise ViolationError("the last rows of a record are missing")
        self.book.hot = hot

    def _payload(self, version: int, data: bytes) -> int:
        poison = self.book.poison.get(data)
        if poison is not None:
            return poison
        if (version, data) not in self._payload_of:
            self._payload_of[version, data] = self.kind.payload_of(version, data)
        return self._payload_of[version, data]

    def _check_key(self, payload: int, dataset_id: str, table: str, time_ms: int, sequence: int) -> None:
        """Check that a record stands where it belongs, under the key that it has always had."""
        book = self.book
        known = book.payloads.get(payload)
        if known is None:
            raise ViolationError(f"record {payload} was never sent")
        if (known.dataset_id, known.table) != (dataset_id, table):
            raise ViolationError(f"record {payload} of {known.dataset_id}/{known.table} stands in {dataset_id}/{table}")
        if known.time_ms is not None and known.time_ms != time_ms:
            raise ViolationError(f"record {payload} has the time {time_ms}, not {known.time_ms}")
        if payload in book.present:
            if book.keys[payload] != (time_ms, sequence):
                raise ViolationError(f"record {payload} has the key {(time_ms, sequence)}, and had {book.keys[payload]} before")
        else:
            book.keys[payload] = (time_ms, sequence)
        if book.owners.setdefault(sequence, payload) != payload:
            raise ViolationError(f"records {payload} and {book.owners[sequence]} have had the same sequence, {sequence}")

    def _read_files(self, call: Call) -> None:
        book = self.book
        is_index_old = "block_indexes" in call.tables
        if is_index_old:
            book.blocks = {}
            for row in self.world.query(READ_BLOCKS):
                book.blocks.setdefault(row[0], []).append(row[1:])
        rows = {row[1]: row for row in self.world.query(READ_FILES)}
        for path, row in rows.items():
            is_new = book.file_rows.get(path) != row
            if is_new:
                file = File(row[0], path, row[2], Group(*row[3:6]), *row[6:])
                self._check_transition(book.files.get(path), file, call)
                book.files[path] = file
            if row[-1] != "live":
                book.cold.pop(path, None)
            elif is_new or is_index_old:
                book.cold[path] = self._cold(book.files[path], book.cold.get(path))
        if len(rows) != len(book.files):
            raise ViolationError(f"the rows of files {sorted(book.files.keys() - rows.keys())} are gone")
        book.file_rows = rows

    def _check_transition(self, before: File | None, file: File, call: Call) -> None:
        if before is None:
            is_buried = file.path == STRAY and file.state == "dead"  # an object without a row gets a dead one before it is deleted
            if file.state != "staged" and not is_buried and call.caller.name != END:
                raise ViolationError(f"{file.path} began as {file.state}")
            return
        if (before.state, file.state) not in TRANSITIONS:
            raise ViolationError(f"{file.path} went from {before.state} to {file.state}")
        if file._replace(state="") != before._replace(state=""):
            raise ViolationError(f"the row of {file.path} was changed: {before} to {file}")
        if before.state == "live" and call.cutoff_ms is not None:
            self._expire(file, self.book.cold[file.path].payloads, call.cutoff_ms)

    def _expire(self, file: File, payloads: Iterable[int], cutoff_ms: int) -> None:
        book = self.book
        for payload in payloads:
            if book.keys[payload][0] >= cutoff_ms:
                raise ViolationError(f"record {payload} of {file.path} expired before its time")
            book.expired.add(payload)
            book.removed.add(payload)
        book.expired_counts[file.group] = book.expired_counts.get(file.group, 0) + file.record_count

    def _cold(self, file: File, before: Cold | None) -> Cold:
        """Return what a live file holds, checked against its object unless neither has changed."""
        found = self.world.objects.get(file.path)
        if found is None:
            raise ViolationError(f"the live file {file.path} has no object")
        blocks = self.book.blocks.get(file.id, [])
        if before is not None and before.data is found[0] and before.blocks == blocks:
            return before
        return Cold(found[0], blocks, self._check_file(file, found[0], blocks))

    def _check_file(self, file: File, data: bytes, blocks: list[tuple[Any, ...]]) -> tuple[int, ...]:
        if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.checksum:
            raise ViolationError(f"the object of the live file {file.path} has other bytes")
        header = decode_header(data)
        position = header.size
        payloads: list[int] = []
        for dataset_id, table, start, length, count, first_ms, last_ms, checksum, packed in blocks:
            raw = data[start : start + length]
            if start != position or zlib.crc32(raw) != checksum:
                raise ViolationError(f"the index of {file.path} does not tile it at byte {position}")
            position += length
            keys = decode_keys(packed, count)
            if keys != sorted(keys) or (keys[0].timestamp, keys[-1].timestamp) != (first_ms, last_ms):
                raise ViolationError(f"the keys of a block of {file.path} are not in order")
            block = LiveBlock(file.path, header, file.group.table_version, start, length, checksum, keys)
            records = decode_block(header, parse_stored(block, raw), branches=bool(self.kind.schemas))
            for key, record in zip(keys, records, strict=True):
                payload = int(record["id"])
                self._check_key(payload, dataset_id, table, *key)
                if not same_record(record, self.book.payloads[payload].record):
                    raise ViolationError(f"record {payload} of {file.path} is not what was sent: {record}")
                payloads.append(payload)
        if position != len(data) or len(payloads) != file.record_count or file.header_size != header.size:
            raise ViolationError(f"the index of {file.path} does not fill it")
        if max(self.book.keys[payload][0] for payload in payloads) != file.end_ms:
            raise ViolationError(f"the newest record of {file.path} has another time than its row says")
        return tuple(payloads)

    def _read_quarantine(self) -> None:
        book = self.book
        quarantined: dict[int, Group] = {}
        for sequence, *group in self.world.query(READ_QUARANTINE):
            payload = book.owners.get(sequence)
            if payload is not None:  # else it is the first part of a record
                quarantined[payload] = Group(*group)
        poison = set(book.poison.values())
        if not quarantined.keys() <= poison:
            raise ViolationError(f"records {sorted(quarantined.keys() - poison)} are in quarantine without a reason")
        book.quarantined = quarantined

    # What must be so

    def _check_places(self, call: Call) -> None:
        """Check that each record is in one place, that none has gone, and that new ones came as whole uploads."""
        book = self.book
        places = [*book.hot, *book.quarantined]
        for cold in book.cold.values():
            places += cold.payloads
        present = set(places)
        if len(present) != len(places):
            twice = [payload for payload, count in Counter(places).items() if count > 1]
            raise ViolationError(f"records {twice} are in two places")
        if not present.isdisjoint(book.expired):
            raise ViolationError(f"records {sorted(present & book.expired)} are back after they have expired")
        present |= book.expired
        lost = book.present - present
        if lost:
            if not self._wipes(call):
                raise ViolationError(f"records {sorted(lost)} are in no place")
            book.removed |= lost  # their uploads are forgotten too, so they may come again
        came = present - book.present
        book.present = present
        if came:
            self._check_uploads(came)

    def _check_uploads(self, came: set[int]) -> None:
        book = self.book
        for number in sorted({book.payloads[payload].number for payload in came}):
            if number == 0:  # a poison row, which came without an upload
                continue
            sent = book.uploads[number]
            if not came.issuperset(sent.payloads):
                raise ViolationError(f"only records {sorted(came)} of upload {sent.payloads} are stored")
            if sent.upload_id is not None:
                key = (sent.dataset_id, sent.table, sent.upload_id)
                other = book.stored_by_id.get(key, number)
                if other != number and book.present.issuperset(book.uploads[other].payloads):
                    raise ViolationError(f"uploads {other} and {number} are both stored as {sent.upload_id!r}")
                book.stored_by_id[key] = number

    def _check_ledger(self) -> None:
        book = self.book
        hot: dict[Group, list[int]] = {}
        for group, size in book.hot.values():
            totals = hot.setdefault(group, [0, 0])
            totals[0] += 1
            totals[1] += size
        cold: dict[Group, list[int]] = {}
        for path in book.cold:
            file = book.files[path]
            totals = cold.setdefault(file.group, [0, 0, 0])
            totals[0] += file.record_count
            totals[1] += file.size
            totals[2] += file.raw_bytes
        quarantined = Counter(book.quarantined.values())
        for group in {**hot, **cold, **quarantined, **book.ledger}:
            moved = (*hot.get(group, (0, 0)), *cold.get(group, (0, 0, 0)), book.expired_counts.get(group, 0), quarantined[group])
            accepted = moved[0] + moved[2] + moved[5] + moved[6]
            if book.ledger.get(group) != (accepted, *moved):
                raise ViolationError(f"the ledger says {book.ledger.get(group)} of {group}, and it is {(accepted, *moved)}")
