"""Prepared worlds: what a schedule begins with. Each is made once by the store itself and brought back for every schedule.

A fresh one has its tables and nothing else. One that was lived in has something for every operation to do: hot rows, small files to
merge, old ones to expire, a dead one to delete, a staged one of an archiver that died, one whose object came too late, and an
object that no row knows.
"""

from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple, TypeVar

from avro_ocf.hotcold.context import Group
from tests.hotcold.simulation import actors
from tests.hotcold.simulation.actors import Client
from tests.hotcold.simulation.invariants import Invariants
from tests.hotcold.simulation.limits import ALL_TIMES_MS, POISON_PARTS, SETTINGS, small_limits
from tests.hotcold.simulation.scheduler import Fate, Scheduler
from tests.hotcold.simulation.truth import DATASETS, KINDS, STRAY, TABLES, Book, Kind
from tests.hotcold.simulation.world import START_MS, World

T = TypeVar("T")

SETUP: Final = SETTINGS[3]
"""Long leases and staged files, and no grace."""


class Base(NamedTuple):
    """A prepared world, and the book of what is in it."""

    name: str
    world: World
    invariants: Invariants
    book: Book

    def begin(self) -> Scheduler:
        """Bring the world back and return a scheduler for it."""
        self.world.rewind()
        self.invariants.book = self.book.copy()
        return Scheduler(self.world, self.invariants)


@contextmanager
def prepared_bases() -> Iterator[dict[str, Base]]:
    """Give all prepared worlds by their names, under small limits, and close them in the end."""
    with small_limits(), ExitStack() as stack:
        bases: dict[str, Base] = {}
        for kind in KINDS.values():
            for is_lived_in in (False, True):
                world = World()
                stack.callback(world.close)
                base = _prepare(kind, world, is_lived_in=is_lived_in)
                bases[base.name] = base
        yield bases


def group_of(kind: Kind, table: str, period_tag: str = "1970-01") -> Group:
    """Return the group of records of the first version."""
    return Group(table, 1 if kind.schemas else 0, period_tag)


def _prepare(kind: Kind, world: World, *, is_lived_in: bool) -> Base:
    invariants = Invariants(world, kind)
    setup = _Setup(kind, world, invariants)
    if kind.schemas:
        for table in TABLES:
            setup.run(setup.client.store.add_table(table, kind.schemas[0], timestamp_field=kind.timestamp_field))
    else:
        setup.run(setup.client.store.table(TABLES[0]))
    if is_lived_in:
        setup.live()
    world.mark()
    return Base(f"{kind.name} {'lived in' if is_lived_in else 'fresh'}", world, invariants, invariants.book)


class _Setup:
    """A store at work, undisturbed but for crashes at certain places."""

    def __init__(self, kind: Kind, world: World, invariants: Invariants) -> None:
        self.kind = kind
        self.world = world
        self.invariants = invariants
        self.scheduler = Scheduler(world, invariants)
        self.client = Client("setup", world, invariants, SETUP)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.scheduler.run_calm("setup", coroutine)

    def live(self) -> None:
        """Go through the life of a store."""
        self.upload(0, 900, 3)
        self.upload(1, 900, 1)
        self.archive()
        path, cold = next(iter(self.invariants.book.cold.items()))
        self.run(self.client.store.compact())
        self.world.now_ms += ALL_TIMES_MS
        self.run(self.client.store.collect())
        assert path not in self.world.objects
        for key in (path, STRAY):  # as a put that was done too late leaves one, and as a database that was restored leaves one
            self.world.put(key, cold.data, if_absent=True)
        self.world.now_ms += ALL_TIMES_MS
        for age_ms in (300, 100):
            self.upload(0, age_ms, 1)
            self.upload(2, age_ms, 1)
            self.archive()
        self.run(self.client.store.compact())
        self.upload(1, 20, 1)
        self.archive()
        self.upload(0, 50, 2)
        self.archive()
        self.upload(1, 10, 2)
        self.crash_archiver("put")
        self.world.now_ms += SETUP.lease_ms + 1
        self.crash_archiver("batch")
        self.upload(0, 0, 3)
        place = (DATASETS[2], TABLES[0])
        self.run(actors.poison(self.client, place, group_of(self.kind, TABLES[0]), POISON_PARTS, self.world.now_ms))
        self.upload(2, 0, 1)

    def upload(self, dataset: int, age_ms: int, count: int) -> None:
        """Ingest some records of the same age, of which the last one has two parts."""
        time_ms = self.world.now_ms - age_ms
        sizes = [(60 if index == count - 1 else 20, time_ms) for index in range(count)]
        place = (DATASETS[dataset], TABLES[0])
        book = self.invariants.book
        sent = book.new_upload(self.kind, place, sizes, upload_id=f"upload-{len(book.uploads)}", timestamp_ms=time_ms)
        self.run(actors.ingest(self.client, sent))

    def archive(self) -> None:
        self.run(self.client.store.archive())

    def crash_archiver(self, kind: str) -> None:
        """Begin to archive, and crash right after the first call of a kind that comes once the file is staged."""
        actor = self.scheduler.start("setup", self.client.store.archive())
        before = len(self.invariants.book.files)
        while actor.call is not None:
            is_last = actor.call.kind == kind and (kind == "put" or "archived_files" in actor.call.tables)
            self.scheduler.step(actor, Fate.CRASH_DONE if is_last else Fate.DONE)
        assert len(self.invariants.book.files) > before


assert START_MS > 3 * ALL_TIMES_MS
