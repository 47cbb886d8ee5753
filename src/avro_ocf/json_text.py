"""JSON text that may be hostile."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from avro_ocf.errors import DatumError

MOST_NESTED: Final = 900
"""Lists and objects inside one another. Interpreters differ in how many they bear, and Pyodide does not survive its own bound."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MARKS_OF_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

# A string that does not end runs to the end of the text, and no choice is kept to come back to: the time stays linear.
_PIECE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]'

_SPACE: Final = re.compile(r"[ \t\n\r]*")
# Numbers are left as texts: only the places of an array's items matter.
_SCANNER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


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


def array_items(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each item of the JSON array that `text` is begins and ends.

    Raises `RecursionError` when it is nested more deeply than `MOST_NESTED`, and `json.JSONDecodeError` where it is no array.
    """
    check_nesting(text)
    position = _after_space(text, text.find("[") + 1)
    is_more = text[position : position + 1] != "]"
    while is_more:
        _, end = _SCANNER.raw_decode(text, position)
        yield position, end
        position = _after_space(text, end)
        is_more = text[position : position + 1] == ","
        if is_more:
            position = _after_space(text, position + 1)
    if text[position : position + 1] != "]":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
    end = _after_space(text, position + 1)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)


def _after_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


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
