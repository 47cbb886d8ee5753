"""`Table`: what is known of a table, and so how its records are stored hot, dated and read.

A table without a schema has the one version 0 and holds JSON. A table with schemas has versions from 1 on, side by side; the newest
reads what any of them wrote, so that readers see one table.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from avro_ocf.api import Schema
from avro_ocf.errors import ConflictError, DatumError, NotFoundError, SchemaError
from avro_ocf.hotcold.json_records import RECORD_BYTES, decode_json, encode_json
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.stored_schemas import as_stored, check_record_schema, clock, read_stored, writes_alike

JSON_VERSION: Final = 0
"""The version of a table without a schema."""


class Table:
    """A table: its `name`, its `schemas` by version (none for a table of JSON) and its `timestamp_field`, or None."""

    __slots__ = ("_clocks", "name", "schemas", "timestamp_field")

    def __init__(self, name: str, schemas: dict[int, Schema], timestamp_field: str | None) -> None:
        self.name = name
        self.schemas = schemas
        self.timestamp_field = timestamp_field
        self._clocks: dict[int, Callable[[bytes], int]] = {}

    @classmethod
    def from_rows(cls, name: str, rows: Sequence[Row]) -> "Table":
        """Return the table that rows of `table_schemas` describe. Raises `DamagedError` for a schema that cannot be read."""
        field = rows[0]["timestamp_field"] if rows else None
        return cls(name, {int(row["table_version"]): read_stored(name, row, field) for row in rows}, field)

    @property
    def newest(self) -> int:
        """The version that records are checked against and read as, unless another is asked for."""
        return max(self.schemas, default=JSON_VERSION)

    @property
    def reader_schema(self) -> Schema | None:
        """The schema that all records are read as, or None for a table of JSON."""
        return self.schemas.get(self.newest)

    def version_of(self, version: int | None) -> int:
        """Return `version`, or the newest for None. Raises `NotFoundError` when the table has no such version."""
        if version is None:
            return self.newest
        if version not in self.schemas and (self.schemas or version != JSON_VERSION):
            raise NotFoundError(f"table {self.name!r} has no version {version}")
        return version

    def encode(self, version: int, record: object) -> bytes:
        """Return a record as it is stored hot: JSON text, or Avro's binary encoding with defaults filled in.

        Raises `DatumError`.
        """
        if version == JSON_VERSION:
            return encode_json(record)
        data = self.schemas[version].encode(record)
        if len(data) > RECORD_BYTES:
            raise DatumError(f"the record takes {len(data)} bytes, more than {RECORD_BYTES}")
        return data

    def decode(self, version: int, data: bytes, *, branches: bool = False) -> Any:
        """Return the record that is stored hot as `data`, as the newest version reads it, with `branches` as `Schema.decode` does.

        Raises `ValueError` (a `FormatError` among them), `KeyError` for an unknown version and `RecursionError` for a row that
        `encode` never made.
        """
        if version == JSON_VERSION:
            return decode_json(data)
        return self.schemas[version].decode(data, self.reader_schema, branches=branches)

    def recode(self, version: int, data: bytes) -> bytes:
        """Return the record that is stored hot as `data` in the encoding of the newest version. Raises as `decode`."""
        newest = self.schemas[self.newest]
        if writes_alike(self.schemas[version], newest):
            newest.decode(data)
            return data
        return newest.encode(self.decode(version, data, branches=True))

    def time_of(self, version: int, data: bytes) -> int | None:
        """Return the time of a record that is stored as `data`, in milliseconds, or None when the table names no field for it.

        Raises `DatumError` for a time before the epoch or past `TIME_MAX`.
        """
        if self.timestamp_field is None:
            return None
        if version not in self._clocks:
            self._clocks[version] = clock(self.schemas[version], self.timestamp_field)
        time_ms = self._clocks[version](data)
        if not 0 <= time_ms <= TIME_MAX:
            raise DatumError(f"{time_ms} is not a time from 0 to {TIME_MAX} ms", self.timestamp_field)
        return time_ms

    def with_schema(self, schema: Schema, timestamp_field: str | None) -> "tuple[Table, int]":
        """Return this table with `schema` as it is stored, and its version: a known one's if its text is the same, else a new one.

        Raises `SchemaError` when it is no record, has no such timestamp field, is another one when it is parsed as it is stored, or
        cannot read what the versions so far have written, and `ConflictError` for another timestamp field than theirs.
        """
        schema = as_stored(schema)
        check_record_schema(schema, timestamp_field)
        if self.schemas and timestamp_field != self.timestamp_field:
            raise ConflictError(f"the timestamp field of table {self.name!r} is {self.timestamp_field!r}, not {timestamp_field!r}")
        for version, known in self.schemas.items():
            if known == schema:
                return self, version
        table = Table(self.name, {**self.schemas, self.newest + 1: schema}, timestamp_field)
        table.check_versions()
        return table, table.newest

    def check_versions(self) -> None:
        """Raise `SchemaError` unless the newest version can read whatever the others have written."""
        from avro_ocf.resolution.compatibility import incompatibilities

        newest = self.reader_schema
        for version, known in self.schemas.items():
            if newest is not None and known is not newest:
                for problem in incompatibilities(known.node, newest.node, any_bytes=True):
                    raise SchemaError(f"it cannot read version {version} of table {self.name!r}: {problem.reason}", problem.path)


def check_all(records: Iterable[object], encode: Callable[[object], bytes]) -> list[bytes]:
    """Return each record encoded. Raises `DatumError` with the index of the record that does not fit."""
    datas: list[bytes] = []
    for record in records:
        try:
            datas.append(encode(record))
        except DatumError as error:
            raise DatumError(error.message, error.path, len(datas)) from None
    return datas
