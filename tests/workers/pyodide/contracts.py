"""`D1` and `R2` keep the contracts of databases and buckets."""

from typing import Any

import pytest

from avro_ocf.adapters import r2
from avro_ocf.adapters.d1 import D1
from avro_ocf.errors import OutcomeUnknownError
from avro_ocf.hotcold.ports import Bucket, Database
from tests.contract.bucket import BucketContract
from tests.contract.database import DatabaseContract


class TestD1(DatabaseContract):
    # workerd takes values of 2,200,000 bytes and more, and what a statement makes of its parameters is seen by nobody else.
    # It takes functions of any number of arguments as well.
    grants_more = frozenset({"bytes of a value", "arguments of a function"})
    # workerd loses its own savepoint and answers "internal error", which may mean anything.
    rolled_back = OutcomeUnknownError

    @pytest.fixture
    def adapters(self, env: Any) -> tuple[Database, Database]:
        return D1(env.DB), D1(env.DB2)


class TestR2(BucketContract):
    page_objects = 50

    @pytest.fixture
    def adapters(self, env: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Bucket, Bucket]:
        monkeypatch.setattr(r2, "PAGE_OBJECTS", self.page_objects)
        return r2.R2(env.BUCKET), r2.R2(env.BUCKET2)
