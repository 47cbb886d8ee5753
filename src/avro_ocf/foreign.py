"""Values of other people's types, as the values of Python's own that they stand for: exactly, or not at all."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar

Told = TypeVar("Told")


def plain_date(value: date) -> date:
    """Return the date that one of a subclass says it is; `ValueError` when it says none."""
    return _as_told(lambda: date(value.year, value.month, value.day))


def plain_time(value: time) -> time:
    """Return the time of day that one of a subclass says it is; `ValueError` when it says none, or one in nanoseconds."""
    _refuse(nanoseconds_beyond(value))
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
