"""`overview`: what the monitoring page shows, in one batch. All but the ledger is bounded, however large the store is."""

from itertools import accumulate
from typing import Any, Final

from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, bind
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.reports import OverviewReport
from avro_ocf.hotcold.status import status_report, status_statements

TABLES: Final = 50
"""Tables that are told of."""

POINTS: Final = 200
"""Points of the history, at most."""

_SUMMED: Final = ("hot_records", "hot_bytes", "cold_records", "cold_bytes", "raw_bytes", "expired_records", "quarantined_records")


async def overview(context: Context) -> OverviewReport:
    """Return what the store holds, the blocks of its latest files and its history.

    The database reads one row for each total, run and message that is told of, and two for each block of the latest ten files.
    """
    files, blocks, runs, *rest = await context.database.batch(
        [bind(sql.OVERVIEW_FILES), bind(sql.OVERVIEW_BLOCKS), bind(sql.OVERVIEW_HISTORY), *status_statements()]
    )
    status = status_report(context, [_with_sums(row, blocks) for row in files], rest)
    tables = _by_name(status.tables)
    return OverviewReport(
        at_ms=context.clock(),
        status=status._replace(tables=tables[:TABLES], runs=[_with_count(run) for run in status.runs]),
        tables_left_out=max(0, len(tables) - TABLES),
        blocks=[{name: value for name, value in row.items() if name != "span"} for row in blocks],
        history=_history(runs[::-1]),
    )


def _with_sums(file: Row, blocks: list[Row]) -> Row:
    own = [row for row in blocks if row["file_id"] == file["id"]]
    sums = {"block_count": sum(int(row["block_count"]) for row in own), "total_length": sum(int(row["length"]) for row in own)}
    return {**file, **sums}


def _with_count(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name != "files"} | {"file_count": len(run["files"])}


def _by_name(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the totals of each table, those of most bytes first."""
    tables: dict[str, dict[str, Any]] = {}
    for row in ledger:
        table = tables.setdefault(row["table_name"], {"table_name": row["table_name"], **dict.fromkeys(_SUMMED, 0)})
        for column in _SUMMED:
            table[column] += int(row[column])
    return sorted(tables.values(), key=lambda table: (-table["hot_bytes"] - table["cold_bytes"], table["table_name"]))


def _history(runs: list[Row]) -> list[dict[str, int]]:
    """Return the sums up to some of the runs, the last one always among them."""
    raw_bytes = accumulate(int(run["raw_bytes"]) for run in runs)
    file_bytes = accumulate(int(run["file_bytes"]) for run in runs)
    points = [
        {"at_ms": int(run["started_at"]), "raw_bytes": raw, "file_bytes": size}
        for run, raw, size in zip(runs, raw_bytes, file_bytes, strict=True)
    ]
    step = -(-len(points) // POINTS) or 1
    return points[::-1][::step][::-1]
