"""Named types of other documents: whatever is split into several comes together as it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import Schema, SchemaError, parse_schema
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.schema.model import PRIMITIVES
from avro_ocf.schema.parse import KNOWN
from tests.schema.build import array, enum, field, fixed, record

NAMED = {"record", "error", "enum", "fixed"}


def fullname(obj: Any, space: str) -> str:
    name: str = obj["name"]
    namespace = obj.get("namespace", space)
    return name if "." in name or not namespace else f"{namespace}.{name}"


class Splitter:
    """Takes a legal schema apart: `documents` are the definitions taken out, and what uses them calls them by their fullnames."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.documents: list[Any] = []
        self.names: set[str] = set()

    def split(self, obj: Any, space: str) -> Any:
        if isinstance(obj, list):
            return [self.split(branch, space) for branch in obj]
        if isinstance(obj, str):
            return obj if obj in PRIMITIVES else self.named(obj, space)
        if not isinstance(obj["type"], str) or obj["type"] not in NAMED | {"array", "map"}:
            return {**obj, "type": self.split(obj["type"], space)}
        if obj["type"] not in NAMED:
            key = "items" if obj["type"] == "array" else "values"
            return {**obj, key: self.split(obj[key], space)}
        name = fullname(obj, space)
        self.names.add(name)
        inner = name.rpartition(".")[0]
        if "fields" in obj:
            obj = {**obj, "fields": [{**each, "type": self.split(each["type"], inner)} for each in obj["fields"]]}
        if not self.data.draw(st.booleans()):
            return obj
        self.documents.append(
            {**obj, "namespace": inner} if self.data.draw(st.booleans()) else {**obj, "name": name, "namespace": ""}
        )
        return name

    def named(self, name: str, space: str) -> str:
        near = name if "." in name else f"{space}.{name}"
        return near if near in self.names else name


@given(schemas(), st.data())
def test_a_schema_split_into_documents_comes_together_again(schema: Any, data: st.DataObject) -> None:
    splitter = Splitter(data)
    rest = splitter.split(schema, "")
    # A name without a namespace, used where another of that name is nearer, can only be told apart by what is defined when.
    shorts = [name.rpartition(".")[2] for name in splitter.names]
    assume(len(shorts) == len(set(shorts)))
    documents = data.draw(st.permutations(splitter.documents))
    whole, parts = parse_schema(schema), parse_schema(rest, known=documents)
    assert parts.canonical_form == whole.canonical_form
    assert parse_schema(parts.json) == parts
    datum = data.draw(from_schema(whole.json))
    assert parts.encode(datum) == whole.encode(datum)


@given(schemas())
def test_nothing_is_written_in_that_is_not_used(schema: object) -> None:
    assert parse_schema(schema, known=[record(name="never.used"), schema]) == parse_schema(schema)


ADDRESS = record(field("string", "street"), name="Address", namespace="com.example")
FRIEND = field(["null", "com.example.User"], "friend")
USER = record(field("Address", "home"), FRIEND, name="com.example.User")
ORDER = record(field("com.example.User", "by"), field("com.example.Address", "to"), name="org.Order")


def test_a_definition_is_written_where_it_is_first_used() -> None:
    schema = parse_schema(ORDER, known=[USER, ADDRESS])
    by, to = json.loads(schema.json)["fields"]
    assert by["type"] == {**USER, "fields": [field(ADDRESS, "home"), FRIEND]}
    assert to["type"] == "com.example.Address"


def test_all_that_parse_schema_takes_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.avsc"
    path.write_text(json.dumps(ADDRESS))
    address = parse_schema(path)
    user = parse_schema(USER, known=[address])
    wanted = parse_schema(ORDER, known=[ADDRESS, USER])
    forms: list[Any] = [[path, USER], [user], [address, user], (each for each in [user, json.dumps(ADDRESS)]), [[ADDRESS, USER]]]
    for known in forms:
        assert parse_schema(ORDER, known=known) == wanted
    assert parse_schema("com.example.User", known=[user]) == user


def test_types_may_use_each_other() -> None:
    one, other = record(field(["null", "B"], "b"), name="A"), record(field(array("A"), "a"), name="B")
    schema = parse_schema(one, known=[other])
    assert schema == parse_schema(one, known=[other, one])
    assert schema.json.count('"record"') == 2
    assert schema.decode(schema.encode({"b": {"a": [{"b": None}]}})) == {"b": {"a": [{"b": None}]}}


def test_a_definition_without_a_namespace_keeps_none_inside_another() -> None:
    plain = fixed(1, name="Plain")
    schema = parse_schema(
        record(field("Plain", "a"), field("K", "b"), name="n.R"), known=[plain, record(field("Plain"), name="n.K")]
    )
    assert json.loads(schema.json)["fields"][0]["type"] == {**plain, "namespace": ""}
    assert schema.names == ("n.R", "Plain", "n.K")


def test_what_the_schema_defines_itself_goes_before() -> None:
    mine = record(field(fixed(1), "mine"), field("K", "k"))
    schema = parse_schema(mine, known=[record(field("F"), name="K"), fixed(9)])
    assert schema.decode(b"\1\2") == {"mine": b"\1", "k": {"f": b"\2"}}
    # Also where a known type needs it first.
    schema = parse_schema(record(field("K", "k"), field(fixed(1), "mine")), known=[record(field("F"), name="K"), fixed(9)])
    assert schema.decode(b"\1\2") == {"k": {"f": b"\1"}, "mine": b"\2"}


def test_a_schema_uses_its_own_types_only_after_they_are_defined() -> None:
    early = record(field("F", "early"), field(fixed(1), "late"))
    for known in ([], [fixed(1)], [record(name="other")]):
        with pytest.raises(SchemaError, match=r"^early: unknown type 'F'"):
            parse_schema(early, known=known)


def test_known_types_that_differ_are_refused_where_they_are_used() -> None:
    first, second = fixed(1), fixed(2)
    with pytest.raises(SchemaError, match="'F' in different ways"):
        parse_schema(array("F"), known=[first, second])
    assert parse_schema("int", known=[first, second]) == parse_schema("int")
    assert parse_schema(array(first), known=[second, first]) == parse_schema(array(first))


def test_known_types_that_are_written_differently_may_be_the_same() -> None:
    apart = parse_schema(USER, known=[ADDRESS])
    again = record(field({**ADDRESS, "name": "com.example.Address"}, "home"), FRIEND, name="User", namespace="com.example")
    schema = parse_schema(ORDER, known=[apart, again])
    assert schema == parse_schema(ORDER, known=[apart])


def test_a_name_without_a_namespace_where_another_is_nearer() -> None:
    known = [fixed(1), fixed(2, name="n.F"), [fixed(1), record(field("F"), name="n.K")]]
    with pytest.raises(SchemaError, match=r"'F' without a namespace cannot be told from 'n\.F'"):
        parse_schema(["F", "n.F", "n.K"], known=known)
    assert parse_schema(["F", "n.K"], known=known).names == ("F", "n.K")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "x.Y",
            f"unknown type 'x.Y'{KNOWN}",
        ),
        ("m.F", "unknown type 'm.F'; 'n.F' is a type"),
        ("F", "unknown type 'F'; 'n.F' is a type"),
        ("n.f", "unknown type 'n.f'; 'n.F' is a type"),
        ("String", "unknown type 'String'; 'string' is a type"),
        ("Enum", "unknown type 'Enum'; 'enum' is a type"),
        ("date", 'unknown type \'date\'; {"type": "int", "logicalType": "date"} is a type'),
        ("enum", 'unknown type \'enum\'; it must be an object of its own, {"type": "enum", ...}'),
    ],
)
def test_what_is_told_of_an_unknown_type(name: str, message: str) -> None:
    for known in ([], [record(name="other")]):
        with pytest.raises(SchemaError) as caught:
            parse_schema([fixed(1, name="n.F"), name], known=known)
        assert caught.value.message == message


def test_what_is_wrong_in_a_known_type_is_told_where_it_is_used() -> None:
    for bad in (fixed(-1), record(name="F"), enum(name="F"), [fixed(1), fixed("x")]):
        assert parse_schema("int", known=[bad]) == parse_schema("int")
    with pytest.raises(SchemaError, match=r"^f\[\]: the size of 'F' is -1"):
        parse_schema(record(field(array("F"))), known=[fixed(-1)])


@pytest.mark.parametrize("known", ["int", b"int", {"type": "int"}, parse_schema("int"), Path("x")])
def test_known_is_a_list(known: Any) -> None:
    with pytest.raises(TypeError):
        parse_schema("int", known=known)


def test_types_that_use_one_another_many_times_are_written_once() -> None:
    known = [record(*[field(f"T{level + 1}", f"f{index}") for index in range(10)], name=f"T{level}") for level in range(60)]
    schema = parse_schema(record(field("T0")), known=[*known, record(name="T60")])
    assert len(schema.json) < 50_000
    assert len(schema.names) == 62


def test_a_chain_of_types_too_long_is_a_schema_error() -> None:
    known = [record(field(f"T{level + 1}"), name=f"T{level}") for level in range(5000)]
    with pytest.raises(SchemaError, match="nested"):
        parse_schema("T0", known=known)


def test_the_names_of_a_schema() -> None:
    schema = parse_schema(record(field([enum("A", name="m.E"), fixed(1)], "u"), field(record(name="I"), "i"), namespace="n"))
    assert isinstance(schema, Schema)
    assert schema.names == ("n.R", "m.E", "n.F", "n.I")
    assert parse_schema("int").names == ()
