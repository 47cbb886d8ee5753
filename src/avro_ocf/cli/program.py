"""`main`: from arguments to an exit code. A failure is one line on stderr and code 1, misuse is code 2."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from avro_ocf.cli import demo, inspection, oracle, records, rewrite, serve, store_maintenance, store_records, worker
from avro_ocf.cli.limits import way_out
from avro_ocf.cli.output import CommandError, escaped, note, write_line
from avro_ocf.errors import AvroError

MISUSE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell reports for a program that SIGINT or SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, with `sys.argv` for `arguments` by default, and return its exit code. Misuse raises `SystemExit(2)`."""
    args = argparse.Namespace()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if not given:
            parser().print_help(sys.stderr)
            return MISUSE
        parser().parse_args(given, args)
        if sys.stdin is None or sys.stdout is None:  # as after `<&-` and `>&-` in a shell
            return _fail("standard input and output must be open")
        try:
            args.run(args)
        finally:
            sys.stdout.flush()  # what was read before an error is data too
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter's own flush would complain
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (AvroError, CommandError) as error:
        return _fail(f"{error}{way_out(args, str(error))}")
    except RecursionError:
        return _fail("nested deeper than Python's stack allows")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename is not None else str(error))
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `run`, the function that gets the parsed arguments."""
    top = _Parser(
        prog="avro-ocf",
        description="Avro Object Container Files: write, read, inspect, join and repair them; and a store of hot and cold records.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for family in (records, inspection, rewrite, store_records, store_maintenance, demo, serve, worker, oracle):
        family.add_commands(commands)
    return top


class _Parser(argparse.ArgumentParser):
    """Tells of misuse as of all else: what a shell puts in place of `*` is a file's name too."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is left over at once, so that the usage is that of the command."""
        known, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return known, left


class _Version(argparse.Action):
    """Looks the version up when it is asked for, since that takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            write_line(f"avro-ocf {version('avro-ocf')}")
        except PackageNotFoundError:
            write_line("avro-ocf, a copy that is not installed")
        parser.exit()


def _fail(message: str) -> int:
    note("avro-ocf: " + message.replace("\n", " "))
    return 1
