"""Archiving: rows into objects, each dataset's blocks apart, in files of bounded size that any library reads."""

import io
import json
import random
import re
from collections import Counter
from itertools import groupby
from typing import Any

import avro.datafile
import avro.io
import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Reader, decode_header, encode_header, scan_blocks
from avro_ocf.errors import DatumError, UnavailableError, UnsupportedCodecError
from avro_ocf.hotcold import HotCold, Settings
from avro_ocf.hotcold.build import BLOCK_RECORDS
from tests.hotcold.random_records import DATASETS
from tests.hotcold.stores import NOW_MS, SMALL, Rig, memory_rig

pytestmark = pytest.mark.host

BLOCKS = "SELECT file_id, dataset_id, start_byte, length, record_count FROM block_indexes ORDER BY file_id, start_byte"
FILES = "SELECT * FROM archived_files ORDER BY id"
GARBAGE = "UPDATE buffer_logs SET data = unhex(?2) WHERE id = CAST(?1 AS INTEGER)"


def battles(count: int, seed: int) -> list[dict[str, Any]]:
    """Return records as a game's client posts them."""
    rng = random.Random(seed)
    return [
        {
            "uuid": f"{rng.getrandbits(128):032x}",
            "index": index,
            "cell_id": rng.randrange(30),
            "at_list": [rng.randrange(12) for _ in range(8)],
            "damage": [[rng.randrange(200) * 1.0] for _ in range(8)],
            "f_now_hps": [rng.randrange(100) for _ in range(6)],
            "e_now_hps": [rng.randrange(100) for _ in range(6)],
            "drop_ship_id": rng.choice([None, rng.randrange(500)]),
            "formation": rng.choice(["line", "double line", "diamond", "echelon"]),
            "protect_flag": [rng.random() < 0.1 for _ in range(6)],
        }
        for index in range(count)
    ]


def test_keys_are_unique_and_of_one_form(rig: Rig) -> None:
    paths: list[str] = []
    for number in range(3):
        for table, period in (("t", None), ("2nd.table-x", "v1.2_3")):
            rig.ingest("d", table, [{"a": number}], period_tag=period, timestamp=0)
        paths += rig.archive().files
    assert len(set(paths)) == 6
    assert all(re.fullmatch(r"(t/1970-01|2nd\.table-x/v1\.2_3)-[0-9a-f]{32}\.avro", path) for path in paths)
    assert {info.key for info in rig.objects()} == set(paths)


@settings(max_examples=40)  # each makes a store
@given(st.lists(st.tuples(st.sampled_from(DATASETS), st.integers(1, 9)), min_size=1, max_size=12))
def test_a_block_holds_one_dataset_and_a_file_has_each_datasets_side_by_side(uploads: list[tuple[str, int]]) -> None:
    with memory_rig(SMALL._replace(file_bytes=500, file_records=20)) as rig:
        for number, (dataset_id, count) in enumerate(uploads):
            rig.ingest(dataset_id, "t", [{"of": dataset_id, "n": number}] * count, timestamp=NOW_MS - number)
        rig.archive()
        files = {row["id"]: row for row in rig.sql(FILES)}
        for file_id, rows in groupby(rig.sql(BLOCKS), key=lambda row: row["file_id"]):
            blocks = list(rows)
            owners = [dataset_id for dataset_id, _ in groupby(block["dataset_id"] for block in blocks)]
            assert owners == sorted(set(owners))
            reader = Reader(io.BytesIO(rig.object(files[file_id]["file_path"])))
            for found, block in zip(reader.blocks(), blocks, strict=True):
                assert [*found] == [block["start_byte"], block["length"], block["record_count"]]
                assert {record["of"] for record in reader.read_block(found)} == {block["dataset_id"]}
            assert files[file_id]["record_count"] <= 20


def test_uploads_of_one_dataset_are_blocked_together() -> None:
    with memory_rig(Settings(block_bytes=1000)) as rig:
        for number in range(300):
            for dataset_id in ("d", "e"):
                rig.ingest(dataset_id, "t", [{"number": number, "text": "x" * 20}])
        report = rig.archive()
        rows = rig.sql(BLOCKS)
        assert (len(report.files), report.record_count, report.block_count) == (1, 600, len(rows))
        counts = [row["record_count"] for row in rows if row["dataset_id"] == "d"]
        assert min(counts[:-1]) >= 30
        assert sum(counts) == 300


@pytest.mark.parametrize(("file_bytes", "file_records"), [(2000, 1000), (10**6, 13), (1, 1), (2000, 1)])
@pytest.mark.parametrize("datasets", [1, 10])
def test_files_are_cut_at_both_bounds(file_bytes: int, file_records: int, datasets: int) -> None:
    with memory_rig(Settings(file_bytes=file_bytes, file_records=file_records)) as rig:
        record = {"text": "x" * 89}  # 100 bytes
        for number in range(60):
            rig.ingest(f"d{number % datasets}", "t", [record])
        rig.archive()
        for row in rig.sql(FILES):
            assert row["record_count"] <= file_records
            assert row["raw_bytes"] == 100 * row["record_count"] <= max(100, file_bytes)
        assert len(rig.sql(FILES)) <= 2 * max(6000 / max(100, file_bytes), 60 / file_records) + 1
        assert sum(row["record_count"] for row in rig.sql(FILES)) == 60


def test_a_block_has_a_most_of_records_too() -> None:
    with memory_rig(Settings()) as rig:
        rig.ingest("d", "t", [{}] * (BLOCK_RECORDS + 1))
        rig.archive()
        assert [row["record_count"] for row in rig.sql(BLOCKS)] == [BLOCK_RECORDS, 1]
        assert rig.read("d", "t") == [{}] * (BLOCK_RECORDS + 1)


def test_what_a_run_reads_at_once_does_not_grow_with_the_number_of_datasets() -> None:
    most: list[int] = []
    for datasets in (50, 500):
        with memory_rig(Settings(file_bytes=20_000)) as rig:
            record = {"text": "x" * 190}
            for number in range(datasets):
                rig.ingest(f"d{number}", "t", [record] * 5)
            sizes: list[int] = []
            puts = rig.bucket.put

            async def put(key: str, chunks: Any, *, if_absent: bool, sizes: list[int] = sizes, puts: Any = puts) -> bool:
                sizes.append(sum(map(len, chunks)))
                return bool(await puts(key, chunks, if_absent=if_absent))

            rig.bucket.put = put  # type: ignore[method-assign]
            rig.archive()
            most.append(max(int(row["raw_bytes"]) for row in rig.sql(FILES)))
            assert len(sizes) == len(rig.sql(FILES)) >= datasets * 1000 / 20_000
    assert max(most) <= 20_000


def test_deflate_saves_most_of_what_json_takes() -> None:
    with memory_rig(Settings()) as rig:
        records = battles(800, 1)
        rig.ingest("d", "battle", records)
        report = rig.archive()
        (file,) = rig.sql(FILES)
        assert rig.sql(BLOCKS)[0]["record_count"] >= 100
        assert report.file_bytes <= 0.35 * sum(len(json.dumps(record, separators=(",", ":"))) for record in records)
        assert (file["file_size"], file["raw_bytes"]) == (report.file_bytes, report.raw_bytes)


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "snappy", "zstandard"])
def test_every_library_reads_the_files(codec: str) -> None:
    with memory_rig(Settings(block_bytes=4000, codec=codec)) as rig:
        records = battles(100, 2)
        rig.ingest("d", "battle", records)
        (path,) = rig.archive().files
        data = rig.object(path)
        assert list(Reader(io.BytesIO(data))) == records
        assert list(fastavro.reader(io.BytesIO(data))) == records
        if codec in {"null", "deflate", "bzip2"}:  # what avro reads without more packages
            with avro.datafile.DataFileReader(io.BytesIO(data), avro.io.DatumReader()) as reader:
                assert list(reader) == records
        assert rig.sql("SELECT compression_codec AS c FROM archived_files")[0]["c"] == (None if codec == "null" else codec)
        assert rig.read("d", "battle") == records


def test_what_the_rows_say_of_a_file_is_so(rig: Rig) -> None:
    for number in range(30):
        rig.ingest(f"d{number % 4}", "t", [{"number": number}], timestamp=NOW_MS - number)
    rig.archive()
    rows = rig.sql(BLOCKS)
    for file in rig.sql(FILES):
        data = rig.object(file["file_path"])
        header = decode_header(data)
        assert (file["file_size"], file["header_size"], file["state"]) == (len(data), header.size, "live")
        plain = encode_header(header.schema, codec=header.codec, sync_marker=header.sync_marker)
        assert rig.sql("SELECT hex(header) AS h FROM archived_files WHERE id = ?1", str(file["id"]))[0]["h"] == plain.hex().upper()
        blocks = [(row["start_byte"], row["length"], row["record_count"]) for row in rows if row["file_id"] == file["id"]]
        assert blocks == list(scan_blocks(io.BytesIO(data)))
        assert file["header_size"] + sum(length for _, length, _ in blocks) == len(data)


GARBAGE_JSON = [b"", b"\xff\xfe", b"[1]", b'{"a":', b"1", b'{"a": 99999999999999999999}', b"[" * 5000, b'{"a": NaN}']


@pytest.mark.parametrize("garbage", GARBAGE_JSON)
@pytest.mark.parametrize("poisoned", [1, 4, 9])
def test_a_row_that_cannot_be_read_delays_only_itself(rig: Rig, garbage: bytes, poisoned: int) -> None:
    for number in range(3):
        rig.ingest(f"d{number}", "t", [{"a": number}] * 3, timestamp=5)
    rig.sql(GARBAGE, str(poisoned), garbage.hex())
    report = rig.archive()
    assert (report.record_count, report.quarantined_records) == (8, 1)
    (row,) = rig.sql("SELECT id, reason, dataset_id, table_name, period_tag, timestamp FROM quarantine")
    assert (row["id"], row["dataset_id"], row["timestamp"]) == (poisoned, f"d{(poisoned - 1) // 3}", 5)
    assert re.match(r"[A-Z]\w+Error: ", row["reason"])
    assert [len(rig.read(f"d{number}", "t")) for number in range(3)] == [3 - ((poisoned - 1) // 3 == number) for number in range(3)]
    status = rig.run(rig.store.status())
    assert (status.hot_records, status.cold_records, status.quarantined_records) == (0, 8, 1)
    assert status.quarantine[0]["reason"] == row["reason"]


def test_a_poisoned_row_of_a_schema_delays_only_itself(rig: Rig) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    rig.run(rig.store.add_table("t", schema))
    rig.ingest("d", "t", [{"a": str(number)} for number in range(9)])
    rig.sql(GARBAGE, "3", "ff")
    rig.sql(GARBAGE, "5", "023131")
    rig.sql(GARBAGE, "7", "02ff")  # as long as it says, and no UTF-8
    report = rig.archive()
    assert (report.record_count, report.quarantined_records) == (6, 3)
    assert [record["a"] for record in rig.read("d", "t")] == [str(number) for number in range(9) if number not in {2, 4, 6}]


def test_records_too_different_for_one_schema_stay_in_several_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avro_ocf.hotcold.build.SCHEMA_BYTES", 10_000)
    with memory_rig(Settings()) as rig:
        records = [{f"key_{number}_{inner}": inner for inner in range(50)} for number in range(16)]
        rig.ingest("d", "t", records)
        report = rig.archive()
        assert (report.record_count, report.quarantined_records) == (16, 0)
        assert 1 < len(report.files) <= 8
        assert rig.run(rig.store.compact()) == ([], [], 0)
        assert rig.read("d", "t") == records


def test_late_and_unordered_records_are_just_records(rig: Rig) -> None:
    for timestamp in (50, 10, 90, 10, 0, 50):
        rig.ingest("d", "t", [{"at": timestamp}, {"at": timestamp, "second": True}], timestamp=timestamp)
        if timestamp == 90:
            rig.archive()
    expected = [{"at": at, **second} for at in (0, 10, 10, 50, 50, 90) for second in ({}, {"second": True})]
    assert rig.read("d", "t") == expected
    rig.archive()
    assert rig.read("d", "t") == expected


def test_a_run_tells_what_it_did_and_is_remembered(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(20)])
    progress: list[tuple[int, int]] = []
    report = rig.run(rig.store.archive(on_progress=lambda done, total: progress.append((done, total))))
    assert progress[-1] == (20, 20)
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert report.file_bytes == sum(info.size for info in rig.objects())
    assert report.raw_bytes == sum(len(f'{{"a":{number}}}') for number in range(20))
    assert rig.run(rig.store.status()).runs == [report._asdict()]
    assert rig.archive() == report._replace(files=[], record_count=0, block_count=0, raw_bytes=0, file_bytes=0)


def test_a_run_out_of_time_goes_on_next_time(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(21)])

    def pass_time(_done: int, _total: int) -> None:
        rig.clock.now_ms += 10

    first = rig.run(rig.store.archive(budget_ms=15, on_progress=pass_time))
    assert (first.result, first.record_count) == ("out of time", 14)
    assert len(rig.read("d", "t")) == 21
    assert rig.run(rig.store.archive(budget_ms=15, on_progress=pass_time)).record_count == 7


def test_only_one_archiver_is_at_work_until_its_lease_runs_out(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(21)])
    others: list[str] = []
    rig.run(with_another_archiver(rig.store, rig.another(), others))
    assert others == ["busy"]
    rig.ingest("d", "t", [{"a": 21}])
    rig.sql("UPDATE leases SET holder = 'one that died', expires_at = ?1", str(rig.clock.now_ms + 5))
    assert rig.run(rig.store.archive()).result == "busy"
    rig.clock.now_ms += 5
    rig.archive()
    rig.verify()


async def with_another_archiver(store: HotCold, other: HotCold, results: list[str]) -> None:
    """Archive, and let the other try at the first object."""
    bucket = store._ctx.bucket
    put = bucket.put

    async def put_beside(key: str, chunks: Any, *, if_absent: bool) -> bool:
        if not results:
            results.append("")
            results[0] = (await other.archive()).result
        return await put(key, chunks, if_absent=if_absent)

    bucket.put = put_beside  # type: ignore[method-assign]
    assert (await store.archive()).record_count == 21


def test_of_two_archivers_that_both_think_it_is_theirs_one_wins(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": number} for number in range(5)])
    put = rig.bucket.put

    async def put_slowly(key: str, chunks: Any, *, if_absent: bool) -> bool:
        rig.bucket.put = put  # type: ignore[method-assign]
        rig.clock.now_ms += rig.settings.lease_ms
        assert (await rig.another().archive()).record_count == 5
        return await put(key, chunks, if_absent=if_absent)

    rig.bucket.put = put_slowly  # type: ignore[method-assign]
    report = rig.run(rig.store.archive())
    assert (report.result, report.record_count) == ("overtaken", 0)
    assert [record["a"] for record in rig.read("d", "t")] == [*range(5)]
    assert Counter(row["state"] for row in rig.sql(FILES)) == {"dead": 1, "live": 1}
    rig.verify()


def test_no_archiver_starts_while_archiving_is_paused(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    rig.run(rig.store.pause())
    assert rig.run(rig.another().archive()).result == "paused"
    assert rig.run(rig.store.status()).is_paused
    rig.run(rig.store.resume())
    assert rig.archive().record_count == 1


def test_a_failed_run_fails_loudly_and_loses_nothing(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    put = rig.bucket.put

    async def fail(*_: Any, **__: Any) -> bool:
        raise UnavailableError("out of reach")

    rig.bucket.put = fail  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="out of reach"):
        rig.run(rig.store.archive())
    assert rig.read("d", "t") == [{"a": 1}]
    assert rig.run(rig.store.status()).runs[0]["result"] == "failed: out of reach"
    rig.bucket.put = put  # type: ignore[method-assign]
    assert rig.archive().record_count == 1
    assert Counter(row["state"] for row in rig.sql(FILES)) == {"staged": 1, "live": 1}


@pytest.mark.parametrize(
    "wrong", [{"block_bytes": 0}, {"file_bytes": -1}, {"file_records": True}, {"grace_ms": -1}, {"lease_ms": 1.5}]
)
def test_settings_that_make_no_sense_are_refused(rig: Rig, wrong: dict[str, Any]) -> None:
    with pytest.raises(DatumError, match=next(iter(wrong))):
        rig.another(SMALL._replace(**wrong))
    with pytest.raises(UnsupportedCodecError):
        rig.another(SMALL._replace(codec="frobnicate"))


def test_any_number_of_datasets_of_any_ids_can_be_archived() -> None:
    with memory_rig(Settings()) as rig:
        for number in range(400):
            rig.ingest("\U0001f6a2" * 500 + str(number), "t", [{"a": number}])
        assert rig.archive().record_count == 400
        rig.verify()
