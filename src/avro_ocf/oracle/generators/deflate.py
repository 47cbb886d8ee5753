"""Raw deflate streams (RFC 1951) in many forms, the same bytes with every version of zlib, since none is used."""

from functools import cache

from avro_ocf.oracle.source import Source

FIXED = [f"{0x30 + byte:08b}" if byte < 144 else f"{0x190 + byte - 144:09b}" for byte in range(256)] + ["0000000"]
"""The codes of section 3.2.6, bit by bit as they are written; the last is that of the end of a block."""

DYNAMIC = [f"{byte:08b}" for byte in range(255)] + [f"{510:09b}", f"{511:09b}"]
"""The codes that `dynamic_head` tells of: all but two have eight bits."""


def draw_deflate(source: Source, data: bytes) -> bytes:
    """Draw a stream that unpacks to `data`: one or more blocks of any type."""
    chunks = [data]
    if source.chance(3):
        cuts = sorted(source.below(len(data) + 1) for _ in range(source.integer(1, 3)))
        chunks = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return deflated([(source.below(3), chunk) for chunk in chunks])


def deflated(blocks: list[tuple[int, bytes]]) -> bytes:
    """Return a stream of blocks, each a type and its data: 0 for fixed codes, 1 for stored bytes, 2 for dynamic codes."""
    blocks = [
        (kind, data[start : start + 0xFFFF]) for kind, data in blocks for start in range(0, len(data) or 1, 0xFFFF)
    ]  # a stored block holds no more
    bits = ""
    out = b""
    for index, (kind, data) in enumerate(blocks):
        last = "1" if index == len(blocks) - 1 else "0"
        if kind == 1:
            out += packed(bits + last + "00")
            out += len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data
            bits = ""
            continue
        codes = DYNAMIC if kind else FIXED
        bits += last + (dynamic_head() if kind else "10") + "".join([codes[byte] for byte in data]) + codes[256]
        whole = len(bits) // 8 * 8
        out, bits = out + packed(bits[:whole]), bits[whole:]
    return out + packed(bits)


def packed(bits: str) -> bytes:
    """Return bits as bytes, each byte's lowest bit first, filled up with zeros."""
    return int(bits[::-1] or "0", 2).to_bytes((len(bits) + 7) // 8, "little")


def number(value: int, width: int) -> str:
    """Return a number of `width` bits, lowest first."""
    return f"{value:0{width}b}"[::-1]


CODE_LENGTHS = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
"""The order in which a block tells the lengths of its code length codes."""


def head(literals: int, lengths: dict[int, int], codes: str) -> str:
    """Return the head of a block with so many `literals`, one distance, and `codes` for their lengths in codes of `lengths`."""
    table = "".join(number(lengths.get(symbol, 0), 3) for symbol in CODE_LENGTHS[:18])
    return "01" + number(literals - 257, 5) + number(0, 5) + number(18 - 4, 4) + table + codes


@cache
def dynamic_head() -> str:
    """Return the head of a block with the codes `DYNAMIC`, and one distance, which is not used."""
    one, eight, nine, again = "00", "01", "10", "11"
    return head(257, {1: 2, 8: 2, 9: 2, 16: 2}, eight + (again + "11") * 42 + eight * 2 + nine * 2 + one)


@cache
def bomb(size: int) -> bytes:
    """Return a stream of about a thousandth of `size`, which is a multiple of 258 and 1, that unpacks to so many zeros."""
    zeros, one, two = "0", "10", "11"

    def none(count: int) -> str:
        return zeros + number(count - 11, 7)

    codes = two + none(138) + none(117) + two + none(28) + one + one
    bits = "1" + head(286, {1: 2, 2: 2, 18: 1}, codes)
    return packed(bits + "10" + "00" * (size // 258) + "11")
