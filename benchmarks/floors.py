"""What no library can be faster than, in this interpreter: zlib alone, and making the same objects.

`objects` makes all of a file's records anew: dicts, lists, texts, bytes and numbers by one call of `marshal.loads`, a loop in C
over a format that needs no schema, in which the keys of records are shared; values of logical types by `pickle.loads`, a loop in C
too, and UUIDs, which C does not make, by setting the two attributes that they consist of. It decodes no varint, checks nothing, and
puts the values of logical types nowhere.
"""

import io
import marshal
import pickle
import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, SafeUUID

from avro_ocf import Reader

LOGICAL = (UUID, datetime, date, time, timedelta, Decimal)


def zlib_floors(null_file: bytes) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return functions that deflate and inflate the data of a file's blocks, block by block."""
    with Reader(io.BytesIO(null_file)) as reader:
        blocks = [stored.data for stored in reader.stored_blocks()]

    def deflate(data: bytes) -> bytes:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return packer.compress(data) + packer.flush()

    packed = [deflate(data) for data in blocks]
    return lambda: [deflate(data) for data in blocks], lambda: [zlib.decompress(data, -zlib.MAX_WBITS) for data in packed]


def objects(records: list[Any]) -> Callable[[], object]:
    """Return a function that makes these records anew: fresh from a decoder, since `marshal` keeps what is shared."""
    logical: list[Any] = []
    plain = marshal.dumps(_without_logical(records, logical))
    uuids = marshal.dumps([value.int for value in logical if isinstance(value, UUID)])
    others = pickle.dumps([value for value in logical if not isinstance(value, UUID)], protocol=5)
    new, unknown = object.__new__, SafeUUID.unknown
    set_int, set_is_safe = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__

    def make() -> object:
        made = []
        for number in marshal.loads(uuids):
            value = new(UUID)
            set_int(value, number)
            set_is_safe(value, unknown)
            made.append(value)
        return marshal.loads(plain), made, pickle.loads(others)

    return make


def _without_logical(value: Any, found: list[Any]) -> Any:
    if isinstance(value, dict):
        return {key: _without_logical(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_logical(item, found) for item in value]
    if not isinstance(value, LOGICAL):
        return value
    found.append(value)
    return None
