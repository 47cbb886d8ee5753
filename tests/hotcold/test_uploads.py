"""Exactly once: an upload that comes again, hot or cold, is the one that is there."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import ConflictError, DatumError, NotFoundError
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import RECORDS
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

V1 = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
V2 = {"type": "record", "name": "R", "fields": [{"name": "b", "type": "int", "aliases": ["a"]}]}


def test_an_upload_that_comes_again_is_a_no_op_hot_and_cold(rig: Rig) -> None:
    first = rig.ingest("d", "t", [{"a": 1}, {"a": 2}], upload_id="u")
    assert first == ("u", 0, 2, False)
    for step in (rig.archive, lambda: rig.run(rig.store.compact()), rig.archive, rig.verify):
        assert rig.ingest("d", "t", [{"a": 1}, {"a": 2}], upload_id="u") == ("u", 0, 2, True)
        assert rig.read("d", "t") == [{"a": 1}, {"a": 2}]
        step()


def test_redelivery_at_another_moment_is_the_same(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], upload_id="u")
    rig.clock.now_ms += 40 * 86_400_000
    assert rig.ingest("d", "t", [{"a": 1}], upload_id="u").is_replay
    assert [row["timestamp"] for row in rig.sql("SELECT timestamp FROM buffer_logs")] == [NOW_MS]


CHANGES: list[dict[str, Any]] = [
    {"records": [{"a": 1.0}]},
    {"records": [{"a": True}]},
    {"records": [{"a": 1}, {"a": 1}]},
    {"records": []},
    {"records": [{"a": 1, "b": None}]},
    {"timestamp": NOW_MS},
    {"period_tag": "2025-11"},
]


@pytest.mark.parametrize("change", CHANGES)
def test_other_content_by_the_same_id_is_a_conflict(rig: Rig, change: dict[str, Any]) -> None:
    upload: dict[str, Any] = {"records": [{"a": 1}], "upload_id": "u"}
    rig.run(rig.store.ingest("d", "t", **upload))
    for _ in range(2):
        with pytest.raises(ConflictError, match="upload 'u' of dataset 'd' is there with other content"):
            rig.run(rig.store.ingest("d", "t", **{**upload, **change}))
        assert rig.read("d", "t") == [{"a": 1}]
        rig.archive()
    rig.verify()


def test_the_order_of_keys_does_not_count(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1, "b": {"x": 1, "y": 2}}], upload_id="u")
    assert rig.ingest("d", "t", [{"b": {"y": 2, "x": 1}, "a": 1}], upload_id="u").is_replay


def test_an_id_is_one_datasets_and_tables_own(rig: Rig) -> None:
    for dataset_id in ("d", "e"):
        for table in ("t", "s"):
            assert not rig.ingest(dataset_id, table, [{"a": 1}], upload_id="u").is_replay
    assert rig.count("uploads") == 4


def test_equal_uploads_without_an_id_are_two(rig: Rig) -> None:
    for _ in range(2):
        rig.ingest("d", "t", [{"a": 1}, {"a": 1}])
    for _ in range(2):
        assert rig.read("d", "t") == [{"a": 1}] * 4
        rig.archive()


@settings(max_examples=50)  # each makes a store
@given(st.lists(st.lists(RECORDS, max_size=3), min_size=1, max_size=4), st.data())
def test_any_redelivery_stores_nothing(contents: list[list[Any]], data: st.DataObject) -> None:
    with memory_rig() as rig:
        for number, records in enumerate(contents):
            rig.ingest("d", "t", records, upload_id=str(number))
        if data.draw(st.booleans()):
            rig.archive()
        number = data.draw(st.integers(0, len(contents) - 1))
        assert rig.ingest("d", "t", contents[number], upload_id=str(number)).is_replay
        assert same(rig.read("d", "t"), [record for records in contents for record in records])


def test_redelivery_is_a_no_op_after_a_version_that_its_records_do_not_fit(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", V1))
    rig.ingest("d", "t", [{"a": 1}], upload_id="u")
    rig.run(rig.store.add_table("t", V2))
    assert rig.ingest("d", "t", [{"a": 1}], upload_id="u") == ("u", 1, 1, True)
    with pytest.raises(DatumError):
        rig.ingest("d", "t", [{"a": 1}], upload_id="v")
    with pytest.raises(ConflictError):
        rig.ingest("d", "t", [{"a": 2}], upload_id="u")
    assert rig.read("d", "t") == [{"b": 1}]


def test_redelivery_is_a_no_op_after_a_version_that_its_records_fit_too(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", V1))
    rig.ingest("d", "t", [{"a": 1}], upload_id="u")
    wider = {**V1, "fields": [{"name": "a", "type": "long"}, {"name": "new", "type": "int", "default": 5}]}
    rig.run(rig.store.add_table("t", wider))
    assert rig.ingest("d", "t", [{"a": 1}], upload_id="u") == ("u", 1, 1, True)
    assert rig.read("d", "t") == [{"a": 1, "new": 5}]


def test_records_without_a_byte_count_too(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", {"type": "record", "name": "R", "fields": []}))
    rig.ingest("d", "t", [{}, {}], upload_id="u")
    with pytest.raises(ConflictError):
        rig.ingest("d", "t", [{}], upload_id="u")
    for _ in range(2):
        assert rig.read("d", "t") == [{}, {}]
        rig.archive()


def test_an_unknown_version_is_not_found(rig: Rig) -> None:
    for version in (1, 2, -1):
        with pytest.raises(NotFoundError, match=f"table 't' has no version {version}"):
            rig.ingest("d", "t", [{}], table_version=version)
    rig.run(rig.store.add_table("t", V1))
    for version in (0, 2):
        with pytest.raises(NotFoundError, match=f"no version {version}"):
            rig.ingest("d", "t", [{"a": 1}], table_version=version)
    assert rig.count("buffer_logs") == 0


def test_uploads_are_forgotten_after_their_time(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], upload_id="u")
    rig.clock.now_ms += rig.settings.upload_ms
    assert rig.run(rig.store.collect()).forgotten_uploads == 0
    assert rig.ingest("d", "t", [{"a": 1}], upload_id="u").is_replay
    rig.clock.now_ms += 1
    assert rig.run(rig.store.collect()).forgotten_uploads == 1
    assert not rig.ingest("d", "t", [{"a": 1}], upload_id="u").is_replay
