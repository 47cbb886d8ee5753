"""`reindex`: a store from its objects alone, every record once, whatever else is left in the bucket or the database."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import decode_header, encode_header
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.errors import UnavailableError
from avro_ocf.hotcold import Settings
from avro_ocf.hotcold.directory import DIRECTORY_KEY, decode_directory, encode_directory
from avro_ocf.hotcold.reports import Problem
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import DATASETS, PERIODS, RECORDS, TABLES, times
from tests.hotcold.stores import SMALL, CountingDatabase, Rig, memory_rig

pytestmark = pytest.mark.host

V1: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "at", "type": "long"}, {"name": "a", "type": "int"}]}
V2 = {**V1, "fields": [*V1["fields"], {"name": "b", "type": ["null", "string"], "default": None}]}

uploads = st.lists(
    st.tuples(
        st.sampled_from(DATASETS[:3]),
        st.sampled_from(TABLES),
        st.lists(RECORDS, min_size=1, max_size=5),
        times,
        st.sampled_from(PERIODS),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


def answers(rig: Rig, table: str = "t", datasets: tuple[str, ...] = ("d", "e")) -> list[Any]:
    return [rig.read(dataset_id, table) for dataset_id in datasets]


def as_texts(records: list[Any]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@settings(max_examples=40)  # each makes two stores
@given(uploads, st.booleans(), st.booleans())
def test_the_answers_are_the_same(sent: list[Any], is_compacted: bool, is_collected: bool) -> None:
    with memory_rig() as rig:
        for dataset_id, table, records, timestamp, period_tag, is_archived in sent:
            rig.ingest(dataset_id, table, records, timestamp=timestamp, period_tag=period_tag)
            if is_archived:
                rig.archive()
        rig.archive()
        before = {(upload[0], upload[1]): rig.read(upload[0], upload[1]) for upload in sent}
        if is_compacted:
            rig.clock.now_ms += 1
            rig.run(rig.store.compact())
        if is_collected:
            rig.clock.now_ms += rig.settings.grace_ms + 1
            rig.run(rig.store.collect())
        rig.lose_database()
        report = rig.run(rig.store.reindex())
        assert report.skipped == []
        for (dataset_id, table), records in before.items():
            assert same(rig.read(dataset_id, table), records)
        assert sum(len(records) for records in before.values()) == report.record_count + report.hot_records
        rig.verify()
        rig.archive()
        rig.verify()
        assert rig.run(rig.store.reindex()) == ([], [], [], 0, 0)


def test_what_a_compaction_made_comes_before_what_it_replaced() -> None:
    with memory_rig(Settings()) as rig:
        for number in range(4):
            rig.ingest("d", "t", [{"a": number}])
            rig.archive()
        rig.clock.now_ms += 1
        compacted = rig.run(rig.store.compact())
        rig.lose_database()
        report = rig.run(rig.store.reindex())
        assert (report.files, report.hot_records) == (compacted.files, 0)
        assert sorted(report.replaced) == sorted(compacted.replaced)
        assert [record["a"] for record in rig.read("d", "t")] == [0, 1, 2, 3]


def test_schemas_versions_and_the_timestamp_field_come_back(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", V1, timestamp_field="at"))
    rig.ingest("d", "t", [{"at": 9, "a": 1}, {"at": 3, "a": 2}])
    rig.archive()
    rig.run(rig.store.add_table("t", V2, timestamp_field="at"))
    rig.ingest("d", "t", [{"at": 5, "a": 3, "b": "x"}])
    rig.ingest("e", "t", [{"at": 1, "a": 4}], table_version=1)
    rig.archive()
    before = answers(rig)
    table = rig.run(rig.store.table("t"))
    rig.lose_database()
    assert rig.run(rig.store.reindex()).record_count == 4
    found = rig.run(rig.store.table("t"))
    assert (found.schemas, found.timestamp_field) == (table.schemas, "at")
    assert answers(rig) == before
    assert rig.read("d", "t", from_ms=4, to_ms=9) == [{"at": 5, "a": 3, "b": "x"}]
    assert rig.run(rig.store.add_table("t", V2, timestamp_field="at")) == 2
    rig.ingest("d", "t", [{"at": 4, "a": 9, "b": None}])
    assert [record["at"] for record in rig.read("d", "t")] == [3, 4, 5, 9]
    rig.verify()


def test_records_that_come_later_stand_behind_those_that_came_back(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(10)], timestamp=5)
    rig.archive()
    rig.lose_database()
    rig.run(rig.store.reindex())
    rig.ingest("d", "t", [{"a": number} for number in range(10, 20)], timestamp=5)
    for _ in range(2):
        assert [record["a"] for record in rig.read("d", "t")] == [*range(20)]
        rig.archive()
    rig.verify()


def test_an_object_that_was_never_committed_doubles_nothing(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}, {"a": 1}], timestamp=5)
    put = rig.bucket.put

    async def put_and_die(key: str, chunks: Any, *, if_absent: bool) -> bool:
        await put(key, chunks, if_absent=if_absent)
        raise UnavailableError("it died")

    for _ in range(2):
        rig.bucket.put = put_and_die  # type: ignore[method-assign]
        with pytest.raises(UnavailableError):
            rig.run(rig.store.archive())
    rig.bucket.put = put  # type: ignore[method-assign]
    rig.archive()
    assert len(rig.objects()) == 3
    rig.lose_database()
    rig.run(rig.store.reindex())
    assert rig.read("d", "t") == [{"a": 1}, {"a": 1}]
    rig.verify()
    rig.archive()
    assert rig.read("d", "t") == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("saved_after", ["ingest", "first archive", "second archive", "compaction"])
def test_an_older_database_that_is_restored_catches_up(rig: Rig, tmp_path: Path, saved_after: str) -> None:
    rig.settings = SMALL._replace(file_bytes=4000, file_records=50)
    rig.store = rig.another()

    def save(moment: str) -> None:
        if moment == saved_after:
            with closing(sqlite3.connect(tmp_path / "hotcold.db")) as connection:
                connection.execute("VACUUM INTO ?", (str(tmp_path / "saved.db"),))

    for number in range(6):
        rig.ingest("de"[number % 2], "t", [{"a": number, "i": index} for index in range(4)], timestamp=number % 3)
    save("ingest")
    rig.archive()
    save("first archive")
    rig.ingest("d", "t", [{"a": 6}], timestamp=1)
    rig.archive()
    save("second archive")
    rig.run(rig.store.compact())
    save("compaction")
    rig.ingest("e", "t", [{"a": 7}], timestamp=1)
    rig.archive()
    before = answers(rig)
    rig.close()
    with SQLite(tmp_path / "saved.db") as restored, memory_rig() as fresh:
        fresh.settings = rig.settings
        fresh.database, fresh.bucket = CountingDatabase(restored), rig.bucket
        fresh.store = fresh.another()
        fresh.run(fresh.store.reindex())
        for step in (fresh.archive, lambda: fresh.run(fresh.store.compact()), fresh.archive):
            assert answers(fresh) == before
            assert fresh.run(fresh.store.verify()).is_ok
            step()


def test_what_came_in_before_the_reindex_is_kept_apart(rig: Rig) -> None:
    """The new database may give the times and sequences of records that it does not know yet."""
    rig.ingest("d", "t", [{"old": number} for number in range(5)], timestamp=5)
    rig.archive()
    rig.lose_database()
    rig.ingest("d", "t", [{"new": number} for number in range(3)], timestamp=5)
    rig.run(rig.store.reindex())
    wanted = as_texts([{"old": number} for number in range(5)] + [{"new": number} for number in range(3)])
    for step in (rig.archive, lambda: rig.run(rig.store.compact()), rig.archive):
        assert as_texts(rig.read("d", "t")) == wanted
        rig.verify()
        step()


def test_equal_places_do_not_hide_a_record_between_pages(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avro_ocf.hotcold.snapshot.HOT_ROWS", 2)
    rig.ingest("d", "t", [{"old": number} for number in range(6)], timestamp=5)
    rig.archive()
    rig.lose_database()
    rig.ingest("d", "t", [{"new": number} for number in range(6)], timestamp=5)
    rig.run(rig.store.reindex())
    wanted = as_texts([{kind: number} for kind in ("old", "new") for number in range(6)])
    assert as_texts(rig.read("d", "t")) == wanted
    rig.archive()
    assert as_texts(rig.read("d", "t")) == wanted


def test_a_version_that_was_registered_otherwise_meanwhile_is_not_mixed_up(rig: Rig) -> None:
    other: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    rig.run(rig.store.add_table("t", V1))
    rig.ingest("d", "t", [{"at": 1, "a": 97}, {"at": 1, "a": 98}])
    (path,) = rig.archive().files
    rig.lose_database()
    rig.run(rig.store.add_table("t", other))
    report = rig.run(rig.store.reindex())
    assert [problem.place for problem in report.skipped] == [path]
    assert rig.read("d", "t") == []
    rig.ingest("d", "t", [{"a": "x"}])
    rig.archive()
    assert rig.read("d", "t") == [{"a": "x"}]


def test_tables_of_json_and_of_schemas_are_not_mixed_up(rig: Rig) -> None:
    rig.ingest("d", "json", [{"a": 1}])
    rig.run(rig.store.add_table("typed", V1))
    rig.ingest("d", "typed", [{"at": 1, "a": 1}])
    paths = rig.archive().files
    rig.lose_database()
    rig.run(rig.store.add_table("json", V1))
    rig.ingest("d", "typed", [{"a": "json now"}])
    report = rig.run(rig.store.reindex())
    assert sorted(problem.place for problem in report.skipped) == sorted(paths)
    assert rig.read("d", "json") == []
    assert rig.read("d", "typed") == [{"a": "json now"}]


def test_what_cannot_be_read_is_told_and_left(rig: Rig) -> None:
    for number in range(4):
        rig.ingest("de"[number % 2], "t", [{"a": number}], period_tag=f"p{number}")
    paths = rig.archive().files
    good = rig.object(paths[0])
    rig.replace(paths[1], good[:-1])
    rig.replace(paths[2], good[: len(good) // 2])
    rig.replace("t/foreign.avro", b"Obj\x01\x00" + bytes(16))
    rig.replace("t/empty.avro", b"")
    rig.replace("notes.txt", b"hello")
    rig.lose_database()
    progress: list[tuple[int, int]] = []
    report = rig.run(rig.store.reindex(on_progress=lambda done, total: progress.append((done, total))))
    assert sorted(report.files) == sorted([paths[0], paths[3]])
    assert sorted(problem.place for problem in report.skipped) == sorted(
        [paths[1], paths[2], "notes.txt", "t/empty.avro", "t/foreign.avro"]
    )
    assert progress[-1] == (7, 7)
    assert answers(rig) == [[{"a": 0}], [{"a": 3}]]
    assert len(rig.objects()) == 7


def test_a_schema_that_no_table_can_have_is_told_and_left(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", V1, timestamp_field="at"))
    rig.ingest("d", "t", [{"at": 1, "a": 1}])
    (path,) = rig.archive().files
    data = rig.object(path)
    header = decode_header(data)
    metadata = {DIRECTORY_KEY: encode_directory(*decode_directory(header)._replace(timestamp_field="none"))}
    rig.replace(path, encode_header(header.schema, metadata=metadata, sync_marker=header.sync_marker) + data[header.size :])
    rig.lose_database()
    (problem,) = rig.run(rig.store.reindex()).skipped
    assert problem == Problem(
        path, "no version of its table here can have its schema: none: there is no such field", is_repaired=False
    )
    assert rig.count("table_schemas") == 0


OTHERS: list[tuple[dict[str, Any], str | None, str]] = [
    ({**V1, "fields": [V1["fields"][0], {"name": "a", "type": "string"}]}, "at", "a: it cannot read version 1"),
    (V1, None, "its timestamp field is 'at', and that of the table None"),
]


@pytest.mark.parametrize(("other", "field", "message"), OTHERS)
def test_a_version_that_cannot_read_those_here_is_told_and_left(
    rig: Rig, other: dict[str, Any], field: str | None, message: str
) -> None:
    """The table was made anew before `reindex`, with another schema."""
    rig.run(rig.store.add_table("t", V1, timestamp_field="at"))
    rig.run(rig.store.add_table("t", V2, timestamp_field="at"))
    rig.ingest("d", "t", [{"at": 1, "a": 1, "b": "x"}])
    (path,) = rig.archive().files
    rig.lose_database()
    rig.run(rig.store.add_table("t", other, timestamp_field=field))
    record = {"at": 2, "a": "x" if other != V1 else 2}
    rig.ingest("d", "t", [record])
    (problem,) = rig.run(rig.store.reindex()).skipped
    assert problem.place == path
    assert message in problem.problem
    assert rig.read("d", "t") == [record]


def test_a_copy_of_an_object_under_another_key_doubles_nothing(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}, {"a": 2}])
    (path,) = rig.archive().files
    rig.replace("t/copy.avro", rig.object(path))
    rig.lose_database()
    rig.run(rig.store.reindex())
    assert rig.read("d", "t") == [{"a": 1}, {"a": 2}]
    rig.verify()


def test_large_records_come_back_as_rows_too() -> None:
    with memory_rig(Settings(block_bytes=1000, file_bytes=2_000_000)) as rig:
        rig.ingest("d", "t", [{"a": "x" * 1_000_000}, {"a": 1}])
        rig.ingest("d", "t", [{"a": 2}])
        first = rig.archive().files[0]
        data = rig.object(first)
        rig.lose_database()
        rig.replace("t/zz-copy.avro", data)
        rig.run(rig.store.reindex())
        assert [record["a"] for record in rig.read("d", "t")] == ["x" * 1_000_000, 1, 2]
        rig.verify()


@pytest.mark.parametrize(("new_rows", "kept"), [(1, [2, 3, 4, 5]), (2, [5])])
def test_rows_come_back_under_the_sequences_that_are_free(new_rows: int, kept: list[int]) -> None:
    """One record has three rows, 2 to 4; others that came in meanwhile have taken the first sequences."""
    with memory_rig(Settings(block_bytes=1000, file_bytes=2_000_000)) as rig:
        old: list[Any] = [{"a": 1}, {"a": "x" * 1_000_000}, {"a": 3}]
        rig.ingest("d", "t", old, timestamp=5)
        rig.archive()
        rig.lose_database()
        new = [{"new": number} for number in range(new_rows)]
        rig.ingest("d", "t", new, timestamp=5)
        rig.run(rig.store.reindex())
        ids = [row["id"] for row in rig.sql("SELECT id FROM buffer_logs ORDER BY id")]
        assert [row_id for row_id in ids if new_rows < row_id <= 5] == kept
        assert as_texts(rig.read("d", "t")) == as_texts(old + new)
        rig.verify()
