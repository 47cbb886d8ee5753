"""Reading with another schema (specification, "Schema Resolution")."""

import math
import struct
from typing import Any

from avro_ocf.schema.model import NO_DEFAULT, Array, Enum, Field, Fixed, Map, Named, Node, Primitive, Record, Union
from tests.oracle.codec.binary import BinaryCodec, CodecError, Input, kind, require

PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}

Pairs = tuple[tuple[Node, Node], ...]


class ResolutionCodec(BinaryCodec):
    # Matching

    def matches(self, writer: Node, reader: Node, inside: Pairs = ()) -> bool:
        """Tell whether `writer` may be read as `reader`, looking into both; a pair that is `inside` itself is taken to match."""
        if any(pair[0] is writer and pair[1] is reader for pair in inside):
            return True
        inside = (*inside, (writer, reader))
        match writer, reader:
            case Union(), _:
                return any(self.matches(branch, reader, inside) for branch in writer.branches)
            case _, Union():
                return any(self.matches(writer, branch, inside) for branch in self.candidates(writer, reader))
            case Record(), Record():
                return self.names_match(writer, reader) and self.fields_match(writer, reader, inside)
            case Array(), Array():
                return self.matches(writer.items, reader.items, inside)
            case Map(), Map():
                return self.matches(writer.values, reader.values, inside)
            case Enum(), Enum():
                return self.names_match(writer, reader)
            case Fixed(), Fixed():
                return self.names_match(writer, reader) and self.sizes_match(writer, reader) and self.logical_match(writer, reader)
        return self.primitives_match(writer, reader) and self.logical_match(writer, reader)

    def names_match(self, writer: Named, reader: Named) -> bool:
        return writer.short_name == reader.short_name or self.is_alias(writer, reader)

    def is_alias(self, writer: Named, reader: Named) -> bool:
        return writer.fullname in reader.aliases

    def sizes_match(self, writer: Fixed, reader: Fixed) -> bool:
        return writer.size == reader.size

    def primitives_match(self, writer: Node, reader: Node) -> bool:
        return writer.type == reader.type or reader.type in PROMOTIONS.get(writer.type, ())

    def logical_match(self, writer: Node, reader: Node) -> bool:
        """Tell whether two decimals are of one scale, or the types are no two decimals."""
        both = writer.logical, reader.logical
        if None in both or {"decimal"} != {logical.name for logical in both if logical}:
            return True
        return len({(logical.scale, logical.precision) for logical in both if logical}) == 1

    def fields_match(self, writer: Record, reader: Record, inside: Pairs) -> bool:
        for field in reader.fields:
            written = self.field_of(writer, field, reader)
            if written is None and field.default is NO_DEFAULT:
                return False
            if written is not None and not self.matches(written.node, field.node, inside):
                return False
        return True

    def field_of(self, writer: Record, field: Field, reader: Record) -> Field | None:
        """Return the writer's field that a field of the reader's is read from: that of its name, else of an alias."""
        fields = {written.name: written for written in writer.fields}
        names = {other.name for other in reader.fields}
        for name in (field.name, *(alias for alias in field.aliases if alias not in names)):
            if name in fields:
                return fields[name]
        return None

    # Reading

    def read_as(self, source: Input, writer: Node, reader: Node) -> Any:
        match writer, reader:
            case Union(), _:
                branch = writer.branches[self.read_index(source, len(writer.branches))]
                require(self.matches(branch, reader), "the reader has no place for this branch")
                return self.read_as(source, branch, reader)
            case _, Union():
                return self.read_as(source, writer, self.reader_branch(writer, reader))
            case Record(), Record():
                return source.nested(lambda: self.read_record_as(source, writer, reader))
            case Array(), Array():
                return self.read_items(source, writer, lambda: self.read_as(source, writer.items, reader.items))
            case Map(), Map():
                return self.read_entries(source, writer, lambda: self.read_as(source, writer.values, reader.values))
            case Enum(), Enum():
                return self.symbol_as(writer, self.read_index(source, len(writer.symbols)), reader)
        return self.from_raw(reader, self.promote(self.read_raw(source, writer), writer, reader))

    def reader_branch(self, writer: Node, reader: Union) -> Node:
        """Return the first branch that matches, where a primitive's own type counts as the first."""
        for branch in self.candidates(writer, reader):
            if self.matches(writer, branch):
                return branch
        raise CodecError("no branch of the reader's union matches")

    def candidates(self, writer: Node, reader: Union) -> list[Node]:
        own = [branch for branch in reader.branches if branch.type == writer.type and isinstance(writer, Primitive)]
        return own or list(reader.branches)

    def read_record_as(self, source: Input, writer: Record, reader: Record) -> dict[str, Any]:
        values: dict[str, Any] = {}
        targets = {id(self.field_of(writer, field, reader)): field for field in reader.fields}
        for written in writer.fields:
            field = targets.get(id(written))
            if field is None:
                self.skip(source, written.node)
            else:
                values[field.name] = self.read_as(source, written.node, field.node)
        for field in reader.fields:
            if field.name not in values:
                values[field.name] = self.field_default(field)
        return values

    def skip(self, source: Input, node: Node) -> None:
        self.read_raw(source, node)

    def symbol_as(self, writer: Enum, index: int, reader: Enum) -> str:
        if writer.symbols[index] in reader.symbols:
            return writer.symbols[index]
        require(reader.default is not None, "the reader has no such symbol and no default")
        return str(reader.default)

    def promote(self, value: Any, writer: Node, reader: Node) -> Any:
        match writer.type, reader.type:
            case "int" | "long", "float" | "double":
                return self.promote_to_float(value, reader)
            case "string", "bytes":
                return self.to_utf8(value)
            case "bytes", "string":
                return self.from_utf8(value)
        return value

    def promote_to_float(self, value: Any, reader: Node) -> float:
        if reader.type == "double":
            return float(value)
        near: float = struct.unpack("<f", struct.pack("<f", value))[0]
        return self.nearest(value, near) if isinstance(value, int) and near != value else near

    def nearest(self, value: int, near: float) -> float:
        """Return the `float` next to `value`: `near`, whose number was rounded twice, or a neighbour; of two the even one."""
        (bits,) = struct.unpack("<I", struct.pack("<f", abs(near)))
        floats = {step: struct.unpack("<f", struct.pack("<I", bits + step))[0] for step in (-1, 0, 1)}
        step = min(floats, key=lambda step: (abs(int(floats[step]) - abs(value)), bits + step & 1))
        return math.copysign(floats[step], value)

    # Defaults

    def field_default(self, field: Field) -> Any:
        require(field.default is not NO_DEFAULT, "the writer has no such field, and it has no default")
        return self.default(field.node, field.default)

    def default(self, node: Node, json: Any) -> Any:
        """Return the value that the JSON of a default stands for; `CodecError` if it does not fit."""
        match node:
            case Union():
                return self.union_default(node, json)
            case Record():
                require(isinstance(json, dict), "not an object")
                return {field.name: self.nested_default(field, json) for field in node.fields}
            case Array():
                require(isinstance(json, list), "not an array")
                return [self.default(node.items, item) for item in json]
            case Map():
                require(isinstance(json, dict), "not an object")
                return {key: self.default(node.values, item) for key, item in json.items()}
        raw = self.plain_default(node, json)
        self.write_raw(node, raw)
        return self.from_raw(node, raw)

    def union_default(self, node: Union, json: Any) -> Any:
        for branch in node.branches:
            try:
                return self.default(branch, json)
            except (CodecError, OverflowError):
                pass
        raise CodecError("a default that fits no branch")

    def nested_default(self, field: Field, json: dict[str, Any]) -> Any:
        return self.default(field.node, json[field.name]) if field.name in json else self.field_default(field)

    def plain_default(self, node: Node, json: Any) -> Any:
        match kind(node):
            case "bytes" | "fixed":
                require(isinstance(json, str), "not a string")
                return self.default_bytes(json)
            case "float" | "double":
                require(type(json) in {int, float}, "not a number")
                return self.promote_to_float(json, node)
        return json

    def default_bytes(self, json: str) -> bytes:
        try:
            return json.encode("latin-1")
        except UnicodeEncodeError:
            raise CodecError("a character past U+00FF") from None

    def write_raw(self, node: Node, raw: Any) -> bytes:
        data: bytes = getattr(self, f"write_{kind(node)}")(node, raw)
        return data
