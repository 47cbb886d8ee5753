"""Values, requests and answers as JSON, for a codec in another process. docs/oracle.md tells the whole protocol."""

import json
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from struct import pack, unpack
from typing import Any, Final
from uuid import UUID

from avro_ocf.errors import AvroError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.logical import CONVERSIONS, Conversion, Duration, conversion
from avro_ocf.oracle.cases import Json
from avro_ocf.oracle.equality import same
from avro_ocf.reference import choose_branch
from avro_ocf.schema.logical_types import UNDERLYING
from avro_ocf.schema.model import Array, Map, Node, Record, Union

LOGICAL_TYPES: Final = frozenset(UNDERLYING)

_UNITS: Final = {
    "date": ("date", 1),
    "time-millis": ("time", 1000),
    "time-micros": ("time", 1),
    "timestamp-millis": ("timestamp", 1000),
    "timestamp-micros": ("timestamp", 1),
    "local-timestamp-millis": ("local-timestamp", 1000),
    "local-timestamp-micros": ("local-timestamp", 1),
}
"""The key of a logical type, and how many of its units are one raw unit."""

_MICROS: Final = {
    "date": "date",
    "time": "time-micros",
    "timestamp": "timestamp-micros",
    "local-timestamp": "local-timestamp-micros",
}
_KEYS: Final[Mapping[type, str]] = {date: "date", time: "time"}
_INTEGER: Final = re.compile(r"-?[0-9]{1,40}", re.ASCII)


class WireError(ValueError):
    """JSON that is no value of the protocol."""


def to_wire(node: Node | None, value: object, logical_types: Collection[str] = LOGICAL_TYPES) -> Json:
    """Return the JSON form of `value`, a datum of `node` or something that does not fit it.

    Logical types that are not among `logical_types` are given raw.
    """
    if node is None:
        return _plain(value)
    match node, value:
        case Union(), _:
            try:
                index, inner = choose_branch(node, value, DEFAULT_LIMITS)
            except AvroError:
                return _plain(value)
            branch = node.branches[index]
            form = to_wire(branch, inner, logical_types)
            return None if form is None else {"union": [branch.name, form]}
        case Record(), dict():
            nodes = {field.name: field.node for field in node.fields}
            return {"map": {key: to_wire(nodes.get(key), inner, logical_types) for key, inner in value.items()}}
        case Map(), dict():
            return {"map": {key: to_wire(node.values, inner, logical_types) for key, inner in value.items()}}
        case Array(), list():
            return [to_wire(node.items, item, logical_types) for item in value]
    return _leaf_form(node, value, logical_types)


def _conversion(node: Node) -> Conversion | None:
    return conversion(node.logical, node.type, getattr(node, "size", None)) if node.logical is not None else None


def _leaf_form(node: Node, value: Any, logical_types: Collection[str]) -> Json:
    if node.logical is None or (converted := _conversion(node)) is None:
        return _plain(value)
    is_raw = type(value) is not converted.python_type
    name = node.logical.name
    if name in logical_types and name not in _UNITS:
        return _plain(value)
    try:
        raw = value if is_raw else converted.to_raw(value)
    except ValueError:
        return _plain(value)
    if name not in logical_types or type(raw) is not int:
        return _plain(raw)
    key, factor = _UNITS[name]
    return {key: str(raw * factor)}


def _plain(value: Any) -> Json:
    """Return the form of a value by its Python type alone."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return {"int": str(value)}
        case float():
            return {"double": pack(">d", value).hex()}
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {"map": {key: _plain(inner) for key, inner in value.items()}}
        case datetime():
            key = "local-timestamp" if value.tzinfo is None else "timestamp"
        case date() | time():
            key = _KEYS[type(value)]
        case Decimal():
            return {"decimal": str(value)}
        case UUID():
            return {"uuid": str(value)}
        case Duration():
            return {"duration": [str(part) for part in value]}
        case _:
            raise TypeError(f"a {type(value).__name__} has no form")
    return {key: str(CONVERSIONS[_MICROS[key]].to_raw(value))}


def from_wire(node: Node | None, form: Json, expected: object = None) -> Any:
    """Return the value that a JSON form stands for, as `Schema.decode` gives it; what does not fit `node` is taken by its form.

    Where a union's branch is not named, it is the one that makes the value `expected`, if there is one. Raises `WireError`.
    """
    if isinstance(node, Union):
        return _of_union(node, form, expected)
    if type(form) is dict and len(form) == 1:
        [(key, inner)] = form.items()
        if key == "union":
            return from_wire(node, _pair(inner)[1], expected)
        if key == "map" and type(inner) is dict:
            return _of_map(node, inner, expected if type(expected) is dict else {})
    if type(form) is list:
        hints = [*(expected if type(expected) is list else ()), *[None] * len(form)]
        items = node.items if isinstance(node, Array) else None
        return [from_wire(items, item, hint) for item, hint in zip(form, hints, strict=False)]
    return _leaf(node, form)


def _of_map(node: Node | None, forms: dict[str, Json], expected: Mapping[Any, object]) -> dict[str, Any]:
    nodes = {field.name: field.node for field in node.fields} if isinstance(node, Record) else {}
    values = node.values if isinstance(node, Map) else None
    return {key: from_wire(nodes.get(key, values), form, expected.get(key)) for key, form in forms.items()}


def _pair(form: Json) -> list[Json]:
    if type(form) is not list or len(form) != 2 or type(form[0]) is not str:
        raise WireError(f"a union is [branch name, value], not {shown(form)}")
    return form


def _of_union(node: Union, form: Json, expected: object) -> Any:
    if form is None:
        return None
    if type(form) is dict and "union" in form:
        name, inner = _pair(form["union"])
        branch = next((branch for branch in node.branches if branch.name == name), None)
        return from_wire(branch, inner, expected)
    for branch in node.branches if expected is not None else ():
        value = from_wire(branch, form, expected)
        if same(value, expected):
            return value
    return from_wire(None, form)


def _leaf(node: Node | None, form: Json) -> Any:
    if form is None or type(form) in {bool, str}:
        return form if node is None else _fitted(node, form)
    if type(form) is not dict or len(form) != 1:
        raise WireError(f"not a value: {shown(form)}")
    [(key, text)] = form.items()
    if key in _MICROS:
        return _of_units(node, key, _integer(text))
    try:
        match key:
            case "int":
                value: Any = _integer(text)
            case "double":
                [value] = unpack(">d", _bytes(text))
            case "bytes":
                value = _bytes(text)
            case "decimal":
                value = Decimal(text)
            case "uuid":
                value = UUID(text)
            case "duration":
                value = Duration(*map(_integer, text))
            case _:
                raise WireError(f"not a value: {shown(form)}")
    except WireError:
        raise
    except Exception as error:  # each of these types has errors of its own
        raise WireError(f"not a value: {shown(form)}") from error
    return value if node is None else _fitted(node, value)


def _of_units(node: Node | None, key: str, number: int) -> Any:
    if node is not None and node.logical is not None:
        wanted, factor = _UNITS.get(node.logical.name, ("", 1))
        if wanted == key and number % factor == 0:
            return CONVERSIONS[node.logical.name].from_raw(number // factor)
    return CONVERSIONS[_MICROS[key]].from_raw(number)


_RAW: Final[Mapping[str, type]] = {"int": int, "long": int, "bytes": bytes, "fixed": bytes, "string": str}


def _fitted(node: Node, value: Any) -> Any:
    """Return `value` as `node` gives it: a raw value converted, a decimal with its scale."""
    converted = _conversion(node)
    if converted is None:
        return value
    try:
        if type(value) is converted.python_type:
            return converted.from_raw(converted.to_raw(value))
        is_sized = node.type != "fixed" or (type(value) is bytes and len(value) == getattr(node, "size", 0))
        if type(value) is _RAW[node.type] and is_sized:
            return converted.from_raw(value)
    except (ValueError, TypeError):
        pass
    return value


def _integer(text: Json) -> int:
    if type(text) is not str or not _INTEGER.fullmatch(text):
        raise WireError(f"not a whole number in a string: {shown(text)}")
    return int(text)


def _bytes(text: Json) -> bytes:
    try:
        return bytes.fromhex(text)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise WireError(f"not hexadecimal digits in a string: {shown(text)}") from error


def shown(form: Json, most: int = 80) -> str:
    """Return a form, or anything, as text of at most `most` characters."""
    text = form if type(form) is str else json.dumps(form, default=repr)
    return text if len(text) <= most else f"{text[: most - 3]}..."
