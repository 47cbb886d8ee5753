"""Records of tables without a schema: plain JSON objects, stored as JSON text and archived by a schema inferred to fit exactly.

What could not be archived is refused at the door. Keys are stored in sorted order, so that a record reads the same, to the letter,
before and after it is archived.
"""

import json
from math import isfinite
from types import NoneType
from typing import Any, Final, Never

from avro_ocf import extended_json
from avro_ocf.api import infer_schema
from avro_ocf.errors import AvroError, DatumError, type_name
from avro_ocf.json_text import check_nesting
from avro_ocf.schema.names import is_unicode
from avro_ocf.varint import LONG_MAX, LONG_MIN

RECORD_BYTES: Final = 4 * 1024 * 1024
"""Bytes of the largest record: archiving one takes several times as much memory, and a Worker has 128 MB."""

SCHEMA_BYTES: Final = 800_000
"""Bytes of the largest schema: its file's header must fit a database row, in hexadecimal digits."""

_PLAIN_DEPTH: Final = 30
_PLAIN_KEYS: Final = 1000
"""A record of at most so many lists and dicts inside one another, and keys in all, certainly has a schema within every limit."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def encode_json(record: object) -> bytes:
    """Return a record as JSON text. Raises `DatumError` with the path of what JSON or Avro has no word for."""
    if type(record) is not dict:
        raise DatumError(f"a record is a dict, not {type_name(record)}")
    shape = _Shape()
    shape.visit(record, None, 1)
    data = _ENCODER.encode(record).encode()
    if len(data) > RECORD_BYTES:
        raise DatumError(f"the record takes {len(data)} bytes of JSON, more than {RECORD_BYTES}")
    if shape.depth > _PLAIN_DEPTH or shape.keys > _PLAIN_KEYS:
        _check_schema(record)
    return data


def decode_json(data: bytes) -> Any:
    """Return the record of a JSON text. Raises `ValueError` and `RecursionError` for what `encode_json` never gives."""
    text = data.decode()
    check_nesting(text)
    record = _DECODER.decode(text)
    if type(record) is not dict:
        raise ValueError(f"a record is an object, not {type(record).__name__}")
    return record


def _refuse(word: str) -> Never:
    raise ValueError(f"{word} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def _check_schema(record: object) -> None:
    """Refuse a record that no schema within the limits holds."""
    try:
        schema = infer_schema([record])
        schema.encode(record)
    except AvroError as error:
        raise DatumError(f"the record's shape has no schema: {error}") from None
    if len(schema.json.encode()) > SCHEMA_BYTES:
        raise DatumError("the record has too many different keys")


class _Shape:
    """The depth of a record and its number of keys; `visit` raises `DatumError` for a value that is not plain JSON."""

    __slots__ = ("depth", "keys")

    def __init__(self) -> None:
        self.depth = 0
        self.keys = 0

    def visit(self, value: Any, path: extended_json.Path, depth: int) -> None:
        kind = type(value)
        if kind is str:
            if not value.isascii() and not is_unicode(value):
                raise _refusal("the text has half a surrogate pair", path)
        elif kind is dict or kind is list:
            if depth > 100:
                raise _refusal("lists and dicts are nested more than 100 deep", path)
            self.depth = max(self.depth, depth)
            if kind is list and _are_longs(value):
                return
            items = value.items() if kind is dict else enumerate(value)
            for step, item in items:
                if kind is dict:
                    self.check_key(step, path)
                self.visit(item, (path, step), depth + 1)
        elif kind is int:
            if not LONG_MIN <= value <= LONG_MAX:
                raise _refusal(f"the number has {value.bit_length()} bits, more than a long holds", path)
        elif kind is float:
            if not isfinite(value):
                raise _refusal(f"{value} is not JSON", path)
        elif kind is not bool and kind is not NoneType:
            raise _refusal(f"{type_name(value)} is not JSON; only a table with a schema holds it", path)

    def check_key(self, key: object, path: extended_json.Path) -> None:
        if type(key) is not str or not is_unicode(key):
            raise _refusal(f"{key!r} is no key of JSON", path)
        self.keys += 1


def _are_longs(items: list[Any]) -> bool:
    """Tell whether all items are integers of 64 bits: the most frequent list, looked at as a whole."""
    return set(map(type, items)) == {int} and min(items) >= LONG_MIN and max(items) <= LONG_MAX


def _refusal(message: str, path: extended_json.Path) -> DatumError:
    return DatumError(message, extended_json.path_text(path))
