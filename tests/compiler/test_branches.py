"""Values with the branches of unions: generated code gives what the reference gives."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Decoder, Encoder
from avro_ocf.compiler.codec import BY_REFERENCE
from avro_ocf.errors import DatumError, ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.measure import is_charged
from tests.compiler.test_agreement import SHALLOW, agree, node_of
from tests.damage import damaged

PETS = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "Dog")]
MANY = [{"type": "fixed", "name": f"F{size}", "size": size} for size in range(1, 80)]


def record(**fields: object) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": schema} for name, schema in fields.items()]}


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


USUAL = pytest.mark.parametrize(
    ("schema", "datums"),
    [
        (PETS, [("Dog", {"name": "a"}), ("Cat", {"name": "b"})]),
        (record(pet=["null", *PETS], n="int"), [{"pet": ("Dog", {"name": "a"}), "n": 1}, {"pet": None, "n": 2}] * 40),
        (
            record(**{f"f{number}": ["null", "int", "long"] for number in range(20)}),
            [{f"f{n}": ("long", n) for n in range(20)}] * 40,
        ),
        (array(["int", "double"]), [[("int", 1), ("double", 1.0)] * 40]),
        ({"type": "map", "values": ["int", "double"]}, [{"a": ("int", 1)}]),
        (MANY, [("F79", b"x" * 79), ("F1", b"x")]),
        (["boolean", array(["null", "int"])], [("array", [None, 1]), ("boolean", True)]),
        (record(next=["null", "R", "int"]), [{"next": ("R", {"next": ("R", {"next": ("int", 1)})})}]),
    ],
)


@USUAL
def test_usual_values_are_left_to_no_reference(schema: object, datums: Sequence[object]) -> None:
    node = node_of(schema)
    data = b"".join(reference.encode(node, datum, DEFAULT_LIMITS) for datum in datums)
    decoder = Decoder(identity(node, branches=True), DEFAULT_LIMITS, is_charged(node))
    assert decoder.source != BY_REFERENCE
    assert decoder._decode_many is not None

    def refuse(*_: object) -> tuple[object, int]:
        raise AssertionError("left to the reference")

    values: list[object] = []
    assert decoder._decode_many(data, 0, len(datums), values, refuse) == len(data)
    assert same(values, list(datums))


@USUAL
def test_usual_values_are_encoded_by_code(schema: object, datums: Sequence[object], monkeypatch: pytest.MonkeyPatch) -> None:
    node = node_of(schema)
    encoder = Encoder(node, DEFAULT_LIMITS)
    expected = [reference.encode(node, datum, DEFAULT_LIMITS) for datum in datums]
    monkeypatch.setattr(reference, "encode", None)
    assert [encoder.encode(datum) for datum in datums] == expected
    for other in (encoder, Encoder(node, DEFAULT_LIMITS)):
        out = bytearray()
        assert other.append_until(iter([*datums, *datums]), out, 10**6) == 2 * len(datums)
        assert bytes(out) == b"".join(expected) * 2


def test_code_for_names_is_made_for_the_first_of_them() -> None:
    encoder = Encoder(node_of(record(n=["int", "string"])), DEFAULT_LIMITS)
    for unusual in ({"n": 1.5}, {"n": 2**40}, {"n": None}, {}):
        with pytest.raises(DatumError):
            encoder.encode(unusual)
    assert encoder._encode_named is None
    assert encoder.encode({"n": ("string", "a")}) == b"\2\2a"
    assert encoder._encode_named is not None
    assert encoder.encode({"n": "a"}) == b"\2\2a"


@pytest.mark.parametrize(
    "value", [("Cow", {}), ("Dog",), ("Dog", {}, 1), (1, {}), ([], {}), (), ("Dog", {"name": 1}), ("Dog", ("Dog", {}))]
)
def test_bad_names_and_values_are_told_as_the_reference_does(value: object) -> None:
    node = node_of(record(pet=PETS))
    encoder, good = Encoder(node, DEFAULT_LIMITS), {"pet": ("Dog", {"name": "a"})}
    for _ in range(2):
        out = bytearray()
        with pytest.raises(DatumError) as caught:
            encoder.append_until(iter([good, good, {"pet": value}]), out, 10**6)
        assert (caught.value.record, bytes(out)) == (2, encoder.encode(good) * 2)
        with pytest.raises(DatumError) as expected:
            reference.encode(node, {"pet": value}, DEFAULT_LIMITS)
        assert (caught.value.message, caught.value.path) == (expected.value.message, expected.value.path)


@pytest.mark.parametrize("depth", [DEFAULT_LIMITS.datum_depth, DEFAULT_LIMITS.datum_depth + 1])
def test_named_values_are_as_deep_as_allowed(depth: int) -> None:
    node = node_of(record(next=["null", "R", "int"]))
    value: dict[str, object] = {"next": None}
    for _ in range(depth - 1):
        value = {"next": ("R", value)}
    encoder = Encoder(node, DEFAULT_LIMITS)
    for _ in range(2):
        agree(lambda: encoder.encode(value), lambda: reference.encode(node, value, DEFAULT_LIMITS))


@given(st.data())
def test_named_branches_are_encoded_alike(data: st.DataObject) -> None:
    node = node_of(data.draw(schemas()))
    encoder = Encoder(node, data.draw(st.sampled_from((DEFAULT_LIMITS, SHALLOW))))
    for datum in data.draw(st.lists(from_schema(node, branches=True) | from_schema(node), min_size=1, max_size=4)):
        agree(lambda: encoder.encode(datum), lambda: reference.encode(node, datum, encoder.limits))  # noqa: B023 - called at once


def test_many_items_of_no_size_that_code_knows_are_no_endless_loop() -> None:
    """The reader's branch stands between the array and items that a slice finds at the end of the data as well."""
    writer = node_of(array({"type": "fixed", "name": "F", "size": 3}))
    reader = node_of(array(["int", {"type": "fixed", "name": "F", "size": 3}]))
    plan = resolve(writer, reader, branches=True)
    data = reference.encode(writer, [b"abc", b"def"], DEFAULT_LIMITS)
    decoder = Decoder(plan, DEFAULT_LIMITS, is_charged=False)
    assert decoder.decode(data)[0] == [("F", b"abc"), ("F", b"def")]
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + b"abc"
    agree(lambda: decoder.decode(huge), lambda: reference.decode(plan, huge, 0, DEFAULT_LIMITS))


def test_defaults_behind_a_branch_are_fresh_each_time() -> None:
    field = {"name": "a", "type": ["int", array("int")], "default": [1]}
    reader = node_of({"type": "record", "name": "R", "fields": [field, {**field, "name": "b", "default": 7}]})
    decoder = Decoder(resolve(node_of(record(n="int")), reader, branches=True), DEFAULT_LIMITS, is_charged=False)
    values, _ = decoder.decode_many(b"\2\2", 0, 2)
    assert values == [{"a": ("array", [1]), "b": ("int", 7)}] * 2
    values[0]["a"][1].append(2)
    assert values[1]["a"] == ("array", [1])
    assert decoder.decode(b"\2")[0]["a"] == ("array", [1])


@given(st.data())
def test_branches_agree(data: st.DataObject) -> None:
    node = node_of(data.draw(schemas()))
    limits = data.draw(st.sampled_from((DEFAULT_LIMITS, SHALLOW)))
    encoded = reference.encode(node, data.draw(from_schema(node, branches=True)), DEFAULT_LIMITS)
    if data.draw(st.booleans()):
        encoded = data.draw(damaged(encoded))
    plan = identity(node, branches=True)
    decoder = Decoder(plan, limits, is_charged(node))
    agree(lambda: decoder.decode(encoded), lambda: reference.decode(plan, encoded, 0, limits))


@given(st.data())
def test_resolved_branches_agree(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    writer, reader = node_of(schema), node_of(data.draw(evolutions(schema)).reader_schema)
    encoded = reference.encode(writer, data.draw(from_schema(writer, branches=True)), DEFAULT_LIMITS)
    try:
        plan = resolve(writer, reader, branches=True)
    except ResolutionError:
        return
    decoder = Decoder(plan, DEFAULT_LIMITS, is_charged(writer))
    agree(lambda: decoder.decode(encoded), lambda: reference.decode(plan, encoded, 0, DEFAULT_LIMITS))
