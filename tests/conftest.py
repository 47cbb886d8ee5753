"""Hypothesis profiles, for `--hypothesis-profile`: `default` while writing code, `ci` before a merge, `quick` where Python is slow.

None has a deadline, since a busy machine is no bug. `ci` and `quick` draw the same examples every time, so they are never flaky.

And what tests of all folders use.
"""

import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from avro_ocf.compiler import codec

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.load_profile("default")

codec.BYTES_BEFORE_CODE = 0  # generated code for every datum: what tests decode is less than what the reference would be left with


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Give a function that prints a line past pytest, on the one stream that workers of xdist share with the terminal.

    So it shows how much was run when all is well, too.
    """

    def print_it(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", file=sys.stderr, flush=True)

    return print_it
