"""A table that is accepted works, whatever its schema was parsed with; one that cannot be read is named and is in nobody's way."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Limits, Schema, parse_schema
from avro_ocf.errors import DamagedError, DatumError, SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.hotcold.stores import NOW_MS, Rig, memory_rig

pytestmark = pytest.mark.host

PLAIN: Any = {"type": "record", "name": "Top", "fields": [{"name": "a", "type": "int"}]}
WIDE = Limits(schema_depth=150, schema_nodes=100_000, datum_depth=150)
NARROW = Limits(schema_depth=20, schema_nodes=500, datum_depth=20, zero_byte_items=50)


def record_of(*fields: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": "record", "name": "Top", "fields": [*fields], **more}


def nested(depth: int) -> Any:
    """Return a type inside so many arrays."""
    inner: Any = "int"
    for _ in range(depth):
        inner = {"type": "array", "items": inner}
    return inner


def linked(depth: int) -> dict[str, Any]:
    """Return a field of a recursive type, whose default is nested so deep."""
    default: Any = {}
    for _ in range(depth - 1):
        default = {"next": [default]}
    fields = [{"name": "next", "type": {"type": "array", "items": "Link"}, "default": []}]
    return {"name": "first", "type": {"type": "record", "name": "Link", "fields": fields}, "default": default}


@st.composite
def odd_schemas(draw: st.DrawFn) -> Any:
    """Draw the schema of a table as somebody else may have written it."""
    field: dict[str, Any] = {"name": draw(st.sampled_from(["value", "value", "va$lue", "a b", "é"])), "type": draw(schemas())}
    if draw(st.integers(0, 3)) == 3:
        field["default"] = draw(st.sampled_from([None, 1, "x", {}, [], 1e999]))
    at = {"name": "at", "type": draw(st.sampled_from(["long", {"type": "long", "logicalType": "timestamp-micros"}]))}
    deep = {"name": "deep", "type": nested(draw(st.sampled_from([1, 3, 98, 99, 140])))}
    link = linked(draw(st.sampled_from([1, 15, 50, 70])))
    fields = draw(st.permutations([field, at, *draw(st.lists(st.sampled_from([deep, link]), unique_by=id))]))
    top = record_of(*fields, name=draw(st.sampled_from(["Top", "Top", "$Top", "a.b$.Top", "é"])))
    return draw(st.sampled_from([top, top, {"type": top}, {**top, "pii": True}]))


def add(rig: Rig, schema: object, **options: Any) -> int:
    return rig.run(rig.store.add_table("t", schema, **options))


def check_works(rig: Rig, schema: Schema, records: list[Any], field: str | None) -> None:
    """Check that a table of `schema`, which was accepted, gives back what it takes, at every stage and in every process."""
    wanted = [schema.decode(schema.encode(record)) for record in records]
    try:
        rig.ingest("d", "t", records, timestamp=NOW_MS)
    except DatumError as error:  # only the default limits may be narrower
        assert schema.limits != DEFAULT_LIMITS, error
        assert "more than" in str(error), error
        records = wanted = []
    rig.store = rig.another()
    assert same(rig.read("d", "t"), wanted)
    assert {check.name: check.is_ok for check in rig.run(rig.store.doctor()).checks}["tables"]
    assert rig.archive().record_count == len(records)
    assert same(rig.read("d", "t"), wanted)
    rig.verify()
    assert add(rig, schema, timestamp_field=field) == 1
    if records:
        rig.lose_database()
        assert rig.run(rig.store.reindex()).record_count == len(records)
        assert same(rig.read("d", "t"), wanted)


@settings(max_examples=100)  # each makes a store
@given(data=st.data(), strict=st.booleans(), logical_types=st.booleans(), limits=st.sampled_from([DEFAULT_LIMITS, WIDE, NARROW]))
def test_a_schema_that_parses_is_refused_or_works(data: st.DataObject, strict: bool, logical_types: bool, limits: Limits) -> None:
    declared = data.draw(odd_schemas())
    try:
        schema = parse_schema(declared, strict=strict, logical_types=logical_types, limits=limits)
    except SchemaError:
        return
    field = data.draw(st.sampled_from([None, "at"]))
    with memory_rig() as rig:
        try:
            add(rig, schema, timestamp_field=field)
        except SchemaError as error:
            assert limits != DEFAULT_LIMITS or not logical_types, error
            assert rig.count("table_schemas") == 0
            return
        records = data.draw(st.lists(from_schema(schema.node), max_size=3))
        for number, record in enumerate(records):
            if field:
                record["at"] = 1000 * number if schema.node.fields else 0  # type: ignore[attr-defined]
        check_works(rig, schema, records, field)


@pytest.mark.parametrize(
    ("declared", "settings_", "message"),
    [
        (
            record_of({"name": "a", "type": nested(120)}),
            {"limits": WIDE},
            "default limits: .* nested more than 100 deep",
        ),
        (record_of(linked(70)), {"limits": WIDE}, "first: .* default limits, by which it has another default"),
        (
            record_of({"name": "a", "type": {"type": "array", "items": {"type": "int", "logicalType": "date"}}}),
            {"logical_types": False},
            r"a\[\]: a store keeps its text alone, and by that it is date, not a plain value",
        ),
        (
            record_of({"name": "a", "type": {"type": "int", "logicalType": "date"}}),
            {"conversions": {"date": (int, str)}},
            "a: .* by that it is date, not what a conversion makes of date: parse it with logical types and without conversions",
        ),
        (
            record_of({"name": "a", "type": {"type": "string", "logicalType": "word"}}),
            {"conversions": {"word": (str, str)}},
            "a: .* by that it is a plain value, not what a conversion makes of word",
        ),
    ],
)
def test_a_schema_that_would_be_read_back_as_another_is_refused(declared: Any, settings_: Any, message: str) -> None:
    schema = parse_schema(declared, **settings_)
    with memory_rig() as rig:
        with pytest.raises(SchemaError, match=message):
            add(rig, schema)
        assert rig.ingest("d", "t", [{"json": 1}]).table_version == 0


def test_a_conversion_that_a_schema_has_no_use_for_is_in_no_way(rig: Rig) -> None:
    schema = parse_schema(PLAIN, conversions={"word": (str, str)})
    assert add(rig, schema) == add(rig, PLAIN) == 1


def test_types_of_other_documents_are_stored_with_the_schema(rig: Rig) -> None:
    schema = parse_schema(record_of({"name": "inner", "type": "a.Inner"}), known=[{**PLAIN, "name": "a.Inner"}])
    assert add(rig, schema) == 1
    check_works(rig, schema, [{"inner": {"a": 1}}], None)


def test_what_a_file_may_have_in_its_schema_a_table_may_have(rig: Rig) -> None:
    declared = record_of({"name": "a$", "type": "int", "default": "no int"}, {"name": "b", "type": "int", "pii": True})
    with pytest.raises(SchemaError):
        add(rig, declared)
    schema = parse_schema(declared, strict=False)
    assert add(rig, schema) == 1
    check_works(rig, schema, [{"a$": 1, "b": 2}], None)


RECURSIVE = record_of(
    {"name": "next", "type": ["null", "Top"]}, {"name": "at", "type": "long"}, {"name": "after", "type": "string"}
)


@pytest.mark.parametrize("declared", [RECURSIVE, {"type": RECURSIVE}])
def test_a_time_is_found_behind_a_record_of_the_same_type(rig: Rig, declared: Any) -> None:
    add(rig, declared, timestamp_field="at")
    inner = {"next": None, "at": 5, "after": "xyz"}
    rig.ingest("d", "t", [{"next": inner, "at": 77, "after": ""}, inner])
    assert [row["timestamp"] for row in rig.sql("SELECT timestamp FROM buffer_logs ORDER BY id")] == [77, 5]


BROKEN: list[tuple[str, str, str]] = [
    ("{", "", "version 1 cannot be read: not JSON"),
    ('{"type": "record", "name": "Top", "fields": [{"name": "a", "type": "int128"}]}', "", "unknown type"),
    ('"int"', "", "a table's schema is a record, not int"),
    (json.dumps(PLAIN), "at", "at: there is no such field"),
    ("\ufeff{}", "", "no type is given"),
    (json.dumps(record_of({"name": "a", "type": nested(120)})), "", "nested more than 100 deep"),
]
PUT = "INSERT INTO table_schemas VALUES (?1, CAST(?2 AS INTEGER), ?3, NULLIF(?4, ''))"


@pytest.mark.parametrize(("text", "field", "message"), BROKEN)
def test_a_table_that_cannot_be_read_is_named_and_in_nobodys_way(rig: Rig, text: str, field: str, message: str) -> None:
    for table in ("a", "m", "z"):
        rig.run(rig.store.add_table(table, PLAIN))
        rig.ingest("d", table, [{"a": 1}])
    rig.sql("UPDATE table_schemas SET schema = ?1, timestamp_field = NULLIF(?2, '') WHERE table_name = 'm'", text, field)
    rig.store = rig.another()
    for attempt in (
        lambda: rig.read("d", "m"),
        lambda: rig.ocf("d", "m"),
        lambda: rig.ingest("d", "m", [{"a": 2}]),
        lambda: rig.run(rig.store.add_table("m", PLAIN)),
        rig.archive,
    ):
        with pytest.raises(DamagedError, match=f"table 'm': .*{message}"):
            attempt()
    assert [row["table_name"] for row in rig.sql("SELECT table_name FROM buffer_logs")] == ["m"]
    assert rig.count("quarantine") == 0
    assert rig.read("d", "a") == rig.read("d", "z") == [{"a": 1}]
    (problem,) = rig.run(rig.store.verify()).problems
    assert problem.place == "table m"
    assert message in problem.problem
    (check,) = [check for check in rig.run(rig.store.doctor()).checks if check.name == "tables"]
    assert not check.is_ok
    assert check.detail.startswith("table m: ")
    rig.sql("UPDATE table_schemas SET schema = ?1, timestamp_field = NULL WHERE table_name = 'm'", json.dumps(PLAIN))
    assert rig.archive().record_count == 1
    assert rig.read("d", "m") == [{"a": 1}]
    rig.verify()


def test_every_table_is_looked_at(rig: Rig) -> None:
    rig.run(rig.store.doctor())
    for number in range(30):
        for version in range(1, number % 3 + 2):
            wrong = number % 7 == 3 and version == 2
            rig.sql(PUT, f"t{number:02}", str(version), "{" if wrong else json.dumps({**PLAIN, "doc": str(version)}), "")
    bad = [f"table t{number:02}" for number in range(30) if number % 7 == 3 and number % 3]
    assert [problem.place for problem in rig.run(rig.store.verify()).problems] == bad


def test_versions_of_two_timestamp_fields_are_found(rig: Rig) -> None:
    rig.run(rig.store.doctor())
    dated = json.dumps(record_of({"name": "at", "type": "long"}))
    rig.sql(PUT, "t", "1", dated, "at")
    rig.sql(PUT, "t", "2", json.dumps({**json.loads(dated), "doc": ""}), "")
    (problem,) = rig.run(rig.store.verify()).problems
    assert "version 2 cannot be read: its timestamp field is None, and that of the first version 'at'" in problem.problem


def test_versions_that_do_not_fit_each_other_are_found(rig: Rig) -> None:
    rig.run(rig.store.doctor())
    rig.sql(PUT, "t", "1", json.dumps(PLAIN), "")
    rig.sql(PUT, "t", "2", json.dumps(record_of({"name": "a", "type": "string"})), "")
    (problem,) = rig.run(rig.store.verify()).problems
    assert "cannot read version 1" in problem.problem
