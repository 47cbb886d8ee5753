"""A dataset as lines of JSON, each of which stands for the very record that it was made of when it is sent again."""

from collections.abc import AsyncIterator

from avro_ocf.extended_json import dumps
from avro_ocf.hotcold.context import Context
from avro_ocf.hotcold.read import BRANCHED, DatasetReader
from avro_ocf.hotcold.snapshot import Query
from avro_ocf.reference.shortening import Shortener


async def read_lines(context: Context, query: Query) -> AsyncIterator[str]:
    """Yield a line of JSON for each record that `query` asks for, in order, without its end.

    Of a table with a schema, what JSON has no word for is tagged, and so is a union's branch where encoding would take another.
    """
    reader = DatasetReader(context, query)
    await reader.open()
    schema = reader.table.reader_schema
    shortener = None if schema is None else Shortener(schema.node, schema.limits)
    if shortener is None or not shortener.is_needed:
        async for record in reader.records():
            yield dumps(record, tags=shortener is not None)
        return
    reader.form = BRANCHED
    async for record in reader.records():
        yield dumps(shortener.short(record))
