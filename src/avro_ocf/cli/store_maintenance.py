"""The commands that keep a store: archive, status, expire, compact, collect, reset, reindex, pause, resume, doctor."""

import argparse

from avro_ocf.cli.arguments import Commands, add_command, add_json, add_store, age_ms
from avro_ocf.cli.output import CommandError, note, write_json, write_table
from avro_ocf.cli.store import opened_store, plain, progress, wait_for, write_listing, write_report


def add_commands(commands: Commands) -> None:
    """Add this family's commands."""
    archive = add_command(commands, archive_command, "hot records into objects")
    status = add_command(commands, status_command, "what a store holds")
    compact = add_command(commands, compact_command, "fewer and larger objects")
    expire = add_command(commands, expire_command, "mark old objects dead")
    expire.add_argument("--older-than", type=age_ms, required=True, metavar="AGE", help="such as 30d; the units are s, m, h and d")
    collect = add_command(commands, collect_command, "delete what is dead or left behind")
    reset = add_command(commands, reset_command, "remove all records of a store")
    choice = reset.add_mutually_exclusive_group(required=True)
    choice.add_argument("--dry-run", action="store_true", help="only tell what would go")
    choice.add_argument("--yes", action="store_true", help="remove it")
    reindex = add_command(commands, reindex_command, "take up objects that the database does not know")
    doctor = add_command(commands, doctor_command, "check what can go wrong with a store")
    pause = add_command(commands, pause_command, "let no archiver start")
    resume = add_command(commands, resume_command, "let archivers start again")
    for command in (archive, status, compact, expire, collect, reset, reindex, doctor, pause, resume):
        add_store(command)
    for command in (archive, status, compact, expire, collect, reset, reindex, doctor):
        add_json(command)


def archive_command(args: argparse.Namespace) -> None:
    """Move every record that is hot now into objects. Where another archiver is at work, or all are paused, nothing is done."""
    with opened_store(args.store, "fail") as store, progress("archive") as on_progress:
        report = wait_for(store.archive(on_progress=on_progress))
    write_report(report, as_json=args.json)
    if report.result != "done":
        note(f"archive ended early: {report.result}")


def status_command(args: argparse.Namespace) -> None:
    """Print what the store holds: totals, tables, the latest objects and archive runs, what is in quarantine, poison messages."""
    with opened_store(args.store, "fail") as store:
        report = wait_for(store.status())
    write_report(report, as_json=args.json)
    if args.json:
        return
    group = ("table_name", "table_version", "period_tag")
    write_listing("tables", (*group, "hot_records", "cold_records", "expired_records", "quarantined_records"), report.tables)
    write_listing("latest objects", ("id", "file_path", "state", "file_size", "record_count", "is_consistent"), report.files)
    runs = ("started_at_ms", "duration_ms", "result", "record_count", "files")
    write_listing("latest archive runs", runs, report.runs)
    write_listing("quarantine", ("id", "dataset_id", "table_name", "timestamp", "reason"), report.quarantine)
    write_listing("poison messages", ("id", "queue", "message_id", "byte_count", "reason"), report.poison)


def verify_store(args: argparse.Namespace) -> None:
    """Do what `verify --store` is for: print the report, and fail if something is wrong that is not repaired."""
    with opened_store(args.store, "fail") as store, progress("verify") as on_progress:
        report = wait_for(store.verify(repair=args.repair, on_progress=on_progress))
    if args.json:
        write_json({**plain(report), "is_ok": report.is_ok})
    else:
        write_report(report, as_json=False)
        write_listing("problems", ("place", "problem", "is_repaired"), plain(report.problems))
    if not report.is_ok:
        left = sum(not problem.is_repaired for problem in report.problems)
        raise CommandError(f"{args.store}: {left} problem{'s' * (left != 1)} not repaired")


def compact_command(args: argparse.Namespace) -> None:
    """Replace small objects by fewer and larger ones. What they held reads as before."""
    with opened_store(args.store, "fail") as store, progress("compact") as on_progress:
        report = wait_for(store.compact(on_progress=on_progress))
    write_report(report, as_json=args.json)


def expire_command(args: argparse.Namespace) -> None:
    """Mark dead every object whose newest record is older than AGE: its records are not read any more. Hot records stay."""
    with opened_store(args.store, "fail") as store:
        report = wait_for(store.expire(args.older_than))
    write_report(report, as_json=args.json)


def collect_command(args: argparse.Namespace) -> None:
    """Delete the objects that are dead for an hour, and what crashes have left behind."""
    with opened_store(args.store, "fail") as store:
        report = wait_for(store.collect())
    write_report(report, as_json=args.json)


def reset_command(args: argparse.Namespace) -> None:
    """Remove all records, hot and cold, for good; tables keep their schemas."""
    with opened_store(args.store, "fail") as store:
        report = wait_for(store.reset(dry_run=args.dry_run))
    write_report(report, as_json=args.json)


def reindex_command(args: argparse.Namespace) -> None:
    """Take up the objects that the database does not know, as after its loss. Those that cannot be read are told and left."""
    with opened_store(args.store, "rebuild") as store, progress("reindex") as on_progress:
        report = wait_for(store.reindex(on_progress=on_progress))
    write_report(report, as_json=args.json)
    if not args.json:
        write_listing("skipped", ("place", "problem"), plain(report.skipped))


def doctor_command(args: argparse.Namespace) -> None:
    """Check the database, the schemas of tables, the folder of objects, archiving, the index and the quarantine.

    It puts one object of a few bytes, and removes it.
    """
    with opened_store(args.store, "fail") as store:
        report = wait_for(store.doctor())
    if args.json:
        write_json({**plain(report), "is_ok": report.is_ok})
    else:
        write_table(
            ("check", "ok", "detail"), [(check.name, "yes" if check.is_ok else "no", check.detail) for check in report.checks]
        )
    if not report.is_ok:
        failed = ", ".join(check.name for check in report.checks if not check.is_ok)
        raise CommandError(f"{args.store}: not as it should be: {failed}")


def pause_command(args: argparse.Namespace) -> None:
    """Let no archiver start until `resume`; one that is at work goes on to its end."""
    with opened_store(args.store, "fail") as store:
        wait_for(store.pause())


def resume_command(args: argparse.Namespace) -> None:
    """Let archivers start again after `pause`."""
    with opened_store(args.store, "fail") as store:
        wait_for(store.resume())
