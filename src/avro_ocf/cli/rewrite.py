"""The commands that make a new file of old ones: concat, recode, salvage."""

import argparse
from collections.abc import Iterator
from typing import BinaryIO

from avro_ocf import AvroError, concat, recode, salvage
from avro_ocf.cli.arguments import Commands, add_command, add_level, check_level, codec
from avro_ocf.cli.limits import add_limits, limits
from avro_ocf.cli.output import CommandError, name_of, note, opened, reading, start_of, told, write_json, writing
from avro_ocf.files.splice import check_place


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    joined = add_command(commands, concat_command, "several files as one")
    joined.add_argument("sources", nargs="+", metavar="FILE", help="container files; - is stdin")
    recoded = add_command(commands, recode_command, "a file in another codec")
    recoded.add_argument("source", metavar="IN", help="a container file; - is stdin")
    recoded.add_argument("--codec", type=codec, required=True, help="compression of the new file's blocks")
    add_level(recoded)
    salvaged = add_command(commands, salvage_command, "what is intact of a damaged file")
    salvaged.add_argument("source", metavar="BAD", help="a damaged container file; - is stdin")
    salvaged.add_argument("--json", action="store_true", help="print the report as JSON to stdout, not as text to stderr")
    for command in (joined, recoded, salvaged):
        command.add_argument("-o", dest="output", required=True, metavar="OUT", help="written whole or not at all; - is stdout")
        add_limits(command)


def concat_command(args: argparse.Namespace) -> None:
    """Write the records of several files to one, in order, with the schema, codec and metadata of the first.

    Blocks are copied as they are where the schema has the same canonical form and logical types; the records of others are resolved
    to that schema, each value as the branch of a union that it was.
    """
    reached, start = "", b""

    def files() -> Iterator[BinaryIO]:
        nonlocal reached, start
        for reached in args.sources:
            with opened(reached) as file:
                start = start_of(file)
                yield file

    with writing(args.output) as out:
        try:
            concat(files(), out, limits=limits(args))
        except AvroError as error:
            raise told(reached, error, start) from error


def recode_command(args: argparse.Namespace) -> None:
    """Write the blocks of IN to OUT in another compression codec. Records are not decoded."""
    check_level(args)
    with reading(args.source) as source, writing(args.output) as out:
        recode(source, out, codec=args.codec, level=args.level, limits=limits(args))


def salvage_command(args: argparse.Namespace) -> None:
    """Write every intact block of BAD to OUT and say what was lost, which is no failure.

    A block that may be sound, and is left out for a limit, is one: OUT has the others, and the code is 1.
    """
    if args.json and args.output == "-":
        args.misuse("--json and -o - both write to stdout")
    with reading(args.source) as source, writing(args.output) as out:
        report = salvage(source, out, limits=limits(args))
        check_place(report, args.source, args.output)
    if args.json:
        write_json(
            {
                "kept_records": report.record_count,
                "kept_blocks": len(report.kept),
                "lost_bytes": report.lost_bytes,
                "lost": [lost._asdict() for lost in report.lost],
            }
        )
    else:
        note(f"kept {report.record_count} records in {len(report.kept)} blocks")
        for lost in report.lost:
            what = "lost" if lost.is_damaged else "left out a block of"
            note(f"{what} {lost.length} bytes from byte {lost.start_byte}: {lost.reason}")
    if report.refused:
        count = len(report.refused)
        told = f"{count} block{'s' * (count != 1)} that may be sound left out of {name_of(args.output)}"
        raise CommandError(f"{name_of(args.source)}: {told}: {report.refused[0].reason}")
