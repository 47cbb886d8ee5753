"""The prepared worlds, one set a module."""

from collections.abc import Iterator

import pytest

from tests.hotcold.simulation.bases import Base, prepared_bases


@pytest.fixture(scope="module")
def bases() -> Iterator[dict[str, Base]]:
    """Give all prepared worlds; the store has small limits until the module's last test."""
    with prepared_bases() as prepared:
        yield prepared
