"""Cases as requests, answers as values, and cases as JSON that is kept."""

import json

import pytest

from avro_ocf.oracle.cases import Answer, Broken, Case, Given, Refused, Unsupported
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.runner.known import KeptFailure, kept_failures
from avro_ocf.oracle.runner.protocol import OPERATIONS, answer_of, case_of_json, case_to_json, request_of
from avro_ocf.oracle.specification.tracing import traced

UNION = ["null", {"type": "int", "logicalType": "date"}]


@pytest.mark.parametrize(
    ("case", "request_"),
    [
        (Case("parse", {"type": "int"}), {"schema": '{"type": "int"}'}),
        (Case("encode", "long", value=5), {"schema": '"long"', "value": {"int": "5"}}),
        (Case("decode", "long", data=b"\x0a", expected=5), {"schema": '"long"', "data": "0a"}),
        (
            Case("resolve", "int", reader_schema="long", data=b"\x0a"),
            {"schema": '"int"', "reader_schema": '"long"', "data": "0a"},
        ),
        (Case("read-file", "int", data=b"Obj", codec="null"), {"data": "4f626a"}),
        (
            Case("write-file", UNION, value=[None, 5], codec="null"),
            {"schema": json.dumps(UNION), "value": [None, {"union": ["int", {"int": "5"}]}], "codec": "null"},
        ),
        (Case("fingerprint", "int"), {"schema": '"int"'}),
    ],
)
def test_a_request_has_what_its_operation_needs(case: Case, request_: dict[str, object]) -> None:
    assert request_of(case, ()) == {"operation": case.operation, **request_}


@pytest.mark.parametrize(
    ("case", "message", "answer"),
    [
        (Case("parse", "int"), {"ok": "anything"}, Given(None)),
        (Case("encode", "int"), {"ok": "0a"}, Given(b"\x0a")),
        (Case("decode", "int"), {"ok": {"int": "5"}}, Given(5)),
        (Case("resolve", "int", reader_schema=UNION, expected=5), {"ok": {"int": "5"}}, Given(5)),
        (Case("read-file", "int"), {"ok": [{"int": "5"}]}, Given([5])),
        (Case("write-file", "int"), {"ok": "4f"}, Given(b"O")),
        (Case("fingerprint", "int"), {"ok": {"MD5": "0a", "canonical-form": "x"}}, Given({"MD5": b"\x0a", "canonical-form": "x"})),
        (Case("decode", "int"), {"error": "no"}, Refused("no")),
        (Case("decode", "int"), {"error": "a\n\t\x1b[1m\ud800 \u00e9"}, Refused("a \\x1b[1m\\ud800 \u00e9")),
        (Case("decode", "int"), {"unsupported": "no " * 10_000_000}, Unsupported(("no " * 334)[:1000])),
        (Case("decode", "int"), {"unsupported": "no"}, Unsupported("no")),
        (Case("decode", "int"), Broken("it is dead"), Broken("it is dead")),
        (Case("decode", "int"), {"error": 5}, Broken("error and unsupported are strings")),
        (Case("decode", "int"), {"ok": 5}, Broken("not a value: 5")),
        (Case("encode", "int"), {"ok": ["0a"]}, Broken('not hexadecimal digits in a string: ["0a"]')),
        (Case("read-file", "int"), {"ok": {"int": "5"}}, Broken("the answer to read-file is an array of values")),
        (Case("fingerprint", "int"), {"ok": {"MD5": 1}}, Broken("the answer to fingerprint is an object of strings")),
        (Case("fingerprint", "int"), {"ok": {"MD5": "x"}}, Broken("not hexadecimal digits in a string: x")),
    ],
)
def test_an_answer_says_one_thing(case: Case, message: dict[str, object] | Broken, answer: Answer) -> None:
    assert answer_of(case, message) == answer


def test_an_answer_that_is_very_deep_is_none() -> None:
    form: object = None
    for _ in range(100_000):
        form = [form]
    assert isinstance(answer_of(Case("decode", "int"), {"ok": form}), Broken)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_case_is_kept_in_json(operation: str) -> None:
    for index in range(60):
        drawn, _ = seeded_case(operation, "kept", index)  # type: ignore[arg-type]
        case = traced(drawn)
        back = case_of_json(json.loads(json.dumps(case_to_json(case))))
        if case.verdict == "reject":
            case, back = case._replace(expected=None), back._replace(expected=None)
        assert same(case._replace(note=""), back._replace(note=""))
        assert request_of(back) == request_of(case)


def test_kept_failures_are_read_from_a_report_or_a_list() -> None:
    case = Case("decode", "int", data=b"\x0a", expected=5)
    entry = {"outcome": "wrong answer", "why": "old", "case": case_to_json(case), "count": 3}
    for kept in ([entry], {"seed": "1", "failures": [entry]}):
        assert kept_failures(json.dumps(kept)) == [KeptFailure(case, "wrong answer", "old")]
    del entry["why"]
    assert kept_failures(json.dumps([entry])) == [KeptFailure(case, "wrong answer", "")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "{}",
        "[5]",
        "[{}]",
        '[{"outcome": "passed"}]',
        '[{"outcome": "passed", "case": {}}]',
        '[{"outcome": "passed", "case": {"operation": "dance", "schema": "int", "verdict": "accept"}}]',
        '[{"outcome": "passed", "case": {"operation": "decode", "schema": "int", "verdict": "maybe"}}]',
        '[{"outcome": "passed", "case": {"operation": "decode", "schema": "int", "verdict": "accept", "data": "x"}}]',
        '[{"outcome": "passed", "case": {"operation": "decode", "schema": "int", "verdict": "accept", "expected": 5}}]',
        '[{"outcome": "passed", "case": {"operation": "decode", "schema": "int", "verdict": "accept", "data": "80"}}]',
        '[{"outcome": "passed", "case": {"operation": "decode", "schema": "no", "verdict": "accept", "data": "00"}}]',
        '[{"outcome": "passed", "case": {"operation": "encode", "schema": "int", "verdict": "accept", "value": "a"}}]',
        '[{"outcome": "passed", "case": {"operation": "parse", "schema": "int", "verdict": "accept", "clauses": ["no"]}}]',
        '[{"outcome": "better", "case": {"operation": "decode", "schema": "int", "verdict": "accept"}}]',
    ],
)
def test_any_other_text_is_no_list_of_failures(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        kept_failures(text)
