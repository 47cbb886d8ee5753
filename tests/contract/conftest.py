"""What every contract stands on: its own modules' asserts are explained as those of tests are, and its adapters share one loop."""

import asyncio
import importlib.util
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.contract.bucket", "tests.contract.database")

if importlib.util.find_spec("sqlite3") is None:  # as in Pyodide
    collect_ignore = ["test_sqlite.py"]


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """Run coroutines of one test, all in one event loop, to which a client of a remote service may be bound."""
    with asyncio.Runner() as runner:
        yield runner
