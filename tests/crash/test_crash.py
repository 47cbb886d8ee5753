"""Real crashes: processes killed at work on a store in a real file and a real directory.

`python -m tests.crash --kills 5000` does the same for longer.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.adapters.sqlite import SQLite
from tests.crash import check
from tests.crash.child import post, set_up
from tests.crash.rounds import Rounds
from tests.crash.uploads import upload
from tests.selection import quick_of

pytestmark = pytest.mark.host

KILLS = 50
POSTED = [upload(number) for number in range(12)]


@pytest.mark.parametrize("seed", quick_of(range(4), 0))
def test_processes_are_killed_and_every_upload_is_there_once(tmp_path: Path, seed: int, tell: Callable[[str], None]) -> None:
    report = Rounds(tmp_path, seed).run(KILLS)
    tell(str(report))
    # Else most kills came too late or too early, and the store was hardly put to the test.
    assert report.interrupted.total() >= report.kills / 2
    assert report.interrupted["archive"]
    assert report.half_done


# That the checks above can fail.


async def fill(folder: Path) -> None:
    with SQLite(folder / "hotcold.db") as database:
        store = check.opened(folder, database)
        await set_up(store, 0)
        for given in POSTED:
            await post(store, given)
        await store.archive()
        for given in POSTED:
            await post(store, given)


async def double(folder: Path) -> None:
    with SQLite(folder / "hotcold.db") as database:
        store = check.opened(folder, database)
        await store.ingest(POSTED[0].dataset_id, POSTED[0].table, POSTED[0].records, timestamp=POSTED[0].timestamp_ms)


async def lose(folder: Path) -> None:
    """Lose what is cold, totals included, as when a file is marked dead that nothing replaces."""
    with closing(sqlite3.connect(folder / "hotcold.db")) as connection, connection:
        connection.execute("UPDATE archived_files SET state = 'dead'")
        connection.execute("UPDATE ledger SET accepted_records = 0, cold_records = 0, cold_bytes = 0, raw_bytes = 0")


def test_a_store_as_it_should_be_passes(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path))
    assert check.check(tmp_path, POSTED, range(len(POSTED))) == {*range(len(POSTED))}
    check.settle(tmp_path, POSTED)


@pytest.mark.parametrize(("harm", "finding"), [(double, "too often by"), (lose, "acknowledged and lost")])
def test_a_store_that_is_not_fails(tmp_path: Path, harm: Callable[[Path], Coroutine[Any, Any, None]], finding: str) -> None:
    asyncio.run(fill(tmp_path))
    asyncio.run(harm(tmp_path))
    with pytest.raises(AssertionError, match=finding):
        check.check(tmp_path, POSTED, range(len(POSTED)))
