"""Salvage: every intact block is found, and kept and lost bytes make up the file exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import StoredBlock, decode_block, encode_block
from avro_ocf.container.header import Header, decode_header, encode_header
from avro_ocf.container.parser import END, NEED_DATA, Signal
from avro_ocf.container.salvage import MAX_CLAIMS, LostRange, SalvageParser, SalvageReport
from avro_ocf.errors import UnsupportedCodecError
from avro_ocf.limits import Limits
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, make_file, raw_block, ship
from tests.damage import damaged

BLOCKS = [[ship(n) for n in range(start, start + 1 + start % 3)] for start in range(0, 40, 4)]


def salvage(header: Header, chunks: list[bytes]) -> list[StoredBlock | LostRange]:
    parser = SalvageParser(header)
    found: list[StoredBlock | LostRange] = []
    for chunk in [*filter(None, chunks), b""]:
        parser.receive_data(chunk)
        while not isinstance(event := parser.next_event(), Signal):
            found.append(event)
    assert parser.next_event() is END
    return found


def check_accounts(header: Header, found: list[StoredBlock | LostRange], size: int) -> None:
    """Kept and lost follow each other without a gap, from the header's end to the file's."""
    position = header.size
    for event in found:
        start, length = (event.block if isinstance(event, StoredBlock) else event)[:2]
        assert start == position
        assert length > 0
        position += length
    assert position == size


@pytest.fixture(params=["null", "deflate"], scope="module")
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_whole_file_loses_nothing(codec: str) -> None:
    header, parts = make_file(*BLOCKS, codec=codec)
    found = salvage(header, parts[1:])
    assert [decode_block(header, stored) for stored in found if isinstance(stored, StoredBlock)] == BLOCKS
    assert salvage(header, []) == []


def test_each_way_to_damage_one_block(codec: str) -> None:
    header, parts = make_file(*BLOCKS, codec=codec)
    for damage in (
        lambda part: part[:-1] + b"?",  # the marker
        lambda part: b"\x01" + part[1:],  # a negative count
        lambda part: part[:1] + b"\xfe\xff\xff\xff\x0f" + part[2:],  # a huge size
        lambda part: part[:1] + b"\x02" + part[2:],  # a small size
        lambda part: part[:2] + bytes(b ^ 0xFF for b in part[2:-16]) + part[-16:],  # the data
        lambda part: part[:5] + part[9:],
        lambda part: part[:5] + MARKER + part[5:],
        lambda _: b"",
        lambda part: bytes(len(part)),
    ):
        body = [*parts[1:4], damage(parts[4]), *parts[5:]]
        found = salvage(header, body)
        check_accounts(header, found, header.size + len(b"".join(body)))
        kept = [decode_block(header, event) for event in found if isinstance(event, StoredBlock)]
        lost_with_it = 1 if damage(parts[4])[-16:] == parts[4][-16:] or not damage(parts[4]) else 2
        expected = [*BLOCKS[:3], *BLOCKS[3 + lost_with_it :]]
        assert kept in (expected, [*BLOCKS[:3], *BLOCKS[4:]])


def test_the_report_of_a_damaged_marker() -> None:
    header, parts = make_file(*BLOCKS)
    body = b"".join(parts[1:])
    start = len(parts[1])
    at = start + len(parts[2]) - 1
    found = salvage(header, [body[:at] + b"?" + body[at + 1 :]])
    lost = [event for event in found if isinstance(event, LostRange)]
    assert lost == [LostRange(header.size + start, len(parts[2] + parts[3]), "no sync marker at the block's end")]
    report = SalvageReport(header, [event.block for event in found if isinstance(event, StoredBlock)], lost)
    assert report.record_count == sum(map(len, BLOCKS[:1] + BLOCKS[3:]))
    assert report.lost_bytes == len(parts[2] + parts[3])


def test_a_truncated_end() -> None:
    header, parts = make_file(*BLOCKS)
    for cut in range(1, len(parts[-1])):
        found = salvage(header, [b"".join(parts[1:])[:-cut]])
        *_, lost = found
        assert isinstance(lost, LostRange)
        assert lost.length == len(parts[-1]) - cut
        assert len(found) == len(BLOCKS)


@given(st.data())
def test_accounts_are_exact_in_any_split(data: st.DataObject) -> None:
    header, parts = make_file(*BLOCKS[:5], codec=data.draw(st.sampled_from(["null", "deflate"])))
    body = data.draw(damaged(b"".join(parts[1:])))
    found = salvage(header, [body])
    check_accounts(header, found, header.size + len(body))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    assert salvage(header, [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]) == found
    assert salvage(header, [body[n : n + 1] for n in range(len(body))]) == found
    blocks = [event.block for event in found if isinstance(event, StoredBlock)]
    kept = {body[block.start_byte - header.size :][: block.length] for block in blocks}
    assert kept >= {part for part in parts[1:] if body.startswith(part) or MARKER + part in body}


def test_a_marker_inside_data_is_no_end() -> None:
    record = {"name": "x", "hp": 1, "guns": []}
    odd = [{**record, "name": "[" + "\x01" * 16 + "]"}]
    header = decode_header(encode_header(SHIP, codec="null", sync_marker=b"\x01" * 16))
    block = encode_long(1) + encode_long(len(SHIP.encode(odd[0]))) + SHIP.encode(odd[0]) + b"\x01" * 16
    found = salvage(header, [block + b"garbage" + block[2:] + block])
    check_accounts(header, found, header.size + len(block) * 3 + 5)
    kept = [decode_block(header, event) for event in found if isinstance(event, StoredBlock)]
    assert kept == [odd, odd]


def test_a_size_that_takes_in_the_next_block_loses_no_intact_one() -> None:
    """What follows a deflate stream is accepted otherwise, for the checksums that some writers leave there."""
    header, parts = make_file(*BLOCKS[:3], codec="deflate")
    data = parts[1][2:-16] + MARKER + parts[2][:-16]
    found = salvage(header, [parts[1][:1] + encode_long(len(data)) + data + MARKER + parts[3]])
    kept = [decode_block(header, event) for event in found if isinstance(event, StoredBlock)]
    assert kept == BLOCKS[1:3]


def test_markers_that_overlap() -> None:
    marker = b"\x01\x02\x03\x04" * 4
    header = decode_header(encode_header(SHIP, codec="null", sync_marker=marker))
    data = SHIP.encode(ship(1))
    block = encode_long(1) + encode_long(len(data)) + data + marker
    assert len(salvage(header, [b"garbage" + marker[:8] + block + b"\x01\x02\x03\x04" + marker + block])) >= 2
    found = salvage(header, [b"?" + b"\x01\x02\x03\x04" + marker + block])
    assert isinstance(found[-1], StoredBlock)


def test_hostile_files_take_linear_time() -> None:
    header, parts = make_file([ship(1)])
    fake = MARKER + encode_long(1) + encode_long(60_000_000)
    nested = b""
    for _ in range(300):  # each lands on the marker of the one around it, and is bad
        nested = raw_block(1, MARKER + nested)
    for body in (fake * 50_000, MARKER * 50_000, nested * 20, raw_block(2**60, b"") * 1000):
        found = salvage(header, [body, MARKER + parts[1]])
        check_accounts(header, found, header.size + len(body + MARKER + parts[1]))
        assert isinstance(found[-1], StoredBlock)


def test_memory_is_that_of_the_largest_block() -> None:
    header, parts = make_file(BLOCKS[0])
    parser = SalvageParser(header)
    for _ in range(300):
        parser.receive_data(b"garbage" * 1000)
        assert parser.next_event() is NEED_DATA
        assert len(parser._buffer) < 8_000
    parser.receive_data(MARKER + parts[1])
    assert parser.next_event() == LostRange(header.size, 2_100_016, "negative record count -52")
    assert isinstance(parser.next_event(), StoredBlock)


NARROW = Limits(block_bytes=300, zero_byte_items=5, datum_depth=5)
"""Limits of a file whose blocks may be past each of them."""

TREE = parse_schema(
    {
        "type": "record",
        "name": "T",
        "fields": [
            {"name": "text", "type": "string"},
            {"name": "inner", "type": ["null", "T"]},
            {"name": "nulls", "type": {"type": "array", "items": "null"}},
        ],
    }
)


def tree(text: str = "", depth: int = 0, nulls: int = 0) -> dict[str, object]:
    return {"text": text, "inner": tree(depth=depth - 1) if depth else None, "nulls": [None] * nulls}


SOUND = [[tree("a" * 20)], [tree(), tree(depth=3)], [tree(nulls=5)], [tree()] * 60]
REFUSED = {
    "limits.block_bytes": [[tree("".join(map(chr, range(33, 127))) * 4)], [tree("a" * 2000)], [tree()] * 101],
    "limits.zero_byte_items": [[tree(nulls=6)]],
    "limits.datum_depth": [[tree(depth=4)]],
}
DAMAGE = (b"", b"?", b"garbage of some length", b"\x02\xfe\xff\xff\x0f" + bytes(40), MARKER, MARKER + b"\x02\x04" + MARKER)


@given(st.data())
def test_what_a_limit_alone_refuses_is_told_apart(data: st.DataObject) -> None:
    """Sound blocks, blocks past a limit and garbage in any order and split; with larger limits only the garbage is lost."""
    codec = data.draw(st.sampled_from(["null", "deflate"]))
    wide = decode_header(encode_header(TREE, codec=codec, sync_marker=MARKER))
    narrow = decode_header(encode_header(TREE, codec=codec, sync_marker=MARKER), limits=NARROW)
    body = bytearray()
    sound: list[tuple[int, int, str]] = []
    refused: list[tuple[int, int, str]] = []
    for _ in range(data.draw(st.integers(1, 6))):
        reason = data.draw(st.sampled_from([None, "", *REFUSED]))
        if reason is None:
            body += data.draw(st.sampled_from(DAMAGE)) + MARKER
            continue
        block = encode_block(wide, data.draw(st.sampled_from(REFUSED[reason] if reason else SOUND)))
        (refused if reason else sound).append((narrow.size + len(body), len(block), reason))
        body += block
    found = salvage(narrow, [bytes(body)])
    check_accounts(narrow, found, narrow.size + len(body))
    kept = {(event.block.start_byte, event.block.length) for event in found if isinstance(event, StoredBlock)}
    assert kept >= {(start, length) for start, length, _ in sound}
    left_out = [event for event in found if isinstance(event, LostRange) and not event.is_damaged]
    assert [(event.start_byte, event.length) for event in left_out] == [(start, length) for start, length, _ in refused]
    for event, (_, _, reason) in zip(left_out, refused, strict=True):
        assert reason in event.reason
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    assert salvage(narrow, [bytes(body[a:b]) for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]) == found
    assert salvage(narrow, [bytes(body[n : n + 1]) for n in range(len(body))]) == found
    with_more = salvage(wide, [bytes(body)])
    assert all(event.is_damaged for event in with_more if isinstance(event, LostRange))
    assert {(event.block.start_byte, event.block.length) for event in with_more if isinstance(event, StoredBlock)} >= {
        (start, length) for start, length, _ in sound + refused
    }


def test_many_claims_take_bounded_memory() -> None:
    header = decode_header(encode_header(SHIP, codec="null", sync_marker=MARKER), limits=Limits(block_bytes=100))
    parser = SalvageParser(header)
    for size in range(1000, 5000):
        parser.receive_data(MARKER + encode_long(1) + encode_long(size * 1000))
        assert parser.next_event() is NEED_DATA
        assert len(parser._claims) <= MAX_CLAIMS


def test_a_codec_that_cannot_be_read() -> None:
    header = decode_header(encode_header(SHIP, codec="null", sync_marker=MARKER).replace(b"\x08null", b"\x08lzo4"))
    with pytest.raises(UnsupportedCodecError):
        SalvageParser(header)
