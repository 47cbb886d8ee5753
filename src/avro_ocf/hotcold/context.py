"""What every operation of one store works with, and what several of them ask of it."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from avro_ocf.hotcold import sql
from avro_ocf.hotcold.ports import Bucket, Database, Row, Statement
from avro_ocf.hotcold.settings import Settings

PARAMETER_BYTES: Final = 1_000_000
"""Bytes of JSON that one parameter carries before the rest goes into another: well below the largest value of a database."""


_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode


PAGE: Final = 500
"""Files or objects looked at in one batch."""

PAUSED: Final = "paused"
"""The setting that keeps archivers from starting."""

OnProgress = Callable[[int, int], None]
"""Called on the way, with what is done so far and what there was to do at the start."""


class Context(NamedTuple):
    """The two ports of a store, its settings, `clock` for milliseconds since the epoch, and `token` for 16 random bytes."""

    database: Database
    bucket: Bucket
    settings: Settings
    clock: Callable[[], int]
    token: Callable[[], bytes]

    async def query(self, statement: str, *params: object) -> list[Row]:
        """Return the rows of one statement; its parameters are turned into texts."""
        (rows,) = await self.database.batch([bind(statement, *params)])
        return rows


class Group(NamedTuple):
    """What goes into objects of its own: a table's records of one version and period."""

    table_name: str
    table_version: int
    period_tag: str


class Totals(NamedTuple):
    """A change of one group's row in the ledger."""

    accepted_records: int = 0
    hot_records: int = 0
    hot_bytes: int = 0
    cold_records: int = 0
    cold_bytes: int = 0
    raw_bytes: int = 0
    expired_records: int = 0
    quarantined_records: int = 0


def bind(statement: str, *params: object) -> Statement:
    """Return a statement with its parameters as texts."""
    return Statement(statement, tuple(map(str, params)))


def add_to_ledger(group: Group, totals: Totals) -> Statement:
    """Return the statement that adds `totals` to a group's row."""
    return bind(sql.ADD_TO_LEDGER, *group, *totals)


def guarded(guards: Iterable[Statement], changes: Iterable[Statement]) -> list[Statement]:
    """Return a batch that makes `changes` only if all `guards` hold."""
    return [*guards, *changes, Statement(sql.CLEAR_GUARDS)]


def json_lists(items: Iterable[Any], most_items: int = 10_000) -> Iterator[str]:
    """Yield JSON lists that together hold `items`, each short enough for a parameter unless one item alone is not."""
    texts: list[str] = []
    size = 0
    for item in items:
        text = _ENCODE(item)  # ASCII, so that characters are bytes
        item_bytes = len(text) + 1
        if texts and (size + item_bytes > PARAMETER_BYTES or len(texts) >= most_items):
            yield f"[{','.join(texts)}]"
            texts, size = [], 0
        texts.append(text)
        size += item_bytes
    if texts:
        yield f"[{','.join(texts)}]"


def in_lists(statement: str, items: Sequence[Any], *params: object) -> Iterator[Statement]:
    """Yield `statement` for each of the JSON lists that hold `items`; the list is its first parameter."""
    return (bind(statement, listed, *params) for listed in json_lists(items))
