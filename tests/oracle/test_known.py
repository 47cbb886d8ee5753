"""The lists of what other libraries are known for: nothing else fails, and all that is on a list still does."""

import pytest

from tests.oracle.known import lists

pytestmark = [pytest.mark.host, pytest.mark.slow]


@pytest.mark.parametrize("name", lists.NAMES)
def test_nothing_fails_but_what_is_known(name: str) -> None:
    known = lists.known_of(name)
    assert all(entry.why for entry in known)
    tally = lists.run(name, 30, known)
    assert [(entry.case.operation, entry.outcome, entry.why) for entry in tally.healed] == []
    assert [failure.judgement for failure in tally.failures if not failure.why] == []
