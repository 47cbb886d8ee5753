"""Which clauses reading or writing sound data exercises."""

from typing import Final

from avro_ocf.cursor import Cursor
from avro_ocf.schema.model import Array, Enum, Fixed, Logical, Map, Node, Record, Union

EXAMPLES: Final = frozenset((0, -1, 1, -2, 2, -64, 64))

UNITS: Final = ("millis", "micros", "nanos")


class Walk(Cursor):
    """A walk over sound `data`, which gathers `clauses`. `written` tells that the data is what an encoder is to write."""

    __slots__ = ("clauses", "written")

    def __init__(self, data: bytes, *, written: bool = False) -> None:
        super().__init__(data)
        self.clauses: set[str] = set()
        self.written = written

    def value(self, node: Node) -> None:
        """Pass over one value."""
        match node:
            case Record():
                self.record(node)
            case Union():
                self.union(node)
            case Array() | Map():
                self.blocks(node)
            case Enum():
                self.long()
                self.add("binary.enum" if len(node.symbols) > 1 else "")
            case Fixed():
                self.take(node.size)
                self.add("binary.fixed" if node.size else "")
            case _:
                self.primitive(node.type)
        if node.logical is not None:
            self.clauses |= logical_clauses(node.logical)

    def add(self, *names: str) -> None:
        """Note clauses; "" is none."""
        self.clauses.update(filter(None, names))

    def record(self, node: Record) -> None:
        """Pass over a record."""
        parts = []
        for field in node.fields:
            start = self.pos
            self.value(field.node)
            parts.append(self.data[start : self.pos])
            if self.written and parts[-1] == field.default_bytes:
                self.add("schema.default.written" if parts[-1] else "")
        if any(parts):
            self.add("binary.record.fields", "binary.no-separators", "data.untyped", "data.traversal")
        if b"".join(parts) != b"".join(reversed(parts)):
            self.add("binary.record.order")

    def union(self, node: Union) -> None:
        """Pass over a union's value."""
        branch = node.branches[self.long()]
        start = self.pos
        self.value(branch)
        self.add("binary.union.index" if len(node.branches) > 1 else "", "binary.union.value" if self.pos > start else "")
        if any(other.type == branch.type and other is not branch for other in node.branches):
            self.add("schema.union.named")

    def blocks(self, node: Array | Map) -> None:
        """Pass over an array or map."""
        kind = node.type
        blocks = 0
        while count := self.long():
            blocks += 1
            if count < 0:
                self.long()
                self.add(f"binary.{kind}.negative-count")
            for _ in range(abs(count)):
                if isinstance(node, Map):
                    self.text(self.blob())
                self.value(node.values if isinstance(node, Map) else node.items)
        self.add(f"binary.{kind}.end")
        if blocks:
            self.add(f"binary.{kind}.count", "schema.map.keys" if kind == "map" else "")
            self.add("binary.map.values" if kind == "map" else "binary.array.items")
        if blocks > 1:
            self.add(f"binary.{kind}.blocks")

    def primitive(self, name: str) -> None:
        """Pass over a primitive's value."""
        match name:
            case "null":
                self.add("binary.null", "schema.primitive.null")
            case "boolean":
                self.take(1)
                self.add("binary.boolean", "schema.primitive.boolean")
            case "int" | "long":
                self.integer(self.long(), name)
            case "float" | "double":
                data = self.take(4 if name == "float" else 8)
                self.add(f"binary.{name}", f"schema.primitive.{name}" if any(data) else "")
                self.add(f"binary.{name}.bits" if data != data[::-1] else "")
            case "bytes":
                self.add("binary.bytes", "schema.primitive.bytes" if any(byte > 127 for byte in self.blob()) else "")
            case "string":
                self.text(self.blob())

    def text(self, data: bytes) -> None:
        """Note what a string tells."""
        self.add("binary.string" if data else "", "" if data.isascii() else "schema.primitive.string")

    def integer(self, number: int, name: str) -> None:
        """Note what an int or long tells."""
        self.add("binary.int-long" if number else "", "binary.int-long.examples" if number in EXAMPLES else "")
        bits = 15 if name == "int" else 31
        self.add("" if -(1 << bits) <= number < 1 << bits else f"schema.primitive.{name}")


def logical_clauses(logical: Logical) -> set[str]:
    """Return the clauses that a value of a logical type exercises."""
    name = logical.name
    kind, _, unit = name.rpartition("-")
    found = {"logical.underlying", "logical.attribute"}
    if unit in UNITS:
        found.add(f"{kind}.{unit}")
        if kind != "time":
            found.add("timestamp.instant" if kind == "timestamp" else "local-timestamp.local")
        return found
    return found | _LOGICAL[name]


_LOGICAL: Final = {
    "decimal": {"decimal.value", "decimal.bytes", "decimal.types"},
    "big-decimal": {"decimal.big"},
    "uuid": {"uuid.types", "uuid.layout"},
    "date": {"date.days"},
    "duration": {"duration.types", "duration.parts"},
}
