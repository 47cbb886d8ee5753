"""What the store does that it should not, and that the simulation goes on past until it is put right.

`--strict` shows the first one that a seed comes to. An entry goes from here with the change that puts it right.
"""

from avro_ocf.errors import StoreError
from tests.hotcold.simulation.truth import Book

TOLERATED: set[str] = {
    "a collection deletes an object that is taken up meanwhile",
    "a compactor whose sources were collected reports damage",
    "a file of JSON that is read while records expire ends with a DatumError",
    "a quarantined record of several rows counts as several",
    "a reset that is at work may let an upload in twice",
    "an object that cannot be got is taken for a damaged one",
    "an upload whose id is forgotten meanwhile is refused",
    "verify reports a row that is archived while it reads",
    "verify reports an object that is being collected",
}
"""All of them, by what happens."""


def is_tolerated(name: str) -> bool:
    """Return whether something is gone past."""
    return name in TOLERATED


def is_overtaken(book: Book, error: StoreError) -> bool:
    """Return whether an error is about a file that is dead or gone by now, so that nothing is wrong with it."""
    path = str(error).partition(":")[0].partition(",")[0]
    return path in book.files and book.files[path].state in {"dead", "gone"}
