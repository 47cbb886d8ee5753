"""`R2S3` keeps the contract of buckets."""

import asyncio

import pytest

from avro_ocf.hotcold.ports import Bucket
from tests.contract.bucket import BucketContract, Pair

pytestmark = [pytest.mark.host, pytest.mark.slow]


class TestR2S3(BucketContract):
    @pytest.fixture
    def adapters(self) -> tuple[Bucket, Bucket]:
        from tests.workers.services.local import empty_services

        found = empty_services()
        return found.r2(), found.r2()

    async def fill(self, pair: Pair, keys: list[str]) -> None:  # noqa: ARG002 - the server does it, within itself
        from tests.workers.services.local import services

        await asyncio.to_thread(services().fill, keys)
