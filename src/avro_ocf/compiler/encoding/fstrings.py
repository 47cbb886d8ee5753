"""Expressions for the text of an encoded datum, made of parts: an expression in braces, or constant text, escaped."""

from collections.abc import Iterator
from typing import Final

JOINED_MAX: Final = 30
"""Parts of one f-string; CPython makes a list of more and joins that."""

LINE_MAX: Final = 120
"""Characters of an f-string on one line, unless one part has more."""


def has_place(expression: str) -> bool:
    """Tell whether Python 3.11 allows an expression in an f-string between double quotes."""
    return '"' not in expression and "\\" not in expression


def joined(parts: list[str]) -> str:
    """Return the expression for the text of a few short parts."""
    if len(parts) == 1 and parts[0].startswith("{"):
        return parts[0][1:-1]
    return f'f"{"".join(parts)}"'


def assignment(target: str, parts: list[str]) -> list[str]:
    """Return lines that assign the text of `parts` to a variable."""
    if len(parts) <= 1 or (len(parts) <= JOINED_MAX and sum(map(len, parts)) <= LINE_MAX):
        return [f"{target} = {joined(parts)}"]
    chunks = [[*_lines(parts[start : start + JOINED_MAX])] for start in range(0, len(parts), JOINED_MAX)]
    if len(chunks) == 1:
        return [f"{target} = (", *chunks[0], ")"]
    return [f"{target} = join((", *(line for chunk in chunks for line in (*chunk[:-1], chunk[-1] + ",")), "))"]


def _lines(parts: list[str]) -> Iterator[str]:
    """Yield lines that together are one f-string."""
    line = ""
    for part in parts:
        if line and len(line) + len(part) > LINE_MAX:
            yield f'    f"{line}"'
            line = ""
        line += part
    yield f'    f"{line}"'


def escaped(data: bytes) -> str:
    """Return the constant part of an f-string for a few bytes that are none of the schema's text."""
    return "".join(f"\\x{byte:02x}" for byte in data)
