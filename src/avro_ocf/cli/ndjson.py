"""Records as lines of JSON: read one by one, or grouped by a field through a temporary database on disk."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, Final

from avro_ocf import extended_json
from avro_ocf.cli.kinds import kind_of
from avro_ocf.cli.output import CommandError
from avro_ocf.errors import DatumError
from avro_ocf.json_text import array_items, without_mark
from avro_ocf.schema.inference import GIVE_A_SCHEMA

_ARRAY: Final = re.compile(rb"\s*\[\s*(?:\{|\]?\s*$)")


class Lines:
    """The records of an NDJSON file, with the tags of `extended_json` or without; blank lines are none.

    With `arrays`, text that begins with `[` and then `{` is one JSON array of records, which is kept in memory as text.
    `number` is the line, counted from 1, of the record read last: with `errors_named`, what goes wrong is told with it.
    """

    def __init__(self, file: BinaryIO, name: str, *, tags: bool, arrays: bool) -> None:
        self._file = file
        self._name = name
        self._tags = tags
        self._arrays = arrays
        self.number = 0

    def __iter__(self) -> Iterator[object]:
        for _, record in self._records():
            yield record

    def grouped(self, field: str) -> Iterator[Iterator[object]]:
        """Yield the records of each value of `field`, values in order of appearance, records in order of lines.

        Read a group to its end before the next. Lines wait in a temporary database on disk, so memory does not grow with them.
        """
        import sqlite3

        try:
            with closing(sqlite3.connect("")) as database:
                database.execute("CREATE TABLE spool (number INTEGER, value BLOB, line BLOB)")
                rows = ((self.number, self._value(record, field), line) for line, record in self._records())
                database.executemany("INSERT INTO spool VALUES (?, ?, ?)", rows)
                database.execute("CREATE INDEX by_value ON spool (value)")
                for (value,) in database.execute("SELECT value FROM spool GROUP BY value ORDER BY MIN(rowid)"):
                    yield self._spooled(database.execute("SELECT number, line FROM spool WHERE value = ? ORDER BY rowid", (value,)))
        except sqlite3.Error as error:
            raise CommandError(f"the temporary database for --by failed: {error}") from error

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        """Turn a `DatumError` into a `CommandError` that names the file, the line and the field."""
        try:
            yield
        except DatumError as error:
            line = f", line {self.number}" if self.number else ""
            place = f"{error.path}: " if error.path else ""
            hint = "; --plain takes JSON as it is" if error.message.startswith(extended_json.BAD_TAG) else ""
            hint = " (--schema)" if error.message.endswith(GIVE_A_SCHEMA) else hint
            raise CommandError(f"{self._name}{line}: {place}{error.message}{hint}") from error

    def _records(self) -> Iterator[tuple[bytes, object]]:
        is_first = True
        for text in self._texts():
            try:
                record = self._parse(text)
            except DatumError as error:
                if not (is_first and error.message.startswith("not JSON")):
                    raise
                hint = "each line is one record as JSON, or all is one array of them"
                raise DatumError(f"{error.message}; {hint}", error.path) from None
            yield text, record
            is_first = False

    def _texts(self) -> Iterator[bytes]:
        """Yield the text of each record, with `number` at the line where it begins."""
        is_first = self._arrays
        self.number = 0
        for marked in self._file:
            self.number += 1
            if self.number == 1 and (kind := kind_of(marked)):
                raise DatumError(f"not JSON: it looks like {kind}")
            line = without_mark(marked)  # there may be one wherever files were joined
            if not line or line.isspace():
                continue
            if is_first and _ARRAY.match(line):
                yield from self._items(line + self._file.read())
                return
            is_first = False
            yield line

    def _items(self, data: bytes) -> Iterator[bytes]:
        """Yield the text of each item of the array in `data`, which begins at the line `number`."""
        first, position = self.number, 0
        try:
            text = data.decode()
            for start, end in array_items(text):
                self.number += text.count("\n", position, start)
                position = start
                yield text[start:end].encode()
        except UnicodeDecodeError as error:
            raise DatumError(f"not UTF-8: {error}") from None
        except RecursionError:
            raise DatumError("nested too deeply") from None
        except json.JSONDecodeError as error:
            self.number = first + error.lineno - 1
            raise DatumError(f"not JSON: {error.msg}, at column {error.colno}") from None

    def _spooled(self, rows: Iterable[tuple[int, bytes]]) -> Iterator[object]:
        for self.number, line in rows:
            yield self._parse(line)

    @staticmethod
    def _value(record: object, field: str) -> bytes:
        if not isinstance(record, dict) or field not in record:
            raise DatumError("the field to group by is missing", field)
        return extended_json.dumps(record[field]).encode("utf-8", "surrogatepass")

    def _parse(self, line: bytes) -> object:
        try:
            return extended_json.loads(line.decode(), tags=self._tags)
        except UnicodeDecodeError as error:
            raise DatumError(f"not UTF-8: {error}") from None
