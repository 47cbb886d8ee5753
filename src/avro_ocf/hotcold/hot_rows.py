"""The hot rows of a group, dataset by dataset, in pages that memory can hold."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Final, NamedTuple

from avro_ocf.hotcold import sql
from avro_ocf.hotcold.context import Context, Group
from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.hotcold.ports import Row
from avro_ocf.hotcold.record_keys import RecordKey, StoredRecord

PAGE_BYTES: Final = 512 * 1024
"""Bytes of rows that are asked for at once, unless one row alone has more; on its way a page takes some six times its bytes."""

PAGE_ROWS: Final = 5_000
DATASETS_LISTED: Final = 5_000


class HotDataset(NamedTuple):
    """What a dataset has in `buffer_logs` of one group."""

    dataset_id: str
    row_count: int
    byte_count: int


async def hot_datasets(context: Context, group: Group, last_id: int) -> AsyncIterator[list[HotDataset]]:
    """Yield the datasets that have rows of `group` up to the id `last_id`, in order, some thousands at a time."""
    after = ""
    while True:
        rows = await context.query(sql.READ_HOT_DATASETS, after, *group, last_id, DATASETS_LISTED)
        yield [HotDataset(row["dataset_id"], int(row["row_count"]), int(row["byte_count"])) for row in rows if row["row_count"]]
        if len(rows) < DATASETS_LISTED:
            return
        after = rows[-1]["dataset_id"]


def plan_shares(datasets: Iterable[HotDataset], most_bytes: int, most_rows: int) -> Iterator[list[HotDataset]]:
    """Yield runs of whole datasets that together stay within both bounds; a dataset past them alone is a run of its own."""
    share: list[HotDataset] = []
    byte_count = row_count = 0
    for dataset in datasets:
        size = dataset.byte_count + len(json.dumps(dataset.dataset_id))  # ids are parameters, and may be longer than their rows
        if share and (byte_count + size > most_bytes or row_count + dataset.row_count > most_rows):
            yield share
            share, byte_count, row_count = [], 0, 0
        share.append(dataset)
        byte_count += size
        row_count += dataset.row_count
    if share:
        yield share


async def read_share(context: Context, group: Group, share: list[HotDataset], last_id: int) -> AsyncIterator[StoredRecord]:
    """Yield the records of some datasets, in order of dataset and key."""
    for page in plan_shares(share, PAGE_BYTES, PAGE_ROWS):
        dataset_ids = json.dumps([dataset.dataset_id for dataset in page])
        rows_left = sum(dataset.row_count for dataset in page)
        # Only a single dataset can be read on from a key; several are few enough to be read at once.
        limits = (PAGE_ROWS, PAGE_BYTES) if len(page) == 1 else (rows_left, TIME_MAX)
        after = RecordKey(-1, -1)
        pending: list[Row] = []
        while rows_left > 0 and (rows := await context.query(sql.READ_HOT_ROWS, dataset_ids, *group, last_id, *after, *limits)):
            for record in assemble(rows, pending):
                yield record
            rows_left -= len(rows)
            after = RecordKey(int(rows[-1]["timestamp"]), int(rows[-1]["id"]))
            if len(page) > 1:
                break


def assemble(rows: Iterable[Row], pending: list[Row], dataset_id: str = "") -> Iterator[StoredRecord]:
    """Yield the records of `rows`; `pending` keeps the first rows of a record whose last ones are still to come.

    A record's sequence is the id of its last row. Rows without a dataset's id are those of `dataset_id`.
    """
    for row in rows:
        pending.append(row)
        if int(row["parts_left"]):
            continue
        data = bytes.fromhex("".join(part["data"] for part in pending))
        key = RecordKey(int(row["timestamp"]), int(row["id"]))
        if row.get("dataset_id", dataset_id) != dataset_id:  # all records of a dataset share one text
            dataset_id = row["dataset_id"]
        yield StoredRecord(dataset_id, key, data, tuple(int(part["id"]) for part in pending))
        pending.clear()
