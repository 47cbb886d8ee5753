"""Whatever a testee does, there is a verdict in bounded time, the next request goes to a new process, and none is left."""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.oracle.cases import Broken
from avro_ocf.oracle.runner.process import CodecProcess
from tests.oracle.test_process import ended
from tests.oracle.testees import bad

pytestmark = pytest.mark.host
Check = Callable[[Any], None]

VERDICTS: dict[Check, str] = {
    bad.hangs: r"nothing within 300 ms",
    bad.writes_garbage: r"not JSON: '.\\x00 garbage'",
    bad.writes_half_a_line: r"nothing within 300 ms",
    bad.exits: r"ended with exit code 3; stderr: KeyError: 'foo'",
    bad.exits_in_the_middle: r"ended with exit code 0",
    bad.writes_a_gigabyte: r"more than 1000000 bytes on one line",
    bad.writes_blanks_for_ever: r"more than 1000000 bytes on one line",
    bad.writes_an_array: r"not an object with one of ok, error and unsupported: .*",
    bad.writes_deep_json: r"not JSON: '\[+'",
    bad.says_nothing: r"not an object with one of ok, error and unsupported: .*",
    bad.says_two_things: r"not an object with one of ok, error and unsupported: .*",
    bad.answers_another_request: r"not the id 2: .*",
    bad.answers_true_for_an_id: r"not the id 2: .*",
    bad.closes_its_output: r"closed its output",
    bad.crashes: r"ended by SIGSEGV",
    bad.ends_by_a_signal_without_a_name: r"ended by signal 40; stderr: \\x1b\[1m\ufffd",
    bad.eats_memory: r"more than 268435456 bytes of memory",
    bad.lets_a_child_eat_memory: r"more than 268435456 bytes of memory",
    bad.writes_errors_for_ever: r"nothing within 300 ms; stderr: [oh n]+",
    bad.ignores_signals: r"nothing within 300 ms",
    bad.leaves_a_child: r"ended with exit code 0",
    bad.hangs_with_a_child_of_another_session: r"nothing within 300 ms",
}

LATER: dict[Check, str] = {
    bad.writes_lines_for_ever: r"not an object with one of ok, error and unsupported: '\d+'",
    bad.answers_twice: r"not the id 3: .*",
}
"""What is found out only with the next request."""


def started(what: str, pids: Path) -> CodecProcess:
    command = [sys.executable, bad.__file__, what, str(pids)]
    return CodecProcess(command, memory_bytes=256 * 1024 * 1024, answer_bytes=1_000_000)


@pytest.mark.parametrize("what", [*VERDICTS, *LATER], ids=lambda what: what.__name__)
def test_verdict(what: Check, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with started(what.__name__, pids) as testee:
        assert testee.ask({}) == {"id": 1, "ok": ["first"]}
        if what in LATER:
            assert testee.ask({}) == {"id": 2, "ok": True}
        if "nothing within" in VERDICTS.get(what, ""):
            testee.timeout_ms = 300
        answer = testee.ask({})
        assert isinstance(answer, Broken)
        assert re.fullmatch({**VERDICTS, **LATER}[what], answer.reason), answer.reason
        assert all(map(ended, map(int, pids.read_text().split())))
        testee.timeout_ms = 60_000
        assert testee.ask({}) == {"id": 4 if what in LATER else 3, "ok": ["first"]}
        assert testee.starts == 2
    assert all(map(ended, map(int, pids.read_text().split())))


def test_every_bad_testee_has_a_verdict() -> None:
    tree = ast.parse(Path(bad.__file__).read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions - {"note", "answer", "main"} == {what.__name__ for what in (*VERDICTS, *LATER)}
