"""The order of encoded data, without decoding it (specification, "Sort Order").

Decided where the specification is silent, as Java's `Double.compare` does: -0.0 comes before 0.0, and NaN after every other number.
"""

from math import copysign, isnan
from typing import TypeVar

from avro_ocf.cursor import Cursor
from avro_ocf.errors import FormatError, LimitError
from avro_ocf.limits import Limits
from avro_ocf.reference import skip
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union
from avro_ocf.schema.path import ROOT, Path

Comparable = TypeVar("Comparable", int, bytes, tuple[bool, float, float])


def compare(node: Node, first: bytes, second: bytes, limits: Limits) -> int:
    """Return -1, 0 or 1 as the encoded datum `first` sorts before, with or after `second`.

    Raises `SchemaError` for a type that contains maps outside its ignored fields, and `FormatError` for bytes that are not exactly
    one datum.
    """
    _refuse_maps(node)
    for data in (first, second):
        end = skip(node, data, 0, limits)
        if end != len(data):
            raise FormatError(f"{len(data) - end} bytes after the datum", offset=end)
    try:
        return _Comparison(first, second, limits).value(node)
    except RecursionError:
        raise LimitError("nested deeper than Python's stack allows", offset=0) from None


def _refuse_maps(root: Node) -> None:
    waiting: list[tuple[Path, Node]] = [(ROOT, root)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        match node:
            case Map():
                raise path.error("maps have no order")
            case Record():
                waiting.extend((path.field(field.name), field.node) for field in node.fields if field.order != "ignore")
            case Array():
                waiting.append((path.item(), node.items))
            case Union():
                waiting.extend((path, branch) for branch in node.branches)


class _Comparison:
    """Two data known to be sound, and the position in each. Both stand after the value that was last found equal."""

    __slots__ = ("first", "limits", "second")

    def __init__(self, first: bytes, second: bytes, limits: Limits) -> None:
        self.first = Cursor(first)
        self.second = Cursor(second)
        self.limits = limits

    def value(self, node: Node) -> int:
        """Compare one value of each."""
        match node:
            case Record():
                return self.record(node)
            case Array():
                return self.array(node)
            case Union():
                index = self.first.long()
                return _order(index, self.second.long()) or self.value(node.branches[index])
            case Enum():
                return _order(self.first.long(), self.second.long())
            case Fixed():
                return _order(self.first.take(node.size), self.second.take(node.size))
        return self.primitive(node.type)

    def primitive(self, type_name: str) -> int:
        """Compare one primitive of each."""
        match type_name:
            case "boolean":
                return _order(self.first.take(1), self.second.take(1))
            case "int" | "long":
                return _order(self.first.long(), self.second.long())
            case "float" | "double":
                return _order(_rank(self.first.floating(type_name)), _rank(self.second.floating(type_name)))
            case "bytes" | "string":
                return _order(self.first.blob(), self.second.blob())
        return 0

    def record(self, node: Record) -> int:
        """Compare field by field: "if they are equal, the next field" decides."""
        for field in node.fields:
            if field.order == "ignore":
                for cursor in (self.first, self.second):
                    cursor.pos = skip(field.node, cursor.data, cursor.pos, self.limits)
            elif order := self.value(field.node):
                return -order if field.order == "descending" else order
        return 0

    def array(self, node: Array) -> int:
        """Compare "lexicographically by element", whatever blocks the items are in."""
        left = right = 0
        while True:
            left = left or self.first.block()
            right = right or self.second.block()
            if not (left and right):
                return _order(bool(left), bool(right))
            if order := self.value(node.items):
                return order
            left -= 1
            right -= 1


def _rank(value: float) -> tuple[bool, float, float]:
    return (True, 0.0, 0.0) if isnan(value) else (False, value, copysign(1.0, value))


def _order(first: Comparable, second: Comparable) -> int:
    return (first > second) - (first < second)
