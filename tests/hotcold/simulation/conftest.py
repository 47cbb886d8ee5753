"""The prepared worlds, one set a module, and a way to tell how much was run that shows when all is well, too."""

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.hotcold.simulation.bases import Base, prepared_bases


@pytest.fixture(scope="module")
def bases() -> Iterator[dict[str, Base]]:
    """Give all prepared worlds; the store has small limits until the module's last test."""
    with prepared_bases() as prepared:
        yield prepared


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Give a function that prints a line past pytest, on the one stream that workers of xdist share with the terminal."""

    def print_it(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    return print_it
