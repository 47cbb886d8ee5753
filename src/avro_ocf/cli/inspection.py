"""The commands that tell about a file or a schema: schema, meta, index, codegen; and verify, which is for stores as well."""

import argparse
import json

from avro_ocf import Reader, scan_blocks, schema_warnings
from avro_ocf.cli.arguments import (
    Commands,
    add_command,
    add_file,
    add_json,
    add_reader_schema,
    add_store,
    add_with,
    reader_schema,
    schema_file,
    schema_of,
)
from avro_ocf.cli.limits import add_limits, limits
from avro_ocf.cli.output import CommandError, is_container, name_of, reading, write_json, write_json_text, write_line, write_table
from avro_ocf.cli.store_maintenance import verify_store
from avro_ocf.limits import DEFAULT_LIMITS


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    schema = add_command(commands, schema_command, "a file's schema, or a schema with the types that it uses")
    meta = add_command(commands, meta_command, "a file's codec, sync marker and metadata")
    index = add_command(commands, index_command, "where a file's blocks are")
    verify = add_command(commands, verify_command, "read a file or a store to its end")
    for command in (meta, index):
        command.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    for command in (schema, meta, index):
        add_file(command)
    add_store(verify, required=False)
    verify.add_argument("--repair", action="store_true", help="write a store's index and totals anew where they are wrong")
    add_json(verify)
    verify.add_argument("file", nargs="?", metavar="FILE", help="a container file; - is stdin")
    codegen = add_command(commands, codegen_command, "the Python source made for a schema")
    add_reader_schema(codegen, "the schema to decode to, if it is another")
    schema.add_argument("--check", action="store_true", help="print what is most likely a mistake instead of the schema")
    for command in (schema, codegen):
        add_with(command)
    for command in (schema, meta, index, verify, codegen):
        add_limits(command)
    codegen.add_argument("schema", metavar="S.avsc", help="a schema as JSON")


def schema_command(args: argparse.Namespace) -> None:
    """Print the schema that FILE was written with, or that FILE itself is, with the types that it uses of those --with it.

    With --check, print what in it is most likely a mistake instead, one line each; the code is 1 if there is any.
    """
    with reading(args.file) as file:
        if is_container(file):
            with Reader(file, limits=limits(args)) as reader:
                schema = reader.header.schema
        else:
            schema = schema_of(file.read(), args.known, strict=False, limits=limits(args))
    if not args.check:
        write_json_text(json.dumps(json.loads(schema.json), indent=2, ensure_ascii=False))
        return
    warnings = schema_warnings(schema)
    for warning in warnings:
        write_line(warning)
    if warnings:
        raise CommandError(f"{name_of(args.file)}: {len(warnings)} warning{'s' * (len(warnings) != 1)}")


def meta_command(args: argparse.Namespace) -> None:
    """Print what FILE's header says besides the schema; a value that is no text is shown in hexadecimal digits."""
    with reading(args.file) as file, Reader(file, limits=limits(args)) as reader:
        header = reader.header
    facts = {"codec": header.codec, "sync_marker": header.sync_marker.hex(), "header_bytes": header.size}
    metadata = {key: _shown(value) for key, value in header.metadata.items()}
    if args.json:
        write_json({**facts, "metadata": metadata})
    else:
        write_table(("name", "value"), [*facts.items(), *((f"metadata {key}", value) for key, value in metadata.items())])


def index_command(args: argparse.Namespace) -> None:
    """Print where the blocks of FILE start, how many bytes they take and how many records they hold. No block is decompressed."""
    with reading(args.file) as file:
        blocks = scan_blocks(file, limits=limits(args))
        if args.json:
            for block in blocks:
                write_json(block._asdict())
        else:
            write_table(("start_byte", "length", "record_count"), blocks)


def verify_command(args: argparse.Namespace) -> None:
    """Decode every record of FILE, or check every object, row and total of the store in DIR.

    The first thing that is wrong in a file is told with its byte, block and record; of a store, all that is wrong is told.
    """
    if (args.file is None) == (args.store is None):
        args.misuse("give either FILE or --store DIR")
    if args.store is not None:
        if limits(args) != DEFAULT_LIMITS:
            args.misuse("--max-block and --limits are for a file")
        verify_store(args)
        return
    if args.repair:
        args.misuse("--repair is for a store; for a file, see salvage")
    with reading(args.file) as file, Reader(file, limits=limits(args)) as reader:
        count = sum(1 for _ in reader)
    if args.json:
        write_json({"file": name_of(args.file), "record_count": count})
    else:
        write_line(f"{name_of(args.file)}: ok, {count} record{'s' * (count != 1)}")


def codegen_command(args: argparse.Namespace) -> None:
    """Print the Python functions that encode data of a schema, and that decode it, to another schema where one is given."""
    schema = schema_file(args.schema, args.known, strict=False, limits=limits(args))
    decoder = schema.decoder(reader_schema(args))
    for source in (schema.encoder.source, decoder.source):
        for line in source.split("\n"):
            write_line(line)


def _shown(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.translate(dict.fromkeys(map(ord, "\t\n\r"))).isprintable() else value.hex()
