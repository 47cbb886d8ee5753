"""Finds every intact block of a damaged file by its sync markers.

A block starts right after the header or after a sync marker. It is intact when its head parses, its size lands on a sync marker,
its data unpacks with no marker left over, and its records use that data up exactly. A marker may also occur inside data, by chance
or by design, so each one is only a candidate. What is between two intact blocks is one lost range; kept and lost ranges and the
header make up the file exactly. A block that a limit alone refuses is a lost range of its own, once a marker is seen at its end.

Time is linear: a candidate that does not land on a marker costs its head only, and the bytes of candidates that do land on one and
are bad all the same are looked into for other candidates `MAX_OVERLAPS` times, then passed over.
"""

from collections import deque
from typing import Final, NamedTuple

from avro_ocf.container.block import HEAD_BYTES, Block, BlockHead, StoredBlock, check_head, decode_block, read_head
from avro_ocf.container.compression import after_deflate, codec_for_reading
from avro_ocf.container.header import SYNC_BYTES, Header
from avro_ocf.container.parser import END, NEED_DATA, Signal
from avro_ocf.errors import FormatError, LimitError, TruncatedError

MAX_OVERLAPS: Final = 8

MAX_CLAIMS: Final = 1000
"""How many blocks that a limit refuses are waited for, to see whether there is a marker at their end."""


class LostRange(NamedTuple):
    """Bytes without an intact block: `length` of them from `start_byte`, and why no block could start there.

    `is_damaged` is False for exactly one block that may be as sound as any: it ends with a sync marker, and only a limit keeps it
    from being read, which `reason` names.
    """

    start_byte: int
    length: int
    reason: str
    is_damaged: bool = True


class SalvageReport(NamedTuple):
    """What was found in a damaged file: its header, its intact blocks where they stood in it, and what was lost in between.

    `header.size`, the lengths of `kept` and of `lost` add up to the file's size exactly.
    """

    header: Header
    kept: list[Block]
    lost: list[LostRange]

    @property
    def record_count(self) -> int:
        """How many records the intact blocks hold."""
        return sum(block.record_count for block in self.kept)

    @property
    def refused(self) -> list[LostRange]:
        """What of `lost` is not known to be damaged: with larger limits it may be kept."""
        return [lost for lost in self.lost if not lost.is_damaged]

    @property
    def lost_bytes(self) -> int:
        """How many bytes are in no intact block."""
        return sum(lost.length for lost in self.lost)


class SalvageParser:
    """Takes what follows the `header` of a damaged file, as it comes, and tells its intact blocks from what is lost.

    Call `receive_data` with bytes, and with `b""` at their end; `next_event` returns `StoredBlock` and `LostRange` in file order,
    `NEED_DATA` and `END`, and never raises. Memory is bounded by `limits.block_bytes` and what was given last. Raises
    `UnsupportedCodecError` when made, for a file whose blocks cannot be read here.
    """

    def __init__(self, header: Header) -> None:
        codec_for_reading(header.codec)
        self._header = header
        self._buffer = bytearray()
        self._buffer_start = header.size
        self._candidate = 0  # in the buffer, as are the next four: where a block may start
        self._lost_from: int | None = None  # where the lost range began, while there is one
        self._search: int | None = None  # where to look for the next marker, while no candidate is known
        self._bad_until = 0  # the end of the furthest candidate that landed on a marker and was bad
        self._overlaps = 0  # how many of those there were before that end
        self._reason = ""
        self._index = 0
        self._ended = False
        self._claims: dict[int, tuple[int, str]] = {}  # in the file: where blocks that a limit refuses end, and start, and why
        self._events: deque[StoredBlock | LostRange] = deque()  # what is found and not yet given out

    def receive_data(self, data: bytes) -> None:
        """Take the next bytes of the file, or `b""` for its end."""
        if not data:
            self._ended = True
            return
        self._drop(self._candidate - SYNC_BYTES + 1 if self._search is None else self._search)
        self._buffer += data

    def next_event(self) -> StoredBlock | LostRange | Signal:
        """Return what comes next."""
        while not self._events:
            if self._search is not None:
                if not self._find_candidate(self._search):
                    return self._end() if self._ended else NEED_DATA
                self._settle_claim()
                continue
            if self._candidate == len(self._buffer):
                return self._end() if self._ended else NEED_DATA
            try:
                stored = self._take_block()
            except TruncatedError as error:
                if not self._ended:
                    return NEED_DATA
                self._pass_over(error.message)
            except FormatError as error:
                self._pass_over(error.message)
            else:
                if lost := self._lost(stored.block.start_byte):
                    self._events.append(lost)
                self._events.append(stored)
                self._claims.clear()
        return self._events.popleft()

    def _find_candidate(self, search: int) -> bool:
        found = self._buffer.find(self._header.sync_marker, search)
        if found < 0:
            self._search = max(search, len(self._buffer) - SYNC_BYTES + 1)
            return False
        self._candidate = found + SYNC_BYTES
        self._search = None
        return True

    def _take_block(self) -> StoredBlock:
        """Return the block at the candidate. Raises `FormatError` when there is none, `TruncatedError` when it is not whole yet."""
        start = self._candidate
        head = read_head(bytes(self._buffer[start : start + HEAD_BYTES]))
        end = start + head.length
        try:
            check_head(head, self._header)
        except LimitError as error:
            self._claim(start, end, error.message)
            raise
        if end > len(self._buffer):
            raise TruncatedError("the bytes end inside the block")
        if self._buffer[end - SYNC_BYTES : end] != self._header.sync_marker:
            raise FormatError("no sync marker at the block's end")
        stored = self._stored(head, start, end)
        try:
            decode_block(self._header, stored)
            self._check_tail(stored.data)
        except FormatError as error:
            if isinstance(error, LimitError):
                self._claim(start, end, error.message)
            self._overlaps = self._overlaps + 1 if start < self._bad_until else 1
            self._bad_until = max(self._bad_until, end)
            raise
        self._candidate = end
        self._index += 1
        return stored

    def _claim(self, start: int, end: int, reason: str) -> None:
        """Remember a candidate that a limit refuses."""
        if len(self._claims) >= MAX_CLAIMS:
            del self._claims[next(iter(self._claims))]
        self._claims.setdefault(self._buffer_start + end, (self._buffer_start + start, reason))

    def _settle_claim(self) -> None:
        """Give out what is lost up to the candidate, where it is the end of a block that a limit refused."""
        end = self._buffer_start + self._candidate
        if end in self._claims:
            start, reason = self._claims[end]
            self._claims.clear()
            if lost := self._lost(start):
                self._events.append(lost)
            self._events.append(LostRange(start, end - start, reason, is_damaged=False))

    def _check_tail(self, data: bytes) -> None:
        """Raise `FormatError` when what follows a deflate stream holds a marker: the size is wrong and takes in other blocks."""
        marker = self._header.sync_marker
        if self._header.codec == "deflate" and marker in data and marker in after_deflate(data):
            raise FormatError("a sync marker after the end of the deflate stream")

    def _stored(self, head: BlockHead, start: int, end: int) -> StoredBlock:
        data = bytes(memoryview(self._buffer)[start + head.head_size : end - SYNC_BYTES])
        return StoredBlock(Block(self._buffer_start + start, head.length, head.record_count), self._index, data)

    def _pass_over(self, reason: str) -> None:
        """Go on to the next marker, the candidate being none."""
        if self._lost_from is None:
            self._lost_from = self._candidate
            self._reason = reason
        self._search = max(0, self._candidate - SYNC_BYTES + 1)  # markers may overlap, as when all 16 bytes are equal
        if self._candidate < self._bad_until and self._overlaps >= MAX_OVERLAPS:
            self._search = self._bad_until - SYNC_BYTES

    def _lost(self, end: int) -> LostRange | None:
        if self._lost_from is None:
            return None
        start = self._buffer_start + self._lost_from
        self._lost_from = None
        return LostRange(start, end - start, self._reason) if start < end else None

    def _end(self) -> LostRange | Signal:
        return self._lost(self._buffer_start + len(self._buffer)) or END

    def _drop(self, count: int) -> None:
        """Forget bytes at the buffer's start, once no marker that matters can start in them."""
        count = max(0, count)
        del self._buffer[:count]
        self._buffer_start += count
        self._candidate -= count
        self._bad_until -= count
        if self._search is not None:
            self._search -= count
        if self._lost_from is not None:
            self._lost_from -= count
