"""Which clauses a case exercises: those that an implementation cannot break without giving another answer, or none.

What only hostile or unusual bytes can tell is left to their generators, which know what they did.
"""

from typing import Any, Final

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import StoredBlock, unpack_block
from avro_ocf.container.header import CODEC_KEY, Header
from avro_ocf.container.parser import StreamParser
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.cases import Case
from avro_ocf.oracle.specification.clauses import ordered
from avro_ocf.oracle.specification.resolution_tracing import trace_resolution
from avro_ocf.oracle.specification.schema_tracing import trace_schema
from avro_ocf.oracle.specification.walking import Walk
from avro_ocf.reference import encode
from avro_ocf.schema.model import Node


def traced(case: Case) -> Case:
    """Return `case` with the clauses added that a walk over it finds.

    A case that must be refused exercises only those that tell why, and one that may be, those of its generator.
    """
    if case.verdict == "accept" or (case.verdict, case.operation) == ("reject", "resolve"):
        return case._replace(clauses=ordered((*case.clauses, *_found(case))))
    return case


def _found(case: Case) -> set[str]:
    found = trace_schema(case.schema, canonical=case.operation == "fingerprint")
    match case.operation:
        case "encode":
            found |= trace_written(_parsed(case.schema).node, [case.value])
        case "write-file":
            found |= trace_written_file(case)
        case "decode":
            found |= trace(_parsed(case.schema).node, case.data)
        case "resolve":
            writer, reader = _parsed(case.schema).node, _parsed(case.reader_schema).node
            resolution = trace_resolution(writer, reader, case.data, (case.schema, case.reader_schema))
            return resolution if case.verdict == "reject" else found | resolution
        case "read-file":
            found |= trace_file(case.data)
    return found


def _parsed(schema: object) -> Schema:
    return parse_schema(schema, strict=False)


def trace(node: Node, data: bytes) -> set[str]:
    """Return the clauses that reading `data`, one sound value of `node`, exercises."""
    walk = Walk(data)
    walk.value(node)
    return walk.clauses


def trace_written(node: Node, values: list[Any]) -> set[str]:
    """Return the clauses that writing `values` exercises."""
    found: set[str] = set()
    for value in values:
        walk = Walk(encode(node, value, DEFAULT_LIMITS), written=True)
        walk.value(node)
        found |= walk.clauses
    return found


FILE: Final = frozenset(
    ("file.schema", "file.header.magic", "file.header.metadata", "file.header.sync", "file.metadata.map", "file.metadata.schema")
)
BLOCK: Final = frozenset(("file.block.count", "file.block.size", "file.block.objects", "file.block.sync", "file.blocks"))


def trace_file(data: bytes) -> set[str]:
    """Return the clauses that reading a sound container file exercises."""
    found = set(FILE)
    parser = StreamParser()
    for piece in (data, b""):
        parser.receive_data(piece)
    header = parser.next_event()
    if not isinstance(header, Header):
        return found
    found.add("file.metadata.codec" if CODEC_KEY.encode() in data[: header.size] else "file.codec.absent")
    found.update(("file.metadata.user",) if header.metadata else ())
    while isinstance(stored := parser.next_event(), StoredBlock):
        walk = Walk(unpack_block(header, stored))
        for _ in range(stored.block.record_count):
            walk.value(header.schema.node)
        found |= walk.clauses
        if walk.data:
            found |= BLOCK | codec_clauses(header.codec)
    return found


def trace_written_file(case: Case) -> set[str]:
    """Return the clauses that writing a container file exercises."""
    records: Any = case.value
    found = trace_written(_parsed(case.schema).node, records) | FILE - {"file.header.metadata"}
    return found | (codec_clauses(case.codec) | BLOCK - {"file.blocks"} if records else set())


def codec_clauses(codec: str) -> set[str]:
    """Return the clauses that a block of data exercises which is compressed by `codec`."""
    found = {f"codec.{codec}"}
    if codec == "deflate":
        found |= {"codec.deflate.no-checksum", "file.compressed"}
    if codec == "snappy":
        found.add("codec.snappy.checksum")
    return found | ({"file.codec.required"} if codec in {"null", "deflate"} else set())
