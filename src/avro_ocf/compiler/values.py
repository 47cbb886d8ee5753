"""What generated code makes values of logical types with: the values that `logical` makes, in less time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from avro_ocf import logical
from avro_ocf.compiler.varints import read_text
from avro_ocf.schema.model import Logical

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a local timestamp has no time zone
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_US: Final = timedelta(microseconds=1)
_RANGE_MS: Final = (-62_135_596_800_000, 253_402_300_799_999)
_RANGE_US: Final = (-62_135_596_800_000_000, 253_402_300_799_999_999)

TIMES: Final[dict[Callable[[Any], Any], tuple[datetime, timedelta, tuple[int, int]]]] = {
    logical.timestamp_millis_from_raw: (_EPOCH_UTC, _MS, _RANGE_MS),
    logical.timestamp_micros_from_raw: (_EPOCH_UTC, _US, _RANGE_US),
    logical.local_timestamp_millis_from_raw: (_EPOCH, _MS, _RANGE_MS),
    logical.local_timestamp_micros_from_raw: (_EPOCH, _US, _RANGE_US),
}
"""What a number of each is counted from, its unit, and the first and the last number that Python has a time for."""

UUID_TEXT: Final = b"Hxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
"""The text of a UUID behind its length, each digit an x."""

_HEX: Final = b"0123456789abcdefABCDEF"

SHAPES: Final = bytes(ord("x") if byte in _HEX else byte if byte in b"H-" else 0 for byte in range(256))
"""Translates bytes so that the text of a UUID behind its length is `UUID_TEXT`, and nothing else is."""


@cache
def uuid_parts() -> dict[str, object]:
    """Return what a UUID is made with by name: `UUID` itself looks at all the forms it takes, and costs twice as much."""
    from uuid import UUID, SafeUUID

    from_raw = logical.conversion(Logical("uuid"), "string").from_raw  # type: ignore[union-attr]  # a uuid is converted

    def read_other(data: bytes, pos: int) -> tuple[object, int]:
        text, pos = read_text(data, pos)
        return from_raw(text), pos

    return {
        "UUID": UUID,
        "new": object.__new__,
        "set_int": vars(UUID)["int"].__set__,
        "set_is_safe": vars(UUID)["is_safe"].__set__,
        "unknown": SafeUUID.unknown,
        "read_other": read_other,
    }
