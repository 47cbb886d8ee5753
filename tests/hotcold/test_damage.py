"""Damage: an error that names it, never a short or wrong answer, and never for other datasets."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf.errors import DamagedError, StoreError
from avro_ocf.hotcold import Settings
from tests.damage import damaged
from tests.hotcold.stores import Rig, memory_rig

pytestmark = pytest.mark.host

DATASETS = ("a", "b", "c")
BLOCKS = "SELECT dataset_id, start_byte, length FROM block_indexes ORDER BY start_byte"


def fill(rig: Rig, *, codec: str = "deflate") -> str:
    """Archive two blocks of each of three datasets into one file, and return its path."""
    rig.store = rig.another(Settings(block_bytes=35, codec=codec))
    for dataset_id in DATASETS:
        rig.ingest(dataset_id, "t", [{"of": dataset_id, "number": number} for number in range(20)], timestamp=5)
    (path,) = rig.archive().files
    assert [row["dataset_id"] for row in rig.sql(BLOCKS)] == ["a", "a", "b", "b", "c", "c"]
    return path


def whole(dataset_id: str) -> list[Any]:
    return [{"of": dataset_id, "number": number} for number in range(20)]


CHANGES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "flipped": lambda data, start, _: data[: start + 9] + bytes([data[start + 9] ^ 4]) + data[start + 10 :],
    "count": lambda data, start, _: data[:start] + bytes([data[start] ^ 2]) + data[start + 1 :],
    "sync marker": lambda data, start, length: data[: start + length - 1] + b"?" + data[start + length :],
    "zeros": lambda data, start, length: data[:start] + bytes(length) + data[start + length :],
    "block before": lambda data, start, length: data[:start] + data[start - length : start] + data[start + length :],
}


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("as_file", [False, True])
def test_a_changed_block_is_named_and_harms_no_other_dataset(rig: Rig, codec: str, change: str, as_file: bool) -> None:
    path = fill(rig, codec=codec)
    row = rig.sql(BLOCKS)[3]
    start, length = row["start_byte"], row["length"]
    rig.replace(path, CHANGES[change](rig.object(path), start, length))
    with pytest.raises(DamagedError, match=f"{path}, byte {start}: the checksum of the block differs"):
        rig.ocf("b", "t") if as_file else rig.read("b", "t")
    assert [rig.read(dataset_id, "t") for dataset_id in "ac"] == [whole("a"), whole("c")]
    rig.ingest("b", "t", [{"more": True}], timestamp=9)
    assert rig.read("b", "t", from_ms=6) == [{"more": True}]
    assert not rig.run(rig.store.verify(repair=True)).is_ok


@pytest.mark.parametrize("cut", ["inside", "before", "all"])
def test_a_cut_object_is_damage_for_those_whose_bytes_are_gone(rig: Rig, cut: str) -> None:
    path = fill(rig)
    row = rig.sql(BLOCKS)[3]
    length = {"inside": row["start_byte"] + 7, "before": row["start_byte"], "all": 0}[cut]
    rig.replace(path, rig.object(path)[:length])
    for dataset_id in "bc":
        with pytest.raises(DamagedError, match=f"{path}, byte .*: the object ends inside the block, after"):
            rig.read(dataset_id, "t")
    if cut == "all":
        with pytest.raises(DamagedError):
            rig.read("a", "t")
    else:
        assert rig.read("a", "t") == whole("a")


def test_a_missing_object_is_damage_and_is_looked_for_a_few_times(rig: Rig) -> None:
    path = fill(rig)
    rig.delete(path)
    rig.bucket.clear()
    for dataset_id in DATASETS:
        with pytest.raises(DamagedError, match=f"{path}: the object is missing"):
            rig.read(dataset_id, "t")
    assert 3 < rig.bucket.gets <= 15
    problems = rig.run(rig.store.verify()).problems
    assert problems == [(path, "the object is missing", False)]


def test_an_object_that_comes_back_is_read(rig: Rig) -> None:
    path = fill(rig)
    data = rig.object(path)
    rig.delete(path)
    get, tries = rig.bucket.get, 0

    async def get_later(key: str, start_byte: int, length: int) -> bytes:
        nonlocal tries
        tries += 1
        if tries == 3:
            await rig.bucket.put(path, [data], if_absent=True)
        return await get(key, start_byte, length)

    rig.bucket.get = get_later  # type: ignore[method-assign]
    assert rig.read("a", "t") == whole("a")
    assert tries == 3


def test_swapped_objects_are_damage(rig: Rig) -> None:
    first = fill(rig)
    rig.ingest("d", "t", whole("d"))
    (second,) = rig.archive().files
    data = [rig.object(first), rig.object(second)]
    rig.replace(first, data[1])
    rig.replace(second, data[0])
    for dataset_id in "abcd":
        with pytest.raises(DamagedError, match=r"\.avro, byte"):
            rig.read(dataset_id, "t")
    problems = rig.run(rig.store.verify()).problems
    assert [(problem.place, problem.problem) for problem in problems] == [
        (path, "the checksum of the object differs") for path in (first, second)
    ]


@settings(max_examples=100)
@given(data=st.data(), codec=st.sampled_from(["null", "deflate"]))
def test_any_damage_is_an_error_or_does_not_matter(data: st.DataObject, codec: str) -> None:
    with memory_rig() as rig:
        path = fill(rig, codec=codec)
        original = rig.object(path)
        rig.replace(path, data.draw(damaged(original)))
        for dataset_id in DATASETS:
            try:
                assert rig.read(dataset_id, "t") == whole(dataset_id)
            except DamagedError as error:
                assert path in str(error)
        assert rig.run(rig.store.verify()).is_ok == (rig.object(path) == original)


COLUMNS = (
    "b.start_byte = b.start_byte + 1",
    "b.length = b.length - 1",
    "b.record_count = b.record_count + 1",
    "b.record_count = b.record_count - 1",
    "b.record_count = 0",
    "b.record_count = 0, record_keys = unhex('0300')",
    "b.checksum = b.checksum + 1",
    "b.record_keys = unhex('00ff')",
    "b.record_keys = unhex('')",
    "f.header = unhex('4f626a01')",
    "f.header = NULL",
)


@pytest.mark.parametrize("change", COLUMNS)
def test_damaged_rows_of_the_index_are_an_error_and_are_repaired(rig: Rig, change: str) -> None:
    path = fill(rig)
    table = {"b": "block_indexes", "f": "archived_files"}[change[0]]
    rig.sql(f"UPDATE {table} SET {change.replace(f'{change[0]}.', '')}")
    for dataset_id in DATASETS:
        with pytest.raises(DamagedError, match=path):
            rig.read(dataset_id, "t")
    found = rig.run(rig.store.verify())
    assert not found.is_ok
    assert [problem.place for problem in found.problems] == [path]
    assert rig.run(rig.store.verify(repair=True)).is_ok
    rig.verify()
    assert [rig.read(dataset_id, "t") for dataset_id in DATASETS] == [whole(dataset_id) for dataset_id in DATASETS]


@pytest.mark.parametrize("column", ["file_size", "header_size", "record_count", "raw_bytes", "end_timestamp", "compression_codec"])
def test_wrong_columns_of_a_file_are_found(rig: Rig, column: str) -> None:
    path = fill(rig)
    rig.sql(f"UPDATE archived_files SET {column} = 1")
    problems = rig.run(rig.store.verify()).problems
    assert path in [problem.place for problem in problems]


def test_a_version_that_cannot_read_is_an_error_of_the_store(rig: Rig) -> None:
    def schema(type_: object) -> object:
        return {"type": "record", "name": "R", "fields": [{"name": "a", "type": type_}]}

    rig.run(rig.store.add_table("t", schema("int")))
    rig.ingest("d", "t", [{"a": 1}])
    for archives in (False, True):
        if archives:
            rig.archive()
        rig.sql("INSERT OR REPLACE INTO table_schemas SELECT 't', 2, replace(schema, 'int', 'string'), NULL FROM table_schemas")
        with pytest.raises(StoreError):
            rig.read("d", "t")
        rig.sql("DELETE FROM table_schemas WHERE table_version = 2")
    assert rig.read("d", "t") == [{"a": 1}]
