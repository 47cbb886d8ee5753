"""Binary encoding in every form that the specification allows, made of parts that can be damaged one by one.

The bytes are made here and not by the encoder, so that a misreading of the specification there would show.
"""

from collections.abc import Iterator
from struct import pack, unpack
from typing import Any

from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.logical import conversion
from avro_ocf.oracle.source import Source
from avro_ocf.reference import choose_branch
from avro_ocf.schema.measure import zero_byte_values
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union

VARINT_BYTES = 10
"""Bytes of the longest varint that is read for certain."""


def varint(number: int, longer: int = 0) -> bytes:
    """Return `number` in zig-zag coding, in so many bytes more than it needs."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    if rest < 0x80 and not longer:
        return bytes((rest,))
    groups = [rest & 0x7F]
    while rest := rest >> 7:
        groups.append(rest & 0x7F)
    groups += [0] * longer
    return bytes([group | 0x80 for group in groups[:-1]]) + bytes((groups[-1],))


ARRAY, MAP = 1, 2


class Part:
    """A piece of an encoding: bytes, or a number to be written as a varint with `longer` bytes more than it needs.

    `kind` tells what it is. The `number` of a `size` is what is added to the true size of the parts up to the one with the index
    `bound`; the `bound` of a `symbol` or `branch` is how many there are, that of a `count` `ARRAY` or `MAP`, or 0 if the items take
    no byte.
    """

    __slots__ = ("bound", "data", "kind", "longer", "number")

    def __init__(self, kind: str, number: int = 0, data: bytes | None = None, bound: int = 0, longer: int = 0) -> None:
        self.kind = kind
        self.number = number
        self.data = data
        self.bound = bound
        self.longer = longer


class Emitter:
    """Writes values as `parts`, plainly unless `shape` tells otherwise: 1 draws blocks of arrays and maps, 2 longer varints too."""

    def __init__(self, source: Source, shape: int = 0) -> None:
        self.source = source
        self.parts: list[Part] = []
        self.clauses: set[str] = set()
        self.shape = shape
        # One varint in so many is longer, by so much.
        self.every, self.longer = (source.integer(1, 6), source.integer(1, 4)) if shape > 1 else (0, 0)
        self.numbers = 0

    def number(self, kind: str, number: int, bound: int = 0) -> Part:
        """Write a number."""
        part = Part(kind, number, bound=bound)
        self.parts.append(part)
        if self.every:
            self.numbers += 1
            if self.numbers % self.every == 0:
                part.longer = min(self.longer, VARINT_BYTES - len(varint(number)))
        return part

    def raw(self, kind: str, data: bytes) -> None:
        """Write bytes as they are."""
        self.parts.append(Part(kind, data=data))

    def blob(self, kind: str, data: bytes) -> None:
        """Write bytes after their length."""
        self.number("length", len(data))
        self.raw(kind, data)

    def value(self, node: Node, value: Any) -> None:
        """Write any value."""
        match node:
            case Record():
                for field in node.fields:
                    self.value(field.node, value[field.name])
            case Union():
                index = branch_of(node, value)
                self.number("branch", index, len(node.branches))
                self.value(node.branches[index], value)
            case Array():
                for block in self.blocks("array", len(value), 0 if zero_byte_values(node.items) else ARRAY):
                    for item in value[block]:
                        self.value(node.items, item)
            case Map():
                entries = list(value.items())
                for block in self.blocks("map", len(value), MAP):
                    for key, item in entries[block]:
                        self.blob("text", key.encode())
                        self.value(node.values, item)
            case Enum():
                self.number("symbol", node.positions[value], len(node.symbols))
            case _:
                self.plain(node, self.unlogical(node, value))

    def unlogical(self, node: Node, value: Any) -> Any:
        """Return the raw value that stands for the value of a logical type."""
        if node.logical is None:
            return value
        convert = conversion(node.logical, node.type, node.size if isinstance(node, Fixed) else None)
        if convert is None or not isinstance(value, convert.python_type):
            return value
        raw = convert.to_raw(value)
        if self.shape and node.logical.name == "decimal" and node.type == "bytes" and self.source.boolean():
            self.clauses.add("decimal.bytes")
            return (b"\xff" if raw[0] & 0x80 else b"\0") * self.source.integer(1, 9) + raw
        return raw

    def plain(self, node: Node, value: Any) -> None:
        """Write a primitive or a fixed."""
        match node.type:
            case "boolean":
                self.raw("boolean", b"\1" if value else b"\0")
            case "int" | "long":
                self.number(node.type, value)
            case "float":
                self.raw("data", pack("<f", value))
            case "double":
                self.raw("data", pack("<d", value))
            case "string":
                self.blob("text", value.encode())
            case "bytes":
                self.blob("data", value)
            case "fixed":
                self.raw("data", value)

    def blocks(self, kind: str, count: int, bound: int) -> Iterator[slice]:
        """Write the blocks of an array or map: each range of items given is to be written before the next is asked for."""
        sizes, negative = self.block_sizes(count)
        start = 0
        for index, size in enumerate(sizes):
            is_negative = negative == 1 or negative == 2 + index % 2
            self.number("count", -size if is_negative else size, bound)
            if is_negative:
                self.clauses.add(f"binary.{kind}.negative-count")
                size_part = self.number("size", 0)
            yield slice(start, start + size)
            start += size
            if is_negative:
                size_part.bound = len(self.parts)
        if len(sizes) > 1:
            self.clauses.add(f"binary.{kind}.blocks")
        self.number("end", 0)

    def block_sizes(self, count: int) -> tuple[list[int], int]:
        """Draw the sizes of blocks, and which counts are negative: none, all, or every other."""
        if not self.shape or not count:
            return [count] if count else [], 0
        negative = self.source.below(4)
        kind = self.source.below(3)
        if kind == 0:
            return [count], negative
        return [1] * count if kind == 1 else partition(self.source, count), negative


def partition(source: Source, count: int) -> list[int]:
    """Draw positive sizes that add up to `count`."""
    sizes = []
    while count:
        sizes.append(count - source.below(count))
        count -= sizes[-1]
    return sizes


def join(parts: list[Part]) -> tuple[bytes, list[int]]:
    """Return the bytes of `parts`, and for each part how many bytes there are from it to the end."""
    pieces: list[bytes] = []
    tails = [0] * (len(parts) + 1)
    tail = 0
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        data = part.data
        if data is None:
            number = part.number
            if part.kind == "size":
                number += tails[index + 1] - tails[part.bound]
            data = varint(number, part.longer)
        pieces.append(data)
        tail += len(data)
        tails[index] = tail
    pieces.reverse()
    return b"".join(pieces), tails


def branch_of(union: Union, value: Any) -> int:
    """Return the index of the branch to write `value` as."""
    fitting = [index for index, branch in enumerate(union.branches) if fits(branch, value)]
    return fitting[0] if len(fitting) == 1 else choose_branch(union, value, DEFAULT_LIMITS)[0]


def fits(node: Node, value: Any) -> bool:
    """Tell whether `value` might be one of `node`, without looking into it."""
    match node:
        case Record():
            return type(value) is dict and value.keys() == {field.name for field in node.fields}
        case Map():
            return type(value) is dict
        case Array():
            return type(value) is list
        case Enum():
            return type(value) is str and value in node.positions
    if node.logical is not None:
        convert = conversion(node.logical, node.type)
        if convert is not None and isinstance(value, convert.python_type):
            return True
    match node.type:
        case "int":
            return type(value) is int and -(2**31) <= value < 2**31
        case "fixed":
            return type(value) is bytes and isinstance(node, Fixed) and len(value) == node.size
        case "float" | "double":
            return type(value) is float and (node.type == "double" or fits_float(value))
    return type(value) is PYTHON_TYPES[node.type]


PYTHON_TYPES = {"null": type(None), "boolean": bool, "long": int, "bytes": bytes, "string": str}


def fits_float(value: float) -> bool:
    """Tell whether a `float` holds `value` exactly."""
    try:
        return value != value or unpack("<f", pack("<f", value))[0] == value  # noqa: PLR0124 - NaN
    except OverflowError:
        return False
