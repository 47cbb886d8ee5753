"""What the store tells of itself: `status`, `doctor`, pause and resume."""

import json
from typing import Any, Final

from avro_ocf.errors import AvroError, DamagedError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import PAUSED, Context, bind
from avro_ocf.hotcold.ingest import RESETTING
from avro_ocf.hotcold.migrations import READ_VERSION, VERSION
from avro_ocf.hotcold.ports import Row, Statement
from avro_ocf.hotcold.reports import Check, DoctorReport, StatusReport
from avro_ocf.hotcold.strays import PROBE, UNKNOWN_OBJECTS
from avro_ocf.hotcold.tables import bad_tables

LAG_MS: Final = 24 * 60 * 60 * 1000
"""An archive that lags so far behind is not being run."""


async def status(context: Context) -> StatusReport:
    """Return what the store holds, in one batch that reads totals and no records."""
    files, *rest = await context.database.batch([bind(sql.LATEST_FILES_CHECKED), *status_statements()])
    return status_report(context, files, rest)


def status_statements() -> list[Statement]:
    """Return what `status_report` needs besides the latest files."""
    return [
        bind(sql.READ_SETTING, PAUSED),
        bind(sql.READ_SETTING, UNKNOWN_OBJECTS),
        bind(sql.READ_SETTING, RESETTING),
        bind(sql.READ_LEDGER),
        bind(sql.OLDEST_ROW),
        bind(sql.COUNT_STATE, "staged"),
        bind(sql.COUNT_STATE, "dead"),
        bind(sql.LATEST_RUNS),
        bind(sql.READ_QUARANTINE),
        bind(sql.COUNT_POISON),
        bind(sql.LATEST_POISON),
    ]


def status_report(context: Context, files: list[Row], rest: list[list[Row]]) -> StatusReport:
    """Return the report of the latest `files`, each with the sums of its blocks, and of the answers to `status_statements`."""
    paused, unknown, resetting, ledger, oldest, staged, dead, runs, quarantine, poison, latest = rest

    def total(column: str) -> int:
        return sum(int(row[column]) for row in ledger)

    return StatusReport(
        is_paused=bool(paused) and paused[0]["value"] == "yes",
        hot_records=total("hot_records"),
        hot_bytes=total("hot_bytes"),
        oldest_row_ms=max(0, context.clock() - int(oldest[0]["created_at"])) if oldest else None,
        cold_records=total("cold_records"),
        cold_bytes=total("cold_bytes"),
        raw_bytes=total("raw_bytes"),
        expired_records=total("expired_records"),
        quarantined_records=total("quarantined_records"),
        staged_files=int(staged[0]["file_count"]),
        dead_files=int(dead[0]["file_count"]),
        unknown_objects=int(unknown[0]["value"]) if unknown else None,
        poison_messages=int(poison[0]["message_count"]),
        is_resetting=bool(resetting),
        tables=[dict(row) for row in ledger],
        files=[_checked(row) for row in files],
        runs=[_run(row) for row in runs],
        quarantine=[dict(row) for row in quarantine],
        poison=[dict(row) for row in latest],
    )


def _run(row: Row) -> Any:
    try:
        return json.loads(row["report"])
    except ValueError as error:
        raise DamagedError(f"table archive_runs: the report of a run is not JSON: {error}") from None


def _checked(row: Row) -> dict[str, Any]:
    size, header, blocks = row["file_size"], row["header_size"], row["total_length"]
    return {**row, "is_consistent": row["state"] != "live" or size - header == blocks}


async def set_paused(context: Context, value: str) -> None:
    """Keep archivers from starting (`yes`) or let them (`no`); one that is at work goes on to its end."""
    await context.database.batch([bind(sql.WRITE_SETTING, PAUSED, value)])


async def doctor(context: Context) -> DoctorReport:
    """Check every line of the deployment's checklist that can be checked from here. Errors become lines, they are not raised."""
    checks: list[Check] = []
    for name, check in (
        ("database", _check_database),
        ("tables", _check_tables),
        ("bucket", _check_bucket),
        ("archive", _check_archive),
    ):
        try:
            checks += await check(context)
        except AvroError as error:
            checks.append(Check(name, is_ok=False, detail=str(error)))
    return DoctorReport(checks)


async def _check_database(context: Context) -> list[Check]:
    (row,) = await context.query(READ_VERSION)
    version = int(row["version"])
    return [Check("database", version == VERSION, f"version {version}; this library works with {VERSION}")]


async def _check_tables(context: Context) -> list[Check]:
    bad = [f"table {name}: {problem}" async for name, problem in bad_tables(context)]
    return [Check("tables", not bad, "; ".join(bad) or "every schema can be read")]


async def _check_bucket(context: Context) -> list[Check]:
    key, content = f"{PROBE}{context.token().hex()}", b"0123456789"
    bucket = context.bucket
    try:
        is_new = await bucket.put(key, [content], if_absent=True)
        is_refused = not await bucket.put(key, [b"other"], if_absent=True)
        part = await bucket.get(key, 2, 3)
        info = await bucket.head(key)
    finally:
        await bucket.delete(key)
    return [
        Check("bucket", is_new and info is not None and info.size == len(content), "objects can be put, found and deleted"),
        Check("put if absent", is_refused, "an object that is there is not overwritten"),
        Check("range reads", part == content[2:5], "a range read returns that range"),
        await _check_clocks(context, info.modified_at_ms if info else 0),
    ]


async def _check_clocks(context: Context, put_at_ms: int) -> Check:
    skew = abs(context.clock() - put_at_ms)
    return Check("clocks", skew < 5 * 60_000, f"this machine's clock and the bucket's differ by {skew} ms")


async def _check_archive(context: Context) -> list[Check]:
    report = await status(context)
    lag, unknown = report.oldest_row_ms or 0, report.unknown_objects or 0
    unfit = [file["file_path"] for file in report.files if not file["is_consistent"]]
    return [
        Check("archive lag", lag < LAG_MS, f"the oldest hot row is {lag} ms old"),
        Check("archiving", not report.is_paused, "paused" if report.is_paused else "not paused"),
        Check("reset", not report.is_resetting, "not finished: run it again" if report.is_resetting else "none is unfinished"),
        Check("index", not unfit, f"blocks do not fill {', '.join(unfit)}" if unfit else "blocks fill the latest files exactly"),
        Check("objects", not unknown, f"{unknown} that no row knows" + ("; `reindex` takes them up" if unknown else "")),
        Check("quarantine", not report.quarantined_records, f"{report.quarantined_records} records in quarantine"),
        Check("messages", not report.poison_messages, f"{report.poison_messages} poison messages of queues"),
    ]
