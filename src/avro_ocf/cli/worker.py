"""The commands about a Worker: worker init, worker token."""

import argparse
import os
import time
from typing import Final

from avro_ocf.cli.arguments import Commands, add_command, add_json, age_ms, folder
from avro_ocf.cli.output import note, write_json, write_line
from avro_ocf.cli.serve import DATASET_SECRET

SUMMARY: Final = "what a deployed store needs"

_OPTIONS: Final = (
    ("--name", "battle-store", "the Worker"),
    ("--database-name", "battle-index", "the D1 database"),
    ("--database-id", "put-here-what-d1-create-prints", "its id, if there is one already"),
    ("--bucket-name", "battle-data", "the R2 bucket"),
    ("--queue", "battle-ingest", "the queue of uploads; what nobody can take ends in NAME-dlq"),
    ("--database-binding", "BATTLE_INDEX_DB", "the database in the Worker"),
    ("--bucket-binding", "BATTLE_DATA_BUCKET", "the bucket in the Worker"),
    ("--queue-binding", "BATTLE_INGEST", "the queue in the Worker"),
)


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    worker = commands.add_parser("worker", help=SUMMARY, description="Commands about a store behind HTTP.", allow_abbrev=False)
    subcommands = worker.add_subparsers(metavar="COMMAND", required=True, help="init, token")
    init = add_command(subcommands, worker_init_command, "a folder for wrangler to deploy", "init")
    init.add_argument("folder", type=folder, metavar="DIR", help="a new or empty folder")
    for option, default, what in _OPTIONS:
        init.add_argument(option, metavar="ID" if option.endswith("-id") else "NAME", help=f"{what} (default: {default})")
    init.add_argument("--cron", action="append", metavar="TIMES", help="when to archive, once or more (default: */5 * * * *)")
    init.add_argument("--update", action="store_true", help="give a folder made before this version's library and migrations")
    token = add_command(subcommands, worker_token_command, "a token to write and read one dataset", "token")
    token.add_argument("--dataset", required=True, metavar="ID", help="the dataset, such as a user's id")
    token.add_argument("--expires", type=age_ms, required=True, metavar="AGE", help="how long from now it is valid, such as 30d")
    add_json(token)


def worker_init_command(args: argparse.Namespace) -> None:
    """Write a folder that wrangler deploys as it is: see its README.md. What is there already is never overwritten.

    With --update only the library in it is replaced, and migrations are added.
    """
    from pathlib import Path

    from avro_ocf.worker import deployment

    options = {option[2:].replace("-", "_") for option, _, _ in _OPTIONS}
    given = {name: value for name, value in vars(args).items() if name in options and value is not None}
    if args.cron:
        given["crons"] = tuple(args.cron)
    if args.update:
        if given:
            args.misuse("argument --update: names stand in wrangler.toml")
        count = deployment.update(Path(args.folder))
    else:
        if "queue" in given:
            given["dead_letter_queue"] = f"{args.queue}-dlq"
        count = deployment.create(Path(args.folder), deployment.Names(**given))
    note(f"{args.folder}: {count} files written")


def worker_token_command(args: argparse.Namespace) -> None:
    """Print a token to write and read one dataset, signed with the secret in the variable AVRO_OCF_DATASET_SECRET."""
    from avro_ocf.worker import issue_token

    expires_at_ms = time.time_ns() // 1_000_000 + args.expires
    token = issue_token(os.environ.get(DATASET_SECRET, ""), args.dataset, expires_at_ms)
    if args.json:
        write_json({"token": token, "dataset_id": args.dataset, "expires_at_ms": expires_at_ms})
    else:
        write_line(token)
