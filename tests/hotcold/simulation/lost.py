"""Schedules after the loss of the database: what the bucket holds is taken up again while others are at work already.

Sequences begin anew in an empty database, and a file becomes live with the batch that inserts its row, so the invariants of the
other schedules do not hold here. Instead, each schedule ends with one more `reindex`, and then every record that was in a live file
when the database was lost is there, once.
"""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, NamedTuple

from tests.hotcold.simulation import actors
from tests.hotcold.simulation.actors import Client
from tests.hotcold.simulation.bases import Base
from tests.hotcold.simulation.limits import ALL_TIMES_MS, LAST_SETTINGS, SETTINGS, large_pages
from tests.hotcold.simulation.scheduler import LATER, Fate, Scheduler, ViolationError, faults_of
from tests.hotcold.simulation.truth import DATASETS, TABLES, same_record
from tests.hotcold.simulation.world import Call

LOST_TABLES: Final = (
    "block_indexes",
    "archived_files",
    "buffer_logs",
    "uploads",
    "ledger",
    "quarantine",
    "leases",
    "archive_runs",
    "sqlite_sequence",
)
"""All but the schemas, without which a table that has one refuses what it is sent."""


async def _reindex(client: Client) -> None:
    await actors.maintain(client.store.reindex)


async def _ingest(client: Client) -> None:
    book = client.invariants.book
    now = client.world.now_ms
    sizes = [(20, now), (60, now), (20, now)]
    sent = book.new_upload(client.invariants.kind, (DATASETS[0], TABLES[0]), sizes, upload_id="new", timestamp_ms=now)
    await actors.maintain(lambda: client.store.ingest(*sent[1:3], sent.records, upload_id="new", timestamp=now))


OPERATIONS: Final[dict[str, Callable[[Client], Coroutine[Any, Any, None]]]] = {
    "reindex": _reindex,
    "collect": actors.collect,
    "ingest": _ingest,
    "archive": actors.archive,
}


class LostCase(NamedTuple):
    """One schedule: the first operation up to a call that has a fate, the second one whole, and the rest of the first."""

    kind: str
    first: str
    second: str
    at: int
    fate: Fate
    later: str


class _NobodyLooks:
    def after(self, call: Call) -> None:
        """See the end of the schedule."""


def run_lost_case(bases: dict[str, Base], case: LostCase) -> tuple[Fate, ...]:
    """Run a case, and return what else can go wrong with its call, or nothing if the operation ended before.

    Raises `ViolationError`.
    """
    base = bases[f"{case.kind} lived in"]
    base.begin()
    scheduler = Scheduler(base.world, _NobodyLooks())
    for table in LOST_TABLES:
        base.world.query(f"DELETE FROM {table}")
    base.world.now_ms += ALL_TIMES_MS
    try:
        faults = _run(base, scheduler, case)
        if faults:
            _check(base, scheduler)
    except ViolationError as violation:
        raise ViolationError(f"{violation}\n\n{case}\n{scheduler.told()}") from violation
    finally:
        scheduler.end()
    return faults


def _run(base: Base, scheduler: Scheduler, case: LostCase) -> tuple[Fate, ...]:
    first, second = (Client(name, base.world, base.invariants, SETTINGS[0]) for name in (case.first, f"then {case.second}"))
    actor = scheduler.start(first.name, OPERATIONS[case.first](first))
    for _ in range(case.at):
        if actor.call is not None:
            scheduler.step(actor, Fate.DONE)
    if actor.call is None:
        return ()
    faults = faults_of(actor.call)
    scheduler.step(actor, case.fate)
    other = scheduler.start(second.name, OPERATIONS[case.second](second))
    while other.call is not None:
        scheduler.step(other, Fate.DONE)
    if case.later == "between":
        scheduler.apply_late(0)
    while actor.call is not None:
        scheduler.step(actor, Fate.DONE)
    while scheduler.late:
        if case.later == "end":
            scheduler.apply_late(0)
        else:
            scheduler.drop_late(0)
    return faults


def _check(base: Base, scheduler: Scheduler) -> None:
    """Take up what is left, and check that each record is there once."""
    kept = {payload for cold in base.book.cold.values() for payload in cold.payloads}
    with large_pages():
        client = Client("end", base.world, base.invariants, LAST_SETTINGS)
        scheduler.run_calm("end", client.store.reindex())
        found: list[Any] = []
        for dataset_id in DATASETS:
            found += scheduler.run_calm("end", _read(client, dataset_id))
        report = scheduler.run_calm("end", client.store.verify())
    payloads = [int(record["id"]) for record in found]
    if len(set(payloads)) != len(payloads):
        raise ViolationError(f"a record is there twice: {sorted(payloads)}")
    if missing := kept - set(payloads):
        raise ViolationError(f"records {sorted(missing)} are lost")
    for record in found:
        if not same_record(record, base.invariants.book.payloads[int(record["id"])].record):
            raise ViolationError(f"a record is not what was sent: {record}")
    if report.problems:
        raise ViolationError(f"verify found {report.problems}")


async def _read(client: Client, dataset_id: str) -> list[Any]:
    return [record async for record in client.store.read(dataset_id, TABLES[0], branches=True)]


def lost_cases(bases: dict[str, Base], kind: str, first: str, second: str) -> Iterator[LostCase]:
    """Yield all cases of two operations after running each. Raises `ViolationError`."""
    at = 0
    while True:
        fates = [Fate.DONE]
        for fate in fates:
            for later in ("between", "end", "never") if fate in LATER else ("never",):
                case = LostCase(kind, first, second, at, fate, later)
                faults = run_lost_case(bases, case)
                if not faults:
                    return
                if fate is Fate.DONE:
                    fates += faults
                yield case
        at += 1
