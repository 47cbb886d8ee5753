"""Which types, fields and symbols go together."""

from typing import Any

from avro_ocf.schema.model import Enum, Field, Fixed, Named, Node, Record, Union
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.codec.binary import require
from tests.oracle.codec.resolution import Pairs
from tests.oracle.mutants.registry import seen_by


@seen_by("resolver")
class FieldAliasesSwapped(Codec):
    """Uses the writer's aliases of fields instead of the reader's."""

    def field_of(self, writer: Record, field: Field, reader: Record) -> Field | None:  # noqa: ARG002
        return next((written for written in writer.fields if field.name in {written.name, *written.aliases}), None)


@seen_by("resolver")
class FieldsByPosition(Codec):
    """Matches fields by their position."""

    def field_of(self, writer: Record, field: Field, reader: Record) -> Field | None:
        position = reader.fields.index(field)
        return writer.fields[position] if position < len(writer.fields) else None


@seen_by("resolver")
class FieldsInReaderOrder(Codec):
    """Reads the fields in the reader's order."""

    def read_record_as(self, source: Input, writer: Record, reader: Record) -> dict[str, Any]:
        ordered = Record(writer.fullname)
        matched = [self.field_of(writer, field, reader) for field in reader.fields]
        ordered.fields = tuple(field for field in matched if field) + tuple(
            field for field in writer.fields if field not in matched
        )
        return super().read_record_as(source, ordered, reader)


@seen_by("resolver")
class RemovedFieldsNotSkipped(Codec):
    """Leaves the bytes of a field that the reader lacks where they are."""

    def skip(self, source: Input, node: Node) -> None:
        pass


@seen_by("resolver")
class RemovedFieldsKept(Codec):
    """Gives the fields that the reader lacks, too."""

    def read_record_as(self, source: Input, writer: Record, reader: Record) -> dict[str, Any]:
        start = source.position
        values = super().read_record_as(source, writer, reader)
        return self.read_record(Input(source.data[start:]), writer) | values


@seen_by("resolver")
class NamespaceCompared(Codec):
    """Matches names with their namespaces only."""

    def names_match(self, writer: Named, reader: Named) -> bool:
        return writer.fullname == reader.fullname or self.is_alias(writer, reader)


@seen_by("resolver")
class NamesNotCompared(Codec):
    """Matches named types of any names."""

    def names_match(self, writer: Named, reader: Named) -> bool:  # noqa: ARG002
        return True


@seen_by("resolver")
class FixedSizeNotCompared(Codec):
    """Matches fixeds of any size."""

    def sizes_match(self, writer: Fixed, reader: Fixed) -> bool:  # noqa: ARG002
        return True


@seen_by("resolver")
class SymbolsByReaderPosition(Codec):
    """Takes the writer's index for one of the reader's symbols."""

    def symbol_as(self, writer: Enum, index: int, reader: Enum) -> str:
        return reader.symbols[index] if index < len(reader.symbols) else super().symbol_as(writer, index, reader)


@seen_by("resolver")
class EnumDefaultIgnored(Codec):
    """Refuses a symbol that the reader lacks, also where it has a default."""

    def symbol_as(self, writer: Enum, index: int, reader: Enum) -> str:
        require(writer.symbols[index] in reader.symbols, "no such symbol")
        return writer.symbols[index]


@seen_by("resolver")
class EnumDefaultOfWriter(Codec):
    """Gives the writer's default for a symbol that the reader lacks."""

    def symbol_as(self, writer: Enum, index: int, reader: Enum) -> str:
        if writer.symbols[index] in reader.symbols:
            return writer.symbols[index]
        require(writer.default is not None, "no such symbol")
        return str(writer.default)


@seen_by("resolver")
class UnknownSymbolsKept(Codec):
    """Gives a symbol that the reader lacks."""

    def symbol_as(self, writer: Enum, index: int, reader: Enum) -> str:  # noqa: ARG002
        return writer.symbols[index]


@seen_by("resolver")
class FirstReaderBranch(Codec):
    """Reads what is no union as the first branch of the reader's union that is not null."""

    def reader_branch(self, writer: Node, reader: Union) -> Node:
        branch = next((branch for branch in reader.branches if branch.type != "null"), reader.branches[0])
        require(self.matches(writer, branch), "another type")
        return branch


@seen_by("resolver")
class WriterIndexInReaderUnion(Codec):
    """Takes the writer's index of a branch for one in the reader's union."""

    def read_as(self, source: Input, writer: Node, reader: Node) -> Any:
        if not isinstance(writer, Union) or not isinstance(reader, Union):
            return super().read_as(source, writer, reader)
        index = self.read_index(source, len(writer.branches))
        branch = reader.branches[min(index, len(reader.branches) - 1)]
        require(self.matches(writer.branches[index], branch), "another type")
        return super().read_as(source, writer.branches[index], branch)


@seen_by("resolver")
class WholeUnionMustMatch(Codec):
    """Refuses a writer's union of which one branch has no place, whatever was written."""

    def matches(self, writer: Node, reader: Node, inside: Pairs = ()) -> bool:
        if isinstance(writer, Union):
            return all(self.matches(branch, reader, inside) for branch in writer.branches)
        return super().matches(writer, reader, inside)


@seen_by("resolver")
class UnionOnlyAsUnion(Codec):
    """Refuses a union that is read as one of its branches."""

    def matches(self, writer: Node, reader: Node, inside: Pairs = ()) -> bool:
        return isinstance(writer, Union) <= isinstance(reader, Union) and super().matches(writer, reader, inside)


@seen_by("resolver")
class WriterSchemaOnly(Codec):
    """Gives the value as it was written."""

    def read_as(self, source: Input, writer: Node, reader: Node) -> Any:  # noqa: ARG002
        return self.read(source, writer)


@seen_by("resolver")
class MismatchIsNull(Codec):
    """Gives null for a value that the reader has no place for."""

    def resolve(self, writer_schema: object, reader_schema: object, data: bytes) -> Any:
        try:
            return super().resolve(writer_schema, reader_schema, data)
        except CodecError:
            return None
