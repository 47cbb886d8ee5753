"""Hostile schemas: bounded time, and no error but `SchemaError`."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from avro_ocf.errors import SchemaError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.canonical import canonical_form
from tests.schema.build import array, enum, field, fields_of, fixed, mapping, nested_arrays, parsed, record

DEPTH = DEFAULT_LIMITS.schema_depth

WORDS = st.sampled_from(["record", "enum", "fixed", "array", "map", "int", "R"]) | st.text(max_size=3)
ATTRIBUTES = ["type", "name", "fields", "items", "values", "symbols", "size", "default", "aliases", "order", "logicalType"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(ATTRIBUTES) | WORDS, inner, max_size=5),
    max_leaves=15,
)


@given(JSON, st.booleans())
def test_any_json_parses_or_is_a_schema_error(schema: object, strict: bool) -> None:
    try:
        node = parsed(schema, strict=strict)
    except SchemaError:
        return
    json.loads(canonical_form(node))


@given(st.text(max_size=10) | st.binary(max_size=20).map(lambda data: data.decode("latin-1")))
def test_any_text_parses_or_is_a_schema_error(text: str) -> None:
    with contextlib.suppress(SchemaError):
        parse_schema(text, strict=False)


NESTINGS = [
    nested_arrays(DEPTH),
    record(field(nested_arrays(DEPTH - 1))),
    mapping(nested_arrays(DEPTH - 2, ["null", "int"])),
]


@pytest.mark.parametrize("schema", NESTINGS)
def test_the_depth_is_bounded(schema: object) -> None:
    parsed(schema)
    with pytest.raises(SchemaError, match=f"nested more than {DEPTH} deep"):
        parsed(array(schema))


def test_records_count_as_depth() -> None:
    schema: object = "int"
    for level in range(DEPTH):
        schema = record(field(schema), name=f"R{level}")
    parsed(schema)
    with pytest.raises(SchemaError, match=f"nested more than {DEPTH} deep"):
        parsed(record(field(schema)))


@pytest.mark.parametrize("depth", [1_000, 100_000])
@pytest.mark.parametrize("around", ["[|]", '{"type":|}', '{"type":"array","items":|}'])
def test_text_nested_without_end_is_a_schema_error(depth: int, around: str) -> None:
    before, after = around.split("|")
    with pytest.raises(SchemaError):
        parse_schema(before * depth + '"x"' + after * depth)


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_a_limit_past_the_recursion_limit_is_a_schema_error() -> None:
    limits = DEFAULT_LIMITS._replace(schema_depth=10**6)
    with pytest.raises(SchemaError, match="nested too deeply"):
        parsed(nested_arrays(5_000), limits=limits)


def test_the_number_of_nodes_is_bounded() -> None:
    limits = DEFAULT_LIMITS._replace(schema_nodes=20)
    fitting = [
        record(*[field("int", f"f{index}") for index in range(9)], aliases=["x"]),
        enum(*[f"S{index}" for index in range(19)]),
        [*[fixed(1, name=f"F{index}") for index in range(19)]],
    ]
    for schema in fitting:
        parsed(schema, limits=limits)
        with pytest.raises(SchemaError, match="more than 20 types, fields and symbols"):
            parsed(["int", schema], limits=limits)


def test_wrapped_types_and_aliases_count_as_nodes() -> None:
    limits = DEFAULT_LIMITS._replace(schema_nodes=20)
    schema: object = "int"
    for _ in range(21):
        schema = {"type": schema}
    for hostile in (schema, fixed(1, aliases=[f"a{index}" for index in range(20)]), record(field("int", aliases=["a"] * 20))):
        with pytest.raises(SchemaError, match="more than 20"):
            parsed(hostile, limits=limits)


CODE = ['"];import os#', "__import__('os')", "\n", "\\", "'", '"""', "{0}", "%s", "class", "None", "\0", "\u2028", "🦀", "self"]


@pytest.mark.parametrize("name", CODE)
def test_a_hostile_name_is_only_text(name: str) -> None:
    schema = record(field("int", name), field(enum(name), "e"), name=name)
    node = parsed(schema, strict=False)
    assert fields_of(node)[0].name == name
    form = canonical_form(node)
    assert json.loads(form)["fields"][0]["name"] == name
    compiled = parse_schema(schema, strict=False)
    datum = {name: 5, "e": name}
    assert compiled.decode(compiled.encode(datum)) == datum


def test_five_thousand_fields() -> None:
    schema = parse_schema(record(*[field("int", f"f{index}", default=index) for index in range(5_000)]))
    datum = {f"f{index}": -index for index in range(5_000)}
    assert schema.decode(schema.encode(datum)) == datum


def test_sixty_levels() -> None:
    schema: object = record(field("int", "x"), name="R0")
    datum: object = {"x": 1}
    for level in range(1, 61):
        schema = record(field(schema, "x"), name=f"R{level}")
        datum = {"x": datum}
    compiled = parse_schema(schema)
    assert compiled.decode(compiled.encode(datum)) == datum


HUGE: list[object] = [
    record(*[field("int", f"f{index}") for index in range(24_000)], namespace="n" * 1_000, name="R"),
    record(*[field(enum("A", name=f"E{index}"), f"f{index}") for index in range(12_000)], namespace="n" * 1_000),
    record(name="R" * 10_000_000),
    record(field("int", "f" * 10_000_000)),
    fixed(1, aliases=["a"] * 2_000_000),
    record(*[field("x" * 1_000, f"f{index}") for index in range(5_000)]),
    enum(*[f"S{index}" for index in range(60_000)]),
    ["int", *[fixed(1, name=f"F{index}") for index in range(60_000)]],
]


@pytest.mark.parametrize("schema", HUGE, ids=range(len(HUGE)))
def test_a_huge_schema_takes_bounded_time(schema: object) -> None:
    start = time.perf_counter()
    try:
        parsed(schema)
        message = ""
    except SchemaError as error:
        message = str(error)
    assert len(message) < 3_000
    assert time.perf_counter() - start < 5


def test_half_a_surrogate_pair_in_a_doc_still_has_utf_8() -> None:
    schema = parse_schema(record(doc="\ud800", name="R"))
    assert json.loads(schema.json.encode())["doc"] == "\ud800"
