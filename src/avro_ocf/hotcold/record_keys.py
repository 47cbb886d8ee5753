"""Record keys: where each record stands in the order of its dataset.

A key is (timestamp in ms, sequence); the sequence is the id that the record had in `buffer_logs`, so no two are equal. A block's
keys, in order, are kept beside it and not in its records. Records of one upload mostly share a timestamp and follow one another, so
keys are stored as runs: varints of the timestamp's and the first sequence's difference to the run before, and of the run's length;
all of it deflated.
"""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from avro_ocf.container.compression import codec_for_reading
from avro_ocf.errors import DamagedError, FormatError
from avro_ocf.varint import decode_long, encode_long

KEY_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of keys that one block may unpack to."""


class RecordKey(NamedTuple):
    """The place of a record among those of its dataset and table."""

    timestamp: int
    sequence: int


class StoredRecord(NamedTuple):
    """A record as rows hold it: the ids of its rows, and its data as `Table.encode` gave it."""

    dataset_id: str
    key: RecordKey
    data: bytes
    row_ids: tuple[int, ...] = ()


def encode_keys(keys: Iterable[RecordKey]) -> bytes:
    """Return `keys` as bytes."""
    runs: list[list[int]] = []
    for timestamp, sequence in keys:
        if runs and runs[-1][0] == timestamp and runs[-1][1] + runs[-1][2] == sequence:
            runs[-1][2] += 1
        else:
            runs.append([timestamp, sequence, 1])
    out = bytearray()
    last_timestamp = last_sequence = 0
    for timestamp, sequence, count in runs:
        out += encode_long(timestamp - last_timestamp) + encode_long(sequence - last_sequence) + encode_long(count)
        last_timestamp, last_sequence = timestamp, sequence
    return zlib.compress(out, wbits=-15)


def decode_keys(data: bytes, record_count: int) -> list[RecordKey]:
    """Return the `record_count` keys that `data` holds. Raises `DamagedError` for anything else."""
    try:
        runs = codec_for_reading("deflate").decompress(data, KEY_BYTES_MAX)
        keys: list[RecordKey] = []
        position = timestamp = sequence = 0
        while position < len(runs):
            step, position = decode_long(runs, position)
            jump, position = decode_long(runs, position)
            count, position = decode_long(runs, position)
            if not 0 < count <= record_count - len(keys):
                raise FormatError(f"they are not those of {record_count} records")
            timestamp += step
            sequence += jump
            keys += [RecordKey(timestamp, sequence + place) for place in range(count)]
    except FormatError as error:
        raise DamagedError(f"record keys: {error.message}") from None
    if len(keys) != record_count:
        raise DamagedError(f"record keys: they are not those of {record_count} records")
    return keys
