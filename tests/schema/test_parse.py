"""Parsing: what each kind of schema becomes, what is refused, and where the two modes differ."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from avro_ocf.errors import SchemaError
from avro_ocf.oracle import schemas
from avro_ocf.schema.model import NO_DEFAULT, PRIMITIVES, Array, Enum, Fixed, Map, Record, Union
from tests.schema.build import array, enum, field, fields_of, fixed, mapping, only_field, parsed, record


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_may_be_written_as_a_name_or_an_object(name: str) -> None:
    for schema in (name, {"type": name}, {"type": {"type": {"type": name}}}):
        node = parsed(schema)
        assert (node.type, node.name, node.logical) == (name, name, None)


def test_a_record_has_all_its_attributes() -> None:
    full = field("int", default=3, order="descending", aliases=["was"], doc="about f")
    node = parsed(record(full, field("string", "g"), namespace="n", aliases=["Old", "m.Old"], doc="about R"))
    assert isinstance(node, Record)
    assert (node.type, node.fullname, node.short_name) == ("record", "n.R", "R")
    assert (node.aliases, node.doc) == (("n.Old", "m.Old"), "about R")
    f, g = node.fields
    assert (f.name, f.node.type, f.default, f.order, f.aliases, f.doc) == ("f", "int", 3, "descending", ("was",), "about f")
    assert f.default_bytes == b"\x06"
    assert (g.default, g.default_bytes, g.order, g.aliases, g.doc) == (NO_DEFAULT, None, "ascending", (), None)


def test_an_error_is_a_record_of_its_own_type() -> None:
    node = parsed({"type": "error", "name": "E", "fields": []})
    assert isinstance(node, Record)
    assert node.type == "error"


def test_an_enum_and_a_fixed() -> None:
    node = parsed(enum("A", "B", default="B"))
    assert isinstance(node, Enum)
    assert (node.symbols, node.default, node.positions) == (("A", "B"), "B", {"A": 0, "B": 1})
    node = parsed(fixed(16))
    assert isinstance(node, Fixed)
    assert (node.fullname, node.size) == ("F", 16)


def test_arrays_maps_and_unions() -> None:
    node = parsed([array("int"), mapping(["null", "long"]), "string"])
    assert isinstance(node, Union)
    items, values, text = node.branches
    assert isinstance(items, Array)
    assert items.items.type == "int"
    assert isinstance(values, Map)
    assert values.values.name == "union"
    assert text.type == "string"


def test_a_union_may_stand_in_an_object() -> None:
    node = parsed({"type": ["null", {"type": "int"}]})
    assert isinstance(node, Union)
    assert [branch.type for branch in node.branches] == ["null", "int"]


def test_a_type_used_again_is_the_same_node() -> None:
    node = parsed(record(field(["null", "R"], "next"), field(fixed(2), "a"), field("F", "b"), field({"type": "F"}, "c")))
    following, a, b, c = fields_of(node)
    assert isinstance(following.node, Union)
    assert following.node.branches[1] is node
    assert a.node is b.node is c.node


REFUSED: list[tuple[object, str, str]] = [
    (None, "", "a schema is a name, an array or an object, not None"),
    (5, "", "not 5"),
    (True, "", "not True"),
    (1.5, "", "not 1.5"),
    ({}, "", "no type is given"),
    ({"type": 5}, "", "the type is 5"),
    ({"type": None}, "", "the type is None"),
    ("strin", "", "unknown type 'strin'"),
    ("", "", "unknown type ''"),
    ({"type": "error_union"}, "", "unknown type"),
    ({"type": "union"}, "", "unknown type"),
    (record({"name": "a", "type": "array", "items": "int"}), "a", ""),
    (record(field("array", "a")), "a", "must be an object of its own"),
    ({"type": "array"}, "", "array has no items"),
    ({"type": "map"}, "", "map has no values"),
    (array(array("x")), "[][]", "unknown type"),
    (record(field(mapping(record(field("x", "c"), name="I")), "b")), "b[].c", "unknown type"),
    (record(field([{"type": "array", "items": "x"}], "u")), "u[]", "unknown type"),
    (["null", ["int"]], "", "a union directly inside a union"),
    (["null", {"type": ["int"]}], "", "a union directly inside a union"),
    (["int", "int"], "", "'int' twice"),
    (["int", {"type": "int", "logicalType": "date"}], "", "'int' twice"),
    ([array("int"), array("long")], "", "'array' twice"),
    ([fixed(1), "F"], "", "'F' twice"),
    ([mapping("int"), mapping("long")], "", "'map' twice"),
    ({"type": "record", "name": "R"}, "", "the fields of 'R' are None"),
    ({"type": "record", "name": "R", "fields": {}}, "", "an object, not an array"),
    ({"type": "record", "fields": []}, "", "this record has no name"),
    (record(5), "", "a field is 5"),
    (record({"type": "int"}), "", "a field has no name"),
    (record({"name": "a"}), "a", "the field has no type"),
    (record({"name": "", "type": "int"}), "", "empty"),
    (record({"name": 5, "type": "int"}), "", "the name of a field is 5"),
    (record(field("int", "a"), field("int", "a")), "", "the field 'a' is defined twice"),
    (record(field(fixed(1), "a"), field(fixed(1), "b")), "b", "'F' is defined twice"),
    (record(field(record(), "a")), "a", "'R' is defined twice"),
    (enum(), "", "no symbols"),
    ({"type": "enum", "name": "E"}, "", "no symbols"),
    ({"type": "enum", "name": "E", "symbols": "AB"}, "", "no symbols"),
    ({"type": "enum", "name": "E", "symbols": [5]}, "", "a symbol"),
    ({"type": "enum", "name": "E", "symbols": [["A"]]}, "", "a symbol"),
    (enum("A", "A"), "", "a symbol twice"),
    (enum("A", ""), "", "empty"),
    (fixed(-1), "", "the size of 'F' is -1"),
    (fixed(2**31), "", "the size of 'F'"),
    (fixed(True), "", "the size of 'F' is True"),
    (fixed(1.0), "", "the size of 'F' is 1.0"),
    (fixed("1"), "", "the size of 'F' is '1'"),
    (fixed(None), "", "the size of 'F' is None"),
    (fixed([1]), "", "the size of 'F' is an array"),
    ({"type": "fixed", "name": "F"}, "", "the size of 'F'"),
    ({"type": "fixed", "name": 5, "size": 1}, "", "the name of this fixed is 5"),
]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("schema", "path", "message"), REFUSED)
def test_what_is_always_refused(schema: object, path: str, message: str, strict: bool) -> None:
    with pytest.raises(SchemaError) as caught:
        parsed(schema, strict=strict)
    assert message in caught.value.message
    assert caught.value.path == path


REFUSED_IF_STRICT: list[object] = [
    record(name=""),
    record(name="Foo$Bar"),
    record(name="größe"),
    record(name="1st"),
    record(name="a..b"),
    record(name=".R"),
    record(namespace="a-b"),
    record(namespace=5),
    record(aliases="x"),
    record(aliases=[5]),
    record(aliases=[""]),
    record(field("int", "a b")),
    record(field("int", "a.b")),
    record(field("int", order="up")),
    record(field("int", order=[])),
    record(field("int", default="one")),
    record(field("int", aliases={})),
    enum("A-1"),
    enum("A", default="B"),
    enum("A", default=["A"]),
    fixed(1, name="n.int"),
]


@pytest.mark.parametrize("schema", REFUSED_IF_STRICT)
def test_what_only_strict_refuses_with_what_to_do(schema: object) -> None:
    with pytest.raises(SchemaError, match=r"; parse_schema\(\.\.\., strict=False\) takes it"):
        parsed(schema)
    parsed(schema, strict=False)


METADATA: list[object] = [
    record(unknown=1),
    record(doc=5),
    record(field("int", unknown=1, doc=["a"])),
    record(field({"type": "string", "avro.java.string": "String"})) | {"connect.name": "n.R", "connect.version": 1},
    record(field(array("long") | {"element-id": 133}) | {"field-id": 132}),
    {"type": {"type": "int", "sqlType": "X"}, "items": "int", "pii": False},
    {"type": ["int"], "items": "int"},
    array("int") | {"values": "int", "java-class": "java.util.List"},
    enum("A") | {"size": 3},
    fixed(1) | {"symbols": []},
]


@pytest.mark.parametrize("schema", METADATA)
def test_attributes_that_the_specification_does_not_define_are_kept(schema: object) -> None:
    for strict in (True, False):
        assert json.loads(parse_schema(schema, strict=strict).json) == schema


def marked(schema: Any, draw_marks: Callable[[], Mapping[str, object]]) -> Any:
    """Return a copy of a schema with more attributes in every object that describes a type or a field."""
    if isinstance(schema, list):
        return [marked(branch, draw_marks) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: marked(schema[key], draw_marks) for key in ("type", "items", "values", "fields") if key in schema}
    return {**draw_marks(), **schema, **inner}


NAMES = st.text(max_size=5).map("x-{}".format) | st.sampled_from(["pii", "connect.name", "field-id", "__proto__"])
ATTRIBUTES = st.dictionaries(NAMES, st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()), max_size=2)


@given(schemas(), st.data())
def test_more_attributes_change_nothing_but_the_text(schema: object, data: st.DataObject) -> None:
    more = marked(schema, lambda: data.draw(ATTRIBUTES))
    plain, parsed_with_more = parse_schema(schema), parse_schema(more)
    assert parsed_with_more.canonical_form == plain.canonical_form
    assert json.loads(parsed_with_more.json) == more


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"Type": "int"}, "no type is given; is 'Type' meant for it?"),
        (record({"name": "f", "tpye": "int"}), "f: the field has no type; is 'tpye' meant for it?"),
        ({"type": "array", "item": "int"}, "array has no items; is 'item' meant for it?"),
        ({"type": "map", "value": "int"}, "map has no values; is 'value' meant for it?"),
        ({"type": "record", "name": "R", "field": []}, "the fields of 'R' are None, not an array; is 'field' meant for it?"),
        ({"type": "enum", "name": "E", "symbol": ["A"]}, "the enum 'E' has no symbols; is 'symbol' meant for it?"),
        ({"type": "fixed", "name": "F", "Size": 1}, "the size of 'F' is None; is 'Size' meant for it?"),
    ],
)
def test_a_needed_attribute_that_is_misspelled_is_named(schema: object, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parsed(schema)
    assert str(caught.value) == message


def test_what_lenient_leaves_out() -> None:
    (only,) = fields_of(parsed(record(field("int", order="up", aliases=[5, "b"], default="x", doc=5)), strict=False))
    assert (only.order, only.aliases, only.default_bytes, only.doc) == ("ascending", ("b",), None, None)
    node = parsed(enum("A", default="B"), strict=False)
    assert isinstance(node, Enum)
    assert node.default is None


def test_a_doc_may_be_null() -> None:
    assert only_field(record(field("int", doc=None), doc=None)).doc is None


def test_the_error_names_the_path_and_the_text() -> None:
    with pytest.raises(SchemaError, match=r"^guns\[\]\.calibre: unknown type 'milimetre'; "):
        parsed(record(field(array(record(field("milimetre", "calibre"), name="Gun")), "guns")))


@given(schemas())
def test_any_legal_schema_parses_in_both_modes_and_from_text(schema: object) -> None:
    strict, lenient = parse_schema(schema), parse_schema(json.dumps(schema), strict=False)
    assert strict.canonical_form == lenient.canonical_form
