"""The command oracle: an implementation of Avro in any language, tested against the specification."""

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from avro_ocf.cli.arguments import Commands, add_command, add_json, folder, positive
from avro_ocf.cli.output import CommandError, note, write_json, write_line, write_table
from avro_ocf.cli.store import progress

if TYPE_CHECKING:
    from avro_ocf.oracle.cases import Operation
    from avro_ocf.oracle.runner.known import KeptFailure
    from avro_ocf.oracle.runner.run import Run, Tally

OPERATIONS: Final[tuple["Operation", ...]] = (
    "parse",
    "encode",
    "decode",
    "resolve",
    "read-file",
    "write-file",
    "fingerprint",
)


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    oracle = add_command(commands, oracle_command, "test any implementation of Avro")
    oracle.add_argument("command", nargs="*", metavar="COMMAND", help="after --, what starts the testee, with its arguments")
    oracle.add_argument("--cases", type=positive, default=500, metavar="N", help="of each operation (default: %(default)s)")
    oracle.add_argument("--seed", type=seed, default="1", metavar="TEXT", help="other cases for each text (default: %(default)s)")
    oracle.add_argument(
        "--operations", type=operations, default=OPERATIONS, metavar="NAMES", help="some of " + ",".join(OPERATIONS)
    )
    oracle.add_argument("--known", metavar="FILE", help="failures of a report, each with a reason why it is known")
    oracle.add_argument("--replay", metavar="FILE", help="put the cases of a report's failures, and no others")
    oracle.add_argument("--report", metavar="FILE", help="write what --json prints to a file as well")
    oracle.add_argument("--timeout-ms", type=positive, default=10_000, metavar="N", help="for each answer (default: %(default)s)")
    oracle.add_argument("--memory-bytes", type=positive, default=1 << 30, metavar="N", help="for the testee (default: %(default)s)")
    oracle.add_argument("--export", type=folder, metavar="DIR", help="write the cases to files in DIR instead")
    add_json(oracle)


def operations(text: str) -> "tuple[Operation, ...]":
    """Return the operations of a list with commas."""
    chosen = text.split(",")
    if not {*chosen} <= {*OPERATIONS}:
        raise argparse.ArgumentTypeError(f"{text!r} is no list with commas of some of {','.join(OPERATIONS)}")
    return tuple(operation for operation in OPERATIONS if operation in chosen)


def seed(text: str) -> str:
    """Return a seed, which is text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from error
    return text


def oracle_command(args: argparse.Namespace) -> None:
    """Put cases to a testee, a command that answers lines of JSON with lines of JSON, and tell where it disagrees.

    See docs/oracle.md for the lines. It fails if there is a disagreement that is not known.
    """
    if bool(args.command) == bool(args.export):
        args.misuse("either -- and a COMMAND or --export DIR is wanted")
    if args.export:
        from avro_ocf.oracle.runner.corpus import export

        note(f"{args.export}: {export(Path(args.export), args.seed, args.cases, args.operations)} files written")
        return
    tally = _tally(args)
    _tell(tally, args)
    problems = []
    if tally.unexpected:
        problems.append(f"{tally.unexpected} disagreement{'s' * (tally.unexpected != 1)}")
    problems += [f"no longer fails: {kept.case.operation}, {kept.outcome}: {kept.why}" for kept in tally.healed]
    if problems:
        raise CommandError("; ".join(problems))


def _tally(args: argparse.Namespace) -> "Tally":
    from avro_ocf.oracle.runner.process import CodecProcess
    from avro_ocf.oracle.runner.run import BadTesteeError, Run

    known = _kept(args.known) if args.known else []
    if any(not entry.why for entry in known):
        raise CommandError(f"{args.known}: a known failure has a reason why it is known")
    replayed = _kept(args.replay) if args.replay else None
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # the testee must end as well
    try:
        with (
            CodecProcess(args.command, timeout_ms=args.timeout_ms, memory_bytes=args.memory_bytes) as process,
            progress("oracle") as tell,
        ):
            run = Run(process, seed=args.seed, operations=args.operations, tell=tell)
            run.known(known)
            return run.cases(args.cases) if replayed is None else _replay(run, replayed)
    except BadTesteeError as error:
        raise CommandError(f"{args.command[0]}: {error}") from error


def _replay(run: "Run", kept: "list[KeptFailure]") -> "Tally":
    for entry in kept:
        if entry.case.operation in run.operations:
            run.one(entry.case)
    return run.tally


def _kept(path: str) -> "list[KeptFailure]":
    from avro_ocf.oracle.runner.known import kept_failures

    try:
        return kept_failures(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise CommandError(f"{path}: {error}") from error


def _tell(tally: "Tally", args: argparse.Namespace) -> None:
    from avro_ocf.oracle.runner import report

    if args.report:
        Path(args.report).write_text(report.dumps(report.as_json(tally)), "utf-8")
    if args.json:
        write_json(report.as_json(tally))
        return
    write_table(("operation", *report.COUNTS), report.operation_rows(tally))
    if rows := report.clause_rows(tally):
        write_line("")
        write_table(("clause", *report.COUNTS), rows)
    write_line("")
    write_line(report.exercised(tally))
    for operation in tally.given_up:
        write_line(f"{operation} was given up, for too many cases had no answer")
    for failure in sorted(tally.failures, key=lambda failure: (bool(failure.why), -failure.count)):
        if failure.count:
            write_line("")
            for line in report.failure_lines(failure):
                write_line(line)
