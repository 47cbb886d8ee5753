"""The judge on right and wrong answers of each operation, and on answers that no implementation should give."""

import datetime as dt
import io
from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from avro_ocf import Writer, parse_schema
from avro_ocf.oracle import Answer, Broken, Case, Given, Refused, Unsupported, judge
from avro_ocf.oracle.telling import difference, told

RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "double"}, {"name": "b", "type": ["null", "string"]}]}
VALUE = {"a": 1.0, "b": "x"}
DATA = bytes.fromhex("000000000000f03f020278")

DECODE = Case("decode", RECORD, data=DATA, expected=VALUE)
ENCODE = Case("encode", RECORD, value=VALUE)
LONGS = Case("encode", {"type": "array", "items": "long"}, value=[1, 2])
EITHER = Case("decode", "int", "either", data=b"\x82\0", expected=1)
REJECT = Case("decode", "boolean", "reject", data=b"\2")
PARSE = Case("parse", "int")
RECORDS = Case("read-file", "int", data=b"...", expected=[1, 2])
PRINTS = Case("fingerprint", "int", expected={"canonical-form": '"int"', "MD5": bytes(16)})


def file(schema: object, records: list[Any], codec: str = "null") -> bytes:
    out = io.BytesIO()
    with Writer(out, parse_schema(schema), codec=codec, sync_marker=bytes(range(16))) as writer:
        writer.write_many(records)
    return out.getvalue()


WRITE = Case("write-file", "int", value=[1, 2], codec="deflate")

RIGHT: list[tuple[Case, Answer]] = [
    (DECODE, Given({"b": "x", "a": 1.0})),
    (ENCODE, Given(DATA)),
    (ENCODE, Given(bytearray(DATA))),
    (LONGS, Given(b"\4\2\4\0")),
    (LONGS, Given(b"\2\2\2\4\0")),
    (LONGS, Given(b"\3\4\2\4\0")),
    (Case("encode", ["int", "long"], value=5), Given(b"\2\x0a")),
    (EITHER, Given(1)),
    (EITHER, Refused("no")),
    (REJECT, Refused("no")),
    (PARSE, Given(None)),
    (RECORDS, Given([1, 2])),
    (PRINTS, Given({"MD5": bytes(16)})),
    (PRINTS, Given({"MD5": bytes(16), "SHA-1": b"", "canonical-form": '"int"'})),
    (WRITE, Given(file("int", [1, 2], "deflate"))),
    (WRITE._replace(value=[]), Given(file("int", [], "deflate"))),
    (DECODE._replace(expected={"a": float("nan"), "b": None}), Given({"a": float("nan"), "b": None})),
    (Case("decode", "bytes", expected=Decimal("1.50")), Given(Decimal("1.5"))),
]

WRONG: list[tuple[Case, object, str]] = [
    (DECODE, {"a": 1.0}, "lacks ['b']"),
    (DECODE, {"a": 1.0, "b": "x", "c": 1}, "has ['c'] besides"),
    (DECODE, {"a": 1, "b": "x"}, "at ['a']: expected 1.0, got 1"),
    (DECODE, {"a": 1.0, "b": b"x"}, "at ['b']: expected 'x', got b'x'"),
    (DECODE, [1.0, "x"], "expected {'a': 1.0, 'b': 'x'}, got [1.0, 'x']"),
    (DECODE._replace(expected=-0.0), 0.0, "expected -0.0, got 0.0"),
    (DECODE._replace(expected=True), 1, "expected True, got 1"),
    (DECODE._replace(expected=dt.date(2000, 1, 2)), dt.date(2000, 1, 1), "datetime.date(2000, 1, 1)"),
    (DECODE._replace(expected=UUID(int=1)), str(UUID(int=1)), "00000001'"),
    (ENCODE, DATA[:-1], "cannot be read"),
    (ENCODE, DATA + b"\0", "goes on after the value"),
    (ENCODE, DATA[:-1] + b"y", "at ['b']: expected 'x', got 'y'"),
    (ENCODE, None, "expected bytes, got None"),
    (ENCODE, "text", "expected bytes"),
    (LONGS, b"\3\6\2\4\0", "cannot be read"),
    (EITHER, 2, "expected 1, got 2"),
    (RECORDS, [1], "expected 2 items, got 1"),
    (RECORDS, (1, 2), "expected [1, 2], got (1, 2)"),
    (RECORDS, iter([1, 2]), "expected [1, 2], got <"),
    (PRINTS, {"MD5": bytes(15) + b"\1"}, "at ['MD5']"),
    (PRINTS, {}, "none of canonical-form, MD5"),
    (PRINTS, bytes(16), "expected a dict of fingerprints"),
    (WRITE, file("int", [1, 2]), "codec is null, not deflate"),
    (WRITE, file("int", [1, 3], "deflate"), "at [1]: expected 2, got 3"),
    (WRITE, file("int", [1], "deflate"), "expected 2 items"),
    (WRITE, file("long", [1, 2], "deflate"), "schema is another"),
    (WRITE, file("int", [1, 2], "deflate")[:-1], "cannot be read"),
    (WRITE, file("int", [1, 2], "deflate") + b"\0", "cannot be read"),
    (WRITE, b"", "cannot be read"),
    (WRITE, [1, 2], "expected bytes"),
]


@pytest.mark.parametrize(("case", "answer"), RIGHT)
def test_right_answers_pass(case: Case, answer: Answer) -> None:
    assert judge(case, answer) == ("passed", "")


@pytest.mark.parametrize(("case", "value", "why"), WRONG)
def test_wrong_answers_are_told(case: Case, value: object, why: str) -> None:
    outcome, reason = judge(case, Given(value))
    assert outcome == "wrong answer"
    assert why in reason


def test_other_outcomes() -> None:
    assert judge(DECODE, Refused("why")) == ("refused what is right", "why")
    assert judge(DECODE, Broken("gone")) == ("no answer", "gone")
    assert judge(REJECT, Broken("gone")) == ("no answer", "gone")
    assert judge(REJECT, Unsupported("booleans")) == ("unsupported", "booleans")
    assert judge(REJECT, Given(True)).outcome == "took what is wrong"


def test_json_has_one_type_of_number() -> None:
    assert judge(DECODE, Given({"a": 1, "b": "x"}), exact=False).outcome == "passed"
    assert judge(DECODE, Given({"a": 2, "b": "x"}), exact=False).outcome == "wrong answer"
    assert judge(DECODE, Given({"a": True, "b": "x"}), exact=False).outcome == "wrong answer"
    assert judge(DECODE._replace(expected=5), Given(5.0), exact=False).outcome == "wrong answer"
    assert judge(DECODE._replace(expected=float(2**53)), Given(2**53 + 1), exact=False).outcome == "wrong answer"
    assert judge(DECODE._replace(expected=-0.0), Given(0), exact=False).outcome == "wrong answer"


class Evil:
    """An object that raises wherever it is touched."""

    def __eq__(self, _other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        return hash("a")

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("iter")


class EvilBytes(bytes):
    def __eq__(self, _other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __len__(self) -> int:
        return 1 << 60

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Liar:
    """An object that passes for bytes."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return bytes


class EvilMeta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("name")


class Nameless(metaclass=EvilMeta):
    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Number(IntEnum):
    ONE = 1


def cycle() -> list[object]:
    found: list[object] = []
    found.append(found)
    return found


def loop() -> dict[str, object]:
    found: dict[str, object] = {}
    found["a"] = found["b"] = found
    return found


def deep() -> list[object]:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


ODD: list[Any] = [
    Evil(),
    Evil,
    [Evil()],
    {"a": Evil(), "b": Evil()},
    {Evil(): 1, "b": 2},
    EvilBytes(DATA),
    Liar(),
    Nameless(),
    Nameless,
    Number.ONE,
    cycle(),
    loop(),
    deep(),
    10**5000,
    {"a": 10**5000, "b": "x"},
    [1] * 1_000_000,
    "x" * 1_000_000,
    bytes(1_000_000),
    b"Obj\1" + bytes(1000),
    "\ud800",
    count(),
    (number for number in [1]),
    OrderedDict(a=1.0, b="x"),
    {1: 2},
    {"a": float("nan"), "b": Decimal("sNaN")},
    Decimal("sNaN"),
    memoryview(DATA),
    NotImplemented,
    ...,
    lambda: 1,
]


@pytest.mark.parametrize("case", [DECODE, ENCODE, LONGS, REJECT, PARSE, RECORDS, PRINTS, WRITE])
@pytest.mark.parametrize("index", range(len(ODD)))
def test_no_answer_makes_the_judge_fall_over(case: Case, index: int) -> None:
    outcome, reason = judge(case, Given(ODD[index]))
    if case is PARSE or (case is ENCODE and type(ODD[index]) is EvilBytes):
        assert outcome == "passed"
    else:
        assert outcome == ("took what is wrong" if case is REJECT else "wrong answer")
        assert 0 < len(reason) < 5000


@pytest.mark.parametrize("index", range(len(ODD)))
def test_anything_can_be_told_in_a_few_words(index: int) -> None:
    assert 0 < len(told(ODD[index])) <= 2000


def test_what_is_no_error_passes() -> None:
    class Interrupting(dict[str, object]):
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(DECODE, Given(Interrupting()))


def test_the_first_difference_is_told() -> None:
    assert difference([{"a": [1, 2, 3]}], [{"a": [1, 5, 6]}]) == "at [0]['a'][1]: expected 2, got 5"
    assert difference([{"a": [1, 2, 3]}], [{"a": [1, 2, 3]}]) == ""
