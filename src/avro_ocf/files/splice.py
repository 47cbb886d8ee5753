"""Container files made of others: blocks are copied as they are wherever that is possible."""

from collections.abc import Iterable
from typing import BinaryIO

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import Block, StoredBlock, decode_block, join_block
from avro_ocf.container.header import RESERVED, HeaderParser
from avro_ocf.container.parser import END, NEED_DATA
from avro_ocf.container.salvage import LostRange, SalvageParser, SalvageReport
from avro_ocf.errors import DatumError, LimitError, NeedMoreData, TruncatedError
from avro_ocf.files.binary import PathOrFile, Source, is_same_file, replacing
from avro_ocf.files.reader import Reader
from avro_ocf.files.sink import write_all
from avro_ocf.files.writer import Writer
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.resolution.resolve import resolve


def concat(
    sources: Iterable[PathOrFile],
    out: PathOrFile,
    *,
    codec: str | None = None,
    level: int | None = None,
    sync_marker: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Block]:
    """Write the blocks of all `sources` to `out`, with the first one's schema, metadata and (unless given) codec; return the new
    blocks.

    Blocks of a file whose schema has the same canonical form and logical types are not decoded, and not even unpacked if the codec
    is the same and no compression `level` is given; others are read as the first file's schema asks and encoded anew, block by
    block, each value as the branch of a union that it was. A path `out` may be one of the sources: it is replaced at the
    end, and only if all went well. Raises as `Reader` and `Writer`, `ResolutionError` among them, and `DatumError` for no sources.
    """
    if isinstance(sources, str | bytes) or hasattr(sources, "read") or hasattr(sources, "__fspath__"):
        raise TypeError("sources is a list of files, not one")
    writer: Writer | None = None
    with replacing(out) as file:
        for source in sources:
            with Reader(source, limits=limits, logical_types=False) as reader:
                header = reader.header
                if writer is None:
                    metadata = {key: value for key, value in header.metadata.items() if not key.startswith(RESERVED)}
                    writer = Writer(file, header.schema, codec or header.codec, level, metadata, sync_marker)
                _copy(reader, writer)
        if writer is None:
            raise DatumError("no files to join")
        writer.close()
    return writer.blocks


def recode(
    source: PathOrFile,
    out: PathOrFile,
    codec: str = "deflate",
    level: int | None = None,
    *,
    sync_marker: bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Block]:
    """Write `source` to `out` with another codec or level, block by block, and return the new blocks; `out` as in `concat`."""
    return concat([source], out, codec=codec, level=level, sync_marker=sync_marker, limits=limits)


def _copy(reader: Reader, writer: Writer) -> None:
    are_alike = reader.header.schema.encodes_like(writer.header.schema)
    if not are_alike:
        _check_logical_types(reader.header.schema, writer.header.schema)
    for stored in reader.stored_blocks():
        if are_alike:
            writer.copy_block(reader.header, stored)
        elif stored.block.record_count:
            writer.write_block(decode_block(reader.header, stored, writer.header.schema, branches=True))


def _check_logical_types(source: Schema, out: Schema) -> None:
    """Raise `ResolutionError` where raw values would mean something else in `out`, as milliseconds do for microseconds.

    The records themselves are copied raw, so that no value is worded anew or fails on its way through Python's types.
    """
    written, wanted = (parse_schema(schema.json, strict=False, limits=schema.limits).node for schema in (source, out))
    resolve(written, wanted)


def salvage(source: PathOrFile, out: PathOrFile, *, limits: Limits = DEFAULT_LIMITS) -> SalvageReport:
    """Write every intact block of a damaged file to `out`, under the same header, and tell what was lost, byte by byte.

    The header must be whole, since nothing else tells the schema and the sync marker: `FormatError` or `SchemaError` otherwise.
    `UnsupportedCodecError` when its blocks cannot be unpacked here. `out` is as in `concat`, but where it is `source` itself, a
    block that may be kept with larger limits is a `LimitError`, and the file is as it was.
    """
    reader = Source(source)
    try:
        with replacing(out) as file:
            report = _salvage(reader, file, limits)
            check_place(report, source, out)
            return report
    finally:
        reader.close()


def check_place(report: SalvageReport, source: PathOrFile, out: PathOrFile) -> None:
    """Raise `LimitError` where `out` would take the place of `source`, and with it of a block that may be sound."""
    if report.refused and is_same_file(source, out):
        start, _, reason, _ = report.refused[0]
        raise LimitError(f"a block that may be sound would be lost with the file: {reason}", offset=start)


def _salvage(source: Source, out: BinaryIO, limits: Limits) -> SalvageReport:
    header_parser = HeaderParser(limits, logical_types=True)
    prefix = bytearray()
    while True:
        try:
            header = header_parser.parse(prefix)
            break
        except NeedMoreData:
            data = source.read()
            if not data:
                source.check_not_empty()
                raise TruncatedError("the bytes end inside the header", offset=0) from None
            prefix += data
    write_all(out, bytes(prefix[: header.size]))
    report = SalvageReport(header, [], [])
    parser = SalvageParser(header)
    parser.receive_data(bytes(prefix[header.size :]) or source.read())
    while (event := parser.next_event()) is not END:
        if event is NEED_DATA:
            parser.receive_data(source.read())
        elif isinstance(event, LostRange):
            report.lost.append(event)
        elif isinstance(event, StoredBlock):
            write_all(out, join_block(header, event.block.record_count, event.data))
            report.kept.append(event.block)
    return report
