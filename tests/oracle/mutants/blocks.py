"""Arrays, maps and records."""

from collections.abc import Callable
from typing import Any

from avro_ocf.schema.model import Array, Map, Record
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.mutants.registry import seen_by


@seen_by("decoder")
class OneBlockOnly(Codec):
    """Reads one block of an array or map and takes the next count for its end."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        count = self.read_number(source)
        if count < 0:
            self.read_number(source)
        for _ in range(min(abs(count), 100_000 if may_be_empty else source.left)):
            read_item()
        if count:
            self.read_number(source)


@seen_by("decoder")
class CountUnsigned(Codec):
    """Reads the count of a block as unsigned, so that a negative one is huge."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        while count := self.read_number(source) & (1 << 64) - 1:
            if count > (100_000 if may_be_empty else source.left):
                raise CodecError("more items than there can be")
            for _ in range(count):
                read_item()


@seen_by("decoder")
class BlockSizeNotRead(Codec):
    """Forgets that a block with a negative count tells its size."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        while count := abs(self.read_number(source)):
            if count > (100_000 if may_be_empty else source.left):
                raise CodecError("more items than there can be")
            for _ in range(count):
                read_item()


@seen_by("decoder")
class BlockSizeAsItems(Codec):
    """Takes a negative block's size for its number of items."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        while count := self.read_number(source):
            size = self.read_number(source) if count < 0 else count
            if not 0 <= size <= (100_000 if may_be_empty else source.left):
                raise CodecError("more items than there can be")
            for _ in range(size):
                read_item()


@seen_by("decoder")
class NegativeCountRefused(Codec):
    """Refuses a negative count."""

    def read_block_size(self, source: Input) -> int:
        raise CodecError(f"a negative count before byte {source.position}")


@seen_by("decoder")
class NullsNeedBytes(Codec):
    """Refuses an array with more items than bytes left, also where an item takes no byte."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:  # noqa: ARG002
        super().read_blocks(source, read_item, may_be_empty=False)


@seen_by("decoder")
class ArrayOfLastBlock(Codec):
    """Starts a new array with each of its blocks."""

    def read_array(self, source: Input, node: Array) -> list[Any]:
        items: list[Any] = []
        while count := self.read_number(source):
            if count < 0:
                self.read_number(source)
            if abs(count) > 100_000:
                raise CodecError("more items than there can be")
            items = [self.read(source, node.items) for _ in range(abs(count))]
        return items


@seen_by("decoder")
class MapOfLastBlock(Codec):
    """Starts a new map with each of its blocks."""

    def read_map(self, source: Input, node: Map) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while count := self.read_number(source):
            if count < 0:
                self.read_number(source)
            if abs(count) > source.left:
                raise CodecError("more entries than there can be")
            entries = {self.read_string(source, node): self.read(source, node.values) for _ in range(abs(count))}
        return entries


@seen_by("encoder")
class NoEndOfEmptyArray(Codec):
    """Writes nothing for an empty array or map."""

    def write_blocks(self, items: list[bytes]) -> bytes:
        return super().write_blocks(items) if items else b""


@seen_by("encoder")
class NegativeCountWithoutSize(Codec):
    """Writes the count negative, without a size."""

    def write_blocks(self, items: list[bytes]) -> bytes:
        return (self.write_number(-len(items)) + b"".join(items) if items else b"") + b"\0"


@seen_by("encoder")
class BlockSizeOfItems(Codec):
    """Writes the count negative, and as the size the number of items."""

    def write_blocks(self, items: list[bytes]) -> bytes:
        head = self.write_number(-len(items)) + self.write_number(len(items))
        return (head + b"".join(items) if items else b"") + b"\0"


@seen_by("encoder")
class CountOfOneByte(Codec):
    """Writes an array's count in one byte."""

    def write_blocks(self, items: list[bytes]) -> bytes:
        return (bytes([2 * len(items) & 0xFF]) + b"".join(items) if items else b"") + b"\0"


@seen_by("encoder")
class KeysInLowerCase(Codec):
    """Writes a map's keys in lower case."""

    def write_map(self, node: Map, value: Any) -> bytes:
        return super().write_map(node, {key.lower(): item for key, item in value.items()})


@seen_by("encoder")
class EmptyKeysLost(Codec):
    """Leaves out the map's entry whose key is empty."""

    def write_map(self, node: Map, value: Any) -> bytes:
        return super().write_map(node, {key: item for key, item in value.items() if key})


@seen_by("encoder")
class FieldsByName(Codec):
    """Writes a record's fields in the order of the alphabet."""

    def write_record(self, node: Record, value: Any) -> bytes:
        fields = sorted(node.fields, key=lambda field: field.name)
        return b"".join([self.write(field.node, value[field.name]) for field in fields])


@seen_by("encoder")
class FieldsInDictOrder(Codec):
    """Writes a record's fields in the order in which they are given."""

    def write_record(self, node: Record, value: Any) -> bytes:
        nodes = {field.name: field.node for field in node.fields}
        return b"".join([self.write(nodes[name], item) for name, item in value.items()])


@seen_by("decoder")
class NullFieldsLost(Codec):
    """Leaves out a record's fields that are null."""

    def read_record(self, source: Input, node: Record) -> dict[str, Any]:
        return {name: value for name, value in super().read_record(source, node).items() if value is not None}
