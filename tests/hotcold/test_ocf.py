"""A read as one container file: valid for any library, with the blocks as they are stored where that can be."""

import io
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Reader, decode_header, scan_blocks
from avro_ocf.hotcold import Settings
from avro_ocf.oracle.equality import same
from tests.hotcold.random_records import RECORDS
from tests.hotcold.stores import Rig, memory_rig

pytestmark = pytest.mark.host

V1 = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
V2 = {"type": "record", "name": "R", "fields": [{"name": "b", "type": "string", "default": "?"}, *V1["fields"]]}


def block_data(file: bytes) -> list[tuple[int, bytes]]:
    """Return the count and the compressed data of each block: all of it but the sync marker."""
    blocks = scan_blocks(io.BytesIO(file))
    return [(block.record_count, file[block.start_byte : block.start_byte + block.length - 16]) for block in blocks]


def stored_data(rig: Rig, dataset_id: str) -> list[tuple[int, bytes]]:
    """Return the same of a dataset's stored blocks in the order of their records."""
    rows = rig.sql(
        """SELECT f.file_path, b.start_byte, b.length, b.record_count FROM block_indexes b JOIN archived_files f ON f.id = b.file_id
        WHERE b.dataset_id = ?1 AND f.state = 'live' ORDER BY b.start_timestamp, f.id, b.start_byte""",
        dataset_id,
    )
    places = [(row["file_path"], row["start_byte"], row["start_byte"] + row["length"] - 16) for row in rows]
    data = [rig.object(path)[start:stop] for path, start, stop in places]
    return list(zip((row["record_count"] for row in rows), data, strict=True))


def fill(rig: Rig, table: str = "t", *, per_upload: int = 10) -> None:
    """Archive some uploads of two datasets, each dataset's in order of time."""
    for number in range(6):
        for dataset_id in "de":
            records = [{"a": number * 100 + index} for index in range(per_upload)]
            rig.ingest(dataset_id, table, records, timestamp=number)
    rig.archive()


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("has_schema", [False, True])
def test_stored_blocks_are_copied_byte_for_byte(codec: str, has_schema: bool) -> None:
    with memory_rig(Settings(block_bytes=20, codec=codec)) as rig:
        if has_schema:
            rig.run(rig.store.add_table("t", V1))
        fill(rig)
        file = rig.ocf("d", "t")
        stored = stored_data(rig, "d")
        assert len(stored) > 5
        assert block_data(file) == stored
        assert decode_header(file).codec == codec
        assert list(Reader(io.BytesIO(file))) == rig.read("d", "t")


def test_what_is_cut_by_the_range_is_encoded_anew_and_the_rest_copied() -> None:
    with memory_rig(Settings(block_bytes=20)) as rig:
        rig.run(rig.store.add_table("t", V1))
        fill(rig)
        file = rig.ocf("d", "t", from_ms=1, to_ms=5)
        assert [record["a"] // 100 for record in Reader(io.BytesIO(file))] == [number for number in range(1, 5) for _ in range(10)]
        copied = [data for data in block_data(file) if data in stored_data(rig, "d")]
        assert len(copied) >= len(block_data(file)) - 4


def test_hot_records_are_put_between_the_copied_blocks() -> None:
    with memory_rig(Settings(block_bytes=20)) as rig:
        rig.run(rig.store.add_table("t", V1))
        fill(rig)
        rig.ingest("d", "t", [{"a": 7}] * 3, timestamp=2)
        rig.ingest("d", "t", [{"a": 8}] * 3, timestamp=9)
        file = rig.ocf("d", "t")
        assert list(Reader(io.BytesIO(file))) == rig.read("d", "t")
        assert sum(data in stored_data(rig, "d") for data in block_data(file)) >= len(stored_data(rig, "d")) - 2


def test_another_codec_is_encoded_anew() -> None:
    with memory_rig(Settings(block_bytes=20)) as rig:
        fill(rig)
        rig.store = rig.another(Settings(block_bytes=20, codec="null"))
        file = rig.ocf("d", "t")
        assert decode_header(file).codec == "null"
        assert list(Reader(io.BytesIO(file))) == rig.read("d", "t")


def test_several_versions_come_as_the_newest(rig: Rig) -> None:
    rig.run(rig.store.add_table("t", V1))
    fill(rig)
    rig.run(rig.store.add_table("t", V2))
    rig.ingest("d", "t", [{"a": -1, "b": "new"}], timestamp=3)
    rig.ingest("d", "t", [{"a": -2}], timestamp=4, table_version=1)
    for _ in range(2):
        file = rig.ocf("d", "t")
        assert decode_header(file).schema.json == decode_header(rig.ocf("nobody", "t")).schema.json
        assert '"b"' in decode_header(file).schema.json
        records = list(Reader(io.BytesIO(file)))
        assert records == rig.read("d", "t")
        assert {record["b"] for record in records} == {"?", "new"}
        assert list(fastavro.reader(io.BytesIO(file))) == records
        rig.archive()


def test_an_empty_answer_is_a_valid_file(rig: Rig) -> None:
    rig.ingest("d", "t", [])
    rig.run(rig.store.add_table("u", V1))
    for dataset_id, table in (("d", "t"), ("nobody", "t"), ("d", "u")):
        file = rig.ocf(dataset_id, table)
        assert list(Reader(io.BytesIO(file))) == list(fastavro.reader(io.BytesIO(file))) == []
    rig.ingest("d", "t", [{"a": 1}], timestamp=5)
    for _ in range(2):
        assert list(Reader(io.BytesIO(rig.ocf("d", "t", from_ms=6)))) == []
        rig.archive()


def test_the_header_comes_first_and_the_rest_as_it_is_read() -> None:
    with memory_rig(Settings(block_bytes=20, file_records=5)) as rig:
        rig.run(rig.store.add_table("t", V1))
        fill(rig)

        async def gets_after_each_piece() -> list[int]:
            rig.bucket.clear()
            return [rig.bucket.gets async for _ in rig.store.read("d", "t", format="ocf")]

        gets = rig.run(gets_after_each_piece())
        assert gets[0] == 0
        assert gets == sorted(gets)
        assert gets[1] < gets[-1]


def test_the_file_says_nothing_of_the_store(rig: Rig) -> None:
    fill(rig)
    metadata = decode_header(rig.ocf("d", "t")).metadata
    assert all(key.startswith("avro.") for key in metadata)


@settings(max_examples=60)  # each makes a store
@given(st.lists(st.lists(RECORDS, max_size=5), max_size=4), st.integers(0, 4), st.sampled_from([1, 50, 10_000]))
def test_any_records_make_a_file_for_any_library(uploads: list[list[Any]], archived: int, block_bytes: int) -> None:
    with memory_rig(Settings(block_bytes=block_bytes)) as rig:
        rig.ingest("d", "t", [])
        for number, records in enumerate(uploads):
            rig.ingest("d", "t", records)
            if number == archived:
                rig.archive()
        wanted = [record for records in uploads for record in records]
        file = rig.ocf("d", "t")
        assert same(list(Reader(io.BytesIO(file))), wanted)
        assert same(list(fastavro.reader(io.BytesIO(file))), wanted)


def test_the_same_file_comes_again(rig: Rig) -> None:
    fill(rig)
    first, second = rig.ocf("d", "t"), rig.ocf("d", "t")
    assert block_data(first) == block_data(second)
    assert decode_header(first).sync_marker != decode_header(second).sync_marker


def test_a_file_has_no_key_of_another_dataset(rig: Rig) -> None:
    """Both are in one object, whose schema has the keys of both."""
    rig.ingest("victim", "t", [{"hp": 1, "balance_of_alice": 3}])
    rig.ingest("d", "t", [{"hp": 1}])
    (path,) = rig.archive().files
    assert b"balance_of_alice" in rig.object(path)
    file = rig.ocf("d", "t")
    assert b"alice" not in file
    assert list(Reader(io.BytesIO(file))) == [{"hp": 1}]
