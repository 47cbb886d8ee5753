"""Container files made by hand, for the tests of this folder."""

from avro_ocf.api import Schema, parse_schema
from avro_ocf.container.block import encode_block
from avro_ocf.container.header import MAGIC, Header, decode_header, encode_header
from avro_ocf.varint import encode_long

MARKER = bytes(range(0xA0, 0xB0))

SHIP = parse_schema(
    {
        "type": "record",
        "name": "Ship",
        "fields": [
            {"name": "name", "type": "string"},
            {"name": "hp", "type": "int"},
            {"name": "guns", "type": {"type": "array", "items": "int"}},
        ],
    }
)
"""Every record of it takes at least three bytes."""

NULLS = parse_schema({"type": "array", "items": "null"})
"""Its values are charged."""


def ship(number: int) -> dict[str, object]:
    return {"name": f"ship {number}", "hp": number, "guns": list(range(number % 4))}


def make_file(*blocks: list[dict[str, object]], schema: Schema = SHIP, codec: str = "null") -> tuple[Header, list[bytes]]:
    """Return a file's header, parsed, and the parts it is made of: the header's bytes and those of each block."""
    data = encode_header(schema, codec=codec, sync_marker=MARKER)
    header = decode_header(data, limits=schema.limits)
    return header, [data, *(encode_block(header, records) for records in blocks)]


def raw_block(count: int, data: bytes, size: int | None = None) -> bytes:
    """Return a block that says to hold `count` records in `size` bytes, which is true by default."""
    return encode_long(count) + encode_long(len(data) if size is None else size) + data + MARKER


def entry(key: str | bytes, value: bytes) -> bytes:
    """Return one entry of the header's map."""
    key = key.encode() if isinstance(key, str) else key
    return encode_long(len(key)) + key + encode_long(len(value)) + value


def raw_header(*parts: bytes) -> bytes:
    """Return a header whose map is `parts`, which are its blocks without the 0 at its end."""
    return MAGIC + b"".join(parts) + b"\0" + MARKER
