"""The header: every legal form is read, and what is wrong is told with its byte."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.header import decode_header, encode_header
from avro_ocf.errors import DatumError, FormatError, LimitError, NeedMoreData, SchemaError, UnsupportedCodecError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, entry, raw_header

INT = entry("avro.schema", b'"int"')
KEYS = st.text(max_size=20).filter(lambda key: not key.startswith("avro."))


def test_bytes_of_a_header() -> None:
    data = encode_header(parse_schema("int"), codec="null", metadata={"k": b"\xff"}, sync_marker=MARKER)
    assert data == b'Obj\x01\x06\x16avro.schema\x0a"int"\x14avro.codec\x08null\x02k\x02\xff\x00' + MARKER


@given(st.dictionaries(KEYS, st.binary(max_size=300) | st.text(max_size=20), max_size=5), st.binary(max_size=20))
def test_a_header_comes_back_as_it_was(metadata: dict[str, bytes | str], after: bytes) -> None:
    data = encode_header(SHIP, codec="bzip2", metadata=metadata, sync_marker=MARKER)
    header = decode_header(data + after)
    assert (header.schema, header.codec, header.sync_marker, header.size) == (SHIP, "bzip2", MARKER, len(data))
    assert header.metadata == {key: value.encode() if isinstance(value, str) else value for key, value in metadata.items()}
    with pytest.raises(TypeError):
        cast("Any", header.metadata)["new"] = b""


def test_every_shorter_prefix_asks_for_more() -> None:
    data = encode_header(SHIP, metadata={"k": b"v" * 200}, sync_marker=MARKER)
    for length in range(len(data)):
        with pytest.raises(NeedMoreData) as caught:
            decode_header(data[:length])
        assert length < caught.value.at_least <= len(data)


@pytest.mark.parametrize(
    "parts",
    [
        [encode_long(2), INT, entry("k", b"v")],
        [encode_long(1), INT, encode_long(1), entry("k", b"v")],
        [encode_long(-2), encode_long(len(INT) + 4), INT, entry("k", b"v")],
        [encode_long(-1), encode_long(len(INT)), INT, encode_long(-1), encode_long(4), entry("k", b"v")],
        [encode_long(-1), encode_long(4), entry("k", b"v"), encode_long(1), INT],
        [b"\x84\x80\x00", INT, entry("k", b"v")],
        [encode_long(4), entry("k", b"first"), entry("avro.schema", b"?"), INT, entry("k", b"v")],
    ],
    ids=["one block", "two blocks", "with a size", "two with sizes", "mixed", "longer number than needed", "last of two wins"],
)
def test_every_form_of_the_map(parts: list[bytes]) -> None:
    header = decode_header(raw_header(*parts))
    assert (header.schema.json, header.codec, header.metadata) == ('"int"', "null", {"k": b"v"})


def test_metadata_values_are_any_bytes() -> None:
    for value in (b"", bytes(range(256)), b"x" * 100_000, MARKER):
        assert decode_header(raw_header(encode_long(2), INT, entry("", value))).metadata == {"": value}


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        (b"", None, ""),
        (b"P", 0, "not an Avro container file"),
        (b"Obj\x02", 0, "not an Avro container file"),
        (b"obj\x01" + bytes(100), 0, "not an Avro container file"),
        (raw_header(), 4, "the header has no avro.schema"),
        (raw_header(encode_long(1), entry("avro.codec", b"null")), 4, "the header has no avro.schema"),
        (raw_header(encode_long(-1), encode_long(len(INT) + 1), INT), 4 + 2 + len(INT), "a block of the header's map ends here"),
        (raw_header(encode_long(-1), encode_long(-3), INT), 4 + 2 + len(INT), "a block of the header's map ends here"),
        (raw_header(encode_long(1), encode_long(-1)), 5, "negative length -1"),
        (raw_header(encode_long(1), b"\x02k", encode_long(-9)), 7, "negative length -9"),
        (raw_header(b"\x80" * 10 + b"\x01"), 4, "more than 10 bytes"),
        (raw_header(b"\xff" * 9 + b"\x7f"), 4, "past 64 bits"),
        (raw_header(encode_long(1), entry(b"\xff", b"")), 5, "a metadata key is not UTF-8"),
        (raw_header(encode_long(1), entry("avro.schema", b"\xff")), 17, "avro.schema is not UTF-8"),
        (raw_header(encode_long(2), INT, entry("avro.codec", b"\xff")), 5 + len(INT) + 11, "avro.codec is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_byte(data: bytes, offset: int | None, message: str) -> None:
    if offset is None:
        with pytest.raises(NeedMoreData):
            decode_header(data)
        return
    with pytest.raises(FormatError, match=message) as caught:
        decode_header(data)
    assert caught.value.offset == offset


def test_a_files_schema_is_read_leniently_but_must_be_one() -> None:
    odd = b'{"type":"record","name":"a$b","fields":[{"name":"f","type":"int","default":"no","odd":1}]}'
    assert decode_header(raw_header(encode_long(1), entry("avro.schema", odd))).schema.node.name == "a$b"
    for bad in (b"", b"{", b'"nothing"', b'["int","int"]', b'{"type":"fixed","name":"f","size":-1}', b"[" * 100_000):
        with pytest.raises(SchemaError):
            decode_header(raw_header(encode_long(1), entry("avro.schema", bad)))


def test_a_byte_order_mark_before_the_schema_is_passed_over() -> None:
    schema = decode_header(raw_header(encode_long(1), entry("avro.schema", b'\xef\xbb\xbf"int"'))).schema
    assert schema == parse_schema("int")


def test_logical_types_can_be_left_out() -> None:
    data = encode_header(parse_schema({"type": "int", "logicalType": "date"}), sync_marker=MARKER)
    assert decode_header(data).schema.node.logical is not None
    assert decode_header(data, logical_types=False).schema.node.logical is None


def test_the_header_limit() -> None:
    data = encode_header(SHIP, metadata={"k": b"v"}, sync_marker=MARKER)
    at, below = (DEFAULT_LIMITS._replace(header_bytes=size) for size in (len(data), len(data) - 1))
    assert decode_header(data, limits=at).size == len(data)
    for prefix in (data, data[:-1]):
        with pytest.raises(LimitError):
            decode_header(prefix, limits=below)
    assert encode_header(parse_schema(SHIP.json, limits=at), metadata={"k": b"v"}, sync_marker=MARKER) == data
    with pytest.raises(DatumError, match="limits.header_bytes"):
        encode_header(parse_schema(SHIP.json, limits=below), metadata={"k": b"v"}, sync_marker=MARKER)


def test_a_huge_length_is_refused_before_its_bytes_come() -> None:
    for size in (16 * 1024 * 1024, 2**40, 2**63 - 1):
        with pytest.raises(LimitError):
            decode_header(b"Obj\x01" + encode_long(1) + encode_long(size))


@pytest.mark.parametrize("metadata", [{"avro.codec": b"null"}, {"avro.": b""}, {"\ud800": b""}, {"k": "\ud800"}])
def test_metadata_that_is_refused(metadata: dict[str, bytes | str]) -> None:
    with pytest.raises(DatumError) as caught:
        encode_header(SHIP, metadata=metadata, sync_marker=MARKER)
    assert caught.value.path == f'["{next(iter(metadata))}"]'


def test_arguments_that_are_refused() -> None:
    with pytest.raises(DatumError, match="16 bytes, not 15"):
        encode_header(SHIP, sync_marker=MARKER[:15])
    with pytest.raises(UnsupportedCodecError, match="unknown codec 'lzo'; read here are null, deflate, "):
        encode_header(SHIP, codec="lzo", sync_marker=MARKER)
    with pytest.raises(TypeError):
        encode_header(SHIP, metadata=cast("Any", {"k": 1}), sync_marker=MARKER)


def test_a_metadata_key_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a metadata key is a str, not int"):
        encode_header(parse_schema("int"), metadata=cast("Any", {1: b""}), sync_marker=MARKER)
