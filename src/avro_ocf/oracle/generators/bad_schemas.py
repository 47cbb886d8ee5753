"""Schemas that break one sentence of the specification."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from avro_ocf.oracle.cases import Json, Verdict
from avro_ocf.oracle.source import Source


class BadSchema(NamedTuple):
    """A wrong schema, the id of the sentence it breaks, and what to make of it: `either` where libraries may be lenient."""

    json: Json
    clause: str
    verdict: Verdict


def _record(*fields: Json, **more: Json) -> dict[str, Json]:
    return {"type": "record", "name": "Bad", "fields": list(fields), **more}


def _field(kind: Json, **more: Json) -> dict[str, Json]:
    return {"name": "f", "type": kind, **more}


def _defaults(kind: Json, *defaults: Json) -> list[Json]:
    return [_record(_field(kind, default=default)) for default in defaults]


ENUM: dict[str, Json] = {"type": "enum", "name": "E", "symbols": ["A"]}
FIXED: dict[str, Json] = {"type": "fixed", "name": "F", "size": 2}
ARRAY = {"type": "array", "items": "int"}
MAP = {"type": "map", "values": "int"}
NO_NAMES = ("", "1a", "a-b", "a b", "\u00e9", "a\u0000", "$", "a\n")
EMPTY: dict[str, Json] = {"type": "record", "name": "Twice", "fields": []}

REJECTED: Mapping[str, Sequence[Json]] = {
    "schema.form.name": ["integer", "Missing", "", {"type": "Missing"}, "record", "array"],
    "schema.form.object": [{}, {"name": "A"}, {"type": None}, {"type": 1}],
    "schema.form.union": [["int", 1], [None], ["Missing"]],
    "schema.form.type-name": [True, 0, 1.5, {"type": ["int", True]}],
    "schema.record.name": [{"type": "record", "fields": []}, {"type": "record", "name": None, "fields": []}],
    "schema.record.fields": [
        {"type": "record", "name": "Bad"},
        {"type": "record", "name": "Bad", "fields": {}},
        {"type": "record", "name": "Bad", "fields": None},
        _record("int"),
    ],
    "schema.field.name": [_record({"type": "int"}), _record({"name": 1, "type": "int"})],
    "schema.field.type": [_record({"name": "f"}), _record(_field("Missing")), _record(_field(None))],
    "schema.enum.name": [{"type": "enum", "symbols": ["A"]}],
    "schema.enum.symbols": [{"type": "enum", "name": "E"}, *({**ENUM, "symbols": bad} for bad in ("A", [1], {"A": 1}, [None]))],
    "schema.enum.symbols-unique": [{**ENUM, "symbols": ["A", "A"]}, {**ENUM, "symbols": ["B", "A", "C", "A"]}],
    "schema.array.items": [{"type": "array"}, {"type": "array", "items": None}, {"type": "array", "values": "int"}],
    "schema.map.values": [{"type": "map"}, {"type": "map", "values": 1}, {"type": "map", "items": "int"}],
    "schema.union.distinct": [
        ["int", "int"],
        ["null", "string", "null"],
        [ARRAY, {"type": "array", "items": "string"}],
        [MAP, "null", MAP],
        ["int", {"type": "int"}],
        ["int", {"type": "int", "logicalType": "date"}],
    ],
    "schema.union.nested": [["null", ["int"]], [["int", "string"]]],
    "schema.fixed.name": [{"type": "fixed", "size": 2}],
    "schema.fixed.size": [{"type": "fixed", "name": "F"}, *({**FIXED, "size": size} for size in (-1, "2", None, [2]))],
    "names.fields": [
        _record(_field("int"), _field("int")),
        _record(_field("int"), {"name": "g", "type": "int"}, _field("string")),
    ],
    "names.once": [
        {**_record(_field(FIXED), {"name": "g", "type": FIXED})},
        [EMPTY, EMPTY],
        _record(_field({**EMPTY, "name": "Bad"})),
        _record(_field({**EMPTY, "name": "ns.E"}), {"name": "g", "type": {**ENUM, "namespace": "ns"}}),
    ],
    "names.before": [_record(_field("Later"), {"name": "g", "type": {**FIXED, "name": "Later"}}), ["E", ENUM]],
    "names.reference-dotted": [_record(_field(FIXED), {"name": "g", "type": "elsewhere.F"}, namespace="ns")],
    "names.reference-simple": [_record(_field({**FIXED, "namespace": "elsewhere"}), {"name": "g", "type": "F"}, namespace="ns")],
    "names.primitive": [{**FIXED, "name": "int"}, {**EMPTY, "name": "string"}],
}
"""By clause, schemas that no implementation has a meaning for."""

LENIENT: Mapping[str, Sequence[Json]] = {
    "names.start": [{**FIXED, "name": name} for name in NO_NAMES[1:2]] + [_record({"name": "1a", "type": "int"})],
    "names.characters": [{**FIXED, "name": name} for name in NO_NAMES] + [_record({"name": n, "type": "int"}) for n in NO_NAMES],
    "names.namespace": [{**FIXED, "namespace": space} for space in ("a-b", "1", "a b", "a..b", 1)]
    + [{**FIXED, "name": name} for name in ("a..F", ".F", "F.", "a-b.F")],
    "names.primitive": [{**FIXED, "name": "int", "namespace": "ns"}],
    "schema.enum.symbol-names": [{**ENUM, "symbols": ["A", name]} for name in NO_NAMES],
    "schema.enum.symbols": [{**ENUM, "symbols": []}],
    "schema.enum.default-member": [{**ENUM, "default": default} for default in ("B", 0, None, ["A"])],
    "schema.fixed.size": [{**FIXED, "size": size} for size in (2.5, True, 2.0)],
    "schema.field.order": [_record(_field("int", order=order)) for order in ("up", "", 1, None)],
    "schema.field.aliases": [_record(_field("int", aliases=aliases)) for aliases in ("g", 1, [1], {"g": 1})],
    "schema.record.aliases": [_record(aliases=aliases) for aliases in ("Old", 1, [None])],
    "schema.record.doc": [_record(doc=1)],
    "schema.default.null": _defaults("null", 0, "", "null", False),
    "schema.default.boolean": _defaults("boolean", 0, "true", None),
    "schema.default.int-long": _defaults("int", "1", 1.5, None, True, 2**31, -(2**31) - 1)
    + _defaults("long", "1", 0.5, False, 2**63),
    "schema.default.float-double": _defaults("float", "x", None, True) + _defaults("double", "x", None, True),
    "schema.default.bytes": _defaults("bytes", 1, None, "\u0100", [1]),
    "schema.default.string": _defaults("string", 1, None, ["a"]),
    "schema.default.record": _defaults({**EMPTY, "fields": [{"name": "a", "type": "int"}]}, {}, 1, None, {"a": "1"}, []),
    "schema.default.enum": _defaults(ENUM, "B", 0, None, ""),
    "schema.default.array": _defaults(ARRAY, {}, "[]", None, ["1"], [1, None]),
    "schema.default.map": _defaults(MAP, [], None, {"a": "1"}),
    "schema.default.fixed": _defaults(FIXED, "", "abc", 1, None, "a\u0100"),
    "schema.default.union": _defaults(["null", "int"], "a", 1.5, [], {"int": 1}),
}
"""By clause, schemas that are wrong, though an implementation may read and write by them."""


@cache
def _kinds() -> list[tuple[str, Verdict, Sequence[Json]]]:
    rejected: list[tuple[str, Verdict, Sequence[Json]]] = [(clause, "reject", bad) for clause, bad in REJECTED.items()]
    return rejected + [(clause, "either", bad) for clause, bad in LENIENT.items()]


def draw_bad_schema(source: Source) -> BadSchema:
    """Draw a schema that breaks one sentence, by itself or inside another one."""
    clause, verdict, schemas = source.choice(_kinds())
    bad: Any = json.loads(json.dumps(source.choice(schemas)))
    around = source.below(7)
    if around == 3 and not isinstance(bad, list):
        bad = ["null", bad] if bad != "null" else [bad]
    elif around == 4:
        bad = {"type": "array", "items": bad}
    elif around == 5:
        bad = {"type": "map", "values": bad}
    elif around == 6:
        fields = [{"name": "before", "type": "long"}, {"name": "bad", "type": bad}, {"name": "after", "type": "string"}]
        bad = {"type": "record", "name": "Around", "fields": fields}
    return BadSchema(bad, clause, verdict)
