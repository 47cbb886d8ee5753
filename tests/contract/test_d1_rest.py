"""`D1Rest` keeps the contract of databases."""

import asyncio
from collections.abc import Iterator

import pytest

from avro_ocf.errors import OutcomeUnknownError
from avro_ocf.hotcold.ports import Database
from tests.contract.database import DatabaseContract

pytestmark = [pytest.mark.host, pytest.mark.slow]


class TestD1Rest(DatabaseContract):
    # workerd takes values of 2,200,000 bytes and more, and what a statement makes of its parameters is seen by nobody else.
    # It takes functions of any number of arguments as well.
    grants_more = frozenset({"bytes of a value", "arguments of a function"})
    # workerd loses its own savepoint and answers "internal error", which may mean anything.
    rolled_back = OutcomeUnknownError

    @pytest.fixture
    def adapters(self, loop: asyncio.Runner) -> Iterator[tuple[Database, Database]]:
        from tests.workers.services.local import empty_services

        found = empty_services()
        first, second = found.d1(), found.d1()
        yield first, second
        for adapter in (first, second):
            loop.run(adapter.aclose())
