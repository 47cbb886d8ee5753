"""Expressions for the raw values of logical types: those that `logical` makes, in less time."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from avro_ocf import logical
from avro_ocf.compiler.faults import guarded
from avro_ocf.schema.model import Logical

_DIGITS_MAX: Final = 18
"""Digits of the longest decimal that is converted by way of its text."""

_TEXT_MAX: Final = _DIGITS_MAX + 2
"""Characters of that text, with sign and point; Python takes long to read a very long number."""

_SCALE_MAX: Final = 6
"""Decimals with more fractional digits may have an exponent in their text."""

_SINCE: Final = "((span := {0} - {1}).days * 86400 + span.seconds)"
_OF_DAY: Final = "(({0}.hour * 60 + {0}.minute) * 60 + {0}.second)"
_MILLIS: Final = " * 1000 + {0}.microsecond // 1000"
_MICROS: Final = " * 1000000 + {0}.microsecond"
_IS_LOCAL: Final = " and {0}.tzinfo is None"
_IS_UTC: Final = " and {0}.tzinfo is {2}"
_HAS_MILLIS: Final = " and not {0}.microsecond % 1000"

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a local timestamp has no time zone
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)

_COMMON: Final = {
    "date": ("", "{0}.toordinal() - 719163", None),
    "time-millis": (_IS_LOCAL + _HAS_MILLIS, _OF_DAY + _MILLIS, None),
    "time-micros": (_IS_LOCAL, _OF_DAY + _MICROS, None),
    "timestamp-millis": (_IS_UTC + _HAS_MILLIS, _SINCE + _MILLIS, _EPOCH_UTC),
    "timestamp-micros": (_IS_UTC, _SINCE + _MICROS, _EPOCH_UTC),
    "local-timestamp-millis": (_IS_LOCAL + _HAS_MILLIS, _SINCE + _MILLIS, _EPOCH),
    "local-timestamp-micros": (_IS_LOCAL, _SINCE + _MICROS, _EPOCH),
}
"""Which values of the exact type are common, their raw value, and what it is counted from."""


def raw_expression(
    value: str, first: str, found: Logical, type_name: str, size: int | None, bind: Callable[[object, str], str]
) -> str | None:
    """Return an expression for the raw value of the variable `value`, or None if there is nothing to convert.

    `first` stands for it where it is looked at first. What is not of the logical type's Python type is taken to be raw. Evaluation
    raises any of `FAULTS`; `size` is that of a fixed, and `bind` returns a name for an object and a stem.
    """
    if found.custom is not None:
        return f"{bind(guarded(found.custom.to_avro), 'to_avro')}({first})"
    conversion = logical.conversion(found, type_name, size)
    if conversion is None:
        return None
    is_short = found.name == "decimal" and found.precision <= _DIGITS_MAX and found.scale <= _SCALE_MAX
    to_raw = _decimal_to_raw(found, conversion.to_raw) if is_short and type_name == "bytes" else conversion.to_raw
    kind = bind(conversion.python_type, "type")
    call = bind(to_raw, "raw")
    if found.name not in _COMMON:
        return f"{call}({value}) if type({first}) is {kind} else {value}"
    test, number, epoch = _COMMON[found.name]
    start = bind(epoch, "epoch") if epoch else ""
    is_common = f"type({first}) is {kind}{test.format(value, start, bind(UTC, 'UTC'))}"
    return f"{number.format(value, start)} if {is_common} else {call}({value}) if type({value}) is {kind} else {value}"


def _decimal_to_raw(found: Logical, general: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function that makes raw values of short decimals, those with another exponent than most by `general`."""
    has_exponent = Decimal((0, (1,), -found.scale)).same_quantum

    def to_raw(value: Decimal) -> Any:
        if not has_exponent(value):
            return general(value)
        text = str(value)
        if len(text) > _TEXT_MAX:
            return general(value)
        number = int(text.replace(".", "", 1))
        return number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)

    return to_raw
