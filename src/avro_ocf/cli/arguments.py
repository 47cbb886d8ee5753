"""How commands take arguments.

An argument of the wrong form is misuse, which argparse reports with code 2; a schema file that is wrong is a failure, code 1.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from avro_ocf import AvroError, DatumError, Limits, Schema, UnsupportedCodecError, parse_schema
from avro_ocf.cli.limits import limits
from avro_ocf.cli.output import CommandError
from avro_ocf.container.compression import codec_for_writing
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.sources import json_object

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

UNITS_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def add_command(commands: Commands, run: Callable[[Namespace], None], summary: str, name: str = "") -> ArgumentParser:
    """Add the command that `run`, called NAME_command, carries out. Its docstring is the help; `args.misuse` exits with code 2."""
    name = name or run.__name__.removesuffix("_command")
    command = commands.add_parser(name, help=summary, description=run.__doc__, allow_abbrev=False)
    command.set_defaults(run=run, misuse=command.error)
    return command


def add_file(command: ArgumentParser) -> None:
    """Add the argument FILE, which is `args.file`."""
    command.add_argument("file", metavar="FILE", help="a container file; - is stdin")


def add_store(command: ArgumentParser, *, required: bool = True) -> None:
    """Add the option --store, which is `args.store`."""
    command.add_argument("--store", type=folder, required=required, metavar="DIR", help="the store: DIR/hotcold.db and DIR/cold/")


def add_json(command: ArgumentParser) -> None:
    """Add the option --json, which is `args.json`."""
    command.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def folder(text: str) -> str:
    """Return the path of a folder, which may be still to be made."""
    if not text:
        raise ArgumentTypeError("the path of a folder is not empty")
    return text


def age_ms(text: str) -> int:
    """Return the milliseconds of an age such as 30d: a whole number of seconds, minutes, hours or days."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS_MS or not number.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number with a unit: s, m, h or d")
    return int(number) * UNITS_MS[unit]


def natural(text: str) -> int:
    """Return a number that is not negative."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def positive(text: str) -> int:
    """Return a number of at least 1."""
    if not natural(text):
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def port(text: str) -> int:
    """Return the number of a port, or 0."""
    if natural(text) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)


def byte_range(text: str) -> tuple[int, int]:
    """Return START and LENGTH of START:LENGTH, both in bytes."""
    start, _, length = text.partition(":")
    if not (start.isdecimal() and length.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not START:LENGTH in bytes")
    return int(start), int(length)


def codec(text: str) -> str:
    """Return the name of a codec that can be written here."""
    try:
        codec_for_writing(text)
    except UnsupportedCodecError as error:
        raise ArgumentTypeError(str(error)) from error
    return text


def add_level(command: ArgumentParser) -> None:
    """Add the option --level, which is `args.level`, for a command with --codec."""
    command.add_argument("--level", type=int, metavar="N", help="how hard the codec tries: deflate, xz 0 to 9, bzip2 1 to 9")


def check_level(args: Namespace) -> None:
    """Exit with code 2 where the codec has no such level."""
    try:
        codec_for_writing(args.codec, args.level)
    except DatumError as error:
        args.misuse(f"argument --level: {error}")


def sync_marker(text: str) -> bytes:
    """Return 16 bytes of hexadecimal digits."""
    try:
        marker = bytes.fromhex(text)
    except ValueError:
        marker = b""
    if len(marker) != 16:
        raise ArgumentTypeError(f"{text!r} is not 32 hexadecimal digits")
    return marker


def add_reader_schema(command: ArgumentParser, summary: str) -> None:
    """Add the option --reader-schema, which `reader_schema` reads."""
    command.add_argument("--reader-schema", metavar="R.avsc", help=summary)


def add_with(command: ArgumentParser) -> None:
    """Add the option --with, which is `args.known`."""
    command.add_argument(
        "--with",
        dest="known",
        action="append",
        default=[],
        metavar="FILE",
        help="a schema whose named types are used but not defined; may be given several times, in any order",
    )


def schema_file(path: str, known: Sequence[str], *, strict: bool = True, limits: Limits = DEFAULT_LIMITS) -> Schema:
    """Return the schema in the file `path`, which may use the types in the files `known`. Raises `CommandError` and `OSError`."""
    data = Path(path).read_bytes()
    try:
        return schema_of(data, known, strict=strict, limits=limits)
    except AvroError as error:
        raise CommandError(f"{path}: {error}") from error


def schema_of(data: bytes, known: Sequence[str], *, strict: bool = True, limits: Limits = DEFAULT_LIMITS) -> Schema:
    """Return the schema that `data` is the text of, as `schema_file` does. Raises `AvroError` besides, which names no file."""
    others = []
    for path in known:
        other = Path(path).read_bytes()
        try:
            others.append(json_object(other))
        except AvroError as error:
            raise CommandError(f"{path}: {error}") from error
    return parse_schema(data, known=others, strict=strict, limits=limits)


def reader_schema(args: Namespace) -> Schema | None:
    """Return the schema of the option --reader-schema, or None. What files may have it may have. Raises as `schema_file`."""
    if args.reader_schema is None:
        return None
    return schema_file(args.reader_schema, args.known, strict=False, limits=limits(args))
