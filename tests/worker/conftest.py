"""One application a test, its store in memory."""

from collections.abc import Iterator

import pytest

from tests.worker.web import Web, memory_web


@pytest.fixture
def web() -> Iterator[Web]:
    """Give an application over a store of small blocks and files."""
    with memory_web() as made:
        yield made
