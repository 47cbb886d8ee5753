"""Tables: their schemas by version, the field that dates their records, and what may become of a table."""

import datetime as dt
import io
from typing import Any

import fastavro
import pytest

from avro_ocf import Reader, parse_schema
from avro_ocf.errors import ConflictError, DatumError, SchemaError, StoreError
from avro_ocf.hotcold.names import TIME_MAX
from tests.hotcold.stores import Rig

pytestmark = pytest.mark.host


def record_schema(*fields: tuple[str, object] | tuple[str, object, object], name: str = "R") -> dict[str, Any]:
    made = [{"name": field[0], "type": field[1], **({"default": field[2]} if len(field) == 3 else {})} for field in fields]
    return {"type": "record", "name": name, "fields": made}


def add(rig: Rig, schema: object, table: str = "t", **options: Any) -> int:
    return rig.run(rig.store.add_table(table, schema, **options))


MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
V1 = record_schema(("a", "int"))
V2 = record_schema(("a", "long"), ("b", "string", "?"))
V3 = record_schema(("a", "double"), ("b", "string", "?"), ("c", ["null", "int"], None))


def test_versions_stand_side_by_side_and_are_read_through_the_newest(rig: Rig) -> None:
    assert add(rig, V1) == 1
    rig.ingest("d", "t", [{"a": 1}])
    rig.archive()
    assert add(rig, parse_schema(V2)) == 2
    rig.ingest("d", "t", [{"a": 2, "b": "two"}, {"a": 3, "b": "?"}])
    rig.ingest("d", "t", [{"a": 4}], table_version=1)
    two: list[Any] = [{"a": 1, "b": "?"}, {"a": 2, "b": "two"}, {"a": 3, "b": "?"}, {"a": 4, "b": "?"}]
    assert rig.read("d", "t") == two
    rig.archive()
    assert rig.read("d", "t") == two
    assert add(rig, V3) == 3
    rig.ingest("d", "t", [{"a": 0.5, "b": "", "c": 7}])
    three = [{**record, "a": float(record["a"]), "c": None} for record in two] + [{"a": 0.5, "b": "", "c": 7}]
    assert rig.read("d", "t") == three
    rig.archive()
    assert rig.read("d", "t") == three
    assert all(type(record["a"]) is float for record in rig.read("d", "t"))
    assert {row["table_version"] for row in rig.sql("SELECT table_version FROM archived_files")} == {1, 2, 3}
    rig.verify()


def test_a_schema_that_is_there_keeps_its_number(rig: Rig) -> None:
    for number, schema in ((1, V1), (2, V2), (1, V1), (2, V2), (3, V3), (1, V1)):
        assert add(rig, schema) == number
    table = rig.run(rig.store.table("t"))
    assert (table.newest, sorted(table.schemas), table.timestamp_field) == (3, [1, 2, 3], None)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (record_schema(("a", "string")), "cannot read version 1 of table 't'"),
        (record_schema(("a", "int"), ("b", "int")), "cannot read version 1 of table 't'"),
        (record_schema(("a", "boolean")), "a: it cannot read"),
        ("int", "is a record, not int"),
        ([V1], "is a record, not union"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "is a record, not enum"),
        ("nonsense", "nonsense"),
        (record_schema(("a", "int"), *((f"field_{'x' * 200}_{number}", "int", 1) for number in range(4000))), "800000 bytes"),
    ],
)
def test_a_schema_that_cannot_be_the_next_is_refused(rig: Rig, schema: object, message: str) -> None:
    add(rig, V1)
    rig.ingest("d", "t", [{"a": 1}])
    with pytest.raises(SchemaError, match=message):
        add(rig, schema)
    assert rig.run(rig.store.table("t")).newest == 1
    assert rig.read("d", "t") == [{"a": 1}]


def test_a_version_that_could_make_records_unreadable_is_refused(rig: Rig) -> None:
    add(rig, record_schema(("a", "bytes")))
    rig.ingest("d", "t", [{"a": b"\xff"}, {"a": b"ok"}])
    with pytest.raises(SchemaError):
        add(rig, record_schema(("a", "string")))
    assert rig.read("d", "t") == [{"a": b"\xff"}, {"a": b"ok"}]


def test_a_record_is_checked_against_its_version(rig: Rig) -> None:
    add(rig, record_schema(("a", "int"), ("inner", record_schema(("x", {"type": "array", "items": "int"}), name="Inner"))))
    good = {"a": 1, "inner": {"x": [1]}}
    bad: list[tuple[Any, str]] = [
        ({"a": 1, "inner": {"x": [1, "2"]}}, r"record 1: inner.x\[1\]"),
        ({"a": 2**31, "inner": {"x": []}}, "record 1: a: "),
        ({"a": 1}, "record 1: inner"),
        ({**good, "more": 1}, "record 1: .*more"),
        (None, "record 1: "),
    ]
    for record, message in bad:
        with pytest.raises(DatumError, match=message) as caught:
            rig.ingest("d", "t", [good, record])
        assert caught.value.record == 1
    assert rig.count("buffer_logs") == rig.count("uploads") == 0


def test_a_table_that_holds_json_gets_no_schema(rig: Rig) -> None:
    rig.ingest("d", "t", [{"a": 1}])
    for _ in range(2):
        with pytest.raises(ConflictError, match="table 't' already holds records without a schema"):
            add(rig, V1)
        rig.archive()
    assert rig.read("d", "t") == [{"a": 1}]
    rig.ingest("d", "empty", [])
    assert add(rig, V1, "empty") == 1


def test_another_process_sees_a_table_get_its_first_schema(rig: Rig) -> None:
    other = rig.another()
    rig.ingest("d", "t", [])
    rig.run(other.add_table("t", V1))
    assert rig.ingest("d", "t", [{"a": 1}]).table_version == 1
    with pytest.raises(DatumError):
        rig.ingest("d", "t", [{"a": "x"}])


def test_another_process_sees_new_versions(rig: Rig) -> None:
    other = rig.another()
    add(rig, V1)
    rig.ingest("d", "t", [{"a": 1}])
    rig.run(other.add_table("t", V2))
    assert rig.ingest("d", "t", [{"a": 2, "b": "x"}]).table_version == 2
    rig.run(other.add_table("t", V3))
    assert rig.ingest("d", "t", [{"a": 2, "b": "x", "c": 1}], table_version=3).table_version == 3
    assert rig.read("d", "t")[1:] == [{"a": 2.0, "b": "x", "c": None}, {"a": 2.0, "b": "x", "c": 1}]
    rig.archive()
    rig.verify()


CLOCKS: list[tuple[object, Any, int]] = [
    ("long", 1234, 1234),
    (MILLIS, dt.datetime(2026, 11, 24, tzinfo=dt.UTC), 1_795_478_400_000),
    ({"type": "long", "logicalType": "timestamp-micros"}, dt.datetime(1970, 1, 1, 0, 0, 1, 1999, tzinfo=dt.UTC), 1001),
    ({"type": "long", "logicalType": "timestamp-nanos"}, 1_999_999, 1),
    (
        {"type": "long", "logicalType": "local-timestamp-millis"},
        dt.datetime(1970, 1, 2, tzinfo=dt.UTC).replace(tzinfo=None),
        86_400_000,
    ),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, 5_999, 5),
]


@pytest.mark.parametrize(("type_", "value", "time_ms"), CLOCKS)
def test_records_may_carry_their_time(rig: Rig, type_: object, value: Any, time_ms: int) -> None:
    schema = record_schema(("skipped", {"type": "map", "values": ["null", "string"]}), ("at", type_), ("after", "string"))
    add(rig, schema, timestamp_field="at")
    record = {"skipped": {"at": None, "x": "y"}, "at": value, "after": "z"}
    rig.ingest("d", "t", [record], timestamp=99)
    assert rig.sql("SELECT timestamp, period_tag FROM buffer_logs")[0] == {"timestamp": time_ms, "period_tag": "1970-01"}
    for _ in range(2):
        found = rig.read("d", "t", from_ms=time_ms, to_ms=time_ms + 1)
        assert len(found) == 1
        assert rig.read("d", "t", from_ms=time_ms + 1) == rig.read("d", "t", to_ms=time_ms) == []
        rig.archive()


@pytest.mark.parametrize("value", [-1, TIME_MAX + 1, dt.datetime(1969, 12, 31, tzinfo=dt.UTC)])
def test_a_time_that_is_none_is_named(rig: Rig, value: Any) -> None:
    add(rig, record_schema(("at", "long" if isinstance(value, int) else MILLIS)), timestamp_field="at")
    with pytest.raises(DatumError, match="record 1: at: .* is not a time from 0 to") as caught:
        rig.ingest("d", "t", [{"at": 1 if isinstance(value, int) else dt.datetime(2000, 1, 1, tzinfo=dt.UTC)}, {"at": value}])
    assert caught.value.record == 1
    assert rig.count("buffer_logs") == 0


@pytest.mark.parametrize("type_", ["int", "string", "double", ["null", "long"], {"type": "long", "logicalType": "time-micros"}])
def test_a_timestamp_field_is_a_long_of_a_time(rig: Rig, type_: object) -> None:
    with pytest.raises(SchemaError, match="at: a timestamp field is a long"):
        add(rig, record_schema(("at", type_)), timestamp_field="at")
    with pytest.raises(SchemaError, match="nowhere: there is no such field"):
        add(rig, record_schema(("at", "long")), timestamp_field="nowhere")


def test_the_timestamp_field_is_for_all_versions(rig: Rig) -> None:
    first = record_schema(("at", "long"), ("a", "int"))
    second = record_schema(("a", "int"), ("at", "long"), ("b", "int", 0))
    add(rig, first, timestamp_field="at")
    rig.ingest("d", "t", [{"at": 50, "a": 1}])
    for field in (None, "a", "b"):
        with pytest.raises((ConflictError, SchemaError)):
            add(rig, second, timestamp_field=field)
    with pytest.raises(SchemaError, match="there is no such field"):
        add(rig, record_schema(("a", "int")), timestamp_field="at")
    assert add(rig, second, timestamp_field="at") == 2
    rig.ingest("d", "t", [{"at": 40, "a": 2, "b": 1}])
    rig.ingest("d", "t", [{"at": 60, "a": 3}], table_version=1)
    for _ in range(2):
        assert [(record["at"], record["a"]) for record in rig.read("d", "t")] == [(40, 2), (50, 1), (60, 3)]
        rig.archive()


LOGICAL = record_schema(
    ("id", {"type": "string", "logicalType": "uuid"}),
    ("day", {"type": "int", "logicalType": "date"}),
    ("price", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}),
    ("at", {"type": "long", "logicalType": "timestamp-micros"}),
    ("none", {"type": "array", "items": "null"}),
    ("kind", {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}),
)


def test_logical_types_come_back_and_any_library_reads_them(rig: Rig) -> None:
    import uuid
    from decimal import Decimal

    add(rig, LOGICAL)
    records = [
        {
            "id": uuid.UUID(int=number),
            "day": dt.date(2026, 1, 1 + number),
            "price": Decimal(number).scaleb(-2),
            "at": dt.datetime(2026, 1, 1, 0, 0, 0, number, tzinfo=dt.UTC),
            "none": [None] * number,
            "kind": "AB"[number % 2],
        }
        for number in range(9)
    ]
    rig.ingest("d", "t", records)
    for _ in range(2):
        assert rig.read("d", "t") == records
        file = rig.ocf("d", "t")
        assert list(Reader(io.BytesIO(file))) == list(fastavro.reader(io.BytesIO(file))) == records
        rig.archive()


def test_the_branch_that_a_record_was_written_by_stays_its_branch(rig: Rig) -> None:
    """A later version may read two branches of the same fields differently."""

    def schema(*, fills_in: bool) -> dict[str, Any]:
        branches = []
        for number, name in enumerate("AB"):
            extra = [("y", "int", number)] if fills_in else []
            branches.append(record_schema(("x", "int"), *extra, name=name))
        return record_schema(("nothing", {"type": "array", "items": "null"}), ("union", branches))

    add(rig, schema(fills_in=False))
    rig.ingest("d", "t", [{"nothing": [None], "union": (name, {"x": 1})} for name in "AB"])
    add(rig, schema(fills_in=True))
    for step in (rig.archive, lambda: rig.ingest("d", "t", []), rig.archive, lambda: rig.run(rig.store.compact())):
        assert [record["union"]["y"] for record in rig.read("d", "t")] == [0, 1]
        step()
    assert [record["union"]["y"] for record in rig.read("d", "t")] == [0, 1]


def test_two_processes_add_versions_at_once(rig: Rig) -> None:
    import asyncio

    async def add_both() -> list[int]:
        return list(await asyncio.gather(rig.store.add_table("t", V1), rig.another().add_table("t", V2)))

    try:
        numbers = rig.run(add_both())
    except StoreError as error:  # V1 came second, and cannot read V2
        raise AssertionError(f"{error}") from None
    except SchemaError:
        return
    assert sorted(numbers) == [1, 2]
