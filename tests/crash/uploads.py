"""What is uploaded while children are killed. An upload follows from its number, which is all that a child is told."""

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

SCHEMAS: dict[str, Any] = {
    "plain": None,
    "typed": {
        "type": "record",
        "name": "Typed",
        "fields": [
            {"name": "upload", "type": "int"},
            {"name": "index", "type": "int"},
            {"name": "at", "type": "long"},
            {"name": "text", "type": ["null", "string"]},
            {"name": "values", "type": {"type": "array", "items": "int"}},
        ],
    },
}
"""The tables: one of JSON, and one with a schema that tells each record's time by its field `at`."""

TABLES = tuple(SCHEMAS)
DATASETS = ("a", "b", "c")
START_MS = 1_760_000_000_000
MONTH_MS = 31 * 24 * 60 * 60 * 1000
LARGE = 12
"""Of so many uploads one has a record of several rows."""


class Upload(NamedTuple):
    """One upload, which is redelivered as it is until it is acknowledged."""

    number: int
    dataset_id: str
    table: str
    timestamp_ms: int
    records: list[Any]

    @property
    def upload_id(self) -> str:
        return f"upload-{self.number}"


def upload(number: int) -> Upload:
    """Return an upload. No two have a record of the same time, so that the order of all records is known."""
    source = random.Random(number)
    dataset_id, table = source.choice(DATASETS), source.choice(TABLES)
    timestamp_ms = START_MS + number + source.randrange(2) * MONTH_MS
    records = [
        {
            "upload": number,
            "index": index,
            "at": START_MS + index // 2 * 1_000_000 + number,  # in pairs of one time, and each upload's between all others'
            "text": source.choice([None, "", "é" * source.randrange(50), f"{source.random()}"]),
            "values": [source.randrange(1000) for _ in range(source.randrange(20))],
        }
        for index in range(source.randint(1, 60))
    ]
    if number % LARGE == LARGE - 1:
        records[0]["text"] = source.randbytes(500_000).hex()
    return Upload(number, dataset_id, table, timestamp_ms, records)


def in_order(uploads: Iterable[Upload]) -> list[Any]:
    """Return the records of some uploads of one dataset and table as a read gives them."""
    timed = [
        (record["at"] if given.table == "typed" else given.timestamp_ms, given.number, index, record)
        for given in uploads
        for index, record in enumerate(given.records)
    ]
    timed.sort(key=lambda entry: entry[:3])
    return [record for *_, record in timed]
