"""Which logical types are valid where (specification, "Logical Types"). One that is not valid, or not known, is ignored."""

from typing import Any, Final

from avro_ocf.schema.model import Logical

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
    name = obj.get("logicalType")
    if not isinstance(name, str) or type_name not in UNDERLYING.get(name, ()):
        return None
    if name == "decimal":
        return _decimal(obj.get("precision"), obj.get("scale", 0), size if type_name == "fixed" else None)
    if type_name == "fixed" and size != FIXED_SIZES[name]:
        return None
    return Logical(name)


def _decimal(precision: object, scale: object, size: int | None) -> Logical | None:
    if type(precision) is not int or type(scale) is not int:
        return None
    if not 0 <= scale <= precision or precision == 0:
        return None
    # "floor(log_10(2^(8 n - 1) - 1))" digits fit n bytes; no power of two is a power of ten, so the inner - 1 changes nothing.
    if size is not None and precision > (8 * size - 1) * LOG10_2:
        return None
    return Logical("decimal", precision, scale)
