"""What D1 takes of a statement, which every `Database` holds its batches to before it runs or sends them."""

from collections.abc import Sequence
from typing import Final

from avro_ocf.errors import StoreError
from avro_ocf.hotcold.ports import VALUE_BYTES, Statement

SQL_BYTES: Final = 100_000
"""Bytes of the longest SQL statement."""


def size_of(text: str) -> int:
    """Return the bytes of a text in UTF-8, or -1 where it has a lone surrogate, which is no Unicode."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def check_statements(place: str, statements: Sequence[Statement]) -> None:
    """Raise `TypeError` for what is no text, and `StoreError` for what is no Unicode or past D1's limits, before it is sent."""
    for number, text in ((number, text) for one in statements for number, text in enumerate((one.sql, *one.params))):
        name = f"parameter ?{number}" if number else "the statement"
        if not isinstance(text, str):
            raise TypeError(f"{name} is a str, not {type(text).__name__}")
        size = size_of(text)
        most_bytes = VALUE_BYTES if number else SQL_BYTES
        if size < 0:
            raise StoreError(f"{place}: {name} is no Unicode text: it has a lone surrogate")
        if size > most_bytes:
            raise StoreError(f"{place}: {name} has {size:,} bytes of at most {most_bytes:,}")
