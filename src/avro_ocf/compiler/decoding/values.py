"""What generated code makes values of logical types with: the values that `logical` makes, in less time."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import cache
from typing import Any, Final

from avro_ocf import logical
from avro_ocf.compiler.faults import guarded
from avro_ocf.compiler.layout import Layout
from avro_ocf.compiler.plans import is_custom
from avro_ocf.compiler.varints import read_text
from avro_ocf.limits import Limits
from avro_ocf.resolution.plan import DefaultStep
from avro_ocf.schema.model import Logical

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a local timestamp has no time zone
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_US: Final = timedelta(microseconds=1)
_RANGE_MS: Final = (-62_135_596_800_000, 253_402_300_799_999)
_RANGE_US: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)

TIMES: Final[dict[Callable[[Any], Any], tuple[datetime, timedelta, tuple[int, int]]]] = {
    logical.timestamp_millis_from_raw: (_EPOCH_UTC, _MS, _RANGE_MS),
    logical.timestamp_micros_from_raw: (_EPOCH_UTC, _US, _RANGE_US),
    logical.local_timestamp_millis_from_raw: (_EPOCH, _MS, _RANGE_MS),
    logical.local_timestamp_micros_from_raw: (_EPOCH, _US, _RANGE_US),
}
"""What a number of each is counted from, its unit, and the first and the last number that Python has a time for."""

FLOAT_SECONDS: Final = 1 << 32
"""Seconds since the epoch below which a float has them to half a microsecond, so that it rounds to the right one."""

PER_SECOND: Final = {logical.timestamp_millis_from_raw: 1000, logical.timestamp_micros_from_raw: 1_000_000}
"""How many units of times in UTC make a second: `datetime.fromtimestamp` takes half the time that adding to the epoch does."""


def time_expression(from_raw: Callable[[Any], Any], raw: str, bind: Callable[[object, str], str]) -> str:
    """Return the expression for the time that `from_raw`, one of `TIMES`, makes of the number called `raw`."""
    epoch, unit, (first, last) = TIMES[from_raw]
    value = f"{bind(epoch, 'epoch')} + {bind(unit, 'unit')} * {raw} if {first} <= {raw} <= {last} else {raw}"
    if from_raw in PER_SECOND:
        per = PER_SECOND[from_raw]
        time_of = f"{bind(datetime.fromtimestamp, 'time_of')}({raw} / {per}, {bind(UTC, 'UTC')})"
        return f"{time_of} if 0 <= {raw} < {FLOAT_SECONDS * per} else {value}"
    return value


_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact, Overflow])

SCALE_MAX: Final = 1000
"""Decimals of a larger scale are left to `logical`."""


def from_raw_of(converted: Logical, type_name: str) -> Callable[[Any], Any] | None:
    """Return what makes a value of a logical type from a raw one, or None if the raw value is the value."""
    if converted.custom is not None:
        return guarded(converted.custom.from_avro)
    found = logical.conversion(converted, type_name)
    if found is None:
        return None
    if converted.name == "decimal" and converted.scale <= SCALE_MAX:
        return _decimal_from_raw(converted.scale, found.from_raw)
    from_raw: Callable[[Any], Any] = _TIMES_OF_DAY.get(found.from_raw, found.from_raw)
    return from_raw


def _decimal_from_raw(scale: int, from_raw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that multiplies by a power of ten, which takes half the time of scaling."""
    unit, multiply, number_of = Decimal((0, (1,), -scale)), _EXACT.multiply, int.from_bytes

    def decimal_from_raw(raw: bytes) -> Any:
        if len(raw) > logical.UNSCALED_BYTES:
            return from_raw(raw)
        return multiply(number_of(raw, "big", signed=True), unit)

    return decimal_from_raw


def _time_millis_from_raw(milliseconds: int) -> time | int:
    if 0 <= milliseconds < 86_400_000:
        seconds = milliseconds // 1000
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60, milliseconds % 1000 * 1000)
    return milliseconds


def _time_micros_from_raw(microseconds: int) -> time | int:
    if 0 <= microseconds < 86_400_000_000:
        seconds = microseconds // 1_000_000
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60, microseconds % 1_000_000)
    return microseconds


_TIMES_OF_DAY: Final[dict[Callable[[Any], Any], Callable[[Any], Any]]] = {
    logical.time_millis_from_raw: _time_millis_from_raw,
    logical.time_micros_from_raw: _time_micros_from_raw,
}


UUID_TEXT: Final = b"Hxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
"""The text of a UUID behind its length, each digit an x."""

_HEX: Final = b"0123456789abcdefABCDEF"

SHAPES: Final = bytes(ord("x") if byte in _HEX else byte if byte in b"H-" else 0 for byte in range(256))
"""Translates bytes so that the text of a UUID behind its length is `UUID_TEXT`, and nothing else is."""


@cache
def uuid_parts() -> dict[str, object]:
    """Return what a UUID is made with by name: `UUID` itself looks at all the forms it takes, and costs twice as much."""
    from uuid import UUID, SafeUUID

    from_raw = logical.conversion(Logical("uuid"), "string").from_raw  # type: ignore[union-attr]  # a uuid is converted

    def read_other(data: bytes, pos: int) -> tuple[object, int]:
        text, pos = read_text(data, pos)
        return from_raw(text), pos

    return {
        "UUID": UUID,
        "new": object.__new__,
        "set_int": vars(UUID)["int"].__set__,
        "set_is_safe": vars(UUID)["is_safe"].__set__,
        "unknown": SafeUUID.unknown,
        "read_other": read_other,
    }


def default_expression(step: DefaultStep, limits: Limits, bind: Callable[[object, str], str]) -> str:
    """Return the expression for a fresh value of a field that only the reader has. Raises `FormatError` past a limit."""
    from avro_ocf.reference import decode

    if any(is_custom(item) for item in Layout(step.plan).items):
        return f"{bind(lambda: decode(step.plan, step.data, 0, limits)[0], 'default')}()"
    value, _ = decode(step.plan, step.data, 0, limits)
    if isinstance(value, list | dict) or type(value) is tuple:
        return f"{bind(fresh, 'fresh')}({bind(value, 'default')})" if value else str(value)
    return bind(value, "default")


def fresh(value: Any) -> Any:
    """Copy the lists and dicts of a default, also those behind the names of branches."""
    if isinstance(value, list):
        return [fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if type(value) is tuple:
        return value[0], fresh(value[1])
    return value
