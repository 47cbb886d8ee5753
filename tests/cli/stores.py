"""A store on a disk for the tests of its commands, what each of its datasets holds, and ways to damage it."""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold import HotCold
from tests.cli.commands import EXAMPLES, Run, json_lines, weather_records

EARLY = ("Sapporo", "Wakkanai", "Kushiro")
LATE = ("Nemuro", "Abashiri")
STATIONS = EARLY + LATE
NOTES = [{"n": 1, "text": "a"}, {"n": 2.0, "tag": {"$bytes": "3q0="}}, {"n": 3}]
NOTES_MS = [1_764_000_000_000, 1_764_000_000_000, 1_764_000_001_000]


def station_records(station: str) -> list[dict[str, Any]]:
    """Return the example's records of one station, in order of time."""
    return [record for record in weather_records() if record["station"] == station]


def make_store(folder: Path) -> None:
    """Make a store of two tables, `weather` with a schema and `notes` without, and one dataset for each station.

    The first 15 readings of each station are in one of two objects, EARLY stations in the older; the last 5 are hot. Of the notes
    of Sapporo, two are cold and one is hot.
    """
    folder.mkdir()
    with SQLite(folder / "hotcold.db") as database:
        asyncio.run(_fill(HotCold(database, Directory(folder / "cold"))))


async def _fill(store: HotCold) -> None:
    await store.add_table("weather", (EXAMPLES / "weather.avsc").read_text(), timestamp_field="time")
    await store.ingest("Sapporo", "notes", NOTES[:2], timestamp=NOTES_MS[0], period_tag="2025-11")
    for stations in (EARLY, LATE):
        for station in stations:
            await store.ingest(station, "weather", station_records(station)[:15], upload_id="early", period_tag="2025-11")
        assert (await store.archive()).result == "done"
    for station in STATIONS:
        await store.ingest(station, "weather", station_records(station)[15:], period_tag="2025-11")
    await store.ingest("Sapporo", "notes", NOTES[2:], timestamp=NOTES_MS[2], period_tag="2025-11")


def read_records(run: Run, dataset: str, table: str, *more: object) -> list[Any]:
    """Return what `read` prints of a dataset in `store`."""
    return json_lines(run("read", "--store", "store", f"--dataset={dataset}", "--table", table, *more).stdout)


def assert_reads_right(run: Run, stations: Iterable[str] = STATIONS) -> None:
    """Assert that the notes and some stations read as they were made."""
    assert read_records(run, "Sapporo", "notes") == NOTES
    for station in stations:
        assert read_records(run, station, "weather") == station_records(station)


def sql(store: Path, statement: str, *params: object) -> list[Any]:
    """Run a statement on a store's database, past the store."""
    with closing(sqlite3.connect(store / "hotcold.db")) as database, database:
        return database.execute(statement, params).fetchall()


class Place(NamedTuple):
    """Where the cold records of a station are."""

    path: Path
    start_byte: int
    length: int


def place_of(store: Path, station: str) -> Place:
    """Return where the only block of a station is."""
    ((path, start, length),) = sql(
        store,
        """SELECT f.file_path, b.start_byte, b.length FROM block_indexes b JOIN archived_files f ON f.id = b.file_id
          WHERE b.dataset_id = ? AND b.table_name = 'weather'""",
        station,
    )
    return Place(store / "cold" / path, start, length)
