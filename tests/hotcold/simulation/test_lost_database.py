"""After the loss of the database, whatever else is at work while it is made anew, no record is lost and none is there twice."""

from collections.abc import Callable

import pytest

from tests.hotcold.simulation.bases import Base
from tests.hotcold.simulation.lost import OPERATIONS, lost_cases
from tests.hotcold.simulation.truth import KINDS

pytestmark = [pytest.mark.host, pytest.mark.slow]

KIND_NAMES = tuple(KINDS)


@pytest.mark.parametrize("first", ["reindex", "collect"])
def test_every_record_comes_back_once(bases: dict[str, Base], first: str, tell: Callable[[str], None]) -> None:
    count = 0
    for number, second in enumerate(OPERATIONS):
        count += sum(1 for _ in lost_cases(bases, KIND_NAMES[number], first, second))
    tell(f"{count:,} schedules of {first} after the loss of the database: no violation")
    assert count > 100
