"""The commands that turn JSON lines into a file's records and back: encode, cat, head, count."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, cast

from avro_ocf import DatumError, Header, Reader, Schema, Writer, decode_blocks, parse_schema, scan_blocks
from avro_ocf.cli.arguments import (
    Commands,
    add_command,
    add_file,
    add_level,
    add_reader_schema,
    add_with,
    byte_range,
    check_level,
    codec,
    natural,
    reader_schema,
    schema_file,
    sync_marker,
)
from avro_ocf.cli.limits import add_limits, limits
from avro_ocf.cli.ndjson import Lines
from avro_ocf.cli.output import CommandError, name_of, opened, reading, write_json_text, write_line, writing
from avro_ocf.extended_json import check_plain, dumps
from avro_ocf.reference.shortening import Shortener
from avro_ocf.schema.inference import infer
from avro_ocf.schema.model import Union


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    encode = add_command(commands, encode_command, "JSON lines to a file")
    encode.add_argument("--schema", metavar="S.avsc", help="the records' schema (default: inferred, to fit exactly)")
    encode.add_argument("--codec", type=codec, default="deflate", help="compression of the blocks (default: %(default)s)")
    add_level(encode)
    encode.add_argument("--plain", action="store_true", help='take JSON as it is: nothing in it is a tag such as {"$bytes": ...}')
    encode.add_argument("--by", metavar="FIELD", help="one block for each value of FIELD, in order of appearance")
    encode.add_argument(
        "--sync-marker", type=sync_marker, metavar="HEX", help="16 bytes (default: random, so no two files are equal)"
    )
    encode.add_argument("input", metavar="IN.ndjson", help="one record a line, or a JSON array of records; - is stdin")
    encode.add_argument("output", metavar="OUT.avro", help="written whole or not at all; - is stdout")

    cat = add_command(commands, cat_command, "records as JSON lines")
    cat.add_argument("--block", type=byte_range, metavar="START:LENGTH", help="only these whole blocks; no other is read")
    head = add_command(commands, head_command, "the first records as JSON lines")
    head.add_argument("-n", type=natural, default=10, metavar="N", help="how many (default: %(default)s)")
    for command in (cat, head):
        command.add_argument("--plain", action="store_true", help="without tags; what JSON has no word for is an error")
        add_reader_schema(command, "resolve the records to this schema")
    count = add_command(commands, count_command, "the number of records")
    for command in (encode, cat, head):
        add_with(command)
    for command in (encode, cat, head, count):
        add_limits(command)
    for command in (cat, head, count):
        add_file(command)


def encode_command(args: argparse.Namespace) -> None:
    """Write the records of IN.ndjson to OUT.avro."""
    check_level(args)
    with ExitStack() as stack:
        given = None if args.schema is None else schema_file(args.schema, args.known, limits=limits(args))
        source = stack.enter_context(opened(args.input))
        if given is None and not source.seekable():
            source = stack.enter_context(_spooled(source))
        arrays = given is None or not _may_be_array(given)
        lines = Lines(source, name_of(args.input), tags=not args.plain, arrays=arrays)
        stack.enter_context(lines.errors_named())
        if given is None:
            schema = parse_schema(infer(lines, "Record"), limits=limits(args))
            source.seek(0)
        else:
            schema = given
        out = stack.enter_context(writing(args.output))
        writer = stack.enter_context(Writer(out, schema, codec=args.codec, level=args.level, sync_marker=args.sync_marker))
        if args.by is None:
            writer.write_many(lines)
        else:
            for records in lines.grouped(args.by):
                writer.write_block(records)


def cat_command(args: argparse.Namespace) -> None:
    """Print the records of FILE, one JSON object a line. What JSON has no word for is tagged, as in {"$bytes": "3q0="}.

    So is what `encode` would take for another branch of its union: it makes the same records of what is printed.
    """
    wanted = reader_schema(args)
    with reading(args.file) as file, Reader(file, wanted, branches=not args.plain, limits=limits(args)) as reader:
        records = _range_records(file, reader.header, args, wanted) if args.block else iter(reader)
        _print_records(records, wanted or reader.header.schema, plain=args.plain)


def head_command(args: argparse.Namespace) -> None:
    """Print the first N records of FILE, one JSON object a line."""
    wanted = reader_schema(args)
    with reading(args.file) as file, Reader(file, wanted, branches=not args.plain, limits=limits(args)) as reader:
        records = islice(reader, min(args.n, sys.maxsize))
        _print_records(records, wanted or reader.header.schema, plain=args.plain)


def count_command(args: argparse.Namespace) -> None:
    """Print the number of records in FILE. Blocks tell theirs, so nothing is decompressed."""
    with reading(args.file) as file:
        write_line(str(sum(block.record_count for block in scan_blocks(file, limits=limits(args)))))


def _print_records(records: Iterable[object], schema: Schema, *, plain: bool) -> None:
    """Print records of `schema`, which name the branches of unions unless they are `plain`."""
    shortener = Shortener(schema.node, schema.limits)
    for number, record in enumerate(records):
        if plain:
            _check_plain(record, number)
        write_json_text(dumps(shortener.short(record) if shortener.is_needed and not plain else record, tags=not plain))


def _check_plain(record: object, number: int) -> None:
    try:
        check_plain(record)
    except DatumError as error:
        raise DatumError(f"{error.message}; without --plain it is printed as a tag", error.path, number) from None


def _range_records(file: BinaryIO, header: Header, args: argparse.Namespace, reader_schema: Schema | None) -> Iterator[object]:
    start, length = args.block
    size = file.seek(0, os.SEEK_END)
    if start + length > size:
        raise CommandError(f"bytes {start}:{length} are not all in the file, which has {size}")
    file.seek(start)
    return decode_blocks(header, file.read(length), reader_schema, start_byte=start, branches=not args.plain)


def _may_be_array(schema: Schema) -> bool:
    """Tell whether a datum of `schema` may be an array: a line of JSON that begins as one is a datum then."""
    return "array" in {branch.type for branch in (schema.node.branches if isinstance(schema.node, Union) else [schema.node])}


def _spooled(source: BinaryIO) -> BinaryIO:
    """Return what a pipe gives as a temporary file, which can be read twice."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(source, copy)
    copy.seek(0)
    return cast("BinaryIO", copy)
