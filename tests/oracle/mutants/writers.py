"""Writing container files."""

import json
import zlib
from typing import Any

from avro_ocf.schema.model import Node
from tests.oracle.codec import Codec
from tests.oracle.codec.container import BLOCK_RECORDS, MAGIC
from tests.oracle.mutants.registry import seen_by


@seen_by("container writer")
class LastBlockLost(Codec):
    """Forgets the records of a block that is not full."""

    def write_file(self, schema: object, records: list[Any], codec: str) -> bytes:
        return super().write_file(schema, records[: len(records) // BLOCK_RECORDS * BLOCK_RECORDS], codec)


@seen_by("container writer")
class NoLastSyncMarker(Codec):
    """Writes no sync marker after the last block."""

    def write_file(self, schema: object, records: list[Any], codec: str) -> bytes:
        data = super().write_file(schema, records, codec)
        return data[:-16] if records else data


@seen_by("container writer")
class SyncMarkerOfEachBlock(Codec):
    """Makes a new sync marker for each block."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:  # noqa: ARG002
        return super().write_file_block(node, records, codec, self.new_sync_marker())


@seen_by("container writer")
class SyncMarkerOf8Bytes(Codec):
    """Makes a sync marker of 8 bytes."""

    def new_sync_marker(self) -> bytes:
        return super().new_sync_marker()[:8]


@seen_by("container writer")
class SizeBeforeCodec(Codec):
    """Writes the size of a block's data before it was compressed."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        plain = b"".join(self.write(node, record) for record in records)
        return self.write_number(len(records)) + self.write_number(len(plain)) + self.compress(codec, plain) + sync_marker


@seen_by("container writer")
class SizeBeforeCount(Codec):
    """Writes a block's size before its count."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        data = self.compress(codec, b"".join(self.write(node, record) for record in records))
        return self.write_number(len(data)) + self.write_number(len(records)) + data + sync_marker


@seen_by("container writer")
class CountOfFullBlock(Codec):
    """Counts a full block's records in every block."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        block = super().write_file_block(node, records, codec, sync_marker)
        return self.write_number(BLOCK_RECORDS) + block.removeprefix(self.write_number(len(records)))


@seen_by("container writer")
class ZlibHeaderWritten(Codec):
    """Writes deflated data in the format of zlib."""

    def deflate(self, data: bytes) -> bytes:
        return zlib.compress(data)


@seen_by("container writer")
class CompressedRecordByRecord(Codec):
    """Deflates each record of a block by itself."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        data = b"".join(self.compress(codec, self.write(node, record)) for record in records)
        return self.write_number(len(records)) + self.write_number(len(data)) + data + sync_marker


@seen_by("container writer")
class CodecNotNamed(Codec):
    """Leaves `avro.codec` out of the header, whatever the codec."""

    def write_header(self, schema: object, codec: str, sync_marker: bytes) -> bytes:
        header = super().write_header(schema, codec, sync_marker)
        entry = self.write_string(self.parse("string").node, "avro.codec") + self.write_number(len(codec)) + codec.encode()
        return header.replace(self.write_number(2), self.write_number(1), 1).replace(entry, b"")


@seen_by("container writer")
class CodecIgnored(Codec):
    """Names the codec and does not compress."""

    def compress(self, codec: str, data: bytes) -> bytes:  # noqa: ARG002
        return data


@seen_by("container writer")
class CanonicalSchemaWritten(Codec):
    """Writes the canonical form into the header, which has no logical types."""

    def write_header(self, schema: object, codec: str, sync_marker: bytes) -> bytes:
        return super().write_header(json.loads(self.parse(schema).canonical_form), codec, sync_marker)


@seen_by("container writer")
class HeaderLengthInCharacters(Codec):
    """Writes the number of the schema's characters as its length."""

    def write_header(self, schema: object, codec: str, sync_marker: bytes) -> bytes:
        text, string = json.dumps(schema, ensure_ascii=False), self.parse("string").node
        entries = [
            self.write_string(string, "avro.schema") + self.write_number(len(text)) + text.encode(),
            self.write_string(string, "avro.codec") + self.write_string(string, codec),
        ]
        return MAGIC + self.write_blocks(entries) + sync_marker


@seen_by("container writer")
class EmptyFileWithoutHeader(Codec):
    """Writes nothing where there are no records."""

    def write_file(self, schema: object, records: list[Any], codec: str) -> bytes:
        return super().write_file(schema, records, codec) if records else b""


@seen_by("container writer")
class HeaderOfEachBlock(Codec):
    """Writes a header before each block."""

    def write_file(self, schema: object, records: list[Any], codec: str) -> bytes:
        blocks = [records[start : start + BLOCK_RECORDS] for start in range(0, len(records), BLOCK_RECORDS)] or [[]]
        return b"".join(super(HeaderOfEachBlock, self).write_file(schema, block, codec) for block in blocks)


@seen_by("container writer")
class MagicOfText(Codec):
    """Starts a file with `Obj1`."""

    def write_header(self, schema: object, codec: str, sync_marker: bytes) -> bytes:
        return b"Obj1" + super().write_header(schema, codec, sync_marker)[4:]


@seen_by("container writer")
class RecordReused(Codec):
    """Writes the first record of a block twice, in place of the second."""

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        return super().write_file_block(node, [*records[:1], *records[:1], *records[2:]][: len(records)], codec, sync_marker)
