"""`Schema`: one datum from bytes or from JSON, alone or one of several, and with the branches of its unions."""

import mmap
from array import array
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import Schema, parse_schema, reference
from avro_ocf.api import WINDOW_BYTES
from avro_ocf.errors import FormatError, ResolutionError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.schema.measure import nodes

CAT, DOG = ({"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "a.Dog"))
PETS = parse_schema([CAT, "null", DOG])
REX = ("a.Dog", {"name": "rex"})
SOME_UUID = UUID("0123abcd-0123-0123-0123-0123456789ab")
TEXTS = parse_schema({"type": "record", "name": "R", "fields": [{"name": "id", "type": {"type": "string", "logicalType": "uuid"}}]})


def test_branches_are_kept_where_they_are_asked_for() -> None:
    data = PETS.encode(REX)
    message, text = PETS.encode_single_object(REX), PETS.encode_json(REX)
    reader = parse_schema(["string", {**DOG, "aliases": ["Cat"]}])
    for _ in range(2):  # a decoder is made once for each way of reading
        assert PETS.decode(data) == PETS.decode_single_object(message) == PETS.decode_json(text) == {"name": "rex"}
        assert PETS.decode(data, branches=True) == PETS.decode_single_object(message, branches=True) == REX
        assert PETS.decode_json(text, branches=True) == REX
        assert PETS.decode(data, reader) == {"name": "rex"}
        assert PETS.decode(data, reader, branches=True) == PETS.decode_single_object(message, reader, branches=True) == REX
        assert PETS.decode_from(b"?" + data, 1, reader, branches=True) == (REX, 1 + len(data))
    assert PETS.decode(PETS.encode(None), branches=True) is None
    assert PETS.decoder() is PETS.decoder()
    assert PETS.decoder(branches=True) is PETS.decoder(branches=True) is not PETS.decoder()


@given(st.data())
def test_what_is_decoded_with_branches_encodes_to_the_same_bytes(data: st.DataObject) -> None:
    """Whatever wrote the values: raw ones are also such as no value of a logical type is written as."""
    drawn = data.draw(schemas())
    schemas_ = [parse_schema(drawn, logical_types=logical_types) for logical_types in (True, False)]
    written = data.draw(st.sampled_from(schemas_))
    encoded = written.encode(data.draw(from_schema(written, branches=True)))
    for schema in schemas_:
        value = schema.decode(encoded, branches=True)
        again = schema.encode(value)
        assert again == reference.encode(schema.node, value, DEFAULT_LIMITS)
        assert same(schema.decode(again, branches=True), value)
        assert again == encoded or (schema is not written and has_decimals_of_any_length(schema))
        assert schema.encode(schema.decode_json(schema.encode_json(value), branches=True)) == again


def has_decimals_of_any_length(schema: Schema) -> bool:
    """Tell whether the same decimal may be written in more bytes than it takes."""
    return any(node.type == "bytes" and node.logical is not None for node in nodes(schema.node))


@pytest.mark.parametrize(
    ("logical", "raw", "value", "canonical"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 9}, b"", Decimal(0), b"\0"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9}, b"\xff\x80", Decimal(-128), b"\x80"),  # as fastavro writes it
        ({"type": "bytes", "logicalType": "big-decimal"}, b"\4\0\1\0", Decimal(1), b"\2\1\0"),
        ({"type": "string", "logicalType": "uuid"}, str(SOME_UUID).upper(), SOME_UUID, str(SOME_UUID)),
    ],
)
def test_other_forms_of_a_value_are_that_value(logical: object, raw: object, value: object, canonical: object) -> None:
    """The specification allows them, other libraries write them, and nothing of the value is lost."""
    schema, plain = parse_schema(logical), parse_schema(logical, logical_types=False)
    assert same(schema.decode(schema.encode(raw)), value)
    assert schema.encode(value) == plain.encode(canonical)
    assert plain.encode(plain.decode(plain.encode(raw))) == plain.encode(raw)


@given(st.data())
def test_datums_after_each_other_are_decoded_one_by_one(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    values = data.draw(st.lists(from_schema(schema, branches=True), max_size=4))
    encoded = b"".join(map(schema.encode, values))
    position = 0
    for value in values:
        read, position = schema.decode_from(encoded, position, branches=True)
        assert same(read, value)
    assert position == len(encoded)
    if schema.encode(values[0]) if values else False:
        with pytest.raises(TruncatedError) as caught:
            schema.decode_from(encoded, position)
        assert caught.value.offset == position


@pytest.mark.parametrize("text", ["x" * 10, "x" * (WINDOW_BYTES - 3), "x" * WINDOW_BYTES, "x" * WINDOW_BYTES * 9])
def test_a_datum_of_any_size_is_found_in_data_of_any_kind(text: str, tmp_path: Path) -> None:
    schema = parse_schema("string")
    datum = schema.encode(text)
    data = b"ab" + datum + b"?" * 3 * WINDOW_BYTES
    data += b"?" * (-len(data) % 8)
    found = (text, 2 + len(datum))
    for buffer in (data, bytearray(data), memoryview(data), array("d", data)):
        assert schema.decode_from(buffer, 2) == found  # type: ignore[arg-type]  # an array is a buffer too
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert schema.decode_from(mapped, 2) == found  # type: ignore[arg-type]


def test_a_datum_among_many_takes_no_time_for_all_of_them() -> None:
    """Each of 20,000 calls would look at 700 kB, which is some minutes of work."""
    value = TEXTS.decode(b"H" + b"0123abcd-0123-0123-0123-0123456789ab")
    data = TEXTS.encode(value) * 20_000
    position = count = 0
    while position < len(data):
        read, position = TEXTS.decode_from(data, position)
        assert read == value
        count += 1
    assert count == 20_000


@pytest.mark.parametrize("start", [-1, 5, 2**70])
def test_a_start_outside_the_data_is_refused(start: int) -> None:
    with pytest.raises(FormatError, match=f"no byte {start} in data of 4 bytes") as caught:
        PETS.decode_from(b"1234", start)
    assert caught.value.offset == start


def test_offsets_count_from_the_first_byte_of_the_data() -> None:
    for size in (0, 2 * WINDOW_BYTES):
        with pytest.raises(FormatError) as caught:
            TEXTS.decode_from(b"??\1" + b"?" * size, 2)
        assert (caught.value.offset, caught.value.path) == (2, "id")
    with pytest.raises(TruncatedError):
        TEXTS.decode_from(b"", 0)
    with pytest.raises(ResolutionError):
        PETS.decode_from(b"", 0, parse_schema("int"))
    assert parse_schema("null").decode_from(b"", 0) == (None, 0)


@pytest.mark.parametrize(("data", "start"), [("text", 0), (3, 0), ([1], 0), (b"\0", None), (b"\0", "0"), (b"\0", 0.0)])
def test_arguments_of_the_wrong_type(data: object, start: object) -> None:
    with pytest.raises(TypeError):
        parse_schema("int").decode_from(data, start)  # type: ignore[arg-type]


def test_a_schema_given_to_parse_schema_is_as_it_is_unless_something_is_asked_of_it() -> None:
    date = parse_schema({"type": "int", "logicalType": "date"})
    assert parse_schema(date) is date
    raw = parse_schema(date, logical_types=False)
    assert raw.decode(b"\2") == 1
    assert parse_schema(raw) is raw
    assert parse_schema(date, limits=Limits(datum_depth=3)).limits.datum_depth == 3
