"""Every canary is caught: the simulation sees each weakness that the store could have. One that survives fails the build."""

from collections.abc import Callable

import pytest

from tests.hotcold.simulation.bases import Base
from tests.hotcold.simulation.canaries import CANARIES, weakened
from tests.hotcold.simulation.scheduler import ViolationError
from tests.hotcold.simulation.schedules import run_seed
from tests.selection import quick_of

pytestmark = pytest.mark.host

MOST_SCHEDULES = 3_000
QUICK = ("no-row-guard", "no-state-guard", "delete-on-doubt", "collect-by-listing")


@pytest.mark.parametrize("name", quick_of(CANARIES, *QUICK))
def test_a_weakened_store_is_caught(bases: dict[str, Base], name: str, tell: Callable[[str], None]) -> None:
    with weakened(name):
        for seed in range(MOST_SCHEDULES):
            try:
                run_seed(bases, seed)
            except ViolationError as violation:
                what = str(violation).partition("\n")[0]
                tell(f"caught in {seed + 1:,} schedules: {CANARIES[name].weakness}: {what}")
                return
    pytest.fail(f"{CANARIES[name].weakness}, and {MOST_SCHEDULES:,} schedules have not shown it")
