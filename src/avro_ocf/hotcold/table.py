"""`Table`: what is known of a table, and so how its records are stored hot, dated and read.

A table without a schema has the one version 0 and holds JSON. A table with schemas has versions from 1 on, side by side; the newest
reads what any of them wrote, so that readers see one table.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from avro_ocf.api import Schema, parse_schema
from avro_ocf.errors import ConflictError, DatumError, NotFoundError, SchemaError
from avro_ocf.hotcold.json_records import RECORD_BYTES, SCHEMA_BYTES, decode_json, encode_json
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.ports import Row
from avro_ocf.schema.model import Node, Primitive, Record

JSON_VERSION: Final = 0
"""The version of a table without a schema."""

PER_MILLISECOND: Final = {"micros": 1000, "nanos": 1_000_000}
"""How many of its units a timestamp counts in a millisecond, by the last word of its logical type."""


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
        """Return the table that rows of `table_schemas` describe."""
        schemas = {int(row["table_version"]): parse_schema(row["schema"]) for row in rows}
        return cls(name, schemas, rows[0]["timestamp_field"] if rows else None)

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

    def decode(self, version: int, data: bytes) -> Any:
        """Return the record that is stored hot as `data`, as the newest version reads it.

        Raises `ValueError` (a `FormatError` among them), `KeyError` for an unknown version and `RecursionError` for a row that
        `encode` never made.
        """
        return decode_json(data) if version == JSON_VERSION else self.schemas[version].decode(data, self.reader_schema)

    def time_of(self, version: int, data: bytes) -> int | None:
        """Return the time of a record that is stored as `data`, in milliseconds, or None when the table names no field for it.

        Raises `DatumError` for a time before the epoch or past `TIME_MAX`.
        """
        if self.timestamp_field is None:
            return None
        if version not in self._clocks:
            self._clocks[version] = _clock(self.schemas[version], self.timestamp_field)
        time_ms = self._clocks[version](data)
        if not 0 <= time_ms <= TIME_MAX:
            raise DatumError(f"{time_ms} is not a time from 0 to {TIME_MAX} ms", self.timestamp_field)
        return time_ms

    def with_schema(self, schema: Schema, timestamp_field: str | None) -> "tuple[Table, int]":
        """Return this table with `schema`, and the schema's version: a known one's if its text is the same, else a new one.

        Raises `SchemaError` when it is no record, has no such timestamp field, or cannot read what the versions so far have
        written, and `ConflictError` for another timestamp field than theirs.
        """
        check_record_schema(schema, timestamp_field)
        if self.schemas and timestamp_field != self.timestamp_field:
            raise ConflictError(f"the timestamp field of table {self.name!r} is {self.timestamp_field!r}, not {timestamp_field!r}")
        from avro_ocf.resolution.compatibility import incompatibilities

        for version, known in self.schemas.items():
            if known == schema:
                return self, version
            for problem in incompatibilities(known.node, schema.node, any_bytes=True):
                raise SchemaError(f"it cannot read version {version} of table {self.name!r}: {problem.reason}", problem.path)
        version = self.newest + 1
        return Table(self.name, {**self.schemas, version: schema}, timestamp_field), version


def check_record_schema(schema: Schema, timestamp_field: str | None) -> None:
    """Raise `SchemaError` unless `schema` is a record that the store can hold, with that field as a time if one is named."""
    if not isinstance(schema.node, Record):
        raise SchemaError(f"a table's schema is a record, not {schema.node.type}")
    if len(schema.json.encode()) > SCHEMA_BYTES:
        raise SchemaError(f"a table's schema has at most {SCHEMA_BYTES} bytes")
    if timestamp_field is not None:
        _timestamp_unit(schema.node, timestamp_field)


def _timestamp_unit(node: Node, name: str) -> int:
    """Return how many of its units the field `name` of a record counts in a millisecond."""
    for field in node.fields if isinstance(node, Record) else ():
        if field.name == name:
            logical = field.node.logical.name if field.node.logical else "timestamp-millis"
            if isinstance(field.node, Primitive) and field.node.type == "long" and "timestamp" in logical:
                return PER_MILLISECOND.get(logical.rpartition("-")[2], 1)
            raise SchemaError("a timestamp field is a long: milliseconds, or of a timestamp's logical type", name)
    raise SchemaError("there is no such field", name)


def _clock(schema: Schema, field: str) -> Callable[[bytes], int]:
    """Return a function from an encoded record to its time: a decoder that makes nothing but the field."""
    unit = _timestamp_unit(schema.node, field)
    start = json.loads(schema.json)
    names = [entry["name"] for entry in start["fields"]]
    del start["fields"][names.index(field) + 1 :]  # what comes behind the field is not looked at
    raw = parse_schema(start, logical_types=False)
    wanted = parse_schema(
        {"type": "record", "name": schema.node.name, "fields": [{"name": field, "type": "long"}]}, logical_types=False, strict=False
    )
    decode = raw.decoder(wanted).decode

    def time_of(data: bytes) -> int:
        return int(decode(data)[0][field]) // unit

    return time_of


def check_all(records: Iterable[object], encode: Callable[[object], bytes]) -> list[bytes]:
    """Return each record encoded. Raises `DatumError` with the index of the record that does not fit."""
    datas: list[bytes] = []
    for record in records:
        try:
            datas.append(encode(record))
        except DatumError as error:
            raise DatumError(error.message, error.path, len(datas)) from None
    return datas
