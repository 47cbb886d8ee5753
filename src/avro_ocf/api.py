"""`Schema`: a parsed schema and all that it can do with one datum."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import index
from typing import TYPE_CHECKING, Any

from avro_ocf.errors import FormatError, ResolutionError, SchemaError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.schema.conversions import NONE, Conversions, Given, conversions_given
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node
from avro_ocf.schema.sources import json_object, json_text, loaded

if TYPE_CHECKING:
    from avro_ocf.compiler import Decoder, Encoder, Skipper
    from avro_ocf.resolution.compatibility import Incompatibility

Bytes = bytes | bytearray | memoryview

WINDOW_BYTES = 1 << 14
"""Bytes of a datum that is one of several, at first: some generated code takes time for all the bytes that it is given."""

SCHEMAS_KEPT = 256
"""Parsed schemas and compiled readers kept for reuse. Schemas come from files, so the least recently used one goes first."""


class Schema:
    """A parsed Avro schema: immutable, hashable, and equal to any other of the same text and settings. Made by `parse_schema`.

    `json` is its compact JSON text, as it goes into a file's header; `logical_types` and `limits` are as given to `parse_schema`,
    and `conversions` are pairs of a name and its two functions. `repr` shows the canonical form. A generated function is made when
    it is first needed and kept.
    """

    __slots__ = (
        "_canonical_form",
        "_decoders",
        "_encoder",
        "_key",
        "_least_bytes",
        "_skipper",
        "conversions",
        "json",
        "limits",
        "logical_types",
        "node",
    )

    def __init__(self, text: str, node: Node, *, logical_types: bool, limits: Limits, conversions: Given = NONE) -> None:
        self.json = text
        self.node = node
        self.logical_types = logical_types
        self.limits = limits
        self.conversions = conversions
        self._key = (text, logical_types, limits, conversions)
        self._canonical_form: str | None = None
        self._least_bytes: int | None = None
        self._encoder: Encoder | None = None
        self._skipper: Skipper | None = None
        self._decoders: dict[object, Decoder] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"<Schema {self.canonical_form}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _parse_text, (self.json, False, self.logical_types, self.limits, self.conversions)

    @property
    def canonical_form(self) -> str:
        """The Parsing Canonical Form (specification, "Parsing Canonical Form for Schemas")."""
        if self._canonical_form is None:
            from avro_ocf.schema.canonical import canonical_form

            self._canonical_form = canonical_form(self.node)
        return self._canonical_form

    @property
    def names(self) -> tuple[str, ...]:
        """The fullnames of its named types, in the order in which they are defined (specification, "Names")."""
        from avro_ocf.schema.measure import nodes
        from avro_ocf.schema.model import Named

        return tuple(node.fullname for node in nodes(self.node) if isinstance(node, Named))

    @property
    def least_bytes(self) -> int:
        """A size in bytes that no encoded datum is below; 0 where a datum may take none."""
        if self._least_bytes is None:
            from avro_ocf.schema.measure import least_bytes

            self._least_bytes = least_bytes(self.node)
        return self._least_bytes

    def fingerprint(self, algorithm: str = "CRC-64-AVRO") -> bytes:
        """Return the canonical form's fingerprint: 8 bytes for CRC-64-AVRO, little-endian, 16 for MD5, 32 for SHA-256.

        Raises `ValueError` for any other algorithm (specification, "Schema Fingerprints").
        """
        from avro_ocf.schema.fingerprint import fingerprint

        return fingerprint(self.canonical_form, algorithm)

    def encodes_like(self, other: "Schema") -> bool:
        """Tell whether the same bytes mean the same by both schemas: blocks of files of one may stand in files of the other.

        That is so when the canonical forms and the logical types are equal, read or not; all else, such as a doc, may differ.
        """
        return self.json == other.json or _encode_alike(self, other)

    @property
    def encoder(self) -> "Encoder":
        """The compiled encoder; its `source` is the generated text."""
        if self._encoder is None:
            from avro_ocf.compiler import Encoder

            self._encoder = Encoder(self.node, self.limits)
        return self._encoder

    @property
    def skipper(self) -> "Skipper":
        """The compiled skipper; its `source` is the generated text."""
        if self._skipper is None:
            from avro_ocf.compiler import Skipper

            self._skipper = Skipper(self.node, self.limits)
        return self._skipper

    def decoder(self, reader_schema: "Schema | None" = None, *, branches: bool = False) -> "Decoder":
        """Return the compiled decoder that reads this schema's bytes as `decode` does; its `source` is the generated text.

        Raises `ResolutionError` when no value of this schema can be read so (specification, "Schema Resolution").
        """
        key = (reader_schema, "branches") if branches else reader_schema
        decoder = self._decoders.get(key)
        if decoder is None:
            decoder = self._compile_decoder(reader_schema, branches=branches)
            if len(self._decoders) >= SCHEMAS_KEPT:
                self._decoders.clear()
            self._decoders[key] = decoder
        return decoder

    def _compile_decoder(self, reader_schema: "Schema | None", *, branches: bool) -> "Decoder":
        from avro_ocf.compiler import Decoder
        from avro_ocf.schema.measure import is_charged

        if reader_schema is None or reader_schema == self:
            from avro_ocf.resolution.identity import identity

            plan = identity(self.node, branches=branches)
        else:
            from avro_ocf.resolution.resolve import resolve

            plan = resolve(self.node, reader_schema.node, branches=branches)
        return Decoder(plan, self.limits, is_charged(self.node))

    def encode(self, datum: object) -> bytes:
        """Return `datum` in the binary encoding. Raises `DatumError` with the path of what does not fit."""
        return self.encoder.encode(datum)

    def decode(self, data: Bytes, reader_schema: "Schema | None" = None, *, branches: bool = False) -> Any:
        """Return the one datum that `data` holds, read as `reader_schema` asks where one is given.

        With `branches`, a value of a union with two or more branches that are not null comes as the tuple `(branch name, value)`,
        which `encode` takes: so what is decoded is encoded as it was. The name is the type's, of a named type the fullname; null
        comes as None. With a reader's schema, its unions count.

        Raises `FormatError` for bytes that are not exactly one datum, also for bytes after it, and `ResolutionError` when the two
        schemas do not resolve, or when the datum has a branch or a symbol that the reader's schema has no place for.
        """
        if type(data) is not bytes:
            data = bytes(memoryview(data))  # an int or a list is no data, though `bytes` would take it
        known = None if branches else self._decoders.get(reader_schema)  # which spares a call for each datum
        value, end = (known or self.decoder(reader_schema, branches=branches)).decode(data)
        if end != len(data):
            raise FormatError(f"{len(data) - end} bytes after the datum", offset=end)
        return value

    def decode_from(
        self, data: Bytes, start: int, reader_schema: "Schema | None" = None, *, branches: bool = False
    ) -> tuple[Any, int]:
        """Return the datum that begins at byte `start` of `data`, one of several, and the position of the byte after it.

        It takes time for the datum, whatever the size of `data`. The other arguments and the errors are those of `decode`; offsets
        count from the first byte of `data`, at whose end there is no datum but an error, unless its type takes no bytes.
        """
        view = memoryview(data).cast("B")
        start = index(start)
        if not 0 <= start <= view.nbytes:
            raise FormatError(f"there is no byte {start} in data of {view.nbytes} bytes", offset=start)
        decoder = self.decoder(reader_schema, branches=branches)
        window_bytes = WINDOW_BYTES
        while window_bytes < view.nbytes - start:
            try:
                value, size = decoder.decode(bytes(view[start : start + window_bytes]))
            except (FormatError, ResolutionError):  # be it because the window ends; the offset is to count from the start
                window_bytes *= 8
            else:
                return value, start + size
        return decoder.decode(data if type(data) is bytes else bytes(view), start)

    def encode_json(self, datum: object) -> str:
        """Return `datum` as JSON text (specification, "JSON Encoding"). Raises `DatumError`."""
        from avro_ocf.json_encoding import encode_json

        return encode_json(self.node, datum, self.limits)

    def decode_json(self, text: str, *, branches: bool = False) -> Any:
        """Return the datum that JSON text holds (specification, "JSON Encoding"). Raises `DatumError`.

        With `branches`, the branches that it names are kept, as `decode` does.
        """
        from avro_ocf.json_encoding import decode_json

        return decode_json(self.node, text, self.limits, branches=branches)

    def encode_single_object(self, datum: object) -> bytes:
        """Return `datum` behind the marker and this schema's fingerprint (specification, "Single-object encoding")."""
        from avro_ocf.single_object import encode_single_object

        return encode_single_object(self.fingerprint(), self.encode(datum))

    def decode_single_object(self, data: Bytes, reader_schema: "Schema | None" = None, *, branches: bool = False) -> Any:
        """Return the datum of a single-object message of this schema; the other arguments are those of `decode`.

        Raises `FormatError` when the marker or the fingerprint is another, and as `decode` does; offsets count from the first byte.
        """
        from avro_ocf.single_object import decode_single_object

        decoder = self.decoder(reader_schema, branches=branches)
        value, end = decoder.decode(*decode_single_object(self.fingerprint(), data))
        if end != len(data):
            raise FormatError(f"{len(data) - end} bytes after the datum", offset=end)
        return value

    def compare(self, first: bytes, second: bytes) -> int:
        """Return -1, 0 or 1 as the encoded datum `first` sorts before, with or after `second` (specification, "Sort Order").

        Raises `SchemaError` for maps, which have no order, and `FormatError` for bytes that are not one datum.
        """
        from avro_ocf.ordering import compare

        return compare(self.node, first, second, self.limits)


def parse_schema(
    source: object,
    *,
    known: Iterable[object] = (),
    strict: bool = True,
    logical_types: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    conversions: Conversions | None = None,
) -> Schema:
    """Return the schema that `source` describes: JSON text, a path to it, or the object that it stands for.

    `strict` refuses what a new schema should not have but old files do: names outside the grammar, defaults that do not fit.
    Attributes that the specification does not define are metadata: they change nothing and stay in `Schema.json`.
    `logical_types=False` leaves every value raw. A path is an `os.PathLike`, such as a `pathlib.Path`, and its file is read; bytes
    are UTF-8; a text that is not JSON may be the name of a type, such as `string`.
    `known` are schemas, in any form and order, whose named types this one may use, and each of them. Their definitions are written
    into `Schema.json` where they are first used, so that it stands alone; one that `source` has itself goes before.
    `conversions` has, by the name of a logical type, known or not, on any primitive or fixed, two functions: `to_avro` makes the
    raw value that is written, `from_avro` a value of one that is read. They count for this schema only, come before what is built
    in, may be called more than once for a value, and may raise anything: that is a `DatumError`, or in a union the next branch is
    tried, and a `FormatError`.
    A `Schema` given as `source` is as it is, but with `conversions` besides its own, `limits` if they are not the default ones,
    and raw with `logical_types=False`.
    Raises `SchemaError` with the path inside the schema, and `OSError` for a file that cannot be read.
    """
    if isinstance(source, Schema):
        given = conversions_given(conversions, source.conversions)
        has_logical_types = source.logical_types and logical_types
        bounds = source.limits if limits == DEFAULT_LIMITS else limits
        if (given, has_logical_types, bounds) == (source.conversions, source.logical_types, source.limits):
            return source
        return _parse_text(source.json, False, has_logical_types, bounds, given)
    obj = json_object(source)
    if isinstance(known, str | bytes | Mapping):
        raise TypeError("known is a list of schemas")
    if known:
        from avro_ocf.schema.known import with_known

        obj = with_known(obj, [loaded(other.json) if isinstance(other, Schema) else json_object(other) for other in known])
    return _parse_text(json_text(obj), strict, logical_types, limits, conversions_given(conversions))


@lru_cache(SCHEMAS_KEPT)
def _encode_alike(one: Schema, other: Schema) -> bool:
    from avro_ocf.schema.canonical import logical_types

    if one.canonical_form != other.canonical_form:
        return False
    first, second = (_parse_text(schema.json, False, True, schema.limits) for schema in (one, other))
    return logical_types(first.node) == logical_types(second.node)


@lru_cache(SCHEMAS_KEPT)
def _parse_text(text: str, strict: bool, logical_types: bool, limits: Limits, conversions: Given = NONE) -> Schema:
    node = parse_node(loaded(text), strict=strict, logical_types=logical_types, limits=limits, conversions=conversions)
    return Schema(text, node, logical_types=logical_types, limits=limits, conversions=conversions)


def infer_schema(records: Iterable[object], name: str = "Record") -> Schema:
    """Return a schema that fits `records` exactly: each one, encoded and decoded by it, is equal to what was given, type by type.

    A key that some records lack stays missing, ints stay ints, and mixed types become unions. `name` is the record type's name.
    Raises `DatumError` with the path of a value that Avro has no type for.
    """
    from avro_ocf.schema.inference import infer

    return parse_schema(infer(records, name))


def schema_warnings(schema: object) -> list[str]:
    """Return what is most likely a mistake in a schema, though it parses: each with its path; empty when there is nothing.

    That is what only `strict=False` lets pass, attributes that are nearly those of the specification or stand where they have no
    effect, and logical types that are not valid. `schema` is a `Schema` or what `parse_schema` takes, and errors are as there.
    """
    parsed = parse_schema(schema, strict=False)
    notes: list[SchemaError] = []
    parse_node(loaded(parsed.json), strict=False, logical_types=True, limits=parsed.limits, notes=notes)
    return [str(note) for note in notes]


def check_compatibility(reader: Schema, writer: Schema) -> "list[Incompatibility]":
    """Return why `reader` cannot read everything that `writer` writes: each reason with its path; empty when it can."""
    from avro_ocf.resolution.compatibility import incompatibilities

    return incompatibilities(writer.node, reader.node)
