"""Expressions for the text of scalars and of their arrays."""

from typing import Any

from avro_ocf.compiler.encoding.floats import CODES, array_text, numbers_text, packer
from avro_ocf.compiler.encoding.fstrings import has_place
from avro_ocf.compiler.encoding.unions import optional_of
from avro_ocf.compiler.faults import Unusual
from avro_ocf.compiler.layout import Emitter, Layout
from avro_ocf.compiler.source import literal
from avro_ocf.compiler.varints import (
    BITS,
    PREFIXES,
    TABLE_HIGH,
    TABLE_LOW,
    count_text,
    count_texts,
    integer_text,
    small_texts,
    string_text,
)
from avro_ocf.limits import Limits
from avro_ocf.schema.model import Array, Enum, Field, Fixed, Node, Union
from avro_ocf.varint import encode_long


class ScalarEmitter(Emitter):
    """Writes the expressions of an encoder.

    `value` is a variable, and `first` what stands for it where it is looked at first, such as an assignment; `prefix` is text that
    goes before the value.
    """

    __slots__ = ("_symbols",)

    def __init__(self, layout: Layout, limits: Limits, namespace: dict[str, Any]) -> None:
        super().__init__(layout, limits, namespace)
        self._symbols: dict[tuple[int, str], dict[str, str]] = {}

    def local(self, stem: str) -> str:
        """Return the name of a variable that is not used after the array or map that it is for: fewer names compile faster."""
        return f"{stem}_{self._nesting}"

    def small_text(self, prefix: str, index: str) -> str:
        """Return the expression for the text of an integer of the table, after `prefix`."""
        table = f"{self.bind(small_texts(prefix if prefix in PREFIXES else ''), 'small')}[{index}]"
        return f"{self.constant(prefix)} + {table}" if prefix and prefix not in PREFIXES else table

    def constant(self, text: str) -> str:
        """Return the name of a text: Python 3.11 allows no backslash in what an f-string evaluates."""
        name = f"_x{text.encode('latin-1').hex()}"
        self.namespace[name] = text
        return name

    def expression(self, node: Node, value: str, prefix: str = "", first: str = "") -> str | None:
        """Return an expression for the text of a scalar, or None if that takes statements or more than one part."""
        first = first or value
        match node.type:
            case "int" | "long":
                other = self.bind(integer_text(prefix, BITS[node.type]), "integer")
                if node.logical is not None:  # days and times are hardly ever small
                    return f"{other}({first})"
                # CPython is faster at two comparisons than at a chain of them, and slower where they come before the type.
                is_small = f"type({first}) is int and {value} < {TABLE_HIGH} and {value} >= {TABLE_LOW}"
                return f"{self.small_text(prefix, value)} if {is_small} else {other}({value})"
            case "boolean":
                yes, no = self.constant(prefix + "\x01"), self.constant(prefix + "\0")
                first = first if first == value else f"({first})"
                return f"{yes} if {first} is True else {no} if {value} is False else {self.bind(unusual)}()"
            case "float" | "double":
                return self.numbers_expression(CODES[node.type], [value], prefix, first)
        if isinstance(node, Enum):
            return f"{self.bind(self.symbols(node, prefix), 'enum')}[{value}] if type({first}) is str else {self.bind(unusual)}()"
        return None

    def symbols(self, node: Enum, prefix: str) -> dict[str, str]:
        """Return the texts of an enum's symbols."""
        found = self._symbols.get((id(node), prefix))
        if found is None:
            found = {name: prefix + encode_long(index).decode("latin-1") for name, index in node.positions.items()}
            self._symbols[id(node), prefix] = found
        return found

    def numbers_expression(self, codes: str, values: list[str], prefix: str = "", first: str = "") -> str:
        """Return an expression for the text of floats and doubles, each of a code of `struct`."""
        pack = self.bind(packer("B" * len(prefix) + codes), "pack")
        packed = f"{pack}({', '.join([*(str(ord(char)) for char in prefix), *values])}).decode('latin-1')"
        are_floats = " is ".join(f"type({value})" for value in [first or values[0], *values[1:]])
        other = f"{self.bind(numbers_text(prefix, codes), 'numbers')}({', '.join(values)})"
        return f"{packed} if {are_floats} is float else {other}"

    def raw_expression(self, node: Node, value: str, first: str = "") -> str | None:
        """Return an expression for the raw value of a logical type, or None if a value is as it is."""
        if node.logical is None or is_uuid_text(node):
            return None
        from avro_ocf.compiler.encoding.raws import raw_expression

        size = node.size if isinstance(node, Fixed) else None
        return raw_expression(value, first or value, node.logical, node.type, size, self.bind)

    def field_parts(self, field: Field, record: str) -> list[str] | None:
        """Return the parts of a field that has no default, or None if it takes statements."""
        node = field.node
        first = f"field := {record}[{literal(field.name)}]"
        if not field.name.isidentifier() or self.function_of(node):
            return None
        if isinstance(node, Array):
            return self.array_parts(node, "field", first, "")
        found = None
        if isinstance(node, Union):
            found = self.optional_expression(node, "field", first)
        elif node.type in BITS and node.logical is not None:
            raw = self.raw_expression(node, "field", first)
            found = raw and self.expression(node, raw)
        elif node.logical is None:
            found = self.expression(node, "field", "", first)
        return [f"{{{found}}}"] if found and has_place(found) else None

    def array_parts(self, node: Array, value: str, first: str, prefix: str) -> list[str] | None:
        """Return the parts of an array, which are its count, its items and the end, or None if its items take statements."""
        items = node.items
        with self.inside(node):
            if items.type in CODES and items.logical is None:
                found = f"{self.bind(array_text(CODES[items.type]), 'numbers')}({value})"
            else:
                item = self.local("item")
                expression = None if self.function_of(items) else self.item_expression(items, item)
                if expression is None or not has_place(expression):
                    return None
                found = f"join([{expression} for {item} in {value}])"
        if items.type in BITS and items.logical is None:
            from avro_ocf.compiler.bulk import PAYING_SMALL, write_many

            many = f"{self.bind(write_many, 'many')}({value}, {5 if items.type == 'int' else 10})"
            found = f"len({value}) >= {PAYING_SMALL} and {many} or {found}"
        return [f"{{{self.count_expression(value, first, prefix)}}}", f"{{{found}}}", "\\x00"]

    def count_expression(self, value: str, first: str, prefix: str) -> str:
        """Return an expression for the count of a list, an empty text for an empty one; any other value raises `Unusual`."""
        is_short = f"type({first}) is list and len({value}) < {TABLE_HIGH}"
        other = f"{self.bind(count_text(prefix), 'count')}({value})"
        is_kept = prefix in PREFIXES
        short = f"{self.bind(count_texts(prefix if is_kept else ''), 'counts')}[len({value})]"
        return f"{short if is_kept or not prefix else f'{self.constant(prefix)} + {short}'} if {is_short} else {other}"

    def optional_expression(self, node: Union, value: str, first: str = "") -> str | None:
        """Return an expression for the text of a union of null and a scalar, or None if it is another."""
        optional = optional_of(node)
        if optional is None or optional[0].logical is not None:
            return None
        found = self.expression(optional[0], value, optional[1])
        first = f"({first})" if first else value
        return f"{self.constant(optional[2])} if {first} is None else {found}" if found else None

    def item_expression(self, node: Node, value: str) -> str | None:
        """Return an expression for the text of an array's item or a map's value, or None if it takes statements."""
        if isinstance(node, Union):
            return self.optional_expression(node, value)
        if node.logical is not None:
            return None
        if node.type == "string":
            return self.string_expression(value)
        return self.expression(node, value)

    def string_expression(self, value: str, then: str = "") -> str:
        """Return an expression for the text of a string, and of the expression `then` behind it."""
        small = f"{{{self.bind(small_texts(''), 'small')}[len({value})]}}{{{value}}}"
        small = f'f"{small}{{{then}}}"' if then else f"f'{small}'"
        is_small = f"type({value}) is str and {value}.isascii() and len({value}) < {TABLE_HIGH}"
        other = f"{self.bind(string_text)}({value}) + ({then})" if then else f"{self.bind(string_text)}({value})"
        return f"{small} if {is_small} else {other}"


def is_uuid_text(node: Node) -> bool:
    """Tell whether a value is a UUID that is written as text."""
    return node.type == "string" and node.logical is not None and node.logical.name == "uuid"


def unusual() -> str:
    """Raise `Unusual` inside an expression."""
    raise Unusual
