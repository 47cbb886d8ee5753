"""`Header.to_bytes` and `from_bytes`: an index kept elsewhere reads the very blocks that it was made of."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import Block, encode_block
from avro_ocf.container.header import Header, decode_header, encode_header
from avro_ocf.container.parser import decode_blocks
from avro_ocf.errors import FormatError, LimitError, SchemaError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import schemas
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, entry, make_file, raw_header, ship

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10).filter(lambda key: key not in {"avro.schema", "avro.codec"})


def odd_map(entries: dict[str, bytes], sizes: list[int]) -> bytes:
    """Return a header whose map comes in blocks of those sizes, of which some tell their bytes."""
    items = [entry(key, value) for key, value in entries.items()]
    parts = []
    while items:
        size = sizes.pop() if sizes else len(items)
        block, items = items[: abs(size)], items[abs(size) :]
        count = encode_long(len(block)) if size > 0 else encode_long(-len(block)) + encode_long(sum(map(len, block)))
        parts.append(count + b"".join(block))
    return raw_header(*parts)


@given(
    schema=schemas(),
    metadata=st.dictionaries(KEYS, st.binary(max_size=50), max_size=4),
    codec=st.none() | st.sampled_from(["null", "deflate", "lzo", ""]),
    sizes=st.lists(st.sampled_from([-3, -2, -1, 1, 2, 3]), max_size=5),
    logical_types=st.booleans(),
    limits=st.builds(DEFAULT_LIMITS._replace, block_bytes=st.integers(0, 1 << 61), zero_byte_items=st.integers(0, 99)),
)
def test_any_header_comes_back(
    schema: Any, metadata: dict[str, bytes], codec: str | None, sizes: list[int], logical_types: bool, limits: Limits
) -> None:
    entries = {"avro.schema": json.dumps(schema).encode(), **metadata}
    if codec is not None:
        entries["avro.codec"] = codec.encode()
    data = odd_map(entries, sizes)
    header = decode_header(data, limits=limits, logical_types=logical_types)
    kept = header.to_bytes()
    again = Header.from_bytes(kept)
    assert again == header
    assert (again.size, again.schema.limits, again.schema.logical_types) == (len(data), limits, logical_types)
    assert again.to_bytes() == kept
    assert Header.from_bytes(bytearray(kept)) == Header.from_bytes(memoryview(kept)) == header


@given(metadata=st.dictionaries(KEYS.filter(lambda key: not key.startswith("avro.")), st.binary(max_size=50), max_size=4))
def test_it_begins_as_a_file_does(metadata: dict[str, bytes]) -> None:
    data = encode_header(SHIP, metadata=metadata, sync_marker=MARKER)
    header = decode_header(data)
    assert header.to_bytes().startswith(data)
    assert decode_header(header.to_bytes()) == header


def test_the_first_bytes_of_a_file_do_as_well() -> None:
    header, parts = make_file([ship(1), ship(2)])
    data = b"".join(parts)
    for length in range(header.size, len(data) + 1):
        assert Header.from_bytes(data[:length]) == header
    for length in range(header.size):
        with pytest.raises(TruncatedError) if length else pytest.raises(FormatError):
            Header.from_bytes(data[:length])


def test_what_is_given_counts_instead() -> None:
    schema = parse_schema({"type": "int", "logicalType": "date"}, limits=DEFAULT_LIMITS._replace(datum_depth=7))
    header = decode_header(encode_header(schema, sync_marker=MARKER), limits=schema.limits)
    for kept in (header.to_bytes(), encode_header(schema, sync_marker=MARKER)):
        again = Header.from_bytes(kept, limits=DEFAULT_LIMITS, logical_types=False)
        assert (again.schema.limits, again.schema.logical_types) == (DEFAULT_LIMITS, False)
    loud = parse_schema({"type": "string", "logicalType": "loud"})
    kept = decode_header(encode_header(loud, sync_marker=MARKER)).to_bytes()
    header = Header.from_bytes(kept, conversions={"loud": (str.lower, str.upper)})
    assert encode_block(header, ["A"]) == encode_block(Header.from_bytes(kept), ["a"])
    assert list(decode_blocks(header, encode_block(header, ["a"]))) == ["A"]


def test_a_header_at_its_limit() -> None:
    data = odd_map({"avro.schema": b'"int"', "k": bytes(100)}, [-1, -1])
    limits = DEFAULT_LIMITS._replace(header_bytes=len(data))
    header = decode_header(data, limits=limits)
    assert Header.from_bytes(header.to_bytes()) == header
    assert Header.from_bytes(data, limits=limits) == header
    with pytest.raises(LimitError, match="limits.header_bytes"):
        Header.from_bytes(data, limits=limits._replace(header_bytes=len(data) - 1))


def test_every_truncation_is_told() -> None:
    header = decode_header(encode_header(SHIP, sync_marker=MARKER))
    kept = header.to_bytes()
    for length in range(len(kept)):
        if length != header.size:  # which is a file's header
            with pytest.raises(FormatError):
                Header.from_bytes(kept[:length])


@pytest.mark.parametrize(
    "kept",
    [
        b"{}",
        b"[]",
        b"null",
        b"1",
        b"\xff",
        b"[" * 100_000,
        b'{"version":2}',
        b'{"version":1}',
        b'{"version":1,"size":-1,"logical_types":true,"limits":{}}',
        b'{"version":1,"size":true,"logical_types":true,"limits":{}}',
        b'{"version":1,"size":1e3,"logical_types":true,"limits":{}}',
        b'{"version":1,"size":99,"logical_types":1,"limits":{}}',
        b'{"version":1,"size":99,"logical_types":true,"limits":[]}',
        b'{"version":1,"size":99,"logical_types":true,"limits":{"block_bytes":"1"}}',
        b'{"version":1,"size":99,"logical_types":true,"limits":{"block_bytes":1e999}}',
        b'{"version":1,"size":99,"logical_types":true,"limits":{"new":1}}',
        b'{"version":1,"size":' + b"9" * 5000 + b',"logical_types":true,"limits":{}}',
    ],
)
def test_what_follows_must_be_as_it_was_made(kept: bytes) -> None:
    data = encode_header(SHIP, sync_marker=MARKER)
    with pytest.raises(FormatError) as caught:
        Header.from_bytes(data + b"avro_ocf" + kept)
    assert caught.value.offset == len(data) + 8


def test_limits_that_were_not_there_yet_are_the_usual_ones() -> None:
    data = (
        encode_header(SHIP, sync_marker=MARKER) + b'avro_ocf{"version":1,"size":99,"logical_types":true,"limits":{"datum_depth":5}}'
    )
    header = Header.from_bytes(data)
    assert (header.size, header.schema.limits) == (99, DEFAULT_LIMITS._replace(datum_depth=5))


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_hostile_bytes(data: bytes, place: int, byte: int) -> None:
    kept = bytearray(decode_header(encode_header(SHIP, sync_marker=MARKER)).to_bytes())
    kept[place % len(kept)] = byte
    for hostile in (data, b"Obj\x01" + data, bytes(kept)):
        try:
            Header.from_bytes(hostile)
        except (FormatError, SchemaError):
            continue


@pytest.mark.parametrize("data", [None, 5, "Obj", [1]])
def test_what_are_no_bytes(data: Any) -> None:
    with pytest.raises(TypeError):
        Header.from_bytes(data)


def test_an_index_in_a_database() -> None:
    header, parts = make_file([ship(1)], [ship(2), ship(3)], codec="deflate")
    data = b"".join(parts)
    index = [Block(header.size, len(parts[1]), 1), Block(header.size + len(parts[1]), len(parts[2]), 2)]
    row = (header.to_bytes(), json.dumps(index))
    again = Header.from_bytes(row[0])
    assert [list(decode_blocks(again, data[start : start + length])) for start, length, _ in json.loads(row[1])] == [
        [ship(1)],
        [ship(2), ship(3)],
    ]
