"""`python -m tests.oracle.known` runs the testees, and keeps what fails beside this file; a reason that is there already stays."""

from tests.oracle.known.lists import MADE_WITH, NAMES, failures_of, keep

for name in NAMES:
    print(name, keep(name, failures_of(name, MADE_WITH)))
