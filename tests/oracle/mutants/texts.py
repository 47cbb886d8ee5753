"""Strings, bytes, enums, and where a value ends."""

from typing import Any

from avro_ocf.schema.model import Enum, Fixed, Node
from tests.oracle.codec import Codec, CodecError, Input
from tests.oracle.mutants.registry import seen_by


@seen_by("encoder")
class LengthInCharacters(Codec):
    """Writes the number of a string's characters as its length."""

    def write_string(self, _node: Node, value: Any) -> bytes:
        return self.write_number(len(value)) + self.to_utf8(value)


@seen_by("encoder")
class LengthOfOneByte(Codec):
    """Writes the length of bytes modulo 128."""

    def write_bytes(self, _node: Node, value: Any) -> bytes:
        return self.write_number(len(value) % 128) + bytes(value)


@seen_by("encoder")
class SurrogatesInUtf8(Codec):
    """Writes a character past U+FFFF as two surrogates of three bytes each."""

    def to_utf8(self, text: str) -> bytes:
        units = text.encode("utf-16-le")
        pairs = [units[start : start + 2].decode("utf-16-le", "surrogatepass") for start in range(0, len(units), 2)]
        return "".join(pairs).encode("utf-8", "surrogatepass")


@seen_by("encoder")
class NulOfTwoBytes(Codec):
    """Writes U+0000 in two bytes, as Java's modified UTF-8 has it."""

    def to_utf8(self, text: str) -> bytes:
        return super().to_utf8(text).replace(b"\0", b"\xc0\x80")


@seen_by("encoder")
class Latin1(Codec):
    """Writes strings in Latin-1 where that has their characters."""

    def to_utf8(self, text: str) -> bytes:
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return super().to_utf8(text)


@seen_by("decoder")
class TextEndsAtNul(Codec):
    """Ends a string at its first U+0000."""

    def from_utf8(self, data: bytes) -> str:
        return super().from_utf8(data).partition("\0")[0]


@seen_by("decoder")
class ByteOrderMarkLost(Codec):
    """Drops U+FEFF from the start of a string."""

    def from_utf8(self, data: bytes) -> str:
        return super().from_utf8(data).removeprefix("\ufeff")


@seen_by("decoder")
class LineEndsChanged(Codec):
    """Reads strings as text with lines, in which CR LF is LF."""

    def from_utf8(self, data: bytes) -> str:
        return super().from_utf8(data).replace("\r\n", "\n")


@seen_by("decoder")
class BadUtf8Replaced(Codec):
    """Reads bytes that are not UTF-8 as U+FFFD."""

    def from_utf8(self, data: bytes) -> str:
        return data.decode("utf-8", "replace")


@seen_by("decoder")
class NegativeLengthIsEmpty(Codec):
    """Reads a negative length as 0."""

    def read_bytes(self, source: Input, _node: Node) -> bytes:
        return source.take(max(0, self.read_number(source)))


@seen_by("decoder")
class ShortBytesTaken(Codec):
    """Gives what there is of bytes that are cut."""

    def read_bytes(self, source: Input, _node: Node) -> bytes:
        return source.take(min(self.read_number(source), source.left))


@seen_by("decoder")
class FixedPadded(Codec):
    """Fills a fixed that is cut with zeros."""

    def read_fixed(self, source: Input, node: Fixed) -> bytes:
        return source.take(min(node.size, source.left)).ljust(node.size, b"\0")


@seen_by("encoder")
class FixedWithLength(Codec):
    """Writes a fixed's size before it."""

    def write_fixed(self, node: Fixed, value: Any) -> bytes:
        return self.write_number(node.size) + super().write_fixed(node, value)


@seen_by("decoder")
class EndOfInputIsZero(Codec):
    """Reads the number 0 where the bytes have ended."""

    def read_varint(self, source: Input) -> int:
        return super().read_varint(source) if source.left else 0


@seen_by("decoder")
class SymbolsFromTheEnd(Codec):
    """Counts a negative index of a symbol from the end."""

    def read_enum(self, source: Input, node: Enum) -> str:
        index = self.read_number(source)
        if not -len(node.symbols) <= index < len(node.symbols):
            raise CodecError("no such symbol")
        return node.symbols[index]


@seen_by("decoder")
class LastSymbolForUnknown(Codec):
    """Reads an index past the end as the enum's default or last symbol."""

    def read_enum(self, source: Input, node: Enum) -> str:
        index = self.read_number(source)
        return node.symbols[index] if 0 <= index < len(node.symbols) else node.default or node.symbols[-1]


@seen_by("encoder")
class SymbolsSorted(Codec):
    """Numbers an enum's symbols in the order of the alphabet."""

    def write_enum(self, node: Enum, value: Any) -> bytes:
        return self.write_number(sorted(node.symbols).index(value))
