"""The source of a schema's encoder.

A record becomes one f-string of the parts of its fields. A value of the ordinary, exact Python type is encoded in place; anything
else, right or wrong, raises one of `FAULTS`, and the reference encodes that datum.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from avro_ocf.compiler.encoding.floats import CODES, runs_of_numbers
from avro_ocf.compiler.encoding.parts import END, PartsEmitter, enclosed, joined
from avro_ocf.compiler.encoding.unions import Names
from avro_ocf.compiler.faults import FAULTS, Unusual
from avro_ocf.compiler.layout import Layout, Type
from avro_ocf.compiler.source import TooLongError, literal
from avro_ocf.errors import DatumError, LimitError
from avro_ocf.limits import Limits
from avro_ocf.schema.measure import has_custom
from avro_ocf.schema.model import Array, Field, Map, Node, Record

FallBack = Callable[[Any, int], str]
"""Encodes the datum of the given index by the reference."""

EncodeMany = Callable[[Iterable[Any], list[str], int, FallBack], None]
"""Appends the texts of records until they are of so many bytes, or until there are no more records."""

LOOPS_MAX: Final = 1000
"""Arrays and maps of a schema; CPython's compiler takes time in proportion to the square of the loops of one function."""

JOINED_MAX: Final = 30
"""Parts of one f-string; CPython makes a list of more and joins that."""


def compile_encoder(node: Node, limits: Limits, names: Names | None) -> tuple[EncodeMany, str] | None:
    """Return the generated encoder of `node` and its source, or None if only the reference can encode it.

    It has code for values that name their branches of unions, which takes long to compile, only if there are no `names` to tell
    that there are such values.
    """
    layout = Layout(node)
    if sum(isinstance(item, Array | Map) for item in layout.items) > LOOPS_MAX:
        return None
    emitter = EncodeEmitter(layout, limits, names)
    try:
        emitter.emit_root(node)
    except TooLongError:
        return None
    return emitter.compile("encode_many", f"encode {node.name}")


class EncodeEmitter(PartsEmitter):
    """Writes an encoder."""

    __slots__ = ()

    def emit_root(self, node: Node) -> None:
        """Write the function `encode_many` for datums of type `node`, and every function it needs."""
        self.namespace |= {"FAULTS": FAULTS, "Unusual": Unusual}
        with self.block("def encode_many(records, texts, space, fall_back):"):
            self.add("append = texts.append")
            before_loop = len(self.lines)
            with self.block("for record in records:"):
                with self.block("try:"):
                    self.emit_text(node, "record", "text = ")
                self.add("except FAULTS: text = fall_back(record, len(texts))")
                self.add("append(text)", "space -= len(text)", "if space <= 0: break")
            if self.seen:
                self.lines.insert(before_loop, f"    {' = '.join(self.seen)} = None")
        self.emit_functions(lambda _: "value", self.emit_body)

    def emit_body(self, item: Type) -> None:
        """Write the body of the function for `item`."""
        if isinstance(item, Node):
            self.emit_text(item, "value", "return ")

    def emit_text(self, node: Node, value: str, put: str) -> None:
        """Write out a value, `put` in front of the expression for its text."""
        if not isinstance(node, Record):
            self.add(put + joined(self.parts_written_out(node, value, value, "")))
            return
        self.emit_fields_check(node, value)
        parts = self.record_parts(node, value)
        chunks = [self.f_string(parts[start : start + JOINED_MAX]) for start in range(0, len(parts), JOINED_MAX)]
        if len(chunks) > 1:
            self.add(f"{put}join((", *(f"    {line}" for *most, last in chunks for line in (*most, f"{last},")), "))")
        else:
            self.add(f"{put}(", *(f"    {line}" for chunk in chunks or [["nothing"]] for line in chunk), ")")

    def f_string(self, parts: list[str]) -> list[str]:
        """Return the lines of one f-string of parts."""
        end = self.constant(END)
        return ['"\\x00"' if part == end else f'f"{{{part}}}"' for part in parts]

    def emit_fields_check(self, node: Record, record: str) -> None:
        """See that a record has all fields and no other key, and put in defaults where it has fewer."""
        self.add(f"if type({record}) is not dict: raise Unusual")
        check = f"if len({record}) != {len(node.fields)}: "
        defaults = {field.name: value for field in node.fields for value in self.default_of(field)}
        if defaults:
            self.add(f"{check}{record} = {{**{self.bind(defaults, 'defaults')}, **{record}}}")
        self.add(f"{check}raise Unusual")

    def default_of(self, field: Field) -> list[Any]:
        """Return the value that is encoded as a field's default, or nothing if there is none."""
        if field.default_bytes is None or has_custom(field.node):
            return []
        from avro_ocf.reference import decode, encode
        from avro_ocf.resolution.identity import identity

        try:
            value, _ = decode(identity(field.node), field.default_bytes, 0, self.limits)
            return [value] if encode(field.node, value, self.limits) == field.default_bytes else []
        except (DatumError, LimitError):
            return []

    def record_parts(self, node: Record, record: str) -> list[str]:
        """Return the parts of all fields of a record."""
        with self.inside(node):
            return [part for fields in runs_of_numbers(node.fields) for part in self.field_parts(fields, record)]

    def field_parts(self, fields: list[Field], record: str) -> list[str]:
        """Return the parts of a field, or of neighbouring floats and doubles at once."""
        values = [self.field(field, record) for field in fields]
        if len(fields) > 1:
            names = [f"field_{place}" for place in range(len(fields))]
            firsts = [f"{name} := {value}" for name, value in zip(names, values, strict=True)]
            # The first that is no float ends the comparison, and the others have no variables then.
            return [self.numbers("".join(CODES[field.node.type] for field in fields), names, firsts, again=values)]
        node = fields[0].node
        if isinstance(node, Record) and self.function_of(node) is None and not has_defaults(node):
            return self.inner_record(node, values[0])
        return self.parts(node, "field", f"field := {values[0]}")

    def inner_record(self, node: Record, value: str) -> list[str]:
        """Return the parts of a record inside a record, of which the first one sees that it has all fields and no other key."""
        inner = self.new("record")
        head, *others = self.record_parts(node, inner) or ["nothing"]
        return [
            f"{enclosed(head)} if type({inner} := {value}) is dict and len({inner}) == {len(node.fields)} else unusual()",
            *others,
        ]

    def field(self, field: Field, record: str) -> str:
        """Return the expression for a field's value. Python 3.11 allows in an f-string no quotes like its own, and no backslash."""
        return f"{record}[{literal(field.name) if field.name.isidentifier() else self.bind(field.name, 'name')}]"


def has_defaults(node: Record) -> bool:
    """Tell whether a record may lack fields."""
    return any(field.default_bytes is not None for field in node.fields)
