"""The directory in a file's header: what is put in comes out, and anything else is damage that says so."""

import json
import zlib
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avro_ocf import Header, decode_header, encode_header, parse_schema
from avro_ocf.errors import DamagedError
from avro_ocf.hotcold.context import Group
from avro_ocf.hotcold.directory import DIRECTORY_KEY, Directory, DirectoryBlock, decode_directory, encode_directory
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.record_keys import RecordKey
from tests.damage import damaged
from tests.hotcold.random_records import DATASETS, PERIODS, TABLES

MARKER = bytes(range(16))
SCHEMA = parse_schema({"type": "record", "name": "R", "fields": []})

numbers = st.integers(0, 3) | st.integers(0, TIME_MAX)
keys = st.lists(st.builds(RecordKey, numbers, numbers), min_size=1, max_size=5)
blocks = st.builds(DirectoryBlock, st.sampled_from(DATASETS), st.integers(0, TIME_MAX), st.integers(0, 2**32 - 1), keys)
groups = st.builds(Group, st.sampled_from(TABLES), st.integers(0, 9), st.sampled_from(PERIODS))
directories = st.builds(Directory, groups, st.none() | st.sampled_from(["at", "été"]), st.lists(blocks, max_size=4))


def header_of(data: bytes) -> Header:
    return decode_header(encode_header(SCHEMA, metadata={DIRECTORY_KEY: data}, sync_marker=MARKER))


@given(directories)
def test_a_directory_comes_back(directory: Directory) -> None:
    assert decode_directory(header_of(encode_directory(*directory))) == directory


@given(directories)
def test_it_is_text_so_that_libraries_that_read_metadata_as_text_read_the_file(directory: Directory) -> None:
    encode_directory(*directory).decode()


@given(st.data(), directories)
def test_damage_is_damage_or_another_directory(data: st.DataObject, directory: Directory) -> None:
    with suppress(DamagedError):
        decode_directory(header_of(data.draw(damaged(encode_directory(*directory)))))


def test_a_file_without_one_was_not_made_by_a_store() -> None:
    with pytest.raises(DamagedError, match="it was not made by a store"):
        decode_directory(decode_header(encode_header(SCHEMA, sync_marker=MARKER)))


def content_of(data: bytes) -> Any:
    """Return the JSON of a directory, whether it is packed as bytes or as text."""
    try:
        return json.loads(zlib.decompress(b64decode(data, validate=True), wbits=-15))
    except ValueError:
        return json.loads(zlib.decompress(data, wbits=-15))


def packed(content: Any, like: bytes) -> bytes:
    data = zlib.compress(json.dumps(content).encode(), wbits=-15)
    return b64encode(data) if like.isascii() else data


GOOD = encode_directory(Group("t", 0, "p"), None, [DirectoryBlock("d", 40, 5, [RecordKey(1, 2)])])
CHANGES: list[tuple[str, Any]] = [
    ("format", 2),
    ("format", None),
    ("group", None),
    ("group", ["t", 0]),
    ("group", ["t/u", 0, "p"]),
    ("group", ["t", -1, "p"]),
    ("group", ["t", 1.0, "p"]),
    ("group", ["t", True, "p"]),
    ("group", ["t", 0, ".."]),
    ("group", [0, 0, "p"]),
    ("timestamp_field", 5),
    ("blocks", None),
    ("blocks", {}),
    ("blocks", [None]),
    ("blocks", [["d", 40, 5, 1]]),
    ("blocks", [["", 40, 5, 1, ""]]),
    ("blocks", [["d", 40, 5, 0, "AwA="]]),
    ("blocks", [["d", -40, 5, 1, ""]]),
    ("blocks", [["d", 40, 2**60, 1, ""]]),
    ("blocks", [["d", 40, 5, 1, "?"]]),
    ("blocks", [["d", 40, 5, 1, 7]]),
    ("blocks", [["d\n", 40, 5, 1, ""]]),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_what_no_store_writes_is_refused(name: str, value: Any) -> None:
    content = content_of(GOOD)
    assert decode_directory(header_of(packed(content, GOOD))).blocks[0].keys == [(1, 2)]
    if (name, value) == ("blocks", {}):
        return  # no entries are no entries
    with pytest.raises(DamagedError, match="directory"):
        decode_directory(header_of(packed({**content, name: value}, GOOD)))


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '"x"', "{", "[" * 100_000, '{"format":1,"format":1}'])
def test_text_that_is_no_directory_is_refused(text: str) -> None:
    for data in (zlib.compress(text.encode(), wbits=-15), text.encode(), b64encode(zlib.compress(text.encode(), wbits=-15))):
        with pytest.raises(DamagedError, match="the directory cannot be read"):
            decode_directory(header_of(data))


def test_a_bomb_is_refused() -> None:
    bomb = zlib.compress(b" " * (65 * 1024 * 1024), wbits=-15)
    for data in (bomb, b64encode(bomb)):
        with pytest.raises(DamagedError, match="the directory cannot be read"):
            decode_directory(header_of(data))


@pytest.mark.host
@settings(max_examples=20)
@given(directories)
def test_fastavro_opens_a_file_with_a_directory(directory: Directory) -> None:
    import io

    data = encode_header(SCHEMA, metadata={DIRECTORY_KEY: encode_directory(*directory)}, sync_marker=MARKER)
    assert list(fastavro.reader(io.BytesIO(data))) == []
