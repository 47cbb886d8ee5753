"""Facts about schemas: reachable nodes, and values that take no byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.schema.measure import (
    FREE_ZERO_BYTE_VALUES,
    MOST_LEAST_BYTES,
    children,
    field_charge,
    is_charged,
    least_bytes,
    nodes,
    value_charge,
    zero_byte_values,
)
from avro_ocf.schema.model import Record
from tests.schema.build import array, field, fixed, mapping, parsed, record

EMPTY = record(name="Empty")
PAIR = record(field("null", "a"), field(fixed(0), "b"), name="Pair")
MANY_NULLS = record(*[field("null", f"f{index}") for index in range(FREE_ZERO_BYTE_VALUES)], name="Many")
FEW_NULLS = record(*[field("null", f"f{index}") for index in range(FREE_ZERO_BYTE_VALUES - 1)], name="Few")


def test_a_recursive_schema_has_each_node_once() -> None:
    node = parsed(record(field(["null", "R"], "next"), field(array(mapping("R")), "others")))
    found = nodes(node)
    assert found[0] is node
    assert [each.type for each in found] == ["record", "union", "null", "array", "map"]
    assert children(found[2]) == ()


@pytest.mark.parametrize(
    ("schema", "count"),
    [
        ("null", 1),
        (fixed(0), 1),
        (fixed(1), 0),
        ("string", 0),
        (["null"], 0),
        (array("null"), 0),
        (EMPTY, 1),
        (PAIR, 3),
        (record(field(PAIR, "x"), field("Pair", "y")), 7),
        (record(field("null", "x"), field("int", "y")), 0),
        (record(field("R", "r")), 0),
    ],
)
def test_how_many_values_there_are_in_no_byte(schema: object, count: int) -> None:
    assert zero_byte_values(parsed(schema)) == count


def test_records_in_records_double() -> None:
    fields = [field(record(name="R0"), "f0")]
    for level in range(1, 31):
        below = f"R{level - 1}"
        fields.append(field(record(field(below, "a"), field(below, "b"), name=f"R{level}"), f"f{level}"))
    node = parsed(record(*fields))
    assert isinstance(node, Record)
    assert zero_byte_values(node.fields[30].node) == 2**31 - 1


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_a_chain_of_records_longer_than_the_recursion_limit() -> None:
    links = [field(record(field(f"R{level - 1}", "x"), name=f"R{level}"), f"f{level}") for level in range(1, 5_000)]
    node = parsed(record(field(record(field("null", "x"), name="R0"), "f0"), *links))
    assert isinstance(node, Record)
    assert zero_byte_values(node.fields[-1].node) == 5_001


@pytest.mark.parametrize(
    ("schema", "charged"),
    [
        ("null", True),
        ("int", False),
        (["null", "int"], False),
        (array("null"), True),
        (array(["null"]), False),
        (mapping("null"), False),
        (mapping(FEW_NULLS), False),
        (mapping(MANY_NULLS), True),
        (["int", MANY_NULLS], True),
        (record(field("int"), field(FEW_NULLS, "g")), False),
        (record(field("int"), field(MANY_NULLS, "g")), True),
        (record(field(array(PAIR))), True),
    ],
)
def test_what_is_charged(schema: object, charged: bool) -> None:
    assert is_charged(parsed(schema)) is charged


def test_the_charges_are_the_number_of_values() -> None:
    node = parsed(record(field("int"), field(MANY_NULLS, "g"), field("null", "h")))
    assert isinstance(node, Record)
    assert field_charge(node) == FREE_ZERO_BYTE_VALUES + 2
    assert value_charge(node.fields[1].node) == FREE_ZERO_BYTE_VALUES + 1
    assert value_charge(parsed("null")) == 0


@pytest.mark.parametrize(
    ("schema", "size"),
    [
        ("null", 0),
        ("boolean", 1),
        ("long", 1),
        ("float", 4),
        ("double", 8),
        ("string", 1),
        (fixed(0), 0),
        (fixed(7), 7),
        (array("double"), 1),
        (mapping("double"), 1),
        (["double", "float"], 5),
        (["double", "null"], 1),
        ([{"type": "enum", "name": f"E{index}", "symbols": ["A"]} for index in range(70)], 2),
        ([*[fixed(9) | {"name": f"F{index}"} for index in range(64)], "float"], 6),
        (EMPTY, 0),
        (PAIR, 0),
        (record(field("double", "x"), field(fixed(3), "y"), field("null", "z")), 11),
        (record(field(["null", "R"], "next"), field("int", "n")), 2),
        (record(field(["R", "double"], "next"), field("int", "n")), 2),
        (record(field("R", "r"), field("int", "n")), 1),
    ],
)
def test_the_least_bytes_of_a_datum(schema: object, size: int) -> None:
    assert least_bytes(parsed(schema)) == size


@given(st.data())
def test_no_datum_takes_less(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    assert len(schema.encode(data.draw(from_schema(schema.node)))) >= schema.least_bytes


def test_sizes_that_double_stop_somewhere() -> None:
    fields = [field(record(field("int", "n"), name="R0"), "f0")]
    for level in range(1, 200):
        below = f"R{level - 1}"
        fields.append(field(record(field(below, "a"), field(below, "b"), name=f"R{level}"), f"f{level}"))
    assert least_bytes(parsed(record(*fields))) == MOST_LEAST_BYTES


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_the_least_bytes_of_a_chain_longer_than_the_recursion_limit() -> None:
    links = [field(record(field(f"R{level - 1}", "x"), name=f"R{level}"), f"f{level}") for level in range(1, 5_000)]
    assert least_bytes(parsed(record(field(record(field("int", "x"), name="R0"), "f0"), *links))) == 5_000
