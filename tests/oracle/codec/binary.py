"""The binary encoding (specification, "Binary Encoding"), one short method per rule.

`write_*` return bytes; `read_*` take them from an `Input`. Values are as `avro_ocf.Schema.decode` gives them.
"""

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from avro_ocf.schema.model import Array, Enum, Fixed, Logical, Map, Node, Record, Union
from tests.oracle.codec.logical import LogicalTypes

T = TypeVar("T")

MOST_EMPTY_ITEMS = 100_000
"""Items without a byte that an array may have."""

DEEPEST = 100
"""Records, arrays and maps inside one another."""


class CodecError(Exception):
    """A value does not fit its schema, or bytes or schemas are wrong."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise CodecError(reason)


class Input:
    """Bytes and the position in them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.depth = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        require(size >= 0, "negative size")
        require(size <= self.left, "the bytes end too early")
        self.position += size
        return self.data[self.position - size : self.position]

    def nested(self, read: Callable[[], T]) -> T:
        self.depth += 1
        require(self.depth <= DEEPEST, "nested too deep")
        value = read()
        self.depth -= 1
        return value


def kind(node: Node) -> str:
    return "record" if isinstance(node, Record) else node.type


def may_be_empty(node: Node, inside: tuple[Node, ...] = ()) -> bool:
    """Tell whether a value of `node` may take no byte."""
    if isinstance(node, Record):
        return node in inside or all(may_be_empty(field.node, (*inside, node)) for field in node.fields)
    return node.type == "null" or (isinstance(node, Fixed) and node.size == 0)


class BinaryCodec(LogicalTypes):
    # Numbers

    def zigzag(self, number: int) -> int:
        return (number << 1) ^ (number >> 63)

    def unzigzag(self, number: int) -> int:
        return (number >> 1) ^ -(number & 1)

    def write_varint(self, number: int) -> bytes:
        out = bytearray()
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
        return bytes(out)

    def read_varint(self, source: Input) -> int:
        number = shift = 0
        while True:
            byte = source.take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            require(shift < 70, "a number of more than 10 bytes")
        require(number < 1 << 64, "a number of more than 64 bits")
        return number

    def write_number(self, number: int) -> bytes:
        return self.write_varint(self.zigzag(number))

    def read_number(self, source: Input) -> int:
        return self.unzigzag(self.read_varint(source))

    # Values

    def write(self, node: Node, value: Any) -> bytes:
        if node.logical is not None:
            value = self.to_raw(node, value)
        data: bytes = getattr(self, f"write_{kind(node)}")(node, value)
        return data

    def read(self, source: Input, node: Node) -> Any:
        return self.from_raw(node, self.read_raw(source, node))

    def read_raw(self, source: Input, node: Node) -> Any:
        return getattr(self, f"read_{kind(node)}")(source, node)

    # Primitives

    def write_null(self, _node: Node, value: Any) -> bytes:
        require(value is None, "not null")
        return b""

    def read_null(self, _source: Input, _node: Node) -> None:
        return None

    def write_boolean(self, _node: Node, value: Any) -> bytes:
        require(isinstance(value, bool), "not a boolean")
        return b"\1" if value else b"\0"

    def read_boolean(self, source: Input, _node: Node) -> bool:
        byte = source.take(1)
        require(byte in {b"\0", b"\1"}, "a boolean that is neither 0 nor 1")
        return byte == b"\1"

    def write_int(self, _node: Node, value: Any) -> bytes:
        require(type(value) is int and -(2**31) <= value < 2**31, "not an int")
        return self.write_number(value)

    def read_int(self, source: Input, _node: Node) -> int:
        number = self.read_number(source)
        require(-(2**31) <= number < 2**31, "an int of more than 32 bits")
        return number

    def write_long(self, _node: Node, value: Any) -> bytes:
        require(type(value) is int and -(2**63) <= value < 2**63, "not a long")
        return self.write_number(value)

    def read_long(self, source: Input, _node: Node) -> int:
        return self.read_number(source)

    def write_float(self, _node: Node, value: Any) -> bytes:
        return struct.pack("<f", value)

    def read_float(self, source: Input, _node: Node) -> float:
        number: float = struct.unpack("<f", source.take(4))[0]
        return number

    def write_double(self, _node: Node, value: Any) -> bytes:
        return struct.pack("<d", value)

    def read_double(self, source: Input, _node: Node) -> float:
        number: float = struct.unpack("<d", source.take(8))[0]
        return number

    def write_bytes(self, _node: Node, value: Any) -> bytes:
        require(isinstance(value, bytes), "not bytes")
        return self.write_number(len(value)) + bytes(value)

    def read_bytes(self, source: Input, _node: Node) -> bytes:
        return source.take(self.read_number(source))

    def write_string(self, node: Node, value: Any) -> bytes:
        require(isinstance(value, str), "not a string")
        return self.write_bytes(node, self.to_utf8(value))

    def read_string(self, source: Input, node: Node) -> str:
        return self.from_utf8(self.read_bytes(source, node))

    def to_utf8(self, text: str) -> bytes:
        return text.encode()

    def from_utf8(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise CodecError("not UTF-8") from None

    # Named types

    def write_fixed(self, node: Fixed, value: Any) -> bytes:
        require(isinstance(value, bytes) and len(value) == node.size, "not bytes of the fixed size")
        return bytes(value)

    def read_fixed(self, source: Input, node: Fixed) -> bytes:
        return source.take(node.size)

    def write_enum(self, node: Enum, value: Any) -> bytes:
        require(value in node.symbols, "not a symbol")
        return self.write_number(node.symbols.index(value))

    def read_enum(self, source: Input, node: Enum) -> str:
        return node.symbols[self.read_index(source, len(node.symbols))]

    def read_index(self, source: Input, count: int) -> int:
        index = self.read_number(source)
        require(0 <= index < count, "an index out of range")
        return index

    def write_record(self, node: Record, value: Any) -> bytes:
        require(isinstance(value, dict) and value.keys() == {field.name for field in node.fields}, "not the record's fields")
        return b"".join([self.write(field.node, value[field.name]) for field in node.fields])

    def read_record(self, source: Input, node: Record) -> dict[str, Any]:
        return source.nested(lambda: {field.name: self.read(source, field.node) for field in node.fields})

    # Arrays and maps

    def write_blocks(self, items: list[bytes]) -> bytes:
        return (self.write_number(len(items)) + b"".join(items) if items else b"") + self.write_number(0)

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        """Call `read_item` for each item of a series of blocks."""
        while count := self.read_number(source):
            end = None
            if count < 0:
                size = self.read_block_size(source)
                end = source.position + size
                count = -count
            require(count <= (MOST_EMPTY_ITEMS if may_be_empty else source.left), "more items than there can be")
            for _ in range(count):
                read_item()
            require(end in {None, source.position}, "a block of another size than it says")

    def read_block_size(self, source: Input) -> int:
        return self.read_number(source)

    def write_array(self, node: Array, value: Any) -> bytes:
        require(isinstance(value, list), "not a list")
        return self.write_blocks([self.write(node.items, item) for item in value])

    def read_array(self, source: Input, node: Array) -> list[Any]:
        return self.read_items(source, node, lambda: self.read(source, node.items))

    def read_items(self, source: Input, node: Array, read_item: Callable[[], Any]) -> list[Any]:
        items: list[Any] = []

        def add() -> None:
            items.append(read_item())

        source.nested(lambda: self.read_blocks(source, add, may_be_empty=may_be_empty(node.items)))
        return items

    def write_map(self, node: Map, value: Any) -> bytes:
        require(isinstance(value, dict), "not a dict")
        return self.write_blocks([self.write_string(node, key) + self.write(node.values, item) for key, item in value.items()])

    def read_map(self, source: Input, node: Map) -> dict[str, Any]:
        return self.read_entries(source, node, lambda: self.read(source, node.values))

    def read_entries(self, source: Input, node: Map, read_value: Callable[[], Any]) -> dict[str, Any]:
        entries: dict[str, Any] = {}

        def add() -> None:
            key = self.read_string(source, node)
            entries[key] = read_value()

        source.nested(lambda: self.read_blocks(source, add, may_be_empty=False))
        return entries

    # Unions

    def write_union(self, node: Union, value: Any) -> bytes:
        index = self.choose_branch(node, value)
        return self.write_number(index) + self.write(node.branches[index], value)

    def read_union(self, source: Input, node: Union) -> Any:
        return self.read(source, node.branches[self.read_index(source, len(node.branches))])

    def choose_branch(self, node: Union, value: Any) -> int:
        """Return the first branch that gives `value` back as it is."""
        for index, branch in enumerate(node.branches):
            if self.fits(branch, value):
                return index
        raise CodecError("no branch of the union fits")

    def fits(self, node: Node, value: Any) -> bool:
        match node:
            case Record():
                if not isinstance(value, dict) or value.keys() != {field.name for field in node.fields}:
                    return False
                return all(self.fits(field.node, value[field.name]) for field in node.fields)
            case Array():
                return isinstance(value, list) and all(self.fits(node.items, item) for item in value)
            case Map():
                return isinstance(value, dict) and all(self.fits(node.values, item) for item in value.values())
            case Union():
                return any(self.fits(branch, value) for branch in node.branches)
        return self.fits_plain(node, value)

    def digits(self, value: Decimal, logical: Logical) -> int:
        """Return how many digits a decimal has whose last one stands for `10**-scale`."""
        return max(value.adjusted() + logical.scale + 1, 0) if value else 0

    def fits_plain(self, node: Node, value: Any) -> bool:
        if node.type in {"float", "double"} and type(value) is not float:
            return False
        if (
            node.logical is not None
            and isinstance(value, Decimal)
            and self.digits(value, node.logical) > node.logical.precision > 0
        ):
            return False
        try:
            back = self.read(Input(self.write(node, value)), node)
        except (CodecError, ValueError, OverflowError):
            return False
        return type(back) is type(value) and (back == value or back != back)  # noqa: PLR0124 - NaN
