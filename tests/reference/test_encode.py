"""Writing: what each type takes, what it refuses, and the path of what it refuses."""

import math
from collections import OrderedDict, defaultdict
from enum import IntEnum, StrEnum

import pytest

from avro_ocf import parse_schema
from avro_ocf.errors import DatumError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.reference import Budget, encode
from tests.reference.schemas import SUIT, array, fixed, map_of, node, record, written


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    HEARTS = "HEARTS"


DEFAULTED = {"type": "record", "name": "D", "fields": [{"name": "a", "type": "int", "default": 7}, {"name": "b", "type": "string"}]}

TAKEN = [
    ("null", None, b""),
    ("boolean", True, b"\1"),
    ("int", -(2**31), b"\xff\xff\xff\xff\x0f"),
    ("int", 2**31 - 1, b"\xfe\xff\xff\xff\x0f"),
    ("int", Number.ONE, b"\2"),
    ("long", -(2**63), b"\xff" * 9 + b"\1"),
    ("long", 2**63 - 1, b"\xfe" + b"\xff" * 8 + b"\1"),
    ("float", 1.0, b"\0\0\x80\x3f"),
    ("float", 1, b"\0\0\x80\x3f"),
    ("float", math.inf, b"\0\0\x80\x7f"),
    ("double", 1, b"\0\0\0\0\0\0\xf0\x3f"),
    ("double", 2**64, b"\0\0\0\0\0\0\xf0\x43"),
    ("bytes", b"\0\xff", b"\4\0\xff"),
    ("bytes", bytearray(b"\0\xff"), b"\4\0\xff"),
    (fixed(2), b"ab", b"ab"),
    ("string", "é", b"\4\xc3\xa9"),
    ("string", Word.HEARTS, b"\x0cHEARTS"),
    (SUIT, "HEARTS", b"\2"),
    (SUIT, Word.HEARTS, b"\2"),
    (array("long"), [3, 27], b"\4\x06\x36\0"),
    (array("long"), [], b"\0"),
    (map_of("int"), OrderedDict(b=1, a=2), b"\4\2b\2\2a\4\0"),
    (DEFAULTED, {"b": "x"}, b"\x0e\2x"),
    (DEFAULTED, defaultdict(str, b="x"), b"\x0e\2x"),
    (DEFAULTED, {"b": "x", "a": 1}, b"\2\2x"),
]


@pytest.mark.parametrize(("schema", "datum", "data"), TAKEN)
def test_a_value_is_written(schema: object, datum: object, data: bytes) -> None:
    assert written(schema, datum) == data


BATTLE = record("Battle", at="int", ships=array(record("Ship", hp="int", tags=map_of("boolean"))), **{"class": ["null", DEFAULTED]})
GOOD = {"at": 1, "ships": [{"hp": 1, "tags": {}}], "class": None}
REFUSED = [
    ("null", 0, ""),
    ("boolean", 1, ""),
    ("int", True, ""),
    ("int", 1.0, ""),
    ("int", "1", ""),
    ("int", 2**31, ""),
    ("int", -(2**31) - 1, ""),
    ("long", 2**63, ""),
    pytest.param("long", 10**5000, "", id="more digits than are printed"),
    ("float", True, ""),
    ("float", "1", ""),
    ("float", 1e39, ""),
    ("float", 2**128, ""),
    ("double", 10**400, ""),
    ("bytes", "a", ""),
    ("bytes", memoryview(b"a"), ""),
    (fixed(2), b"abc", ""),
    (fixed(2), b"a", ""),
    ("string", b"a", ""),
    ("string", "\ud800", ""),
    (SUIT, "CLUBS", ""),
    (SUIT, 0, ""),
    (array("int"), (1, 2), ""),
    (array("int"), {1: 2}, ""),
    (array("int"), [1, None], "[1]"),
    (map_of("int"), [], ""),
    (map_of("int"), {1: 1}, ""),
    (map_of("int"), {"\ud800": 1}, ""),
    (map_of("int"), {'say "é"': "x"}, r'["say \"é\""]'),
    (DEFAULTED, [], ""),
    (DEFAULTED, {"b": "x", "c": 1}, ""),
    (DEFAULTED, {"b": "x", 1: 1}, ""),
    (DEFAULTED, {}, "b"),
    (BATTLE, {**GOOD, "ships": [GOOD["ships"], 1]}, "ships[0]"),
    (BATTLE, {**GOOD, "ships": [{"hp": 1, "tags": {"a": True, "b": 1}}]}, 'ships[0].tags["b"]'),
    (BATTLE, {**GOOD, "ships": [{"hp": 1, "tags": {}}, {"tags": {}}]}, "ships[1].hp"),
    (BATTLE, {**GOOD, "class": {"a": "x", "b": "y"}}, "class.a"),
    (BATTLE, {**GOOD, "class": 5}, "class"),
]


@pytest.mark.parametrize(("schema", "datum", "path"), REFUSED)
def test_a_value_that_does_not_fit_is_named(schema: object, datum: object, path: str) -> None:
    with pytest.raises(DatumError) as caught:
        written(schema, datum)
    assert (caught.value.path, caught.value.record) == (path, None)
    assert len(str(caught.value)) < 500


def test_logical_values_and_raw_ones_are_written_alike() -> None:
    from datetime import date

    schema = {"type": "int", "logicalType": "date"}
    assert written(schema, date(1970, 1, 2)) == written(schema, 1) == b"\2"
    with pytest.raises(DatumError, match="date"):
        written(schema, "1970-01-02")


def test_a_logical_value_that_is_not_exact_is_refused_with_its_path() -> None:
    from decimal import Decimal

    schema = array({"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1})
    assert written(schema, [Decimal("12.3")]) == b"\2\2\x7b\0"
    with pytest.raises(DatumError, match="fractional") as caught:
        written(schema, [Decimal("12.3"), Decimal("0.55")])
    assert caught.value.path == "[1]"


def test_the_data_given_is_not_changed() -> None:
    datum = defaultdict(str, b="x")
    encode(node(DEFAULTED), datum, DEFAULT_LIMITS, Budget(0))
    assert datum == {"b": "x"}


class Long(list[object]):
    """A list that tells a wrong length."""

    def __init__(self, items: list[object], length: int) -> None:
        super().__init__(items)
        self.length = length

    def __len__(self) -> int:
        return self.length


@pytest.mark.parametrize("length", [-1, 0, 2**70])
def test_a_list_is_what_it_holds_whatever_its_subclass_tells(length: int) -> None:
    assert parse_schema({"type": "array", "items": "null"}).encode(Long([None], length)) == b"\x02\0"
