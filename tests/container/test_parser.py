"""The push parser: the same events however the stream is split, in linear time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.container.block import decode_block
from avro_ocf.container.header import Header, decode_header, encode_header
from avro_ocf.container.parser import END, NEED_DATA, StreamParser
from avro_ocf.errors import AvroError, FormatError, LimitError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.varint import encode_long
from tests.container.build import MARKER, SHIP, make_file, raw_block, ship
from tests.damage import damaged

HEADER, PARTS = make_file([ship(0), ship(1)], [ship(2)], [ship(n) for n in range(30)])
FILE = b"".join([PARTS[0], raw_block(0, b""), *PARTS[1:]])


def events(chunks: list[bytes]) -> list[object]:
    """Return the events of a stream, and at the end its error, if there is one."""
    parser = StreamParser()
    found: list[object] = []
    for chunk in [*(chunk for chunk in chunks if chunk), b""]:
        parser.receive_data(chunk)
        try:
            while (event := parser.next_event()) is not NEED_DATA:
                found.append(event)
                if event is END:
                    return found
        except AvroError as error:
            with pytest.raises(type(error)):
                parser.next_event()  # it stays an error
            return [*found, (type(error), str(error))]
    return found


WHOLE = events([FILE])


def test_the_events_of_a_file() -> None:
    header, empty, *blocks, end = WHOLE
    assert isinstance(header, Header)
    assert (header, end) == (HEADER, END)
    start = HEADER.size
    for index, (block, part) in enumerate(zip([empty, *blocks], [raw_block(0, b""), *PARTS[1:]], strict=True)):
        assert block.block_index == index  # type: ignore[attr-defined]
        assert block.block[:2] == (start, len(part))  # type: ignore[attr-defined]
        start += len(part)
    assert start == len(FILE)
    assert [decode_block(HEADER, block) for block in blocks][1] == [ship(2)]  # type: ignore[arg-type]


def test_every_split_in_two_and_byte_by_byte() -> None:
    for cut in range(len(FILE)):
        assert events([FILE[:cut], FILE[cut:]]) == WHOLE
    assert events([FILE[n : n + 1] for n in range(len(FILE))]) == WHOLE


@given(st.data())
def test_any_bytes_in_any_split(data: st.DataObject) -> None:
    file = data.draw(damaged(FILE))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), max_size=8)))
    pieces = [file[a:b] for a, b in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    assert events(pieces) == events([file]) == events([file[n : n + 1] for n in range(len(file))])


def test_every_truncation_is_told_after_the_whole_blocks_before_it() -> None:
    ends = {block.block.start_byte + block.block.length: n for n, block in enumerate(WHOLE[1:-1], 2)}  # type: ignore[attr-defined]
    ends[HEADER.size] = 1
    for length in range(len(FILE)):
        found = events([FILE[:length]])
        whole = max((count for end, count in ends.items() if end <= length), default=0)
        assert found[:whole] == WHOLE[:whole]
        if length in ends:
            assert found[whole:] == [END]
        else:
            assert len(found) == whole + 1
            assert found[-1][0] is TruncatedError  # type: ignore[index]


@pytest.mark.parametrize("data", [b"", b"Obj", FILE[:40]])
def test_a_truncated_header(data: bytes) -> None:
    parser = StreamParser()
    if data:
        parser.receive_data(data)
    parser.receive_data(b"")
    with pytest.raises(TruncatedError, match="the bytes end inside the header" if data else "there are no bytes") as caught:
        parser.next_event()
    assert caught.value.offset == 0


def test_blocks_of_a_given_header_count_from_a_given_byte() -> None:
    parser = StreamParser(header=HEADER, start_byte=1000)
    parser.receive_data(PARTS[1] + PARTS[2][:-1] + b"?")
    stored = parser.next_event()
    assert stored.block == (1000, len(PARTS[1]), 2)  # type: ignore[union-attr]
    with pytest.raises(FormatError, match="the sync marker differs") as caught:
        parser.next_event()
    assert (caught.value.offset, caught.value.block) == (1000 + len(PARTS[1]) + len(PARTS[2]) - 16, 1)


def test_a_block_past_the_limit_is_refused_before_its_data_comes() -> None:
    header = decode_header(PARTS[0], limits=DEFAULT_LIMITS._replace(block_bytes=100))
    for size, error in ((100, None), (101, LimitError)):
        parser = StreamParser(header=header)
        parser.receive_data(encode_long(1) + encode_long(size))
        if error is None:
            assert parser.next_event() is NEED_DATA
        else:
            with pytest.raises(error):
                parser.next_event()


def test_bytes_after_the_end() -> None:
    parser = StreamParser(header=HEADER)
    parser.receive_data(b"")
    assert parser.next_event() is END
    with pytest.raises(ValueError, match="after the end"):
        parser.receive_data(b"x")
    assert repr([END, NEED_DATA]) == "[END, NEED_DATA]"


def test_a_large_block_and_a_large_header_byte_by_byte_take_linear_time() -> None:
    metadata = {str(number): b"x" for number in range(20_000)}
    file = encode_header(SHIP, codec="null", metadata=metadata, sync_marker=MARKER) + raw_block(0, bytes(300_000))
    found = events([file[n : n + 1] for n in range(len(file))])
    assert [type(event).__name__ for event in found] == ["Header", "StoredBlock", "Signal"]


def feed_to_the_end(pieces: list[bytes]) -> None:
    parser = StreamParser()
    for piece in [*pieces, b""]:
        parser.receive_data(piece)
        assert parser.next_event() is NEED_DATA


@pytest.mark.parametrize(("data", "error"), [(b"Oc", FormatError), (b"PK", FormatError), (b"Ob", TruncatedError)])
def test_another_kind_of_file_is_told_from_a_short_one_in_any_split(data: bytes, error: type[FormatError]) -> None:
    for pieces in ([data], [data[:1], data[1:]]):
        with pytest.raises(FormatError) as caught:
            feed_to_the_end(pieces)
        assert type(caught.value) is error
