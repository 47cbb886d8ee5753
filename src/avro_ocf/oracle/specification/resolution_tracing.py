"""Which clauses of schema resolution a case exercises, and where the specification leaves more than one answer."""

from collections.abc import Mapping
from struct import pack, unpack
from typing import Any, Final

from avro_ocf.oracle.cases import Json
from avro_ocf.oracle.generators.editing import objects
from avro_ocf.oracle.generators.emitter import fits_float
from avro_ocf.oracle.specification.walking import Walk
from avro_ocf.resolution.matching import PROMOTIONS, Matching, Pair, field_matches
from avro_ocf.schema.measure import nodes
from avro_ocf.schema.model import Array, Enum, Field, Fixed, Map, Named, Node, Record, Union
from avro_ocf.varint import decode_long


class Ambiguous(Exception):  # noqa: N818 - it says what the specification is
    """The specification leaves more than one answer, or gives by the letter another than implementations do."""


class _Stopped(Exception):  # noqa: N818 - it never leaves this module
    """The value cannot be read; why, the clauses tell."""


DEFAULTS: Final = {"int": "int-long", "long": "int-long", "float": "float-double", "double": "float-double"}
SAME: Final = frozenset((("int", "long"), ("float", "double")))
"""Promotions that do not change a value."""


class ResolutionWalk(Walk):
    """A walk over sound data of the writer's, beside the pairs of types that read it.

    `changes` counts what is read as something else than was written.
    """

    __slots__ = ("changes", "matching", "skipped")

    def __init__(self, data: bytes, matching: Matching) -> None:
        super().__init__(data)
        self.matching = matching
        self.changes = 0
        self.skipped = Skip(data)

    def change(self, *names: str) -> None:
        """Note clauses of what the reader reads in another way than the writer wrote it."""
        self.changes += 1
        self.add(*names)

    def pair(self, pair: Pair) -> None:
        """Pass over one value of `pair`. If only something inside it does not match, see whether that comes."""
        if isinstance(pair.writer, Union):
            self.writer_union(pair, pair.writer, pair.reader)
            return
        if pair.is_choice and not pair.matches:
            if any(need.blame for _, need in pair.needs):
                raise Ambiguous  # a branch matches, by its name say, and its inside does not
            self.stop("resolution.reader-union.none")
        if not pair.matches and not pair.blame:
            self.stop("resolution.match.fixed" if pair.writer.type == pair.reader.type == "fixed" else "resolution.match")
        if isinstance(pair.reader, Union):
            if pair.matches:
                self.check_first(pair.writer, pair.reader, pair.chosen.reader)
            self.change("resolution.reader-union.first", "resolution.match.union")
        self.resolved(pair.chosen)

    def stop(self, clause: str) -> None:
        """Tell why the value cannot be read."""
        self.clauses = {clause}
        raise _Stopped

    def resolved(self, pair: Pair) -> None:
        """Pass over one value of a type that is no union, read as one."""
        self.names(pair.writer, pair.reader)
        match pair.writer, pair.reader:
            case Record() as writer, Record() as reader:
                self.fields(writer, reader)
            case Array() | Map(), _:
                self.items(pair)
            case Enum() as writer, Enum() as reader:
                self.symbol(writer.symbols[self.long()], reader)
            case Fixed() as writer, _:
                self.take(writer.size)
            case writer, reader:
                self.promotion(writer, reader)
        if pair.writer.logical and pair.reader.logical and pair.reader.logical.name == "decimal":
            self.add("decimal.match")

    def writer_union(self, pair: Pair, writer: Union, reader: Node) -> None:
        """Pass over a value of the writer's union."""
        index = self.long()
        need = pair.needs[index][1]
        both = isinstance(reader, Union)
        self.add("resolution.match.union")
        if not need.matches and not need.blame and not need.needs:
            self.stop("resolution.unions.none" if both else "resolution.writer-union.none")
        if isinstance(reader, Union) and not need.is_choice and need.matches:  # its counterpart: both unions are alike
            self.check_first(writer.branches[index], reader, need.reader)
        if both:
            self.change("resolution.unions.first")
            self.pair(need.chosen)
        else:
            self.change("resolution.writer-union.match")
            self.pair(need)

    def check_first(self, written: Node, reader: Union, counterpart: Node) -> None:
        """Raise `Ambiguous` if the first branch that matches is another than the counterpart and changes the value."""
        # Logical types that differ are none of the sentences' reasons why two types should not match.
        promotions = PROMOTIONS.get(written.type, ())
        first = next(branch for branch in reader.branches if branch.type in promotions or Matching(written, branch).root.matches)
        is_same = (written.type, first.type) in SAME and not first.logical and not counterpart.logical
        if first is not counterpart and not is_same:
            raise Ambiguous

    def names(self, writer: Node, reader: Node) -> None:
        """Note how two types match."""
        kind = {"fixed": "fixed", "error": "records"}.get(writer.type, f"{writer.type}s")
        if isinstance(writer, Array | Map):
            self.add(f"resolution.match.{kind}")
        elif not isinstance(writer, Named) or not isinstance(reader, Named):
            self.add("resolution.match.primitive" if writer.type == reader.type else "")
        elif writer.fullname in reader.aliases and writer.fullname != reader.fullname:
            self.change("aliases.type")
        elif writer.fullname != reader.fullname:
            self.change(f"resolution.match.{kind}")

    def items(self, pair: Pair) -> None:
        """Pass over an array or map."""
        before = self.changes
        while count := self.block():
            for _ in range(count):
                if isinstance(pair.writer, Map):
                    self.blob()
                self.pair(pair.needs[0][1])
        if self.changes > before:
            self.add(f"resolution.{pair.writer.type}")

    def symbol(self, symbol: str, reader: Enum) -> None:
        """Pass over an enum's value."""
        if symbol in reader.positions:
            return
        if reader.default is None:
            self.stop("resolution.enum.unknown")
        self.change("resolution.enum.default", "schema.enum.default")

    def promotion(self, writer: Node, reader: Node) -> None:
        """Pass over a primitive."""
        start = self.pos
        self.primitive(writer.type)
        if writer.type in {"int", "long"} and reader.type == "float" and not fits_float(decode_long(self.data, start)[0]):
            raise Ambiguous  # some have 32 bits for a float, and some 64
        if writer.type != reader.type:
            self.change(f"resolution.promote.{writer.type}-{reader.type}")
            self.add("data.int-as-long" if reader.type == "long" else "")

    def fields(self, writer: Record, reader: Record) -> None:
        """Pass over a record."""
        before = self.changes
        matched = field_matches(writer, reader)
        readers = {written.name: reader_name for reader_name, written in matched.items()}
        read = {field.name: field for field in reader.fields}
        for field in writer.fields:
            name = readers.get(field.name)
            if name is None:
                self.ignored(field)
                continue
            if name != field.name:
                self.change("aliases.field")
            self.pair(self.matching.find(field.node, read[name].node))
        if self.changes > before:
            self.add("resolution.record.recursive")
        if [readers[field.name] for field in writer.fields if field.name in readers] != [name for name in read if name in matched]:
            self.change("resolution.record.order")
        for field in reader.fields:
            if field.name not in matched:
                self.default(field)

    def ignored(self, field: Field) -> None:
        """Pass over a field that the reader has not."""
        self.skipped.pos = self.pos
        self.skipped.value(field.node)
        self.pos = self.skipped.pos
        self.clauses |= self.skipped.clauses
        self.change("resolution.record.ignored")

    def default(self, field: Field) -> None:
        """Note the default of a field that the writer has not."""
        if field.default_bytes is None:
            self.stop("resolution.record.missing")
        self.change("resolution.record.default", "schema.field.default")
        self.default_value(field.node, field.default)

    def default_value(self, node: Node, default: Any) -> None:
        """Note what a default, or a part of one, tells."""
        if isinstance(node, Union):
            if isinstance(default, dict) and sum(isinstance(branch, Record | Map) for branch in node.branches) > 1:
                raise Ambiguous  # such as {} for a record of the same default, or for a map
            self.add("schema.default.union")
            return
        kind = "record" if isinstance(node, Record) else DEFAULTS.get(node.type, node.type)
        self.add(f"schema.default.{kind}")
        if kind in {"bytes", "fixed"} and not default.isascii():
            self.add("schema.default.code-points")
        match node:
            case Record():
                for field in node.fields:
                    self.default_value(field.node, default.get(field.name, field.default))
            case Array():
                for item in default:
                    self.default_value(node.items, item)
            case Map():
                for item in default.values():
                    self.default_value(node.values, item)


class Skip(Walk):
    """A walk over what a reader skips: only the layout of the data counts."""

    __slots__ = ()

    def value(self, node: Node) -> None:
        """Pass over one value."""
        super().value(node)
        names = {name.replace("negative-count", "skipping") for name in self.clauses}
        self.clauses = {name for name in names if name.endswith("skipping")}


def is_float(number: int) -> bool:
    """Tell whether a `float` holds `number` exactly."""
    return bool(unpack("<f", pack("<f", number))[0] == number)


def trace_resolution(writer: Node, reader: Node, data: bytes, schemas: tuple[Json, Json]) -> set[str]:
    """Return the clauses that reading `data` of `writer` as `reader` exercises; `schemas` are their JSON.

    If the value cannot be read, only that which tells why. Raises `Ambiguous`, also where what does not match is nothing that the
    value comes to, since some implementations resolve as they read.
    """
    matching = Matching(writer, reader)
    check_names(reader)
    walk = ResolutionWalk(data, matching)
    try:
        walk.pair(matching.root)
    except _Stopped:
        return walk.clauses
    if not matching.root.matches:
        raise Ambiguous
    written, read = schemas
    if written != read:
        walk.add("data.newer-schema")
    if docs(written) != docs(read):
        walk.add("resolution.doc")
    if "aliases.type" in walk.clauses and any(is_relative(json) for json in objects(read)):
        walk.add("aliases.relative")
    return walk.clauses


def docs(schema: Json) -> list[object]:
    """Return the docs in a schema."""
    return [json["doc"] for json in objects(schema) if "doc" in json]


def is_relative(json: Mapping[str, Any]) -> bool:
    """Tell whether a type has a namespace and an alias without one."""
    has_space = "." in json.get("name", "") or bool(json.get("namespace"))
    return has_space and "type" in json and any("." not in alias for alias in json.get("aliases", ()))


def check_names(reader: Node) -> None:
    """Raise `Ambiguous` if a union has types of one kind whose names differ in the namespace only: by the letter, both match."""
    for node in nodes(reader):
        if isinstance(node, Union):
            names = [(branch.type, branch.short_name) for branch in node.branches if isinstance(branch, Named)]
            if len(set(names)) < len(names):
                raise Ambiguous
