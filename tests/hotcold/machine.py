"""A model of the store, a plain list of what was accepted, and the steps that change nothing for whoever reads."""

import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from avro_ocf import Reader
from avro_ocf.errors import ConflictError
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.reports import IngestReport
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import bounds
from tests.hotcold.stores import SMALL, Rig, disk_rig, everything, memory_rig


class Stored(NamedTuple):
    """A record that was accepted, and the version of its table that it was accepted by."""

    dataset_id: str
    table: str
    timestamp: int
    version: int
    record: Any


class Sent(NamedTuple):
    """An upload that was accepted; if it was sent as a file, `file` is what was sent."""

    dataset_id: str
    table: str
    records: list[Any]
    options: dict[str, Any]
    file: bytes = b""

    def send(self, rig: Rig, **options: Any) -> IngestReport:
        """Ingest it."""
        return rig.ingest(self.dataset_id, self.table, self.file or self.records, **{**self.options, **options})


@contextmanager
def disk_rig_of_its_own() -> Iterator[Rig]:
    """Give a store in a folder that is removed in the end."""
    folder = Path(tempfile.mkdtemp())
    try:
        with disk_rig(folder) as rig:
            yield rig
    finally:
        shutil.rmtree(folder)


class StoreMachine(RuleBasedStateMachine):
    """A store beside its model. A subclass adds records to both and says what a reader sees of one."""

    branches = False
    """Whether records are sent, seen and read with the branches of their unions."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.open_rig()
        self.rig = self.opened.__enter__()
        self.stored: list[Stored] = []
        self.sent: list[Sent] = []
        self.expired = 0
        self.is_paused = False

    def open_rig(self) -> AbstractContextManager[Rig]:
        """Make the store."""
        return memory_rig(SMALL)

    def teardown(self) -> None:
        try:
            if self.stored:
                self.check_all()
                self.rig.run(self.rig.store.resume())
                self.rig.archive()
                assert self.rig.count("buffer_logs") == 0
                self.check_all()
                self.rig.verify()
        finally:
            self.opened.__exit__(None, None, None)

    def seen(self, stored: Stored) -> Any:
        """Return a record as a reader sees it now."""
        return stored.record

    def expected(self, dataset_id: str, table: str, from_ms: int = 0, to_ms: int = TIME_MAX + 1) -> list[Any]:
        """Return what a read has to give."""
        chosen = [each for each in self.stored if (each.dataset_id, each.table) == (dataset_id, table)]
        chosen = [each for each in chosen if from_ms <= each.timestamp < to_ms]
        return [self.seen(each) for each in sorted(chosen, key=lambda each: each.timestamp)]

    def check_records(self, found: list[Any], wanted: list[Any]) -> None:
        """Check an answer."""
        assert same(found, wanted)

    def check_all(self) -> None:
        """Check all records of all datasets."""
        for dataset_id, table in {(each.dataset_id, each.table) for each in self.stored}:
            self.check_records(self.read_all(dataset_id, table), self.expected(dataset_id, table))

    def read_all(self, dataset_id: str, table: str, **options: Any) -> list[Any]:
        """Return the records of a read."""
        return self.rig.read(dataset_id, table, branches=self.branches, **options)

    def accept(self, sent: Sent, times: list[int], version: int, **options: Any) -> None:
        """Ingest an upload of records that have these times."""
        report = sent.send(self.rig, **options)
        assert report[1:] == (version, len(times), False)
        self.sent.append(sent._replace(options={**sent.options, "upload_id": report.upload_id}))
        rows = zip(times, sent.records, strict=True)
        self.stored += [Stored(sent.dataset_id, sent.table, time_ms, version, record) for time_ms, record in rows]

    @invariant()
    def every_record_is_hot_or_in_one_live_block(self) -> None:
        (row,) = (
            self.rig.sql(
                """SELECT (SELECT COUNT(*) FROM buffer_logs WHERE parts_left = 0) + (SELECT COALESCE(SUM(b.record_count), 0)
            FROM block_indexes b JOIN archived_files f ON f.id = b.file_id WHERE f.state = 'live') AS record_count"""
            )
            if self.rig.database.batches
            else [{"record_count": 0}]
        )
        assert row["record_count"] == len(self.stored)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def redeliver(self, data: st.DataObject) -> None:
        """Send an upload again: it is there, hot or cold."""
        sent = data.draw(st.sampled_from(self.sent))
        report = sent.send(self.rig)
        assert report.is_replay
        assert report.record_count == len(sent.records)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def reuse_an_id(self, data: st.DataObject) -> None:
        """Send other content by the id of an upload."""
        sent = data.draw(st.sampled_from(self.sent))
        with pytest.raises(ConflictError, match="other content"):
            sent.send(self.rig, period_tag="another")

    @rule()
    def archive(self) -> None:
        report = self.rig.run(self.rig.store.archive())
        assert report.result == ("paused" if self.is_paused else "done")
        assert report.quarantined_records == 0

    @rule()
    def compact(self) -> None:
        report = self.rig.run(self.rig.store.compact())
        assert len(report.files) < len(report.replaced) or not report.replaced

    @rule(pass_ms=st.sampled_from([0, 60_000, 4_000_000]))
    def collect(self, pass_ms: int) -> None:
        self.rig.clock.now_ms += pass_ms
        self.rig.run(self.rig.store.collect())

    @rule(older_than_ms=st.sampled_from([0, 1, 86_400_000]))
    def expire(self, older_than_ms: int) -> None:
        """Expire: what goes is old, and nothing else goes."""
        report = self.rig.run(self.rig.store.expire(older_than_ms))
        oldest = self.rig.clock.now_ms - older_than_ms
        kept: list[Stored] = []
        for dataset_id, table, time_ms in dict.fromkeys(each[:3] for each in self.stored):
            found = self.read_all(dataset_id, table, from_ms=time_ms, to_ms=time_ms + 1)
            for each in self.stored:
                if each[:3] == (dataset_id, table, time_ms) and found and same(found[0], self.seen(each)):
                    del found[0]
                    kept.append(each)
            assert not found
        kept_ids = {id(each) for each in kept}
        gone = [each for each in self.stored if id(each) not in kept_ids]
        assert all(each.timestamp < oldest for each in gone)
        assert report.record_count == len(gone)
        self.stored = [each for each in self.stored if id(each) in kept_ids]

    @rule()
    def verify(self) -> None:
        self.rig.verify()

    @rule(is_paused=st.booleans())
    def pause(self, is_paused: bool) -> None:
        self.rig.run(self.rig.store.pause() if is_paused else self.rig.store.resume())
        self.is_paused = is_paused

    @rule()
    def reopen(self) -> None:
        """Go on as another process."""
        self.rig.store = self.rig.another()

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), from_ms=bounds, to_ms=bounds | st.just(TIME_MAX + 1))
    def read(self, data: st.DataObject, from_ms: int, to_ms: int) -> None:
        one = data.draw(st.sampled_from(self.stored))
        found = self.read_all(one.dataset_id, one.table, from_ms=from_ms, to_ms=to_ms)
        self.check_records(found, self.expected(one.dataset_id, one.table, from_ms, to_ms))

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), from_ms=bounds, to_ms=bounds | st.just(TIME_MAX + 1))
    def read_as_file(self, data: st.DataObject, from_ms: int, to_ms: int) -> None:
        one = data.draw(st.sampled_from(self.stored))
        file = self.rig.ocf(one.dataset_id, one.table, from_ms=from_ms, to_ms=to_ms)
        self.check_file(file, self.expected(one.dataset_id, one.table, from_ms, to_ms))

    def check_file(self, file: bytes, wanted: list[Any]) -> None:
        """Check the file that was read."""
        self.check_records(list(Reader(io.BytesIO(file), branches=self.branches)), wanted)

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), step=st.sampled_from(["archive", "compact", "collect"]))
    def read_meanwhile(self, data: st.DataObject, step: str) -> None:
        """Read while another process archives, compacts or collects between two records."""
        one = data.draw(st.sampled_from(self.stored))
        wanted = self.expected(one.dataset_id, one.table)
        place = data.draw(st.integers(0, len(wanted)))
        records = self.rig.store.read(one.dataset_id, one.table, branches=self.branches)
        self.check_records(self.rig.run(read_with(records, place, self.rig.another(), step)), wanted)


async def read_with(records: AsyncIterator[Any], place: int, other: HotCold, step: str) -> list[Any]:
    """Return what a read gives while `other` does something after the record at `place`."""
    found = [await anext(records) for _ in range(place)]
    await getattr(other, step)()
    return found + await everything(records)
