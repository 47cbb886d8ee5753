"""What ids, tables, periods and times may look like. A name that is refused is refused at the door, before anything is stored."""

import re
from typing import Final

from avro_ocf.errors import DatumError
from avro_ocf.schema.names import is_unicode

TIME_MAX: Final = (1 << 53) - 2
"""The latest time, in milliseconds: the largest integer that every database adapter takes and gives exactly."""

ID_CHARACTERS: Final = 512
"""Characters of the longest dataset or upload id."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def check_table(name: object) -> str:
    """Return `name` if it can name a table, and so begin object keys. Raises `DatumError`."""
    return _check_plain(name, "table")


def check_period(tag: object) -> str:
    """Return `tag` if it can be a period's, and so stand in object keys. Raises `DatumError`."""
    return _check_plain(tag, "period_tag")


def check_id(text: object, what: str) -> str:
    """Return `text` if it can be an id: any text of 1 to 512 characters without control characters. Raises `DatumError`."""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {type(text).__name__}")
    if not 1 <= len(text) <= ID_CHARACTERS:
        raise DatumError(f"it has {len(text)} characters, not 1 to {ID_CHARACTERS}", what)
    if _CONTROL.search(text) or not is_unicode(text):
        raise DatumError(f"{text!r} has a control character or half a surrogate pair", what)
    return text


def check_time(time_ms: object, what: str) -> int:
    """Return `time_ms` if it is a time in whole milliseconds since the epoch. Raises `DatumError`, also for what is no int."""
    if isinstance(time_ms, bool) or not isinstance(time_ms, int):
        raise DatumError(f"{time_ms!r} is not a whole number of milliseconds", what)
    if not 0 <= time_ms <= TIME_MAX:
        raise DatumError(f"{time_ms} is not a time from 0 to {TIME_MAX} ms", what)
    return time_ms


def _check_plain(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{what} is a str, not {type(name).__name__}")
    if not _PLAIN_NAME.fullmatch(name) or ".." in name:
        shown = name if len(name) <= 64 else f"{name[:64]}..."
        raise DatumError(
            f"{shown!r} is not 1 to 128 of the characters A-Z, a-z, 0-9, '_', '.' and '-', the first no '.' or '-', without '..'",
            what,
        )
    return name
