"""Unions."""

from typing import Any

from avro_ocf.schema.model import Array, Map, Node, Record, Union
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.mutants.registry import seen_by


@seen_by("encoder")
class FirstNonNullBranch(Codec):
    """Writes what is not null as the first branch that is not null."""

    def choose_branch(self, node: Union, value: Any) -> int:
        if value is None:
            return super().choose_branch(node, value)
        return next((index for index, branch in enumerate(node.branches) if branch.type != "null"), 0)


@seen_by("encoder")
class NullIsFirst(Codec):
    """Takes null for the first branch of every union."""

    def write_union(self, node: Union, value: Any) -> bytes:
        return b"\0" if value is None else super().write_union(node, value)


@seen_by("encoder")
class FirstDictBranch(Codec):
    """Takes any dict for the first record or map."""

    def fits(self, node: Node, value: Any) -> bool:
        return isinstance(value, dict) if isinstance(node, Record | Map) else super().fits(node, value)


@seen_by("encoder")
class LargerDictCut(Codec):
    """Takes any dict for a record with one of its keys, and leaves the others out."""

    def fits(self, node: Node, value: Any) -> bool:
        if not isinstance(node, Record):
            return super().fits(node, value)
        return isinstance(value, dict) and all(field.name in value for field in node.fields)

    def write_record(self, node: Record, value: Any) -> bytes:
        return super().write_record(node, {field.name: value[field.name] for field in node.fields})


@seen_by("encoder")
class IntsAsFloats(Codec):
    """Writes an int as the first branch of numbers, which may be float."""

    def fits(self, node: Node, value: Any) -> bool:
        return type(value) in {int, float} if node.type in {"float", "double"} else super().fits(node, value)


@seen_by("encoder")
class DoublesAsFloats(Codec):
    """Writes a double as the branch float where that comes first."""

    def fits(self, node: Node, value: Any) -> bool:
        return type(value) is float and abs(value) < 2.0**127 if node.type == "float" else super().fits(node, value)


@seen_by("encoder")
class LongsAsInts(Codec):
    """Takes any whole number for an int."""

    def fits(self, node: Node, value: Any) -> bool:
        return type(value) is int if node.type == "int" and node.logical is None else super().fits(node, value)


@seen_by("encoder")
class BranchNotWritten(Codec):
    """Leaves out the index of a union that has one branch."""

    def write_union(self, node: Union, value: Any) -> bytes:
        written = super().write_union(node, value)
        return written[1:] if len(node.branches) == 1 else written


@seen_by("decoder")
class BranchUnsigned(Codec):
    """Reads the index of a branch without zigzag."""

    def read_union(self, source: Input, node: Union) -> Any:
        index = self.read_varint(source)
        if index >= len(node.branches):
            raise CodecError("no such branch")
        return self.read(source, node.branches[index])


@seen_by("decoder")
class BranchesFromTheEnd(Codec):
    """Counts a negative index of a branch from the end."""

    def read_union(self, source: Input, node: Union) -> Any:
        index = self.read_number(source)
        if not -len(node.branches) <= index < len(node.branches):
            raise CodecError("no such branch")
        return self.read(source, node.branches[index])


@seen_by("decoder")
class UnknownBranchIsNull(Codec):
    """Reads an index past the end as null."""

    def read_union(self, source: Input, node: Union) -> Any:
        index = self.read_number(source)
        return self.read(source, node.branches[index]) if 0 <= index < len(node.branches) else None


@seen_by("decoder")
class BranchIndexOfOneByte(Codec):
    """Reads the index of a branch as one byte."""

    def read_union(self, source: Input, node: Union) -> Any:
        index = source.take(1)[0] >> 1
        if index >= len(node.branches):
            raise CodecError("no such branch")
        return self.read(source, node.branches[index])


@seen_by("decoder")
class ListsInUnionsFlat(Codec):
    """Gives an array of one item in a union as that item."""

    def read_union(self, source: Input, node: Union) -> Any:
        value = super().read_union(source, node)
        has_array = any(isinstance(branch, Array) for branch in node.branches)
        return value[0] if has_array and isinstance(value, list) and len(value) == 1 else value
