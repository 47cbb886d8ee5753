"""One store a test, on a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hotcold.stores import Rig, disk_rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Give a store of small blocks and files."""
    with disk_rig(tmp_path) as made:
        yield made
