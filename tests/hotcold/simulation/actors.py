"""What works on a store at the same time: processes that come and go, each a coroutine with a store object of its own.

An actor does what a caller of the store would: it tries again with the same id when an answer was lost, and takes
`UnavailableError` as it comes. Any other error is a violation unless a comment here says why it is none. What an actor learns it
tells the book.
"""

import io
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from avro_ocf import Reader
from avro_ocf.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from avro_ocf.hotcold import HotCold, Settings, sql
from avro_ocf.hotcold.context import Group, Totals, add_to_ledger, bind
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.read import FRESH_SNAPSHOTS
from avro_ocf.hotcold.reports import Problem
from tests.hotcold.simulation.invariants import Invariants
from tests.hotcold.simulation.scheduler import ViolationError
from tests.hotcold.simulation.truth import STRAY, Book, Sent, same_record
from tests.hotcold.simulation.world import Caller, SimulatedBucket, SimulatedDatabase, World

ATTEMPTS = 4
"""How often a client sends an upload before it gives up."""


class Client:
    """One process: its ports, its store, and what it has read so far."""

    def __init__(self, name: str, world: World, invariants: Invariants, settings: Settings) -> None:
        self.caller = Caller(name)
        self.world = world
        self.invariants = invariants
        self.database = SimulatedDatabase(world, self.caller)
        bucket = SimulatedBucket(world, self.caller)
        self.store = HotCold(self.database, bucket, settings=settings, clock=world.clock, token=world.token)
        self.store._is_ready = True  # the world has its tables: spare each process its first look at them
        self.read_before: dict[tuple[str, str], frozenset[int]] = {}

    @property
    def name(self) -> str:
        """How the trace calls it."""
        return self.caller.name


class Range(NamedTuple):
    """The times that a reader asks for."""

    from_ms: int = 0
    to_ms: int = TIME_MAX + 1


EVERYTHING = Range()


async def ingest(client: Client, sent: Sent, attempts: int = ATTEMPTS) -> None:
    """Send an upload until its fate is known; without an id, once."""
    for _ in range(attempts if sent.upload_id is not None else 1):
        try:
            report = await client.store.ingest(
                sent.dataset_id,
                sent.table,
                sent.records,
                timestamp=sent.timestamp_ms,
                period_tag=sent.period_tag,
                upload_id=sent.upload_id,
            )
        except UnavailableError:
            continue
        except ConflictError:
            refused(client, sent)
            return
        if report.record_count != len(sent.records):
            raise ViolationError(f"{report.record_count} records of {len(sent.records)} were accepted")
        accepted(client, sent)
        return


def accepted(client: Client, sent: Sent) -> None:
    """Check that an upload that was accepted is stored. From then on each change is checked to lose nothing of it."""
    book = client.invariants.book
    missing = set(sent.payloads) - book.present - book.removed
    if missing:
        raise ViolationError(f"{client.name} was told that records {sorted(missing)} are stored, and they are not")


def refused(client: Client, sent: Sent) -> None:
    """Check that an upload that was refused is not stored, and that another one of its id is."""
    book = client.invariants.book
    first = book.stored_by_id.get((sent.dataset_id, sent.table, sent.upload_id or ""), sent.number)
    if first == sent.number or not book.present.isdisjoint(sent.payloads):
        raise ViolationError(f"{client.name} was told that upload {sent.upload_id!r} has other content, and it has not")


async def archive(client: Client) -> None:
    """Archive once."""
    await maintain(client.store.archive)


async def compact(client: Client) -> None:
    """Compact once."""
    await maintain(client.store.compact)


async def collect(client: Client) -> None:
    """Collect once."""
    await maintain(client.store.collect)


async def expire(client: Client, older_than_ms: int) -> None:
    """Expire what is older."""
    client.caller.cutoff_ms = client.world.now_ms - older_than_ms
    await maintain(lambda: client.store.expire(older_than_ms))
    client.caller.cutoff_ms = None


async def reset(client: Client) -> None:
    """Wipe the store."""
    client.caller.is_reset = True
    await maintain(client.store.reset)


async def evolve(client: Client) -> None:
    """Register the next version of the first table's schema."""
    kind = client.invariants.kind
    await maintain(lambda: client.store.add_table("battle", kind.schemas[-1], timestamp_field=kind.timestamp_field))


async def maintain(operation: Callable[[], Awaitable[object]]) -> None:
    """Run an operation that whoever runs it may run again."""
    with suppress(UnavailableError):
        await operation()


async def verify(client: Client) -> None:
    """Verify while others are at work: it must not cry wolf."""
    try:
        report = await client.store.verify()
    except UnavailableError:
        return
    for problem in report.problems:
        if not is_there(client.invariants.book, problem):
            raise ViolationError(f"verify found a problem where there is none: {problem}")


def is_there(book: Book, problem: Problem) -> bool:
    """Return whether a problem that verify has found is there."""
    if problem.place == STRAY:
        return True
    if "buffer_logs" in problem.place:
        return bool(book.poison)
    if problem.place in book.files:
        return book.files[problem.place].state == "gone" and "row says that it is gone" in problem.problem
    return book.resets > 0  # the totals are made right by the last step of a reset


async def read(client: Client, place: tuple[str, str], times: Range = EVERYTHING, *, as_file: bool = False) -> None:
    """Read a dataset and check the answer, if there is one."""
    client.caller.opened, client.caller.watched = None, place
    deletions = len(client.world.deleted)
    resets = client.invariants.book.resets
    try:
        found = await (_read_file if as_file else _read_records)(client, place, times)
    except UnavailableError:
        return
    except NotFoundError:
        if client.caller.opened and client.invariants.book.resets == resets:
            raise ViolationError(f"{client.name} was told that there is no such table") from None
        return
    except DamagedError:
        # A reader gives up when snapshot after snapshot is collected under it; a row that cannot be read is an error by design.
        if len(client.world.deleted) - deletions > FRESH_SNAPSHOTS or client.invariants.book.is_poisoned(*place):
            return
        raise
    book = client.invariants.book
    if book.resets > resets:
        return
    check_answer(client, place, times, found)


async def _read_records(client: Client, place: tuple[str, str], times: Range) -> list[Any]:
    return [record async for record in client.store.read(*place, from_ms=times.from_ms, to_ms=times.to_ms, branches=True)]


async def _read_file(client: Client, place: tuple[str, str], times: Range) -> list[Any]:
    chunks = [data async for data in client.store.read(*place, from_ms=times.from_ms, to_ms=times.to_ms, format="ocf")]
    return list(Reader(io.BytesIO(b"".join(chunks)), branches=bool(client.invariants.kind.schemas)))


def check_answer(client: Client, place: tuple[str, str], times: Range, found: Sequence[Any]) -> None:
    """Check that an answer is what was stored when the read began, in order, except for what was expired or wiped meanwhile."""
    book = client.invariants.book
    opened = client.caller.opened
    if opened is None:
        raise ViolationError(f"{client.name} has read without looking")
    payloads = [int(record["id"]) for record in found]
    there = set(payloads)
    wanted = {payload for payload in opened if times.from_ms <= book.keys[payload][0] < times.to_ms}
    if len(there) != len(payloads):
        raise ViolationError(f"{client.name} has read a record twice: {payloads}")
    if not there <= wanted:
        raise ViolationError(f"{client.name} has read {sorted(there - wanted)}, which came later or is out of range")
    if missing := wanted - there - book.removed:
        raise ViolationError(f"{client.name} has not read {sorted(missing)}")
    if payloads != sorted(payloads, key=lambda payload: book.keys[payload]):
        raise ViolationError(f"{client.name} has read {payloads}, which is not in order")
    for payload, record in zip(payloads, found, strict=True):
        if not same_record(record, book.payloads[payload].record):
            raise ViolationError(f"{client.name} has read {record} as record {payload}")
    if times == EVERYTHING:
        if gone := client.read_before.get(place, frozenset()) - there - book.removed:
            raise ViolationError(f"{client.name} has read {sorted(gone)} before, and now it has not")
        client.read_before[place] = frozenset(there)


async def poison(client: Client, place: tuple[str, str], group: Group, parts: int, time_ms: int) -> None:
    """Put a record into the database that no file can hold, as damage to a row or a bug of long ago may."""
    payload, data = client.invariants.book.new_poison(place, parts)
    rows = [f'[{time_ms},{parts - index - 1},"{part.hex()}"]' for index, part in enumerate(data)]
    owner = (place[0], *group, "", time_ms)
    totals = Totals(accepted_records=1, hot_records=1, hot_bytes=sum(map(len, data)))
    statements = [
        bind(
            sql.INSERT_UPLOAD, *place, f"poison-{payload}", "", group.table_version, 1, time_ms, "no setting"
        ),  # so that it comes but once
        bind(sql.INSERT_ROWS, *owner, f"[{','.join(rows)}]"),
        add_to_ledger(group, totals),
    ]
    with suppress(UnavailableError, ConflictError):
        await client.database.batch(statements)
