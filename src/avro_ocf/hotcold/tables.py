"""Registering the schemas of tables."""

from avro_ocf.api import Schema
from avro_ocf.errors import ConflictError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, bind, guarded
from avro_ocf.hotcold.table import Table


async def load_table(context: Context, name: str) -> Table:
    """Return what the database knows of a table; one that it does not know is a table of JSON."""
    return Table.from_rows(name, await context.query(sql.READ_SCHEMAS, name))


async def add_table(context: Context, name: str, schema: Schema, timestamp_field: str | None) -> int:
    """Register `schema` as the table's newest version and return its number; a schema that is there keeps its own.

    Raises `SchemaError`, and `ConflictError` for a table that already holds records without a schema or has another timestamp
    field.
    """
    while True:
        known = await load_table(context, name)
        table, version = known.with_schema(schema, timestamp_field)
        if table is known:
            return version
        row = bind(sql.INSERT_SCHEMA, name, version, schema.json, timestamp_field or "")
        try:
            await context.database.batch(guarded([bind(sql.GUARD_NO_JSON, name)], [row]))
        except ConflictError:
            if (await load_table(context, name)).newest == known.newest:  # else another call took the version's number
                raise ConflictError(f"table {name!r} already holds records without a schema") from None
            continue
        return version
