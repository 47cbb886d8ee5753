"""Container files (specification, "Object Container Files"), and the five functions that the checks ask for."""

import json
import os
import zlib
from collections.abc import Iterator
from typing import Any

from avro_ocf import AvroError, Schema, parse_schema
from avro_ocf.schema.model import Node, Primitive
from tests.oracle.codec.binary import CodecError, Input, require
from tests.oracle.codec.resolution import ResolutionCodec

MAGIC = b"Obj\1"
BYTES = Primitive("bytes")
BLOCK_RECORDS = 3
"""Records in one written block."""

MOST_INFLATED = 1 << 20
"""Bytes that the data of one block may take."""


class Codec(ResolutionCodec):
    # The five functions

    def encode(self, schema: object, value: Any) -> bytes:
        return self.write(self.parse(schema).node, value)

    def decode(self, schema: object, data: bytes) -> Any:
        node = self.parse(schema).node
        return self.whole(data, lambda source: self.read(source, node))

    def resolve(self, writer_schema: object, reader_schema: object, data: bytes) -> Any:
        writer, reader = self.parse(writer_schema).node, self.parse(reader_schema).node
        require(self.matches(writer, reader), "the schemas do not match")
        return self.whole(data, lambda source: self.read_as(source, writer, reader))

    def read_file(self, data: bytes) -> list[Any]:
        source = Input(data)
        require(self.magic_is_right(source.take(4)), "not a container file")
        metadata = self.read_metadata(source)
        schema, codec = self.schema_of(metadata), self.codec_of(metadata)
        sync_marker = source.take(16)
        return [record for block in self.read_file_blocks(source, schema.node, codec, sync_marker) for record in block]

    def write_file(self, schema: object, records: list[Any], codec: str) -> bytes:
        node = self.parse(schema).node
        sync_marker = self.new_sync_marker()
        blocks = [records[start : start + BLOCK_RECORDS] for start in range(0, len(records), BLOCK_RECORDS)]
        return self.write_header(schema, codec, sync_marker) + b"".join(
            self.write_file_block(node, block, codec, sync_marker) for block in blocks
        )

    # What they share

    def parse(self, schema: object) -> Schema:
        return parse_schema(json.dumps(schema), strict=False)

    def whole(self, data: bytes, read: Any) -> Any:
        """Read one value that takes all of `data`."""
        source = Input(data)
        value = read(source)
        self.check_end(source)
        return value

    def check_end(self, source: Input) -> None:
        require(source.left == 0, "bytes after the value")

    # The header

    def write_header(self, schema: object, codec: str, sync_marker: bytes) -> bytes:
        metadata = {"avro.schema": json.dumps(schema).encode(), "avro.codec": codec.encode()}
        entries = [self.write_string(BYTES, key) + self.write_bytes(BYTES, value) for key, value in metadata.items()]
        return MAGIC + self.write_blocks(entries) + sync_marker

    def new_sync_marker(self) -> bytes:
        return os.urandom(16)

    def magic_is_right(self, magic: bytes) -> bool:
        return magic == MAGIC

    def read_metadata(self, source: Input) -> dict[str, bytes]:
        metadata = {}

        def add() -> None:
            key = self.read_string(source, BYTES)
            metadata[key] = self.read_bytes(source, BYTES)

        self.read_blocks(source, add, may_be_empty=False)
        return metadata

    def schema_of(self, metadata: dict[str, bytes]) -> Schema:
        require("avro.schema" in metadata, "no schema")
        try:
            return parse_schema(self.from_utf8(metadata["avro.schema"]), strict=False)
        except AvroError as error:
            raise CodecError(str(error)) from None

    def codec_of(self, metadata: dict[str, bytes]) -> str:
        codec = self.from_utf8(metadata.get("avro.codec", b"null"))
        require(codec in {"null", "deflate"}, "an unknown codec")
        return codec

    # Blocks

    def write_file_block(self, node: Node, records: list[Any], codec: str, sync_marker: bytes) -> bytes:
        data = self.compress(codec, b"".join(self.write(node, record) for record in records))
        return self.write_number(len(records)) + self.write_number(len(data)) + data + sync_marker

    def read_file_blocks(self, source: Input, node: Node, codec: str, sync_marker: bytes) -> Iterator[list[Any]]:
        while source.left:
            count = self.read_number(source)
            require(count >= 0, "a negative count")
            data = source.take(self.read_number(source))
            self.check_sync_marker(source.take(16), sync_marker)
            yield self.read_block(node, count, self.decompress(codec, data) if data or count else b"")

    def check_sync_marker(self, found: bytes, expected: bytes) -> None:
        require(found == expected, "another sync marker")

    def read_block(self, node: Node, count: int, data: bytes) -> list[Any]:
        records: list[Any] = []
        source = Input(data)
        while len(records) < count:
            require(source.left > 0 or len(records) < 100_000, "more records than there can be")
            records.append(self.read(source, node))
        self.check_block_end(source)
        return records

    def check_block_end(self, source: Input) -> None:
        require(source.left == 0, "the block's data goes on after its records")

    # Codecs

    def compress(self, codec: str, data: bytes) -> bytes:
        return self.deflate(data) if codec == "deflate" else data

    def decompress(self, codec: str, data: bytes) -> bytes:
        return self.inflate(data) if codec == "deflate" else data

    def deflate(self, data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(data) + packer.flush()

    def inflate(self, data: bytes) -> bytes:
        unpacker = zlib.decompressobj(wbits=-15)
        try:
            unpacked = unpacker.decompress(data, MOST_INFLATED)
        except zlib.error as error:
            raise CodecError(str(error)) from None
        require(unpacker.eof, "the data is cut or too large")
        return unpacked
