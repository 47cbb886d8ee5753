"""A `Database` over the D1 binding of a Cloudflare Worker.

D1 runs a batch as one transaction. It is never sent a second time from here: D1 itself repeats batches that only read.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from avro_ocf.adapters.javascript import message_of, object_of
from avro_ocf.adapters.limits import check_statements
from avro_ocf.errors import ConflictError, DamagedError, OutcomeUnknownError, StoreError, UnavailableError
from avro_ocf.hotcold.ports import VALUE_BYTES, Row, Statement

SLICE_ROWS: Final = 500

_CODE: Final = re.compile(r": SQLITE_([A-Z]+)(?:_[A-Z_]+)?(?: \(extended: \w+\))?(?: \[code: \d+\])?$")

_BY_CODE: Final[dict[str, tuple[type[StoreError], str]]] = {
    "CONSTRAINT": (ConflictError, ""),
    "TOOBIG": (StoreError, f"; a value or a row has at most {VALUE_BYTES:,} bytes"),
    "FULL": (UnavailableError, "; archive what is hot and expire what is old"),
    "BUSY": (UnavailableError, "; back off and try again"),
    "LOCKED": (UnavailableError, "; back off and try again"),
    "NOMEM": (UnavailableError, "; back off and try again"),
    "READONLY": (UnavailableError, "; back off and try again"),
    "SCHEMA": (UnavailableError, "; back off and try again"),
    "CORRUPT": (DamagedError, "; restore it with Time Travel"),
    "NOTADB": (DamagedError, "; restore it with Time Travel"),
}

_UNKNOWN_CODES: Final = {"ABORT", "CANTOPEN", "INTERNAL", "INTERRUPT", "IOERR", "PROTOCOL"}

_BY_TEXT: Final[tuple[tuple[str, type[StoreError], str], ...]] = (
    ("is overloaded", UnavailableError, "; back off and try again"),
    ("single worker invocation", UnavailableError, "; go on in another invocation, such as the next run of cron"),
    ("exceeded maximum db size", UnavailableError, "; archive what is hot and expire what is old"),
    ("your account has exceeded", UnavailableError, "; see the limits of the account's plan"),
    ("wrong number of parameter bindings", StoreError, ""),
    ("no sql statements detected", StoreError, ""),
    ("to execute a transaction, please use", StoreError, ""),
    ("d1_type_error", StoreError, ""),
)


def error_of(place: str, message: str) -> StoreError:
    """Return what D1's `message` means to the store: what is not known to have changed nothing is an `OutcomeUnknownError`."""
    if (found := _CODE.search(message)) and found[1] not in _UNKNOWN_CODES:
        kind, advice = _BY_CODE.get(found[1], (StoreError, ""))
        return kind(f"{place}: {message}{advice}")
    folded = message.casefold()
    for text, kind, advice in _BY_TEXT:
        if text in folded:
            return kind(f"{place}: {message}{advice}")
    return OutcomeUnknownError(f"{place}: {message}; whether the batch is stored shows when it is read")


def _rows(answer: Any, count: int, name: str) -> list[list[Row]]:
    import js

    rows: list[list[Row]] = []
    if answer.length != count:
        raise ValueError(f"{answer.length} results for {count} statements")
    for result in answer:
        if not result.success:
            raise error_of(name, str(result.error))
        found: list[Row] = []
        # As text each column's name is there once, and null is None. In slices, since memory once taken is never given back.
        for start in range(0, result.results.length, SLICE_ROWS):
            found += json.loads(js.JSON.stringify(result.results.slice(start, start + SLICE_ROWS)))
        rows.append(found)
    return rows


class D1:
    """A `Database` over the binding `env.NAME` of a Worker, whose `name` errors tell.

    Raises `StoreError` when there is no such binding, or it is no D1 database.
    """

    def __init__(self, binding: Any, name: str = "DB") -> None:
        self._binding = object_of(binding, name, "batch", "d1_databases")
        self._name = name

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run `statements` as one transaction and return each one's rows, as `Database.batch` says.

        Besides the port's errors raises `StoreError` for wrong SQL and for what is past a limit of D1, `DamagedError`, and
        `TypeError` for a parameter that is no text. A lost answer is an `OutcomeUnknownError`, for a batch that only reads as well.
        """
        statements = tuple(statements)
        check_statements(self._name, statements)
        if not statements:
            return []
        try:
            return _rows(await self._binding.batch(self._prepare(statements)), len(statements), self._name)
        except StoreError:
            raise
        except Exception as error:
            raise error_of(self._name, message_of(error)) from error

    def _prepare(self, statements: Sequence[Statement]) -> Any:
        from pyodide.ffi import to_js

        prepare = self._binding.prepare
        return to_js([prepare(sql).bind(*params) if params else prepare(sql) for sql, params in statements])
