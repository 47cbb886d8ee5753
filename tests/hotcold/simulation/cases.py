"""Schedules from an enumeration: every operation with every fault at each of its calls, alone and beside every other operation.

In a case, the first operation runs up to one of its calls, which has a fate. There the second operation, if there is one, runs from
its beginning to its end; it may find that much time has passed. Then the first one goes on, unless it crashed. A call that is to
happen later happens before the first one goes on, when everything has ended, or never.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, NamedTuple

from tests.hotcold.simulation import actors
from tests.hotcold.simulation.actors import Client
from tests.hotcold.simulation.bases import Base, group_of
from tests.hotcold.simulation.limits import ALL_TIMES_MS, POISON_PARTS, SETTINGS
from tests.hotcold.simulation.scheduler import LATER, Fate, faults_of
from tests.hotcold.simulation.schedules import Schedule, told
from tests.hotcold.simulation.truth import DATASETS, TABLES

Operation = Callable[[Schedule, Client], Coroutine[Any, Any, None]]

PLACE: Final = (DATASETS[0], TABLES[0])


def _ingest(schedule: Schedule, client: Client, upload_id: str | None = "another") -> Coroutine[Any, Any, None]:
    now = schedule.world.now_ms
    sizes = [(20, now - 5), (60, now - 20), (20, now - 5)]
    sent = schedule.book.new_upload(schedule.kind, PLACE, sizes, upload_id=upload_id, timestamp_ms=now - 10)
    return actors.ingest(client, sent)


def _redeliver(schedule: Schedule, client: Client) -> Coroutine[Any, Any, None]:
    """Send again the last upload of the dataset."""
    sent = [sent for sent in schedule.book.uploads.values() if sent.upload_id is not None and sent.dataset_id == PLACE[0]]
    return actors.ingest(client, sent[-1])


def _poison(schedule: Schedule, client: Client) -> Coroutine[Any, Any, None]:
    return actors.poison(client, PLACE, group_of(schedule.kind, PLACE[1]), POISON_PARTS, schedule.world.now_ms - 7)


OPERATIONS: Final[dict[str, Operation]] = {
    "ingest": _ingest,
    "send": lambda schedule, client: _ingest(schedule, client, None),
    "redeliver": _redeliver,
    "archive": lambda _, client: actors.archive(client),
    "compact": lambda _, client: actors.compact(client),
    "collect": lambda _, client: actors.collect(client),
    "expire": lambda _, client: actors.expire(client, 200),
    "read": lambda _, client: actors.read(client, PLACE),
    "read-file": lambda _, client: actors.read(client, PLACE, as_file=True),
    "verify": lambda _, client: actors.verify(client),
    "poison": _poison,
    "reset": lambda _, client: actors.reset(client),
}


class Case(NamedTuple):
    """One schedule of the enumeration, by what decides it; `second` is empty where the first operation is alone."""

    kind: str
    first: str
    second: str
    at: int
    fate: Fate
    later: str
    passes: bool

    def __str__(self) -> str:
        time = "later" if self.passes else "now"
        return ":".join((self.kind, self.first, self.second, str(self.at), self.fate.name, self.later, time))

    @classmethod
    def parse(cls, text: str) -> "Case":
        """Return the case that `str` gives this text."""
        kind, first, second, at, fate, later, time = text.split(":")
        return cls(kind, first, second, int(at), Fate[fate], later, time == "later")


def run_case(bases: dict[str, Base], case: Case) -> tuple[Fate, ...]:
    """Run a case, and return what else can go wrong with its call, or nothing if the operation ended before.

    Raises `ViolationError`.
    """
    schedule = Schedule(bases[f"{case.kind} lived in"], SETTINGS[0])
    with told(schedule, f"--case {case}"):
        scheduler = schedule.scheduler
        first, second = schedule.client(case.first), schedule.client(f"then {case.second}")
        actor = scheduler.start(case.first, OPERATIONS[case.first](schedule, first))
        for _ in range(case.at):
            if actor.call is None:
                return ()
            scheduler.step(actor, Fate.DONE)
        if actor.call is None:
            return ()
        faults = faults_of(actor.call)
        scheduler.step(actor, case.fate)
        if case.passes:
            scheduler.pass_time(ALL_TIMES_MS)
        if case.second:
            other = scheduler.start(f"then {case.second}", OPERATIONS[case.second](schedule, second))
            while other.call is not None:
                scheduler.step(other, Fate.DONE)
        if case.later == "between":
            scheduler.apply_late(0)
        while actor.call is not None:
            scheduler.step(actor, Fate.DONE)
        schedule.finish(lambda: case.later == "end", compacts=False)
    return faults


def cases_of(bases: dict[str, Base], kind: str, first: str, second: str, *, passes: bool) -> Iterator[Case]:
    """Yield all cases of one or two operations after running each. Raises `ViolationError`."""
    at = 0
    while True:
        case = Case(kind, first, second, at, Fate.DONE, "never", passes)
        faults = run_case(bases, case)
        if not faults:
            return
        yield case
        for fate in faults:
            for later in ("between", "end", "never") if fate in LATER else ("never",):
                case = Case(kind, first, second, at, fate, later, passes)
                run_case(bases, case)
                yield case
        at += 1
