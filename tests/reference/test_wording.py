"""What errors say of a datum of the wrong type, and what to do about it."""

from collections import OrderedDict, UserDict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from avro_ocf import DatumError, infer_schema, parse_schema

ARRAY = {"type": "array", "items": "int"}
MAP = {"type": "map", "values": "int"}
RECORD = {"type": "record", "name": "R", "fields": []}


class Namesake:
    """Of the name of one of Python's types."""


Namesake.__name__ = "bool"
Pair = namedtuple("Pair", "x y")  # noqa: PYI024 - with no types, as most are


@dataclass
class Point:
    """A point."""

    x: int


class Whole:
    """A number of somebody else's."""

    def __index__(self) -> int:
        return 1


HERE = __name__


@pytest.mark.parametrize(
    ("schema", "datum", "message"),
    [
        ("boolean", Namesake(), f"expected a bool, not a {HERE}.bool"),
        ("boolean", 1, "expected a bool, not the int 1"),
        ("int", Whole(), f"expected an int, not a {HERE}.Whole; int(value) makes one"),
        ("int", True, "expected an int, not True"),
        ("int", 1.0, "expected an int, not a float"),
        ("double", Decimal(1), "expected a float, not a decimal.Decimal; float(value) makes one"),
        ("double", Fraction(1), "expected a float, not a fractions.Fraction; float(value) makes one"),
        ("double", True, "expected a float, not True"),
        ("bytes", memoryview(b""), "expected bytes, not a memoryview; bytes(value) makes them"),
        ("bytes", "a", "expected bytes, not the str 'a'; value.encode() makes them"),
        ("string", b"a", "expected a str, not a bytes; value.decode() makes one"),
        ("string", None, "expected a str, not None"),
        (ARRAY, (1,), "expected a list, not a tuple; list(value) makes one"),
        (ARRAY, deque([1]), "expected a list, not a collections.deque; list(value) makes one"),
        (ARRAY, {1}, "expected a list, not a set; list(value) makes one"),
        (ARRAY, "ab", "expected a list, not the str 'ab'"),
        (ARRAY, b"ab", "expected a list, not a bytes"),
        (ARRAY, OrderedDict(), "expected a list, not a collections.OrderedDict"),
        (MAP, UserDict(), "expected a dict, not a collections.UserDict; dict(value) makes one"),
        (RECORD, Pair(1, 2), f"expected a dict, not a {HERE}.Pair; value._asdict() makes one"),
        (RECORD, Point(1), f"expected a dict, not a {HERE}.Point; dataclasses.asdict(value) makes one"),
        (RECORD, [], "expected a dict, not a list"),
    ],
)
def test_a_datum_of_the_wrong_type(schema: Any, datum: object, message: str) -> None:
    with pytest.raises(DatumError) as caught:
        parse_schema(schema).encode(datum)
    assert caught.value.message == message


def test_what_has_no_schema_is_named_with_its_module() -> None:
    with pytest.raises(DatumError, match=f"Avro has no type for {HERE}.bool"):
        infer_schema([{"a": Namesake()}])
