"""One store a test, on a disk."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hotcold.stores import Rig, disk_rig

if importlib.util.find_spec("fastavro") is None:  # as in Pyodide, and wherever else there are no peers to read what is written
    collect_ignore = [
        "test_archive.py",
        "test_directory_of_blocks.py",
        "test_ocf.py",
        "test_tables.py",
        "test_transparency.py",
        "test_transparency_remote.py",
    ]
elif importlib.util.find_spec("httpx") is None:  # as where there is what the quick tests need
    collect_ignore = ["test_transparency_remote.py"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Give a store of small blocks and files."""
    with disk_rig(tmp_path) as made:
        yield made
