"""How each type is written: as parts, which are expressions whose texts, joined, are the encoded value.

An encoded datum is put together as text of code points 0 to 255, one for each byte (see `varints`). The value stands in a variable;
`first` is what stands for it in the first part, such as an assignment to it, and `prefix` is text that goes before it: the index of
its branch in a union. An expression raises one of `FAULTS` for a value that is not of the ordinary, exact Python type.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from avro_ocf.compiler.bulk import PAYING_SMALL, write_many
from avro_ocf.compiler.encoding.floats import CODES, array_text, numbers_text, packer
from avro_ocf.compiler.encoding.raws import raw_expression
from avro_ocf.compiler.encoding.unions import Names, branches_by_type, key_sets, optional_of
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
    string_texts,
)
from avro_ocf.limits import Limits
from avro_ocf.schema.model import Array, Enum, Fixed, Logical, Map, Node, Record, Union
from avro_ocf.varint import encode_long

END: Final = "\0"
"""The text of the empty block that ends an array or a map."""


def index_text(index: int) -> str:
    """Return the text of the index of a branch or a symbol."""
    return encode_long(index).decode("latin-1")


class PartsEmitter(Emitter):
    """Writes the parts of values. `seen` has the variables that keep the number of a UUID and its text for the next record.

    `names` is told of values that name their branches, for which there is code only without it.
    """

    __slots__ = ("_loops", "_symbols", "names", "seen")

    def __init__(self, layout: Layout, limits: Limits, names: Names | None) -> None:
        super().__init__(layout, limits, {"join": "".join, "nothing": "", "string": string_text, "unusual": unusual})
        self.names = names
        self.seen: list[str] = []
        self._loops = 0
        self._symbols: dict[tuple[int, str], dict[str, str]] = {}

    def constant(self, text: str) -> str:
        """Return the name of a text: Python 3.11 allows no backslash in what an f-string evaluates."""
        name = f"_x{text.encode('latin-1').hex()}"
        self.namespace[name] = text
        return name

    def prefixed(self, prefix: str, expression: str) -> str:
        """Return `expression` behind `prefix`."""
        return f"{self.constant(prefix)} + {enclosed(expression)}" if prefix else expression

    def expression(self, node: Node, value: str, first: str, prefix: str = "") -> str:
        """Return one expression for a value."""
        return joined(self.parts(node, value, first, prefix))

    def parts(self, node: Node, value: str, first: str, prefix: str = "") -> list[str]:
        """Return the parts of a value; a record, and what is shared or deep, is a function's."""
        function = self.function_for(node) if isinstance(node, Record) else self.function_of(node)
        if function is not None:
            return [self.prefixed(prefix, f"{function}({first}{self.depth_argument()})")]
        return self.parts_written_out(node, value, first, prefix)

    def parts_written_out(self, node: Node, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of a value of any type but a record."""
        match node:
            case Array():
                return self.array(node, value, first, prefix)
            case Map():
                return self.map(node, value, first, prefix)
            case Union():
                return self.union(node, value, first, prefix)
            case Node(type="string", logical=Logical(name="uuid", custom=None)):
                return self.uuid(value, first, prefix)
        if node.logical is not None:
            size = node.size if isinstance(node, Fixed) else None
            raw = raw_expression(value, first, node.logical, node.type, size, self.bind)
            if raw is not None:
                if node.type in BITS:  # days and times are hardly ever small
                    return [f"{self.bind(integer_text(prefix, BITS[node.type]), 'integer')}({raw})"]
                value = self.local("raw")
                first = f"{value} := {raw}"
        return self.scalar(node, value, first, prefix)

    def scalar(self, node: Node, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of a scalar as it is."""
        match node.type:
            case "null":
                return [f"{self.constant(prefix)} if ({first}) is None else unusual()"]
            case "boolean":
                yes, no = self.constant(prefix + "\x01"), self.constant(prefix + "\0")
                return [f"{yes} if ({first}) is True else {no} if {value} is False else unusual()"]
            case "int" | "long":
                # CPython is faster at two comparisons than at a chain of them, and slower where they come before the type.
                is_small = f"type({first}) is int and {value} < {TABLE_HIGH} and {value} >= {TABLE_LOW}"
                other = self.bind(integer_text(prefix, BITS[node.type]), "integer")
                return [f"{self.small(prefix, value)} if {is_small} else {other}({value})"]
            case "float" | "double":
                return [self.numbers(CODES[node.type], [value], [first], prefix)]
            case "string":
                return self.string(value, first, prefix)
            case "bytes":
                return [self.count(bytes, value, first, prefix), f"{value}.decode('latin-1')"]
        if isinstance(node, Enum):
            return [f"{self.bind(self.symbols(node, prefix), 'enum')}[{value}] if type({first}) is str else unusual()"]
        size = literal(node.size) if isinstance(node, Fixed) else "0"
        text = f"{value}.decode('latin-1') if type({first}) is bytes and len({value}) == {size} else unusual()"
        return [self.prefixed(prefix, text)]

    def local(self, stem: str) -> str:
        """Return the name of a variable for the loop that the value is in: fewer names compile faster."""
        return f"{stem}_{self._loops}" if self._loops else stem

    def small(self, prefix: str, index: str) -> str:
        """Return the expression for the text of an integer of the table, after `prefix`."""
        if prefix and prefix not in PREFIXES:
            return f"{self.constant(prefix)} + {self.small('', index)}"
        return f"{self.bind(small_texts(prefix), 'small')}[{index}]"

    def symbols(self, node: Enum, prefix: str) -> dict[str, str]:
        """Return the texts of an enum's symbols."""
        found = self._symbols.get((id(node), prefix))
        if found is None:
            found = self._symbols[id(node), prefix] = {name: prefix + index_text(place) for name, place in node.positions.items()}
        return found

    def numbers(self, codes: str, values: list[str], firsts: list[str], prefix: str = "", again: list[str] | None = None) -> str:
        """Return an expression for the text of floats and doubles, each of a code of `struct`; `again` gives them once more."""
        pack = self.bind(packer("B" * len(prefix) + codes), "pack")
        packed = f"{pack}({', '.join([*(str(ord(char)) for char in prefix), *values])}).decode('latin-1')"
        are_floats = " is ".join(f"type({first})" for first in firsts)
        other = f"{self.bind(numbers_text(prefix, codes), 'numbers')}({', '.join(again or values)})"
        return f"{packed} if {are_floats} is float else {other}"

    def string(self, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of a string: its length, and its characters, as they are if they are ASCII."""
        size = self.local("size")
        is_small = f"type({first}) is str and {value}.isascii() and ({size} := len({value})) < {TABLE_HIGH}"
        if self._loops:  # the variable of a loop cannot be assigned
            return [f"{self.small(prefix, size)} + {value} if {is_small} else {self.prefixed(prefix, f'string({value})')}"]
        other = f"({value} := (pair := {self.bind(string_texts(prefix), 'string')}({value}))[1]) and pair[0]"
        return [f"{self.small(prefix, size)} if {is_small} else {other}", value]

    def uuid(self, value: str, first: str, prefix: str) -> list[str]:
        """Return the part of a UUID that is written as text, or of a string in its place. One that comes again keeps its text."""
        from uuid import UUID

        self.namespace |= {"UUID": UUID, "uuid_text": uuid_text}
        text = self.prefixed(prefix, f"uuid_text({value}.int)")
        if not self._loops and not self.depth:  # variables of a loop or a function last for one value
            seen, kept = self.new("seen"), self.new("text")
            self.seen.append(seen)
            new = self.prefixed(prefix, f"uuid_text({seen} := number)")
            text = f"({kept} if (number := {value}.int) == {seen} else ({kept} := {new}))"
        return [f"{text} if type({first}) is UUID else {self.prefixed(prefix, f'string({value})')}"]

    def count(self, kind: type, value: str, first: str, prefix: str) -> str:
        """Return the expression for the length of bytes, or for the count of a list or a dict, which an empty one has not."""
        table = self.bind((small_texts if kind is bytes else count_texts)(prefix if prefix in PREFIXES else ""), "counts")
        short = f"{table}[len({value})]"
        if prefix and prefix not in PREFIXES:
            short = f"{self.constant(prefix)} + {short}"
        other = f"{self.bind(count_text(prefix, kind), 'count')}({value})"
        return f"{short} if type({first}) is {kind.__name__} and len({value}) < {TABLE_HIGH} else {other}"

    def array(self, node: Array, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of an array: one block with all its items, if it has any, then an empty one."""
        items = node.items
        is_raw = items.logical is None
        with self.inside(node), self.loop():
            item = self.local("item")
            if is_raw and items.type in CODES:
                text = f"{self.bind(array_text(CODES[items.type]), 'numbers')}({value})"
            else:
                text = f"join([{self.expression(items, item, item)} for {item} in {value}])"
        if is_raw and items.type in BITS:
            many = f"{self.bind(write_many, 'many')}({value}, {5 if items.type == 'int' else 10})"
            text = f"len({value}) >= {PAYING_SMALL} and {many} or {text}"
        return [self.count(list, value, first, prefix), text, self.constant(END)]

    def map(self, node: Map, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of a map: one block with all its entries, if it has any, then an empty one."""
        with self.inside(node), self.loop():
            key, item = self.local("key"), self.local("item")
            (name,) = self.string(key, key, "")
            text = f"join([({name}) + {enclosed(self.expression(node.values, item, item))} for {key}, {item} in {value}.items()])"
        return [self.count(dict, value, first, prefix), text, self.constant(END)]

    @contextmanager
    def loop(self) -> Iterator[None]:
        """Write what is inside a loop meanwhile."""
        self._loops += 1
        yield
        self._loops -= 1

    def union(self, node: Union, value: str, first: str, prefix: str) -> list[str]:
        """Return the parts of a union: of the branch that alone has values of the datum's Python type."""
        optional = optional_of(node)
        with self.inside(node):
            if optional is None:
                return [self.choice(node, value, first, prefix)]
            branch, own, null = optional
            head, *others = self.parts(branch, value, value, prefix + own)
        if branch.logical is not None and branch.logical.custom:  # which may take a pair that names its branch
            head = f"unusual() if isinstance({value}, tuple) else {head}"
        head = f"{self.constant(prefix + null)} if ({first}) is None else {head}"
        return [head, *(f"nothing if {value} is None else {part}" for part in others)]

    def choice(self, node: Union, value: str, first: str, prefix: str) -> str:
        """Return the expression for a union of several types. The reference chooses among several branches of one type."""
        if any(branch.logical is not None and branch.logical.custom for branch in node.branches):
            return "unusual()"  # the user's conversion may take a value of any type
        cases = ""
        for python_type, indexes in branches_by_type(node).items():
            test = f"({first}) is None" if python_type is type(None) else f"type({first}) is {self.bind(python_type, 'type')}"
            cases += f"{enclosed(self.branch(node, indexes, value, prefix))} if {test} else "
            first = value
        return cases + (self.named(node, value, prefix) if self.names is None else f"{self.bind(self.names, 'named')}({value})")

    def named(self, node: Union, value: str, prefix: str) -> str:
        """Return the expression for a value that names its branch."""
        table = self.new("named")
        entries = [
            f"{literal(branch.name)}: ({literal(prefix + index_text(index))}, {self.function_for(branch)})"
            for index, branch in enumerate(node.branches)
        ]
        self.late.append(f"{table} = {{{', '.join(entries)}}}")
        text = f"(chosen := {table}[{value}[0]])[0] + chosen[1]({value}[1]{self.depth_argument()})"
        return f"{enclosed(text)} if type({value}) is tuple and len({value}) == 2 else unusual()"

    def branch(self, node: Union, indexes: list[int], value: str, prefix: str) -> str:
        """Return the expression for a union's value that goes to one of the branches `indexes`."""
        if len(indexes) == 1:
            return self.expression(node.branches[indexes[0]], value, value, prefix + index_text(indexes[0]))
        sets = key_sets(node, indexes)
        if sets is None:
            return "unusual()"
        table = self.new("branches")
        entries = (f"({literal(prefix + index_text(index))}, {self.function_for(node.branches[index])})" for index in indexes)
        self.late.append(f"{table} = ({', '.join(entries)})")
        chosen = f"(chosen := {table}[{self.bind(sets, 'records')}[frozenset({value})]])[0]"
        return f"{chosen} + chosen[1]({value}{self.depth_argument()})"


def joined(parts: list[str]) -> str:
    """Return one expression for the text of several parts."""
    if len(parts) > 2 and not any("'" in part for part in parts):  # Python 3.11 allows no quotes like its own in an f-string
        return f"f'{''.join(f'{{{part}}}' for part in parts)}'"
    return parts[0] if len(parts) == 1 else " + ".join(map(enclosed, parts))


def enclosed(expression: str) -> str:
    """Return an expression that can stand beside an operator."""
    return f"({expression})" if " " in expression else expression


def unusual() -> str:
    """Raise `Unusual` inside an expression."""
    raise Unusual


def uuid_text(number: int) -> str:
    """Return the text of a UUID, by its number, behind its length."""
    # A hyphen after every fourth digit, of which four are wanted.
    pairs = number.to_bytes(16, "big").hex("-", 2)
    return f"H{pairs[:4]}{pairs[5:29]}{pairs[30:34]}{pairs[35:]}"
