"""Which branches have to be named: without the other names, a value is encoded as it is with all of them."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.errors import DatumError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.reference import decode, encode
from avro_ocf.reference.shortening import Shortener
from avro_ocf.resolution.identity import identity
from tests.reference.schemas import SUIT, array, map_of, node, record

CAT, DOG = record("Cat", name="string"), record("a.Dog", name="string")
OWNER = record("Owner", pet=["null", CAT, DOG])
TREE = record("Tree", left=["null", "Tree", map_of("Tree")])


@pytest.mark.parametrize(
    ("schema", "value", "short"),
    [
        ([CAT, DOG], ("Cat", {"name": "tom"}), {"name": "tom"}),
        ([CAT, DOG], ("a.Dog", {"name": "rex"}), ("a.Dog", {"name": "rex"})),
        (OWNER, {"pet": None}, {"pet": None}),
        (OWNER, {"pet": ("a.Dog", {"name": "rex"})}, {"pet": ("a.Dog", {"name": "rex"})}),
        (["null", OWNER], {"pet": ("Cat", {"name": "tom"})}, {"pet": {"name": "tom"}}),
        (["int", "string"], ("string", "a"), "a"),
        (["double", "long"], ("long", 1), 1),
        (["double", "long"], ("double", 1.0), 1.0),
        (["double", "float"], ("float", 1.0), ("float", 1.0)),
        (["float", "double"], ("double", 1.0), ("double", 1.0)),
        (["float", "double"], ("double", 0.1), 0.1),
        (["string", SUIT], ("Suit", "HEARTS"), ("Suit", "HEARTS")),
        ([SUIT, "string"], ("Suit", "HEARTS"), "HEARTS"),
        ([SUIT, "string"], ("string", "HEARTS"), ("string", "HEARTS")),
        ([SUIT, "string"], ("string", "CLUBS"), "CLUBS"),
        (["long", {"type": "int", "logicalType": "date"}], ("int", dt.date(2024, 1, 1)), dt.date(2024, 1, 1)),
        (["long", {"type": "int", "logicalType": "date"}], ("int", 2**31 - 1), ("int", 2**31 - 1)),
        (array(["string", SUIT]), [("string", "a"), ("Suit", "HEARTS")], ["a", ("Suit", "HEARTS")]),
        # What is inside is made short first: it may be told by a name in it which branch it is in.
        (
            [array(["string", "bytes"]), map_of(["string", SUIT])],
            ("map", {"a": ("Suit", "HEARTS"), "b": ("string", "x")}),
            {"a": ("Suit", "HEARTS"), "b": "x"},
        ),
        (
            [record("A", value=["string", SUIT]), record("B", value=["string", "int"])],
            ("A", {"value": ("Suit", "HEARTS")}),
            {"value": ("Suit", "HEARTS")},
        ),
        (
            [record("A", value=["string", SUIT]), record("B", value=["string", "int"])],
            ("B", {"value": ("string", "HEARTS")}),
            ("B", {"value": "HEARTS"}),
        ),
        (
            TREE,
            {"left": ("Tree", {"left": ("map", {"left": {"left": None}})})},
            {"left": {"left": ("map", {"left": {"left": None}})}},
        ),
    ],
)
def test_a_branch_is_named_where_another_would_be_chosen(schema: object, value: object, short: object) -> None:
    parsed = node(schema)
    shortener = Shortener(parsed, DEFAULT_LIMITS)
    assert shortener.is_needed
    assert same(shortener.short(value), short)
    assert encode(parsed, short, DEFAULT_LIMITS) == encode(parsed, value, DEFAULT_LIMITS)


@pytest.mark.parametrize("schema", ["int", ["null", "int"], record("R", next=["null", "R"]), array(map_of("string")), [], SUIT])
def test_only_unions_of_several_branches_name_any(schema: object) -> None:
    assert not Shortener(node(schema), DEFAULT_LIMITS).is_needed


@given(st.data())
def test_the_short_form_is_encoded_as_the_long_one_and_no_name_can_be_spared(data: st.DataObject) -> None:
    parsed = node(data.draw(schemas()))
    value = data.draw(from_schema(parsed, branches=True))
    shortener = Shortener(parsed, DEFAULT_LIMITS)
    short = shortener.short(value)
    encoded = encode(parsed, value, DEFAULT_LIMITS)
    assert encode(parsed, short, DEFAULT_LIMITS) == encoded
    for spared in without_one_name(short):
        try:
            again = encode(parsed, spared, DEFAULT_LIMITS)
        except DatumError:
            continue
        assert again != encoded
    assert shortener.is_needed or same(short, value)


def without_one_name(value: object) -> list[object]:
    """Return `value` without one of its names, for each of them."""
    match value:
        case dict():
            return [{**value, key: other} for key, inner in value.items() for other in without_one_name(inner)]
        case list():
            return [
                [*value[:place], other, *value[place + 1 :]]
                for place, inner in enumerate(value)
                for other in without_one_name(inner)
            ]
        case tuple() if type(value) is tuple:
            return [value[1], *((value[0], other) for other in without_one_name(value[1]))]
    return []


def deep(depth: int) -> dict[str, Any]:
    """Return a chain of records that all have to be named."""
    value: dict[str, Any] = {"next": None}
    for _ in range(depth - 1):
        value = {"next": ("Second", value)}
    return value


DEEP = record("First", next=["null", "First", record("Second", next=["null", "First", "Second"])])
"""A chain of these could be of either."""


def test_a_datum_as_deep_as_allowed_takes_no_exponential_time() -> None:
    parsed = node(DEEP)
    value = deep(DEFAULT_LIMITS.datum_depth)
    encoded = encode(parsed, value, DEFAULT_LIMITS)
    assert Shortener(parsed, DEFAULT_LIMITS).short(value) == value
    assert decode(identity(parsed, branches=True), encoded, 0, DEFAULT_LIMITS)[0] == value


@pytest.mark.host  # Pyodide ends when its stack does
def test_a_datum_past_the_stack_is_an_error() -> None:
    limits = Limits(datum_depth=10**6)
    value = deep(3000)
    with pytest.raises(DatumError, match="nested deeper"):
        Shortener(node(DEEP), limits).short(value)


def test_a_branch_that_only_the_limits_forbid_is_named() -> None:
    """With the limits of another, what is read need not be what may be written."""
    parsed = node(["null", "int", array(array("int"))])
    assert Shortener(parsed, Limits(datum_depth=1)).short(("array", [[1]])) == ("array", [[1]])
