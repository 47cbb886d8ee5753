"""Schedules drawn from a seed: who works at the same time, in what order, and what goes wrong. And how every schedule ends.

A schedule ends with a store at rest: faults stop, each call that is still on its way happens or never does, and a few rounds of
maintenance leave nothing hot, staged, dead or stray. Then all of it is read back.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

from avro_ocf.hotcold import Settings, sql
from avro_ocf.hotcold.ingest import RESETTING
from tests.hotcold.simulation import actors
from tests.hotcold.simulation.actors import EVERYTHING, Client, Range
from tests.hotcold.simulation.bases import Base, group_of
from tests.hotcold.simulation.invariants import END
from tests.hotcold.simulation.limits import ALL_TIMES_MS, LAST_SETTINGS, POISON_PARTS, SETTINGS, large_pages
from tests.hotcold.simulation.scheduler import Actor, Dice, Fate, ViolationError, faults_of
from tests.hotcold.simulation.truth import DATASETS, STRAY, TABLES, Sent

ROUNDS: Final = 3
"""How many rounds of maintenance bring any store to rest."""

STEPS: Final = 600
"""Steps of a schedule before its actors are all crashed."""

FAULTS: Final = (0.0, 0.05, 0.15, 0.35)
"""How often a write meets a fault, by schedule; a query meets a third as many."""

RESETS: Final = 0.06
"""How many schedules have somebody wipe the store."""

JUMPS_MS: Final = (10, 40, 200, ALL_TIMES_MS)


class Schedule:
    """What both sources share: a world brought back, its clients, and the end."""

    def __init__(self, base: Base, settings: Settings) -> None:
        self.base = base
        self.kind = base.invariants.kind
        self.world = base.world
        self.settings = settings
        self.scheduler = base.begin()
        self.book = base.invariants.book

    def client(self, name: str) -> Client:
        """Return a new process."""
        return Client(name, self.world, self.base.invariants, self.settings)

    def finish(self, is_applied: Callable[[], bool], *, compacts: bool) -> None:
        """End all faults, decide on each late call, bring the store to rest, and check all of it. Raises `ViolationError`."""
        scheduler = self.scheduler
        scheduler.end()
        if any(call.caller.is_reset for call in scheduler.late):
            self.go_on_after_reset()
        while scheduler.late:
            if is_applied():
                scheduler.apply_late(0)
            else:
                scheduler.drop_late(0)
        with large_pages():
            self.rest(Client(END, self.world, self.base.invariants, LAST_SETTINGS), compacts=compacts)

    def end_reset(self) -> None:
        """Run a reset that was stopped again."""
        if self.book.is_resetting or self.world.query(sql.READ_SETTING, RESETTING):
            self.scheduler.run_calm(END, actors.reset(self.client(END)))

    def go_on_after_reset(self) -> None:
        """End a reset and take in records, which none of its calls that are still on their way may touch."""
        self.end_reset()
        now = self.world.now_ms
        sent = self.book.new_upload(self.kind, (DATASETS[0], TABLES[0]), [(20, now)], upload_id="afterwards", timestamp_ms=now)
        self.scheduler.run_calm(END, actors.ingest(self.client(END), sent))

    def rest(self, client: Client, *, compacts: bool) -> None:
        """Bring the store to rest, and check all of it."""
        scheduler = self.scheduler
        self.end_reset()
        with self.base.invariants.looking_away():
            for _ in range(ROUNDS):
                self.maintain(client, compacts=compacts)
                if self.is_at_rest():
                    break
            else:
                raise ViolationError(f"the store has not come to rest after {ROUNDS} rounds")
        report = scheduler.run_calm(END, client.store.verify())
        for problem in report.problems:
            if not actors.is_there(self.book, problem):
                raise ViolationError(f"verify, at rest, found {problem}")
        for table in TABLES:
            for dataset_id in DATASETS:
                wanted = self.book.readable(dataset_id, table)
                if wanted:
                    scheduler.run_calm(END, actors.read(client, (dataset_id, table)))
                if client.read_before.get((dataset_id, table), frozenset()) != wanted:
                    raise ViolationError(f"{dataset_id}/{table} does not read back")

    def maintain(self, client: Client, *, compacts: bool) -> None:
        """Run one round of maintenance."""
        scheduler = self.scheduler
        scheduler.pass_time(ALL_TIMES_MS)
        report = scheduler.run_calm(END, client.store.archive())
        if report.result != "done":
            raise ViolationError(f"an archiver that nobody disturbs ended as {report.result!r}")
        if compacts:
            scheduler.run_calm(END, client.store.compact())
        scheduler.pass_time(ALL_TIMES_MS)
        scheduler.run_calm(END, client.store.collect())

    def is_at_rest(self) -> bool:
        """Return whether nothing is hot, staged, dead or stray."""
        (hot_rows,) = self.world.query("SELECT COUNT(*) FROM buffer_logs")[0]
        files = self.world.query("SELECT file_path, state FROM archived_files WHERE state <> 'gone'")
        strays = self.world.objects.keys() - dict(files).keys()
        # What the stray object holds may have expired or been wiped. It is kept then, since nothing tells that from a loss.
        return not hot_rows and all(state == "live" for _, state in files) and strays <= ({STRAY} if self.book.removed else set())


@contextmanager
def told(schedule: Schedule, arguments: str) -> Iterator[None]:
    """Add to a violation what came before it, and how to see it again."""
    try:
        yield
    except ViolationError as violation:
        command = f"python -m tests.hotcold.simulation {arguments}"
        text = f"{violation}\n\n{schedule.base.name}, {schedule.settings}\n{schedule.scheduler.told()}\n\n{command}"
        raise ViolationError(text) from violation
    finally:
        schedule.scheduler.end()


class _Random(Schedule):
    def __init__(self, base: Base, settings: Settings, dice: Dice) -> None:
        super().__init__(base, settings)
        self.dice = dice
        self.fault = dice.pick(FAULTS)
        self.sticky = dice.pick((0.0, 0.0, 0.8))
        self.sent: list[Sent] = []
        self.victim: Actor | None = None
        self.writes_left = 0

    def run(self) -> None:
        dice, scheduler = self.dice, self.scheduler
        opening = self.client("opening")
        for index in range(dice.below(4)):
            self.sent.append(self.upload(f"opening-{index}"))
            scheduler.run_calm("opening", actors.ingest(opening, self.sent[-1]))
        for index in range(3 + dice.below(5)):
            name, make = dice.pick(MAKERS)
            client = self.client(f"{name}-{index}")
            scheduler.start(client.name, make(self, client))
        if dice.chance(RESETS):
            scheduler.start("reset", actors.reset(self.client("reset")))
        self.victim = dice.pick(scheduler.actors) if scheduler.actors and dice.chance(0.5) else None
        self.writes_left = dice.below(6)
        last: Actor | None = None
        for _ in range(STEPS):
            self.between()
            awake = [actor for actor in scheduler.actors if actor is not self.victim or self.writes_left >= 0] or scheduler.actors
            if not awake:
                break
            if last not in awake or not dice.chance(self.sticky):
                last = dice.pick(awake)
            if last is not self.victim or not self.stalls(last):
                scheduler.step(last, self.fate(last))
        self.finish(lambda: dice.chance(0.5), compacts=dice.chance(0.3))

    def stalls(self, actor: Actor) -> bool:
        """Return whether the victim stops here, before one of its writes, until all others have ended; much time passes then."""
        if actor.call is None or actor.call.is_read or self.writes_left < 0:
            return False
        self.writes_left -= 1
        if self.writes_left < 0:
            self.scheduler.pass_time(self.dice.pick(JUMPS_MS))
        return self.writes_left < 0

    def between(self) -> None:
        dice, scheduler = self.dice, self.scheduler
        if scheduler.late and dice.chance(0.1):
            scheduler.apply_late(dice.below(len(scheduler.late)))
        if dice.chance(0.05):
            scheduler.pass_time(dice.pick(JUMPS_MS))

    def fate(self, actor: Actor) -> Fate:
        if actor.call is None or not self.dice.chance(self.fault / 3 if actor.call.is_read else self.fault):
            return Fate.DONE
        return self.dice.pick(faults_of(actor.call))

    # What actors do

    def place(self) -> tuple[str, str]:
        return self.dice.pick(DATASETS), TABLES[self.dice.chance(0.15)]

    def upload(self, upload_id: str | None = None, place: tuple[str, str] | None = None) -> Sent:
        dice = self.dice
        now = self.world.now_ms
        sizes = [(dice.pick((1, 20, 60)), now - dice.below(400)) for _ in range(dice.below(6))]
        timestamp_ms = now - dice.below(400) if dice.chance(0.6) else None
        period_tag = dice.pick((None, None, "p1"))
        place = place or self.place()
        return self.book.new_upload(self.kind, place, sizes, upload_id=upload_id, timestamp_ms=timestamp_ms, period_tag=period_tag)

    async def ingest(self, client: Client) -> None:
        for index in range(1 + self.dice.below(3)):
            sent = self.upload(f"{client.name}-{index}" if self.dice.chance(0.8) else None)
            self.sent.append(sent)
            await actors.ingest(client, sent)

    async def redeliver(self, client: Client) -> None:
        """Send again what others have sent or are sending."""
        for _ in range(1 + self.dice.below(3)):
            if known := [sent for sent in self.sent if sent.upload_id is not None]:
                await actors.ingest(client, self.dice.pick(known))

    async def impose(self, client: Client) -> None:
        """Send other content by the id of another upload."""
        if known := [sent for sent in self.sent if sent.upload_id is not None and sent.payloads]:
            first = self.dice.pick(known)
            second = self.upload(first.upload_id, (first.dataset_id, first.table))
            if second.payloads:
                await actors.ingest(client, second)

    async def archive(self, client: Client) -> None:
        for _ in range(1 + self.dice.below(3)):
            await actors.archive(client)

    async def compact(self, client: Client) -> None:
        for _ in range(1 + self.dice.below(2)):
            await actors.compact(client)

    async def collect(self, client: Client) -> None:
        for _ in range(1 + self.dice.below(2)):
            await actors.collect(client)

    async def expire(self, client: Client) -> None:
        await actors.expire(client, self.dice.pick((30, 100, 200, 400, 1_000, 100_000)))

    async def read(self, client: Client) -> None:
        place = self.place()
        for _ in range(1 + self.dice.below(3)):
            await actors.read(client, place, self.times(), as_file=self.dice.chance(0.25))

    def times(self) -> Range:
        now = self.world.now_ms
        return EVERYTHING if self.dice.chance(0.7) else Range(now - 100 - self.dice.below(900), now - self.dice.below(200))

    async def poison(self, client: Client) -> None:
        place = self.place()
        group = group_of(self.kind, place[1])
        await actors.poison(client, place, group, 1 + self.dice.below(POISON_PARTS), self.world.now_ms - self.dice.below(400))

    async def evolve(self, client: Client) -> None:
        if self.kind.schemas:
            await actors.evolve(client)


Maker = Callable[[_Random, Client], Coroutine[Any, Any, None]]

_WEIGHTED: Final[tuple[tuple[int, str, Maker], ...]] = (
    (5, "ingest", _Random.ingest),
    (2, "redeliver", _Random.redeliver),
    (1, "impose", _Random.impose),
    (6, "archive", _Random.archive),
    (4, "compact", _Random.compact),
    (4, "collect", _Random.collect),
    (3, "expire", _Random.expire),
    (4, "read", _Random.read),
    (1, "poison", _Random.poison),
    (1, "evolve", _Random.evolve),
    (1, "verify", lambda _, client: actors.verify(client)),
)

MAKERS: Final = tuple((name, make) for weight, name, make in _WEIGHTED for _ in range(weight))


def run_seed(bases: dict[str, Base], seed: int) -> Schedule:
    """Run the schedule that a number stands for. Raises `ViolationError`."""
    dice = Dice(seed)
    base = bases[dice.pick(sorted(bases))]
    schedule = _Random(base, dice.pick(SETTINGS), dice)
    with told(schedule, f"--seed {seed}"):
        schedule.run()
    return schedule
