"""The same for tables with schemas: random ones, their later versions, and times that stand in a field of the records."""

import datetime as dt
import json
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from avro_ocf import Schema, check_compatibility, parse_schema
from avro_ocf.errors import ConflictError, SchemaError
from avro_ocf.oracle import evolutions, from_schema, schemas
from tests.hotcold.machine import Sent, Stored, StoreMachine, disk_rig_of_its_own
from tests.hotcold.random_records import DATASETS, PERIODS, UNIONS, times
from tests.hotcold.stores import NOW_MS, Rig

pytestmark = pytest.mark.host

TABLE = "battle"
CLOCKS: dict[str, tuple[object, int]] = {
    "plain": ("long", 1),
    "millis": ({"type": "long", "logicalType": "timestamp-millis"}, 0),
    "local micros": ({"type": "long", "logicalType": "local-timestamp-micros"}, 0),
    "nanos": ({"type": "long", "logicalType": "timestamp-nanos"}, 1_000_000),
}
"""Types of a timestamp field, each with what an int in it counts in a millisecond; for 0 its values are datetimes."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def field_value(schema: Any, time_ms: int) -> Any:
    """Return what the timestamp field of a schema holds for a time."""
    (kind,) = [field["type"] for field in schema["fields"] if field["name"] == "at"]
    (unit,) = [unit for known, unit in CLOCKS.values() if known == kind]
    value = EPOCH + dt.timedelta(milliseconds=time_ms)
    return time_ms * unit if unit else value.replace(tzinfo=None) if "local" in str(kind) else value


class VersionMachine(StoreMachine):
    """A table with a schema, and with versions of it as they come. Its unions keep their branches, whatever becomes of a record."""

    branches = True

    @initialize(data=st.data(), clock=st.none() | st.sampled_from([*CLOCKS]))
    def register(self, data: st.DataObject, clock: str | None) -> None:
        fields = [{"name": "value", "type": data.draw(schemas() | UNIONS)}]
        if clock:
            fields.append({"name": "at", "type": CLOCKS[clock][0]})
        self.clock = clock
        self.declared: Any = {"type": "record", "name": "Top", "fields": fields}
        self.versions: list[Schema] = []
        self.add(self.declared)

    def add(self, declared: Any) -> None:
        assert self.rig.run(self.rig.store.add_table(TABLE, declared, timestamp_field=self.field)) == len(self.versions) + 1
        self.versions.append(parse_schema(declared))
        self.declared = declared

    @property
    def field(self) -> str | None:
        return "at" if self.clock else None

    def seen(self, stored: Stored) -> Any:
        written = self.versions[stored.version - 1]
        return written.decode(written.encode(stored.record), self.versions[-1], branches=True)

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def read_plain(self, data: st.DataObject) -> None:
        """Read records without their branches."""
        one = data.draw(st.sampled_from(self.stored))
        newest = self.versions[-1]
        wanted = [newest.decode(newest.encode(record)) for record in self.expected(one.dataset_id, one.table)]
        self.check_records(self.rig.read(one.dataset_id, one.table), wanted)

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        """Send what was read of a dataset, as records or as a file, as an upload of another."""
        one = data.draw(st.sampled_from(self.stored))
        wanted = self.expected(one.dataset_id, one.table)
        file = self.rig.ocf(one.dataset_id, one.table) if data.draw(st.booleans()) else b""
        sent = Sent(DATASETS[3], TABLE, self.read_all(one.dataset_id, one.table), {"timestamp": NOW_MS}, file)
        self.check_records(sent.records, wanted)
        times = sorted(each.timestamp for each in self.stored if each.dataset_id == one.dataset_id)
        self.accept(sent, times if self.clock else [NOW_MS] * len(wanted), len(self.versions))

    @precondition(lambda self: len(self.versions) < 3)
    @rule(data=st.data())
    def add_table(self, data: st.DataObject) -> None:
        """Add a version if it can read those before, and find that another is refused."""
        declared = data.draw(evolutions(self.declared)).reader_schema
        schema = parse_schema(declared)
        if schema in self.versions:
            version = self.rig.run(self.rig.store.add_table(TABLE, declared, timestamp_field=self.field))
            assert version == self.versions.index(schema) + 1
        elif self.can_be_added(declared, schema):
            try:
                self.add(declared)
            except SchemaError as error:
                assert "bytes are not always UTF-8" in str(error)  # which no rule of Avro says
        else:
            with pytest.raises(SchemaError):
                self.rig.run(self.rig.store.add_table(TABLE, declared, timestamp_field=self.field))
        self.check_all()

    def can_be_added(self, declared: Any, schema: Schema) -> bool:
        if not isinstance(declared, dict) or declared.get("type") not in {"record", "error"}:
            return False
        types = {field["name"]: field["type"] for field in declared["fields"]}
        if self.clock and not any(types.get("at") == kind for kind, _ in CLOCKS.values()):
            return False
        return not any(check_compatibility(reader=schema, writer=known) for known in self.versions)

    @rule()
    def change_the_timestamp_field(self) -> None:
        with pytest.raises((ConflictError, SchemaError)):
            self.rig.run(self.rig.store.add_table(TABLE, self.declared, timestamp_field="value" if self.clock else "none"))

    @rule(
        data=st.data(),
        dataset_id=st.sampled_from(DATASETS[:3]),
        timestamp=times,
        field_times=st.lists(st.sampled_from([0, 5, NOW_MS, NOW_MS + 1, 9_000_000_000_000]), max_size=5),
        period_tag=st.none() | st.sampled_from(PERIODS),
    )
    def ingest(self, data: st.DataObject, dataset_id: str, timestamp: int, field_times: list[int], period_tag: str | None) -> None:
        version = data.draw(st.integers(1, len(self.versions)))
        schema = self.versions[version - 1]
        records: list[Any] = []
        for time_ms in field_times:
            record: Any = data.draw(from_schema(schema.node, branches=True))
            if self.clock:
                record["at"] = field_value(json.loads(schema.json), time_ms)
            records.append(record)
        is_newest = version == len(self.versions) and data.draw(st.booleans())
        options = {"timestamp": timestamp, "period_tag": period_tag, "table_version": None if is_newest else version}
        sent = Sent(dataset_id, TABLE, records, options)
        self.accept(sent, field_times if self.clock else [timestamp] * len(records), version)


class VersionMachineOnDisk(VersionMachine):
    """The same in a directory."""

    def open_rig(self) -> AbstractContextManager[Rig]:
        return disk_rig_of_its_own()


TestVersions = VersionMachine.TestCase
TestVersions.settings = settings(max_examples=60, stateful_step_count=40)
TestVersionsOnDisk = VersionMachineOnDisk.TestCase
TestVersionsOnDisk.settings = settings(max_examples=5, stateful_step_count=40)
