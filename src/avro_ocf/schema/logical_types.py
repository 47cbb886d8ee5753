"""Which logical types are valid where (specification, "Logical Types"). One that is not valid, or not known, is ignored."""

from typing import Any, Final

from avro_ocf.schema.model import Logical, Node, Union
from avro_ocf.schema.path import shown

UNDERLYING: Final = {
    "big-decimal": ("bytes",),
    "date": ("int",),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed",),
    "local-timestamp-micros": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-nanos": ("long",),
    "time-micros": ("long",),
    "time-millis": ("int",),
    "timestamp-micros": ("long",),
    "timestamp-millis": ("long",),
    "timestamp-nanos": ("long",),
    "uuid": ("string", "fixed"),
}
"""The types that each logical type may stand on."""

FIXED_SIZES: Final = {"duration": 12, "uuid": 16}
"""Bytes of the fixed that a logical type needs."""

LOG10_2 = 0.30102999566398120


def logical_type(obj: dict[str, Any], type_name: str, size: int = 0) -> Logical | None:
    """Return the logical type that `obj`, the JSON of a `type_name`, asks for, or None. `size` is a fixed type's, in bytes."""
    if "logicalType" not in obj:
        return None
    found = judged(obj, type_name, size)
    return found if isinstance(found, Logical) else None


def judged(obj: dict[str, Any], type_name: str, size: int = 0) -> Logical | str:
    """Return the logical type that `obj`, the JSON of a `type_name`, asks for, or why it is none."""
    name = obj["logicalType"]
    if not isinstance(name, str):
        return f"the logicalType is {shown(name)}, not a string"
    if name not in UNDERLYING:
        return f"unknown logicalType {shown(name)}"
    if type_name not in UNDERLYING[name]:
        return f"the logicalType {name!r} stands on {' or '.join(UNDERLYING[name])}, not on {shown(type_name)}"
    if name == "decimal":
        return _decimal(obj.get("precision"), obj.get("scale", 0), size if type_name == "fixed" else None)
    if type_name == "fixed" and size != FIXED_SIZES[name]:
        return f"the logicalType {name!r} takes a fixed of {FIXED_SIZES[name]} bytes, not of {size}"
    return Logical(name)


def _decimal(precision: object, scale: object, size: int | None) -> Logical | str:
    if precision is None:
        return "a decimal has no precision"
    if type(precision) is not int or precision <= 0:
        return f"the precision of a decimal is {shown(precision)}, not a number of digits"
    if type(scale) is not int or scale < 0:
        return f"the scale of a decimal is {shown(scale)}, not a number of digits"
    if scale > precision:
        return f"the scale of a decimal, {shown(scale)}, is greater than its precision, {shown(precision)}"
    # "floor(log_10(2^(8 n - 1) - 1))" digits fit n bytes; no power of two is a power of ten, so the inner - 1 changes nothing.
    if size is not None and precision > (8 * size - 1) * LOG10_2:
        return f"the precision of a decimal, {shown(precision)}, is more than a fixed of {size} bytes holds"
    return Logical("decimal", precision, scale)


def misplaced(obj: dict[str, Any], node: Node) -> str:
    """Return what to do about a logical type beside the type of a field, which is `node`, or "" if the type has it as well."""
    name = obj["logicalType"]
    inside = node.branches if isinstance(node, Union) else (node,)
    if any(each.logical is not None and each.logical.name == name for each in inside):
        return ""
    hint = "beside the name of the type"
    if isinstance(name, str) and name != "decimal":
        for each in inside:
            if each.type in UNDERLYING.get(name, ()) and each.type != "fixed":
                hint = f'as {{"type": "{each.type}", "logicalType": "{name}"}}'
    return f"the logicalType {shown(name)} beside the field's type has no effect; it belongs inside the type, {hint}"
