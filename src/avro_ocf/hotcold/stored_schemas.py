"""The schema of a table as it is kept: as text, which every process parses for itself, and as leniently as that of a file.

So what a table's records are is decided by that text alone, whatever `parse_schema` was told when the schema was made.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from avro_ocf.api import Schema, parse_schema
from avro_ocf.errors import DamagedError, SchemaError
from avro_ocf.hotcold.json_records import SCHEMA_BYTES
from avro_ocf.hotcold.ports import Row
from avro_ocf.schema.measure import children
from avro_ocf.schema.model import Field, Logical, Named, Node, Primitive, Record
from avro_ocf.varint import decode_long

PER_MILLISECOND: Final = {"micros": 1000, "nanos": 1_000_000}
"""How many of its units a timestamp counts in a millisecond, by the last word of its logical type."""


def as_stored(schema: Schema) -> Schema:
    """Return what every later reader makes of the text of `schema`. Raises `SchemaError` if that is nothing, or anything else."""
    try:
        stored = parse_schema(schema.json, strict=False)
    except SchemaError as error:
        raise SchemaError(f"a store parses it with the default limits: {error.message}", error.path) from None
    seen: set[int] = set()
    waiting: list[tuple[str, Node, Node]] = [("", schema.node, stored.node)]
    while waiting:
        path, given, kept = waiting.pop()
        if given.logical != kept.logical:
            told = f"a store keeps its text alone, and by that it is {_told(kept.logical)}, not {_told(given.logical)}"
            raise SchemaError(f"{told}: parse it with logical types and without conversions", path)
        if id(given) in seen:
            continue
        seen.add(id(given))
        fields = _fields(given)
        places = [f"{path}.{field.name}".removeprefix(".") for field in fields] or [f"{path}[]"] * len(children(given))
        for field, other, place in zip(fields, _fields(kept), places, strict=False):
            if field.default_bytes != other.default_bytes:
                raise SchemaError("a store parses it with the default limits, by which it has another default", place)
        waiting += zip(places, children(given), children(kept), strict=True)
    return stored


def _told(logical: Logical | None) -> str:
    if logical is None:
        return "a plain value"
    return f"what a conversion makes of {logical.name}" if logical.custom else logical.name


@lru_cache(256)
def writes_alike(first: Schema, second: Schema) -> bool:
    """Return whether any bytes are the same value by both schemas: they differ in docs, defaults and aliases at most."""
    return first.canonical_form == second.canonical_form and _logical_types(first.node) == _logical_types(second.node)


def _logical_types(root: Node) -> list[Logical | None]:
    """Return the logical type of each type in a schema, in an order that the canonical form decides."""
    found: list[Logical | None] = []
    names: set[str] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found.append(node.logical)
        if isinstance(node, Named):
            if node.fullname in names:
                continue
            names.add(node.fullname)
        waiting.extend(children(node))
    return found


def read_stored(table_name: str, row: Row, field: str | None) -> Schema:
    """Return the schema of a row of `table_schemas`, one of a table whose timestamp field is `field`.

    Raises `DamagedError` for one that is none, or is none of such a table.
    """
    text = row["schema"]
    try:
        if row["timestamp_field"] != field:
            raise SchemaError(f"its timestamp field is {row['timestamp_field']!r}, and that of the first version {field!r}")
        if not isinstance(text, str):
            raise SchemaError("it is no text")
        schema = parse_schema(text, strict=False)
        check_record_schema(schema, field)
    except SchemaError as error:
        raise DamagedError(
            f"table {table_name!r}: the schema of version {row['table_version']} cannot be read: {error}; use the version of this "
            "library that wrote it, or mend its row of table_schemas"
        ) from None
    return schema


def check_record_schema(schema: Schema, timestamp_field: str | None) -> None:
    """Raise `SchemaError` unless `schema` is a record that the store can hold, with that field as a time if one is named."""
    if not isinstance(schema.node, Record):
        raise SchemaError(f"a table's schema is a record, not {schema.node.type}")
    if len(schema.json.encode()) > SCHEMA_BYTES:
        raise SchemaError(f"a table's schema has at most {SCHEMA_BYTES} bytes")
    if timestamp_field is not None:
        _place_and_unit(schema.node, timestamp_field)


def _fields(node: Node) -> tuple[Field, ...]:
    return node.fields if isinstance(node, Record) else ()


def _place_and_unit(node: Node, name: str) -> tuple[int, int]:
    """Return which field of a record is called `name`, and how many of its units there are in a millisecond."""
    for place, field in enumerate(_fields(node)):
        if field.name == name:
            logical = field.node.logical.name if field.node.logical else "timestamp-millis"
            if isinstance(field.node, Primitive) and field.node.type == "long" and "timestamp" in logical:
                return place, PER_MILLISECOND.get(logical.rpartition("-")[2], 1)
            raise SchemaError("a timestamp field is a long: milliseconds, or of a timestamp's logical type", name)
    raise SchemaError("there is no such field", name)


def clock(schema: Schema, field: str) -> Callable[[bytes], int]:
    """Return a function from an encoded record to its time in milliseconds: it passes over what is before the field, and stops."""
    from avro_ocf.compiler import Skipper

    place, unit = _place_and_unit(schema.node, field)
    before = Record("before")
    before.fields = _fields(schema.node)[:place]
    skip = Skipper(before, schema.limits).skip

    def time_of(data: bytes) -> int:
        return decode_long(data, skip(data) if place else 0)[0] // unit

    return time_of
