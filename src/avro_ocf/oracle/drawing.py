"""`draw_case`: one question of any operation, from the generators of schemas, values, bytes and files.

A third of the cases for `parse`, `decode` and `read-file` are hostile; a case for `resolve` is one where the two schemas, or the
value, do not fit.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from avro_ocf.api import Schema, parse_schema
from avro_ocf.oracle.cases import Case, Given, Json, Operation
from avro_ocf.oracle.generators.bad_schemas import draw_bad_schema
from avro_ocf.oracle.generators.containers import draw_container
from avro_ocf.oracle.generators.corruptions import draw_corruption
from avro_ocf.oracle.generators.editing import oddly, without
from avro_ocf.oracle.generators.encodings import draw_bad_encoding, draw_encoding
from avro_ocf.oracle.generators.evolutions import Evolution
from avro_ocf.oracle.generators.resolution_drawing import ALIASES, draw_resolution, trace_evolution, without_aliases
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource, Source
from avro_ocf.oracle.specification.clauses import ordered

CODECS: Final = ("null", "deflate")
"""The codecs that every implementation must know."""

ATTEMPTS: Final = 100


class Drawing(NamedTuple):
    """How cases are drawn.

    `schema` is the one to draw for, None for any; `logical` lets in logical types; `codecs` are those that files may have.
    """

    schema: Json = None
    logical: bool = True
    codecs: Sequence[str] = CODECS

    def draw_schema(self, source: Source, *, odd: bool = True) -> Json:
        """Return the schema to draw for; one in a few is an odd one, with `odd`."""
        if self.schema is None:
            schema = draw_schema(source, logical=self.logical)
            return oddly(source, schema) if odd and source.chance(6) else schema
        return self.schema if self.logical else without(self.schema, {"logicalType"})


def draw_case(
    source: Source,
    operation: Operation,
    *,
    schema: Json = None,
    logical: bool = True,
    codecs: Sequence[str] = CODECS,
) -> Case:
    """Draw one question. The options are those of `Drawing`. Raises `Discarded` where the choices lead to none.

    Its clauses are those that its generators know of; `tracing.traced` adds the others.
    """
    case = _DRAW[operation](source, Drawing(schema, logical, codecs))
    return case._replace(clauses=ordered(case.clauses))


def seeded_case(
    operation: Operation, seed: object, index: int, *, logical: bool = True, codecs: Sequence[str] = CODECS
) -> tuple[Case, list[int]]:
    """Return the case with that `index` of the `seed`, and the choices that lead to it. The options are those of `Drawing`.

    It is the same on every machine and Python. Raises `Discarded` after many attempts in vain.
    """
    name = f"{seed}:{operation}:{index}"
    for attempt in range(ATTEMPTS):
        source = SeededSource(f"{name}:{attempt}" if attempt else name)
        try:
            return draw_case(source, operation, logical=logical, codecs=codecs), source.choices
        except Discarded:
            continue
    raise Discarded


def replayed_case(
    operation: Operation, choices: Sequence[int], *, logical: bool = True, codecs: Sequence[str] = CODECS
) -> tuple[Case, list[int]]:
    """Return the case that `choices` lead to, and the choices that it used. Raises `Discarded`."""
    source = ReplaySource(choices)
    return draw_case(source, operation, logical=logical, codecs=codecs), source.choices


def _parse_case(source: Source, how: Drawing) -> Case:
    if how.schema is None and source.chance(3):
        bad = draw_bad_schema(source)
        broken = (bad.clause, "names.equality") if bad.clause == "names.once" else (bad.clause,)
        # Where either will do, no answer tells anything but a crash.
        return Case("parse", bad.json, bad.verdict, clauses=broken if bad.verdict == "reject" else (), note=bad.clause)
    return Case("parse", how.draw_schema(source))


def _fingerprint_case(source: Source, how: Drawing) -> Case:
    json = how.draw_schema(source)
    schema = parse_schema(json, strict=False)
    expected: dict[str, object] = {name: schema.fingerprint(name) for name in ("CRC-64-AVRO", "MD5", "SHA-256")}
    expected["canonical-form"] = schema.canonical_form
    return Case("fingerprint", json, expected=expected)


def _valued(source: Source, how: Drawing) -> tuple[Json, Schema, object]:
    json = how.draw_schema(source)
    schema = parse_schema(json, strict=False)
    return json, schema, draw_value(source, schema.node)


def _encode_case(source: Source, how: Drawing) -> Case:
    json, _, value = _valued(source, how)
    return Case("encode", json, value=value)


def _decode_case(source: Source, how: Drawing) -> Case:
    json, schema, value = _valued(source, how)
    if source.chance(3):
        bad = draw_bad_encoding(source, schema.node, value)
        return Case("decode", json, bad.verdict, data=bad.data, expected=value, clauses=bad.clauses, note=bad.note)
    encoding = draw_encoding(source, schema.node, value)
    return Case("decode", json, encoding.verdict, data=encoding.data, expected=value, clauses=encoding.clauses)


def _resolve_case(source: Source, how: Drawing) -> Case:
    evolution = draw_resolution(source, how.draw_schema(source, odd=False), around=how.schema is None, logical=how.logical)
    value = draw_value(source, evolution.node)
    encoding = draw_encoding(source, evolution.node, value)
    found = trace_evolution(evolution, encoding.data)
    verdict = "accept"
    if found & ALIASES or not isinstance(evolution.read(encoding.data), Given):
        evolution, verdict = without_aliases(evolution, encoding.data)
        found = trace_evolution(evolution, encoding.data)
    answer = evolution.read(encoding.data)
    case = Case("resolve", evolution.schema, reader_schema=evolution.reader_schema, data=encoding.data)
    if not isinstance(answer, Given):
        bare = [without(json, {"logicalType"}) for json in (evolution.schema, evolution.reader_schema)]
        if isinstance(Evolution(*bare).read(encoding.data), Given):
            raise Discarded  # it is logical types that differ, of which the specification tells too little
        return case._replace(verdict="reject", note=answer.reason)
    # A branch or symbol that cannot be read is no error before it comes: the sentences are about the one selected.
    if encoding.verdict == verdict == "accept":
        return case._replace(expected=answer.value, clauses=encoding.clauses)
    # Who uses aliases must use them rightly.
    return case._replace(verdict="either", expected=answer.value, clauses=(*encoding.clauses, *found & ALIASES))


def _read_file_case(source: Source, how: Drawing) -> Case:
    container = draw_container(source, schema=how.draw_schema(source, odd=False), codecs=how.codecs)
    if source.chance(3):
        bad = draw_corruption(source, container)
        note = f"{bad.operator}, at byte {bad.offset}"
        case = Case("read-file", bad.schema, bad.verdict, data=bad.data, expected=bad.expected, clauses=bad.clauses, note=note)
        return case._replace(codec=container.codec)
    case = Case("read-file", container.schema, container.verdict, data=container.data, expected=container.records)
    return case._replace(codec=container.codec, clauses=container.clauses)


def _write_file_case(source: Source, how: Drawing) -> Case:
    json = how.draw_schema(source)
    node = parse_schema(json, strict=False).node
    records = [draw_value(source, node) for _ in range(source.below(5))]
    codec = source.choice(how.codecs)
    return Case("write-file", json, value=records, codec=codec)


_DRAW: Final[dict[Operation, Callable[[Source, Drawing], Case]]] = {
    "parse": _parse_case,
    "encode": _encode_case,
    "decode": _decode_case,
    "resolve": _resolve_case,
    "read-file": _read_file_case,
    "write-file": _write_file_case,
    "fingerprint": _fingerprint_case,
}
