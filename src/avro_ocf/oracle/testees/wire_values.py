"""What testees in Python share: the values of the line protocol as Python has them, and the loop. It stands alone."""

import json
import struct
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = EPOCH.replace(tzinfo=None)
MICROSECOND = timedelta(microseconds=1)


class Unsupported(Exception):  # noqa: N818 - it is an answer
    """What a library may leave out."""


def time_of(microseconds: int) -> time:
    """Return a time of day."""
    if not 0 <= microseconds < 86_400_000_000:
        raise OverflowError
    return (EPOCH + microseconds * MICROSECOND).time()


FROM_WIRE: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "double": lambda digits: struct.unpack(">d", bytes.fromhex(digits))[0],
    "bytes": bytes.fromhex,
    "date": lambda days: date(1970, 1, 1) + timedelta(int(days)),
    "time": lambda number: time_of(int(number)),
    "timestamp": lambda number: EPOCH + int(number) * MICROSECOND,
    "local-timestamp": lambda number: LOCAL_EPOCH + int(number) * MICROSECOND,
    "decimal": Decimal,
    "uuid": UUID,
}


def from_wire(form: Any, union: Callable[[str, Any], Any] = lambda _branch, value: value) -> Any:
    """Return the value of a form; `union` makes one in a union of its branch's name and itself."""
    if isinstance(form, list):
        return [from_wire(item, union) for item in form]
    if not isinstance(form, dict):
        return form
    [(key, inner)] = form.items()
    if key == "map":
        return {name: from_wire(part, union) for name, part in inner.items()}
    if key == "union":
        return union(inner[0], from_wire(inner[1], union))
    try:
        return FROM_WIRE[key](inner)
    except OverflowError as error:
        raise Unsupported(f"Python has no such {key}") from error


def to_wire(value: Any) -> Any:
    """Return the form of a value."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return {"int": str(value)}
        case float():
            return {"double": struct.pack(">d", value).hex()}
        case bytes():
            return {"bytes": value.hex()}
        case list():
            return [to_wire(item) for item in value]
        case dict():
            return {"map": {key: to_wire(inner) for key, inner in value.items()}}
        case datetime(tzinfo=None):
            return {"local-timestamp": str((value - LOCAL_EPOCH) // MICROSECOND)}
        case datetime():
            return {"timestamp": str((value - EPOCH) // MICROSECOND)}
        case date():
            return {"date": str((value - date(1970, 1, 1)).days)}
        case time():
            return {"time": str((datetime.combine(LOCAL_EPOCH, value) - LOCAL_EPOCH) // MICROSECOND)}
        case _:
            return {type(value).__name__.lower(): str(value)}  # decimal, uuid


def serve(hello: Any, answer: Callable[..., Any]) -> None:
    """Answer each line of the standard input: `hello` with itself, others by `answer(**request)`."""
    for line in sys.stdin:
        request = json.loads(line)
        number = request.pop("id")
        try:
            result = {"ok": hello if request["operation"] == "hello" else answer(**request)}
        except Unsupported as error:
            result = {"unsupported": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
            result = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps({"id": number, **result}) + "\n")
        sys.stdout.flush()
