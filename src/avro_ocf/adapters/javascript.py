"""What the adapters to Workers bindings share: values on their way between Python and JavaScript.

A binding is a `JsProxy`, or what the Workers SDK wraps around one; its conversions are too slow for large values. JavaScript's null
is None up to Pyodide 0.26, and `jsnull` later. Pyodide is imported where it is used, so that this loads without it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from avro_ocf.errors import StoreError


def is_null(value: object) -> bool:
    """Return whether a value is JavaScript's null or undefined."""
    import pyodide.ffi

    return value is None or value is getattr(pyodide.ffi, "jsnull", None)


def object_of(binding: Any, name: str, method: str, section: str) -> Any:
    """Return the JavaScript object of a binding, which has `method`.

    Raises `StoreError` with the binding's name and its section of wrangler.toml where it is missing or another thing.
    """
    from pyodide.ffi import JsProxy

    if not isinstance(binding, JsProxy) and not is_null(binding):
        with suppress(ImportError):  # without the SDK nothing is wrapped
            from workers import python_to_rpc

            binding = python_to_rpc(binding)
    if isinstance(binding, JsProxy) and hasattr(binding, method):
        return binding
    found = "missing" if is_null(binding) else "something else"
    raise StoreError(f"binding {name} is {found}: check that wrangler.toml has [[{section}]] with binding = {name!r}")


def to_object(options: dict[str, Any]) -> Any:
    """Return a dict, and those in it, as JavaScript's objects."""
    import js
    from pyodide.ffi import to_js

    return to_js(options, dict_converter=js.Object.fromEntries)


def to_buffer(chunks: Sequence[bytes]) -> Any:
    """Return the joined `chunks` as an ArrayBuffer, whose memory is not Python's."""
    import js

    array = js.Uint8Array.new(sum(map(len, chunks)))
    end = 0
    for chunk in chunks:
        start, end = end, end + len(chunk)
        if chunk:
            array.subarray(start, end).assign(chunk)
    return array.buffer


def message_of(error: BaseException) -> str:
    """Return what an exception of JavaScript or Python says, on one line of some 500 characters at most."""
    message = " ".join(str(getattr(error, "message", None) or str(error) or type(error).__name__).split())
    return message if len(message) <= 500 else f"{message[:350]} ... {message[-150:]}"  # a code stands at the end
