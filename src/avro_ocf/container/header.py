"""The header of a container file.

Specification, "Object Container Files": "Four bytes, ASCII 'O', 'b', 'j', followed by 1"; the file metadata, "as if defined by
{"type": "map", "values": "bytes"}"; "the 16-byte, randomly-generated sync marker for this file".
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.compression import codec_for_writing
from avro_ocf.errors import DatumError, FormatError, LimitError, NeedMoreData, TruncatedError
from avro_ocf.json_text import loads
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import Conversions, Given, conversions_given
from avro_ocf.varint import VARINT_BYTES, decode_long, encode_long

MAGIC: Final = b"Obj\x01"
SYNC_BYTES: Final = 16
RESERVED: Final = "avro."
SCHEMA_KEY: Final = "avro.schema"
CODEC_KEY: Final = "avro.codec"

KEPT_MARK: Final = b"avro_ocf"
"""What follows a header that `Header.to_bytes` made. No block begins so: its record count would be negative."""

KEPT_VERSION: Final = 1


class Header(NamedTuple):
    """What a file says of all its blocks.

    `metadata` is read-only and holds the user's entries, without `avro.schema` and `avro.codec`. `size` is the header's length in
    bytes, and so the offset of the first block.
    """

    schema: Schema
    codec: str
    sync_marker: bytes
    metadata: Mapping[str, bytes]
    size: int

    def __reduce__(self) -> tuple[object, ...]:
        return _header_of, (self.schema, self.codec, self.sync_marker, dict(self.metadata), self.size)

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` makes an equal header of, to be kept where an index is: all but the schema's `conversions`.

        That is a container file's header, then `avro_ocf` and a JSON object with the rest. The header is encoded anew, and so may
        take another size than the original, which `size` tells.
        """
        entries = {SCHEMA_KEY: self.schema.json.encode(), CODEC_KEY: self.codec.encode(), **self.metadata}
        if self.codec == "null":
            del entries[CODEC_KEY]
        schema = self.schema
        kept = {
            "version": KEPT_VERSION,
            "size": self.size,
            "logical_types": schema.logical_types,
            "limits": schema.limits._asdict(),
        }
        return _encoded(entries, self.sync_marker) + KEPT_MARK + json.dumps(kept, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(
        cls,
        data: bytes | bytearray | memoryview,
        *,
        limits: Limits | None = None,
        logical_types: bool | None = None,
        conversions: Conversions | None = None,
    ) -> "Header":
        """Return the header that `to_bytes` made `data` of, or the one at the start of a file's first bytes.

        `limits` and `logical_types`, where they are given, count instead of those that were kept. Raises `FormatError` with the
        offset of what is wrong, also when the bytes end too early, and `SchemaError`.
        """
        data = bytes(memoryview(data))
        parser = HeaderParser(Limits(header_bytes=1 << 62), logical_types=True)  # there is no more than `data`
        try:
            end = parser.read(data)
        except NeedMoreData:
            raise TruncatedError("the bytes end inside the header", offset=0) from None
        rest = data[end:]
        if rest.startswith(KEPT_MARK):
            size, kept_limits, kept_logical_types = _kept(rest[len(KEPT_MARK) :], end + len(KEPT_MARK))
        elif rest and KEPT_MARK.startswith(rest):
            raise TruncatedError("the bytes end behind the header", offset=end)
        else:
            size, kept_limits, kept_logical_types = end, DEFAULT_LIMITS, True
        limits = limits or kept_limits
        if size == end > limits.header_bytes:
            raise LimitError(f"the header takes more than limits.header_bytes, {limits.header_bytes}", offset=0)
        logical_types = kept_logical_types if logical_types is None else logical_types
        return parser.header(data[end - SYNC_BYTES : end], size, limits, logical_types, conversions_given(conversions))


def _header_of(schema: Schema, codec: str, sync_marker: bytes, metadata: dict[str, bytes], size: int) -> Header:
    """Return a header that was pickled or copied."""
    return Header(schema, codec, sync_marker, MappingProxyType(metadata), size)


def _kept(text: bytes, offset: int) -> tuple[int, Limits, bool]:
    """Return the size, the limits and whether there are logical types, of the JSON that `Header.to_bytes` made at byte `offset`."""
    try:
        kept = loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"what follows the header is no JSON: {error}", offset=offset) from None
    if not isinstance(kept, dict) or kept.get("version") != KEPT_VERSION:
        raise FormatError("what follows the header is of another version of this library", offset=offset)
    size: Any = kept.get("size")
    limits: Any = kept.get("limits")
    logical_types: Any = kept.get("logical_types")
    if type(limits) is not dict or not limits.keys() <= set(Limits._fields) or type(logical_types) is not bool:
        raise FormatError("what follows the header has another form", offset=offset)
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in (size, *limits.values())):
        raise FormatError("what follows the header has numbers out of range", offset=offset)
    return size, Limits(**limits), logical_types


def make_header(
    schema: Schema, *, codec: str = "deflate", metadata: Mapping[str, bytes | str] | None = None, sync_marker: bytes
) -> tuple[Header, bytes]:
    """Return a new file's header, parsed and as bytes.

    A `str` in `metadata` is written as UTF-8. Raises `DatumError` for a reserved key (`avro.` and what follows), for a sync marker
    that is not 16 bytes and for a header past `limits.header_bytes`, and `UnsupportedCodecError`.
    """
    if not isinstance(codec, str):
        raise TypeError(f"a codec is a str, not {type(codec).__name__}")
    codec_for_writing(codec)
    if len(sync_marker) != SYNC_BYTES:
        raise DatumError(f"a sync marker is {SYNC_BYTES} bytes, not {len(sync_marker)}")
    entries = {key: _metadata_value(key, value) for key, value in (metadata or {}).items()}
    out = _encoded({SCHEMA_KEY: schema.json.encode(), CODEC_KEY: codec.encode(), **entries}, sync_marker)
    if len(out) > schema.limits.header_bytes:
        raise DatumError(f"the header takes {len(out)} bytes, more than limits.header_bytes, {schema.limits.header_bytes}")
    return Header(schema, codec, bytes(sync_marker), MappingProxyType(entries), len(out)), out


def _encoded(entries: Mapping[str, bytes], sync_marker: bytes) -> bytes:
    out = bytearray(MAGIC)
    out += encode_long(len(entries))
    for key, value in entries.items():
        for part in (key.encode(), value):
            out += encode_long(len(part))
            out += part
    out.append(0)
    out += sync_marker
    return bytes(out)


def encode_header(
    schema: Schema, *, codec: str = "deflate", metadata: Mapping[str, bytes | str] | None = None, sync_marker: bytes
) -> bytes:
    """Return the bytes of a new file's header; arguments and errors are those of `make_header`."""
    return make_header(schema, codec=codec, metadata=metadata, sync_marker=sync_marker)[1]


def decode_header(
    prefix: bytes, *, limits: Limits = DEFAULT_LIMITS, logical_types: bool = True, conversions: Conversions | None = None
) -> Header:
    """Return the header at the start of `prefix`, which may go on past it; the other arguments are those of `parse_schema`.

    Raises `NeedMoreData` with the length that a longer prefix must have at least, `FormatError` with the offset of what is wrong,
    `LimitError` for a header past `limits.header_bytes`, and `SchemaError`. A codec that is unknown raises when a block is read.
    """
    return HeaderParser(limits, logical_types, conversions).parse(prefix)


def _metadata_value(key: str, value: bytes | str) -> bytes:
    if not isinstance(key, str):
        raise TypeError(f"a metadata key is a str, not {type(key).__name__}")
    if key.startswith(RESERVED):
        raise DatumError(f"metadata keys that start with {RESERVED!r} are reserved", f'["{key}"]')
    try:
        key.encode()
        return value.encode() if isinstance(value, str) else bytes(memoryview(value))
    except UnicodeEncodeError as error:
        raise DatumError(f"not Unicode text: {error.reason}", f'["{key}"]') from None


class HeaderParser:
    """Reads a header from a prefix that may grow: what was read of a shorter one is not read again."""

    __slots__ = ("_block_end", "_conversions", "_entries", "_left", "_limits", "_logical_types", "_map_ended", "_position")

    def __init__(self, limits: Limits, logical_types: bool, conversions: Conversions | None = None) -> None:
        self._limits = limits
        self._logical_types = logical_types
        self._conversions = conversions_given(conversions)
        self._position = 0
        self._entries: dict[str, tuple[int, bytes]] = {}  # the value and its offset
        self._left = 0  # entries still to come in this block of the map
        self._block_end: int | None = None  # where this block says that it ends
        self._map_ended = False

    def parse(self, prefix: bytes | bytearray) -> Header:
        """Return the header at the start of `prefix`, which starts with all that was given before; raises as `decode_header`."""
        size = self.read(prefix)
        marker = bytes(prefix[self._position : size])
        return self.header(marker, size, self._limits, self._logical_types, self._conversions)

    def read(self, prefix: bytes | bytearray) -> int:
        """Read the header at the start of `prefix` but for its schema, and return its size; raises as `decode_header`."""
        if not self._position:
            if not MAGIC.startswith(bytes(prefix[: len(MAGIC)])):
                raise FormatError(f"not an Avro container file: it does not start with {MAGIC!r}", offset=0)
            self._need(prefix, len(MAGIC))
            self._position = len(MAGIC)
        while not self._map_ended:
            if self._left:
                self._read_entry(prefix)
            else:
                self._begin_block(prefix)
        size = self._position + SYNC_BYTES
        self._need(prefix, size)
        return size

    def _need(self, prefix: bytes | bytearray, length: int) -> None:
        if length > self._limits.header_bytes:
            raise LimitError(f"the header takes more than limits.header_bytes, {self._limits.header_bytes}", offset=self._position)
        if len(prefix) < length:
            raise NeedMoreData(length)

    def _long(self, prefix: bytes | bytearray, position: int) -> tuple[int, int]:
        end = min(position + VARINT_BYTES, self._limits.header_bytes)
        try:
            number, used = decode_long(bytes(prefix[position:end]), 0)
        except TruncatedError:
            self._need(prefix, len(prefix) + 1)
            raise
        except FormatError as error:
            raise FormatError(error.message, offset=position) from None
        self._need(prefix, position + used)
        return number, position + used

    def _begin_block(self, prefix: bytes | bytearray) -> None:
        start = self._position
        if self._block_end not in {None, start}:
            raise FormatError(f"a block of the header's map ends here, not at byte {self._block_end} as it says", offset=start)
        count, position = self._long(prefix, start)
        block_end = None
        if count < 0:
            size, position = self._long(prefix, position)
            block_end = position + size
        self._left, self._block_end, self._position = abs(count), block_end, position
        self._map_ended = count == 0

    def _read_entry(self, prefix: bytes | bytearray) -> None:
        start = self._position
        key, value_start = self._bytes(prefix, start)
        value, end = self._bytes(prefix, value_start)
        try:
            name = key.decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"a metadata key is not UTF-8: {error.reason}", offset=start) from None
        self._entries[name] = (value_start, value)
        self._position = end
        self._left -= 1

    def _bytes(self, prefix: bytes | bytearray, position: int) -> tuple[bytes, int]:
        length, start = self._long(prefix, position)
        if length < 0:
            raise FormatError(f"negative length {length}", offset=position)
        self._need(prefix, start + length)
        return bytes(prefix[start : start + length]), start + length

    def header(self, sync_marker: bytes, size: int, limits: Limits, logical_types: bool, conversions: Given) -> Header:
        """Return the header that was read, with what else it is made of. Raises `FormatError` and `SchemaError`."""
        if SCHEMA_KEY not in self._entries:
            raise FormatError(f"the header has no {SCHEMA_KEY}", offset=len(MAGIC))
        schema = _file_schema(self._text(SCHEMA_KEY), logical_types, limits, conversions)
        codec = self._text(CODEC_KEY) if CODEC_KEY in self._entries else "null"
        metadata = {key: value for key, (_, value) in self._entries.items() if key not in {SCHEMA_KEY, CODEC_KEY}}
        return Header(schema, codec, sync_marker, MappingProxyType(metadata), size)

    def _text(self, key: str) -> str:
        offset, value = self._entries[key]
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise FormatError(f"{key} is not UTF-8: {error.reason}", offset=offset) from None


@lru_cache(256)
def _file_schema(text: str, logical_types: bool, limits: Limits, conversions: Given) -> Schema:
    """Parse a file's schema leniently. Kept per text, so that a file like the last one opens without parsing JSON."""
    return parse_schema(text, strict=False, logical_types=logical_types, limits=limits, conversions=dict(conversions))
