"""A schema that fits given data exactly.

What is seen at each place of the data is collected first and written as a schema afterwards. The rules:

- Each Python type has one Avro type; a place that holds several is a union. Subclasses have none: their base would come back.
- A dict whose keys are all legal names is a record, one record type for each set of keys, so that a missing key stays missing.
- Any other dict is a map, and so are all dicts of a place that has more than `RECORD_TYPES` sets of keys.
- Two Python types that Avro stores as the same type, such as int and datetime, cannot share a place: a union has each type once.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any, Final
from uuid import UUID

from avro_ocf.errors import DatumError, type_name
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.schema.names import NAME_LENGTH, is_name, is_unicode
from avro_ocf.varint import LONG_MAX, LONG_MIN

RECORD_TYPES = 32
"""Sets of keys that the dicts of one place may have before they are taken for maps."""

DECIMAL_DIGITS = 9863
"""Digits that certainly fit the 4,096 bytes of a decimal."""

SIMPLE_TYPES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "long",
    float: "double",
    bytes: "bytes",
    str: "string",
    date: "date",
    time: "time-micros",
    datetime: "timestamp-micros",
    Decimal: "decimal",
    UUID: "uuid",
}
"""The types that are neither lists nor dicts; a datetime without a time zone is a local timestamp instead."""

GIVE_A_SCHEMA: Final = "a schema must be given"
"""How the message ends of what a schema could hold, but none that is inferred."""

STORED_AS: Final = {
    "date": "int",
    "time-micros": "long",
    "timestamp-micros": "long",
    "local-timestamp-micros": "long",
    "decimal": "bytes",
    "uuid": "string",
}
"""The Avro types that logical types stand on."""

STEPS: Final = ("null", "boolean", "int", "long", "double", "string", "bytes")
"""The order of simple types in a union."""

Trail = tuple[Any, str] | None
"""The path of a value, as a linked list of its parent's path and its own step, rendered only for an error."""


def infer(records: Iterable[object], name: str) -> object:
    """Return the JSON of a schema by which each of `records`, encoded and decoded, is what it was.

    `name` is the record type's name. Raises `DatumError` with the record's index and the path of a value that Avro has no type for,
    and when there are no records.
    """
    inference = Inference()
    for record in records:
        inference.add(record)
    return inference.schema(name)


class Inference:
    """What `infer` does, a record at a time, for records that are not at hand together."""

    def __init__(self) -> None:
        self._place = _Place()
        self._count = 0

    def add(self, record: object) -> None:
        """Take note of `record`. Raises `DatumError` as `infer` does."""
        try:
            self._place.add(record, None, 0)
        except DatumError as error:
            raise DatumError(error.message, error.path, self._count) from None
        except RecursionError:
            raise DatumError("nested deeper than Python's stack allows", record=self._count) from None
        self._count += 1

    def schema(self, name: str) -> object:
        """Return the JSON of a schema for all records so far. Raises `DatumError` when there are none."""
        if not self._count:
            raise DatumError(f"there are no records to infer a schema from: {GIVE_A_SCHEMA}")
        try:
            return self._place.schema(name, set())
        except RecursionError:
            raise DatumError("nested deeper than Python's stack allows") from None


def _refusal(message: str, trail: Trail) -> DatumError:
    steps = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    return DatumError(message, "".join(reversed(steps)).removeprefix("."))


class _Place:
    """All that was seen at one place of the data.

    `simple` has the types seen by the Avro type that stores them; `whole` and `scale` are the most digits of a decimal before and
    behind the point; `items` is about the items of all lists, `values` about the values of all maps, `records` has for each set of
    keys what was seen at each key, or is None once there were too many sets.
    """

    __slots__ = ("items", "records", "scale", "simple", "values", "whole")

    def __init__(self) -> None:
        self.simple: dict[str, str] = {}
        self.whole = 0
        self.scale = 0
        self.items: _Place | None = None
        self.values: _Place | None = None
        self.records: dict[frozenset[str], dict[str, _Place]] | None = {}

    def add(self, value: object, trail: Trail, depth: int) -> None:
        """Take note of `value`, which is `depth` lists and dicts deep."""
        if type(value) is list:
            self.add_list(value, trail, _deeper(depth, trail))
        elif type(value) is dict:
            self.add_dict(value, trail, _deeper(depth, trail))
        else:
            self.add_simple(_simple_type(value, trail), trail)
            if isinstance(value, Decimal):
                self.add_decimal(value, trail)

    def add_simple(self, seen: str, trail: Trail) -> None:
        stored = STORED_AS.get(seen, seen)
        if self.simple.setdefault(stored, seen) != seen:
            raise _refusal(f"{seen} and {self.simple[stored]} are both stored as {stored} and cannot share a place", trail)

    def add_decimal(self, value: Decimal, trail: Trail) -> None:
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise _refusal("the decimal is not a finite number", trail)
        if len(digits) > DECIMAL_DIGITS or not -(2**31) < exponent < 2**31:
            raise _refusal(f"the decimal has more than {DECIMAL_DIGITS} digits or a scale of more than 32 bits", trail)
        if value:
            self.whole = max(self.whole, value.adjusted() + 1)
            self.scale = max(self.scale, -exponent)

    def add_list(self, items: list[Any], trail: Trail, depth: int) -> None:
        place = self.items = self.items or _Place()
        if alike := _type_of_all(items):
            place.add_simple(alike, trail)
            return
        for index, item in enumerate(items):
            place.add(item, (trail, f"[{index}]"), depth)

    def add_dict(self, value: dict[Any, Any], trail: Trail, depth: int) -> None:
        for key in value:
            if type(key) is not str or not is_unicode(key):
                raise _refusal(f"{key!r} is no key that Avro can hold", trail)
        # An empty dict is a map: it may get keys, and as a record it would take no byte.
        fields = self.fields(value, trail) if value and all(map(_is_field_name, value)) else None
        if fields is None:
            place = self.values = self.values or _Place()
            for key, item in value.items():
                place.add(item, (trail, f'["{key}"]'), depth)
        else:
            for key, item in value.items():
                fields[key].add(item, (trail, f".{key}"), depth)

    def fields(self, keys: Iterable[str], trail: Trail) -> "dict[str, _Place] | None":
        """Return the places of a record with these `keys`, or None when dicts are maps here."""
        if self.records is None:
            return None
        key_set = frozenset(keys)
        fields = self.records.get(key_set)
        if fields is None and len(self.records) < RECORD_TYPES:
            fields = self.records[key_set] = {key: _Place() for key in keys}
        if fields is None:
            self.give_up_records(trail)
        return fields

    def give_up_records(self, trail: Trail) -> None:
        place = self.values = self.values or _Place()
        records, self.records = self.records, None
        for fields in (records or {}).values():
            for field in fields.values():
                place.merge(field, trail)

    def merge(self, other: "_Place", trail: Trail) -> None:
        """Take note of all that was seen at `other`."""
        for seen in other.simple.values():
            self.add_simple(seen, trail)
        self.whole = max(self.whole, other.whole)
        self.scale = max(self.scale, other.scale)
        if other.items is not None:
            self.items = self.items or _Place()
            self.items.merge(other.items, trail)
        if other.values is not None:
            self.values = self.values or _Place()
            self.values.merge(other.values, trail)
        if other.records is None:
            self.give_up_records(trail)
        for theirs in (other.records or {}).values():
            ours = self.fields(theirs, trail)
            for key, place in theirs.items():
                target = ours[key] if ours is not None else self.values
                if target is not None:
                    target.merge(place, trail)

    def schema(self, name: str, taken: set[str]) -> object:
        """Return the JSON of this place's type. `name` is for its record types; `taken` has the names already given."""
        branches: list[object] = [self.simple_schema(stored) for stored in STEPS if stored in self.simple]
        if self.items is not None:
            items = self.items.schema(name, taken)
            # Items that take no byte are slow and limited in number; in a union of one type each takes a byte.
            branches.append({"type": "array", "items": [items] if _takes_no_byte(items) else items})
        branches += [_record_schema(fields, name, taken) for fields in (self.records or {}).values()]
        if self.values is not None:
            branches.append({"type": "map", "values": self.values.schema(name, taken)})
        if not branches:
            return "null"
        return branches if len(branches) > 1 else branches[0]

    def simple_schema(self, stored: str) -> object:
        seen = self.simple[stored]
        if seen == stored:
            return stored
        precision = max(1, self.whole + self.scale)
        if seen == "decimal" and precision > DECIMAL_DIGITS:
            return {"type": stored, "logicalType": "big-decimal"}
        if seen == "decimal":
            return {"type": stored, "logicalType": "decimal", "precision": precision, "scale": self.scale}
        return {"type": stored, "logicalType": seen}


def _deeper(depth: int, trail: Trail) -> int:
    if depth >= DEFAULT_LIMITS.datum_depth:
        raise _refusal(f"lists and dicts are nested more than {DEFAULT_LIMITS.datum_depth} deep", trail)
    return depth + 1


def _simple_type(value: object, trail: Trail) -> str:
    """Return the Avro type or logical type of a value that is neither a list nor a dict."""
    seen = SIMPLE_TYPES.get(type(value))
    if type(value) is tuple and len(value) == 2 and isinstance(value[0], str):
        raise _refusal(f"the branch {value[0][:80]!r} of a union is named, and none is inferred: {GIVE_A_SCHEMA}", trail)
    if seen is None:
        raise _refusal(f"Avro has no type for {type_name(value)}", trail)
    match value:
        case bool():
            pass
        case int() if not LONG_MIN <= value <= LONG_MAX:
            raise _refusal(f"the number has {value.bit_length()} bits, more than a long holds", trail)
        case str() if not is_unicode(value):
            raise _refusal("the text has half a surrogate pair", trail)
        case time() if value.tzinfo is not None:
            raise _refusal("a time with a time zone has no type in Avro", trail)
        case datetime():
            return _timestamp_type(value, trail)
    return seen


def _type_of_all(items: list[Any]) -> str | None:
    """Return the Avro type of a list's numbers or nulls if they are alike and well, else None: one look instead of one at each."""
    kinds = set(map(type, items))
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    is_plain = kind in (float, bool, NoneType) or (kind is int and min(items) >= LONG_MIN and max(items) <= LONG_MAX)
    return SIMPLE_TYPES[kind] if is_plain else None


def _timestamp_type(value: datetime, trail: Trail) -> str:
    if value.tzinfo is None:
        return "local-timestamp-micros"
    try:
        offset = value.utcoffset()
    except Exception:  # noqa: BLE001 - a time zone is code of the datum's
        raise _refusal("the datetime has a time zone that fails", trail) from None
    try:
        if offset is not None:
            value.replace(tzinfo=None) - offset
            return "timestamp-micros"
    except OverflowError:
        pass
    raise _refusal("the datetime has no UTC time from year 1 to 9999", trail)


def _is_field_name(key: str) -> bool:
    return is_name(key) and len(key) <= NAME_LENGTH


def _record_schema(fields: dict[str, _Place], name: str, taken: set[str]) -> object:
    unique = name
    number = 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return {
        "type": "record",
        "name": unique,
        "fields": [{"name": key, "type": place.schema(_nested_name(unique, key), taken)} for key, place in fields.items()],
    }


def _takes_no_byte(schema: object) -> bool:
    match schema:
        case "null":
            return True
        case {"fields": list(fields)}:
            return all(_takes_no_byte(field["type"]) for field in fields)
    return False


def _nested_name(name: str, key: str) -> str:
    """Return a name for the records in the field `key` of the record `name`, short enough to be numbered."""
    longer = f"{name}_{key}"
    return longer if len(longer) < NAME_LENGTH - 20 else name
