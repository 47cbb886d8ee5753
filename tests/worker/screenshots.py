"""Make the pictures of the monitoring page that the documentation shows: `python -m tests.worker.screenshots`."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.cli.demo_records import BATTLE_SCHEMA, BATTLES, NOVEMBER_MS, SETTINGS, TIMESTAMP_FIELD, posts_of, user_name
from avro_ocf.hotcold import HotCold
from tests.hotcold.stores import DAY_MS, Clock, make_token
from tests.worker.browser import chromium
from tests.worker.serving import serving
from tests.worker.web import ADMIN

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
USERS: Final = 50
RUNS: Final = 24
EVERY_MS: Final = DAY_MS // 4

VIEWS: Final[dict[str, dict[str, Any]]] = {
    "monitoring": {"width": 1120, "height": 1000},
    "monitoring-dark": {"width": 1120, "height": 1000, "dark": True},
    "monitoring-phone": {"width": 360, "height": 780, "scale": 1.25},
}


class BusyClock(Clock):
    """A clock that goes on with each look at it."""

    def __call__(self) -> int:
        self.now_ms += 7
        return self.now_ms


@contextmanager
def demo_store() -> Iterator[HotCold]:
    """Give a store in which users have posted for six days, and the archiver ran every six hours."""
    clock = BusyClock(NOVEMBER_MS)
    with tempfile.TemporaryDirectory() as folder, SQLite(Path(folder, "hotcold.db")) as database:
        store = HotCold(database, Directory(Path(folder, "cold")), clock=clock, token=make_token())
        asyncio.run(fill(store, clock))
        yield store


async def fill(store: HotCold, clock: Clock) -> None:
    random = Random(1)
    await store.add_table(BATTLES, BATTLE_SCHEMA, timestamp_field=TIMESTAMP_FIELD)
    for run in range(RUNS + 1):
        start = clock.now_ms = NOVEMBER_MS + run * EVERY_MS
        for number in range(1, USERS + 1):
            user = user_name(number)
            battles, settings, *_ = posts_of(user, run).early
            if random.random() < 0.7:
                few = battles.records[: random.randrange(5, 25)]
                records = [{**record, TIMESTAMP_FIELD: start + at * 60_000} for at, record in enumerate(few)]
                await store.ingest(user, BATTLES, records, timestamp=start)
            if run == RUNS - 5:
                await store.ingest(user, SETTINGS, settings.records * 9, timestamp=start)
        clock.now_ms = start + EVERY_MS
        if run < RUNS:
            await store.archive()
    await store.collect()
    clock.now_ms -= EVERY_MS - 47 * 60_000


def main() -> None:
    """Write the pictures: what a screen shows at first."""
    IMAGES.mkdir(exist_ok=True)
    with demo_store() as store, serving(store) as url, chromium() as browser:
        for name, view in VIEWS.items():
            page = browser.page(**view)
            page.open(f"{url}#token={ADMIN}")
            page.wait("!document.getElementById('data').hidden")
            (IMAGES / f"{name}.png").write_bytes(page.picture())


if __name__ == "__main__":
    main()
