"""The block that records are gathered in, and its way into the file: whatever comes between, each record gets there once.

Records are kept as texts in one list, `_pending`, a character for each byte. A block on its way into the file stands in that list
in the place of its records, so that each step is one that the interpreter does whole, and may be done again after an interrupt.
"""

from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from avro_ocf.api import Schema
from avro_ocf.container.block import Block, frame_block
from avro_ocf.container.compression import codec_for_writing
from avro_ocf.container.header import Header
from avro_ocf.errors import AvroError, DatumError
from avro_ocf.files.binary import has_global_lock
from avro_ocf.files.sink import Sink

if TYPE_CHECKING:
    from avro_ocf.compiler import Encoder
    from avro_ocf.lenient import LenientEncoder


def lenient_encoder(schema: Schema) -> "LenientEncoder":
    """Return the encoder of a writer that is lenient, which is loaded for it alone."""
    from avro_ocf.lenient import LenientEncoder

    return LenientEncoder(schema.encoder)


class _Charged(str):
    """The text of a record, with the count of its values that take no byte."""

    __slots__ = ("charge",)
    charge: int


def _charged_text(encoder: "Encoder | LenientEncoder", record: object) -> _Charged:
    out = bytearray()
    charge = encoder.append(record, out)
    text = _Charged(out.decode("latin-1"))
    text.charge = charge
    return text


def refuse(*_: object) -> Any:
    """Raise `AvroError`: what a closed writer does instead of anything else."""
    raise AvroError("the writer is closed")


class _Put(NamedTuple):
    """A block on its way into the file."""

    block: Block
    framed: bytes


class Filler:
    """What a writer does between taking a record and having it in the file."""

    header: Header
    blocks: list[Block]
    _sink: Sink

    def _start(self, header: Header, blocks: list[Block], level: int | None, block_size: int, *, lenient: bool) -> None:
        codec_for_writing(header.codec, level)
        if not isinstance(block_size, int):
            raise TypeError(f"block_size is an int, not {type(block_size).__name__}")
        if block_size < 1:
            raise DatumError(f"block_size is 1 or more, not {block_size}")
        self.header = header
        self.blocks = blocks
        self._level = level
        self._end = blocks[-1].start_byte + blocks[-1].length if blocks else header.size
        limits = header.schema.limits
        self._block_size = min(block_size, limits.block_bytes)
        self._encoder = encoder = lenient_encoder(header.schema) if lenient else header.schema.encoder
        self._lock = RLock()  # for all but a record that fits into the block being filled
        self._closed = self._finished = False
        self._pending: list[Any] = []  # a text for each record of that block; before them, a block on its way into the file
        self._size = 0  # bytes of these records
        self._charge = 0
        self._room = 0 if encoder.is_charged else self._block_size  # bytes from which on a record is taken up under the lock
        self._text: Callable[[object], str] = partial(_charged_text, encoder) if encoder.is_charged else encoder.text
        # Looked up and called in one step, so that with a global lock no thread can close the writer in between.
        self._take: Callable[[list[str]], None] = self._pending.extend if has_global_lock() else self._take_locked

    def _shut(self) -> None:
        self._closed = True
        self._text = self._take = refuse
        self._room = 0
        self._sink.close()
        self._pending.clear()
        self._finished = True

    def _check_open(self) -> None:
        if self._closed:
            refuse()

    def _take_locked(self, texts: list[str]) -> None:
        with self._lock:
            self._check_open()
            self._pending.extend(texts)

    def _add(self, texts: list[str], data: str, before: int | None) -> None:
        """Take records, whose texts joined are `data`, up into the block being filled, and write it if it is full.

        Their last one begins the next block if it takes this one past a limit. `before` is how many records of `write_many` came
        before them.
        """
        with self._lock:
            self._check_open()
            self._settle()
            size = len(data)
            charge = getattr(texts[-1], "charge", 0)
            limits = self.header.schema.limits
            if self._size + size > limits.block_bytes or self._charge + charge > limits.zero_byte_items:
                last = texts.pop()
                self._pending.extend(texts)
                self._cut()
                size = len(last)
                if size > limits.block_bytes:
                    message = f"the record takes {size} bytes; limits.block_bytes is {limits.block_bytes}"
                    raise DatumError(message, record=None if before is None else before + len(texts))
                texts, data = [last], last
            self._charge += charge
            is_full = self._size + size >= self._block_size
            if is_full and not self._pending and self._put_whole(texts, data):
                return
            self._size += size
            self._pending.extend(texts)
            if is_full:
                self._cut()

    def _put_whole(self, texts: list[str], data: str) -> bool:
        """Write records as a block, before what threads may have added meanwhile, if the codec does not make it too large."""
        try:
            framed = frame_block(self.header, len(texts), data.encode("latin-1"), self._level)
        except DatumError:
            return False
        self._charge = 0
        self._pending.insert(0, _Put(Block(self._end, len(framed), len(texts)), framed))
        self._settle()
        return True

    def _cut(self) -> None:
        """Write the block being filled, if it has any record, as several where the codec makes one larger than its limit."""
        self._settle()
        error = None
        left = len(self._pending)
        while left:
            count = left
            texts = self._pending[:count]
            while True:
                data = "".join(texts[:count]).encode("latin-1")
                try:
                    framed = frame_block(self.header, count, data, self._level)
                except DatumError as problem:
                    if count > 1:
                        count //= 2
                        continue
                    error = problem  # this record is too large; the others are written all the same
                    del self._pending[0]
                else:
                    self._pending[:count] = [_Put(Block(self._end, len(framed), count), framed)]
                    self._settle()
                break
            left -= count
            if self._pending:
                self._size -= len(data)
            else:
                self._size = self._charge = 0
        if error is not None:
            raise error

    def _put_block(self, record_count: int, framed: bytes) -> Block:
        with self._lock:
            self._check_open()
            self._cut()
            block = Block(self._end, len(framed), record_count)
            self._pending.insert(0, _Put(block, framed))
            self._settle()
            return block

    def _settle(self) -> None:
        """Bring the block on its way into the file, if there is one. Every step may be done again, as after an interrupt."""
        if not self._pending or type(self._pending[0]) is not _Put:
            return
        block, framed = self._pending[0]
        try:
            self._sink.put(block.start_byte, framed)
        except Exception:
            self._shut()
            raise
        if block not in self.blocks[-1:]:
            self.blocks.append(block)
        self._end = block.start_byte + block.length
        del self._pending[0]
