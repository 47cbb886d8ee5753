"""The JSON encoding (specification, "JSON Encoding").

The binary encoding stands between: a datum is encoded and its bytes are told in JSON; JSON is made a datum that names its union
branches, encoded and decoded. So both encodings take and give the same values, with the same checks.

Logical types keep their underlying form. JSON has no NaN and no infinities: they are the strings "NaN", "Infinity" and "-Infinity",
as Java writes them. A record may leave out fields that have a default.
"""

import json
from collections.abc import Sequence
from math import isinf, isnan
from typing import Any, Final

from avro_ocf.cursor import Cursor
from avro_ocf.errors import DatumError, FormatError
from avro_ocf.floats import NEAREST
from avro_ocf.json_text import loads
from avro_ocf.limits import Limits
from avro_ocf.reference import decode, encode
from avro_ocf.reference.branches import branch_index
from avro_ocf.reference.encode import Raw
from avro_ocf.reference.fault import Fault, field_step, item_step, key_step
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.defaults import NOT_FINITE
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union

TOLD_BRANCHES: Final = 20
"""Branches of a union that an error message lists."""


def encode_json(node: Node, datum: object, limits: Limits) -> str:
    """Return `datum` as compact JSON text in ASCII. Raises `DatumError` with the path of what does not fit."""
    value = to_json_value(node, datum, limits)
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None


def decode_json(node: Node, text: str, limits: Limits, *, branches: bool = False) -> object:
    """Return the datum that JSON `text` holds, with `branches` also the names that it gives of a union's.

    Raises `DatumError` for what is not JSON, repeats a key or does not fit.
    """
    if not isinstance(text, str):
        raise TypeError(f"JSON text is a str, not {type(text).__name__}")
    try:
        value = loads(text, object_pairs_hook=_object, parse_float=_float)
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None
    except ValueError as error:
        raise DatumError(f"not JSON: {error}") from None
    return from_json_value(node, value, limits, branches=branches)


def to_json_value(node: Node, datum: object, limits: Limits) -> object:
    """Return `datum` as the object that its JSON text stands for. Raises `DatumError` with the path of what does not fit."""
    data = encode(node, datum, limits)
    try:
        return _told(node, Cursor(data))
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None


def from_json_value(node: Node, value: object, limits: Limits, *, branches: bool = False) -> object:
    """Return the datum that `value`, decoded JSON, stands for. Raises `DatumError` with the path of what does not fit."""
    try:
        datum = _datum(node, value)
    except Fault as fault:
        raise DatumError(fault.message, fault.path) from None
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None
    data = encode(node, datum, limits)
    try:
        return decode(identity(node, branches=branches), data, 0, limits)[0]
    except FormatError as error:  # of a conversion of the user's
        raise DatumError(error.message, error.path) from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _float(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise ValueError("a number is too large")
    return number


def _told(node: Node, data: Cursor) -> object:
    """Return the JSON of the value of type `node` that `data` stands at."""
    match node:
        case Record():
            return {field.name: _told(field.node, data) for field in node.fields}
        case Array():
            return [_told(node.items, data) for count in iter(data.block, 0) for _ in range(count)]
        case Map():
            return {data.blob().decode(): _told(node.values, data) for count in iter(data.block, 0) for _ in range(count)}
        case Union():
            branch = node.branches[data.long()]
            return None if branch.type == "null" else {branch.name: _told(branch, data)}
        case Enum():
            return node.symbols[data.long()]
        case Fixed():
            return data.take(node.size).decode("latin-1")
    return _told_primitive(node.type, data)


def _told_primitive(type_name: str, data: Cursor) -> object:
    match type_name:
        case "boolean":
            return data.take(1) == b"\1"
        case "int" | "long":
            return data.long()
        case "float" | "double":
            number = data.floating(type_name)
            if isnan(number):
                return "NaN"
            return ("Infinity" if number > 0 else "-Infinity") if isinf(number) else number
        case "bytes":
            return data.blob().decode("latin-1")
        case "string":
            return data.blob().decode()
    return None


def _datum(node: Node, value: object) -> object:
    """Return the datum of a JSON `value`, its union branches named. What is of the wrong type stays, for `encode` to refuse."""
    if node.logical is not None and node.logical.custom is not None:
        return Raw(_raw_datum(node, value))
    return _raw_datum(node, value)


def _raw_datum(node: Node, value: object) -> object:
    match node, value:
        case Union(), _:
            return _branch_datum(node, value)
        case Record(), dict():
            types = {field.name: field.node for field in node.fields}
            return {name: _inside(field_step(name), types[name], part) if name in types else part for name, part in value.items()}
        case Array(), list():
            return [_inside(item_step(index), node.items, part) for index, part in enumerate(value)]
        case Map(), dict():
            return {key: _inside(key_step(key), node.values, part) for key, part in value.items()}
        case Fixed() | Node(type="bytes"), str():
            try:
                return value.encode("latin-1")
            except UnicodeEncodeError:
                raise Fault(f"{node.name} has a character past U+00FF") from None
        case Node(type="float" | "double"), str():
            return NOT_FINITE.get(value, value)
        case Node(type="float" | "double"), int() if not isinstance(value, bool):
            return _rounded(node.type, value)
    return value


def _rounded(type_name: str, number: int) -> float:
    """Return what is nearest to a JSON number that has no point: JSON knows no ints, and the type may not hold it exactly."""
    try:
        return NEAREST[type_name](number)
    except OverflowError:
        return number  # for `encode` to refuse


def _inside(step: str, node: Node, value: object) -> object:
    try:
        return _datum(node, value)
    except Fault as fault:
        raise fault.within(step) from None


def _branch_datum(union: Union, value: object) -> object:
    if value is None and any(branch.type == "null" for branch in union.branches):
        value = {"null": None}
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        branch = union.branches[branch_index(union, name)]
        return branch.name, _datum(branch, inner)
    names = ", ".join([branch.name for branch in union.branches][:TOLD_BRANCHES])
    raise Fault(f"a union's value is null or an object {{branch: value}}, with the branches {names}")
