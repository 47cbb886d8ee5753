"""avsc answers through a testee in JavaScript, of which docs/oracle.md says all it needs to know."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import avro_ocf.oracle
from avro_ocf.oracle.cases import Operation, Outcome
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.runner.process import CodecProcess
from avro_ocf.oracle.runner.protocol import OPERATIONS
from avro_ocf.oracle.runner.run import Run, hello
from tests.node import NODE, npm_ci

pytestmark = [pytest.mark.host, pytest.mark.slow]

TESTEE = Path(avro_ocf.oracle.__file__).parent / "testees" / "avsc_testee.mjs"
FOLDER = Path(__file__).parents[1] / "interop" / "node"


@pytest.fixture
def avsc(monkeypatch: pytest.MonkeyPatch) -> Iterator[CodecProcess]:
    npm_ci(FOLDER)
    monkeypatch.chdir(FOLDER)
    with CodecProcess([str(NODE), str(TESTEE)], timeout_ms=60_000) as process:
        yield process


def test_it_says_what_it_knows(avsc: CodecProcess) -> None:
    abilities = hello(avsc)
    assert (abilities.name, abilities.operations, abilities.logical_types) == ("avsc", OPERATIONS, frozenset())


def put_sound_cases(avsc: CodecProcess, operation: Operation, count: int) -> Counter[Outcome]:
    run = Run(avsc, operations=[operation])
    for index in range(count):
        case, choices = seeded_case(operation, "javascript", index)
        if case.verdict == "accept":
            run.one(case, choices)
    return run.tally.operations[operation]


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "read-file"])
def test_some_hundred_cases_are_answered(avsc: CodecProcess, operation: Operation) -> None:
    outcomes = put_sound_cases(avsc, operation, 30)
    assert avsc.starts == 1
    assert outcomes["passed"] > sum(outcomes.values()) / 2
    assert outcomes["no answer"] == 0


def test_files_are_read(avsc: CodecProcess) -> None:
    # avsc waits for ever at the end of some files, which is told in docs/oracle-findings.md.
    hello(avsc)
    avsc.timeout_ms = 2000
    outcomes = put_sound_cases(avsc, "read-file", 20)
    assert outcomes["passed"] > 3
