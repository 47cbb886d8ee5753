"""`python -m benchmarks.hotcold_cost`: what a store costs on Cloudflare, from rows and bytes that are counted here and from list
prices, as Markdown on stdout and as JSON in `benchmarks/results`.

Rows written are counted as D1 bills them; bytes of the database are those of SQLite's pages in use, less those of an empty store.
"""

import argparse
import asyncio
import datetime as dt
import json
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.__main__ import RESULTS
from benchmarks.hotcold import KINDS, MILLION, grid, job
from benchmarks.hotcold_work import DATASET_RECORDS, UPLOADS, Store

UPLOAD_RECORDS: Final = DATASET_RECORDS // UPLOADS
RUNS_A_MONTH: Final = 30 * 24 * 12
"""Runs of a cron of every five minutes."""

EXPIRE_MS: Final = 100 * 365 * 24 * 60 * 60 * 1000
"""An age that no record has."""

GB: Final = 10**9
QUEUE_OPERATIONS: Final = 3
"""Operations of a message of up to 64 KB: it is written, read and deleted."""

ROW_WRITTEN: Final = 1.00
CLASS_A: Final = 4.50
CLASS_B: Final = 0.36
REQUEST: Final = 0.30
QUEUE_OPERATION: Final = 0.40
"""Dollars per million."""

D1_GB: Final = 0.75
R2_GB: Final = 0.015
"""Dollars per GB and month."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hotcold_cost", description=__doc__)
    parser.add_argument("--datasets", type=int, default=500, metavar="N", help="datasets of 100 records (500)")
    parser.add_argument("--quick", action="store_true", help="5 datasets, nothing written")
    args = parser.parse_args()
    result: dict[str, Any] = {
        "version": version("avro-ocf"),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "kinds": {kind: measure(kind, 5 if args.quick else args.datasets) for kind in KINDS},
    }
    print(report(result))
    if not args.quick:
        path = RESULTS / f"hotcold-cost-{result['version']}.json"
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def measure(kind: str, datasets: int) -> dict[str, Any]:
    """Fill a store, archive all of it, and run what the timer does once more, with nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        asyncio.run(_maintain(path))
        empty_bytes = database_bytes(path)
        ingest = job("ingest", folder, kind, datasets)
        hot_bytes = database_bytes(path)
        archive = job("archive", folder)
        index_bytes = database_bytes(path)
        return {
            "records": ingest["record_count"],
            "ingest_rows": sum(ingest["rows_written"].values()),
            "archive_rows": sum(archive["rows_written"].values()),
            "puts": archive["bucket_calls"]["puts"],
            "heads": archive["bucket_calls"]["heads"],
            "hot_bytes": hot_bytes - empty_bytes,
            "index_bytes": index_bytes - empty_bytes,
            "cold_bytes": archive["file_bytes"],
            **dict(zip(("idle_rows", "idle_lists"), asyncio.run(_maintain(path)), strict=True)),
        }


def database_bytes(folder: Path) -> int:
    """Return the bytes of the database's pages that are in use."""
    connection = sqlite3.connect(folder / "hotcold.db")
    try:
        pages, free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
        )
    finally:
        connection.close()
    return (pages - free) * size


async def _maintain(folder: Path) -> tuple[int, int]:
    """Do what the timer does and return the rows that it has written and how often it has listed objects."""
    opened = Store(folder)
    store = await opened.open()
    await store.archive()
    await store.expire(EXPIRE_MS)
    await store.collect()
    opened.sqlite.close()
    return sum(opened.database.rows_written.values()), opened.bucket.lists


def report(result: dict[str, Any]) -> str:
    """Return the tables of a result as Markdown."""
    kinds: list[dict[str, Any]] = [result["kinds"][kind] for kind in KINDS]
    columns = [cell for kind in KINDS.values() for cell in (kind, "$")]
    return "\n".join(
        [
            *grid(f"a million records, {UPLOAD_RECORDS} an upload", ["$ per million", *columns], moved(kinds)),
            "",
            *grid("a month", ["$ per GB", *(cell for kind in KINDS.values() for cell in (f"{kind}: GB", "$"))], kept(kinds)),
            "",
            *grid("else", ["$ per million", "count", "$"], others(kinds)),
        ]
    )


def moved(kinds: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what it costs to take a million records in and to archive them."""
    uploads = MILLION / UPLOAD_RECORDS
    lines: dict[str, tuple[float, list[float]]] = {
        "D1: rows written, uploads": (ROW_WRITTEN, [per_million(kind, "ingest_rows") for kind in kinds]),
        "D1: rows written, archiver": (ROW_WRITTEN, [per_million(kind, "archive_rows") for kind in kinds]),
        "R2: puts (class A)": (CLASS_A, [per_million(kind, "puts") for kind in kinds]),
        "R2: heads (class B)": (CLASS_B, [per_million(kind, "heads") for kind in kinds]),
        "Workers: requests": (REQUEST, [uploads for _ in kinds]),
    }
    cells = {name: [f"{price:.2f}", *pairs(price, counts)] for name, (price, counts) in lines.items()}
    sums = [sum(price * counts[place] / MILLION for price, counts in lines.values()) for place in range(len(kinds))]
    cells["all"] = ["", *(cell for dollars in sums for cell in ("", f"{dollars:.2f}"))]
    return cells


def kept(kinds: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what it costs to keep a million records for a month."""
    lines = {
        "a million records hot, in D1": (D1_GB, "hot_bytes"),
        "the same cold, in R2": (R2_GB, "cold_bytes"),
        "their index, in D1": (D1_GB, "index_bytes"),
    }
    cells: dict[str, list[str]] = {}
    for name, (price, field) in lines.items():
        sizes = [per_million(kind, field) / GB for kind in kinds]
        cells[name] = [f"{price:.3f}", *(cell for size in sizes for cell in (f"{size:.3f}", f"{price * size:.4f}"))]
    return cells


def others(kinds: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what other things cost."""
    idle_rows, idle_lists = (max(kind[field] for kind in kinds) * RUNS_A_MONTH for field in ("idle_rows", "idle_lists"))
    lines = {
        "a million reads of a cold dataset: requests": (REQUEST, MILLION),
        "a million reads of a cold dataset: R2 gets (class B)": (CLASS_B, MILLION),
        "the uploads above by queue: operations": (QUEUE_OPERATION, QUEUE_OPERATIONS * MILLION // UPLOAD_RECORDS),
        "a month of cron with nothing to do: D1 rows written": (ROW_WRITTEN, idle_rows),
        "the same: R2 lists (class A), for every 1,000 objects": (CLASS_A, idle_lists),
    }
    return {name: [f"{price:.2f}", *pairs(price, [count])] for name, (price, count) in lines.items()}


def per_million(kind: dict[str, Any], field: str) -> float:
    """Return a figure for a million records."""
    return float(kind[field] * MILLION / kind["records"])


def pairs(price: float, counts: list[float]) -> list[str]:
    """Return each count, and what it costs."""
    return [cell for count in counts for cell in (f"{count:,.0f}", f"{price * count / MILLION:.4f}")]


if __name__ == "__main__":
    main()
