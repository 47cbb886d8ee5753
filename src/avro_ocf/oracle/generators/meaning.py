"""What the bytes of a damaged file mean now: read by the reference, and not by the reader under test."""

import zlib

from avro_ocf.container.compression import CODECS, codec_for_reading
from avro_ocf.container.header import SYNC_BYTES, Header, decode_header
from avro_ocf.errors import FormatError, LimitError, NeedMoreData, SchemaError
from avro_ocf.oracle.source import Discarded
from avro_ocf.reference.decode import Decoder, plan_zero_byte_values
from avro_ocf.reference.fault import Fault
from avro_ocf.reference.source import Source as Bytes
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import Plan, ReadMap
from avro_ocf.varint import decode_long


def meaning(data: bytes) -> list[object] | None:
    """Return the records of a file, or None where it breaks a sentence of the specification without doubt.

    Where a reader might stop early, such as at a deflated stream without an end whose data are all there, the records are given.
    Raises `Discarded` where readers may rightly differ in what they read.
    """
    try:
        return _records(decode_header(data), data)
    except (
        FormatError,
        NeedMoreData,
        SchemaError,
    ):  # a limit of the header's, too: these files are smaller, so that they end before it
        return None


def _records(header: Header, data: bytes) -> list[object]:
    plan = identity(header.schema.node)
    records: list[object] = []
    pos = header.size
    while pos < len(data):
        count, pos = decode_long(data, pos)
        size, pos = decode_long(data, pos)
        end = pos + size
        if count < 0 or size < 0 or data[end : end + SYNC_BYTES] != header.sync_marker:
            raise FormatError("a block that is none")
        records += _block_records(header, plan, count, data[pos:end])
        pos = end + SYNC_BYTES
    return records


def _block_records(header: Header, plan: Plan, count: int, packed: bytes) -> list[object]:
    codec = header.codec if header.codec in CODECS else header.codec.lower()  # readers may overlook the case
    if not count and (not packed or codec not in CODECS):
        return []
    data = _inflate(packed) if codec == "deflate" else codec_for_reading(codec).decompress(packed, header.schema.limits.block_bytes)
    source = Bytes(data, header.schema.limits, None)
    charge = plan_zero_byte_values(plan)
    if count > (source.budget.limit if charge else len(data)):
        raise Discarded if charge and not data else FormatError("more records than bytes")
    records = []
    pos = 0
    try:
        for _ in range(count):
            source.charge(charge, pos)
            record, pos = _Decoder(source).value(plan, pos, 0)
            records.append(record)
    except Fault as fault:
        if fault.kind is LimitError:
            raise Discarded from None
        raise FormatError(fault.message) from None
    if pos != len(data):
        raise FormatError("the data go on after the records")
    return records


def _inflate(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(packed)
    except zlib.error:
        raise FormatError("no deflate data") from None


class _Decoder(Decoder):
    """Reads values, but no map that has a key twice: the specification does not tell which of the values counts."""

    __slots__ = ()

    def map(self, plan: ReadMap, pos: int, depth: int) -> tuple[object, int]:
        entries, end = super().map(plan, pos, depth)
        left = len(entries) if isinstance(entries, dict) else 0
        while head := self.source.block(pos, 0):
            count, _, pos = head
            left -= count
            if not count:
                break
            for _ in range(count):
                _, pos = self.source.blob(pos)
                _, pos = self.value(plan.values, pos, depth)
        if left:
            raise Discarded
        return entries, end
