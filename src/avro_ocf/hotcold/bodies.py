"""What is posted, as records: lines of JSON, a JSON array, or a container file. No files and no network here.

In text for a table with a schema, what JSON has no word for is tagged, as `avro_ocf.extended_json` says. A table without a schema
holds plain JSON, in which `{"$bytes": "3q0="}` is an object of one key and nothing else.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

from avro_ocf import extended_json, json_text
from avro_ocf.api import Schema
from avro_ocf.container.block import StoredBlock, decode_block, unpack_block
from avro_ocf.container.header import MAGIC, Header
from avro_ocf.container.parser import StreamParser
from avro_ocf.errors import DatumError, LimitError
from avro_ocf.hotcold.stored_schemas import writes_alike
from avro_ocf.hotcold.table import Table
from avro_ocf.json_text import BYTE_ORDER_MARK, without_mark

BODY_BYTES: Final = 256 * 1024 * 1024
"""Bytes that the records of one container file may take, unpacked: a few of its bytes can stand for very many."""

LEAST_RECORD_BYTES: Final = 100
"""What a record counts for at least, since it takes memory however few bytes it has."""

_ARRAY: Final = re.compile(rb"\s*\[")


def is_ocf(data: bytes) -> bool:
    """Return whether `data` begins as a container file does; no JSON text begins so."""
    return data.startswith(MAGIC)


def records_of_text(data: bytes, table: Table) -> list[Any]:
    """Return the records of UTF-8 text: one on each line, blank lines apart, or all in one JSON array, which begins with `[`.

    A byte order mark before it, or before a line where files were joined, is passed over.
    Raises `DatumError` for what cannot be read, which names the line or, in an array, the record (`record` is its index in both
    cases) and the path in it. Whether a record fits the table's schema is for `HotCold.ingest` to tell.
    """
    tags = bool(table.schemas)
    data = without_mark(data)
    if _ARRAY.match(data):
        return _records_of_array(data, tags)
    records: list[Any] = []
    for number, line in _lines(data):
        try:
            records.append(_loads(line, tags))
        except DatumError as error:
            raise _told_at(f"line {number}", error, len(records)) from None
    return records


def told_by_line(error: DatumError, data: bytes) -> DatumError:
    """Return `error`, which is about a record of `data`, text of one record a line, so that it names the line.

    An error about no record and one about a JSON array, or about a container file, is returned as it is.
    """
    if error.record is None or is_ocf(data) or _ARRAY.match(without_mark(data)):
        return error
    for index, (number, _) in enumerate(_lines(data)):
        if index == error.record:
            return _told_at(f"line {number}", error, index)
    return error


def records_of_ocf(
    data: bytes, table: Table, table_version: int | None = None, *, most_bytes: int = BODY_BYTES
) -> tuple[list[Any], int]:
    """Return the records of a container file, and the version of `table` that they are of.

    Where the file's schema is that of a version, apart from docs, defaults and aliases, they are of that version, else they are
    read as the newest one asks; with `table_version`, as that one asks. Unions keep their branches, as `Schema.decode` says.
    Records for a table of JSON are returned as they are.

    Raises `FormatError` and `SchemaError` for what is wrong in the file, `LimitError` for records of more than `most_bytes`,
    `ResolutionError` when the version cannot read the file's schema, and `NotFoundError` when there is no such version.
    """
    version = table.version_of(table_version)
    parser = StreamParser()
    parser.receive_data(data)
    parser.receive_data(b"")
    header = cast("Header", parser.next_event())  # of a whole file, the first event is nothing else
    wanted = {number: schema for number, schema in table.schemas.items() if table_version in {None, number}}
    like = _version_like(header.schema, wanted)
    reader_schema = table.schemas.get(version) if like is None else None
    branches = bool(table.schemas)
    header.schema.decoder(reader_schema, branches=branches)  # a file without records must fit as well
    records: list[Any] = []
    size = 0
    while isinstance(stored := parser.next_event(), StoredBlock):
        # Unpacked twice: what it takes must be known before there are records of it.
        size += max(len(unpack_block(header, stored)), LEAST_RECORD_BYTES * stored.block.record_count)
        if size > most_bytes:
            raise LimitError(
                f"the records take more than {most_bytes} bytes: post them in several files",
                offset=stored.block.start_byte,
                block=stored.block_index,
            )
        records += decode_block(header, stored, reader_schema, branches=branches)
    return records, version if like is None else like


def _records_of_array(data: bytes, tags: bool) -> list[Any]:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DatumError(f"not UTF-8: {error}") from None
    try:
        return cast("list[Any]", extended_json.loads(text, tags=tags))
    except DatumError as error:
        raise _told_in_array(error, text, tags) from None


def _told_in_array(error: DatumError, text: str, tags: bool) -> DatumError:
    """Return the error of an array's text so that it names the record or, where the array ends too early or late, the line."""
    try:
        json_text.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        return error
    except json.JSONDecodeError as broken:
        return DatumError(f"line {broken.lineno}: not JSON: {broken.msg}, at column {broken.colno}")
    for index, (start, end) in enumerate(json_text.array_items(text)):
        try:
            extended_json.loads(text[start:end], tags=tags)
        except DatumError as found:
            return DatumError(found.message, found.path, index)
    return error


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, counted from 1."""
    for number, marked in enumerate(data.split(b"\n"), 1):
        line = marked.removeprefix(BYTE_ORDER_MARK)
        if line and not line.isspace():
            yield number, line


def _loads(line: bytes, tags: bool) -> object:
    try:
        return extended_json.loads(line.decode(), tags=tags)
    except UnicodeDecodeError as error:
        raise DatumError(f"not UTF-8: {error}") from None


def _told_at(place: str, error: DatumError, index: int) -> DatumError:
    told = DatumError(error.message, error.path, index)
    told.args = (": ".join(part for part in (place, error.path, error.message) if part),)
    return told


def _version_like(schema: Schema, versions: dict[int, Schema]) -> int | None:
    """Return the version of the same text or else the newest that writes the same as `schema`, or None."""
    for version, known in versions.items():
        if known.json == schema.json:
            return version
    return max((version for version, known in versions.items() if writes_alike(known, schema)), default=None)
