"""`Directory` keeps the contract of buckets."""

from pathlib import Path

import pytest

from avro_ocf.adapters.directory import Directory
from avro_ocf.hotcold.ports import Bucket
from tests.contract.bucket import BucketContract

pytestmark = pytest.mark.host


class TestDirectory(BucketContract):
    @pytest.fixture
    def adapters(self, tmp_path: Path) -> tuple[Bucket, Bucket]:
        return Directory(tmp_path / "store" / "cold"), Directory(tmp_path / "store" / "cold")
