"""A value as one line of JSON and back, with nothing lost: the form in which the command line prints and reads records.

JSON has no word for bytes, dates or NaN. Such a value is an object of one key, a tag that begins with `$`:

    {"$bytes": "3q0="}  {"$decimal": "12.50"}  {"$date": "2026-11-24"}  {"$time": "09:30:00"}  {"$uuid": "..."}  {"$float": "NaN"}
    {"$timestamp": "2026-11-24T09:30:00Z"}  {"$local_timestamp": "2026-11-24T09:30:00"}  {"$duration": [months, days, milliseconds]}

A map or record whose only key begins with `$` is wrapped, `{"$map": {"$bytes": ...}}`, so no data can be taken for a tag. The tuple
`(name, value)`, a value that names its branch of a union, is `{"$branch": [name, value]}`. Without tags, the same functions handle
plain JSON, in which such objects are what they are.
"""

import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite, isnan
from types import NoneType
from typing import Final, Never
from uuid import UUID

from avro_ocf.errors import DatumError, type_name
from avro_ocf.json_text import check_nesting
from avro_ocf.logical import Duration

Path = tuple["Path", str | int] | None
"""Where a value stands: the path of what holds it and its key or index there. It becomes text only when there is an error."""

BAD_TAG: Final = "bad $"
"""How the message of an error about a tag begins, where data may be plain JSON that happens to look like one."""

_PLAIN: Final = frozenset({str, int, bool, NoneType})
_FLOATS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def dumps(value: object, *, tags: bool = True) -> str:
    """Return `value`, as a decoder gives it, as one line of JSON. Raises `TypeError` for a value that no decoder gives.

    With `tags=False`, also for a value that plain JSON has no word for (a `ValueError` for NaN and the infinities).
    """
    return _ENCODER.encode(_tagged(value) if tags else value)


def check_plain(value: object, path: Path = None) -> None:
    """Raise `DatumError`, with the path, where plain JSON has no word for a value that a decoder gives."""
    kind = type(value)
    if isinstance(value, dict):
        for key, item in value.items():
            check_plain(item, (path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_plain(item, (path, index))
    elif not (kind in _PLAIN or (isinstance(value, float) and isfinite(value))):
        shown = str(value) if isinstance(value, float) else kind.__name__
        raise DatumError(f"JSON has no word for {shown}", path_text(path))


def loads(text: str, *, tags: bool = True) -> object:
    """Return the value that a line of JSON stands for; `loads(dumps(value)) == value`, type by type.

    Raises `DatumError`, with the path where there is one, for what is not JSON, a repeated key, a bad tag, a number past the range
    of a double, and the words NaN and Infinity, which are not JSON.
    """
    try:
        check_nesting(text)
        value = _DECODER.decode(text)
        return _untagged(value, None) if tags and ("$" in text or "\\u0024" in text) else value
    except RecursionError:
        raise DatumError("nested too deeply") from None
    except DatumError:
        raise
    except json.JSONDecodeError as error:
        raise DatumError(f"not JSON: {error.msg}, at column {error.colno}") from None
    except ValueError as error:  # a number of thousands of digits
        raise DatumError(f"not JSON that can be read: {error}") from None


def _tagged(value: object) -> object:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, dict):
        tagged = {key: item if type(item) in _PLAIN else _tagged(item) for key, item in value.items()}
        return {"$map": tagged} if _tag_of(tagged) else tagged
    if isinstance(value, list):
        return [_tagged(item) for item in value]
    if isinstance(value, float) and isfinite(value):
        return value
    if type(value) is tuple and len(value) == 2 and type(value[0]) is str:
        return {"$branch": [value[0], _tagged(value[1])]}
    if kind not in _TAGGERS:
        raise TypeError(f"{type_name(value)} is not the type of any Avro value")
    tag, write = _TAGGERS[kind]
    if isinstance(value, datetime) and value.tzinfo is not None:
        tag, write = "$timestamp", _timestamp
    return {tag: write(value)}


def _tag_of(obj: dict[str, object]) -> str | None:
    """Return the only key of `obj` if it begins with `$`, else None."""
    if len(obj) == 1:
        (key,) = obj
        return key if key.startswith("$") else None
    return None


def _untagged(value: object, path: Path) -> object:
    if isinstance(value, list):
        return [_untagged(item, (path, index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    tag = _tag_of(value)
    if tag is None:
        return {key: _untagged(item, (path, key)) for key, item in value.items()}
    try:
        return _read_tag(tag, value[tag], path)
    except DatumError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise DatumError(f"{BAD_TAG}{tag[1:]}: {error}", path_text(path)) from None


def _read_tag(tag: str, content: object, path: Path) -> object:
    match tag, content:
        case "$map", dict():
            return {key: _untagged(item, (path, key)) for key, item in content.items()}
        case "$branch", [str() as name, branch_value]:
            return name, _untagged(branch_value, path)
        case "$duration", [int() as months, int() as days, int() as milliseconds]:
            return Duration(months, days, milliseconds)
        case "$float", str() if content in _FLOATS:
            return _FLOATS[content]
        case _, str() if tag in _READERS:
            return _READERS[tag](content)
    known = tag in _READERS or tag in ("$map", "$branch", "$duration", "$float")
    reason = "its content does not belong there" if known else 'no such tag; a map with such a key is written {"$map": {...}}'
    raise DatumError(f"{BAD_TAG}{tag[1:]}: {reason}", path_text(path))


def _timestamp(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _read_timestamp(text: str) -> datetime:
    value = datetime.fromisoformat(_microseconds(text))
    if value.tzinfo is None:
        raise ValueError("it needs a Z or a UTC offset")
    return value.astimezone(UTC)


def _read_local_timestamp(text: str) -> datetime:
    value = datetime.fromisoformat(_microseconds(text))
    if value.tzinfo is not None:
        raise ValueError("it must not have a Z or a UTC offset")
    return value


def _microseconds(text: str) -> str:
    if re.search(r"[.,][0-9]{7}", text):  # fromisoformat would drop the seventh digit without a word
        raise ValueError("finer than microseconds")
    return text


_TAGGERS: Final[dict[type, tuple[str, Callable[..., object]]]] = {
    bytes: ("$bytes", lambda value: b64encode(value).decode("ascii")),
    Decimal: ("$decimal", str),
    date: ("$date", date.isoformat),
    time: ("$time", time.isoformat),
    datetime: ("$local_timestamp", datetime.isoformat),
    UUID: ("$uuid", str),
    Duration: ("$duration", list),
    float: ("$float", lambda value: "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"),
}
_READERS: Final[dict[str, Callable[[str], object]]] = {
    "$bytes": lambda text: b64decode(text, validate=True),
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$time": lambda text: time.fromisoformat(_microseconds(text)),
    "$timestamp": _read_timestamp,
    "$local_timestamp": _read_local_timestamp,
    "$uuid": UUID,
}


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        ((repeated, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise DatumError(f"key {json.dumps(repeated)} is there twice")
    return obj


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise DatumError(f"{text} is past the range of a double")
    return value


def _refuse(word: str) -> Never:
    raise DatumError(f'{word} is not JSON; it is written {{"$float": "{word}"}}')


def path_text(path: Path) -> str:
    """Return a path as it stands in messages, such as `ships[3].hp`."""
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, str) and step.isidentifier():
            steps.append(f".{step}")
        else:
            steps.append(f"[{json.dumps(step)}]")
    return "".join(reversed(steps)).removeprefix(".")


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse)
