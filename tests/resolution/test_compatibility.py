"""The list of all incompatibilities."""

import time

import pytest

from avro_ocf.errors import ResolutionError
from avro_ocf.resolution.compatibility import REASONS, Incompatibility, incompatibilities
from tests.resolution.schemas import array, enum, mapping, parsed, record

POINT = record("Point", ("x", "int"), ("y", "int"))


@pytest.mark.parametrize(
    ("writer", "reader", "found"),
    [
        ("int", "long", []),
        ("int", "string", [("", "int cannot be read as string")]),
        (
            record("R", ("a", "int"), ("b", "int"), ("c", "int")),
            record("R", ("a", "string"), ("b", "long"), ("c", "bytes"), ("d", "int")),
            [
                ("a", "int cannot be read as string"),
                ("c", "int cannot be read as bytes"),
                ("d", "the writer has no such field, and it has no default"),
            ],
        ),
        # `resolve` leaves these to the data.
        (["null", "int", "string"], "int", [("", "null cannot be read as int"), ("", "string cannot be read as int")]),
        (array(["null", "int"]), array(["int", "boolean"]), [("[]", "no branch of the reader's union matches null")]),
        (
            mapping(enum("E", "A", "B", "C")),
            mapping(enum("E", "B")),
            [("[]", "the reader has no symbol A"), ("[]", "the reader has no symbol C")],
        ),
        (enum("E", "A", "B"), enum("E", "B", default="B"), []),
        # In a reader's union, only the branch that is chosen counts.
        ("int", ["string", "long"], []),
        (enum("E", "A", "B"), ["string", enum("E", "B")], [("", "the reader has no symbol A")]),
        (record("R", ("a", "int")), ["null", record("R", ("a", "string"))], [("a", "int cannot be read as string")]),
        # A type at fault in many places is told once.
        (
            record("R", ("start", POINT), ("end", "Point")),
            record("R", ("start", record("Point", ("x", "string"))), ("end", "Point")),
            [("start.x", "int cannot be read as string")],
        ),
    ],
)
def test_all_reasons_are_found(writer: object, reader: object, found: list[tuple[str, str]]) -> None:
    assert incompatibilities(parsed(writer), parsed(reader)) == [Incompatibility(*reason) for reason in found]


@pytest.mark.parametrize(("unknown", "told"), [(REASONS, REASONS), (REASONS + 1, REASONS)])
def test_the_number_of_reasons_is_bounded(unknown: int, told: int) -> None:
    fields = [(f"f{index}", "int") for index in range(unknown)]
    assert len(incompatibilities(parsed(record("R")), parsed(record("R", *fields)))) == told


def test_names_that_nearly_match_are_sought_in_bounded_time() -> None:
    writer = record("R", *[(f"alike_{index}", "int") for index in range(20_000)])
    reader = record("R", *[(f"alike{index}x", "int") for index in range(2000)])
    start = time.perf_counter()
    found = incompatibilities(parsed(writer), parsed(reader))
    assert "; the writer has the field 'alike_0', nearly 'alike0x'" in found[0].reason
    assert time.perf_counter() - start < 10


@pytest.mark.slow
def test_too_many_comparisons_are_an_error() -> None:
    writer, reader = ([record(f"{space}{index}.R") for index in range(1100)] for space in "ab")
    with pytest.raises(ResolutionError, match="comparisons"):
        incompatibilities(parsed(writer), parsed(reader))
