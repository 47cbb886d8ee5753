"""Container files that are right, though no writer's habit."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from avro_ocf.api import parse_schema
from avro_ocf.container.block import Block
from avro_ocf.container.compression import codec_for_writing
from avro_ocf.oracle.cases import Json, Verdict
from avro_ocf.oracle.generators.deflate import deflated, draw_deflate
from avro_ocf.oracle.generators.emitter import Emitter, partition, varint
from avro_ocf.oracle.generators.encodings import finished
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import Source
from avro_ocf.schema.model import Map, Primitive

MAGIC = b"Obj\1"
METADATA = Map(Primitive("bytes"))
"""The type of a header's map."""

NAMES = ("k", "", "codec", "schema", "Avro.codec", "avro", "é", "\0")
MANY = 150
"""Records in some files, which then repeat themselves."""


class Container(NamedTuple):
    """A container file, `data`, and what is in it.

    `header_bytes` is the size of its header, and so the offset of its first block; `metadata` is without `avro.schema` and
    `avro.codec`. The verdict is `either` where the specification does not say whether there is such a file: one without blocks,
    one with longer varints than it needs, and a deflated block of no byte at all. `clauses` are those of what is unusual about it.
    """

    schema: Json
    records: list[object]
    data: bytes
    codec: str
    sync_marker: bytes
    metadata: Mapping[str, bytes]
    header_bytes: int
    blocks: tuple[Block, ...]
    clauses: tuple[str, ...]
    verdict: Verdict = "accept"


def draw_container(source: Source, *, schema: Json = None, codecs: Sequence[str] = ("null", "deflate")) -> Container:
    """Draw a file of `schema`, or of any, compressed with one of `codecs`.

    The simplest is one plain block of one record with the first of them. May raise `Discarded`.
    """
    return _Drawing(source, source.choice(codecs)).container(draw_schema(source) if schema is None else schema)


def pack(codec: str, data: bytes) -> bytes:
    """Compress the data of a block plainly."""
    match codec:
        case "null":
            return data
        case "deflate":
            return deflated([(0, data)])
        case "snappy":
            return snappy(data)
    return bytes(codec_for_writing(codec)(data))


def snappy(data: bytes) -> bytes:
    """Return `data` as snappy literals, with the checksum."""
    length, size = bytearray(), len(data)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    pieces = [data[start : start + 60] for start in range(0, len(data), 60)]
    literals = b"".join(bytes((len(piece) - 1 << 2,)) + piece for piece in pieces)
    return bytes((*length, size)) + literals + zlib.crc32(data).to_bytes(4, "big")


class _Drawing:
    """One file being drawn."""

    def __init__(self, source: Source, codec: str) -> None:
        self.source = source
        self.codec = codec
        self.clauses: set[str] = set()
        self.verdict: Verdict = "accept"
        self.marker = source.below(1 << 128).to_bytes(16, "big")
        self.longer = 0  # bytes that each head of a block takes more than it needs
        if source.chance(20):
            self.longer = source.integer(1, 4)
            self.unsure("binary.int-long")

    def unsure(self, *clauses: str) -> None:
        """Note that some implementations may refuse the file."""
        self.verdict = "either"
        self.clauses.update(clauses)

    def container(self, schema: Json) -> Container:
        """Draw a file of `schema`."""
        records = self.records(schema)
        metadata = self.metadata()
        data = self.header(schema, metadata)
        header_bytes = len(data)
        blocks = []
        start = 0
        for count in self.block_sizes(len(records)):
            block = self.block([data for _, data in records[start : start + count]])
            blocks.append(Block(len(data), len(block), count))
            data += block
            start += count
        if not blocks:
            self.unsure("file.blocks")
        values = [value for value, _ in records]
        clauses = tuple(sorted(self.clauses))
        return Container(
            schema, values, data, self.codec, self.marker, metadata, header_bytes, tuple(blocks), clauses, self.verdict
        )

    def records(self, schema: Json) -> list[tuple[object, bytes]]:
        """Draw records, each with its encoding."""
        source = self.source
        node = parse_schema(schema).node
        shape = source.choice((0, 0, 0, 1, 1)) if not self.longer else 2
        records = []
        for _ in range(source.choice((1, 2, 3, 0, 4, 5, 6))):
            value = draw_value(source, node)
            emitter = Emitter(source, shape)
            emitter.value(node, value)
            encoding = finished(emitter)
            self.clauses.update(encoding.clauses)
            records.append((value, encoding.data))
        if source.chance(40) and sum(len(data) for _, data in records) < 1000:
            return [records[index % len(records)] for index in range(MANY)] if records else []
        return records

    def block_sizes(self, count: int) -> list[int]:
        """Draw how many records each block has."""
        source = self.source
        shape = source.below(4)
        if shape == 0:
            return [count] if count else []
        sizes = [1] * count if shape == 1 else partition(source, count)
        if shape == 3:
            self.clauses.add("file.block.count")
            for _ in range(source.integer(1, 2)):
                sizes.insert(source.below(len(sizes) + 1), 0)
        return sizes

    def metadata(self) -> dict[str, bytes]:
        """Draw the user's entries."""
        source = self.source
        entries = {}
        for _ in range(max(0, source.below(6) - 3)):
            key = source.text() if source.boolean() else source.choice(NAMES)
            entries[key] = self.metadata_value()
            self.clauses.add("file.metadata.user")
        return entries

    def metadata_value(self) -> bytes:
        """Draw bytes that a careless reader stumbles over."""
        source = self.source
        if source.chance(6):
            return b"long " * source.choice((820, 1700, 7000, 14_000))
        if source.chance(4):  # bytes that are no text
            return source.choice((b"\xff\0", self.marker, source.binary()))
        return source.choice((b"", b"deflate", b"null", MAGIC, b"\x14avro.codec\x0edeflate", b"\x14avro.codec\x08null"))

    def header(self, schema: Json, metadata: Mapping[str, bytes]) -> bytes:
        """Draw the header."""
        source = self.source
        separators = source.choice(((",", ":"), (", ", ": "), (" ,", "\n: ")))
        text = json.dumps(schema, separators=separators, ensure_ascii=not source.chance(4)).encode("utf-8", "replace")
        entries = {"avro.schema": text, "avro.codec": self.codec.encode(), **metadata}
        if self.codec == "null" and source.chance(4):
            del entries["avro.codec"]
            self.clauses.add("file.codec.absent")
        if source.chance(4):
            entries = dict(source.shuffled(list(entries.items())))
        emitter = Emitter(source, 2 if self.longer else (0, 0, 1)[source.below(3)])
        emitter.value(METADATA, entries)
        encoding = finished(emitter)
        if encoding.clauses:
            self.clauses.update(encoding.clauses, ("file.metadata.map",))
        return MAGIC + encoding.data + self.marker

    def block(self, records: list[bytes]) -> bytes:
        """Draw a block."""
        packed = self.compressed(b"".join(records), bool(records))
        return varint(len(records), self.longer) + varint(len(packed), self.longer) + packed + self.marker

    def compressed(self, data: bytes, has_records: bool) -> bytes:
        """Compress the data of a block."""
        if self.codec != "deflate":
            return pack(self.codec, data)
        if not has_records and self.source.chance(4):
            self.unsure("codec.deflate")
            return b""
        return draw_deflate(self.source, data)
