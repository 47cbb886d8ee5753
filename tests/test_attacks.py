"""Whole files made to harm their reader, through the public API: each is read, or refused with a typed error in bounded time and
memory, in every way that a file can be read.
"""

import io
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from avro_ocf import (
    AvroError,
    DatumError,
    FormatError,
    Header,
    LimitError,
    Limits,
    Reader,
    SchemaError,
    StoredBlock,
    StreamParser,
    Writer,
    decode_block,
    decode_blocks,
    decode_header,
    encode_header,
    parse_schema,
    recode,
    salvage,
    scan_blocks,
)
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, entry, raw_block, raw_header
from tests.reference.schemas import array, map_of, record

MOST_SECONDS = 20
"""Far more than any of this takes, in Pyodide too, and far less than what it guards against."""

LIMITS = Limits(zero_byte_items=10_000)
"""The limit is the same for all that is here but the time that it takes to get there."""


@contextmanager
def quick() -> Iterator[None]:
    """Check that what is done inside takes no time to speak of."""
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < MOST_SECONDS


@contextmanager
def bounded(megabytes: int) -> Iterator[None]:
    """Check that what is done inside takes no more memory than that, and no time to speak of."""
    tracemalloc.start()
    try:
        with quick():
            yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 1_000_000
    finally:
        tracemalloc.stop()


def file_of(schema: object, *blocks: bytes, codec: str = "null") -> bytes:
    return encode_header(parse_schema(schema), codec=codec, sync_marker=MARKER) + b"".join(blocks)


def by_reader(file: bytes, reader_schema: object = None) -> list[Any]:
    with Reader(io.BytesIO(file), reader_schema, limits=LIMITS) as reader:
        return list(reader)


def by_index(file: bytes) -> list[Any]:
    with Reader(io.BytesIO(file), limits=LIMITS) as reader:
        return [record for block in reader.blocks() for record in reader.read_block(block)]


def by_range(file: bytes) -> list[Any]:
    header = decode_header(file, limits=LIMITS)
    return list(decode_blocks(header, file[header.size :], start_byte=header.size))


def by_pieces(file: bytes) -> list[Any]:
    parser = StreamParser(limits=LIMITS)
    found: list[Any] = []
    for piece in [*(file[start : start + 97] for start in range(0, len(file), 97)), b""]:
        parser.receive_data(piece)
        while isinstance(event := parser.next_event(), Header | StoredBlock):
            if isinstance(event, StoredBlock):
                assert parser.header
                found += decode_block(parser.header, event)
    return found


WAYS: list[Callable[[bytes], list[Any]]] = [by_reader, by_index, by_range, by_pieces]


def check_refused(file: bytes, error: type[FormatError]) -> None:
    """Check that a file is refused with that very type of error in every way, and that salvage finds nothing in it."""
    for way in WAYS:
        with quick(), pytest.raises(AvroError) as caught:
            way(file)
        assert type(caught.value) is error
    with bounded(5), pytest.raises(error):
        by_reader(file)
    with quick():
        report = salvage(io.BytesIO(file), io.BytesIO(), limits=LIMITS)
    assert report.kept == []
    assert report.lost_bytes == len(file) - report.header.size


class Claim(NamedTuple):
    """Few bytes that announce much: the type, the bytes of its value, and the error."""

    id: str
    schema: object
    data: bytes
    error: type[FormatError]


def doubled(levels: int) -> object:
    """Return records that hold the next one twice: 2**levels values at the bottom, none of which takes a byte."""
    schema: object = "null"
    for level in range(levels):
        schema = record(f"R{level}", a=schema, b=f"R{level - 1}" if level else "null")
    return schema


FIXED = {"type": "fixed", "name": "F", "size": 8}
CLAIMS = [
    Claim("2**40 nulls", array("null"), encode_long(2**40), LimitError),
    Claim("-2**63 nulls", array("null"), encode_long(-(2**63)) + b"\0\0", LimitError),
    Claim("2**40 empty records", array(record("Empty")), encode_long(2**40), LimitError),
    Claim("2**40 fixeds of no byte", array({"type": "fixed", "name": "F", "size": 0}), encode_long(2**40), LimitError),
    Claim("some nulls, over and over", array("null"), encode_long(1000) * 2000 + b"\0", LimitError),
    Claim("nulls in nested arrays", array(array("null")), b"\x18" + (encode_long(1000) + b"\0") * 12 + b"\0", LimitError),
    Claim("2**40 ints", array("int"), encode_long(2**40), FormatError),
    Claim("2**62 doubles", array("double"), encode_long(2**62), FormatError),
    Claim("2**40 records", array(record("R", x="int", y="null")), encode_long(2**40), FormatError),
    Claim("2**40 fixeds", array(FIXED), encode_long(2**40), FormatError),
    Claim("2**40 records of a fixed", array(record("R", x=FIXED, y="null")), encode_long(2**40), FormatError),
    Claim("2**40 booleans", array("boolean"), encode_long(2**40), FormatError),
    Claim("-2**62 strings of 2**62 bytes", array("string"), encode_long(-(2**62)) + encode_long(2**62), FormatError),
    Claim("a string of 2**62 bytes", "string", encode_long(2**62), FormatError),
    Claim("bytes of 2**31 bytes", "bytes", encode_long(2**31), FormatError),
    Claim("a map with 2**50 entries", map_of("null"), encode_long(2**50), FormatError),
    Claim("a map with a key of 2**62 bytes", map_of("int"), b"\2" + encode_long(2**62), FormatError),
    Claim("30 doubled records", doubled(30), b"", LimitError),
    Claim("an array of 30 doubled records", array(doubled(30)), b"\2\0", LimitError),
    Claim("a map of 30 doubled records", map_of(doubled(30)), b"\2\2k\0", LimitError),
    Claim("a union of 30 doubled records", ["null", doubled(30)], b"\2", LimitError),
    Claim("a map of a hundred 7 times doubled records", map_of(doubled(7)), b"\xc8\1" + b"\2k" * 100 + b"\0", LimitError),
    Claim("a fixed of 2**31 - 1 bytes", {"type": "fixed", "name": "F", "size": 2**31 - 1}, b"", FormatError),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_few_bytes_that_announce_much(claim: Claim) -> None:
    check_refused(file_of(claim.schema, raw_block(1, claim.data)), claim.error)


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_few_bytes_that_announce_much_where_nobody_asked_for_them(claim: Claim) -> None:
    file = file_of(record("File", before="int", attack=claim.schema, after="int"), raw_block(1, b"\2" + claim.data + b"\2"))
    check_refused(file, claim.error)
    with bounded(5), pytest.raises(AvroError) as caught:
        by_reader(file, record("File", after="int"))
    assert type(caught.value) is claim.error


@pytest.mark.parametrize(("schema", "count"), [(array("null"), 1), ("null", 2**60), (doubled(30), 1)])
def test_the_limit_that_is_there_unless_told_otherwise(schema: object, count: int) -> None:
    with quick(), pytest.raises(LimitError):
        list(Reader(io.BytesIO(file_of(schema, raw_block(count, b"" if count > 1 else encode_long(2**40))))))


@pytest.mark.parametrize("count", [10_001, 2**31, 2**60, 2**63 - 1])
@pytest.mark.parametrize(
    ("schema", "data", "error"),
    [
        ("null", b"", LimitError),
        (record("Empty"), b"", LimitError),
        (doubled(12), b"", LimitError),
        ("int", b"\2", FormatError),
        ("string", b"\2a", FormatError),
        (SHIP.json, b"\0\0\0", FormatError),
    ],
)
def test_a_block_that_claims_many_records(count: int, schema: object, data: bytes, error: type[FormatError]) -> None:
    check_refused(file_of(schema, raw_block(count, data)), error)


def test_many_blocks_of_many_records_without_a_byte() -> None:
    """Each block is within its limit. What they hold is given out block by block, so memory is that of one."""
    file = file_of("null", *[raw_block(1000, b"")] * 40)
    with bounded(2):
        assert sum(1 for _ in Reader(io.BytesIO(file))) == 40_000


SELF = {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}
ENDLESS = [
    ("itself", SELF, b""),
    ("itself twice", record("R", a="R", b="R"), b""),
    ("itself after a null", record("R", n="null", r="R"), b""),
    ("itself through another", record("A", b=record("B", c=record("C", a="A"))), b""),
    ("itself or null", record("R", r=["null", "R"]), b"\2"),
    ("itself in a union alone", record("R", r=["R"]), b"\0"),
    ("an array of itself", record("R", r=array("R")), b"\2"),
    ("an array of itself, sizes told", record("R", r=array("R")), b"\1\x7e"),
    ("a map of itself", record("R", r=map_of("R")), b"\2\2k"),
    ("arrays of arrays of itself", record("R", r=array(array(["R", "null"]))), b"\2\2\0"),
]
FILE_BYTES = 367


@pytest.mark.parametrize(("schema", "step"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
def test_a_small_file_that_nests_in_itself_without_end(schema: object, step: bytes) -> None:
    room = FILE_BYTES - len(file_of(schema, raw_block(1, bytes(100)))) + 100
    file = file_of(schema, raw_block(1, (step * FILE_BYTES)[:room]))
    assert len(file) == FILE_BYTES or not step
    check_refused(file, LimitError)


@pytest.mark.parametrize(("schema", "step"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
def test_a_file_that_nests_deep_where_nobody_asked_for_it(schema: object, step: bytes) -> None:
    file = file_of(record("File", attack=schema, after="int"), raw_block(1, step * 100_000))
    for reader_schema in (None, record("File", after="int")):
        with quick(), pytest.raises(FormatError):
            by_reader(file, reader_schema)


@pytest.mark.host  # it takes all of Python's stack
@pytest.mark.parametrize(("schema", "step"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
def test_no_limit_on_nesting_is_still_no_crash(schema: object, step: bytes) -> None:
    file = file_of(record("File", attack=schema, after="int"), raw_block(1, step * 100_000))
    for reader_schema in (None, record("File", after="int")):
        with quick(), pytest.raises(FormatError):
            list(Reader(io.BytesIO(file), reader_schema, limits=Limits(datum_depth=10**9)))


@pytest.mark.parametrize("schema", [row[1] for row in ENDLESS], ids=[row[0] for row in ENDLESS])
def test_a_datum_that_holds_itself(schema: Any) -> None:
    datum: dict[str, Any] = {}
    for field in schema["fields"]:
        kind = field["type"]
        inner = {"type": None, **kind} if isinstance(kind, dict) else {"type": kind}
        datum[field["name"]] = {"array": [datum], "map": {"k": datum}, "null": None}.get(str(inner["type"]), datum)
    out = io.BytesIO()
    with Writer(out, schema) as writer, quick(), pytest.raises(DatumError):
        writer.write(datum)
    assert len(out.getvalue()) == writer.header.size


def deflated_zeros(megabytes: int) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join([*(stream.compress(bytes(1_000_000)) for _ in range(megabytes)), stream.flush()])


@pytest.mark.host
def test_a_deflate_bomb_of_400_mb() -> None:
    file = file_of("bytes", raw_block(1, deflated_zeros(400)), codec="deflate")
    assert len(file) < 500_000
    for way in WAYS:
        with bounded(100), pytest.raises(LimitError):
            way(file)
    with bounded(100), pytest.raises(LimitError):
        recode(io.BytesIO(file), io.BytesIO(), codec="null")
    with bounded(100):
        assert salvage(io.BytesIO(file), io.BytesIO()).kept == []
    with bounded(1):
        assert [block.record_count for block in scan_blocks(io.BytesIO(file))] == [1]


def test_a_bomb_of_small_bombs() -> None:
    """Every block is within its limit; none is kept once its records are given out."""
    block = raw_block(1, zlib.compress(encode_long(5_000_000) + bytes(5_000_000), wbits=-15))
    file = file_of("bytes", *[block] * 20, codec="deflate")
    with bounded(25):
        assert sum(len(data) for data in Reader(io.BytesIO(file))) == 100_000_000


CODE = [
    '"];import os#',
    "__import__('os').abort()",
    "\n    raise SystemExit\n#",
    "'''\"\"\"",
    "{0}{{}}%s",
    "\\N{BULLET}\\",
    "\0\u2028\x85",
    "class",
    "None",
    "yield",
    "self",
    "data",
    "__builtins__",
    "",
    " ",
    "🚢",
]


def test_names_that_are_code_and_keywords() -> None:
    """In one file: fields, types, symbols, and the keys and texts of the data itself."""
    fields: list[object] = []
    datum: dict[str, object] = {}
    for index, name in enumerate(name for name in CODE if name):
        enum = {"type": "enum", "name": f"E{index}{name}", "symbols": ["A", name]}
        inner = {"type": "record", "name": f"I{index}{name}", "fields": [{"name": name, "type": ["null", enum], "default": None}]}
        fields.append({"name": name, "type": map_of(inner), "default": {}, "doc": name, "aliases": [f"{name}!"]})
        datum[name] = {key: {name: name if key else None} for key in CODE}
    schema = parse_schema({"type": "record", "name": CODE[0], "fields": fields}, strict=False)
    out = io.BytesIO()
    with Writer(out, schema, metadata={name: name for name in CODE}, block_size=100) as writer:
        writer.write(datum)
        writer.write_many([datum, datum])
    file = out.getvalue()
    for way in WAYS:
        assert way(file) == [datum] * 3
    assert by_reader(file, schema) == [datum] * 3
    assert decode_header(file).metadata == {name: name.encode() for name in CODE}


def test_five_thousand_fields() -> None:
    kinds: list[tuple[object, Any]] = [
        ("int", 7),
        (["null", "string"], "x"),
        (array("double"), [0.5]),
        ({"type": "long", "logicalType": "timestamp-nanos"}, 2**62),
        (map_of("boolean"), {"k": True}),
    ]
    schema = record("Wide", **{f"f{index}": kinds[index % 5][0] for index in range(5000)})
    datum = {f"f{index}": kinds[index % 5][1] for index in range(5000)}
    out = io.BytesIO()
    with quick():
        with Writer(out, schema) as writer:
            writer.write_many([datum] * 3)
        for way in WAYS:
            assert way(out.getvalue()) == [datum] * 3
        assert by_reader(out.getvalue(), record("Wide", f4999=map_of("boolean"))) == [{"f4999": {"k": True}}] * 3


def test_sixty_levels() -> None:
    schema: object = "int"
    datum: object = 5
    for level in range(60):
        match level % 4:
            case 0:
                schema, datum = record(f"R{level}", f=schema), {"f": datum}
            case 1:
                schema, datum = array(schema), [datum]
            case 2:
                schema, datum = map_of(schema), {"k": datum}
            case _:
                schema = ["null", "string", schema]
    out = io.BytesIO()
    with quick(), Writer(out, schema) as writer:
        writer.write_many([datum] * 3)
    for way in WAYS:
        with quick():
            assert way(out.getvalue()) == [datum] * 3


HEADERS = [
    ("2**60 entries", encode_long(2**60), FormatError),
    ("2**60 empty entries", encode_long(2**60) + b"\0\0" * 100, FormatError),
    ("a key of 2**62 bytes", b"\2" + encode_long(2**62), LimitError),
    ("a value of 2**62 bytes", b"\2\2k" + encode_long(2**62), LimitError),
    ("-2**63 entries", encode_long(-(2**63)) + encode_long(2**62), FormatError),
    ("a schema nested without end", b"\2" + entry("avro.schema", b"[" * 100_000), SchemaError),
    ("a schema of digits", b"\2" + entry("avro.schema", b"9" * 100_000), SchemaError),
    ("a size of 9,000 digits", b"\2" + entry("avro.schema", b'{"type":"fixed","name":"F","size":%s}' % (b"9" * 9000)), SchemaError),
    (
        "many fields",
        b"\2" + entry("avro.schema", b'{"type":"record","name":"R","fields":[' + b"{}," * 60_000 + b"{}]}"),
        SchemaError,
    ),
    ("not UTF-8", b"\2" + entry("avro.schema", b'"\xff"'), FormatError),
]


@pytest.mark.parametrize(("parts", "error"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS])
def test_headers_that_announce_much(parts: bytes, error: type[AvroError]) -> None:
    file = raw_header(parts) + raw_block(1, b"")
    for way in (by_reader, by_index, by_pieces):
        with quick(), pytest.raises(error):
            way(file)
