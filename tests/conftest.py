"""How much is run: the tests that are not marked as slow, or with `--whole` all of them, with all that they need.

And how many examples hypothesis draws, by `--hypothesis-profile`: `quick`, unless told otherwise; `ci` before a merge; `random` for
others each time. None has a deadline, since a busy machine is no bug.

And what tests of all folders use.
"""

import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from avro_ocf.compiler import codec
from tests.selection import missing

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("random", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.load_profile("quick")

codec.BYTES_BEFORE_CODE = 0  # generated code for every datum: what tests decode is less than what the reference would be left with


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the slow tests as well; all that they need has to be installed")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--whole") and (left := [*missing("dev")]):
        raise pytest.UsageError(f"--whole needs {', '.join(left)}: pip install -e '.[dev]'")


def pytest_report_header(config: pytest.Config) -> str:
    return "all tests, the slow ones too" if config.getoption("--whole") else "without the slow tests, which --whole runs too"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--whole"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Give a function that prints a line past pytest, on the one stream that workers of xdist share with the terminal.

    So it shows how much was run when all is well, too.
    """

    def print_it(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    return print_it
