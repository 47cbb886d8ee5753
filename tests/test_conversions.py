"""Conversions that the user gives for a logical type of one schema."""

import copy
import io
import pickle
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import (
    AvroError,
    DatumError,
    FormatError,
    Reader,
    ResolutionError,
    Schema,
    SchemaError,
    StreamParser,
    Writer,
    decode_blocks,
    decode_header,
    parse_schema,
    reference,
)
from avro_ocf.oracle import from_schema
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from tests.compiler.test_agreement import agree

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]


class Boxed:
    """What conversions make of any raw value: an object of no type that Avro knows."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Boxed) and same(self.held, other.held)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Boxed({self.held!r})"


def unbox(value: Any) -> Any:
    if type(value) is not Boxed:
        raise RuntimeWarning("no box")
    return value.held


BOX: Any = {"box": (unbox, Boxed)}


def iso_to_avro(text: str) -> int:
    return date.fromisoformat(text).toordinal() - 719_163


def iso_from_avro(days: int) -> str:
    return date.fromordinal(days + 719_163).isoformat()


ISO = {"date": (iso_to_avro, iso_from_avro)}
DATE = {"type": "int", "logicalType": "date"}


def box(type_name: str) -> dict[str, Any]:
    return {"type": type_name, "logicalType": "box", **({"name": "F", "size": 2} if type_name == "fixed" else {})}


def record(*types: Any, name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]}


def agrees(schema: Schema, datum: object) -> str:
    """Check that compiled code and reference encode and decode alike, and return what comes of it."""
    outcome, data = agree(lambda: schema.encode(datum), lambda: reference.encode(schema.node, datum, schema.limits))
    if isinstance(data, bytes):
        decodes(schema, data)
    return outcome


def decodes(schema: Schema, data: bytes, reader: Schema | None = None) -> str:
    plan = identity(schema.node) if reader is None else resolve(schema.node, reader.node)
    decoder = schema.decoder(reader)
    assert decoder.source  # generated now, not after the first datums
    return agree(lambda: decoder.decode(data), lambda: reference.decode(plan, data, 0, schema.limits))[0]


@pytest.mark.parametrize("type_name", [*PRIMITIVES, "fixed"])
@given(data=st.data())
def test_any_primitive_and_fixed_has_one(type_name: str, data: st.DataObject) -> None:
    for wrap, write, read in WRAPPED:
        schema = parse_schema(wrap(box(type_name)), conversions=BOX)
        raw = data.draw(from_schema({**box(type_name), "logicalType": "none"}, huge=False))
        datum = write(Boxed(raw))
        assert same(read(schema.decode(schema.encode(datum))), Boxed(raw))
        assert agrees(schema, datum) == "value"
        bare = parse_schema(wrap(box(type_name)))
        assert bare.encode(write(raw)) == schema.encode(datum)
        assert same(read(schema.decode_json(schema.encode_json(datum))), Boxed(raw))
        for wrong in (write(raw), write(Boxed(object()))):
            with pytest.raises(DatumError):
                schema.encode(wrong)
            assert agrees(schema, wrong) == "DatumError"


def same_value(value: Any) -> Any:
    return value


FIFTEEN = {f"f{index}": 0.5 for index in range(15)}
WRAPPED: list[tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]] = [
    (same_value, same_value, same_value),
    (lambda type_: {"type": "array", "items": type_}, lambda value: [value] * 20, lambda value: value[19]),
    (lambda type_: {"type": "map", "values": type_}, lambda value: {"k": value}, lambda value: value["k"]),
    (lambda type_: record("int", type_, "string"), lambda value: {"f0": 1, "f1": value, "f2": "a"}, lambda value: value["f1"]),
    (lambda type_: record(*["double"] * 15, type_), lambda value: {**FIFTEEN, "f15": value}, lambda value: value["f15"]),
    (lambda type_: ["string" if type_["type"] != "string" else "int", type_], same_value, same_value),
]


@given(st.data())
def test_many_records_are_read_as_the_reference_reads_them(data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from([*PRIMITIVES, "box", "opt"]), min_size=1, max_size=6))
    fields = [
        box(data.draw(st.sampled_from(PRIMITIVES))) if name == "box" else ["null", box("int")] if name == "opt" else name
        for name in types
    ]
    schema = parse_schema(record(*fields), conversions=BOX)
    records = data.draw(st.lists(from_schema(schema, huge=False), min_size=1, max_size=3))
    out = io.BytesIO()
    with Writer(out, schema, codec="null") as writer:
        writer.write_many(records * 50)
    out.seek(0)
    assert same([*Reader(out, conversions=BOX)], records * 50)


def test_what_is_built_in_gives_way() -> None:
    schema = parse_schema(record(DATE, ["null", DATE]), conversions=ISO)
    datum = {"f0": "2020-02-29", "f1": "1970-01-01"}
    assert schema.decode(schema.encode(datum)) == datum
    assert parse_schema(record(DATE, ["null", DATE])).decode(schema.encode(datum))["f0"] == date(2020, 2, 29)
    assert agrees(schema, datum) == "value"
    assert agrees(schema, {**datum, "f0": date(2020, 2, 29)}) == "DatumError"
    uuid = parse_schema(record({"type": "string", "logicalType": "uuid"}), conversions={"uuid": (str.lower, str.upper)})
    assert uuid.decode(uuid.encode({"f0": "AbC"})) == {"f0": "ABC"}
    assert agrees(uuid, {"f0": "AbC"}) == "value"
    text = parse_schema({"type": "string", "logicalType": "date"}, conversions={"date": (date.isoformat, date.fromisoformat)})
    assert text.decode(text.encode(date(2020, 2, 29))) == date(2020, 2, 29)
    money: Any = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    cents = parse_schema(
        money, conversions={"decimal": (lambda cents: cents.to_bytes(4, "big"), lambda raw: int.from_bytes(raw, "big"))}
    )
    assert cents.decode(cents.encode(150)) == 150
    assert parse_schema(money).decode(cents.encode(150)) == Decimal("1.50")


def test_they_hold_with_other_logical_types_raw() -> None:
    schema = parse_schema(record(DATE, box("int")), conversions=BOX, logical_types=False)
    assert schema.decode(b"\2\2") == {"f0": 1, "f1": Boxed(1)}


def test_they_are_of_one_schema_only() -> None:
    one, other, plain = (
        parse_schema(box("int"), conversions=BOX),
        parse_schema(box("int"), conversions=ISO),
        parse_schema(box("int")),
    )
    assert len({one, other, plain}) == 3
    assert one == parse_schema(box("int"), conversions=dict(BOX))
    assert hash(one) == hash(parse_schema(box("int"), conversions=dict(BOX)))
    assert plain.decode(b"\2") == 1
    assert one.decode(b"\2") == Boxed(1)
    assert one.decode(b"\2", plain) == 1
    assert plain.decode(b"\2", one) == Boxed(1)
    assert parse_schema(plain, conversions=BOX) == one
    assert parse_schema(one) is one
    assert dict(parse_schema(one, conversions=ISO).conversions) == {**BOX, **ISO}
    assert one.json == plain.json
    for twin in (pickle.loads(pickle.dumps(one)), copy.copy(one), copy.deepcopy(one)):
        assert twin == one
        assert twin.decode(b"\2") == Boxed(1)


def test_the_readers_apply() -> None:
    written = parse_schema(record("int", {"type": "string", "logicalType": "box"}), conversions=BOX)
    wanted = {
        **record(box("double"), "string"),
        "fields": [
            {"name": "f0", "type": box("float")},
            {"name": "f1", "type": box("bytes")},
            {"name": "new", "type": ["null", box("string")], "default": None},
            {"name": "named", "type": box("string"), "default": "x"},
        ],
    }
    reader = parse_schema(wanted, conversions=BOX)
    data = written.encode({"f0": 2**24 + 1, "f1": Boxed("a")})
    assert written.decode(data, reader) == {"f0": Boxed(2.0**24), "f1": Boxed(b"a"), "new": None, "named": Boxed("x")}
    assert decodes(written, data, reader) == "value"
    assert written.decode(data, parse_schema(wanted)) == {"f0": 2.0**24, "f1": b"a", "new": None, "named": "x"}


def test_a_default_is_converted_anew_for_each_record() -> None:
    lists: Any = {"csv": (",".join, lambda text: text.split(","))}
    wanted = {**record(), "fields": [{"name": "a", "type": {"type": "string", "logicalType": "csv"}, "default": "x,y"}]}
    reader, written = parse_schema(wanted, conversions=lists), parse_schema(record("int"))
    for _ in range(2):
        value = written.decode(b"\2", reader)
        assert value == {"a": ["x", "y"]}
        value["a"].append("z")
        assert decodes(written, b"\2", reader) == "value"
    assert reader.decode(reader.encode({})) == {"a": ["x", "y"]}


def test_a_default_that_its_conversion_does_not_take() -> None:
    tree = {
        **record(),
        "fields": [
            {"name": "a", "type": box("string"), "default": "x"},
            {"name": "more", "type": {"type": "array", "items": "R"}, "default": []},
        ],
    }
    reader = parse_schema(tree, conversions={"box": (unbox, fail)})
    assert reader.encode({"more": [{}]})
    written = parse_schema(record("int"))
    with pytest.raises(FormatError, match="its default cannot be given: its conversion from box fails"):
        written.decode(b"\2", reader)
    assert decodes(written, b"\2", reader) == "FormatError"


@pytest.mark.parametrize(("type_", "unit"), [("long", "timestamp-millis"), ("int", "time-millis")])
def test_units_are_still_compared(type_: str, unit: str) -> None:
    micros = {"type": "long", "logicalType": "timestamp-micros"}
    for conversions in ({"timestamp-micros": BOX["box"]}, None):
        with pytest.raises(ResolutionError, match="its value would change"):
            parse_schema({"type": type_, "logicalType": unit}).decode(b"\2", parse_schema(micros, conversions=conversions))
    own = parse_schema({"type": "long", "logicalType": "my-micros"}, conversions={"my-micros": BOX["box"]})
    assert parse_schema({"type": type_, "logicalType": unit}).decode(b"\2", own) == Boxed(1)


class UnfitError(Exception):
    """What a user's conversion raises."""


def fail(_: object) -> Any:
    raise UnfitError("never")


@pytest.mark.parametrize("error", [UnfitError, KeyError, StopIteration, RecursionError, FormatError, GeneratorExit])
def test_whatever_they_raise_is_an_error_of_ours_with_its_place(error: type[BaseException]) -> None:
    def raise_it(_: object) -> Any:
        raise error("never")

    schema = parse_schema(record("int", {"type": "array", "items": box("int")}), conversions={"box": (raise_it, raise_it)})
    if not issubclass(error, Exception):
        with pytest.raises(error):
            schema.encode({"f0": 1, "f1": [1]})
        return
    with pytest.raises(DatumError, match=f"the conversion to box of the int 1 fails: {error.__name__}: .?never") as wrong:
        schema.encode({"f0": 1, "f1": [1]})
    assert wrong.value.path == "f1[0]"
    with pytest.raises(FormatError, match=f"its conversion from box fails: {error.__name__}: .?never") as bad:
        schema.decode(b"\2\2\2\0")
    assert (bad.value.path, bad.value.offset) == ("f1[0]", 2)
    assert agrees(schema, {"f0": 1, "f1": [1]}) == "DatumError"
    assert decodes(schema, b"\2\2\2\0") == "FormatError"
    with pytest.raises(DatumError, match="its conversion from box fails"):
        schema.decode_json('{"f0":1,"f1":[1]}')


def test_what_they_make_is_checked() -> None:
    schema = parse_schema(box("int"), conversions={"box": (str, int)})
    with pytest.raises(DatumError, match="expected an int, not the str '1' \\(from the conversion to box\\)"):
        schema.encode(1)
    fixed = parse_schema(box("fixed"), conversions={"box": (bytes, bytes)})
    with pytest.raises(DatumError, match="expected 2 bytes, not 3"):
        fixed.encode([1, 2, 3])
    long = parse_schema(box("int"), conversions={"box": (int, int)})
    assert agrees(long, "2147483648") == "DatumError"
    assert agrees(long, "7") == "value"


def test_a_union_tries_the_next_branch() -> None:
    digits: Any = {"digits": (int, str)}
    schema = parse_schema([{"type": "int", "logicalType": "digits"}, "double", "boolean", record("int")], conversions=digits)
    for value, branch in (("5", 0), (True, 2), ({"f0": 1}, 3), (0.5, 1), (b"7", 0), (5.5, 1)):
        assert schema.encode(value)[0] == 2 * branch
        assert agrees(schema, value) == "value"
    with pytest.raises(DatumError, match="fits no branch.*the conversion to digits of the str 'x' fails: ValueError"):
        schema.encode("x")
    assert schema.encode(("int", 5.5)) == b"\0\n"
    assert schema.decode(b"\0\n", branches=True) == ("int", "5")
    optional = parse_schema(["null", {"type": "int", "logicalType": "digits"}], conversions=digits)
    assert [agrees(optional, each) for each in (None, "5", "x", 5)] == ["value", "value", "DatumError", "value"]
    anything = parse_schema(["null", box("string")], conversions={"box": (str, str)})
    for pair, text in ((("string", 5), "5"), (("a", 5, 6), "('a', 5, 6)"), ((1, 2), "(1, 2)")):
        assert anything.decode(anything.encode(pair)) == text
        assert agrees(anything, pair) == "value"
    assert agrees(anything, ("other", 5)) == "DatumError"


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({**record("int"), "logicalType": "box"}, "record"),
        ({"type": "array", "items": "int", "logicalType": "box"}, "array"),
        ({"type": "map", "values": "int", "logicalType": "box"}, "map"),
        ({"type": "enum", "name": "E", "symbols": ["A"], "logicalType": "box"}, "enum"),
        ({"type": ["null", "int"], "logicalType": "box"}, "the type inside"),
        ({"type": {"type": "int"}, "logicalType": "box"}, "the type inside"),
        (record(box("fixed"), {"type": "F", "logicalType": "box"}), "F"),
    ],
)
def test_other_types_have_none(schema: Any, kind: str) -> None:
    parse_schema(schema)
    with pytest.raises(SchemaError, match=f"the conversion of .box. belongs to a primitive or a fixed, not to .*{kind}"):
        parse_schema(schema, conversions=BOX)


@pytest.mark.parametrize(
    "conversions",
    [
        [("box", (unbox, Boxed))],
        {"box": unbox},
        {"box": (unbox,)},
        {"box": [unbox, Boxed]},
        {"box": (unbox, 5)},
        {5: (unbox, Boxed)},
        5,
    ],
)
def test_what_are_no_conversions(conversions: Any) -> None:
    with pytest.raises(TypeError):
        parse_schema("int", conversions=conversions)
    with pytest.raises(TypeError):
        StreamParser(conversions=conversions)


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, value: object) -> object:
        return value


def test_a_function_needs_a_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        parse_schema("int", conversions={"box": (Unhashable(), Boxed)})
    assert parse_schema("int", conversions={}) == parse_schema("int")


def test_files_are_read_and_continued_with_them() -> None:
    out = io.BytesIO()
    schema = parse_schema(box("long"), conversions=BOX)
    with Writer(out, schema) as writer:
        writer.write(Boxed(1))
        writer.write_block([Boxed(2)])
    data = out.getvalue()
    with Writer.append(out := io.BytesIO(data), conversions=BOX) as writer:
        writer.write_many([Boxed(3)])
    data = out.getvalue()
    expected = [Boxed(1), Boxed(2), Boxed(3)]
    assert [*Reader(io.BytesIO(data), conversions=BOX)] == expected
    assert [*Reader(io.BytesIO(data), box("long"), conversions=BOX)] == expected
    assert [*Reader(io.BytesIO(data), parse_schema(box("double")), conversions=BOX)] == [Boxed(1.0), Boxed(2.0), Boxed(3.0)]
    assert [*Reader(io.BytesIO(data))] == [1, 2, 3]
    header = decode_header(data, conversions=BOX)
    assert header.schema == schema
    assert [*decode_blocks(header, data[header.size :])] == expected
    parser = StreamParser(conversions=BOX)
    parser.receive_data(data)
    assert parser.next_event() == header
    with pytest.raises(AvroError, match="no box"):
        Writer.append(io.BytesIO(data), conversions=BOX).write(1)


@pytest.mark.parametrize("union", [["null", "string"], ["string"]])
def test_a_pair_that_a_conversion_makes_is_no_branch_where_branches_are_named(union: list[str]) -> None:
    pair = {"pair": ("|".join, lambda text: tuple(text.split("|")))}
    typed = [{"type": name, "logicalType": "pair"} if name == "string" else name for name in union]
    schema = parse_schema(typed, conversions=pair)
    for text in ("string|b", "a|b", "null|x"):
        data = parse_schema(union).encode(text)
        value = schema.decode(data, branches=True)
        assert value == ("string", tuple(text.split("|")))
        assert schema.encode(value) == data
