"""Damaged container files, each with what a reader must make of it."""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from avro_ocf.api import parse_schema
from avro_ocf.container.header import SYNC_BYTES
from avro_ocf.oracle.cases import Json, Verdict
from avro_ocf.oracle.generators.containers import MAGIC, METADATA, Container, pack
from avro_ocf.oracle.generators.deflate import bomb
from avro_ocf.oracle.generators.emitter import Emitter, join, varint
from avro_ocf.oracle.generators.encodings import TRAILING, draw_bad_encoding
from avro_ocf.oracle.generators.meaning import meaning
from avro_ocf.oracle.source import Discarded, ReplaySource, Source
from avro_ocf.varint import decode_long


class Corruption(NamedTuple):
    """A damaged file, and the verdict on it: `expected` are its records where a reader may accept it, else None.

    `operator` tells what was done and `offset` the byte where that begins. `schema` is that of the file, which is another one than
    the container's where the damage needs a schema of its own.
    """

    data: bytes
    operator: str
    offset: int
    verdict: Verdict
    expected: list[object] | None
    clauses: tuple[str, ...]
    schema: Json


Operator = Callable[[Source, Container], Corruption]


def draw_corruption(source: Source, container: Container) -> Corruption:
    """Draw one damage to a file. Some are none that a reader could notice, such as blocks that changed places.

    The simplest is the last byte missing. May raise `Discarded`.
    """
    operators = list(ALWAYS)
    if container.blocks:
        operators += WITH_BLOCKS
    if any(block.record_count for block in container.blocks):
        operators += WITH_RECORDS
        if container.codec == "deflate":
            operators += WITH_DEFLATE
    return source.choice(operators)(source, container)


# Files are taken apart and put together by these.


def blocks_of(container: Container) -> list[bytes]:
    """Return the bytes of each block."""
    return [container.data[block.start_byte : block.start_byte + block.length] for block in container.blocks]


def records_of(container: Container) -> list[list[object]]:
    """Return the records of each block."""
    left = iter(container.records)
    return [[next(left) for _ in range(block.record_count)] for block in container.blocks]


def head_of(container: Container, index: int) -> tuple[int, int, bytes]:
    """Return the count of a block, the size of its data, and the data as they are."""
    block = blocks_of(container)[index]
    count, pos = decode_long(block, 0)
    size, pos = decode_long(block, pos)
    return count, size, block[pos:-SYNC_BYTES]


def framed(container: Container, count: int, packed: bytes, size: int | None = None) -> bytes:
    """Return a block."""
    return varint(count) + varint(len(packed) if size is None else size) + packed + container.sync_marker


PLAIN = ReplaySource(())
"""For an emitter that draws nothing."""


def encoded(container: Container, records: list[object]) -> list[bytes]:
    """Return each record plainly encoded."""
    node = parse_schema(container.schema).node
    pieces = []
    for record in records:
        emitter = Emitter(PLAIN)
        emitter.value(node, record)
        pieces.append(join(emitter.parts)[0])
    return pieces


def header_entries(container: Container) -> dict[str, bytes]:
    """Return the entries of the header's map."""
    text = json.dumps(container.schema, separators=(",", ":")).encode()
    return {"avro.schema": text, "avro.codec": container.codec.encode(), **container.metadata}


def header(container: Container, entries: Mapping[str, bytes]) -> bytes:
    """Return a plain header."""
    emitter = Emitter(PLAIN)
    emitter.value(METADATA, entries)
    return MAGIC + join(emitter.parts)[0] + container.sync_marker


def with_block(container: Container, index: int, block: bytes) -> bytes:
    """Return the file with another block in the place of one."""
    start, length, _ = container.blocks[index]
    return container.data[:start] + block + container.data[start + length :]


def draw_block(source: Source, container: Container) -> int:
    """Draw the index of a block that holds records."""
    return source.choice([index for index, block in enumerate(container.blocks) if block.record_count])


def refused(container: Container, data: bytes, operator: str, offset: int, *clauses: str) -> Corruption:
    """Return what every reader must refuse."""
    return Corruption(data, operator, offset, "reject", None, tuple(sorted(clauses)), container.schema)


def harmless(container: Container, data: bytes, operator: str, offset: int, records: list[object], clause: str) -> Corruption:
    """Return a file that is right, though another one."""
    verdict: Verdict = "either" if offset == container.header_bytes == len(data) else container.verdict
    return Corruption(data, operator, offset, verdict, records, (clause,), container.schema)


def tolerable(container: Container, data: bytes, operator: str, offset: int, clause: str) -> Corruption:
    """Return what readers may refuse or not, as long as they give the container's records."""
    return Corruption(data, operator, offset, "either", container.records, (clause,), container.schema)


def understood(container: Container, data: bytes, operator: str, offset: int, clause: str) -> Corruption:
    """Return a damage that the reference judges: what it can still read, readers may refuse or not."""
    records = meaning(data)
    verdict: Verdict = "reject" if records is None else "either"
    return Corruption(data, operator, offset, verdict, records, (clause,), container.schema)


# Damage to any file.


def cut(source: Source, container: Container) -> Corruption:
    """Cut the file anywhere, or about where a block begins. Between two blocks nothing is amiss."""
    length = len(container.data)
    ends = [container.header_bytes, *(block.start_byte + block.length for block in container.blocks)]
    if source.below(2) == 0:
        offset = length - 1 - source.below(length)
    else:
        offset = max(0, min(length - 1, source.choice(ends) + source.choice((0, 0, 0, 1, 2, -1, -16))))
    data = container.data[:offset]
    if offset not in ends:
        return refused(container, data, "cut", offset, "file.block.integrity")
    count = sum(block.record_count for block in container.blocks if block.start_byte < offset)
    return harmless(container, data, "cut between blocks", offset, container.records[:count], "file.blocks")


def flip(source: Source, container: Container) -> Corruption:
    """Flip one bit anywhere but in the text of the schema, where readers differ in what they let pass."""
    data = container.data
    text_size, start = decode_long(data, data.index(b"avro.schema") + 11)
    if container.blocks and source.boolean():
        offset = source.integer(container.header_bytes, len(data) - 1)
    else:
        offset = source.below(container.header_bytes - text_size)
        offset += text_size if offset >= start else 0
    flipped = bytes((data[offset] ^ 1 << source.below(8),))
    return understood(container, data[:offset] + flipped + data[offset + 1 :], "flip", offset, "file.block.integrity")


def bad_magic(source: Source, container: Container) -> Corruption:
    """Begin the file with something else."""
    magic = source.choice((b"Obj\0", b"Obj\2", b"obj\1", b"Obj1", b"", b"\0\0\0\0", b"\xef\xbb\xbfObj\1"))
    return refused(container, magic + container.data[4:], "bad magic", 0, "file.header.magic")


def bad_header_map(source: Source, container: Container) -> Corruption:
    """Damage the encoding of the header's map."""
    bad = draw_bad_encoding(source, METADATA, header_entries(container), whole=True)
    data = MAGIC + bad.data + container.data[container.header_bytes - SYNC_BYTES :]
    operator, offset, clauses = f"bad header: {bad.note}", bad.offset + len(MAGIC), ("file.metadata.map", *bad.clauses)
    if bad.verdict == "reject":
        return refused(container, data, operator, offset, *clauses)
    return tolerable(container, data, operator, offset, clauses[0])


def bad_schema(source: Source, container: Container) -> Corruption:
    """Leave the schema out, or make it something that is none."""
    entries = header_entries(container)
    text = entries.pop("avro.schema")
    kind = source.below(7)
    if kind:
        bad = (text[:-1], b"", b"{", b"\xff", b'"no-such-type"', b'{"type":"record"}')[kind - 1]
        entries = {"avro.schema": bad, **entries}
    data = header(container, entries) + container.data[container.header_bytes :]
    return refused(container, data, "bad schema" if kind else "no schema", len(MAGIC), "file.metadata.schema")


def bad_codec(source: Source, container: Container) -> Corruption:
    """Name a codec that there is none of, or another than it was."""
    name = source.choice(("no-such-codec", "zlib", "deflate", "null", "lz4"))
    if name == container.codec:
        raise Discarded
    data = header(container, {**header_entries(container), "avro.codec": name.encode()})
    operator = f"codec {name} for {container.codec}"
    return understood(container, data + container.data[container.header_bytes :], operator, len(MAGIC), "file.metadata.codec")


def junk(source: Source, container: Container) -> Corruption:
    """Add bytes at the end that are no block."""
    more = source.choice((b"\0", b"\n", b"\xff\xff\xff", bytes(16), bytes(512), b"\0\0"))
    return tolerable(container, container.data + more, "bytes after the last block", len(container.data), "file.blocks")


DEEP: tuple[tuple[Json, bytes, bytes, bytes, int], ...] = (
    (["null", "Node"], b"\2", b"\0", b"", 1),
    ({"type": "array", "items": "Node"}, b"\2", b"\0", b"\0", 2),
    ({"type": "map", "values": "Node"}, b"\2\2k", b"\0", b"\0", 2),
)
"""For a record that holds itself: the type of its field, the bytes that lead down, are the end, and lead up, and levels a step."""


def too_deep(source: Source, container: Container) -> Corruption:
    """Nest a datum of another schema deeper than stacks may allow; thousands of levels have no end and must be refused."""
    kind = source.below(len(DEEP))
    field, down, end, up, levels = DEEP[kind]
    schema = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": field}]}
    is_endless = source.boolean()
    depth = source.choice((2000, 5000, 20_000)) if is_endless else (101 + source.below(20)) // levels
    datum = down * depth + (b"" if is_endless else end + up * depth)
    data = header(container, {**header_entries(container), "avro.schema": json.dumps(schema).encode()})
    offset = len(data)
    data += framed(container, 1, pack(container.codec, datum))
    operator = f"nested {depth} deep"
    if is_endless:
        return refused(container, data, operator, offset, "data.traversal")._replace(schema=schema)
    value: dict[str, object] = {"next": (None, [], {})[kind]}
    for _ in range(depth):
        value = {"next": (value, [value], {"k": value})[kind]}
    return Corruption(data, operator, offset, "either", [value], ("data.traversal",), schema)


# Damage to a block.


def bad_sync_marker(source: Source, container: Container) -> Corruption:
    """Put another marker after a block."""
    marker = container.sync_marker
    others = (
        marker[:-1] + bytes((marker[-1] ^ 1,)),
        bytes((marker[0] ^ 0x80,)) + marker[1:],
        bytes(16),
        marker[::-1],
        b"\xff" * 16,
    )
    index = source.below(len(container.blocks))
    offset = container.blocks[index].start_byte + container.blocks[index].length - SYNC_BYTES
    data = container.data[:offset] + source.choice([other for other in others if other != marker])
    return refused(container, data + container.data[len(data) :], "wrong sync marker", offset, "file.block.sync")


def bad_count(source: Source, container: Container) -> Corruption:
    """Tell another number of records than there is in a block."""
    index = source.below(len(container.blocks))
    count, _, packed = head_of(container, index)
    other = source.choice((count + 1, count - 1, 0, -count, 2**31, 2**32 + count, 2**62, 2**63 - 1, -(2**63)))
    if other == count:
        raise Discarded
    data = with_block(container, index, framed(container, other, packed))
    start = container.blocks[index].start_byte
    return understood(container, data, f"count {other} for {count}", start, "file.block.count")


def bad_size(source: Source, container: Container) -> Corruption:
    """Tell another size than a block has."""
    index = source.below(len(container.blocks))
    count, size, packed = head_of(container, index)
    other = source.choice((size + 1, size - 1, 0, -size, size + 16, 2**31, 2**32 + size, 2**62, 2**63 - 1, -(2**63)))
    if other == size:
        raise Discarded
    data = with_block(container, index, framed(container, count, packed, other))
    start = container.blocks[index].start_byte
    return understood(container, data, f"size {other} for {size}", start, "file.block.size")


def shuffle(source: Source, container: Container) -> Corruption:
    """Let two blocks change places, leave one out, or repeat one: a reader cannot know."""
    order = list(range(len(container.blocks)))
    at = source.below(len(order))
    other = source.below(len(order))
    kind = source.choice(("swapped", "missing", "repeated"))
    if kind == "swapped":
        order[at], order[other] = order[other], order[at]
    elif kind == "missing":
        del order[at]
    else:
        order.insert(other, at)
    blocks, records = blocks_of(container), records_of(container)
    data = container.data[: container.header_bytes] + b"".join([blocks[index] for index in order])
    expected = [record for index in order for record in records[index]]
    offset = container.blocks[{"swapped": min(at, other), "missing": at, "repeated": other}[kind]].start_byte
    return harmless(container, data, f"blocks {kind}", offset, expected, "file.blocks")._replace(
        verdict=container.verdict if order else "either"
    )


# Damage to records.


def bad_datum(source: Source, container: Container) -> Corruption:
    """Damage the encoding of a block's last record."""
    index = draw_block(source, container)
    records = records_of(container)[index]
    bad = draw_bad_encoding(source, parse_schema(container.schema).node, records[-1], whole=True)
    plain = b"".join(encoded(container, records[:-1])) + bad.data
    data = with_block(container, index, framed(container, len(records), pack(container.codec, plain)))
    start, operator = container.blocks[index].start_byte, f"bad datum: {bad.note}"
    if bad.verdict == "reject":
        return refused(container, data, operator, start, "file.block.objects", *bad.clauses)
    return tolerable(container, data, operator, start, bad.clauses[0])


def bad_end(source: Source, container: Container) -> Corruption:
    """Let a block's data end before its records do, or after; the size is true."""
    index = draw_block(source, container)
    records = records_of(container)[index]
    plain = b"".join(encoded(container, records))
    if plain and source.boolean():
        operator, plain = "records cut", plain[: len(plain) - 1 - source.below(len(plain))]
    else:
        operator, plain = "bytes after the records", plain + source.choice(TRAILING)
    data = with_block(container, index, framed(container, len(records), pack(container.codec, plain)))
    return refused(container, data, operator, container.blocks[index].start_byte, "file.block.objects", "file.block.integrity")


def bad_stream(source: Source, container: Container) -> Corruption:
    """Cut a compressed stream, or add bytes after it, as writers do that leave a checksum there."""
    index = draw_block(source, container)
    count, _, packed = head_of(container, index)
    start = container.blocks[index].start_byte
    if source.boolean():
        packed = packed[: len(packed) - 1 - source.below(len(packed))]
        data = with_block(container, index, framed(container, count, packed))
        return understood(container, data, "deflate stream cut", start, "codec.deflate")
    plain = zlib.decompressobj(-15).decompress(packed)
    more = source.choice((b"\0", zlib.adler32(plain).to_bytes(4, "big"), zlib.adler32(plain).to_bytes(4, "big")[1:], packed))
    data = with_block(container, index, framed(container, count, packed + more))
    return tolerable(container, data, "bytes after a deflate stream", start, "codec.deflate.no-checksum")


def deflate_bomb(source: Source, container: Container) -> Corruption:
    """Let a block unpack to a thousand times its size, nearly all of it zeros that belong to no record."""
    index = draw_block(source, container)
    size = 258 * (260_111 if source.chance(48) else 4064) + 1
    data = with_block(container, index, framed(container, container.blocks[index].record_count, bomb(size)))
    start = container.blocks[index].start_byte
    return refused(container, data, f"bomb of {size} bytes", start, "file.block.objects", "codec.deflate")


ALWAYS: tuple[Operator, ...] = (cut, flip, bad_magic, bad_header_map, bad_schema, bad_codec, junk, too_deep)
WITH_BLOCKS: tuple[Operator, ...] = (bad_sync_marker, bad_count, bad_size, shuffle, flip, cut)
WITH_RECORDS: tuple[Operator, ...] = (bad_datum, bad_end)
WITH_DEFLATE: tuple[Operator, ...] = (bad_stream, deflate_bomb)
