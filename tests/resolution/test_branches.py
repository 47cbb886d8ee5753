"""Values that come with the branches of the reader's unions."""

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from avro_ocf.errors import FormatError, ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.reference import decode, encode
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from tests.resolution.schemas import array, enum, fixed, logical, mapping, parsed, record

CAT, DOG = record("Cat", ("name", "string")), record("a.Dog", ("name", "string"))
PETS = [CAT, DOG]
OWNER = record("Owner", ("pet", PETS))


def plain(value: object) -> object:
    """Return `value` without the branches that it names."""
    match value:
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case tuple() if type(value) is tuple:
            return plain(value[1])
    return value


def branches_of(value: object) -> object:
    """Return `value` without what is in none of its records, lists and branches."""
    match value:
        case dict():
            return {key: branches_of(inner) for key, inner in value.items()}
        case list():
            return [branches_of(inner) for inner in value]
        case tuple() if type(value) is tuple:
            return value[0], branches_of(value[1])
    return None


def read_as(writer: object, reader: object, datum: object) -> object:
    written = parsed(writer)
    data = encode(written, datum, DEFAULT_LIMITS)
    value, end = decode(resolve(written, parsed(reader), branches=True), data, 0, DEFAULT_LIMITS)
    assert end == len(data)
    return value


@pytest.mark.parametrize(
    ("schema", "datum"),
    [
        (PETS, ("a.Dog", {"name": "rex"})),
        (["null", *PETS], ("Cat", {"name": "rex"})),
        (["null", *PETS], None),
        (["null", CAT], {"name": "rex"}),
        (["null", CAT], None),
        ([DOG], {"name": "rex"}),
        (["string", "null", "bytes"], ("string", "")),
        ([array("int"), mapping("int"), fixed("F", 0)], ("map", {"a": 1})),
        ([array("int"), mapping("int"), fixed("F", 0)], ("F", b"")),
        (array(["int", array(["null", "int", "float"])]), [("int", 1), ("array", [None, ("float", 1.0), ("int", 1)])]),
        (mapping(["float", "double"]), {"a": ("float", 0.5), "b": ("double", 0.5)}),
        ([enum("E", "A"), "string"], ("E", "A")),
        ([logical("int", "date"), "long"], ("int", 2**31 - 1)),
        (record("Tree", ("left", ["null", "Tree", "int"])), {"left": ("Tree", {"left": ("int", 3)})}),
    ],
)
def test_the_branch_that_was_written_is_told_where_another_is_possible(schema: object, datum: object) -> None:
    node = parsed(schema)
    data = encode(node, datum, DEFAULT_LIMITS)
    for plan in (identity(node, branches=True), resolve(node, node, branches=True)):
        value, end = decode(plan, data, 0, DEFAULT_LIMITS)
        assert end == len(data)
        assert same(value, datum)


@pytest.mark.parametrize(
    ("writer", "reader", "datum", "value"),
    [
        # The writer has no union, or one with a single branch, or others.
        ("int", ["string", "long"], 1, ("long", 1)),
        ("int", ["null", "long"], 1, 1),
        ("null", ["null", "int", "long"], None, None),
        (["null", "int"], ["null", "string", "long"], 1, ("long", 1)),
        (["null", "int"], ["null", "string", "long"], None, None),
        (PETS, ["null", *PETS], ("a.Dog", {"name": "rex"}), ("a.Dog", {"name": "rex"})),
        (PETS, [*reversed(PETS)], ("Cat", {"name": "tom"}), ("Cat", {"name": "tom"})),
        # The reader has none, or one with a single branch.
        (["int", "long"], "long", ("int", 1), 1),
        (["int", "long"], ["long"], ("int", 1), 1),
        (["null", "int", "long"], ["null", "long"], ("long", 1), 1),
        # The name is the reader's.
        (CAT, ["int", record("Lynx", ("name", "string"), aliases=["Cat"])], {"name": "tom"}, ("Lynx", {"name": "tom"})),
        (["int", "float"], ["string", "double"], ("float", 0.5), ("double", 0.5)),
        # Defaults.
        (record("R"), record("R", ("a", ["long", "float"], 1)), {}, {"a": ("long", 1)}),
        (record("R"), record("R", ("a", array(["long", "float"]), [1, 2.5])), {}, {"a": [("long", 1), ("float", 2.5)]}),
        (record("R"), record("R", ("a", ["int", array(["null", "int"])], [1, None])), {}, {"a": ("array", [1, None])}),
        # One writer's type in two unions.
        (
            record("R", ("a", "int"), ("b", "int"), ("c", "int")),
            record("R", ("a", ["null", "int"]), ("b", ["string", "int"]), ("c", ["string", "int"])),
            {"a": 1, "b": 2, "c": 3},
            {"a": 1, "b": ("int", 2), "c": ("int", 3)},
        ),
        (
            record("R", ("a", ["null", "int"]), ("b", ["null", "int"])),
            record("R", ("a", ["null", "int"]), ("b", ["null", "int", "string"])),
            {"a": 1, "b": 2},
            {"a": 1, "b": ("int", 2)},
        ),
    ],
)
def test_the_readers_unions_decide(writer: object, reader: object, datum: object, value: object) -> None:
    assert same(read_as(writer, reader, datum), value)


def test_every_record_gets_its_own_default_behind_a_branch() -> None:
    reader = record("R", ("a", ["int", array("int")], [1]))
    first, second = (read_as(record("R"), reader, {}) for _ in range(2))
    assert first == second == {"a": ("array", [1])}
    assert isinstance(first, dict)
    first["a"][1].append(2)
    assert second == {"a": ("array", [1])}


@given(st.data())
def test_any_branch_of_any_union_comes_back(data: st.DataObject) -> None:
    node = parsed(data.draw(schemas()))
    datum = data.draw(from_schema(node, branches=True))
    encoded = encode(node, datum, DEFAULT_LIMITS)
    value, end = decode(identity(node, branches=True), encoded, 0, DEFAULT_LIMITS)
    assert end == len(encoded)
    assert same(value, datum)
    assert same(decode(identity(node), encoded, 0, DEFAULT_LIMITS)[0], plain(datum))


@given(st.data())
def test_what_is_resolved_names_the_readers_branches(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    writer, reader = parsed(schema), parsed(data.draw(evolutions(schema)).reader_schema)
    encoded = encode(writer, data.draw(from_schema(writer, branches=True)), DEFAULT_LIMITS)

    def read(**options: Any) -> object:
        return decode(resolve(writer, reader, **options), encoded, 0, DEFAULT_LIMITS)[0]

    try:
        expected = read()
    except (FormatError, ResolutionError) as error:
        event("not read")
        with pytest.raises(type(error)):
            read(branches=True)
        return
    value = read(branches=True)
    assert same(plain(value), expected)
    again = encode(reader, value, DEFAULT_LIMITS)
    assert branches_of(decode(identity(reader, branches=True), again, 0, DEFAULT_LIMITS)[0]) == branches_of(value)
