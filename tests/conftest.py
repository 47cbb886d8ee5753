"""Hypothesis profiles, for `--hypothesis-profile`: `default` while writing code, `ci` before a merge, `quick` where Python is slow.

None has a deadline, since a busy machine is no bug. `ci` and `quick` draw the same examples every time, so they are never flaky.
"""

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW)
settings.load_profile("default")
