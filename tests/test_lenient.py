"""Data that was made for fastavro: what is taken beyond the strict rules, and what is not."""

import io
import json
from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import DatumError, Limits, Reader, Schema, Writer, parse_schema
from avro_ocf.lenient import LenientEncoder
from avro_ocf.oracle import from_schema, schemas
from tests.compiler.test_agreement import _changed
from tests.test_foreign import Stamp, long

ARRAY = {"type": "array", "items": "int"}
MAP = {"type": "map", "values": "int"}


def record(name: str = "R", /, **types: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": field, "type": type_} for field, type_ in types.items()]}


def lenient(schema: Any, datum: object) -> bytes:
    parsed = schema if isinstance(schema, Schema) else parse_schema(schema)
    out = bytearray()
    LenientEncoder(parsed.encoder).append(datum, out)
    return bytes(out)


def taken(schema: Any, datum: object) -> Any:
    """Return what is read of a datum that the strict rules refuse."""
    parsed = parse_schema(schema)
    with pytest.raises(DatumError):
        parsed.encode(datum)
    return parsed.decode(lenient(parsed, datum), branches=True)


@given(st.data())
def test_what_fits_strictly_gives_the_same_bytes(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    datum = data.draw(from_schema(schema))
    assert lenient(schema, datum) == schema.encode(datum)


def loosened(value: Any) -> Any:
    """Return a datum whose lists and dicts are of other types, and whose bytes are views."""
    match value:
        case list():
            return UserList(map(loosened, value))
        case dict():
            return MappingProxyType({key: loosened(part) for key, part in value.items()})
        case bytes():
            return memoryview(value)
        case tuple() if len(value) == 2:
            return value[0], loosened(value[1])
    return value


@given(st.data())
def test_other_types_of_the_same_content_give_the_same_bytes(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas(max_leaves=5)))
    datum = schema.decode(schema.encode(data.draw(from_schema(schema, huge=False))), branches=True)
    assert lenient(schema, loosened(datum)) == schema.encode(datum)


@given(st.data())
def test_nothing_but_our_errors_comes_of_any_datum(data: st.DataObject) -> None:
    one, other = parse_schema(data.draw(schemas(max_leaves=4))), parse_schema(data.draw(schemas(max_leaves=4)))
    datum = loosened(data.draw(from_schema(one) | from_schema(other) | from_schema(one).map(_changed)))
    try:
        data_bytes = lenient(one, datum)
    except DatumError:
        return
    one.decode(data_bytes)


DEFAULTED = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": "int"},
        {"name": "b", "type": ["null", "int"]},
        {"name": "c", "type": ["int", "null"], "default": 5},
        {"name": "d", "type": "null"},
    ],
}


@pytest.mark.parametrize(
    ("schema", "datum", "value"),
    [
        # Keys without a field are left out, and what may be null or has a default is filled in.
        (DEFAULTED, {"a": 1, "x": 2, 5: 6}, {"a": 1, "b": None, "c": 5, "d": None}),
        (DEFAULTED, {"a": 1}, {"a": 1, "b": None, "c": 5, "d": None}),
        (["null", DEFAULTED], {"a": 1, "x": 2}, {"a": 1, "b": None, "c": 5, "d": None}),
        (record(r=record("S", a=["null", "int"])), {"r": {}}, {"r": {"a": None}}),
        # Any Sequence is a list, and any Mapping a dict.
        (ARRAY, (1, 2), [1, 2]),
        (ARRAY, range(3), [0, 1, 2]),
        (ARRAY, deque([1]), [1]),
        (ARRAY, UserList([1]), [1]),
        (MAP, UserDict(a=1), {"a": 1}),
        (record(a="int"), MappingProxyType({"a": 1}), {"a": 1}),
        (record(a="int", b=["null", "string"]), OrderedDict(a=1), {"a": 1, "b": None}),
        ({"type": "array", "items": ARRAY}, ((1,), [2], ()), [[1], [2], []]),
        # A memoryview is bytes.
        ("bytes", memoryview(b"ab"), b"ab"),
        ("bytes", memoryview(b"abcd")[::2], b"ac"),
        ({"type": "fixed", "name": "F", "size": 2}, memoryview(b"ab"), b"ab"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, memoryview(b"\5"), Decimal(5)),
        # A pair whose text names a branch chooses it, and what is inside is made fit; another pair is a list.
        (["null", {"type": "array", "items": "string"}], ("a", "b"), ["a", "b"]),
        ([ARRAY, MAP], ("array", (1,)), ("array", [1])),
        ([ARRAY, MAP], ("map", UserDict(a=1)), ("map", {"a": 1})),
    ],
)
def test_what_is_taken(schema: Any, datum: object, value: object) -> None:
    assert taken(schema, datum) == value


AT = datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)
MILLIS, MICROS = long("timestamp-millis"), long("timestamp-micros")
TIME_MILLIS = {"type": "int", "logicalType": "time-millis"}


@pytest.mark.parametrize(
    ("schema", "datum", "value"),
    [
        (MILLIS, AT, AT.replace(microsecond=999_000)),
        (MILLIS, AT.astimezone(timezone(timedelta(hours=9))), AT.replace(microsecond=999_000)),
        (MILLIS, Stamp.of(AT, 999), AT.replace(microsecond=999_000)),
        (MICROS, Stamp.of(AT, 999), AT),
        (long("local-timestamp-millis"), AT.replace(tzinfo=None), AT.replace(microsecond=999_000, tzinfo=None)),
        (long("local-timestamp-micros"), Stamp.of(AT.replace(tzinfo=None), 1), AT.replace(tzinfo=None)),
        (TIME_MILLIS, time(1, 2, 3, 999_999), time(1, 2, 3, 999_000)),
        (["null", MILLIS], AT, AT.replace(microsecond=999_000)),
        # Of two types that a time must be rounded for, the finer one.
        ([record("S", at=MILLIS), record("T", at=MICROS)], {"at": Stamp.of(AT, 999)}, ("T", {"at": AT})),
    ],
)
def test_times_are_rounded_down(schema: Any, datum: object, value: object) -> None:
    assert taken(schema, datum) == value


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])), st.integers(0, 999))
def test_a_time_is_never_rounded_up(value: datetime, nanosecond: int) -> None:
    stamp = Stamp.of(value, nanosecond)
    for unit, per in (("millis", timedelta(milliseconds=1)), ("micros", timedelta(microseconds=1))):
        schema = parse_schema(long(f"timestamp-{unit}"), logical_types=False)
        try:
            data = lenient(long(f"timestamp-{unit}"), stamp)
        except DatumError:
            assert not datetime(1, 1, 2, tzinfo=UTC) < value < datetime(9999, 12, 30, tzinfo=UTC)
        else:
            assert schema.decode(data) == (value - datetime(1970, 1, 1, tzinfo=UTC)) // per


@pytest.mark.parametrize(
    ("schema", "datum"),
    [
        ("int", True),
        ("int", 1.0),
        ("int", "1"),
        ("int", 2**31),
        ("double", 2**53 + 1),
        ("double", Decimal(1)),
        ("string", b"a"),
        ("string", memoryview(b"a")),
        ("bytes", "a"),
        ("bytes", [1]),
        ({"type": "fixed", "name": "F", "size": 2}, memoryview(b"abc")),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "B"),
        (ARRAY, "ab"),
        (ARRAY, b"ab"),
        (ARRAY, {1}),
        (ARRAY, memoryview(b"ab")),
        (ARRAY, iter([1])),
        (ARRAY, ("a",)),
        (MAP, {1: 1}),
        (MAP, UserDict({1: 1})),
        (MILLIS, AT.replace(tzinfo=None)),
        (long("local-timestamp-millis"), AT),
        ({"type": "int", "logicalType": "date"}, AT),
        (MILLIS, date(2020, 1, 1)),
        (MILLIS, time(1)),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, Decimal("0.5")),
        (record(a="int"), {}),
        (record(a="int"), (("a", 1),)),
        (["null", "int"], ("int", "x")),
        ([ARRAY, "string"], (1.5,)),
    ],
)
def test_what_is_still_refused(schema: Any, datum: object) -> None:
    with pytest.raises(DatumError):
        lenient(schema, datum)


CAT, DOG = record("Cat", name="string", lives=["null", "int"]), record("Dog", name="string", tricks=["null", ARRAY])


@pytest.mark.parametrize(
    ("schema", "datum", "branch"),
    [
        # What a branch takes as it is, is left to it.
        ([CAT, DOG, MAP], {"name": 1}, "map"),
        (["double", "long"], 5, "long"),
        # The fewest keys are left out, then the fewest fields filled in, then the first branch counts.
        ([CAT, DOG], {"name": "x", "tricks": (1,)}, "Dog"),
        ([CAT, DOG], {"name": "x", "tricks": [1], "lives": 9}, "Cat"),
        ([CAT, DOG], {"name": "x"}, "Cat"),
        ([record("Big", a=["null", "int"], b=["null", "int"]), record("Small", a="int")], {"a": 1, "z": 2}, "Small"),
        ([record("Single", x="float"), record("Double", x="double")], {"x": 0.1, "z": 2}, "Double"),
        ([MAP, CAT], {"name": "x", "z": 1}, "Cat"),
    ],
)
def test_which_branch_is_taken(schema: Any, datum: object, branch: str) -> None:
    value = parse_schema(schema).decode(lenient(schema, datum), branches=True)
    assert value[0] == branch


@given(st.data())
def test_a_part_that_fits_strictly_keeps_its_branch(data: st.DataObject) -> None:
    own = parse_schema(data.draw(schemas(max_leaves=4)))
    datum = data.draw(from_schema(own, huge=False))
    around = parse_schema(record("Around__", own=json.loads(own.json), odd=ARRAY))
    assert lenient(around, {"own": datum, "odd": (1,), "none": 2}) == around.encode({"own": datum, "odd": [1]})


class Failing(Mapping[str, Any], Sequence[Any]):
    """A mapping, or a sequence, that fails when it is read."""

    def __getitem__(self, key: Any) -> Any:
        raise ZeroDivisionError("broken")

    def __iter__(self) -> Iterator[Any]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


def test_a_mapping_that_fails_is_an_error_with_its_place() -> None:
    schema = parse_schema(record(r=record("S", a="int"), more={"type": "array", "items": MAP}))
    for datum, path in (({"r": Failing(), "more": []}, "r"), ({"r": {"a": 1}, "more": (Failing(),)}, "more[0]")):
        with pytest.raises(DatumError, match="fails when it is read: ZeroDivisionError: broken") as caught:
            lenient(schema, datum)
        assert caught.value.path == path


def test_the_error_is_that_of_the_datum_made_fit() -> None:
    schema = parse_schema(record(a="int", b={"type": "array", "items": ["null", record("S", x="int")]}))
    with pytest.raises(DatumError) as caught:
        lenient(schema, {"a": 1, "b": ({"x": 1, "y": 1}, {"x": "1", "y": 1}), "c": 1})
    assert str(caught.value) == "b[1].x: expected an int, not the str '1'"


def test_look_alikes_take_no_exponential_time() -> None:
    inner = {"type": "record", "name": "B", "fields": [{"name": "x", "type": ["null", "A", "B"]}]}
    outer = {"type": "record", "name": "A", "fields": [{"name": "x", "type": ["null", "A", inner]}]}
    datum: Any = {"extra": 1}
    for _ in range(30):
        datum = {"x": datum, "extra": 1}
    assert lenient(outer, datum) == b"\2" * 30 + b"\0"


def test_depth_is_limited() -> None:
    schema = parse_schema(
        {"type": "record", "name": "N", "fields": [{"name": "n", "type": ["null", "N"]}]}, limits=Limits(datum_depth=5)
    )
    datum: Any = {}
    for _ in range(4):
        datum = {"n": datum, "z": 1}
    assert lenient(schema, datum)
    endless: Any = {"z": 1}
    endless["n"] = endless
    for wrong in ({"n": datum, "z": 1}, endless):
        with pytest.raises(DatumError, match="nested more than 5 deep"):
            lenient(schema, wrong)


def test_conversions_of_the_user_come_first() -> None:
    schema = parse_schema(
        record(at={**MILLIS, "logicalType": "timestamp-millis"}),
        conversions={"timestamp-millis": (lambda value: value.year, lambda year: year)},
    )
    assert schema.decode(lenient(schema, {"at": AT, "z": 1})) == {"at": 1969}


def test_a_writer_that_is_lenient() -> None:
    schema = record(a="int", b=["null", "string"])
    out = io.BytesIO()
    with Writer(out, schema, lenient=True) as writer:
        writer.write({"a": 1, "x": 1})
        writer.write_many([{"a": 2}, UserDict(a=3, b="c")])
        assert writer.write_block(iter([{"a": 4, "z": None}, {"a": 5, "b": None}])).record_count == 2
        with pytest.raises(DatumError) as caught:
            writer.write_many([{"a": 6}, {"b": "x"}, {"a": 7}])
        assert (caught.value.record, caught.value.path) == (1, "a")
        with pytest.raises(DatumError):
            writer.write_block([{"a": "x"}])
    with Writer.append(out := io.BytesIO(out.getvalue()), lenient=True) as writer:
        writer.write({"a": 8})
    expected = [(1, None), (2, None), (3, "c"), (4, None), (5, None), (6, None), (8, None)]
    assert [*Reader(io.BytesIO(out.getvalue()))] == [{"a": a, "b": b} for a, b in expected]
    with Writer.append(io.BytesIO(out.getvalue())) as writer, pytest.raises(DatumError, match="no field"):
        writer.write({"a": 1, "x": 1})


def test_a_lenient_writer_cuts_blocks_and_counts_values_without_bytes() -> None:
    out = io.BytesIO()
    with Writer(out, record(a="string"), block_size=100, lenient=True) as writer:
        writer.write_many({"a": "x" * 30, "z": index} for index in range(20))
    assert len(writer.blocks) == 5
    nulls = {"type": "array", "items": "null"}
    with Writer(io.BytesIO(), parse_schema(nulls, limits=Limits(zero_byte_items=10)), lenient=True) as writer:
        writer.write_many([(None,) * 6] * 3)
        with pytest.raises(DatumError, match="take no byte"):
            writer.write((None,) * 11)
        with pytest.raises(DatumError, match="zero-byte values"):
            writer.write_block([(None,) * 6] * 3)
    assert [block.record_count for block in writer.blocks] == [1, 1, 1]


class Cyclic(Sequence[int]):
    """Answers any index, so that a loop over it never ends."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        assert index < 1000
        return index % 3


def test_a_sequence_has_as_many_items_as_it_says() -> None:
    out = io.BytesIO()
    with Writer(out, {"type": "array", "items": "int"}, lenient=True) as writer:
        writer.write(Cyclic())
    out.seek(0)
    assert list(Reader(out)) == [[0, 1, 2]]


def test_the_key_type_names_a_branch_of_a_union() -> None:
    pets = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "n.Dog")]
    out = io.BytesIO()
    with Writer(out, pets, lenient=True) as writer:
        writer.write_many([{"-type": "n.Dog", "name": "a"}, {"-type": "Dog", "name": "b"}, {"-type": "Bird", "name": "c"}])
    out.seek(0)
    assert list(Reader(out, branches=True)) == [("n.Dog", {"name": "a"}), ("n.Dog", {"name": "b"}), ("Cat", {"name": "c"})]
    texts = parse_schema([*pets, {"type": "map", "values": "string"}])
    found, strict = {"-type": "Cat", "name": "d"}, bytearray()
    LenientEncoder(texts.encoder).append(found, strict)
    assert texts.encode(found) == bytes(strict)
