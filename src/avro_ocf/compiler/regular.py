"""Regular expressions that pass over several values in one call.

The bytes of a value without an array, a map or a long text are a word of a regular language in which no word begins another, so an
expression matches in one way only and takes time in proportion to its length and the data's. What it does not match, right or
wrong, is passed over by generated code, which is compiled for the first such datum.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from avro_ocf.compiler.faults import Unusual
from avro_ocf.schema.model import Enum, Fixed, Node, Record, Union

LEAVES_MAX: Final = 64
"""Values of one expression."""

PAYING: Final = 4
"""Values of varying size that make an expression worth its call."""

REPEATED: Final = 4
"""Equal neighbours from which on one expression is repeated: that compiles faster and matches slower."""

TEXT_BYTES_MAX: Final = 31

TEXTS_MAX: Final = 8

PATTERN_BYTES_MAX: Final = 1 << 14

MISSES: Final = 64
"""Datums after which it is asked whether the expression still pays."""


class Part(NamedTuple):
    """The expression for some values, how many of them vary in size, and how many are texts."""

    pattern: bytes
    leaves: int
    texts: int

    def is_short(self) -> bool:
        """Tell whether the expression is one to compile."""
        return self.leaves <= LEAVES_MAX and len(self.pattern) <= PATTERN_BYTES_MAX


_TEXT: Final = b"(?:%s)" % b"|".join(
    [rb"H.{36}", rb"\x00", *(rb"\x%02x.{%d}" % (2 * size, size) for size in range(1, TEXT_BYTES_MAX + 1))]
)
PARTS: Final = {
    "null": Part(b"", 0, 0),
    "boolean": Part(rb"[\x00\x01]", 1, 0),
    "int": Part(rb"[\x80-\xff]{0,3}+(?:[\x00-\x7f]|[\x80-\xff][\x00-\x0f])", 1, 0),
    "long": Part(rb"[\x80-\xff]{0,8}+(?:[\x00-\x7f]|[\x80-\xff][\x00\x01])", 1, 0),
    "float": Part(b".{4}", 0, 0),
    "double": Part(b".{8}", 0, 0),
    "bytes": Part(_TEXT, 1, 1),
    "string": Part(_TEXT, 1, 1),
}
"""The encoded values of each primitive type, of texts those that are short, and the length of a UUID."""


class Expressions:
    """The expressions for the types of one schema. Texts are costly to compile: only so many are part of one."""

    __slots__ = ("_known", "_texts")

    def __init__(self) -> None:
        self._known: dict[int, Part | None] = {}
        self._texts = TEXTS_MAX

    def runs(self, nodes: Iterable[Node]) -> Iterator[tuple[bytes, list[Node]]]:
        """Yield the nodes in order, in runs with the expression for each run, which is empty where there is none that pays."""
        found: list[Node] = []
        sofar = Part(b"", 0, 0)
        parts: list[Part] = []
        for node in nodes:
            part = self.part_of(node)
            longer = together([*parts, part]) if part else None
            if longer is None or longer.texts > self._texts:
                yield from self._run(found, sofar)
                found, parts, longer = [], [part] if part else [], part
            if part is None or longer is None or longer.texts > self._texts:
                yield b"", [node]
                found, parts, sofar = [], [], Part(b"", 0, 0)
            else:
                found.append(node)
                parts = [*parts, part] if len(found) > 1 else [part]
                sofar = longer
        yield from self._run(found, sofar)

    def _run(self, nodes: list[Node], part: Part) -> Iterator[tuple[bytes, list[Node]]]:
        pays = part.leaves >= PAYING
        self._texts -= part.texts if pays else 0
        if nodes:
            yield (part.pattern if pays else b""), nodes

    def part_of(self, node: Node) -> Part | None:
        """Return the expression for the usual values of `node`, or None if there is none."""
        if id(node) not in self._known:
            self._known[id(node)] = None  # what a type inside itself has
            part = self._part_of(node)
            self._known[id(node)] = part if part and part.is_short() else None
        return self._known[id(node)]

    def _part_of(self, node: Node) -> Part | None:
        match node:
            case Record():
                return together([self.part_of(field.node) for field in node.fields])
            case Union():
                return either([self.part_of(branch) for branch in node.branches])
            case Enum():
                indexes = b"".join(rb"\x%02x" % (2 * index) for index in range(len(node.symbols)))
                return Part(b"[%s]" % indexes, 1, 0) if 0 < len(node.symbols) <= LEAVES_MAX else None
            case Fixed():
                return Part(b".{%d}" % node.size, 0, 0) if node.size < 1 << 16 else None
        return PARTS.get(node.type)


def either(branches: Sequence[Part | None]) -> Part | None:
    """Return the expression for a union's value."""
    parts = [branch for branch in branches if branch]
    if len(parts) < len(branches) or not 0 < len(parts) <= LEAVES_MAX:
        return None
    heads = b"|".join(rb"\x%02x%s" % (2 * index, part.pattern) for index, part in enumerate(parts))
    return Part(b"(?:%s)" % heads, 1 + max(part.leaves for part in parts), sum(part.texts for part in parts))


def together(found: Sequence[Part | None]) -> Part | None:
    """Return the expression for several values after each other."""
    parts = [part for part in found if part]
    if len(parts) < len(found):
        return None
    text = b""
    for (pattern, _, _), equal in groupby(parts):
        count = len(list(equal))
        text += b"(?:%s){%d}" % (pattern, count) if count >= REPEATED and pattern else pattern * count
    part = Part(text, sum(part.leaves for part in parts), sum(part.texts for part in parts))
    return part if part.is_short() else None


def matcher(pattern: bytes) -> Callable[[bytes, int], Any]:
    """Return the function that matches `pattern` at a position of the data."""
    return re.compile(pattern, re.DOTALL).match


class Careful:
    """Passes over what an expression does not match, and stops the use of one that often does not.

    `compile` returns the function that does it; `give_up` is called to stop the use.
    """

    __slots__ = ("_bytes", "_compile", "_first", "_give_up", "_misses", "_skip")

    def __init__(self, compile_skip: Callable[[], Any], give_up: Callable[[], None]) -> None:
        self._compile = compile_skip
        self._give_up = give_up
        self._skip: Callable[[bytes, int], int] | None = None
        self._misses = self._bytes = self._first = 0

    def __call__(self, data: bytes, pos: int) -> int:
        """Return the position after the values at `pos`. Raises any of `FAULTS`."""
        if self._skip is None:
            self._skip = self._compile()
            if self._skip is None:
                raise Unusual
        end = self._skip(data, pos)
        self._misses += 1
        self._bytes += end - pos
        if self._misses == MISSES:
            # Positions of another block that are before those of this one count as near.
            if self._bytes * 4 > pos - self._first:
                self._give_up()
            self._misses = self._bytes = 0
            self._first = pos
        return end


def never(_: bytes, __: int) -> None:
    """Match nothing."""
