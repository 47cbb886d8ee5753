"""Messages of a queue that hold no upload that can be stored: kept as they came, for an operator to look at."""

from typing import Final

from avro_ocf.errors import DatumError
from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context

MESSAGE_BYTES: Final = 900_000
"""Bytes of the largest message: in hexadecimal digits it must fit a parameter. Cloudflare's queues take 128,000."""


async def quarantine_message(context: Context, queue: str, message_id: str, body: bytes, reason: str) -> bool:
    """Store a message, unless this one of this queue is there, and tell whether it was not. Raises `DatumError`."""
    if len(body) > MESSAGE_BYTES:
        raise DatumError(f"the message has {len(body)} bytes, more than {MESSAGE_BYTES}")
    return bool(await context.query(sql.INSERT_POISON, queue, message_id, body.hex(), reason[:1000], context.clock()))
