"""Where Avro libraries differ, our verdict: a table of one row per case, each judged in three places.

These are the reference, the compiled code behind `Schema`, and a container file whose block is made by hand. Below the table are
the verdicts on schemas, defaults and writing; those on the framing of files are in `tests/container/test_verdicts.py`.
"""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from avro_ocf import (
    DatumError,
    FormatError,
    Reader,
    ResolutionError,
    Schema,
    SchemaError,
    TruncatedError,
    Writer,
    decode_blocks,
    decode_header,
    encode_header,
    parse_schema,
    reference,
)
from avro_ocf.compiler.codec import BY_REFERENCE
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, entry, make_file, raw_block, raw_header, ship

ARRAY = {"type": "array", "items": "int"}
MAP = {"type": "map", "values": "int"}
ENUM = {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}
UNION = ["null", "string"]
FIXED = {"type": "fixed", "name": "F", "size": 2}
INSIDE = {
    "type": "record",
    "name": "Battle",
    "fields": [{"name": "at", "type": "int"}, {"name": "ships", "type": {"type": "array", "items": ["null", ENUM]}}],
}


class Fault(NamedTuple):
    """The error of bytes, the first byte of the value at fault, and the path to it."""

    kind: type[FormatError]
    offset: int = 0
    path: str = ""


class Row(NamedTuple):
    """A case: its name, the bytes of one datum of a type, and the value or the `Fault` that they are."""

    id: str
    schema: object
    data: bytes
    verdict: object


def logical(type_name: str, name: str, **attributes: int) -> dict[str, object]:
    return {"type": type_name, "logicalType": name, **attributes}


BAD = Fault(FormatError)
LONG_MIN_BYTES = b"\xff" * 9 + b"\1"
ROWS = [
    # A varint in more bytes than it needs is accepted.
    Row("longer varint: int", "int", b"\x82\x80\0", 1),
    Row("longer varint: int in ten bytes", "int", b"\x81" + b"\x80" * 8 + b"\0", -1),
    Row("longer varint: long", "long", b"\x80" * 9 + b"\0", 0),
    Row("longer varint: length", "string", b"\x82\0a", "a"),
    Row("longer varint: count", ARRAY, b"\x82\x80\0\2\x80\0", [1]),
    Row("longer varint: symbol", ENUM, b"\x82\0", "HEARTS"),
    Row("longer varint: branch", UNION, b"\x82\0\2a", "a"),
    # A varint past 10 bytes or past 64 bits, an int past 32 bits.
    Row("past 10 bytes: int", "int", b"\x80" * 10 + b"\0", BAD),
    Row("past 10 bytes: long", "long", b"\x80" * 10 + b"\0", BAD),
    Row("past 10 bytes: length", "bytes", b"\x80" * 10 + b"\0", BAD),
    Row("past 10 bytes: count", ARRAY, b"\2\2" + b"\x80" * 10 + b"\0", Fault(FormatError, 2)),
    Row("past 64 bits: long", "long", b"\xff" * 9 + b"\2", BAD),
    Row("past 64 bits: branch", UNION, b"\xff" * 9 + b"\x7f", BAD),
    Row("64 bits: long", "long", LONG_MIN_BYTES, -(2**63)),
    Row("past 32 bits: 2**31", "int", encode_long(2**31), BAD),
    Row("past 32 bits: -2**31 - 1", "int", encode_long(-(2**31) - 1), BAD),
    Row("past 32 bits: item", ARRAY, b"\4\2" + encode_long(2**31) + b"\0", Fault(FormatError, 2, "[1]")),
    Row("32 bits: 2**31 - 1", "int", encode_long(2**31 - 1), 2**31 - 1),
    # An enum or union index that is negative or past the end; a boolean other than 0 or 1; no UTF-8; a negative length.
    Row("symbol: negative", ENUM, b"\1", BAD),
    Row("symbol: past the end", ENUM, b"\4", BAD),
    Row("symbol: inside", INSIDE, b"\2\2\2\4\0", Fault(FormatError, 3, "ships[0]")),
    Row("branch: negative", UNION, b"\1", BAD),
    Row("branch: past the end", UNION, b"\4", BAD),
    Row("branch: inside", INSIDE, b"\2\4\0\4\0", Fault(FormatError, 3, "ships[1]")),
    Row("boolean: 2", "boolean", b"\2", BAD),
    Row("boolean: 255", "boolean", b"\xff", BAD),
    Row("not UTF-8: string", "string", b"\2\xff", BAD),
    Row("not UTF-8: half a surrogate pair", "string", b"\6\xed\xa0\x80", BAD),
    Row("not UTF-8: key", MAP, b"\2\2\xff\0\0", Fault(FormatError, 1)),
    Row("negative length: string", "string", b"\1", BAD),
    Row("negative length: bytes", "bytes", LONG_MIN_BYTES, BAD),
    Row("negative length: key", MAP, b"\2\1\0", Fault(FormatError, 1)),
    # An array or map block with a negative count is followed by its size in bytes, which must be true.
    Row("negative count: array", ARRAY, b"\3\4\2\4\0", [1, 2]),
    Row("negative count: then positive", ARRAY, b"\1\2\2\2\4\0", [1, 2]),
    Row("negative count: map", MAP, b"\1\6\2a\2\0", {"a": 1}),
    Row("false size: too small", ARRAY, b"\3\2\2\4\0", BAD),
    Row("false size: too large", ARRAY, b"\1\4\2\0", BAD),
    Row("false size: second block", ARRAY, b"\2\2\1\4\2\0", Fault(FormatError, 2)),
    Row("false size: map", MAP, b"\1\4\2a\2\0", BAD),
    Row("false size: negative", ARRAY, b"\1\1\2\0", Fault(FormatError, 1)),
    # Bytes that end too early, and bytes after the end.
    Row("truncated: int", "int", b"\x80", Fault(TruncatedError)),
    Row("truncated: double", "double", bytes(7), Fault(TruncatedError)),
    Row("truncated: string", "string", b"\4a", Fault(TruncatedError)),
    Row("truncated: fixed", FIXED, b"a", Fault(TruncatedError)),
    Row("truncated: inside", INSIDE, b"\2\4\2\0", Fault(TruncatedError, 4, "ships[1]")),
    Row("bytes after a datum", "int", b"\2\0\0", Fault(FormatError, 1)),
    Row("bytes after an empty one", ARRAY, b"\0\0", Fault(FormatError, 1)),
    # A date or time outside Python's range is given raw.
    Row("raw: date", logical("int", "date"), encode_long(2**31 - 1), 2**31 - 1),
    Row("raw: day before year 1", logical("int", "date"), encode_long(-719_163), -719_163),
    Row("not raw: first day of year 1", logical("int", "date"), encode_long(-719_162), dt.date(1, 1, 1)),
    Row("raw: time-millis", logical("int", "time-millis"), encode_long(86_400_000), 86_400_000),
    Row("raw: time-micros", logical("long", "time-micros"), b"\1", -1),
    Row("raw: timestamp-millis", logical("long", "timestamp-millis"), LONG_MIN_BYTES, -(2**63)),
    Row("raw: local-timestamp-micros", logical("long", "local-timestamp-micros"), LONG_MIN_BYTES, -(2**63)),
    # A decimal with more digits than its precision is exact.
    Row("digits: 5 for 2", logical("bytes", "decimal", precision=2, scale=1), b"\6\1\xe2\x3f", Decimal("12345.5")),
    Row("digits: 38 for 4", logical("bytes", "decimal", precision=4), b"\x20\x4b" + bytes(15), Decimal(0x4B << 120)),
    Row("digits: fixed", {**FIXED, "logicalType": "decimal", "precision": 2}, b"\x80\0", Decimal(-32768)),
]


def by_reference(schema: Schema, data: bytes) -> tuple[object, int]:
    return reference.decode(identity(schema.node), data, 0, schema.limits)


def check(act: Callable[[], object], verdict: object, *, first_byte: int = 0) -> FormatError | None:
    """Check that `act` gives the value of a verdict or raises its fault, whose offset counts from `first_byte`."""
    if not isinstance(verdict, Fault):
        value = act()
        assert repr(value) == repr(verdict)
        return None
    with pytest.raises(FormatError) as caught:
        act()
    error = caught.value
    assert (type(error), error.offset, error.path) == (verdict.kind, first_byte + verdict.offset, verdict.path)
    return error


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_in_the_reference(row: Row) -> None:
    schema = parse_schema(row.schema)
    if row.id.startswith("bytes after"):  # the reference tells where a datum ends; what follows is for its caller to judge
        assert isinstance(row.verdict, Fault)
        assert by_reference(schema, row.data)[1] == row.verdict.offset
        return
    value = (row.verdict, len(row.data)) if not isinstance(row.verdict, Fault) else row.verdict
    check(lambda: by_reference(schema, row.data), value)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_in_the_compiled_code(row: Row) -> None:
    schema = parse_schema(row.schema)
    assert BY_REFERENCE not in {schema.decoder().source, schema.skipper.source}
    check(lambda: schema.decode(row.data), row.verdict)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_where_it_is_passed_over(row: Row) -> None:
    """Bytes that nobody asked for get the same verdict, except that text is not looked into."""
    schema = parse_schema(row.schema)
    verdict = row.verdict if isinstance(row.verdict, Fault) else len(row.data)
    if row.id.startswith("bytes after"):
        verdict = row.verdict.offset  # type: ignore[attr-defined]
    elif row.id.startswith("not UTF-8"):
        verdict = len(row.data)
    check(lambda: reference.skip(schema.node, row.data, 0, schema.limits), verdict)
    check(lambda: schema.skipper.skip(row.data), verdict)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_in_a_container_file(row: Row) -> None:
    """The file is whole, so that a record which goes on past its block is no truncation; offsets count from the file's start."""
    schema = parse_schema(row.schema)
    head = encode_header(schema, codec="null", sync_marker=MARKER)
    header, block = decode_header(head), raw_block(1, row.data)
    data_start = len(block) - len(row.data) - len(MARKER)
    verdict, record_index = row.verdict, None if row.id.startswith("bytes after") else 0
    if isinstance(verdict, Fault):
        verdict = verdict._replace(kind=FormatError)
        if len(row.data) < schema.least_bytes:  # the block is refused by its head
            verdict, record_index, data_start = Fault(FormatError, 0), None, 0
    ways: list[tuple[int, Callable[[], list[Any]]]] = [
        (0, lambda: list(decode_blocks(header, block))),
        (1000, lambda: list(decode_blocks(header, block, start_byte=1000))),
        (len(head), lambda: list(Reader(io.BytesIO(head + block)))),
        (len(head), lambda: Reader(io.BytesIO(head + block)).read_block(next(Reader(io.BytesIO(head + block)).blocks()))),
    ]
    for start, way in ways:
        error = check(lambda way=way: way()[0], verdict, first_byte=start + data_start)  # type: ignore[misc]
        if error:
            assert error.block == 0
            assert error.record == record_index


def field(schema: object, **attributes: object) -> dict[str, object]:
    return {"name": "f", "type": schema, **attributes}


def record(*fields: object, **attributes: object) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": list(fields), **attributes}


def open_file(schema: Schema | str) -> Schema:
    """Return the schema of a file that holds that schema text."""
    text = schema if isinstance(schema, str) else schema.json
    return decode_header(raw_header(encode_long(1), entry("avro.schema", text.encode()))).schema


@pytest.mark.parametrize(
    ("schema", "datum"),
    [
        (record(field("int"), name="a$b"), {"f": 1}),
        (record({"name": "$f", "type": "int"}), {"$f": 1}),
        ({**ENUM, "symbols": ["$"]}, "$"),
        (record(field("int", default="no")), {"f": 1}),
        (record(field(["null", "int"], default="no")), {"f": 1}),
        (record(field(FIXED, default="long")), {"f": b"ab"}),
    ],
)
def test_what_is_accepted_in_a_file_s_schema_but_not_in_a_new_one(schema: object, datum: object) -> None:
    with pytest.raises(SchemaError, match=r"parse_schema\(\.\.\., strict=False\) takes it"):
        parse_schema(schema)
    lenient = parse_schema(schema, strict=False)
    data = reference.encode(lenient.node, datum, DEFAULT_LIMITS)
    assert lenient.encode(datum) == data
    assert open_file(lenient).decode(data) == by_reference(lenient, data)[0] == datum


@pytest.mark.parametrize(
    ("schema", "datum"),
    [
        (record(field("int"), odd=1), {"f": 1}),
        (record(field("int", odd=1)), {"f": 1}),
        ({"type": "int", "odd": 1}, 1),
        ({**ENUM, "connect.parameters": {"io.confluent.connect.avro.Enum": "Suit"}}, "SPADES"),
        ({**ARRAY, "element-id": 133, "java-class": "java.util.List"}, [1]),
    ],
)
def test_attributes_that_the_specification_does_not_define_are_accepted_and_kept(schema: object, datum: object) -> None:
    parsed = parse_schema(schema)
    data = reference.encode(parsed.node, datum, DEFAULT_LIMITS)
    assert parsed.encode(datum) == data
    assert open_file(parsed).decode(data) == by_reference(parsed, data)[0] == parsed.decode(data, parse_schema(schema)) == datum
    out = io.BytesIO()
    with Writer(out, schema) as writer:
        writer.write(datum)
    with Reader(io.BytesIO(out.getvalue()), schema) as reader:
        assert json.loads(reader.header.schema.json) == schema
        assert list(reader) == [datum]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"record","name":"R","fields":[{"name":"f","type":"int"},{"name":"f","type":"int"}]}',
        '[["int"]]',
        '["int",["null"]]',
        '["int","string","int"]',
        '[{"type":"array","items":"int"},{"type":"array","items":"long"}]',
        '[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]',
        '{"type":"fixed","name":"F","size":-1}',
        '{"type":"fixed","name":"F","size":1.5}',
        '{"type":"fixed","name":"F","size":"1"}',
        '{"type":"fixed","name":"F"}',
    ],
)
def test_what_is_wrong_in_any_schema(text: str) -> None:
    for parse in (parse_schema, lambda text: parse_schema(text, strict=False), open_file):
        with pytest.raises(SchemaError):
            parse(text)


RAW = [row for row in ROWS if row.id.startswith("raw:")]


@pytest.mark.parametrize("row", RAW, ids=[row.id for row in RAW])
def test_a_raw_value_can_be_written_again(row: Row) -> None:
    schema = parse_schema(row.schema)
    assert schema.encode(row.verdict) == reference.encode(schema.node, row.verdict, DEFAULT_LIMITS) == row.data
    out = io.BytesIO()
    with Writer(out, schema, "null", sync_marker=MARKER) as writer:
        writer.write(row.verdict)
    assert out.getvalue()[writer.header.size :] == raw_block(1, row.data)


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("schema", [SHIP, parse_schema({"type": "array", "items": ["null", {"type": "array", "items": "null"}]})])
def test_a_record_that_fails_to_encode(schema: Schema, codec: str) -> None:
    good, bad = (ship(3), {**ship(3), "guns": [1, "x"]}) if schema is SHIP else ([None, [None]], [None, [1]])
    path = "guns[1]" if schema is SHIP else "[1][0]"
    budget = reference.Budget(10)
    with pytest.raises(DatumError) as caught:
        reference.encode(schema.node, bad, DEFAULT_LIMITS, budget)
    assert (caught.value.path, budget.spent) == (path, 0)
    out = bytearray(b"before")
    with pytest.raises(DatumError) as caught:
        schema.encoder.append(bad, out)
    assert (caught.value.path, bytes(out)) == (path, b"before")
    schema.encoder.append(good, out)
    assert out == b"before" + schema.encode(good)
    files = []
    for records in ([good, good], [good, bad, good]):
        file = io.BytesIO()
        with Writer(file, schema, codec, sync_marker=MARKER) as writer:
            for each in records:
                try:
                    writer.write(each)
                except DatumError as error:
                    assert error.path == path
        files.append(file.getvalue())
    assert files[0] == files[1]


NO_PLACE: list[tuple[object, object, bytes, int, str]] = [
    (["int", "string"], "int", b"\2\2a", 1, "f"),
    (["null", ENUM], ["null", "int"], b"\2\0", 1, "f"),
    (ENUM, {**ENUM, "symbols": ["HEARTS"]}, b"\0", 0, "f"),
    ({"type": "array", "items": ENUM}, {"type": "array", "items": {**ENUM, "symbols": ["SPADES"]}}, b"\4\0\2\0", 2, "f[1]"),
    ("bytes", "string", b"\2\xff", 0, "f"),
]


@pytest.mark.parametrize(("written", "read", "data", "offset", "path"), NO_PLACE)
def test_what_only_the_data_show_the_reader_to_lack_is_a_resolution_error(
    written: object, read: object, data: bytes, offset: int, path: str
) -> None:
    schema, reader = parse_schema(record(field(written))), parse_schema(record(field(read)))
    plan = resolve(schema.node, reader.node)
    ways: list[tuple[int, int | None, int | None, Callable[[], object]]] = [
        (0, None, None, lambda: reference.decode(plan, data, 0, DEFAULT_LIMITS)),
        (0, None, None, lambda: schema.decode(data, reader)),
        (3, None, None, lambda: schema.decode_from(b"abc" + data + bytes(10**6), 3, reader)),
        (10, None, None, lambda: schema.decode_single_object(schema.encode_single_object(schema.decode(data)), reader)),
    ]
    for codec in ("null", "deflate"):
        header, (head, block) = make_file([schema.decode(data)], schema=schema, codec=codec)
        start = len(block) - len(data) - len(MARKER) if codec == "null" else -offset
        ways += [
            (start, 0, 0, lambda header=header, block=block: list(decode_blocks(header, block, reader))),  # type: ignore[misc]
            (len(head) + start, 0, 0, lambda head=head, block=block: list(Reader(io.BytesIO(head + block), reader))),  # type: ignore[misc]
        ]
    for first_byte, block_index, record_index, way in ways:
        with pytest.raises(ResolutionError) as caught:
            way()
        error = caught.value
        assert (error.offset, error.block, error.record, error.path) == (first_byte + offset, block_index, record_index, path)
        assert str(error).startswith(f"byte {error.offset}")


DEFAULTS: list[tuple[object, object, object]] = [
    ("bytes", "\u00ff\0", b"\xff\0"),
    (FIXED, "\u00e9!", b"\xe9!"),
    ("double", 1, 1.0),
    ("float", -2, -2.0),
    ("long", 2**40, 2**40),
    (["null", "int"], None, None),
    (ENUM, "HEARTS", "HEARTS"),
    ({"type": "array", "items": "double"}, [1, 2.5], [1.0, 2.5]),
    ({"type": "map", "values": "bytes"}, {"k": "\u0080"}, {"k": b"\x80"}),
    (record(field("double", default=7), {"name": "g", "type": ARRAY, "default": [1]}, name="In"), {}, {"f": 7.0, "g": [1]}),
    (record(field("double", default=7), {"name": "g", "type": "int"}, name="In"), {"g": 2}, {"f": 7.0, "g": 2}),
    (logical("int", "date"), 0, dt.date(1970, 1, 1)),
    (logical("bytes", "decimal", precision=4, scale=2), "\x01", Decimal("0.01")),
]


@pytest.mark.parametrize(("schema", "default", "value"), DEFAULTS)
def test_a_default_is_of_the_right_type_and_fresh_for_each_record(schema: object, default: object, value: object) -> None:
    old = parse_schema(record({"name": "n", "type": "int"}))
    new = parse_schema(record({"name": "n", "type": "int"}, {"name": "d", "type": schema, "default": default}))
    header, (_, block) = make_file([{"n": 1}, {"n": 2}], schema=old)
    plan = resolve(old.node, new.node)
    places: list[list[Any]] = [
        [reference.decode(plan, data, 0, DEFAULT_LIMITS)[0] for data in (b"\2", b"\4")],
        [old.decode(data, new) for data in (b"\2", b"\4")],
        list(decode_blocks(header, block, new)),
    ]
    for records in places:
        assert repr(records) == repr([{"n": 1, "d": value}, {"n": 2, "d": value}])
        if isinstance(value, list | dict):
            assert records[0]["d"] is not records[1]["d"]
    for encode in (new.encode, lambda datum: reference.encode(new.node, datum, DEFAULT_LIMITS)):
        assert encode({"n": 1}) == new.encode({"n": 1, "d": value})
