"""Reading container files."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

from avro_ocf import Schema
from avro_ocf.schema.model import Node
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.codec.container import BYTES
from tests.oracle.mutants.registry import seen_by


@seen_by("container reader")
class MagicNotCompared(Codec):
    """Reads a file of any version."""

    def magic_is_right(self, magic: bytes) -> bool:
        return magic.startswith(b"Obj")


@seen_by("container reader")
class SyncMarkerNotCompared(Codec):
    """Takes any 16 bytes for the sync marker."""

    def check_sync_marker(self, found: bytes, expected: bytes) -> None:
        pass


@seen_by("container reader")
class SyncMarkerHalfCompared(Codec):
    """Compares the first 8 bytes of a sync marker."""

    def check_sync_marker(self, found: bytes, expected: bytes) -> None:
        super().check_sync_marker(found[:8], expected[:8])


@seen_by("container reader")
class LastSyncMarkerOptional(Codec):
    """Reads a file that ends without a sync marker, or inside it."""

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        source.data += sync_marker[self.missing(source.data, sync_marker) :] if self.is_cut(source) else b""
        return super().read_file_blocks(source, node, codec, sync_marker)

    def missing(self, data: bytes, sync_marker: bytes) -> int:
        return next(count for count in range(15, -1, -1) if data.endswith(sync_marker[:count]))

    def is_cut(self, source: Input) -> bool:
        return source.left > 0 and not source.data.endswith(source.data[source.position - 16 : source.position])


@seen_by("container reader")
class TruncationSwallowed(Codec):
    """Gives the whole blocks of a file that is cut, and no error."""

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        try:
            yield from super().read_file_blocks(source, node, codec, sync_marker)
        except CodecError as error:
            if "end too early" not in str(error):
                raise


@seen_by("container reader")
class BadBlocksSkipped(Codec):
    """Leaves out a block that cannot be read, and gives no error."""

    def read_block(self, node: Node, count: int, data: bytes) -> list[Any]:
        try:
            return super().read_block(node, count, data)
        except CodecError:
            return []


@seen_by("container reader")
class EmptyBlockEndsFile(Codec):
    """Ends the file at a block without records."""

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        for block in super().read_file_blocks(source, node, codec, sync_marker):
            if not block:
                return
            yield block


@seen_by("container reader")
class FirstBlockOnly(Codec):
    """Reads the first block."""

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        for block in super().read_file_blocks(source, node, codec, sync_marker):
            yield block
            return


@seen_by("container reader")
class CountNotChecked(Codec):
    """Reads records until a block's data is used up, whatever its count."""

    def read_block(self, node: Node, count: int, data: bytes) -> list[Any]:
        if not data:
            return super().read_block(node, count, data)
        source, records = Input(data), []
        while source.left:
            records.append(self.read(source, node))
        return records


@seen_by("container reader")
class RestOfBlockIgnored(Codec):
    """Does not look at what follows a block's records."""

    def check_block_end(self, source: Input) -> None:
        pass


@seen_by("container reader")
class NegativeCountIsEmpty(Codec):
    """Reads a block of a negative count as an empty one."""

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        while source.left:
            count = self.read_number(source)
            data = source.take(self.read_number(source))
            self.check_sync_marker(source.take(16), sync_marker)
            yield self.read_block(node, count, self.decompress(codec, data)) if count > 0 else []


@seen_by("container reader")
class CodecGuessed(Codec):
    """Looks for the word deflate in the header, where a field may be called `deflate_ratio`."""

    def codec_of(self, metadata: dict[str, bytes]) -> str:
        return "deflate" if any(b"deflate" in key.encode() + value for key, value in metadata.items()) else "null"


@seen_by("container reader")
class CodecKeyRequired(Codec):
    """Refuses a header without `avro.codec`."""

    def codec_of(self, metadata: dict[str, bytes]) -> str:
        if "avro.codec" not in metadata:
            raise CodecError("no codec")
        return super().codec_of(metadata)


@seen_by("container reader")
class UnknownCodecIsNull(Codec):
    """Reads the data of an unknown codec as it is."""

    def codec_of(self, metadata: dict[str, bytes]) -> str:
        codec = self.from_utf8(metadata.get("avro.codec", b""))
        return codec if codec == "deflate" else "null"


@seen_by("container reader")
class HeaderOf4096Bytes(Codec):
    """Looks for the header in the first 4,096 bytes, and finds no records after a longer one."""

    def read_file(self, data: bytes) -> list[Any]:
        header = Input(data[:4096])
        try:
            header.take(4)
            self.read_metadata(header)
        except CodecError:
            if len(data) > 4096:
                return []
        return super().read_file(data)


@seen_by("container reader")
class HeaderOfOneBlock(Codec):
    """Reads one block of the header's map."""

    def read_metadata(self, source: Input) -> dict[str, bytes]:
        count = self.read_number(source)
        if count < 0:
            self.read_number(source)
        keys = [(self.read_string(source, BYTES), self.read_bytes(source, BYTES)) for _ in range(min(abs(count), source.left))]
        if count:
            self.read_number(source)
        return dict(keys)


@seen_by("container reader")
class HeaderCountPositive(Codec):
    """Takes the size of a header block with a negative count for the length of its first key."""

    def read_metadata(self, source: Input) -> dict[str, bytes]:
        metadata = {}
        while count := abs(self.read_number(source)):
            for _ in range(min(count, source.left)):
                key = self.read_string(source, BYTES)
                metadata[key] = self.read_bytes(source, BYTES)
        return metadata


@seen_by("container reader")
class HeaderSizeFromCount(Codec):
    """Skips a header block with a negative count by its size, as if nothing in it mattered."""

    def read_blocks(self, source: Input, read_item: Callable[[], None], *, may_be_empty: bool) -> None:
        while count := self.read_number(source):
            if count < 0:
                source.take(self.read_number(source))
                continue
            for _ in range(min(count, 100_000 if may_be_empty else source.left)):
                read_item()


@seen_by("container reader")
class MetadataIsText(Codec):
    """Reads all metadata as UTF-8."""

    def read_metadata(self, source: Input) -> dict[str, bytes]:
        return {key: self.from_utf8(value).encode() for key, value in super().read_metadata(source).items()}


@seen_by("container reader")
class UnknownKeysRefused(Codec):
    """Refuses metadata that it does not know."""

    def read_metadata(self, source: Input) -> dict[str, bytes]:
        metadata = super().read_metadata(source)
        if not metadata.keys() <= {"avro.schema", "avro.codec"}:
            raise CodecError("unknown metadata")
        return metadata


@seen_by("container reader")
class SchemaWithoutLogicalTypes(Codec):
    """Ignores the logical types of a file's schema."""

    def schema_of(self, metadata: dict[str, bytes]) -> Schema:
        schema = super().schema_of(metadata)
        return super().schema_of({"avro.schema": schema.canonical_form.encode()})


@seen_by("container reader")
class ZlibExpected(Codec):
    """Expects a header of zlib before deflated data."""

    def inflate(self, data: bytes) -> bytes:
        try:
            return zlib.decompress(data)
        except zlib.error as error:
            raise CodecError(str(error)) from None
