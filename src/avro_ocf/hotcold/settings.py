"""The numbers that an operator may want to set."""

from typing import NamedTuple

from avro_ocf.container.compression import codec_for_writing
from avro_ocf.errors import DatumError

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


class Settings(NamedTuple):
    """Sizes and times of one store; every field has a default that suits a Cloudflare Worker of 128 MB."""

    block_bytes: int = 64 * 1024
    """Bytes of one dataset's records, before compression, at which a block is cut: what one read fetches at least."""

    file_bytes: int = 8 * 1024 * 1024
    """Bytes of hot records that become one object, and of small objects that are compacted into one. Memory holds one such file."""

    file_records: int = 50_000
    """Records that become one object at most: one transaction of the database deletes so many rows."""

    codec: str = "deflate"
    """The compression codec of objects."""

    lease_ms: int = 2 * MINUTE_MS
    """How long an archiver that stopped without a word keeps others from starting. Only efficiency depends on it."""

    staged_ms: int = 60 * MINUTE_MS
    """How long an archiver may take for one object before `collect` gives it up."""

    grace_ms: int = 60 * MINUTE_MS
    """How long an object stays after it was marked dead, for readers that are still at it."""

    stray_ms: int = 7 * DAY_MS
    """How old an object that no row knows must be before `collect` deletes it."""

    upload_ms: int = 30 * DAY_MS
    """How long an upload's id is remembered: longer than any queue redelivers."""


DEFAULT_SETTINGS = Settings()


def check_settings(settings: Settings) -> None:
    """Raise `DatumError` for a size below 1 or a time below 0, and `UnsupportedCodecError` for a codec that cannot be written."""
    codec_for_writing(settings.codec)
    for name, value in settings._asdict().items():
        least = 0 if name.endswith("_ms") else 1
        if name != "codec" and (type(value) is not int or value < least):
            raise DatumError(f"{value!r} is not a whole number of at least {least}", name)
