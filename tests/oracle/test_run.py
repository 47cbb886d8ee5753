"""A whole run: every failure is found, made small, and told once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from avro_ocf.oracle.cases import Case
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.judge import Judgement
from avro_ocf.oracle.runner.known import KeptFailure
from avro_ocf.oracle.runner.process import CodecProcess
from avro_ocf.oracle.runner.protocol import OPERATIONS
from avro_ocf.oracle.runner.run import BadTesteeError, Run, hello, signature_of
from avro_ocf.oracle.specification.tracing import traced
from tests.oracle.testees import bad, ours

pytestmark = pytest.mark.host


@contextmanager
def running(defect: str = "", timeout_ms: int = 60_000) -> Iterator[CodecProcess]:
    with CodecProcess([sys.executable, ours.__file__, defect], timeout_ms=timeout_ms) as process:
        yield process


def test_this_package_passes_every_case_of_every_operation() -> None:
    told: list[tuple[int, int]] = []
    with running() as process:
        tally = Run(process, seed="a", tell=lambda done, of: told.append((done, of))).cases(100)
    assert tally.failures == []
    assert tally.operations == {operation: {"passed": 100} for operation in OPERATIONS if operation != "parse"}
    assert told[-1] == (600, 600)
    assert len(tally.clauses) > 100


def test_an_error_where_there_should_be_none_is_made_small() -> None:
    with running("no maps") as process:
        tally = Run(process, operations=["decode"]).cases(60)
    [failure] = tally.failures
    assert failure.judgement == Judgement("refused what is right", "ValueError: I know no map")
    assert failure.count == tally.operations["decode"]["refused what is right"] > 1
    assert failure.case.schema == {"type": "map", "values": "null"}
    assert failure.case.data == b"\0"
    assert tally.clauses["binary.map.end"]["refused what is right"] >= 1
    assert tally.clauses["binary.map.end"]["passed"] == 0
    assert tally.unexpected == 1


def test_a_wrong_value_is_made_small() -> None:
    with running("true for false") as process:
        tally = Run(process, operations=["decode"]).cases(300)
    [failure] = tally.failures
    assert failure.judgement == Judgement("wrong answer", "expected False, got True")
    assert (failure.case.schema, failure.case.data, failure.got) == ("boolean", b"\0", "True")


def test_a_crash_is_made_small_and_the_run_goes_on() -> None:
    with running("dies of fixed") as process:
        tally = Run(process, operations=["decode", "fingerprint"]).cases(30)
        assert process.starts > 2
    [failure] = tally.failures
    assert failure.judgement == Judgement("no answer", "ended with exit code 7; stderr: fixed: oh no")
    assert len(str(failure.case.schema)) < 80
    assert tally.operations["decode"]["passed"] + failure.count == 30
    assert tally.operations["fingerprint"] == {"passed": 30}


def test_what_is_not_supported_is_no_failure() -> None:
    with running("no dates") as process:
        tally = Run(process, operations=["decode"]).cases(150)
    assert tally.failures == []
    assert tally.operations["decode"]["unsupported"] > 1
    assert tally.clauses["date.days"]["unsupported"] > 0


def test_a_testee_that_gives_no_answer_ten_times_is_given_up() -> None:
    with running("dies") as process, pytest.raises(BadTesteeError, match="no answer to 10 cases in a row: ended with exit code 7"):
        Run(process, operations=["decode"]).cases(1000)


def test_a_time_out_is_full_for_each_case_but_shorter_while_one_is_made_small() -> None:
    with running("sleeps at fixed") as process:
        run = Run(process, operations=["decode"])
        process.timeout_ms = 1000
        case, choices = next(
            (traced(case), choices)
            for case, choices in (seeded_case("decode", 1, index) for index in range(100))
            if case.verdict == "accept" and '"fixed"' in str(case.schema).replace("'", '"')
        )
        run.one(case, choices)
        assert process.timeout_ms == 1000
    [failure] = run.tally.failures
    assert failure.judgement.reason == "nothing within 1000 ms"


def failing(defect: str) -> KeptFailure:
    """Return a failure of a testee, as a report keeps it."""
    with running(defect) as process:
        [failure] = Run(process, operations=["decode"]).cases(60).failures
    return KeptFailure(failure.case, failure.judgement.outcome, "it has always been so")


def test_known_failures_are_put_first_and_stand_for_those_like_them() -> None:
    kept = failing("no maps")
    with running("no maps") as process:
        run = Run(process, operations=["decode"])
        run.known([kept])
        assert run.tally.failures[0].count == 0
        tally = run.cases(60)
    [failure] = tally.failures
    assert (failure.why, tally.unexpected, tally.healed) == ("it has always been so", 0, [])
    assert failure.count > 1


def test_a_known_failure_that_passes_is_told() -> None:
    kept = failing("no maps")
    for defect in ("", "no dates"):
        with running(defect) as process:
            run = Run(process, operations=["decode"])
            run.known([kept])
            assert run.tally.healed == [kept]
            assert run.tally.failures == []


def test_a_known_failure_of_another_operation_is_left_alone() -> None:
    kept = failing("no maps")
    with running() as process:
        run = Run(process, operations=["encode"])
        run.known([kept])
    assert (run.tally.healed, run.tally.failures) == ([], [])


def test_a_testee_that_knows_nothing_that_is_asked_has_not_passed() -> None:
    with running() as process, pytest.raises(BadTesteeError, match="the testee knows none of parse"):
        Run(process, operations=["parse"])


def test_a_name_is_one_printable_line() -> None:
    code = 'input(); print(r\'{"id": 1, "ok": {"name": "a\\n\\ud800", "operations": []}}\', flush=True)'
    with CodecProcess([sys.executable, "-c", code]) as process:
        assert hello(process).name == r"a \ud800"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"error": "no"}', "no good answer to hello"),
        ('{"ok": null}', "no good answer to hello"),
        ('{"ok": {}}', "no list of some of decode, encode"),
        ('{"ok": {"operations": ["sleep"]}}', "no list of some of decode, encode"),
        ('{"ok": {"operations": "parse"}}', "no list of some of decode, encode"),
        ('{"ok": {"operations": [], "logical_types": ["dates"]}}', "no list of some of big-decimal, date"),
        ('{"ok": {"operations": [[]]}}', "no list of some of decode, encode"),
        ("[]", "no answer to hello: not an object"),
    ],
)
def test_hello_is_answered_well_or_not_at_all(said: str, complaint: str) -> None:
    code = "import json, sys\nfor line in sys.stdin: print(sys.argv[1].replace('{', '{\"id\": 1, ', 1), flush=True)"
    with CodecProcess([sys.executable, "-c", code, said]) as process, pytest.raises(BadTesteeError, match=complaint):
        hello(process)


def test_hello_that_is_not_answered(tmp_path: object) -> None:
    command = [sys.executable, bad.__file__, "exits", f"{tmp_path}/pids"]
    with CodecProcess(command) as process, pytest.raises(BadTesteeError, match="no good answer to hello"):
        hello(process)


@pytest.mark.parametrize(
    ("judgement", "signature"),
    [
        (Judgement("wrong answer", "at ['a']: expected b'\\x00', got Decimal('0')"), "expected got Decimal"),
        (Judgement("wrong answer", "4f62 is another value: at [0]: expected 'a', got time(3, 28)"), "expected got time"),
        (Judgement("wrong answer", "the file's schema is another: '{\"type\": 1}'"), "the file schema is"),
        (Judgement("refused what is right", "DecodeError: 'utf-8' codec can't decode byte 0xff"), "DecodeError codec can decode"),
        (Judgement("refused what is right", "ParseError: no type {'doc': \"x\"} is bad"), "ParseError no type"),
        (Judgement("no answer", "ended by SIGSEGV"), "ended by SIGSEGV"),
        (Judgement("took what is wrong", "it should be refused"), "boolean of at byte"),
    ],
)  # fmt: skip
def test_failures_of_one_kind_are_told_alike(judgement: Judgement, signature: str) -> None:
    assert signature_of(Case("decode", "boolean", note="a boolean of 2, at byte 17"), judgement) == signature
