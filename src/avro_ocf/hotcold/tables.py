"""Registering the schemas of tables, and looking at those that are registered."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import Final

from avro_ocf.api import Schema
from avro_ocf.errors import ConflictError, DamagedError, SchemaError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, bind, guarded
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.table import Table

SCHEMAS_READ: Final = 10
"""Schemas read at once."""


async def load_table(context: Context, name: str) -> Table:
    """Return what the database knows of a table; one that it does not know is a table of JSON. Raises `DamagedError`."""
    return Table.from_rows(name, await context.query(sql.READ_SCHEMAS, name))


async def add_table(context: Context, name: str, schema: Schema, timestamp_field: str | None) -> int:
    """Register `schema` as the table's newest version and return its number; a schema that is there keeps its own.

    Raises `SchemaError`, and `ConflictError` for a table that already holds records without a schema or has another timestamp
    field. What is stored is what was parsed again, so that a table that is accepted can be read.
    """
    while True:
        known = await load_table(context, name)
        table, version = known.with_schema(schema, timestamp_field)
        if table is known:
            return version
        row = bind(sql.INSERT_SCHEMA, name, version, table.schemas[version].json, timestamp_field or "")
        try:
            await context.database.batch(guarded([bind(sql.GUARD_NO_JSON, name)], [row]))
        except ConflictError:
            if (await load_table(context, name)).newest == known.newest:  # else another call took the version's number
                raise ConflictError(f"table {name!r} already holds records without a schema") from None
            continue
        return version


async def bad_tables(context: Context) -> AsyncIterator[tuple[str, str]]:
    """Yield each table that cannot be read because of its schemas, and why."""
    async for name, rows in _schema_rows(context):
        try:
            Table.from_rows(name, rows).check_versions()
        except DamagedError as error:
            yield name, str(error).removeprefix(f"table {name!r}: ")
        except SchemaError as error:
            yield name, f"the newest version: {error}"


async def _schema_rows(context: Context) -> AsyncIterator[tuple[str, list[Row]]]:
    """Yield each table that has schemas, with their rows."""
    waiting: list[Row] = []
    last = ("", 0)
    while page := await context.query(sql.READ_ALL_SCHEMAS, *last, SCHEMAS_READ):
        last = (page[-1]["table_name"], int(page[-1]["table_version"]))
        *whole, (_, waiting) = [
            (name, list(rows)) for name, rows in groupby([*waiting, *page], key=lambda row: str(row["table_name"]))
        ]
        for one in whole:
            yield one
    if waiting:
        yield last[0], waiting
