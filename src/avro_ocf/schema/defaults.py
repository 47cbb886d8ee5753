"""Defaults: from their JSON values to the binary encoding.

A default is encoded once, when its schema is parsed, and decoded again for each record that needs it: so every record gets a fresh
object of the right type. A record's default may leave out fields that have defaults of their own, and those are encoded on demand.
"""

from collections.abc import Callable, Sequence
from typing import Any

from avro_ocf.errors import SchemaError
from avro_ocf.floats import LAYOUTS, NEAREST
from avro_ocf.limits import Limits
from avro_ocf.schema.model import NO_DEFAULT, Array, Enum, Field, Fixed, Map, Node, Record, Union
from avro_ocf.schema.names import Slip
from avro_ocf.schema.path import Path, shown
from avro_ocf.varint import LONG_MAX, LONG_MIN, encode_long

DEFAULT_WORK = 250_000
"""Values tried and bytes filled in for all defaults of one schema: thirty records in one another can ask for 2**30 of either."""

INT_MIN = -(1 << 31)
INT_MAX = (1 << 31) - 1
NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""What JSON has no number for, as the JSON encoding and the schemas of the wild spell it."""


def fill_defaults(fields: Sequence[tuple[Field, Path]], limits: Limits, slip: Slip) -> None:
    """Set `default_bytes` of all `fields`, each with its path. Of a default that does not fit, `slip` is told; it leaves None."""
    defaults = _Defaults(limits)
    for field, path in fields:
        try:
            defaults.fill(field, path, 0)
        except SchemaError as error:
            slip(error.message, Path(step=error.path))


class _Defaults:
    """Encodes the defaults of one schema within one budget of work; `open` has the fields whose defaults are being encoded."""

    __slots__ = ("limits", "open", "work")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open: set[int] = set()
        self.work = DEFAULT_WORK

    def charge(self, work: int, path: Path) -> None:
        self.work -= work
        if self.work < 0:
            raise path.error(f"defaults take more than {DEFAULT_WORK} values and bytes")

    def fill(self, field: Field, path: Path, depth: int) -> bytes:
        """Return the default of `field` in binary, and keep it there."""
        if field.default_bytes is None:
            if id(field) in self.open:
                raise path.error(f"the default of {shown(field.name)} contains itself")
            self.open.add(id(field))
            try:
                field.default_bytes = self.encode(field.node, field.default, path, depth)
            finally:
                self.open.remove(id(field))
        return field.default_bytes

    def encode(self, node: Node, value: object, path: Path, depth: int) -> bytes:
        self.charge(1, path)
        match node:
            case Union():
                return self.union(node, value, path, depth)
            case Record() if isinstance(value, dict):
                return self.record(node, value, path, self.deeper(depth, path))
            case Array() if isinstance(value, list):
                return self.array(node, value, path, self.deeper(depth, path))
            case Map() if isinstance(value, dict):
                return self.map(node, value, path, self.deeper(depth, path))
            case Enum() if isinstance(value, str) and value in node.positions:
                return encode_long(node.positions[value])
            case Fixed():
                data = _latin_1(value)
                if data is not None and len(data) == node.size:
                    return data
            case _:
                encoded = _PRIMITIVES[node.type](value) if node.type in _PRIMITIVES else None
                if encoded is not None:
                    return encoded
        hint = '; a null fits a union with "null"' if value is None else ""
        raise path.error(f"the default {shown(value)} does not fit {shown(node.name)}{hint}")

    def deeper(self, depth: int, path: Path) -> int:
        if depth >= self.limits.datum_depth:
            raise path.error(f"a default is nested more than {self.limits.datum_depth} deep (limits.datum_depth)")
        return depth + 1

    def union(self, node: Union, value: object, path: Path, depth: int) -> bytes:
        """Encode `value` as the first branch that it fits."""
        for index, branch in enumerate(node.branches):
            try:
                return encode_long(index) + self.encode(branch, value, path, depth)
            except SchemaError:
                if self.work < 0:
                    raise
        raise path.error(f"the default {shown(value)} fits no branch of the union")

    def record(self, node: Record, value: dict[str, Any], path: Path, depth: int) -> bytes:
        parts = []
        known = 0
        for field in node.fields:
            place = path.field(field.name)
            if field.name in value:
                known += 1
                parts.append(self.encode(field.node, value[field.name], place, depth))
            elif field.default is not NO_DEFAULT:
                data = self.fill(field, place, depth)
                self.charge(1 + len(data), place)
                parts.append(data)
            else:
                raise place.error("the default lacks this field, which has no default of its own")
        if known < len(value):
            raise path.error(f"the default has a field that {shown(node.fullname)} has not")
        return b"".join(parts)

    def array(self, node: Array, value: list[Any], path: Path, depth: int) -> bytes:
        place = path.item()
        items = b"".join([self.encode(node.items, item, place, depth) for item in value])
        return encode_long(len(value)) + items + b"\0" if value else b"\0"

    def map(self, node: Map, value: dict[str, Any], path: Path, depth: int) -> bytes:
        place = path.item()
        parts = []
        for key, item in value.items():
            name = _string(key)
            if name is None:
                raise path.error(f"{shown(key)} is not a legal key")
            parts.append(name + self.encode(node.values, item, place, depth))
        return encode_long(len(value)) + b"".join(parts) + b"\0" if value else b"\0"


def _latin_1(value: object) -> bytes | None:
    """Return the bytes that the characters U+0000 to U+00FF of a JSON string stand for."""
    try:
        return value.encode("latin-1") if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None


def _bytes(value: object) -> bytes | None:
    data = _latin_1(value)
    return None if data is None else encode_long(len(data)) + data


def _string(value: object) -> bytes | None:
    try:
        data = value.encode() if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None
    return None if data is None else encode_long(len(data)) + data


def _null(value: object) -> bytes | None:
    return b"" if value is None else None


def _boolean(value: object) -> bytes | None:
    return bytes([value]) if isinstance(value, bool) else None


def _integer(low: int, high: int) -> Callable[[object], bytes | None]:
    def encode(value: object) -> bytes | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return encode_long(value) if fits and isinstance(value, int) else None

    return encode


def _floating(type_name: str) -> Callable[[object], bytes | None]:
    def encode(value: object) -> bytes | None:
        if isinstance(value, str):
            value = NOT_FINITE.get(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            # JSON knows no ints: what the type does not hold exactly is rounded.
            return LAYOUTS[type_name].pack(NEAREST[type_name](value) if isinstance(value, int) else value)
        except OverflowError:
            return None

    return encode


_PRIMITIVES: dict[str, Callable[[object], bytes | None]] = {
    "null": _null,
    "boolean": _boolean,
    "int": _integer(INT_MIN, INT_MAX),
    "long": _integer(LONG_MIN, LONG_MAX),
    "float": _floating("float"),
    "double": _floating("double"),
    "bytes": _bytes,
    "string": _string,
}
