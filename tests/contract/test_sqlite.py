"""`SQLite` keeps the contract of databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold.ports import Database
from tests.contract.database import DatabaseContract

pytestmark = pytest.mark.host


class TestSQLite(DatabaseContract):
    @pytest.fixture
    def adapters(self, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
        with SQLite(tmp_path / "hotcold.db") as first, SQLite(tmp_path / "hotcold.db") as second:
            yield first, second
