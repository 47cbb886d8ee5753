"""The store under a scheduler: no schedule breaks what it promises. More of them: `python -m tests.hotcold.simulation --help`."""

from collections.abc import Callable

import pytest

from tests.hotcold.simulation.bases import Base
from tests.hotcold.simulation.cases import OPERATIONS, Case, cases_of
from tests.hotcold.simulation.scheduler import Fate
from tests.hotcold.simulation.schedules import run_seed
from tests.hotcold.simulation.truth import KINDS
from tests.selection import quick_of

pytestmark = pytest.mark.host

SHARDS = 8
SEEDS = 650
"""Seeds of one shard."""

KIND_NAMES = tuple(KINDS)
BESIDE = tuple(name for name in OPERATIONS if name != "reset")
"""What another operation runs beside; a reset is long, and is beside what runs beside it."""

SECONDS = tuple(name for name in OPERATIONS if name not in {"send", "redeliver", "poison"})
"""What runs beside it; the others are batches like that of `ingest`."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_no_fault_at_any_call_breaks_an_operation(bases: dict[str, Base], kind: str, tell: Callable[[str], None]) -> None:
    count = sum(1 for first in OPERATIONS for _ in cases_of(bases, kind, first, "", passes=False))
    tell(f"{count:,} schedules of one operation on {kind} tables: no violation")
    assert count > 500


@pytest.mark.slow
@pytest.mark.parametrize("passes", [False, True], ids=["at once", "much later"])
@pytest.mark.parametrize("first", BESIDE)
def test_no_fault_beside_another_operation_breaks_an_operation(
    bases: dict[str, Base], first: str, passes: bool, tell: Callable[[str], None]
) -> None:
    count = 0
    for number, second in enumerate(SECONDS):
        kind = KIND_NAMES[(number + BESIDE.index(first)) % len(KIND_NAMES)]
        count += sum(1 for _ in cases_of(bases, kind, first, second, passes=passes))
    tell(f"{count:,} schedules of {first} beside each operation: no violation")
    assert count > 100


@pytest.mark.parametrize("shard", quick_of(range(SHARDS), 0))
def test_no_random_schedule_breaks_the_store(bases: dict[str, Base], shard: int, tell: Callable[[str], None]) -> None:
    for seed in range(shard * SEEDS, (shard + 1) * SEEDS):
        run_seed(bases, seed)
    tell(f"{SEEDS:,} random schedules: no violation")


def test_a_seed_is_the_same_schedule_each_time(bases: dict[str, Base]) -> None:
    for seed in range(20):
        assert run_seed(bases, seed).scheduler.told() == run_seed(bases, seed).scheduler.told()


def test_a_case_is_its_text() -> None:
    case = Case("plain", "archive", "collect", 3, Fate.LATE, "end", True)
    assert Case.parse(str(case)) == case
