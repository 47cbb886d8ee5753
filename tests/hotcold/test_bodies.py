"""Bodies of uploads: text and container files as records, and errors that name the line or record."""

import io
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import AvroError, Limits, Reader, Schema, Writer, extended_json, parse_schema
from avro_ocf.errors import DatumError, FormatError, LimitError, NotFoundError, ResolutionError, TruncatedError
from avro_ocf.hotcold.bodies import is_ocf, records_of_ocf, records_of_text, told_by_line
from avro_ocf.hotcold.table import Table
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from tests.damage import damaged

HIT: dict[str, Any] = {
    "type": "record",
    "name": "Hit",
    "fields": [{"name": "ship", "type": "string"}, {"name": "data", "type": "bytes", "default": ""}],
}
JSON_TABLE = Table("notes", {}, None)
HITS = Table("hits", {1: parse_schema(HIT)}, None)

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
JSON_RECORDS = st.lists(st.dictionaries(st.text(), JSON_VALUES, max_size=4), max_size=6)
BOM = b"\xef\xbb\xbf"
BLANKS = st.sampled_from([b"", b"\n", b" \t\r\n\n"])


def ocf(records: list[Any], schema: object, codec: str = "deflate") -> bytes:
    """Return a container file."""
    out = io.BytesIO()
    with Writer(out, schema, codec=codec) as writer:
        writer.write_many(records)
    return out.getvalue()


@given(records=JSON_RECORDS, blanks=st.lists(BLANKS, min_size=7, max_size=7), end=st.sampled_from([b"\n", b"\r\n"]))
def test_lines_of_json_are_its_records(records: list[Any], blanks: list[bytes], end: bytes) -> None:
    lines = [json.dumps(record).encode() + end for record in records]
    body = b"".join(blank + line for blank, line in zip(blanks, [*lines, b""], strict=False))
    assert same(records_of_text(body, JSON_TABLE), records)
    assert same(records_of_text(body.rstrip(b"\r\n"), JSON_TABLE), records)


@given(records=JSON_RECORDS, blank=BLANKS, indent=st.sampled_from([None, 0, 2]), is_ascii=st.booleans())
def test_an_array_is_its_records(records: list[Any], blank: bytes, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(records, indent=indent, ensure_ascii=is_ascii)
    assert same(records_of_text(blank + text.encode("utf-8", "surrogatepass") + blank, JSON_TABLE), records)


@given(records=JSON_RECORDS, blank=BLANKS, is_array=st.booleans(), table=st.sampled_from([JSON_TABLE, HITS]))
def test_a_byte_order_mark_is_no_part_of_a_text(records: list[Any], blank: bytes, is_array: bool, table: Table) -> None:
    body = json.dumps(records).encode() if is_array else b"".join(b"%s\n" % json.dumps(record).encode() for record in records)
    body = blank + body + blank
    assert same(outcome(BOM + body, table), outcome(body, table))
    if not is_array:
        assert same(outcome(BOM + body + BOM + body, table), outcome(body + body, table))
    error = DatumError("it does not fit", "a", 1)
    assert str(told_by_line(error, BOM + body)) == str(told_by_line(error, body))


def outcome(body: bytes, table: Table) -> Any:
    """Return the records of a text, or the error that it is."""
    try:
        return records_of_text(body, table)
    except DatumError as error:
        return [str(error), error.record]


@given(records=JSON_RECORDS, encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]))
def test_a_text_in_another_encoding_is_named(records: list[Any], encoding: str) -> None:
    with pytest.raises(DatumError, match="not UTF-8: by its first bytes the text is UTF-16") as caught:
        records_of_text(json.dumps(records).encode(encoding), JSON_TABLE)
    assert caught.value.record is None


@given(st.data())
def test_text_for_a_table_with_a_schema_has_tags(data: st.DataObject) -> None:
    field = data.draw(schemas())
    schema = parse_schema({"type": "record", "name": "Top", "fields": [{"name": "value", "type": field}]})
    records = data.draw(st.lists(from_schema(schema.node), max_size=4))
    decoded = [schema.decode(schema.encode(record)) for record in records]
    table = Table("t", {1: schema}, None)
    lines = [extended_json.dumps(record) for record in decoded]
    assert same(records_of_text("\n".join(lines).encode(), table), decoded)
    assert same(records_of_text(f"[{','.join(lines)}]".encode(), table), decoded)


def test_a_tag_is_plain_json_where_there_is_no_schema() -> None:
    body = b'{"data":{"$bytes":"3q0="}}'
    assert records_of_text(body, JSON_TABLE) == [{"data": {"$bytes": "3q0="}}]
    assert records_of_text(body, HITS) == [{"data": b"\xde\xad"}]


@pytest.mark.parametrize("body", [b"", b"\n", b"  \r\n ", b"[]", b" [ ]\n"])
def test_a_body_may_be_empty(body: bytes) -> None:
    assert records_of_text(body, JSON_TABLE) == []


BAD = [
    (b'{"ship": "A"', "", "not JSON: Expecting ',' delimiter, at column 13"),
    (b'{"ship": "A", "ship": "B"}', "", 'key "ship" is there twice'),
    (b'{"data": {"$bytes": "?"}}', "data", "bad $bytes: "),
    (b'{"crew": [{"at": {"$time": "25:00"}}]}', "crew[0].at", "bad $time: "),
    (b'{"ship": NaN}', "", "NaN is not JSON"),
    (b'{"ship": 1e999}', "", "1e999 is past"),
    (b'{"ship": "\xff"}', "", "not UTF-8: "),
    (b'{"a":' * 1000, "", "nested too deeply"),
    (b"9" * 5000, "", "not JSON"),
]


@pytest.mark.parametrize(("line", "path", "message"), BAD)
def test_a_bad_line_is_named(line: bytes, path: str, message: str) -> None:
    with pytest.raises(DatumError) as caught:
        records_of_text(b'{"ship": "A"}\n\n' + line + b"\n{}", HITS)
    error = caught.value
    place = f"line 3: {path}: " if path else "line 3: "
    assert str(error).startswith(place + message)
    assert error.message.startswith(message)
    assert (error.path, error.record) == (path, 1)


WHOLE = [case for case in BAD if case[1] or case[2].startswith(("key", "NaN", "1e999"))]


@pytest.mark.parametrize(("item", "path", "message"), [*WHOLE, (b'["\\"]", {"$date": 1}]', "[1]", "bad $date")])
def test_a_bad_item_of_an_array_is_named(item: bytes, path: str, message: str) -> None:
    with pytest.raises(DatumError) as caught:
        records_of_text(b'[{"ship": "], [", "n": [1, 2.5, NaN, {}]},\n {},'.replace(b"NaN", b"3") + item + b' , {"n": NaN}]', HITS)
    error = caught.value
    assert str(error).startswith(f"record 2: {path}: {message}" if path else f"record 2: {message}")
    assert (error.path, error.record) == (path, 2)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[{},\n{},\n!]", "line 3: not JSON: Expecting value, at column 1"),
        (b"[{}\n{}]", "line 2: not JSON: Expecting ',' delimiter, at column 1"),
        (b"[{}]\n{}", "line 2: not JSON: Extra data, at column 1"),
        (b"[", "line 1: not JSON: "),
        (b'[{"a": "\xff"}]', "not UTF-8: "),
        (b"[" * 1000, "nested too deeply"),
        (b'[{"a":' + b"[" * 1000, "nested too deeply"),
    ],
)
def test_an_array_that_is_none_is_told_by_its_line(body: bytes, message: str) -> None:
    with pytest.raises(DatumError) as caught:
        records_of_text(body, HITS)
    assert str(caught.value).startswith(message)
    assert caught.value.record is None


@given(st.binary(max_size=40) | st.text('[]{},:"1e.-\n \\$bytesNaN').map(str.encode), st.sampled_from([JSON_TABLE, HITS]))
def test_nothing_but_a_datum_error_escapes_from_text(body: bytes, table: Table) -> None:
    try:
        assert isinstance(records_of_text(body, table), list)
    except DatumError as error:
        assert str(error)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_an_error_about_a_record_is_told_by_its_line(has_record: list[bool], data: st.DataObject) -> None:
    assume(any(has_record))
    body = b"\n".join(b"{}" if there else b"" for there in has_record)
    numbers = [number for number, there in enumerate(has_record, 1) if there]
    index = data.draw(st.integers(0, len(numbers) - 1))
    told = told_by_line(DatumError("it is wrong", "ship.hp", index), body)
    assert str(told) == f"line {numbers[index]}: ship.hp: it is wrong"
    assert (told.message, told.path, told.record) == ("it is wrong", "ship.hp", index)


@pytest.mark.parametrize(
    ("record", "body"), [(None, b"{}"), (0, b"[{}]"), (0, ocf([{"ship": "A"}], HIT)), (5, b"{}\n{}"), (0, b"\n")]
)
def test_any_other_error_stays_as_it_is(record: int | None, body: bytes) -> None:
    error = DatumError("it is wrong", "ship", record)
    assert told_by_line(error, body) is error


# Container files


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_file_of_a_known_schema_is_of_its_version(codec: str) -> None:
    newer = {**HIT, "fields": [*HIT["fields"], {"name": "hp", "type": "int", "default": 0}]}
    table = Table("hits", {1: parse_schema(HIT), 2: parse_schema(newer)}, None)
    old, new = {"ship": "A", "data": b"x"}, {"ship": "A", "data": b"x", "hp": 5}
    assert records_of_ocf(ocf([old], HIT, codec), table) == ([old], 1)
    assert records_of_ocf(ocf([new], newer, codec), table) == ([new], 2)
    assert records_of_ocf(ocf([], HIT, codec), table) == ([], 1)
    assert records_of_ocf(ocf([old], HIT, codec), table, 2) == ([{**old, "hp": 0}], 2)
    assert records_of_ocf(ocf([new], newer, codec), table, 1) == ([old], 1)


def test_docs_defaults_and_aliases_make_no_other_version() -> None:
    told = {
        "type": "record",
        "name": "Hit",
        "doc": "one hit",
        "aliases": ["Strike"],
        "fields": [{"name": "ship", "type": {"type": "string"}, "default": "?"}, {"name": "data", "type": "bytes"}],
    }
    for versions in ({4: HIT}, {3: told, 4: HIT}, {4: HIT, 5: {**told, "doc": "other"}}):
        table = Table("hits", {number: parse_schema(schema) for number, schema in versions.items()}, None)
        data = ocf([{"ship": "A", "data": b""}], told)
        assert records_of_ocf(data, table) == ([{"ship": "A", "data": b""}], 3 if 3 in versions else max(versions))


def test_another_logical_type_is_another_schema() -> None:
    def schema(at: object) -> Schema:
        return parse_schema({"type": "record", "name": "R", "fields": [{"name": "at", "type": at}]})

    plain, timed = schema("long"), schema({"type": "long", "logicalType": "timestamp-millis"})
    local = schema({"type": "long", "logicalType": "local-timestamp-micros"})
    table = Table("t", {1: timed, 2: plain}, None)
    assert records_of_ocf(ocf([{"at": 5}], timed), table) == ([timed.decode(timed.encode({"at": 5}))], 1)
    assert records_of_ocf(ocf([{"at": 5}], timed), Table("t", {2: plain}, None)) == ([{"at": 5}], 2)
    with pytest.raises(ResolutionError, match="at: "):
        records_of_ocf(ocf([{"at": 5}], local), Table("t", {1: timed}, None))


@given(st.data())
def test_a_file_of_another_schema_is_read_as_the_newest_version_asks(data: st.DataObject) -> None:
    inner = data.draw(schemas())
    writer: Any = {"type": "record", "name": "Top", "fields": [{"name": "value", "type": inner}]}
    reader: Any = {**writer, "fields": [{"name": "value", "type": data.draw(evolutions(inner)).reader_schema}]}
    written, newest = parse_schema(writer), parse_schema(reader)
    records = data.draw(st.lists(from_schema(written.node), max_size=3))
    table = Table("t", {1: newest}, None)
    file = ocf(records, written)
    try:
        with Reader(io.BytesIO(file), newest, branches=True) as expected:
            wanted = list(expected)
    except ResolutionError:
        with pytest.raises((FormatError, ResolutionError)):
            records_of_ocf(file, table)
    except FormatError:
        with pytest.raises(FormatError):
            records_of_ocf(file, table)
    else:
        found, version = records_of_ocf(file, table)
        assert version == 1
        assert same(found, wanted)


@given(st.data())
def test_a_file_for_a_table_of_json_is_decoded_as_it_is(data: st.DataObject) -> None:
    field = data.draw(schemas())
    schema = parse_schema({"type": "record", "name": "Top", "fields": [{"name": "value", "type": field}]})
    records = data.draw(st.lists(from_schema(schema.node), max_size=3))
    found, version = records_of_ocf(ocf(records, schema), JSON_TABLE)
    assert version == 0
    assert same(found, [schema.decode(schema.encode(record)) for record in records])


@given(st.data())
def test_nothing_but_an_avro_error_escapes_from_a_file(data: st.DataObject) -> None:
    file = data.draw(damaged(ocf([{"ship": "A", "data": b"x"}] * 3, HIT, data.draw(st.sampled_from(["null", "deflate"])))))
    for table in (HITS, JSON_TABLE):
        try:
            records_of_ocf(file, table, most_bytes=1_000_000)
        except AvroError as error:
            assert str(error)


def test_what_is_no_file() -> None:
    assert is_ocf(ocf([], HIT))
    assert not is_ocf(b"Obj")
    assert not is_ocf(b'{"Obj": 1}')
    with pytest.raises(TruncatedError):
        records_of_ocf(ocf([{"ship": "A"}], HIT)[:-1], HITS)
    with pytest.raises(FormatError):
        records_of_ocf(b"", HITS)
    with pytest.raises(ResolutionError):
        records_of_ocf(ocf([], '"int"'), HITS)
    for table, version in ((HITS, 0), (HITS, 2), (JSON_TABLE, 1)):
        with pytest.raises(NotFoundError):
            records_of_ocf(ocf([], HIT), table, version)


def test_the_bytes_of_a_file_are_bounded_before_they_are_records() -> None:
    """Blocks of a kilobyte that unpack to a megabyte each, and blocks of records that take no byte at all."""
    text = "x" * 1_000_000
    out = io.BytesIO()
    with Writer(out, HIT) as writer:
        blocks = [writer.write_block([{"ship": text}]) for _ in range(3)]
    size = 3 * (len(text) + 4)
    records, _ = records_of_ocf(out.getvalue(), HITS, most_bytes=size)
    assert len(records) == 3
    with pytest.raises(LimitError) as caught:
        records_of_ocf(out.getvalue(), HITS, most_bytes=size - 1)
    assert caught.value.block == 2
    assert caught.value.offset == blocks[2].start_byte

    nothing = {"type": "record", "name": "Nothing", "fields": []}
    out = io.BytesIO()
    with Writer(out, parse_schema(nothing, limits=Limits(zero_byte_items=2000))) as writer:
        writer.write_block([{}] * 1000)
    assert len(records_of_ocf(out.getvalue(), JSON_TABLE, most_bytes=100_000)[0]) == 1000
    with pytest.raises(LimitError):
        records_of_ocf(out.getvalue(), JSON_TABLE, most_bytes=99_999)
