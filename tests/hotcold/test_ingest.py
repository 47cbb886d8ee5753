"""Ingest: one upload is one batch, all of it or nothing, once."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from avro_ocf.errors import DamagedError, DatumError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold import HotCold, Row, Statement, sql
from avro_ocf.hotcold.names import TIME_MAX
from tests.hotcold.random_records import DATASETS
from tests.hotcold.stores import NOW_MS, Rig

pytestmark = pytest.mark.host


def stored_rows(rig: Rig) -> int:
    return sum(rig.count(table) for table in ("buffer_logs", "uploads", "ledger"))


def test_an_upload_is_one_batch(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 0}])
    rig.database.batches.clear()
    assert rig.ingest("d", "t", [{"a": number} for number in range(1000)]).record_count == 1000
    assert len(rig.database.batches) == 1


def test_twenty_thousand_records_are_one_batch_too(rig: Rig) -> None:
    rig.ingest("d", "t", [])
    rig.database.batches.clear()
    records = [{"a": number, "text": "x" * 50} for number in range(20_000)]
    rig.ingest("d", "t", records)
    (batch,) = rig.database.batches
    assert len(batch) < 20
    assert rig.count("buffer_logs") == 20_000
    assert rig.read("d", "t") == records


def test_an_upload_past_two_megabytes_is_split_over_parameters_not_over_batches(rig: Rig) -> None:
    rig.ingest("d", "t", [])
    rig.database.batches.clear()
    records = [{"a": number, "text": f"{number:06}" * 10_000} for number in range(60)]
    rig.ingest("d", "t", records)
    assert len(rig.database.batches) == 1
    assert rig.count("buffer_logs") == 60
    assert rig.read("d", "t") == records


@pytest.mark.parametrize("size", [449_991, 449_992, 449_993, 900_000, 3_000_000])
def test_a_large_record_takes_several_rows_and_reads_back_the_same(rig: Rig, size: int) -> None:
    record = {"a": "é" * (size // 4) + "x" * (size - size // 4 * 2)}
    rig.ingest("d", "t", [{"a": 1}, record, {"a": 2}], timestamp=5)
    assert rig.count("buffer_logs") == 2 + math.ceil((size + len('{"a":""}')) / 450_000)
    assert rig.read("d", "t") == [{"a": 1}, record, {"a": 2}]
    assert rig.archive().record_count == 3
    assert rig.read("d", "t") == [{"a": 1}, record, {"a": 2}]
    rig.verify()


@pytest.mark.parametrize("large", [2_000, 1_000_000])
def test_paging_never_cuts_a_large_record(rig: Rig, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avro_ocf.hotcold.ingest.PART_BYTES", large // 3)
    for module in ("snapshot.HOT_ROWS", "hot_rows.PAGE_ROWS"):
        monkeypatch.setattr(f"avro_ocf.hotcold.{module}", 5)
    records = [{"a": "x" * large, "number": number} if number % 3 else {"number": number} for number in range(20)]
    rig.ingest("d", "t", records, timestamp=5)
    assert rig.count("buffer_logs") > 2 * len(records)
    assert rig.read("d", "t") == records
    assert rig.archive().record_count == len(records)
    assert rig.read("d", "t") == records
    rig.verify()


BAD_VALUES: list[tuple[Any, str]] = [
    ({"a": [1, {"b c": b"x"}]}, r'record 2: a\[1\]\["b c"\]: bytes'),
    ({"a": math.nan}, "record 2: a: nan"),
    ({"a": -math.inf}, "record 2: a: -inf"),
    ({"a": {"b": 2**63}}, "record 2: a.b: the number has 64 bits"),
    ({"a": -(2**63) - 1}, "record 2: a: the number has 64 bits"),
    ({"a": [1, 2**63]}, r"record 2: a\[1\]: the number"),
    ({"a": "\ud800"}, "record 2: a: .*surrogate"),
    ({"\udfff": 1}, "record 2: .*no key"),
    ({1: 1}, "record 2: 1 is no key"),
    ({"a": (1, 2)}, "record 2: a: tuple"),
    ([], "record 2: a record is a dict, not list"),
    ("text", "record 2: a record is a dict, not str"),
    (None, "record 2: a record is a dict, not NoneType"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_VALUES)
def test_a_bad_record_is_named_and_nothing_is_stored(rig: Rig, bad: Any, message: str) -> None:
    with pytest.raises(DatumError, match=message) as caught:
        rig.ingest("d", "t", [{"a": 1}, {}, bad, {"a": 2}], upload_id="u")
    assert caught.value.record == 2
    assert stored_rows(rig) == 0
    assert not rig.ingest("d", "t", [{"a": 1}], upload_id="u").is_replay


def test_a_record_that_no_schema_holds_is_refused_at_the_door(rig: Rig) -> None:
    for bad in (nested(101), {f"key_{number}": {f"key_{inner}": 1 for inner in range(50)} for number in range(1200)}):
        with pytest.raises(DatumError, match="record 0"):
            rig.ingest("d", "t", [bad])
    with pytest.raises(DatumError, match="more than 4194304"):
        rig.ingest("d", "t", [{"a": "x" * 4_194_300}])
    assert stored_rows(rig) == 0


def nested(depth: int) -> Any:
    value: Any = {}
    for level in range(depth - 1):
        value = {"a": value} if level % 2 else {"a b": [value]} if level % 3 else {"b": value}
    return value


@pytest.mark.parametrize("depth", [*range(20, 100, 7), 29, 30, 31, 32, 100])
def test_whatever_is_accepted_however_deep_can_be_archived(rig: Rig, depth: int) -> None:
    accepted = []
    for value in (nested(depth), mixed(depth)):
        try:
            rig.ingest("d", "t", [value])
        except DatumError:
            continue
        accepted.append(value)
    assert accepted or depth > 30
    report = rig.archive()
    assert (report.record_count, report.quarantined_records) == (len(accepted), 0)
    if accepted:
        assert rig.read("d", "t") == accepted


def mixed(depth: int) -> Any:
    """Return a record that has a union at each level."""
    value: Any = 1
    for level in range(depth - 1):
        value = [value, None, "x"] if level % 2 else {"a": value}
    return {"a": value}


@pytest.mark.parametrize("keys", [1000, 1001, 2000])
def test_whatever_is_accepted_of_however_many_keys_can_be_archived(rig: Rig, keys: int) -> None:
    record = {f"a_rather_long_key_of_{number}": number for number in range(keys)}
    other = {f"another_key_of_{number}": {"x": None, "y": [number]} for number in range(keys // 3)}
    rig.ingest("d", "t", [record, other, record])
    assert rig.archive().quarantined_records == 0
    assert rig.read("d", "t") == [record, other, record]


@pytest.mark.parametrize("bad", [-1, TIME_MAX + 1, 2**70, True, 1.0, math.nan, "5"])
def test_a_time_is_a_whole_number_of_milliseconds(rig: Rig, bad: Any) -> None:
    with pytest.raises(DatumError, match="timestamp"):
        rig.ingest("d", "t", [{}], timestamp=bad)
    with pytest.raises(DatumError, match="from_ms"):
        rig.read("d", "t", from_ms=bad)
    assert rig.database.batches == [] or stored_rows(rig) == 0


@pytest.mark.parametrize("bad", [-1, True, 1.0, math.nan])
def test_so_is_the_end_of_a_range(rig: Rig, bad: Any) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    with pytest.raises(DatumError, match="to_ms"):
        rig.read("d", "t", to_ms=bad)


def test_the_first_and_the_last_time(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}], timestamp=TIME_MAX)
    rig.ingest("d", "t", [{"a": 0}], timestamp=0)
    for _ in range(2):
        assert rig.read("d", "t") == [{"a": 0}, {"a": 1}]
        assert rig.read("d", "t", to_ms=2**80) == [{"a": 0}, {"a": 1}]
        assert rig.read("d", "t", from_ms=TIME_MAX) == [{"a": 1}]
        assert rig.read("d", "t", to_ms=TIME_MAX) == [{"a": 0}]
        assert rig.archive().files == [] or rig.count("buffer_logs") == 0


BAD_NAMES = ["", "a/b", "a b", ".a", "-a", "a..b", "é", "a" * 129, "a\n", "a::b", "\U0001f6a2", "a\0"]


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_what_stands_in_object_keys_is_plain(rig: Rig, bad: str) -> None:
    with pytest.raises(DatumError, match="table"):
        rig.ingest("d", bad, [{}])
    with pytest.raises(DatumError, match="table"):
        rig.read("d", bad)
    with pytest.raises(DatumError, match="period_tag"):
        rig.ingest("d", "t", [{}], period_tag=bad)
    assert stored_rows(rig) == 0


@pytest.mark.parametrize("bad", ["", "a\0b", "a\nb", "\x7f", "\ud800", "x" * 513])
@pytest.mark.parametrize("what", ["dataset_id", "upload_id", "uploaded_by"])
def test_an_id_is_any_text_without_control_characters(rig: Rig, what: str, bad: str) -> None:
    options: dict[str, Any] = {"dataset_id": "d", what: bad}
    with pytest.raises(DatumError, match=what):
        rig.run(rig.store.ingest(table="t", records=[{}], **options))
    assert stored_rows(rig) == 0


@pytest.mark.parametrize("wrong", [None, 1, b"d", ["d"]])
def test_wrong_argument_types_are_type_errors(rig: Rig, wrong: Any) -> None:
    with pytest.raises(TypeError, match="dataset_id"):
        rig.ingest(wrong, "t", [])
    with pytest.raises(TypeError, match="table"):
        rig.ingest("d", wrong, [])
    with pytest.raises(TypeError):
        rig.ingest("d", "t", 5)  # type: ignore[arg-type]


def test_long_odd_ids_are_kept_as_they_are(rig: Rig) -> None:
    for dataset_id in (*DATASETS, "\U0001f6a2" * 512, "x" * 512, "NULL", "1", "0.5", " "):
        rig.ingest(dataset_id, "t", [{"id": dataset_id}], upload_id=dataset_id)
        assert rig.ingest(dataset_id, "t", [{"id": dataset_id}], upload_id=dataset_id).is_replay
        assert rig.read(dataset_id, "t") == [{"id": dataset_id}]
    rig.archive()
    for dataset_id in (*DATASETS, "\U0001f6a2" * 512, "x" * 512, "NULL", "1", "0.5", " "):
        assert rig.read(dataset_id, "t") == [{"id": dataset_id}]


def test_the_store_says_who_uploaded_and_when(rig: Rig) -> None:
    rig.ingest("d", "t", [{}], uploaded_by="someone")
    rig.ingest("d", "t", [{}])
    rows = rig.sql("SELECT uploaded_by, created_at, timestamp, period_tag FROM buffer_logs ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [(by, NOW_MS, NOW_MS, "2025-11") for by in ("someone", None)]


@pytest.mark.parametrize(
    ("timestamp", "tag"), [(0, "1970-01"), (951_782_400_000, "2000-02"), (253_402_300_799_999, "9999-12"), (TIME_MAX, "undated")]
)
def test_a_period_is_the_month_of_the_upload(rig: Rig, timestamp: int, tag: str) -> None:
    rig.ingest("d", "t", [{}], timestamp=timestamp)
    assert [row["period_tag"] for row in rig.sql("SELECT period_tag FROM buffer_logs")] == [tag]


@pytest.mark.parametrize("error", [UnavailableError, DamagedError])
def test_an_outcome_that_cannot_be_told_stays_unknown(rig: Rig, error: type[StoreError]) -> None:
    """To say that nothing was changed would have it sent again, and stored twice."""

    class Lost:
        """A `Database` that loses the answer of the first write, and is overloaded from then on."""

        is_lost = False

        async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
            if self.is_lost:
                raise error("overloaded")
            rows = await rig.database.batch(statements)
            if any(statement.sql == sql.INSERT_UPLOAD for statement in statements):
                self.is_lost = True
                raise OutcomeUnknownError("the answer was lost")
            return rows

    with pytest.raises(OutcomeUnknownError, match="the answer was lost"):
        rig.run(HotCold(Lost(), rig.bucket).ingest("d", "t", [{"a": 1}]))
    assert rig.read("d", "t") == [{"a": 1}]
