"""Values as JSON and back."""

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from avro_ocf import parse_schema
from avro_ocf.logical import Duration
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.runner.wire import LOGICAL_TYPES, WireError, from_wire, to_wire
from avro_ocf.schema.model import Node


def node_of(schema: object) -> Node:
    return parse_schema(schema).node


def logical(type_: str, name: str, **more: object) -> dict[str, object]:
    return {"type": type_, "logicalType": name, **more}


FIXED_UUID = {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}
DURATION = {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}
DECIMAL = logical("bytes", "decimal", precision=4, scale=2)
AN_ID = UUID("0e37df36-f698-11e6-8dd4-cb9ced3df976")
FORMS: list[tuple[Any, Any, Any]] = [
    ("null", None, None),
    ("boolean", True, True),
    ("int", -5, {"int": "-5"}),
    ("long", 2**63 - 1, {"int": "9223372036854775807"}),
    ("float", 1.5, {"double": "3ff8000000000000"}),
    ("double", -0.0, {"double": "8000000000000000"}),
    ("double", math.nan, {"double": "7ff8000000000000"}),
    ("bytes", b"\x00\xff", {"bytes": "00ff"}),
    ("string", "é", "é"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "A", "A"),
    ({"type": "fixed", "name": "F", "size": 1}, b"\x01", {"bytes": "01"}),
    ({"type": "array", "items": "int"}, [1], [{"int": "1"}]),
    ({"type": "map", "values": "int"}, {"int": 1, "": 2}, {"map": {"int": {"int": "1"}, "": {"int": "2"}}}),
    ({"type": "record", "name": "R", "fields": [{"name": "map", "type": "string"}]}, {"map": "a"}, {"map": {"map": "a"}}),
    (["null", "int"], None, None),
    (["null", "int"], 1, {"union": ["int", {"int": "1"}]}),
    (["null", {"type": "enum", "name": "ns.E", "symbols": ["A"]}], "A", {"union": ["ns.E", "A"]}),
    (logical("int", "date"), date(1969, 12, 31), {"date": "-1"}),
    (logical("int", "date"), 2**31 - 1, {"date": "2147483647"}),
    (logical("int", "time-millis"), time(0, 0, 1, 2000), {"time": "1002000"}),
    (logical("int", "time-millis"), -1, {"time": "-1000"}),
    (logical("long", "time-micros"), time(0, 0, 1, 2), {"time": "1000002"}),
    (logical("long", "timestamp-millis"), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), {"timestamp": "1000000"}),
    (logical("long", "timestamp-millis"), 2**63 - 1, {"timestamp": "9223372036854775807000"}),
    (logical("long", "timestamp-micros"), datetime(1970, 1, 1, 0, 0, 0, 7, tzinfo=UTC), {"timestamp": "7"}),
    (logical("long", "timestamp-nanos"), 7, {"int": "7"}),
    (
        logical("long", "local-timestamp-micros"),
        (datetime(1970, 1, 1, 0, 0, 0, 7, UTC).replace(tzinfo=None)),
        {"local-timestamp": "7"},
    ),
    (DECIMAL, Decimal("-1.20"), {"decimal": "-1.20"}),
    (DECIMAL, Decimal("0.00"), {"decimal": "0.00"}),
    (logical("bytes", "big-decimal"), Decimal("1E+3"), {"decimal": "1E+3"}),
    (logical("string", "uuid"), AN_ID, {"uuid": str(AN_ID)}),
    (logical("string", "uuid"), "none", "none"),
    (FIXED_UUID, AN_ID, {"uuid": str(AN_ID)}),
    (DURATION, Duration(1, 2, 3), {"duration": ["1", "2", "3"]}),
]


@pytest.mark.parametrize(("schema", "value", "form"), FORMS)
def test_each_value_has_its_form(schema: object, value: object, form: object) -> None:
    assert to_wire(node_of(schema), value) == form
    assert same(from_wire(node_of(schema), form), value)


@pytest.mark.parametrize(
    ("schema", "value", "form"),
    [
        (logical("int", "date"), date(1970, 1, 2), {"int": "1"}),
        (logical("int", "time-millis"), time(0, 0, 1), {"int": "1000"}),
        (DECIMAL, Decimal("1.20"), {"bytes": "78"}),
        (logical("string", "uuid"), AN_ID, str(AN_ID)),
        (FIXED_UUID, AN_ID, {"bytes": AN_ID.hex}),
        (DURATION, Duration(1, 0, 0), {"bytes": "010000000000000000000000"}),
        (["null", logical("int", "date")], date(1970, 1, 2), {"union": ["int", {"int": "1"}]}),
    ],
)
def test_logical_types_that_are_not_known_are_raw(schema: object, value: object, form: object) -> None:
    assert to_wire(node_of(schema), value, frozenset()) == form
    assert same(from_wire(node_of(schema), form), value)


@pytest.mark.parametrize("name", sorted(LOGICAL_TYPES))
def test_the_value_of_each_logical_type_is_raw_when_another_is_known(name: str) -> None:
    others = LOGICAL_TYPES - {name}
    for schema, value, form in FORMS:
        if isinstance(schema, dict) and "logicalType" in schema:
            assert (to_wire(node_of(schema), value, others) == form) is (
                schema["logicalType"] != name or type(form) is str or "int" in form
            )


def test_a_branch_that_is_not_named_is_the_one_that_gives_what_is_expected() -> None:
    union = node_of([logical("int", "date"), "long"])
    assert from_wire(union, {"int": "5"}, date(1970, 1, 6)) == date(1970, 1, 6)
    assert from_wire(union, {"int": "5"}, 5) == 5
    assert from_wire(union, {"int": "6"}, 5) == 6
    assert from_wire(union, {"union": ["int", {"int": "5"}]}, 5) == date(1970, 1, 6)


def test_branches_are_found_in_a_deep_answer_without_trying_each_with_each() -> None:
    record = {"type": "record", "name": "R", "fields": [{"name": "a", "type": ["null", "R", {"type": "map", "values": "R"}]}]}
    form: object = None
    value: object = None
    for _ in range(100):
        form, value = {"map": {"a": form}}, {"a": value}
    assert from_wire(node_of(record), form, {"a": None}) == value


def test_branches_are_found_inside_values() -> None:
    schema = {"type": "map", "values": {"type": "array", "items": ["null", logical("int", "date"), "long"]}}
    expected = {"a": [date(1970, 1, 6), 5, None]}
    assert from_wire(node_of(schema), {"map": {"a": [{"int": "5"}, {"int": "5"}, None]}}, expected) == expected


@pytest.mark.parametrize(
    ("schema", "form", "value"),
    [
        ("int", "a", "a"),
        ("string", {"int": "1"}, 1),
        ({"type": "array", "items": "int"}, {"map": {"a": {"int": "1"}}}, {"a": 1}),
        ({"type": "record", "name": "R", "fields": []}, {"map": {"more": True}}, {"more": True}),
        (["null", "int"], {"union": ["none", {"int": "1"}]}, 1),
        (logical("long", "timestamp-millis"), {"timestamp": "1"}, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        (logical("int", "date"), {"timestamp": "0"}, datetime(1970, 1, 1, tzinfo=UTC)),
        (DECIMAL, {"decimal": "1.234"}, Decimal("1.234")),
        (DECIMAL, {"decimal": "99999"}, Decimal(99999)),
        (FIXED_UUID, {"bytes": "00"}, b"\x00"),
        (DURATION, "text", "text"),
    ],
)
def test_what_does_not_fit_is_kept_as_it_is(schema: object, form: object, value: object) -> None:
    assert same(from_wire(node_of(schema), form), value)
    assert from_wire(None, to_wire(None, value)) == value


@pytest.mark.parametrize(
    "form",
    [
        1,
        1.5,
        {},
        {"int": 5},
        {"int": "5.0"},
        {"int": "\u0665"},
        {"int": "9" * 41},
        {"double": "00"},
        {"double": 1.5},
        {"bytes": "0"},
        {"bytes": [0]},
        {"bytes": "00", "int": "1"},
        {"map": []},
        {"union": ["int"]},
        {"union": [1, None]},
        {"union": None},
        {"decimal": "1,5"},
        {"decimal": []},
        {"uuid": "none"},
        {"duration": ["1", "2"]},
        {"duration": None},
        {"date": 1},
        {"unknown": "1"},
        [{"int": None}],
    ],
)
@pytest.mark.parametrize("schema", ["int", ["null", "long"], {"type": "map", "values": "int"}])
def test_anything_else_is_no_form(schema: object, form: object) -> None:
    with pytest.raises(WireError):
        from_wire(node_of(schema), form)


def test_values_of_random_schemas_come_back() -> None:
    for index in range(200):
        case, _ = seeded_case("encode", "wire", index)
        node = parse_schema(case.schema, strict=False).node
        for known in (LOGICAL_TYPES, frozenset[str]()):
            form = json.loads(json.dumps(to_wire(node, case.value, known)))
            assert same(from_wire(node, form), case.value)
