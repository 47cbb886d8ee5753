"""Defaults: their JSON becomes binary when the schema is parsed, or is refused there."""

import struct

import pytest
from hypothesis import given

from avro_ocf.errors import SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import schemas
from avro_ocf.reference import decode, encode
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.measure import nodes
from avro_ocf.schema.model import Record
from tests.schema.build import array, enum, field, fields_of, fixed, mapping, nested_arrays, only_field, parsed, record

PAIR = record(field("int", "a"), field("string", "b", default="x"), name="Pair")

FITTING: list[tuple[object, object, str]] = [
    ("null", None, ""),
    ("boolean", True, "01"),
    ("boolean", False, "00"),
    ("int", -(2**31), "ffffffff0f"),
    ("int", 2**31 - 1, "feffffff0f"),
    ("long", 2**63 - 1, "feffffffffffffffff01"),
    ("float", 1, "0000803f"),
    ("float", 1.5, "0000c03f"),
    ("double", 1, "000000000000f03f"),
    ("double", -0.0, "0000000000000080"),
    ("double", 2**53 + 1, struct.pack("<d", 2.0**53).hex()),
    ("float", 2**53 + 2**29 + 1, struct.pack("<f", 2.0**53 + 2.0**30).hex()),
    ("double", 10**300, struct.pack("<d", 1e300).hex()),
    ("float", "NaN", "0000c07f"),
    ("float", "-Infinity", "000080ff"),
    ("double", "Infinity", "000000000000f07f"),
    ("double", float("inf"), "000000000000f07f"),
    ("bytes", "", "00"),
    ("bytes", "\u00ff\u0000", "04ff00"),
    ("string", "é", "04c3a9"),
    (fixed(2), "\u0001\u00fe", "01fe"),
    (enum("A", "B"), "B", "02"),
    (array("int"), [], "00"),
    (array("int"), [1, -1], "04020100"),
    (mapping("int"), {}, "00"),
    (mapping("int"), {"k": 3}, "02026b0600"),
    (PAIR, {"a": 1}, "020278"),
    (PAIR, {"b": "y", "a": 1}, "020279"),
    (["null", "int"], None, "00"),
    (["null", "int"], 5, "020a"),
    (["int", "long"], 2**40, "02808080808040"),
    (["string", "bytes"], "a", "000261"),
    (["int", array(["null", "string"])], [None, "a"], "02040002026100"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 3}, "\u0001", "0201"),
    ({"type": "int", "logicalType": "date"}, 7, "0e"),
]


@pytest.mark.parametrize(("schema", "default", "data"), FITTING)
def test_a_default_that_fits(schema: object, default: object, data: str) -> None:
    encoded = only_field(record(field(schema, default=default))).default_bytes
    assert encoded is not None
    assert encoded.hex() == data


UNFIT: list[tuple[object, object]] = [
    ("null", 0),
    ("null", "null"),
    ("boolean", 0),
    ("boolean", "true"),
    ("int", 2**31),
    ("int", -(2**31) - 1),
    ("int", 1.0),
    ("int", True),
    ("int", "1"),
    ("int", None),
    ("long", 2**63),
    ("long", 10**30),
    ("float", True),
    ("float", 1e39),
    ("float", "nan"),
    ("float", []),
    ("double", 10**400),
    ("double", "1.5"),
    ("bytes", "\u0100"),
    ("bytes", [1]),
    ("string", 5),
    ("string", "\ud800"),
    (fixed(2), "a"),
    (fixed(2), "\u0100b"),
    (fixed(2), None),
    (enum("A"), "B"),
    (enum("A"), 0),
    (enum("A"), ["A"]),
    (array("int"), {}),
    (array("int"), [1, "2"]),
    (mapping("int"), []),
    (mapping("int"), {"k": "v"}),
    (mapping("int"), {"\ud800": 1}),
    (PAIR, {}),
    (PAIR, {"a": "1"}),
    (PAIR, {"a": 1, "c": 2}),
    (PAIR, []),
    ([], None),
    (["null", "int"], "x"),
]


@pytest.mark.parametrize(("schema", "default"), UNFIT)
def test_a_default_that_does_not_fit(schema: object, default: object) -> None:
    with pytest.raises(SchemaError) as caught:
        parsed(record(field(schema, default=default)))
    assert caught.value.path.startswith("f")
    lenient = only_field(record(field(schema, default=default)), strict=False)
    assert lenient.default_bytes is None
    assert lenient.default == default


def test_the_error_names_the_place_inside_the_default() -> None:
    with pytest.raises(SchemaError, match=r"^f\[\]\.a: the default 'x' does not fit 'int'; .*strict=False"):
        parsed(record(field(array(PAIR), default=[{"a": 1}, {"a": "x"}])))


def test_a_default_may_rest_on_the_defaults_of_a_record_still_open() -> None:
    inside = record(field("R", "up", default={}), name="I")
    node = parsed(record(field(["null", inside], "i", default=None), field("int", "n", default=4)))
    (up,) = [each for found in nodes(node) if isinstance(found, Record) for each in found.fields if each.name == "up"]
    assert up.default_bytes == b"\0\x08"


def test_two_defaults_that_contain_each_other() -> None:
    inside = record(field(["null", "R"], "r", default=None), field("R", "deep", default={"i": None}), name="I")
    with pytest.raises(SchemaError, match="contains itself"):
        parsed(record(field(inside, "inside", default={}), field(["null", "I"], "i", default=None)))


@pytest.mark.parametrize("strict", [True, False])
def test_a_default_that_contains_itself(strict: bool) -> None:
    schema = record(field("R", "r", default={}))
    if strict:
        with pytest.raises(SchemaError, match="contains itself"):
            parsed(schema)
    else:
        assert only_field(schema, strict=False).default_bytes is None


@pytest.mark.parametrize("leaf", ["int", "null"])
def test_defaults_that_double_at_each_level_are_bounded(leaf: str) -> None:
    """Thirty records, each with two of the one before, ask for 2**30 values by a schema of a few lines."""
    leaf_default = 1 if leaf == "int" else None
    levels = [record(field(leaf, "a", default=leaf_default), field(leaf, "b", default=leaf_default), name="R0")]
    for level in range(1, 31):
        below = f"R{level - 1}"
        levels.append(record(field(below, "a", default={}), field(below, "b", default={}), name=f"R{level}"))
    schema = record(*[field(definition, f"f{index}") for index, definition in enumerate(levels)])
    if leaf == "null":
        parsed(schema)
    else:
        with pytest.raises(SchemaError, match="defaults take more than"):
            parsed(schema)
        assert fields_of(parsed(schema, strict=False))[5].default_bytes is None


def test_trying_union_branches_is_bounded() -> None:
    """Each level tries three branches, and each of these all branches of the next."""
    branches = [record(field("U", "x"), name=f"B{index}") for index in range(3)]
    schema: object = record(field(["null", *branches], "v"), name="U")
    value: object = "nothing fits this"
    for _ in range(40):
        value = {"v": {"x": value}}
    with pytest.raises(SchemaError, match="defaults take more than"):
        parsed(record(field(schema, "u", default=value)))


@pytest.mark.parametrize(("depth", "fits"), [(DEFAULT_LIMITS.datum_depth, True), (DEFAULT_LIMITS.datum_depth + 1, False)])
def test_the_depth_of_a_default_is_bounded(depth: int, fits: bool) -> None:
    schema = record(field(["null", "R"], "next"))
    value: object = None
    for _ in range(depth):
        value = {"next": value}
    wrapped = record(field(schema, "f", default=value), name="W")
    assert (only_field(wrapped, strict=False).default_bytes is not None) is fits
    if not fits:
        with pytest.raises(SchemaError, match="fits no branch"):
            parsed(wrapped)


def test_a_deep_default_of_a_shallow_type_does_not_fit() -> None:
    assert only_field(record(field("int", default=nested_arrays(400))), strict=False).default_bytes is None


@given(schemas())
def test_every_default_decodes_and_encodes_to_itself(schema: object) -> None:
    for node in nodes(parsed(schema, logical_types=False)):
        for part in node.fields if isinstance(node, Record) else ():
            if part.default_bytes is not None:
                value, end = decode(identity(part.node), part.default_bytes, 0, DEFAULT_LIMITS)
                assert end == len(part.default_bytes)
                assert len(encode(part.node, value, DEFAULT_LIMITS)) > 0 or end == 0
