"""Whatever is done to a store of JSON records, a reader sees what was accepted: a model beside it tells what that is."""

import io
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from avro_ocf import extended_json
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.oracle.equality import same
from tests.hotcold.machine import Sent, StoreMachine, disk_rig_of_its_own
from tests.hotcold.random_records import DATASETS, PERIODS, RECORDS, TABLES, bounds, in_key_order, times
from tests.hotcold.stores import Rig, memory_rig

pytestmark = pytest.mark.host


class JsonMachine(StoreMachine):
    """A store of tables without a schema."""

    def check_records(self, found: list[Any], wanted: list[Any]) -> None:
        super().check_records(found, wanted)
        assert [*map(extended_json.dumps, found)] == [extended_json.dumps(in_key_order(record)) for record in wanted]

    def check_file(self, file: bytes, wanted: list[Any]) -> None:
        import fastavro  # not in Pyodide, where this machine runs on other parts

        super().check_file(file, wanted)
        assert same(list(fastavro.reader(io.BytesIO(file))), wanted)

    @rule(
        dataset_id=st.sampled_from(DATASETS),
        table=st.sampled_from(TABLES),
        records=st.lists(RECORDS, max_size=6),
        timestamp=st.none() | times,
        period_tag=st.none() | st.sampled_from(PERIODS),
    )
    def ingest(self, dataset_id: str, table: str, records: list[Any], timestamp: int | None, period_tag: str | None) -> None:
        options = {"timestamp": timestamp, "period_tag": period_tag}
        time_ms = self.rig.clock.now_ms if timestamp is None else timestamp
        self.accept(Sent(dataset_id, table, records, options), [time_ms] * len(records), 0)


class JsonMachineOnDisk(JsonMachine):
    """The same in a directory."""

    def open_rig(self) -> AbstractContextManager[Rig]:
        return disk_rig_of_its_own()


# A run of many steps finds what many runs of few steps do not.
TestTransparency = JsonMachine.TestCase
TestTransparency.settings = settings(max_examples=60, stateful_step_count=40)
TestTransparencyOnDisk = JsonMachineOnDisk.TestCase
TestTransparencyOnDisk.settings = settings(max_examples=5, stateful_step_count=40)


uploads = st.lists(
    st.tuples(st.sampled_from(DATASETS[:2]), st.lists(RECORDS, max_size=6), times, st.sampled_from(PERIODS)), min_size=1, max_size=6
)


def texts(rig: Rig, from_ms: int, to_ms: int) -> list[list[str]]:
    reads = [rig.read(dataset_id, "battle", from_ms=from_ms, to_ms=to_ms) for dataset_id in DATASETS[:2]]
    return [[*map(extended_json.dumps, records)] for records in reads]


@settings(max_examples=50)  # each makes a store
@given(uploads, bounds, bounds | st.just(TIME_MAX + 1))
def test_a_query_answers_the_same_to_the_letter_at_every_stage(sent: list[Any], from_ms: int, to_ms: int) -> None:
    with memory_rig() as rig:
        for dataset_id, records, timestamp, period_tag in sent:
            rig.ingest(dataset_id, "battle", records, timestamp=timestamp, period_tag=period_tag)
        answers = [texts(rig, from_ms, to_ms)]
        rig.archive()
        answers.append(texts(rig, from_ms, to_ms))
        rig.run(rig.store.compact())
        answers.append(texts(rig, from_ms, to_ms))
        rig.clock.now_ms += 2 * rig.settings.grace_ms
        rig.run(rig.store.collect())
        answers.append(texts(rig, from_ms, to_ms))
        assert answers == answers[:1] * 4
        rig.verify()
