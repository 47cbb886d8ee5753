"""Fields, types and symbols that are called like pieces of generated source keep their names, whichever way they are read."""

import io
import linecache
import re
import tokenize
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Decoder, Encoder, Skipper
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import Plan
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node

INTS = {"type": "array", "items": "int"}
TYPES: dict[str, tuple[object, Any]] = {
    "ints": (INTS, [3, 300, -70_000]),
    "longs": ({"type": "array", "items": "long"}, [1, -(2**40)]),
    "int": ("int", -5),
    "long": ("long", 2**33),
    "text": ("string", "Kongō"),
    "bytes": ("bytes", b"\x00\xff"),
    "double": ("double", 0.5),
    "float": ("float", -2.0),
    "flag": ("boolean", True),
    "optional": (["null", "string"], "Hiei"),
    "choice": (["null", "int", {"type": "array", "items": "string"}], ["a", "b"]),
    "map": ({"type": "map", "values": "int"}, {"k": 7}),
    "uuid": ({"type": "string", "logicalType": "uuid"}, "no UUID"),
    "time": ({"type": "long", "logicalType": "timestamp-millis"}, 2**62),
}
"""Types of fields, each with a value. Raw values stand for logical ones, so that what is decoded is what was encoded."""

TITLE = "Vocabulary"
"""The name of the records whose source is looked into."""

MANY = 600
"""Records that are enough for every way of reading many at once."""


def node_of(schema: object) -> Node:
    return parse_node(schema, strict=False, logical_types=True, limits=DEFAULT_LIMITS)


def decoder_of(plan: Plan) -> Decoder:
    return Decoder(plan, DEFAULT_LIMITS, is_charged=False)


def record(names: list[str], types: list[str], name: str = "R") -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": field, "type": TYPES[kind][0]} for field, kind in zip(names, types, strict=True)],
    }


def with_enum(schema: dict[str, Any], symbols: list[str]) -> dict[str, Any]:
    """Add fields whose types carry the names, too: an enum, a fixed and a record inside."""
    inner = {"type": "record", "name": f"R {symbols[1]}", "fields": [{"name": symbols[0], "type": "int"}]}
    return {
        **schema,
        "fields": [
            *schema["fields"],
            {"name": "enum", "type": {"type": "enum", "name": f"E {symbols[0]}", "symbols": symbols}},
            {"name": "fixed", "type": {"type": "fixed", "name": f"F {symbols[0]}", "size": 2}},
            {"name": "inner", "type": inner},
            {"name": "again", "type": f"R {symbols[1]}"},
            {"name": "default", "type": "string", "default": symbols[0]},
        ],
    }


def check(schema: dict[str, Any], datum: dict[str, Any], kept: list[str]) -> None:
    """Encode, decode, skip, project and resolve one datum and many, as the reference does."""
    node = node_of(schema)
    expected = reference.encode(node, datum, DEFAULT_LIMITS)
    assert Encoder(node, DEFAULT_LIMITS).encode(datum) == expected
    assert Skipper(node, DEFAULT_LIMITS).skip(expected) == len(expected)
    fields = schema["fields"]
    plans = [
        identity(node),
        resolve(node, node_of({**schema, "fields": [field for field in fields if field["name"] in kept]})),
        resolve(
            node,
            node_of({**schema, "fields": [{**field, "name": f"{field['name']}'", "aliases": [field["name"]]} for field in fields]}),
        ),
    ]
    for plan in plans:
        decoder = decoder_of(plan)
        value, end = reference.decode(plan, expected, 0, DEFAULT_LIMITS)
        assert end == len(expected)
        for count in (1, MANY):
            values, end = decoder.decode_many(expected * count, 0, count)
            assert values == [value] * count
            assert end == len(expected) * count


def sources() -> list[str]:
    """Return the generated source of every way there is of reading and writing."""
    for kinds in ([*TYPES], ["ints"] * 9, ["int", "long", "text", "double", "flag"] * 4):
        names = [f"f{number}" for number in range(len(kinds))]
        schema = record(names, kinds, TITLE)
        datum = dict(zip(names, (TYPES[kind][1] for kind in kinds), strict=True))
        check(schema, datum, names[1::3])
        added = {"enum": "s1", "fixed": b"{}", "inner": {"s1": 1}, "again": {"s1": -1}, "default": "x"}
        check(with_enum(schema, ["s1", "s2"]), datum | added, [*names[1::3], "default"])
    # Python's tracebacks find it there, and so does this.
    return ["".join(entry[2]) for name, entry in linecache.cache.items() if TITLE in name and len(entry) > 1]


def vocabulary() -> list[str]:
    """Return the names of generated source, each also as it stands before an index, and the calls, indexes and short lines."""
    found: set[str] = set()
    for source in sources():
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        names = {token.string for token in tokens if token.type == tokenize.NAME}
        found |= names | {f"{name}[0]" for name in names}
        found |= set(re.findall(r"[\w.]+\[[^\[\]]*\]|[\w.]+\([^()]*\)", source))
        found |= {line.strip() for line in source.splitlines() if len(line) < 60}
    return sorted(found - {""})


VOCABULARY = vocabulary()


@given(st.data())
def test_a_name_of_the_emitter_s_own_stays_a_name(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(VOCABULARY), min_size=7, max_size=12, unique=True))
    same = data.draw(st.sampled_from(["", "ints", "int", "double"]))
    types = [same or data.draw(st.sampled_from(sorted(TYPES))) for _ in names]
    schema = record(names, types, data.draw(st.sampled_from(VOCABULARY)))
    datum = {name: TYPES[kind][1] for name, kind in zip(names, types, strict=True)}
    if data.draw(st.booleans()) and not {"enum", "fixed", "inner", "again", "default"} & set(names):
        schema = with_enum(schema, names)
        datum |= {"enum": names[2], "fixed": b"{}", "inner": {names[0]: 1}, "again": {names[0]: -1}, "default": "x"}
    check(schema, datum, names[::3])


@pytest.mark.slow
def test_every_piece_of_generated_source_is_a_name() -> None:
    """In runs of nine fields, which are read in bulk, as arrays of integers and as integers."""
    for start in range(0, len(VOCABULARY), 9):
        names = VOCABULARY[start : start + 9]
        for kind in ("ints", "int"):
            check(record(names, [kind] * len(names)), dict.fromkeys(names, TYPES[kind][1]), names[1::2])
