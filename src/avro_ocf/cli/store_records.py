"""The commands that bring records into a store and back: table add, ingest, read."""

import argparse
from typing import TYPE_CHECKING

from avro_ocf import DatumError, FormatError, Schema, SchemaError
from avro_ocf.cli.arguments import Commands, add_command, add_json, add_store, add_with, natural, schema_file
from avro_ocf.cli.output import CommandError, binary_stdout, name_of, opened, write_json_text, write_line
from avro_ocf.cli.store import opened_store, wait_for, write_report

if TYPE_CHECKING:
    from avro_ocf.hotcold import HotCold
    from avro_ocf.hotcold.reports import IngestReport


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    table = commands.add_parser(
        "table", help="the tables of a store", description="Commands about a store's tables.", allow_abbrev=False
    )
    add = add_command(
        table.add_subparsers(metavar="COMMAND", required=True, help="add: a schema for a table"),
        table_add_command,
        "a schema for a table",
        "add",
    )
    add.add_argument("name", metavar="NAME", help="the table")
    add.add_argument("schema", metavar="S.avsc", help="a record's schema, as JSON")
    add_with(add)
    add.add_argument(
        "--timestamp-field", metavar="FIELD", help="the field that holds a record's time (default: that of the versions before)"
    )
    ingest = add_command(commands, ingest_command, "records into a store")
    read = add_command(commands, read_command, "records of a dataset, hot and cold as one")
    for command in (add, ingest, read):
        add_store(command)
    for command in (ingest, read):
        command.add_argument("--dataset", required=True, metavar="ID", help="the dataset, such as a user's id")
        command.add_argument("--table", required=True, metavar="NAME", help="the table")
    ingest.add_argument("--timestamp", type=natural, metavar="MS", help="the upload's time (default: now)")
    ingest.add_argument("--period", metavar="TAG", help="begins the names of objects (default: the time's month)")
    ingest.add_argument("--id", metavar="ID", help="the upload's id: the same again is a no-op (default: random)")
    ingest.add_argument("--uploaded-by", metavar="WHO", help="is kept with hot rows, for operators")
    ingest.add_argument("--table-version", type=natural, metavar="N", help="check records against this version (default: newest)")
    add_json(ingest)
    ingest.add_argument("file", metavar="FILE", help="JSON lines, a JSON array or a container file; - is stdin")
    read.add_argument("--from", dest="from_ms", type=natural, metavar="MS", help="only records of this time and later")
    read.add_argument("--to", dest="to_ms", type=natural, metavar="MS", help="only records before this time")
    read.add_argument(
        "--format",
        choices=("ndjson", "json", "ocf"),
        default="ndjson",
        help="JSON lines, one JSON array, or a container file (default: %(default)s)",
    )


def table_add_command(args: argparse.Namespace) -> None:
    """Register a schema as the newest version of table NAME and print the version's number; one that is there keeps its own."""
    schema = schema_file(args.schema, args.known)
    with opened_store(args.store, "create") as store:
        version = wait_for(_add_table(store, args, schema))
    write_line(str(version))


def ingest_command(args: argparse.Namespace) -> None:
    """Store the records of FILE as one upload: all of them, or none if one does not fit."""
    with opened(args.file) as file:
        data = file.read()
    with opened_store(args.store, "create") as store:
        report = wait_for(_ingest(store, args, data))
    write_report(report, as_json=args.json)


def read_command(args: argparse.Namespace) -> None:
    """Print the records of one dataset and table in order of time, whether they are hot or cold."""
    with opened_store(args.store, "fail") as store:
        wait_for(_read(store, args))


async def _add_table(store: "HotCold", args: argparse.Namespace, schema: Schema) -> int:
    field = args.timestamp_field
    if field is None:
        field = (await store.table(args.name)).timestamp_field
    return await store.add_table(args.name, schema, timestamp_field=field)


async def _ingest(store: "HotCold", args: argparse.Namespace, data: bytes) -> "IngestReport":
    from avro_ocf.hotcold.bodies import is_ocf, records_of_text, told_by_line

    table = await store.table(args.table)
    name = name_of(args.file)
    try:
        return await store.ingest(
            args.dataset,
            args.table,
            data if is_ocf(data) else records_of_text(data, table),
            timestamp=args.timestamp,
            period_tag=args.period,
            upload_id=args.id,
            uploaded_by=args.uploaded_by,
            table_version=args.table_version,
        )
    except DatumError as error:
        if error.record is None and error.path:  # it is about an option
            raise
        told = str(told_by_line(error, data))
        raise CommandError(f"{name}{', ' if told.startswith(('line ', 'record ')) else ': '}{told}") from error
    except (FormatError, SchemaError) as error:
        raise CommandError(f"{name}: {error}") from error


async def _read(store: "HotCold", args: argparse.Namespace) -> None:
    times = {name: value for name, value in (("from_ms", args.from_ms), ("to_ms", args.to_ms)) if value is not None}
    if args.format == "ocf":
        out = binary_stdout()
        async for data in store.read(args.dataset, args.table, format="ocf", **times):
            out.write(data)
        return
    before = "[" if args.format == "json" else ""
    async for line in store.read(args.dataset, args.table, format="ndjson", **times):
        write_json_text(before + line)
        before = before and ","
    if before:  # an array has no end if a record cannot be read
        write_json_text("]" if before == "," else "[]")
