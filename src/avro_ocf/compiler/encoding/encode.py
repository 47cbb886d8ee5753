"""The source of a schema's encoder.

A record becomes one f-string of the texts of its values (see `varints` for why text). A value of the ordinary, exact Python type is
encoded in place; anything else, right or wrong, raises one of `FAULTS`, and the reference encodes that datum.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from avro_ocf.compiler.encoding.floats import CODES, runs_of_numbers
from avro_ocf.compiler.encoding.fstrings import assignment, escaped, has_place, joined
from avro_ocf.compiler.encoding.scalars import ScalarEmitter, is_uuid_text
from avro_ocf.compiler.encoding.unions import branches_by_type, key_sets, optional_of
from avro_ocf.compiler.faults import FAULTS, Unusual
from avro_ocf.compiler.layout import Layout, Type
from avro_ocf.compiler.source import literal
from avro_ocf.compiler.varints import (
    TABLE_HIGH,
    length_text,
    string_texts,
)
from avro_ocf.errors import LimitError
from avro_ocf.limits import Limits
from avro_ocf.schema.model import Array, Field, Fixed, Map, Node, Record, Union
from avro_ocf.varint import encode_long

FallBack = Callable[[Any, int], str]
"""Encodes the datum of the given index by the reference."""

EncodeMany = Callable[[Iterable[Any], list[str], int, FallBack], None]
"""Appends the texts of records until they are of so many bytes, or until there are no more records."""

_MISSING: Final = object()

LOOPS_MAX: Final = 1000
"""Arrays and maps of a schema; CPython's compiler takes time in proportion to the square of the loops of one function."""


def compile_encoder(node: Node, limits: Limits) -> tuple[EncodeMany, str] | None:
    """Return the generated encoder of `node` and its source, or None if only the reference can encode it."""
    layout = Layout(node)
    if sum(isinstance(item, Array | Map) for item in layout.items) > LOOPS_MAX:
        return None
    emitter = EncodeEmitter(layout, limits)
    emitter.emit_root(node)
    return emitter.compile("encode_many", f"encode {node.name}")


class EncodeEmitter(ScalarEmitter):
    """Writes an encoder. `emit_*` methods add statements; an `expression_*` adds none.

    `prefix` is text that goes before a value: the index of its branch in a union.
    """

    __slots__ = ("_seen",)

    def __init__(self, layout: Layout, limits: Limits) -> None:
        super().__init__(layout, limits, {"Unusual": Unusual, "FAULTS": FAULTS, "join": "".join, "MISSING": _MISSING})
        self._seen: list[str] = []

    def emit_root(self, node: Node) -> None:
        """Write the function `encode_many` for datums of type `node`, and every function it needs."""
        with self.block("def encode_many(records, texts, space, fall_back):"):
            self.add("append = texts.append")
            start = len(self.lines)
            with self.block("for record in records:"):
                with self.block("try:"):
                    self.emit_into(node, "record", "text")
                with self.block("except FAULTS:"):
                    self.add("text = fall_back(record, len(texts))")
                self.add("append(text)", "space -= len(text)", "if space <= 0: break")
            if self._seen:
                body = self.lines[start:]
                del self.lines[start:]
                self.add(f"{' = '.join(self._seen)} = None")
                self.lines += body
        self.emit_functions(lambda _: "value", self.emit_body)

    def emit_body(self, item: Type) -> None:
        """Write the body of the function for `item`."""
        if isinstance(item, Node):
            self.emit_written_out(item, "value", "text", "")
            self.add("return text")

    def emit_into(self, node: Node, value: str, target: str, prefix: str = "") -> None:
        """Assign the text of the value named `value` to `target`."""
        function = self.function_of(node)
        if function is None:
            self.emit_written_out(node, value, target, prefix)
        else:
            call = f"{function}({value}{self.depth_argument()})"
            self.add(f"{target} = {literal(prefix)} + {call}" if prefix else f"{target} = {call}")

    def emit_written_out(self, node: Node, value: str, target: str, prefix: str) -> None:
        """Assign the text of a value without a function for its type."""
        match node:
            case Array():
                self.emit_array(node, value, target, prefix)
            case Map():
                self.emit_map(node, value, target, prefix)
            case Union():
                self.emit_union(node, value, target, prefix)
            case Record():
                parts = self.emit_record(node, value)
                self.add(*assignment(target, [*self.prefix_parts(prefix), *parts]))
            case _:
                value = self.emit_to_raw(node, value)
                expression = self.expression(node, value, prefix)
                if expression is None:
                    parts = self.emit_scalar(node, value, prefix)
                    expression = joined(parts or [""])
                self.add(f"{target} = {expression}")

    def prefix_parts(self, prefix: str) -> list[str]:
        """Return the parts of an f-string for `prefix`."""
        return [escaped(prefix.encode("latin-1"))] if prefix else []

    def emit_to_raw(self, node: Node, value: str) -> str:
        """Convert the value of a logical type, and return the name of the raw one. A raw value is taken as it is."""
        expression = self.raw_expression(node, value)
        if expression is None:
            return value
        raw = self.new("raw")
        self.add(f"{raw} = {expression}")
        return raw

    def emit_scalar(self, node: Node, value: str, prefix: str) -> list[str]:
        """Write out a scalar that is no single expression and return its parts."""
        match node.type:
            case "null":
                self.add(f"if {value} is not None: raise Unusual")
                return self.prefix_parts(prefix)
            case "string":
                if is_uuid_text(node):
                    return self.emit_uuid(value, prefix)
                return self.emit_string("if", value, prefix, self.new("length"))
            case "bytes":
                self.add(f"if type({value}) is not bytes: raise Unusual")
                count = self.emit_count(value, prefix, self.new("count"))
                text = self.new("text")
                self.add(f"{text} = {value}.decode('latin-1')")
                return [count, f"{{{text}}}"]
        text = self.new("text")
        if isinstance(node, Fixed):
            self.add(f"if type({value}) is not bytes or len({value}) != {literal(node.size)}: raise Unusual")
            self.add(f"{text} = {value}.decode('latin-1')")
        return [*self.prefix_parts(prefix), f"{{{text}}}"]

    def emit_string(self, word: str, value: str, prefix: str, length: str) -> list[str]:
        """Write out a string, the last cases of an `if`, and return its two parts: the length and what becomes of `value`."""
        is_small = f"type({value}) is str and {value}.isascii() and (size := len({value})) < {TABLE_HIGH}"
        self.add(f"{word} {is_small}: {length} = {self.small_text(prefix, 'size')}")
        self.add(f"else: {length}, {value} = {self.bind(string_texts(prefix), 'string')}({value})")
        return [f"{{{length}}}", f"{{{value}}}"]

    def emit_uuid(self, value: str, prefix: str) -> list[str]:
        """Write out a UUID, or a string in its place, and return its two parts. One that comes again keeps its text."""
        from uuid import UUID

        length = self.new("length")
        with self.block(f"if type({value}) is {self.bind(UUID, 'UUID')}:"):
            # A hyphen after every fourth digit, of which four are wanted.
            pairs = f"pairs = {value}.int.to_bytes(16, 'big').hex('-', 2)"
            wanted = "f'{pairs[:4]}{pairs[5:29]}{pairs[30:34]}{pairs[35:]}'"
            if self.depth:  # in a function, whose variables last for one call
                self.add(pairs, f"{value} = {wanted}")
            else:
                seen, text = self.new("seen"), self.new("text")
                self._seen.append(seen)
                self.add(f"if {value}.int != {seen}: {pairs}; {text} = {wanted}; {seen} = {value}.int", f"{value} = {text}")
            self.add(f"{length} = {literal(prefix + 'H')}")
        return self.emit_string("elif", value, prefix, length)

    def emit_record(self, node: Record, value: str) -> list[str]:
        """Write out a record and return the parts of all its fields."""
        parts: list[str] = []
        self.add(f"if type({value}) is not dict: raise Unusual")
        with self.inside(node):
            present = self.new("present")
            has_defaults = any(field.default_bytes is not None for field in node.fields)
            if has_defaults:
                self.add(f"{present} = {len(node.fields)}")
            for fields in runs_of_numbers(node.fields):
                parts += self.emit_field(fields[0], value, present) if len(fields) == 1 else self.emit_numbers(fields, value)
        expected = present if has_defaults else str(len(node.fields))
        self.add(f"if len({value}) != {expected}: raise Unusual")
        return parts

    def emit_field(self, field: Field, record: str, present: str) -> list[str]:
        """Write out a field and return its parts."""
        if field.default_bytes is None:
            parts = self.field_parts(field, record)
            if parts:
                return parts
        value = self.new("value")
        if field.default_bytes is None:
            self.add(f"{value} = {record}[{literal(field.name)}]")
            return self.emit_parts(field.node, value)
        self.add(f"{value} = {record}.get({literal(field.name)}, MISSING)")
        text = self.new("text")
        if self.layout.is_recursive:
            self._height = max(self._height, self._levels + self.default_depth(field))
        with self.block(f"if {value} is MISSING:"):
            self.add(f"{text} = {literal(field.default_bytes.decode('latin-1'))}", f"{present} -= 1")
        with self.block("else:"):
            self.emit_into(field.node, value, text)
        return [f"{{{text}}}"]

    def default_depth(self, field: Field) -> int:
        """Return how many levels a field's default has."""
        from avro_ocf.reference import decode
        from avro_ocf.resolution.identity import identity

        try:
            return levels(decode(identity(field.node), field.default_bytes or b"", 0, self.limits)[0])
        except LimitError:
            return self.limits.datum_depth

    def emit_numbers(self, fields: list[Field], record: str) -> list[str]:
        """Write out neighbouring fields of floats and doubles at once and return their only part."""
        values = [self.new("value") for _ in fields]
        self.add(*(f"{value} = {record}[{literal(field.name)}]" for value, field in zip(values, fields, strict=True)))
        return [f"{{{self.numbers_expression(''.join(CODES[field.node.type] for field in fields), values)}}}"]

    def emit_parts(self, node: Node, value: str) -> list[str]:
        """Write out a value and return its parts."""
        if self.function_of(node) is None:
            if isinstance(node, Record):
                return self.emit_record(node, value)
            if isinstance(node, Union):
                optional = optional_of(node)
                if optional is not None and optional[0].type == "string" and optional[0].logical is None:
                    return self.emit_optional_string(value, *optional[1:])
            elif node.type in {"null", "string", "bytes"}:
                return self.emit_scalar(node, self.emit_to_raw(node, value), "")
        text = self.new("text")
        self.emit_into(node, value, text)
        return [f"{{{text}}}"]

    def emit_optional_string(self, value: str, prefix: str, null: str) -> list[str]:
        """Write out a union of null and string and return its two parts."""
        length = self.new("length")
        self.add(f"if {value} is None: {length} = {literal(null)}; {value} = ''")
        return self.emit_string("elif", value, prefix, length)

    def emit_count(self, value: str, prefix: str, count: str) -> str:
        """Write out the count of a dict that has items, or of bytes, and return its part: the variable `count`."""
        other = f"{literal(prefix)} + {self.bind(length_text)}({count})" if prefix else f"{self.bind(length_text)}({count})"
        self.add(f"{count} = len({value})", f"{count} = {self.small_text(prefix, count)} if {count} < {TABLE_HIGH} else {other}")
        return f"{{{count}}}"

    def emit_array(self, node: Array, value: str, target: str, prefix: str) -> None:
        """Write out an array: one block with all its items, then an empty one."""
        parts = self.array_parts(node, value, value, prefix)
        if parts is None:
            self.add(f"if type({value}) is not list: raise Unusual")
            with self.inside(node):
                item, items, text = (self.local(stem) for stem in ("item", "items", "text"))
                self.add(f"{items} = []")
                with self.block(f"for {item} in {value}:"):
                    self.emit_into(node.items, item, text)
                    self.add(f"{items}.append({text})")
            parts = [f"{{{self.count_expression(value, value, prefix)}}}", f"{{join({items})}}", escaped(bytes(1))]
        self.add(*assignment(target, parts))

    def emit_map(self, node: Map, value: str, target: str, prefix: str) -> None:
        """Write out a map: one block with all its entries, then an empty one."""
        self.add(f"if type({value}) is not dict: raise Unusual")
        self.add(f"if not {value}: {target} = {literal(prefix + chr(0))}")
        with self.block("else:"), self.inside(node):
            count = self.emit_count(value, prefix, self.local("count"))
            key, item, items, text = (self.local(stem) for stem in ("key", "item", "items", "text"))
            expression = self.item_expression(node.values, item)
            key_text = self.string_expression(key)
            if expression:
                entry = f"({key_text}) + ({expression})"
                if has_place(expression):
                    entry = self.string_expression(key, expression)
                self.add(f"{items} = join([{entry} for {key}, {item} in {value}.items()])")
            else:
                self.add(f"{items} = []")
                with self.block(f"for {key}, {item} in {value}.items():"):
                    self.emit_into(node.values, item, text)
                    self.add(f"{items}.append(({key_text}) + {text})")
                self.add(f"{items} = join({items})")
            self.add(f"{target} = {joined([count, f'{{{items}}}', escaped(bytes(1))])}")

    def emit_union(self, node: Union, value: str, target: str, prefix: str) -> None:
        """Write out a union: the branch that alone has values of the datum's Python type. The reference chooses among several."""
        optional = optional_of(node)
        if optional:
            with self.inside(node):
                self.emit_optional(*optional, value, target, prefix)
            return
        with self.inside(node):
            word = "if"
            for python_type, indexes in branches_by_type(node).items():
                test = f"{value} is None" if python_type is type(None) else f"type({value}) is {self.bind(python_type, 'type')}"
                with self.block(f"{word} {test}:"):
                    self.emit_choice(node, indexes, value, target, prefix)
                word = "elif"
            self.add("else: raise Unusual" if word == "elif" else "raise Unusual")

    def emit_choice(self, node: Union, indexes: list[int], value: str, target: str, prefix: str) -> None:
        """Write out a union's value that goes to one of the branches `indexes`."""
        heads = [prefix + encode_long(index).decode("latin-1") for index in indexes]
        if len(indexes) == 1:
            self.emit_into(node.branches[indexes[0]], value, target, heads[0])
            return
        sets = key_sets(node, indexes)
        if sets is None:
            self.add("raise Unusual")
            return
        table, head, function = self.new("branches"), self.new("head"), self.new("function")
        functions = [self.function_for(node.branches[index]) for index in indexes]
        entries = (f"({literal(text)}, {name})" for text, name in zip(heads, functions, strict=True))
        self.late.append(f"{table} = ({', '.join(entries)})")
        self.add(f"{head}, {function} = {table}[{self.bind(sets, 'records')}[frozenset({value})]]")
        self.add(f"{target} = {head} + {function}({value}{self.depth_argument()})")

    def emit_optional(self, branch: Node, own_prefix: str, null: str, value: str, target: str, prefix: str) -> None:
        """Write out a union of null and `branch`, whose code checks the datum's type."""
        expression = None if self.function_of(branch) or branch.logical else self.expression(branch, value, prefix + own_prefix)
        if expression:
            self.add(f"{target} = {literal(prefix + null)} if {value} is None else {expression}")
            return
        self.add(f"if {value} is None: {target} = {literal(prefix + null)}")
        with self.block("else:"):
            self.emit_into(branch, value, target, prefix + own_prefix)


def levels(value: object) -> int:
    """Return how many lists and dicts are inside one another."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(levels, items), default=0)
