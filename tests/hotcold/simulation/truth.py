"""What was sent, what was found of it, and where it stands: plain dicts that are copied when a prepared world is brought back.

Each record carries a number that no other record has, its payload. So a record that is there twice, or that stands under another
record's key, shows at once, whatever sequence it was given.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from avro_ocf import Schema, parse_schema
from avro_ocf.hotcold.context import Group
from avro_ocf.hotcold.table import JSON_VERSION

TABLES: Final = ("battle", "fleet")
DATASETS: Final = ("ann", "ben", "cleo")

STRAY: Final = "battle/stray.avro"
"""The key of an object that is there without a row, and that `verify` tells of rightly."""

BRANCHES: Final = ("Note", "Memo")
_TEXT: Final = {
    "name": "text",
    "type": [{"type": "record", "name": name, "fields": [{"name": "text", "type": "string"}]} for name in BRANCHES],
}
_FIELDS: Final = ({"name": "id", "type": "long"}, _TEXT)
_EXTRA: Final = {"name": "extra", "type": "long", "default": 7}
_AT: Final = {"name": "at", "type": "long"}


class Kind(NamedTuple):
    """What the tables of a world are like: the versions of their schema, none for JSON, and the field that holds a record's time.

    A record of a schema has one of two branches that take each other's values. In a `wide` kind, records of JSON are so different
    that one file holds but a few of them.
    """

    name: str
    schemas: tuple[Schema, ...] = ()
    timestamp_field: str | None = None
    wide: bool = False

    def record(self, payload: int, size: int, time_ms: int | None) -> dict[str, Any]:
        """Return a record; `size` is about how many bytes it takes."""
        text = "x" * size
        if self.wide:
            return {"id": payload, f"{'key' * 8}{payload // 9 % 2}": text}
        if not self.schemas:
            return {"id": payload, "text": text}
        branched = (BRANCHES[payload % 2], {"text": text})
        return {"id": payload, "text": branched, **({"at": time_ms} if self.timestamp_field else {})}

    def payload_of(self, table_version: int, data: bytes) -> int:
        """Return the payload of a hot record. Raises `ValueError` for what is none."""
        if table_version == JSON_VERSION:
            return int(json.loads(data)["id"])
        return int(self.schemas[table_version - 1].decode(data)["id"])


def _schema(*fields: object) -> Schema:
    return parse_schema({"type": "record", "name": "Battle", "fields": [*_FIELDS, *fields]})


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("plain", (_schema(), _schema(_EXTRA))),
        Kind("dated", (_schema(_AT), _schema(_AT, _EXTRA)), "at"),
        Kind("json"),
        Kind("wide", wide=True),
    )
}


def same_record(found: Any, sent: dict[str, Any]) -> bool:
    """Return whether a reader's record is what was sent; it may be seen through a later version."""
    return bool(found in (sent, {**sent, "extra": 7}))


class Sent(NamedTuple):
    """An upload; `number` tells it from every other one, also from one of the same id."""

    number: int
    dataset_id: str
    table: str
    upload_id: str | None
    timestamp_ms: int | None
    period_tag: str | None
    payloads: tuple[int, ...]
    records: tuple[dict[str, Any], ...]


class Payload(NamedTuple):
    """What is known of a record before it is stored: `time_ms` is None when it depends on when it arrives."""

    number: int
    dataset_id: str
    table: str
    time_ms: int | None
    record: dict[str, Any]


class Hot(NamedTuple):
    """A record in `buffer_logs`."""

    group: Group
    size: int


class File(NamedTuple):
    """A row of `archived_files`."""

    id: int
    path: str
    size: int
    group: Group
    header_size: int
    checksum: str
    record_count: int
    raw_bytes: int
    end_ms: int
    state: str


class Cold(NamedTuple):
    """The payloads of a live file; `data` and `blocks` are what they were read from."""

    data: bytes
    blocks: list[tuple[Any, ...]]
    payloads: tuple[int, ...]


class Book:
    """All of it, as of the last change.

    `keys` and `owners` are the record key of each payload and the payload of each sequence, which never change. `expired` are the
    payloads that retention has taken, `removed` those that were ever taken by it or wiped by a reset, `poison` the payloads of rows
    that no file can hold, by their data. `resets` counts the batches of resets, `resets_ended` the last ones of each, and
    `is_resetting` is set from the first of one to the last.
    """

    def __init__(self) -> None:
        self.uploads: dict[int, Sent] = {}
        self.payloads: dict[int, Payload] = {}
        self.poison: dict[bytes, int] = {}
        self.keys: dict[int, tuple[int, int]] = {}
        self.owners: dict[int, int] = {}
        self.stored_by_id: dict[tuple[str, str, str], int] = {}
        self.hot: dict[int, Hot] = {}
        self.files: dict[str, File] = {}
        self.file_rows: dict[str, tuple[Any, ...]] = {}
        self.blocks: dict[int, list[tuple[Any, ...]]] = {}
        self.cold: dict[str, Cold] = {}
        self.quarantined: dict[int, Group] = {}
        self.present: set[int] = set()
        self.expired: set[int] = set()
        self.removed: set[int] = set()
        self.expired_counts: dict[Group, int] = {}
        self.ledger: dict[Group, tuple[int, ...]] = {}
        self.is_resetting = False
        self.resets = 0
        self.resets_ended = 0

    def copy(self) -> "Book":
        """Return another one of the same content."""
        other = Book.__new__(Book)
        vars(other).update({name: value.copy() if isinstance(value, dict | set) else value for name, value in vars(self).items()})
        return other

    def new_upload(
        self,
        kind: Kind,
        place: tuple[str, str],
        sizes_and_times: Iterable[tuple[int, int]],
        *,
        upload_id: str | None,
        timestamp_ms: int | None,
        period_tag: str | None = None,
    ) -> Sent:
        """Return an upload that was not there before, of one record for each size and time; the times are for dated tables."""
        first = len(self.payloads) + 1
        records = [kind.record(first + index, size, time_ms) for index, (size, time_ms) in enumerate(sizes_and_times)]
        payloads = tuple(range(first, first + len(records)))
        number = len(self.uploads) + 1
        for payload, record in zip(payloads, records, strict=True):
            self.payloads[payload] = Payload(number, *place, record.get("at", timestamp_ms), record)
        sent = Sent(number, *place, upload_id, timestamp_ms, period_tag, payloads, tuple(records))
        self.uploads[number] = sent
        return sent

    def new_poison(self, place: tuple[str, str], parts: int) -> tuple[int, list[bytes]]:
        """Return the payload of a row that no file can hold, and the data of each of its parts."""
        payload = len(self.payloads) + 1
        self.payloads[payload] = Payload(0, *place, None, {})
        data = [b"\xff" * 11 + b"%d" % payload for _ in range(parts)]
        self.poison[b"".join(data)] = payload
        return payload, data

    def readable(self, dataset_id: str, table: str) -> frozenset[int]:
        """Return the payloads that a reader of a dataset has to find now."""
        poison = set(self.poison.values())
        there = self.present - self.expired - poison
        return frozenset(p for p in there if self.payloads[p].dataset_id == dataset_id and self.payloads[p].table == table)

    def is_poisoned(self, dataset_id: str, table: str) -> bool:
        """Return whether a dataset ever had a row that cannot be read."""
        return any(self.payloads[p].dataset_id == dataset_id and self.payloads[p].table == table for p in self.poison.values())
