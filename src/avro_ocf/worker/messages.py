"""Messages of a queue: each holds one upload, as the body of POST /buffer does, and gets a verdict of its own.

A queue delivers at least once, and what is acknowledged never comes again. So a message is acknowledged only when its records are
stored, or when it is itself, because sending it again would not help. Anything else is tried again, until the queue gives up and
moves it to the dead-letter queue, whose messages are stored as they are.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from avro_ocf.errors import ConflictError, DatumError, FormatError, NotFoundError, SchemaError
from avro_ocf.extended_json import dumps
from avro_ocf.hotcold import HotCold
from avro_ocf.worker.access import Grant
from avro_ocf.worker.failures import told
from avro_ocf.worker.uploads import ingest_json

DEAD_LETTER: Final = "dead letter"
"""The reason that a message of a dead-letter queue is stored with."""

FIRST_DELAY_S: Final = 10
MOST_DELAY_S: Final = 3600

_NEVER_FITS: Final = (ConflictError, DatumError, FormatError, NotFoundError, SchemaError)
_EVERYTHING: Final = Grant(None)


class Message(NamedTuple):
    """A message: its `id` in the queue, its `body` (text, bytes, or what JSON stands for), and which delivery this is, from 1 on.

    A body of text is exact; one that a runtime has parsed has whatever that runtime left of its numbers.
    """

    id: str
    body: object
    attempts: int = 1


class Inexact(NamedTuple):
    """A body that JSON cannot say, and so no upload: a `text` to keep it by."""

    text: str


class Verdict(NamedTuple):
    """What to do with a message: acknowledge it, or have it delivered again after `delay_s` seconds."""

    is_ack: bool
    delay_s: int = 0


async def consume(
    store: HotCold, queue: str, messages: Sequence[Message], *, is_dead_letter: bool, log: Callable[[dict[str, object]], None]
) -> list[Verdict]:
    """Return a verdict for each message, in order. Nothing is raised: what goes wrong with one is no matter of the others."""
    verdicts: list[Verdict] = []
    for message in messages:
        try:
            reason = DEAD_LETTER if is_dead_letter else await _ingest(store, message)
            if reason:
                await store.quarantine_message(queue, message.id, body_bytes(message.body), reason)
                log({"event": "poison message", "queue": queue, "message_id": message.id, "reason": reason})
            verdicts.append(Verdict(is_ack=True))
        except Exception as error:  # noqa: BLE001 - it is logged, and the message comes again
            delay_s = min(FIRST_DELAY_S << min(max(message.attempts, 1) - 1, 16), MOST_DELAY_S)
            log({"event": "retry", "queue": queue, "message_id": message.id, "delay_s": delay_s, "error": told(error)})
            verdicts.append(Verdict(is_ack=False, delay_s=delay_s))
    return verdicts


async def _ingest(store: HotCold, message: Message) -> str:
    """Store the upload that a message holds; return why this will never do, or nothing."""
    if isinstance(message.body, Inexact):
        return "it holds what JSON has no word for, as v8 messages may: send text, JSON or bytes"
    try:
        await ingest_json(store, _EVERYTHING, body_bytes(message.body), {}, other_id=message.id)
    except _NEVER_FITS as error:
        return told(error)
    return ""


def body_bytes(body: object) -> bytes:
    """Return a message's body as bytes: JSON as UTF-8, unless it is something else."""
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, Inexact):
        body = body.text
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    try:
        return dumps(body, tags=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError):  # what no JSON text stands for
        return json.dumps(repr(body)).encode()
