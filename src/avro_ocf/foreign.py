"""Values of other people's types, as the values of Python's own that they stand for: exactly, or not at all."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar

Told = TypeVar("Told")

NUMPY: Final = "numpy"
"""The module of numpy's scalars. It need not be there, and is never imported here."""

NANOSECONDS: Final = {
    "W": 604_800_000_000_000,
    "D": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1000,
    "ns": 1,
}
"""The units of `numpy.datetime64`, but for months and years, which are no times, and those that no type of Avro has."""

NOT_A_TIME: Final = -(1 << 63)
"""What `numpy.datetime64("NaT")` counts."""


def plain_date(value: date) -> date:
    """Return the date that one of a subclass says it is; `ValueError` when it says none."""
    return _as_told(lambda: date(value.year, value.month, value.day))


def plain_time(value: time, *, nanoseconds: int = 0) -> time:
    """Return the time of day that one of a subclass says it is; raises as `plain_datetime`."""
    _refuse(nanoseconds_beyond(value) - nanoseconds)
    return _as_told(lambda: _time_of(value))


def plain_datetime(value: datetime, *, nanoseconds: int = 0) -> datetime:
    """Return the datetime that one of a subclass says it is; `ValueError` when it says none, as pandas' `NaT` does.

    So too when it has other `nanoseconds` past its microseconds than those given.
    """
    _refuse(nanoseconds_beyond(value) - nanoseconds)
    return _as_told(lambda: datetime.combine(plain_date(value), _time_of(value)))


def nanoseconds_beyond(value: object) -> int:
    """Return the nanoseconds past the microsecond that a time says it has, from 0 to 999, as pandas' `Timestamp` does."""
    nanoseconds = _as_told(lambda: getattr(value, "nanosecond", 0))
    if type(nanoseconds) is not int or not 0 <= nanoseconds < 1000:
        raise ValueError("is none that can be read: its nanosecond is no int from 0 to 999")
    return nanoseconds


def _time_of(value: time | datetime) -> time:
    return time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


def _refuse(nanoseconds: int) -> None:
    if nanoseconds:
        raise ValueError(f"has {nanoseconds} nanoseconds past its microseconds")


def _as_told(make: Callable[[], Told]) -> Told:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - a subclass is code of the datum's
        raise ValueError(f"is none that can be read: {type(error).__name__}") from None


class Moment(datetime):
    """A datetime with `nanosecond`, those past its microseconds."""

    __slots__ = ("nanosecond",)
    nanosecond: int


def plain_scalar(scalar: Any) -> object:
    """Return the value of Python's own that a numpy scalar is exactly; the scalar itself if there is none, and any array.

    A `datetime64` is a date if it counts days or weeks, and else a datetime without a time zone, with nanoseconds if it has some.
    Raises `ValueError` for one that is none.
    """
    kind = type(scalar)
    if isinstance(scalar, str | bytes | float):
        return scalar  # it is one already, and `item` takes zeros off the end of a text
    if kind.__name__ == "datetime64":
        return _time_of_numpy(scalar)
    if kind.__name__ == "timedelta64" or hasattr(kind, "__setitem__") or not hasattr(kind, "item"):
        return scalar
    value = _as_told(scalar.item)
    if type(value) in {bool, int, float}:
        return value
    is_long = kind.__name__ == "longdouble" and _as_told(lambda: bool(float(scalar) == scalar or scalar != scalar))  # noqa: PLR0124
    return float(scalar) if is_long else scalar


def _time_of_numpy(scalar: Any) -> date:
    name = _as_told(lambda: str(scalar.dtype.name))
    found = re.fullmatch(r"datetime64\[([0-9]*)([A-Za-z]+)\]", name)
    count = _as_told(lambda: int(scalar.astype("int64")))
    if found is None or count == NOT_A_TIME:
        raise ValueError("is no time: NaT")
    if found[2] not in NANOSECONDS:
        raise ValueError(f"counts {found[2]}, not one of {', '.join(NANOSECONDS)}")
    microseconds, nanoseconds = divmod(count * int(found[1] or 1) * NANOSECONDS[found[2]], 1000)
    try:
        value = datetime(1970, 1, 1) + timedelta(microseconds=microseconds)  # noqa: DTZ001 - numpy's times have no zone
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999") from None
    if found[2] in {"D", "W"}:
        return value.date()
    if not nanoseconds:
        return value
    moment = Moment.combine(value.date(), value.time())
    moment.nanosecond = nanoseconds
    return moment
