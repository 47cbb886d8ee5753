"""A dataset as lines of JSON, each of which stands for the very record that it was made of when it is sent again."""

from collections.abc import AsyncIterator

from avro_ocf.extended_json import dumps
from avro_ocf.hotcold.context import Context
from avro_ocf.hotcold.read import BRANCHED, PLAIN, DatasetReader
from avro_ocf.hotcold.snapshot import Query


async def read_lines(context: Context, query: Query) -> AsyncIterator[str]:
    """Yield a line of JSON for each record that `query` asks for, in order, without its end.

    Of a table with a schema, what JSON has no word for is tagged, and so is a union's branch where encoding would take another.
    """
    reader = DatasetReader(context, query)
    await reader.open()
    schema = reader.table.reader_schema
    if schema is None:
        async for record in reader.records():
            yield dumps(record, tags=False)
        return
    from avro_ocf.reference.shortening import Shortener

    shortener = Shortener(schema.node, schema.limits)
    reader.form = BRANCHED if shortener.is_needed else PLAIN
    async for record in reader.records():
        yield dumps(shortener.short(record) if shortener.is_needed else record)
