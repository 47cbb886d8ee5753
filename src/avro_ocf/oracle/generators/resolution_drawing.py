"""Pairs of schemas for cases of schema resolution."""

from collections.abc import Sequence
from typing import Any, Final

from avro_ocf.oracle.cases import Given, Json
from avro_ocf.oracle.generators.editing import without
from avro_ocf.oracle.generators.evolutions import NEW_FIELDS, Evolution, draw_evolution
from avro_ocf.oracle.source import Discarded, Source
from avro_ocf.oracle.specification.resolution_tracing import Ambiguous, trace_resolution
from avro_ocf.oracle.telling import difference

ALIASES: Final = frozenset(("aliases.field", "aliases.relative", "aliases.type"))


def _enum(*symbols: str, **more: str) -> dict[str, Json]:
    return {"type": "enum", "name": "Choice", "symbols": list(symbols), **more}


def _fixed(name: str = "Old", size: int = 2, **more: Json) -> dict[str, Json]:
    return {"type": "fixed", "name": name, "namespace": "ns", "size": size, **more}


CHANGES: Final[Sequence[tuple[Json, Sequence[Json]]]] = (
    ("int", ("long", "float", "double", ["string", "long"], ["double", "null"])),
    ("long", ("float", "double", ["null", "long"])),
    ("float", ("double", ["double", "float"])),
    ("string", ("bytes", ["null", "bytes"])),
    ("bytes", ("string",)),
    (["null", "double"], ("double", ["double", "null"], ["string", "null"])),
    (["int", "string"], (["string", "long"], "bytes")),
    (
        _enum("A", "B", "C"),
        (_enum("C", "A", "B"), _enum("B", "D", default="D"), _enum("C"), {**_enum("A", "B", "C"), "name": "n.Choice"}),
    ),
    (_fixed(), (_fixed("New", aliases=["Old"]), _fixed("New", aliases=["ns.Old"]), _fixed(size=3))),
    ({"type": "array", "items": "int"}, ({"type": "array", "items": "long"}, {"type": "array", "items": ["null", "int"]})),
    ({"type": "map", "values": "float"}, ({"type": "map", "values": "double"},)),
)
"""Types of the writer's and what a reader may make of them: most of it legal."""

PLAIN_FIELDS: Final[Sequence[tuple[Json, Json]]] = (
    ("null", None),
    ("boolean", True),
    ("string", "\u00e9"),
    ("long", -(2**62)),
    ("float", 0.5),
    ("bytes", "\u0000\u0080"),
)
"""More types and defaults of fields that a reader may add."""


def draw_resolution(source: Source, schema: Json, *, around: bool, logical: bool) -> Evolution:
    """Draw a reader's schema for the writer's `schema`; with `around`, that is most often inside a record, which evolves."""
    reader = schema
    if around and not source.chance(3):
        schema, reader = _records_around(source, schema)
    if schema == reader or source.boolean():
        reader = draw_evolution(source, reader)
    if around and source.chance(4):  # the later schema writes, and the earlier one reads
        schema, reader = reader, schema
    if not logical:  # an evolution may add some
        reader = without(reader, {"logicalType"})
    if source.chance(4):
        reader = without(reader, {"doc"})
    evolution = Evolution(schema, reader)
    if evolution.refusal and evolution.verdict == "either":
        # What becomes of logical types that differ, the specification does not tell.
        return Evolution(without(schema, {"logicalType"}), without(reader, {"logicalType"}))
    return evolution


def _records_around(source: Source, schema: Json) -> tuple[Json, Json]:
    """Draw a record with a field of `schema` and others, and its reader: fields moved, changed, dropped, renamed, added."""
    changes = source.shuffled(CHANGES)[: source.below(4)]
    fields: list[dict[str, Any]] = [{"name": f"more{index}", "type": kind} for index, (kind, _) in enumerate(changes)]
    read = [
        {**field, "type": source.choice(kinds)} if source.boolean() else field
        for field, (_, kinds) in zip(fields, changes, strict=True)
    ]
    at = source.below(len(fields) + 1)
    for own in (fields, read):
        own.insert(at, {"name": "inner", "type": schema})
    read = source.shuffled(read)
    if source.boolean():
        del read[source.below(len(read))]
    if read and source.chance(3):
        index = source.below(len(read))
        read[index] = {**read[index], "name": "renamed", "aliases": ["none", read[index]["name"]]}
    if source.boolean():
        kind, default = source.choice((*NEW_FIELDS, *PLAIN_FIELDS))
        read.insert(source.below(len(read) + 1), {"name": "added", "type": kind, "default": default})
    head = {"type": "record", "name": "Around"}
    return {**head, "fields": fields}, {**head, "fields": read}


def trace_evolution(evolution: Evolution, data: bytes) -> set[str]:
    """Return what `trace_resolution` finds. Raises `Discarded` where the specification is ambiguous."""
    try:
        return trace_resolution(evolution.node, evolution.reader_node, data, (evolution.schema, evolution.reader_schema))
    except Ambiguous:
        raise Discarded from None


def without_aliases(evolution: Evolution, data: bytes) -> tuple[Evolution, str]:
    """Return the evolution to use, and `either` if an implementation may refuse it: "may optionally use aliases"."""
    bare = without(evolution.reader_schema, {"aliases"})
    if bare == evolution.reader_schema:
        return evolution, "accept"
    other = Evolution(evolution.schema, bare)
    with_aliases, without_them = evolution.read(data), other.read(data)
    if isinstance(with_aliases, Given) and isinstance(without_them, Given):
        return (other if difference(with_aliases.value, without_them.value) else evolution), "accept"
    if isinstance(without_them, Given):
        return other, "accept"
    return evolution, "either" if isinstance(with_aliases, Given) else "accept"
