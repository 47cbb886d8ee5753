"""`Encoder`, `Decoder` and `Skipper`: generated code in front, the reference behind it.

What writes the code is imported when there is some to write, and the reference when it is needed: `import avro_ocf` is to be fast.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from avro_ocf.errors import DatumError, FormatError, ResolutionError
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import Plan, ReadRecord, field_count
from avro_ocf.schema.measure import is_charged
from avro_ocf.schema.model import Node

if TYPE_CHECKING:
    from avro_ocf.compiler.decoding.decode import DecodeMany
    from avro_ocf.compiler.encoding.encode import EncodeMany
    from avro_ocf.compiler.skip import Skip

Compiled = TypeVar("Compiled")

BYTES_BEFORE_CODE = 100
"""Bytes that the reference decodes before there is code, for each field of all records of a schema, since code is made for each.

That takes the reference about half of the time that making the code takes.
"""

BY_REFERENCE = "# Every datum of this schema is left to the reference.\n"
"""The `source` of what has no generated code."""


class Encoder:
    """Encodes datums of one schema.

    `is_charged` tells that a datum may hold values that take no byte and are counted; `source` is the generated text. Code for
    values that name their branches is made when the first one is met.
    """

    __slots__ = ("_encode_many", "_encode_named", "_names", "is_charged", "limits", "node", "source")

    def __init__(self, node: Node, limits: Limits) -> None:
        from avro_ocf.compiler.encoding.encode import compile_encoder
        from avro_ocf.compiler.encoding.unions import Names

        self.node = node
        self.limits = limits
        self.is_charged = is_charged(node)
        names = Names()
        self._names: Names | None = names
        compiled = None if self.is_charged else _unless_too_deep(lambda: compile_encoder(node, limits, names))
        self._encode_named: EncodeMany | None = None
        self._encode_many: EncodeMany | None
        self._encode_many, self.source = compiled or (None, BY_REFERENCE)

    def encode(self, datum: object) -> bytes:
        """Return the bytes of `datum`. Raises `DatumError`."""
        if self._encode_many is None:
            return self._by_reference(datum)
        texts: list[str] = []
        self._encode_many((datum,), texts, 1, self._text_otherwise)
        return texts[0].encode("latin-1")

    def text(self, datum: object) -> str:
        """Return the bytes of `datum` as text, a character for each, which is what generated code makes. Raises `DatumError`."""
        if self._encode_many is None:
            return self._text_by_reference(datum, 0)
        texts: list[str] = []
        self._encode_many((datum,), texts, 1, self._text_otherwise)
        return texts[0]

    def append(self, datum: object, out: bytearray) -> int:
        """Add the bytes of `datum` to `out` and return its charge, the count of its values that take no byte.

        Raises `DatumError`; `out` is as before then.
        """
        if self._encode_many is not None:
            out += self.encode(datum)
            return 0
        from avro_ocf.reference import Budget, encode

        budget = Budget(self.limits.zero_byte_items)
        out += encode(self.node, datum, self.limits, budget)
        return budget.spent

    def append_texts(self, records: Iterable[object], texts: list[str], space_bytes: int) -> None:
        """Add the `text` of records to the empty list `texts` until they take `space_bytes` or there are no more.

        Raises `DatumError` with `record`, the index of the one at fault among those taken; those before it are in `texts`.
        """
        if self._encode_named is not None:
            self._encode_named(records, texts, space_bytes, self._numbered_by_reference)
            return
        if self._encode_many is not None:
            self._encode_many(records, texts, space_bytes, self._numbered_otherwise)
            return
        from avro_ocf.reference import Budget, encode

        budget = Budget(self.limits.zero_byte_items)
        for record in records:
            try:
                text = encode(self.node, record, self.limits, budget).decode("latin-1")
            except DatumError as error:
                raise DatumError(error.message, error.path, len(texts)) from None
            texts.append(text)
            space_bytes -= len(text)
            if space_bytes <= 0:
                break

    def append_until(self, records: Iterable[object], out: bytearray, stop_bytes: int) -> int:
        """Add the bytes of records to `out` until it has `stop_bytes` or there are no more, and return their count.

        Raises as `append_texts`; the bytes of the records before the one at fault are in `out`.
        """
        space = stop_bytes - len(out)
        if space <= 0:
            return 0
        texts: list[str] = []
        try:
            self.append_texts(records, texts, space)
        finally:
            out += "".join(texts).encode("latin-1")
        return len(texts)

    def _by_reference(self, datum: object) -> bytes:
        from avro_ocf.reference import encode

        return encode(self.node, datum, self.limits)

    def _text_by_reference(self, datum: object, _: int) -> str:
        return self._by_reference(datum).decode("latin-1")

    def _numbered_by_reference(self, datum: object, index: int) -> str:
        try:
            return self._text_by_reference(datum, index)
        except DatumError as error:
            raise DatumError(error.message, error.path, index) from None

    def _text_otherwise(self, datum: object, index: int) -> str:
        """Return the text of what code without names has no part for: by code with names, if any were met."""
        names = self._names
        if names is not None and names.are_met:
            from avro_ocf.compiler.encoding.encode import compile_encoder

            compiled = _unless_too_deep(lambda: compile_encoder(self.node, self.limits, None))
            self._encode_named, self._names = compiled and compiled[0], None
        if self._encode_named is None:
            return self._text_by_reference(datum, index)
        texts: list[str] = []
        self._encode_named((datum,), texts, 1, self._text_by_reference)
        return texts[0]

    def _numbered_otherwise(self, datum: object, index: int) -> str:
        try:
            return self._text_otherwise(datum, index)
        except DatumError as error:
            raise DatumError(error.message, error.path, index) from None


class Decoder:
    """Decodes datums as one plan says; `source` is the generated text.

    `is_charged` is that of the writer's schema. Offsets are relative to the data given. The first few datums are left to the
    reference: it has decoded them in less time than it takes to generate code.
    """

    __slots__ = ("_bytes_before_code", "_decode_many", "_source", "limits", "plan")

    def __init__(self, plan: Plan, limits: Limits, is_charged: bool) -> None:
        self.plan = plan
        self.limits = limits
        self._decode_many: DecodeMany | None = None
        self._source = BY_REFERENCE if is_charged else None
        self._bytes_before_code: int | None = None

    @property
    def source(self) -> str:
        """The text of the generated code, which is generated now if it was not before."""
        return self._generate() if self._source is None else self._source

    def decode(self, data: bytes, pos: int = 0) -> tuple[Any, int]:
        """Return the datum at byte `pos` of `data` and the position after it. Raises `FormatError` and `ResolutionError`."""
        decode_many = self._decode_many or self._generated(len(data) - pos)
        if decode_many is None:
            return self._by_reference(data, pos, [])
        values: list[Any] = []
        pos = decode_many(data, pos, 1, values, self._by_reference)
        return values[0], pos

    def decode_many(self, data: bytes, pos: int, count: int) -> tuple[list[Any], int]:
        """Return the `count` datums from byte `pos` of `data` on, and the position after them.

        Raises `FormatError` and `ResolutionError` with `record`, the index of the one at fault.
        """
        values: list[Any] = []
        decode_many = self._decode_many or self._generated(len(data) - pos)
        if decode_many is None:
            return values, self._decode_many_by_reference(data, pos, count, values)
        return values, decode_many(data, pos, count, values, self._numbered_by_reference)

    def _generated(self, size_bytes: int) -> "DecodeMany | None":
        """Return the generated function for so many bytes more, or None if they are for the reference."""
        if self._source is None:
            if self._bytes_before_code is None:
                self._bytes_before_code = BYTES_BEFORE_CODE * max(field_count(self.plan), 1)
            self._bytes_before_code -= size_bytes
            if self._bytes_before_code <= 0:
                self._generate()
        return self._decode_many

    def _generate(self) -> str:
        from avro_ocf.compiler.decoding.decode import compile_decoder

        title = self.plan.fullname if isinstance(self.plan, ReadRecord) else type(self.plan).__name__[4:].lower()
        compiled = _unless_too_deep(lambda: compile_decoder(self.plan, title, self.limits))
        decode_many, source = compiled or (None, BY_REFERENCE)
        # In this order, for a thread that asks meanwhile.
        self._decode_many, self._source = decode_many, source
        return source

    def _decode_many_by_reference(self, data: bytes, pos: int, count: int, values: list[Any]) -> int:
        from avro_ocf.reference import Budget, decode

        budget = Budget(self.limits.zero_byte_items)
        for index in range(count):
            try:
                value, pos = decode(self.plan, data, pos, self.limits, budget)
            except (FormatError, ResolutionError) as error:
                raise _numbered(error, index) from None
            values.append(value)
        return pos

    def _by_reference(self, data: bytes, pos: int, _: list[Any]) -> tuple[Any, int]:
        from avro_ocf.reference import decode

        return decode(self.plan, data, pos, self.limits)

    def _numbered_by_reference(self, data: bytes, pos: int, values: list[Any]) -> tuple[Any, int]:
        try:
            return self._by_reference(data, pos, values)
        except (FormatError, ResolutionError) as error:
            raise _numbered(error, len(values)) from None


class Skipper:
    """Passes over datums of one schema; `source` is the generated text."""

    __slots__ = ("_skip", "limits", "node", "source")

    def __init__(self, node: Node, limits: Limits) -> None:
        from avro_ocf.compiler.skip import compile_skipper

        self.node = node
        self.limits = limits
        compiled = None if is_charged(node) else _unless_too_deep(lambda: compile_skipper(node, limits))
        self._skip: Skip | None
        self._skip, self.source = compiled or (None, BY_REFERENCE)

    def skip(self, data: bytes, pos: int = 0) -> int:
        """Return the position after the datum at byte `pos` of `data`. Raises `FormatError`."""
        if self._skip is None:
            return self._by_reference(data, pos)
        return self._skip(data, pos, self._by_reference)

    def _by_reference(self, data: bytes, pos: int) -> int:
        from avro_ocf.reference import skip

        return skip(self.node, data, pos, self.limits)


def _unless_too_deep(write: Callable[[], Compiled | None]) -> Compiled | None:
    """Return the code that `write` writes, or None where a schema is nested more deeply than Python's stack bears here."""
    try:
        return write()
    except RecursionError:
        return None


def _numbered(error: FormatError | ResolutionError, record: int) -> FormatError | ResolutionError:
    return type(error)(error.message, offset=error.offset, record=record, path=error.path)
