"""Small limits: what takes thousands of rows in production takes three here, so that short schedules turn every page."""

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Final

from avro_ocf.hotcold import Settings, build, collect, context, directory, hot_rows, ingest, record_keys, snapshot, strays

PART_BYTES: Final = 60
"""Bytes of a record's first part; a record has two parts at most, fewer than one page has rows."""

POISON_PARTS: Final = 2
"""Rows of a record that cannot be read, at most."""

SCHEMA_BYTES: Final = 160
"""Bytes of a schema that has room for one shape of record without a schema, and not for two."""

STORED: Final = SimpleNamespace(compress=partial(zlib.compress, level=0), crc32=zlib.crc32)
"""Deflate that does not compress: its bytes are the same with every build of zlib, and so is what depends on an object's size."""

SETTINGS: Final = tuple(
    Settings(
        block_bytes=40,
        file_bytes=3_000,
        file_records=4,
        codec="null",
        lease_ms=lease_ms,
        staged_ms=staged_ms,
        grace_ms=grace_ms,
        stray_ms=500,
        upload_ms=1_000_000,
    )
    for lease_ms, staged_ms, grace_ms in ((0, 150, 80), (0, 20, 10), (30, 60, 40), (200, 150, 0))
)
"""Leases that run out at once or hardly ever, and times that run out while an operation is at work."""

LAST_SETTINGS: Final = SETTINGS[0]._replace(block_bytes=1_000, file_bytes=20_000, file_records=1_000)
"""Those with which a store is brought to rest."""

ALL_TIMES_MS: Final = 1_000
"""Longer than a lease, a staged file, a grace or a stray object lasts."""


_SMALL: Final[dict[tuple[ModuleType, str], object]] = {
    (ingest, "PART_BYTES"): PART_BYTES,
    (context, "PARAMETER_BYTES"): 120,
    (hot_rows, "PAGE_ROWS"): 3,
    (hot_rows, "PAGE_BYTES"): 300,
    (hot_rows, "DATASETS_LISTED"): 2,
    (snapshot, "HOT_ROWS"): 3,
    (collect, "PAGE"): 3,
    (strays, "PAGE"): 3,
    (build, "BLOCK_RECORDS"): 3,
    (build, "SCHEMA_BYTES"): SCHEMA_BYTES,
    (record_keys, "zlib"): STORED,
    (directory, "zlib"): STORED,
}

_LARGE: Final = {place: getattr(*place) for place in _SMALL} | {
    place: _SMALL[place] for place in ((build, "SCHEMA_BYTES"), (record_keys, "zlib"), (directory, "zlib"))
}
"""What holds while a store is brought to rest, where more and smaller steps show nothing new: pages as in production."""


@contextmanager
def _limits(chosen: dict[tuple[ModuleType, str], object]) -> Iterator[None]:
    before = {place: getattr(*place) for place in chosen}
    try:
        for (module, name), value in chosen.items():
            setattr(module, name, value)
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)


def small_limits() -> AbstractContextManager[None]:
    """Have the store work with small limits."""
    return _limits(_SMALL)


def large_pages() -> AbstractContextManager[None]:
    """Have a store of small limits turn as few pages as it would in production."""
    return _limits(_LARGE)
