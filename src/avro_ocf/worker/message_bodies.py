"""What a queue's message holds, from JavaScript's values to a body that `Application` takes."""

import json
from base64 import b64encode
from contextlib import suppress
from math import isfinite
from typing import Any, Final

from avro_ocf.adapters.javascript import is_null
from avro_ocf.json_text import check_nesting
from avro_ocf.worker.messages import Inexact

RENDERED_VALUES: Final = 100_000
RENDERED_DEPTH: Final = 50
"""Values of a message that is kept as no upload, and how deep they are told."""


def message_body(body: Any) -> object:
    """Return text as it is, bytes as bytes, and an object as JSON text, unless that would not say all of it."""
    import js
    from pyodide.ffi import JsException, JsProxy

    if isinstance(body, str):
        return body
    if _is_bytes(body):
        return body.to_bytes()
    with suppress(JsException):  # as for a big integer
        text = js.JSON.stringify(body)
        try:
            check_nesting(text)
        except RecursionError:  # it is refused for that, and Pyodide would not survive comparing it
            return text
        if not isinstance(body, JsProxy) or js.JSON.parse(text).to_py() == body.to_py():
            return text
    try:
        (rendered,) = _rendered(js.Array.of(body), [RENDERED_VALUES], 0)
    except Exception:  # noqa: BLE001 - whatever it is, it is not in the way of other messages
        rendered = {"$more": _kind(body)}
    return Inexact(json.dumps(rendered, ensure_ascii=False, separators=(",", ":")))


def _is_bytes(value: Any) -> bool:
    import js

    return bool(js.ArrayBuffer.isView(value)) or _kind(value) == "ArrayBuffer"


def _kind(value: Any) -> str:
    """Return the name of JavaScript's class of what is built in."""
    import js

    return str(js.Object.prototype.toString.call(value))[len("[object ") : -1]


def _rendered(values: Any, left: list[int], depth: int) -> list[object]:
    """Return the items of an array as JSON can say them, with `{"$...": ...}` for what it has no word for.

    `left` counts down the values that are still told: objects may be in themselves, and in others many times.
    """
    import js

    boxes = values.map(js.Object)  # Python would take numbers and big integers for the same
    # An older Pyodide takes null and undefined for the same as well; `None` is undefined when it goes back.
    return [
        {"$undefined": True} if value is None and values.indexOf(None, place) == place else _rendered_one(value, box, left, depth)
        for place, (value, box) in enumerate(zip(values, boxes, strict=True))
    ]


def _rendered_one(value: Any, box: Any, left: list[int], depth: int) -> object:
    import js

    left[0] -= 1
    if is_null(value):
        return None
    kind = _kind(box)
    if kind == "BigInt":
        return {"$bigint": str(box.toString())}
    if isinstance(value, float) and not isfinite(value):
        return {"$float": str(box.toString())}
    if isinstance(value, str | bool | int | float):
        return value
    if left[0] < 0 or depth == RENDERED_DEPTH:
        return {"$more": kind}
    if _is_bytes(value):
        return {"$bytes": b64encode(value.to_bytes()).decode()}
    if kind == "Array":
        return _rendered(value, left, depth + 1)
    if kind in {"Map", "Set"}:
        return {f"${kind.lower()}": _rendered(getattr(js.Array, "from")(value), left, depth + 1)}
    if kind == "Object":
        names = [str(name) for name in js.Object.keys(value)]
        return dict(zip(names, _rendered(js.Object.values(value), left, depth + 1), strict=True))
    text = value.toJSON() if kind == "Date" else value.toString()
    return {f"${kind.lower()}": None if is_null(text) else str(text)}
