"""What somebody may have meant: loaded only once something is wrong."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST_CHARACTERS: Final = 64
MOST_NAMES: Final = 1000
"""Comparing takes time for each character and each name, and both may come from a hostile schema."""


def closest(name: str, names: Iterable[str], likeness: float = 0.8) -> str | None:
    """Return the one of `names` that `name` may be a slip of: the same but for case, `-` and `_`, or alike to that degree of 1."""
    if len(name) > MOST_CHARACTERS:
        return None
    plain: dict[str, str] = {}
    for other in names:
        if len(plain) == MOST_NAMES:
            break
        if other != name and len(other) <= MOST_CHARACTERS:
            plain.setdefault(_plain(other), other)
    found = get_close_matches(_plain(name), plain, 1, likeness)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
