"""Names, namespaces and aliases."""

import pytest

from avro_ocf.errors import SchemaError
from avro_ocf.schema.model import Enum, Named, Union
from avro_ocf.schema.names import NAME_LENGTH
from tests.schema.build import enum, field, fields_of, fixed, parsed, record


def fullname(schema: object, *, strict: bool = True) -> str:
    node = parsed(schema, strict=strict)
    assert isinstance(node, Named)
    return node.fullname


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("F", None, "outer.F"),
        ("F", "inner", "inner.F"),
        ("F", "", "F"),
        ("a.b.F", None, "a.b.F"),
        ("a.b.F", "inner", "a.b.F"),
        ("a.b.F", "", "a.b.F"),
    ],
)
def test_a_fullname_from_name_and_namespace(name: str, namespace: str | None, expected: str) -> None:
    definition = fixed(1, name=name) if namespace is None else fixed(1, name=name, namespace=namespace)
    (only,) = fields_of(parsed(record(field(definition), namespace="outer")))
    assert only.node.name == expected


def test_a_name_is_looked_up_in_the_enclosing_namespace_first() -> None:
    schema = [
        fixed(1, name="F"),
        fixed(2, name="n.F"),
        record(field("F", "near"), field("n.F", "full"), name="n.R"),
        record(field("F", "far"), name="m.R"),
    ]
    node = parsed(schema)
    assert isinstance(node, Union)
    plain, inside, n, m = node.branches
    assert [f.node for f in fields_of(n)] == [inside, inside]
    assert [f.node for f in fields_of(m)] == [plain]


def test_the_null_namespace_inside_another_is_the_null_namespace() -> None:
    inside = record(field(fixed(1), "a"), name="I", namespace="")
    outer = fields_of(parsed(record(field(inside, "i"), field("F", "again"), field(fixed(2), "b"), namespace="n")))
    assert [f.node.name for f in outer] == ["I", "F", "n.F"]


def test_a_namespace_of_the_enclosing_type_ends_with_it() -> None:
    with pytest.raises(SchemaError, match="unknown type 'F'"):
        parsed([record(field(fixed(1)), name="n.R"), "F"])


def test_an_alias_is_completed_by_the_own_namespace() -> None:
    (only,) = fields_of(parsed(record(field(enum("A", name="m.E", aliases=["E2", "k.E3", "old$E"])), namespace="n")))
    assert isinstance(only.node, Enum)
    assert only.node.aliases == ("m.E2", "k.E3", "m.old$E")


@pytest.mark.parametrize("name", ["string", "null", "int", "bytes"])
def test_a_primitive_cannot_be_redefined(name: str) -> None:
    for strict in (True, False):
        with pytest.raises(SchemaError, match="primitive"):
            parsed(fixed(1, name=name), strict=strict)


def test_the_name_of_a_primitive_in_a_namespace_is_let_through_if_lenient() -> None:
    schema = record(field(fixed(1, name="string"), "a"), field("string", "b"), field("n.string", "c"), namespace="n")
    a, b, c = fields_of(parsed(schema, strict=False))
    assert (a.node.name, b.node.name, c.node.name) == ("n.string", "string", "n.string")


def test_the_name_of_a_complex_type_is_free() -> None:
    a, b = fields_of(parsed(record(field(fixed(1, name="record"), "a"), field("record", "b"))))
    assert a.node is b.node


@pytest.mark.parametrize("name", ["Foo$Bar", "größe", "a b", "-", "class"])
def test_lenient_takes_any_text_for_a_name(name: str) -> None:
    assert fullname(record(name=name), strict=False) == name
    assert fullname(record(name=f"n.{name}"), strict=False) == f"n.{name}"
    assert fullname(record(name=name, namespace="x-y"), strict=False) == f"x-y.{name}"


@pytest.mark.parametrize("schema", [record(name="n."), record(name="."), record(name="\ud800"), enum("\udfff")])
def test_lenient_refuses_what_is_no_text(schema: object) -> None:
    with pytest.raises(SchemaError):
        parsed(schema, strict=False)


def test_an_empty_name_is_let_through_if_lenient() -> None:
    assert fullname(record(name=""), strict=False) == ""


@pytest.mark.parametrize("strict", [True, False])
def test_the_length_of_names_is_bounded(strict: bool) -> None:
    parsed(record(field("int", "f" * NAME_LENGTH), name="R" * NAME_LENGTH), strict=strict)
    parsed(record(name="R" * (NAME_LENGTH - 2), namespace="n"), strict=strict)
    too_long = [
        record(name="R" * (NAME_LENGTH + 1)),
        record(name="R" * (NAME_LENGTH - 1), namespace="n"),
        record(field("int", "f" * (NAME_LENGTH + 1))),
        enum("A" * (NAME_LENGTH + 1)),
    ]
    for schema in too_long:
        with pytest.raises(SchemaError, match=f"more than {NAME_LENGTH} characters"):
            parsed(schema, strict=strict)
