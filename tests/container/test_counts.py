"""A block that says to hold more records than its data can be is refused by its head, wherever heads are read."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import Block, FormatError, LimitError, Limits, Reader, StreamParser, decode_blocks, parse_schema, scan_blocks
from avro_ocf.container.block import encode_block
from avro_ocf.container.compression import MOST_TIMES, codec_for_writing
from avro_ocf.container.header import Header, decode_header, encode_header
from avro_ocf.container.parser import Signal
from avro_ocf.container.salvage import LostRange, SalvageParser
from avro_ocf.schema.measure import least_bytes
from tests.container.build import MARKER, NULLS, raw_block
from tests.container.test_compression import HERE

LIMIT = 1 << 20
DOUBLES = parse_schema(
    {"type": "record", "name": "R", "fields": [{"name": "x", "type": "double"}, {"name": "n", "type": ["null", "int"]}]},
    limits=Limits(block_bytes=LIMIT),
)
"""Every record of it takes nine bytes or more."""


class Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def header_of(schema: Any, codec: str) -> tuple[Header, bytes]:
    data = encode_header(schema, codec="null", sync_marker=MARKER).replace(b"\x08null", bytes([2 * len(codec)]) + codec.encode())
    return decode_header(data, limits=schema.limits), data


def parsed_blocks(header: Header, block: bytes) -> Any:
    parser = StreamParser(header=header, start_byte=header.size)
    parser.receive_data(block)
    return parser.next_event()


WAYS: dict[str, Callable[[Header, bytes, bytes], Any]] = {
    "scan_blocks": lambda header, head, block: list(scan_blocks(io.BytesIO(head + block), limits=header.schema.limits)),
    "scan_blocks of a pipe": lambda header, head, block: list(scan_blocks(Pipe(head + block), limits=header.schema.limits)),
    "Reader": lambda header, head, block: list(Reader(io.BytesIO(head + block), limits=header.schema.limits)),
    "StreamParser": lambda header, _, block: parsed_blocks(header, block),
    "decode_blocks": lambda header, _, block: list(decode_blocks(header, block, start_byte=header.size)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("codec", "times"), MOST_TIMES.items())
def test_more_records_than_the_data_can_hold(way: str, codec: str, times: int) -> None:
    header, head = header_of(DOUBLES, codec)
    for refused in (times + 1, 10**9, 2**62):
        with pytest.raises(FormatError, match=f"says to hold {refused} records, of 9 bytes or more each") as caught:
            WAYS[way](header, head, raw_block(refused, b"x" * 9))
        assert type(caught.value) is FormatError
        assert (caught.value.offset, caught.value.block) == (header.size, 0)
        assert caught.value.record is None


@pytest.mark.parametrize("codec", ["bzip2", "xz", "lzo"])
def test_codecs_without_a_bound_have_that_of_the_limits(codec: str) -> None:
    header, head = header_of(DOUBLES, codec)
    count = LIMIT // 9
    assert WAYS["scan_blocks"](header, head, raw_block(count, b"x")) == [Block(header.size, 21, count)]
    with pytest.raises(LimitError, match=f"of 9 bytes or more each; limits.block_bytes is {LIMIT}"):
        WAYS["scan_blocks"](header, head, raw_block(count + 1, b"x"))


@pytest.mark.parametrize(("codec", "times"), MOST_TIMES.items())
def test_as_many_records_as_the_data_might_hold_are_counted(codec: str, times: int) -> None:
    header, head = header_of(DOUBLES, codec)
    count = min(times, LIMIT // 9)
    assert [block.record_count for block in WAYS["scan_blocks"](header, head, raw_block(count, b"x" * 9))] == [count]


def test_values_of_no_byte_may_be_many() -> None:
    nulls = parse_schema("null")
    assert least_bytes(nulls.node) == 0
    header, head = header_of(nulls, "null")
    assert [block.record_count for block in WAYS["scan_blocks"](header, head, raw_block(10**9, b""))] == [10**9]
    header, head = header_of(NULLS, "null")
    with pytest.raises(FormatError):
        WAYS["scan_blocks"](header, head, raw_block(2, b"\0"))


def test_salvage_passes_over_it() -> None:
    header, _ = header_of(DOUBLES, "null")
    sound = encode_block(header, [{"x": 1.0, "n": None}])
    parser = SalvageParser(header)
    wrong = raw_block(10**9, sound[2:-16])
    parser.receive_data(sound + wrong + sound)
    parser.receive_data(b"")
    found = []
    while not isinstance(event := parser.next_event(), Signal):
        found.append(event)
    lost = LostRange(
        header.size + len(sound),
        len(wrong),
        "the block says to hold 1000000000 records, of 9 bytes or more each, in 9 bytes of codec 'null'",
    )
    assert found[1] == lost
    assert len(found) == 3


@given(
    st.sampled_from(HERE),
    st.sampled_from(["boolean", "long", "double", "string", {"type": "fixed", "name": "F", "size": 5}]),
    st.integers(1, 200_000),
)
def test_no_sound_block_is_refused(codec: str, schema: object, count: int) -> None:
    """The most that a codec can do is to pack what is always the same."""
    parsed = parse_schema(schema)
    value = {"boolean": False, "long": 0, "double": 0.0, "string": ""}.get(str(schema), bytes(5))
    header, head = header_of(parsed, codec)
    block = encode_block(header, [value] * count)
    assert [block.record_count for block in scan_blocks(io.BytesIO(head + block))] == [count]


@pytest.mark.parametrize("codec", [codec for codec in MOST_TIMES if codec in HERE])
def test_the_bounds_of_codecs_hold(codec: str) -> None:
    data = bytes(50_000_000)
    packed = codec_for_writing(codec)(data)
    assert len(packed) * MOST_TIMES[codec] >= len(data)
