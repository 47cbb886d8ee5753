"""Encodings of a value that are right though no writer's habit, and encodings that are wrong."""

from collections.abc import Callable
from typing import NamedTuple

from avro_ocf.oracle.cases import Verdict
from avro_ocf.oracle.generators.emitter import MAP, Emitter, Part, join, varint
from avro_ocf.oracle.source import Discarded, Source
from avro_ocf.schema.model import Node

PAST_64_BITS = (b"\x80" * 9 + b"\2", b"\xff" * 9 + b"\x7f", b"\x80" * 10 + b"\1", b"\xff" * 11 + b"\1", b"\xff" * 40)
NOT_UTF8 = (b"\xff", b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82")
TRAILING = (b"\0", b"\1", b"\0\0", b"\2", b"\xff\xff", b"Obj\1")


class Encoding(NamedTuple):
    """The bytes of a value. The verdict is `either` where a varint is longer than it must be, which no sentence forbids.

    `clauses` are those of what is unusual about it.
    """

    data: bytes
    clauses: tuple[str, ...] = ()
    verdict: Verdict = "accept"


class BadEncoding(NamedTuple):
    """Damaged bytes of a value. Where the verdict is `either`, who accepts them must give the value.

    `offset` is the byte where the damage begins, and the end of the bytes where they are cut.
    """

    data: bytes
    verdict: Verdict
    offset: int
    clauses: tuple[str, ...]
    note: str


def draw_encoding(source: Source, node: Node, value: object) -> Encoding:
    """Draw an encoding of `value`, which fits `node`: plain, in other blocks, with their sizes told, or with longer varints."""
    emitter = Emitter(source, (0, 0, 0, 1, 1, 1, 1, 1, 2)[source.below(9)])
    emitter.value(node, value)
    return finished(emitter)


def finished(emitter: Emitter) -> Encoding:
    """Return what `emitter` has written."""
    clauses = emitter.clauses
    verdict: Verdict = "accept"
    if any(part.longer for part in emitter.parts):
        clauses.add("binary.int-long")
        verdict = "either"
    return Encoding(join(emitter.parts)[0], tuple(sorted(clauses)), verdict)


Damage = tuple[str, Verdict, str]
"""What was done, its verdict, and the clause it concerns."""


def draw_bad_encoding(source: Source, node: Node, value: object, *, whole: bool = False) -> BadEncoding:
    """Draw an encoding of `value` that is damaged in one place, which has its effect there: all before it is sound.

    `whole` leaves out what only the end of the bytes can show: bytes that are missing, and bytes that are too many.
    """
    emitter = Emitter(source, source.below(2))
    emitter.value(node, value)
    parts = emitter.parts
    kinds = sorted({part.kind for part in parts if part.kind != "data"})
    data, tails = join(parts)
    kinds = kinds if whole else ["cut"] * bool(data) + kinds * 2 + ["trailing"]
    if not kinds:
        raise Discarded
    kind = source.choice(kinds)
    if kind == "cut":
        offset = len(data) - 1 - source.below(len(data))
        return BadEncoding(data[:offset], "reject", offset, ("data.traversal",), f"cut to {offset} of {len(data)} bytes")
    if kind == "trailing":
        more = source.choice(TRAILING)
        return BadEncoding(data + more, "either", len(data), ("data.traversal",), f"{len(more)} bytes after the datum")
    index = source.choice([index for index, part in enumerate(parts) if part.kind == kind])
    wants_varint = parts[index].data is None and source.chance(4)
    note, verdict, clause = (damage_varint if wants_varint else DAMAGES.get(kind, damage_varint))(source, parts, index)
    damaged, tails = join(parts)
    offset = len(damaged) - tails[index]
    return BadEncoding(damaged, verdict, offset, (clause,), f"{note}, at byte {offset}")


def damage_varint(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a number one that no `long` holds, or one in more bytes than readers look at."""
    part = parts[index]
    if source.chance(4):
        part.longer = source.integer(11, 20) - len(varint(part.number))
        return f"a {part.kind} in 11 bytes or more", "either", "binary.int-long"
    part.data = source.choice(PAST_64_BITS)
    return f"a {part.kind} past 64 bits", "reject", "schema.primitive.long"


def damage_int(source: Source, parts: list[Part], index: int) -> Damage:
    """Make an int one that only a long holds."""
    number = parts[index].number
    parts[index].number = source.choice((2**31, -(2**31) - 1, 2**32 + number, number - 2**32, 2**63 - 1))
    return f"an int of {parts[index].number}", "reject", "schema.primitive.int"


def damage_index(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a branch's or symbol's index one that there is none of."""
    part = parts[index]
    part.number = source.choice((part.bound, -1, -part.bound, 2**31 - 1, 2**32 + part.number, part.number - 2**32))
    clause = "binary.enum" if part.kind == "symbol" else "binary.union.index"
    return f"a {part.kind} of {part.number}, there are {part.bound}", "reject", clause


def damage_length(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a length negative, or one that no memory holds."""
    part = parts[index]
    clause = "binary.string" if parts[index + 1].kind == "text" else "binary.bytes"
    part.number = source.choice((-1, -max(part.number, 1), -(2**63), 2**31 - 1, 2**32 + part.number, 2**62, 2**63 - 1))
    return f"a length of {part.number}", "reject", clause


def damage_count(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a count of items one that the bytes cannot hold; of items without bytes there may be any number."""
    part = parts[index]
    if not part.bound:
        return damage_varint(source, parts, index)
    part.number = source.choice((2**31, 2**32 + part.number, 2**62, 2**63 - 1, -(2**63), part.number - 2**32))
    return f"a block of {part.number} items", "reject", "binary.map.count" if part.bound == MAP else "binary.array.count"


def damage_size(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a block's size in bytes a wrong one."""
    part = parts[index]
    part.number = source.choice((1, -1, -2, 64, 2**32, 2**62, -(2**62)))
    clause = "binary.map.negative-count" if parts[index - 1].bound == MAP else "binary.array.negative-count"
    return f"a block's size that is {part.number:+} bytes wrong", "reject", clause


def damage_boolean(source: Source, parts: list[Part], index: int) -> Damage:
    """Make a boolean a byte that is none."""
    byte = source.choice((2, 255, 0x80, 0x30))
    parts[index].data = bytes((byte,))
    return f"a boolean of {byte}", "reject", "binary.boolean"


def damage_text(source: Source, parts: list[Part], index: int) -> Damage:
    """Put something into a string that is no UTF-8 there; its length stays true."""
    text = parts[index].data or b""
    bad = source.choice(NOT_UTF8)
    at = source.below(len(text) + 1)
    parts[index].data = text[:at] + bad + text[at:]
    parts[index - 1].number = len(text) + len(bad)
    return f"{bad.hex()} in a string", "reject", "binary.string"


DAMAGES: dict[str, Callable[[Source, list[Part], int], Damage]] = {
    "boolean": damage_boolean,
    "branch": damage_index,
    "count": damage_count,
    "int": damage_int,
    "length": damage_length,
    "size": damage_size,
    "symbol": damage_index,
    "text": damage_text,
}
"""By the kind of a part. The others are numbers, which can be damaged by `damage_varint` only."""
