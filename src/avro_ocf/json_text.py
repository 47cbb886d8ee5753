"""JSON text that may be hostile."""

import json
import re
from typing import Any, Final

from avro_ocf.errors import DatumError

MOST_NESTED: Final = 900
"""Lists and objects inside one another. Interpreters differ in how many they bear, and Pyodide does not survive its own bound."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MARKS_OF_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

# A string that does not end runs to the end of the text, and no choice is kept to come back to: the time stays linear.
_PIECE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]'


def loads(text: str, **options: Any) -> Any:
    """Return what JSON `text` stands for, as `json.loads` does with the same `options`.

    Raises `RecursionError` when it is nested more deeply than `MOST_NESTED`, and `ValueError` when it is not JSON.
    """
    check_nesting(text)
    return json.loads(text, **options)


def without_mark(data: bytes) -> bytes:
    """Return JSON text in UTF-8 without the byte order mark that it may begin with. Raises `DatumError` for UTF-16 and UTF-32."""
    if data.startswith(_MARKS_OF_UTF_16) or b"\0" in data[:4]:  # no JSON has a NUL, and every one begins in ASCII
        raise DatumError("not UTF-8: by its first bytes the text is UTF-16 or UTF-32; save it as UTF-8")
    return data.removeprefix(BYTE_ORDER_MARK)


def check_nesting(text: str) -> None:
    """Raise `RecursionError` when JSON `text` is nested more deeply than `MOST_NESTED`."""
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return
    depth = 0
    for piece in re.finditer(_PIECE, text, re.DOTALL):
        first = piece[0][0]
        if first != '"':
            depth += 1 if first in "[{" else -1
            if depth > MOST_NESTED:
                raise RecursionError(f"JSON is nested in more than {MOST_NESTED} levels")
