"""Which branch of a union is written."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from avro_ocf.errors import DatumError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.reference import choose_branch, encode
from tests.reference.schemas import SUIT, array, fixed, map_of, node, record, union

DATE = {"type": "int", "logicalType": "date"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
NANOS = {"type": "long", "logicalType": "timestamp-nanos"}
MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
TEXT_UUID = {"type": "string", "logicalType": "uuid"}
NARROW = record("Narrow", x="float")
WIDE = record("Wide", x="double")

CHOICES = [
    (["null", "int"], None, 0),
    (["int", "boolean"], True, 1),
    (["int", "long"], 1, 0),
    (["int", "long"], 2**31, 1),
    (["double", "int"], 1, 1),
    (["double", "string"], 2**63, 0),
    (["double", DATE], 1, 0),
    (["float", "double"], 1, 0),
    (["float", "double"], 0.5, 0),
    (["float", "double"], 0.1, 1),
    (["float", "string"], 0.1, 0),
    (["float", "double"], 1e300, 1),
    (["float", "double"], math.nan, 0),
    (["float", "double"], math.inf, 0),
    (["bytes", fixed(2)], b"ab", 0),
    ([fixed(2), "bytes"], b"abc", 1),
    (["string", SUIT], "HEARTS", 0),
    ([SUIT, "string"], "HEARTS", 0),
    ([SUIT, "string"], "CLUBS", 1),
    ([DATE, "long"], 1, 1),
    ([DATE, "string"], 1, 0),
    ([DATE, MILLIS], date(2024, 1, 1), 0),
    ([DATE, MILLIS], datetime(2024, 1, 1, tzinfo=UTC), 1),
    ([NANOS, "int"], 1, 0),
    ([MONEY, "string"], Decimal("1.25"), 0),
    ([MONEY, fixed(2)], b"ab", 1),
    ([TEXT_UUID, SUIT], "HEARTS", 1),
    ([SUIT, TEXT_UUID], UUID(int=1), 1),
    ([map_of("int"), record("R", a="int")], {"a": 1}, 0),
    ([record("R", a="int"), map_of("int")], {"a": 1}, 0),
    ([record("R", a="int"), map_of("int")], {"b": 1}, 1),
    ([record("A", x="int"), record("B", x="int", y="int")], {"x": 1, "y": 2}, 1),
    ([record("A", x="int"), record("B", x="string")], {"x": "1"}, 1),
    ([NARROW, WIDE], {"x": 0.1}, 1),
    ([NARROW, WIDE], {"x": 0.5}, 0),
    ([NARROW, WIDE], {"x": 1}, 0),
    ([map_of(array("float")), WIDE], {"x": [0.1]}, 0),
    ([array("double"), "null"], [1, 2.5], 0),
]


@pytest.mark.parametrize(("branches", "datum", "index"), CHOICES)
def test_exact_comes_before_converted_and_then_first_before_last(branches: list[object], datum: object, index: int) -> None:
    parsed = union(*branches)
    assert choose_branch(parsed, datum, DEFAULT_LIMITS) == (index, datum)
    data = encode(parsed, datum, DEFAULT_LIMITS)
    assert data == bytes([2 * index]) + encode(parsed.branches[index], datum, DEFAULT_LIMITS)


def named(name: str, namespace: str) -> dict[str, object]:
    return {**record(name, x="int"), "namespace": namespace}


FORCED: list[tuple[list[object], tuple[str, object], int]] = [
    (["int", "long"], ("long", 1), 1),
    (["float", "double"], ("double", 0.5), 1),
    (["null", "string"], ("null", None), 0),
    ([map_of("int"), array("int")], ("array", []), 1),
    ([map_of("int"), record("R", a="int")], ("R", {"a": 1}), 1),
    ([named("R", "a.b"), named("R", "a.c")], ("a.c.R", {"x": 1}), 1),
    ([named("R", "a.b"), named("S", "a.b")], ("S", {"x": 1}), 1),
    ([DATE, "long"], ("int", 1), 0),
]


@pytest.mark.parametrize(("branches", "datum", "index"), FORCED)
def test_a_pair_forces_a_branch_by_its_name(branches: list[object], datum: tuple[str, object], index: int) -> None:
    parsed = union(*branches)
    assert choose_branch(parsed, datum, DEFAULT_LIMITS) == (index, datum[1])
    assert encode(parsed, datum, DEFAULT_LIMITS)[0] == 2 * index


MISFITS = [
    (["null", "int"], "x", ""),
    ([], None, ""),
    (["int", "long"], ("string", "x"), ""),
    (["double", "long"], 2**63, ""),
    (["int", "float"], 2**31, ""),
    (["int", "long"], ("int", 2**31), ""),
    (["int", "long"], ("int", 1, 2), ""),
    (["int", "long"], (1, 2), ""),
    ([named("R", "a.b"), named("R", "a.c")], ("R", {"x": 1}), ""),
    (["null", record("R", a=array("int"))], {"a": [1, "x"]}, "a[1]"),
    (["null", record("R", a=array("int"))], ("R", {"a": ["x"]}), "a[0]"),
    ([record("A", x="int"), record("B", y="int")], {"x": "1"}, "x"),
    ([record("A", x="int"), record("B", x="boolean")], {"x": "1"}, ""),
]


@pytest.mark.parametrize(("branches", "datum", "path"), MISFITS)
def test_a_datum_that_fits_no_branch(branches: list[object], datum: object, path: str) -> None:
    for act in (encode, choose_branch):
        with pytest.raises(DatumError) as caught:
            act(union(*branches), datum, DEFAULT_LIMITS)
        assert caught.value.path == path


def test_the_message_tells_why_each_branch_does_not_fit() -> None:
    with pytest.raises(DatumError, match=r"null: expected None, not the str 'x'; int: expected an int, not the str 'x'"):
        encode(union("null", "int"), "x", DEFAULT_LIMITS)


def look_alikes(depth: int, innermost: object) -> object:
    datum = innermost
    for _ in range(depth):
        datum = {"x": datum}
    return datum


INNER = {"type": "record", "name": "B", "fields": [{"name": "x", "type": ["null", "A", "B"]}]}
OUTER = {"type": "record", "name": "A", "fields": [{"name": "x", "type": ["null", "A", INNER]}]}


def test_choosing_among_look_alikes_takes_no_exponential_time() -> None:
    assert encode(node(OUTER), look_alikes(90, None), DEFAULT_LIMITS) == b"\2" * 89 + b"\0"


def test_finding_that_none_of_the_look_alikes_fits_takes_no_exponential_time_or_message() -> None:
    with pytest.raises(DatumError) as caught:
        encode(node(OUTER), look_alikes(90, "misfit"), DEFAULT_LIMITS)
    assert len(str(caught.value)) < 1000


def test_the_same_object_twice_is_written_twice() -> None:
    shared = {"x": None}
    parsed = node(array(["null", record("R", x=["null", "int"])]))
    assert encode(parsed, [shared, shared, ("R", shared)], DEFAULT_LIMITS) == b"\6" + b"\2\0" * 3 + b"\0"


class Fresh(dict[str, object]):
    """A dict that makes a new value each time."""

    def __getitem__(self, key: str) -> object:
        return [len(key)] * len(key)


def test_values_made_while_writing_are_not_mistaken_for_one_another() -> None:
    names = ["f" * length for length in range(1, 20)]
    parsed = node(record("R", **{name: ["null", array("int")] for name in names}))
    assert encode(parsed, Fresh.fromkeys(names), DEFAULT_LIMITS) == encode(
        parsed, {name: [len(name)] * len(name) for name in names}, DEFAULT_LIMITS
    )


def test_a_branch_that_is_not_taken_is_charged_nothing() -> None:
    parsed = node(array([record("Nulls", xs=array("null")), record("Ints", xs=array("int"))]))
    limits = Limits(zero_byte_items=3)
    assert encode(parsed, [{"xs": [1] * 3}, {"xs": [None] * 3}], limits)
    assert encode(parsed, [{"xs": [1] * 4}, {"xs": [1] * 4}], limits)
    with pytest.raises(DatumError):
        encode(parsed, [{"xs": [None] * 3}, {"xs": [None]}], limits)


def test_a_datum_met_again_is_charged_again() -> None:
    parsed = node(array(["int", record("Nulls", xs=array("null"))]))
    datum = [{"xs": [None] * 2}] * 3
    assert encode(parsed, datum, Limits(zero_byte_items=6))
    with pytest.raises(DatumError):
        encode(parsed, datum, Limits(zero_byte_items=5))
