"""Expiry and collection: what is over goes in two steps, and nothing else ever goes."""

import os
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import DatumError, UnavailableError
from avro_ocf.hotcold import Settings
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

STATES = "SELECT file_path, state, last_modified_at FROM archived_files ORDER BY id"


def states(rig: Rig) -> list[str]:
    return [row["state"] for row in rig.sql(STATES)]


@settings(max_examples=60)  # each makes a store
@given(st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=3), min_size=1, max_size=6), st.integers(0, 110))
def test_a_file_expires_by_its_newest_record(uploads: list[list[int]], older_than: int) -> None:
    with memory_rig(Settings()) as rig:
        for ages in uploads:
            for age in ages:
                rig.ingest("d", "t", [{"age": age}], timestamp=NOW_MS - age)
            rig.archive()
        report = rig.run(rig.store.expire(older_than))
        gone = [ages for ages in uploads if min(ages) > older_than]
        kept = [ages for ages in uploads if min(ages) <= older_than]
        assert (len(report.files), report.record_count) == (len(gone), sum(map(len, gone)))
        assert sorted(record["age"] for record in rig.read("d", "t")) == sorted(chain.from_iterable(kept))
        assert rig.run(rig.store.expire(older_than)) == ([], 0)
        rig.verify()


def test_hot_rows_never_expire(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], timestamp=0)
    assert rig.run(rig.store.expire(0)) == ([], 0)
    assert rig.read("d", "t") == [{"a": 1}]
    rig.archive()
    assert rig.run(rig.store.expire(0)).record_count == 1
    for bad in (-1, True, 1.5):
        with pytest.raises(DatumError, match="older_than_ms"):
            rig.run(rig.store.expire(bad))  # type: ignore[arg-type]


def test_many_files_expire_at_once() -> None:
    with memory_rig(Settings(file_records=1)) as rig:
        rig.ingest("d", "t", [{"a": number} for number in range(700)], timestamp=5)
        rig.archive()
        assert rig.run(rig.store.expire(1)).record_count == 700
        rig.clock.now_ms += 2 * rig.settings.grace_ms
        assert len(rig.run(rig.store.collect()).deleted) == 700
        assert rig.objects() == []
        rig.verify()


def test_an_expired_object_stays_for_the_grace_and_then_goes(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], timestamp=0)
    (path,) = rig.archive().files
    rig.run(rig.store.expire(0))
    rig.clock.now_ms += rig.settings.grace_ms
    assert rig.run(rig.store.collect()) == ([], [], [], [], 0)
    assert states(rig) == ["dead"]
    assert [info.key for info in rig.objects()] == [path]
    rig.clock.now_ms += 1
    assert rig.run(rig.store.collect()).deleted == [path]
    assert states(rig) == ["gone"]
    assert rig.objects() == []
    assert rig.count("block_indexes") == 0
    assert rig.run(rig.store.collect()) == ([], [], [], [], 0)
    rig.verify()


def test_what_was_staged_too_long_is_given_up(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    put = rig.bucket.put

    async def put_and_die(key: str, chunks: Any, *, if_absent: bool) -> bool:
        await put(key, chunks, if_absent=if_absent)
        raise UnavailableError("it died")

    rig.bucket.put = put_and_die  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        rig.run(rig.store.archive())
    rig.bucket.put = put  # type: ignore[method-assign]
    ((path, state, _),) = [tuple(row.values()) for row in rig.sql(STATES)]
    assert state == "staged"
    assert rig.archive().record_count == 1
    rig.clock.now_ms += rig.settings.staged_ms
    assert rig.run(rig.store.collect()).given_up == []
    rig.clock.now_ms += 1
    assert rig.run(rig.store.collect()).given_up == [path]
    assert states(rig) == ["dead", "live"]
    rig.clock.now_ms += rig.settings.grace_ms + 1
    assert rig.run(rig.store.collect()).deleted == [path]
    assert rig.read("d", "t") == [{"a": 1}]
    rig.verify()


def test_an_archiver_that_was_given_up_on_changes_nothing(rig: Rig) -> None:
    """It stalls after its put for so long that its object is collected, and goes on."""
    rig.ingest("d", "t", [{"a": 1}])
    put = rig.bucket.put

    async def put_slowly(key: str, chunks: Any, *, if_absent: bool) -> bool:
        done = await put(key, chunks, if_absent=if_absent)
        rig.clock.now_ms += rig.settings.staged_ms + 1
        await rig.another().collect()
        return done

    rig.bucket.put = put_slowly  # type: ignore[method-assign]
    report = rig.run(rig.store.archive())
    assert (report.result, report.record_count) == ("overtaken", 0)
    assert rig.read("d", "t") == [{"a": 1}]
    rig.bucket.put = put  # type: ignore[method-assign]
    rig.archive()
    rig.clock.now_ms += rig.settings.grace_ms + 1
    rig.run(rig.store.collect())
    assert states(rig) == ["gone", "live"]
    rig.verify()


def test_an_object_that_comes_back_after_it_is_gone_is_deleted_again(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], timestamp=0)
    (path,) = rig.archive().files
    data = rig.object(path)
    rig.run(rig.store.expire(0))
    rig.clock.now_ms += rig.settings.grace_ms + 1
    rig.run(rig.store.collect())
    rig.replace(path, data)
    assert [problem.place for problem in rig.run(rig.store.verify()).problems] == [path]
    assert rig.run(rig.store.collect()).strays == [path]
    assert rig.objects() == []


def test_strays_go_only_when_they_are_old(rig: Rig, tmp_path: Path) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    (path,) = rig.archive().files
    ages = {"t/new.avro": 0, "t/young.avro": rig.settings.stray_ms - 1000, "u/old.avro": rig.settings.stray_ms + 1000, path: 10**12}
    copy = rig.object(path)
    for key, age in ages.items():
        if key != path:
            rig.replace(key, copy)
        seconds = (rig.clock.now_ms - age) / 1000
        os.utime(tmp_path / "cold" / key, (seconds, seconds))
    assert rig.run(rig.store.collect()).strays == ["u/old.avro"]
    assert sorted(info.key for info in rig.objects()) == sorted(["t/new.avro", "t/young.avro", path])
    rig.clock.now_ms += 2000
    assert rig.run(rig.store.collect()).strays == ["t/young.avro"]
    assert rig.read("d", "t") == [{"a": 1}]


def test_many_strays_go_page_by_page() -> None:
    with memory_rig() as rig:
        rig.ingest("d", "t", [{"a": 1}])
        (path,) = rig.archive().files
        copy = rig.object(path)
        for number in range(1203):
            rig.replace(f"t/stray-{number}", copy)
        assert len(rig.run(rig.store.verify()).problems) == 1203
        rig.clock.now_ms += rig.settings.stray_ms + 1
        assert len(rig.run(rig.store.collect()).strays) == 1203
        rig.verify()


def test_what_a_crash_of_doctor_has_left_goes_and_no_table_of_its_name(rig: Rig) -> None:
    rig.ingest("d", "doctor-", [{"a": 1}])
    paths = rig.archive().files
    rig.replace("doctor-00", b"0123456789")
    rig.lose_database()
    assert rig.run(rig.store.status()).unknown_objects is None
    assert rig.run(rig.store.collect()).strays == []
    rig.clock.now_ms += rig.settings.stray_ms + 10**12
    report = rig.run(rig.store.collect())
    assert (report.strays, report.unknown) == (["doctor-00"], paths)


def test_an_object_that_may_hold_what_is_nowhere_else_is_kept(rig: Rig) -> None:
    """Also where a new or an older database knows nothing of it, however old it is."""
    rig.ingest("d", "t", [{"a": 1}])
    paths = rig.archive().files
    rig.ingest("d", "t", [{"a": 2}])
    paths += rig.archive().files
    rig.replace("notes.txt", b"hello")
    rig.lose_database()
    rig.ingest("d", "t", [{"new": 1}])
    rig.clock.now_ms += 2 * rig.settings.stray_ms + 10**12
    report = rig.run(rig.store.collect())
    assert (report.strays, report.unknown) == ([], sorted([*paths, "notes.txt"]))
    assert rig.run(rig.store.status()).unknown_objects == 3
    checks = {check.name: check for check in rig.run(rig.store.doctor()).checks}
    assert (checks["objects"].is_ok, checks["objects"].detail) == (False, "3 that no row knows; `reindex` takes them up")
    taken_up = rig.run(rig.store.reindex())
    assert sorted([*taken_up.files, *taken_up.replaced]) == sorted(paths)
    assert rig.run(rig.store.collect()).unknown == ["notes.txt"]
    assert sorted(map(str, rig.read("d", "t"))) == ["{'a': 1}", "{'a': 2}", "{'new': 1}"]


def test_old_runs_are_forgotten(rig: Rig) -> None:
    rig.run(rig.store.status())
    for _ in range(3):
        rig.archive()
    rig.sql("UPDATE archive_runs SET id = id + 5000 WHERE id = 3")
    rig.run(rig.store.collect())
    assert [row["id"] for row in rig.sql("SELECT id FROM archive_runs")] == [5003]


def test_a_reader_that_began_before_goes_on_through_the_grace(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(40)], timestamp=0)
    rig.archive()

    async def read() -> list[Any]:
        found: list[Any] = []
        async for record in rig.store.read("d", "t"):
            found.append(record["a"])
            if len(found) == 1:
                await rig.another().expire(0)
                await rig.another().collect()
        return found

    assert rig.run(read()) == [*range(40)]
    assert rig.read("d", "t") == []
