"""The clauses are well-formed, and the cases drawn exercise every one that a codec can break."""

import re
from collections import Counter
from collections.abc import Callable
from typing import get_args

import pytest

from avro_ocf.oracle.cases import Case, Operation
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.specification.clauses import clauses, ordered, reachable
from avro_ocf.oracle.specification.resolution_tracing import Ambiguous
from avro_ocf.oracle.specification.tracing import traced

OPERATIONS: tuple[Operation, ...] = get_args(Operation)
MOST_CASES = 3000


def test_ids_are_unique_and_of_one_form() -> None:
    from importlib.resources import files

    lines = files("avro_ocf.oracle.specification").joinpath("clauses.tsv").read_text(encoding="utf-8").splitlines()
    ids = [line.split("\t")[0] for line in lines if not line.startswith("# ")]
    assert len(ids) == len(set(ids)) == len(clauses())
    for name in ids:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name), name


def test_every_clause_has_a_section_and_a_sentence() -> None:
    for name, clause in clauses().items():
        assert name == clause.id
        assert clause.section
        assert clause.sentence.strip() == clause.sentence != ""


def test_sentences_about_protocols_are_out_of_reach() -> None:
    about = [clause for clause in clauses().values() if clause.section.startswith("Protocol") and clause.id != "protocol.error"]
    assert len(about) > 30
    assert all(clause.out_of_reach for clause in about)


def test_an_unknown_clause_is_an_error() -> None:
    with pytest.raises(KeyError):
        ordered(["binary.int-long", "binary.nothing"])


@pytest.mark.host
def test_every_clause_within_reach_is_exercised(tell: Callable[[str], None]) -> None:
    seen: Counter[str] = Counter()
    wanted = reachable()
    for index in range(MOST_CASES):
        for operation in OPERATIONS:
            seen.update(traced(seeded_case(operation, "clauses", index)[0]).clauses)
        if wanted <= seen.keys():
            break
    rarest = ", ".join(f"{name} {count}" for name, count in sorted(seen.items(), key=lambda item: (item[1], item[0]))[:5])
    tell(f"{len(wanted)} clauses in {index + 1} cases of each operation; the rarest: {rarest}")
    assert not wanted - seen.keys()
    assert not seen.keys() - wanted, "a clause is out of reach and was reached"


RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}
LONGS = {"type": "array", "items": "long"}
SKIPS = {"type": "record", "name": "R", "fields": [{"name": "a", "type": LONGS}, {"name": "b", "type": "int", "default": 5}]}
ONLY_B = {**SKIPS, "fields": [{"name": "b", "type": "int"}]}

TOLD = [
    (Case("decode", "int", data=b"\2", expected=1), "binary.int-long"),
    (Case("decode", "string", data=b"\4\xc3\xa9", expected="é"), "schema.primitive.string"),
    (Case("decode", RECORD, data=b"\2\4", expected={"a": 1, "b": 2}), "binary.record.order"),
    (Case("decode", LONGS, data=b"\1\2\2\0", expected=[1]), "binary.array.negative-count"),
    (Case("decode", LONGS, data=b"\2\2\2\4\0", expected=[1, 2]), "binary.array.blocks"),
    (Case("encode", SKIPS, value={"a": [], "b": 5}), "schema.default.written"),
    (Case("resolve", SKIPS, reader_schema=ONLY_B, data=b"\1\2\2\0\2", expected={"b": 1}), "binary.array.skipping"),
    (Case("resolve", "int", reader_schema="double", data=b"\2", expected=1.0), "resolution.promote.int-double"),
    (Case("resolve", ONLY_B, "reject", reader_schema=RECORD, data=b"\2"), "resolution.record.missing"),
    (Case("fingerprint", {"type": "int", "doc": "x"}), "canonical.strip"),
    (Case("parse", {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3}), "decimal.scale-range"),
]

NOT_TOLD = [
    (Case("decode", "int", data=b"\0", expected=0), "binary.int-long"),
    (Case("decode", "string", data=b"\2a", expected="a"), "schema.primitive.string"),
    (Case("decode", RECORD, data=b"\2\2", expected={"a": 1, "b": 1}), "binary.record.order"),
    (Case("decode", LONGS, data=b"\2\2\0", expected=[1]), "binary.array.negative-count"),
    (Case("decode", LONGS, data=b"\4\2\4\0", expected=[1, 2]), "binary.array.blocks"),
    (Case("encode", SKIPS, value={"a": [], "b": 6}), "schema.default.written"),
    (Case("resolve", SKIPS, reader_schema=ONLY_B, data=b"\2\2\0\2", expected={"b": 1}), "binary.array.skipping"),
    (Case("resolve", SKIPS, reader_schema=SKIPS, data=b"\0\2", expected={"a": [], "b": 1}), "resolution.record.ignored"),
    (Case("decode", "int", "reject", data=b""), "binary.int-long"),
    (Case("fingerprint", {"type": "int"}), "canonical.strip"),
    (Case("parse", {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 3}), "decimal.scale-range"),
]


@pytest.mark.parametrize(("case", "clause"), TOLD)
def test_a_case_exercises_what_it_can_tell(case: Case, clause: str) -> None:
    assert clause in traced(case).clauses


@pytest.mark.parametrize(("case", "clause"), NOT_TOLD)
def test_a_case_exercises_nothing_that_it_cannot_tell(case: Case, clause: str) -> None:
    assert clause not in traced(case).clauses


LISTED = {"type": "array", "items": "int"}
INTS = ["double", "int"]
DATES = [{"type": "long", "logicalType": "timestamp-micros"}, "int"]

AMBIGUOUS = [
    ("long", "float", b"\x82\x80\x80\x10"),  # 2**24 + 1, which a float does not hold
    (INTS, INTS, b"\2\2"),  # by the letter, an int is read as the double
    (DATES, DATES, b"\2\2"),
    (LISTED, {**LISTED, "items": "string"}, b"\0"),  # no item comes, so that it may go unnoticed
    ("null", [{**ONLY_B, "name": "n.R"}, {**ONLY_B, "name": "m.R"}, "null"], b""),  # the names differ in their namespaces only
]


@pytest.mark.parametrize(("schema", "reader_schema", "data"), AMBIGUOUS)
def test_where_the_specification_leaves_more_than_one_answer(schema: object, reader_schema: object, data: bytes) -> None:
    with pytest.raises(Ambiguous):
        traced(Case("resolve", schema, reader_schema=reader_schema, data=data))


CLEAR = [
    ("long", "float", b"\x80\x80\x80\x10", "resolution.promote.long-float"),
    (["int", "double"], ["int", "double"], b"\0\2", "resolution.unions.first"),
    (LISTED, {**LISTED, "items": "string"}, b"\2\2\0", "resolution.match"),
    (["null", "int"], "int", b"\2\2", "resolution.writer-union.match"),
    (["null", "int"], "int", b"\0", "resolution.writer-union.none"),
]


@pytest.mark.parametrize(("schema", "reader_schema", "data", "clause"), CLEAR)
def test_where_it_leaves_one(schema: object, reader_schema: object, data: bytes, clause: str) -> None:
    assert clause in traced(Case("resolve", schema, reader_schema=reader_schema, data=data)).clauses


def test_the_clauses_of_a_generator_stay() -> None:
    case = Case("decode", "int", "either", data=b"\x80\0", expected=0, clauses=("binary.int-long",))
    assert traced(case).clauses == ("binary.int-long",)
