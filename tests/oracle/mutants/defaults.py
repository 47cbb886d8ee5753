"""Promotions and defaults."""

from typing import Any

from avro_ocf.schema.model import NO_DEFAULT, Field, Node, Record, Union
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.codec.binary import require
from tests.oracle.mutants.registry import seen_by


@seen_by("resolver")
class IntStaysInt(Codec):
    """Gives an int that is read as a double as an int."""

    def promote_to_float(self, value: int, reader: Node) -> Any:  # noqa: ARG002
        return value


@seen_by("resolver")
class LongCutToDouble(Codec):
    """Reads 32 bits of a long that becomes a double."""

    def promote_to_float(self, value: int, reader: Node) -> float:  # noqa: ARG002
        return float(value & 0xFFFF_FFFF)


@seen_by("resolver")
class NumbersNotPromoted(Codec):
    """Refuses an int that is read as a long, a float or a double."""

    def primitives_match(self, writer: Node, reader: Node) -> bool:
        return super().primitives_match(writer, reader) and (writer.type == reader.type or writer.type in {"string", "bytes"})


@seen_by("resolver")
class TextsNotPromoted(Codec):
    """Refuses a string that is read as bytes, and the other way."""

    def primitives_match(self, writer: Node, reader: Node) -> bool:
        return super().primitives_match(writer, reader) and (writer.type == reader.type or writer.type not in {"string", "bytes"})


@seen_by("resolver")
class BytesStayBytes(Codec):
    """Gives bytes that are read as a string as bytes."""

    def promote(self, value: Any, writer: Node, reader: Node) -> Any:
        return value if writer.type == "bytes" else super().promote(value, writer, reader)


@seen_by("resolver")
class BytesAsLatin1(Codec):
    """Reads bytes that become a string as Latin-1."""

    def promote(self, value: Any, writer: Node, reader: Node) -> Any:
        return (
            value.decode("latin-1") if (writer.type, reader.type) == ("bytes", "string") else super().promote(value, writer, reader)
        )


@seen_by("resolver")
class LongReadAsInt(Codec):
    """Reads a long as an int."""

    def primitives_match(self, writer: Node, reader: Node) -> bool:
        return (writer.type, reader.type) == ("long", "int") or super().primitives_match(writer, reader)


@seen_by("resolver")
class DoubleReadAsFloat(Codec):
    """Reads a double as a float."""

    def primitives_match(self, writer: Node, reader: Node) -> bool:
        return (writer.type, reader.type) == ("double", "float") or super().primitives_match(writer, reader)


@seen_by("resolver")
class WriterLogicalType(Codec):
    """Converts a value by the writer's logical type."""

    def read_raw(self, source: Input, node: Node) -> Any:
        raw = super().read_raw(source, node)
        return self.from_raw(node, raw) if node.type in {"int", "long"} else raw


@seen_by("resolver")
class DefaultsIgnored(Codec):
    """Leaves out a field that the writer lacks."""

    def read_record_as(self, source: Input, writer: Record, reader: Record) -> dict[str, Any]:
        values = super().read_record_as(source, writer, reader)
        return {field.name: values[field.name] for field in reader.fields if self.field_of(writer, field, reader)}


@seen_by("resolver")
class DefaultsRefused(Codec):
    """Refuses a field that the writer lacks, also where it has a default."""

    def field_default(self, field: Field) -> Any:
        raise CodecError(f"the writer has no field {field.name}")


@seen_by("resolver")
class MissingDefaultIsNull(Codec):
    """Gives null for a field that the writer lacks and that has no default."""

    def fields_match(self, writer: Record, reader: Record, inside: Any) -> bool:
        fields = [(self.field_of(writer, field, reader), field) for field in reader.fields]
        return all(self.matches(written.node, field.node, inside) for written, field in fields if written)

    def field_default(self, field: Field) -> Any:
        return None if field.default is NO_DEFAULT else super().field_default(field)


@seen_by("resolver")
class DefaultIsRawJson(Codec):
    """Gives the JSON of a default as it stands in the schema."""

    def field_default(self, field: Field) -> Any:
        return field.default


@seen_by("resolver")
class DefaultBytesAsUtf8(Codec):
    """Takes the characters of a default for bytes as UTF-8."""

    def default_bytes(self, json: str) -> bytes:
        return json.encode()


@seen_by("resolver")
class DefaultIntForDouble(Codec):
    """Refuses a default for a double that is a whole number."""

    def plain_default(self, node: Node, json: Any) -> Any:
        require(node.type not in {"float", "double"} or type(json) is float, "not a float")
        return super().plain_default(node, json)


@seen_by("resolver")
class NestedDefaultsNotFilled(Codec):
    """Leaves out the fields that a record's default leaves out."""

    def default(self, node: Node, json: Any) -> Any:
        value = super().default(node, json)
        return {name: item for name, item in value.items() if name in json} if isinstance(node, Record) else value


@seen_by("resolver")
class UnionDefaultOfFirstBranch(Codec):
    """Takes a union's default for one of its first branch only."""

    def union_default(self, node: Union, json: Any) -> Any:
        return self.default(node.branches[0], json)


@seen_by("resolver")
class LogicalTypeOfDefaultIgnored(Codec):
    """Gives the raw value of a default that has a logical type."""

    def default(self, node: Node, json: Any) -> Any:
        return self.plain_default(node, json) if node.logical is not None else super().default(node, json)
