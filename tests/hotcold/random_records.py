"""Random records, names and times of a store."""

from typing import Any

from hypothesis import strategies as st

from avro_ocf.hotcold.names import TIME_MAX
from avro_ocf.varint import LONG_MAX, LONG_MIN
from tests.hotcold.stores import NOW_MS

DATASETS = ("user-1", 'it\'s "quoted"', "\U0001f6a2 é", "a::b/c", "%_; DROP TABLE buffer_logs --")
TABLES = ("battle", "2nd.table-x")
PERIODS = ("2026-11", "undated", "v1.2_3")
TIMES = (0, 5, NOW_MS - 90_000_000, NOW_MS, NOW_MS + 1, TIME_MAX)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
KEYS = st.sampled_from(["a", "b", "c", "id", "a b", "", "$bytes", "$map", "é", "class", "items", "9"]) | TEXT
INTEGERS = st.sampled_from([0, 1, -1, 2**31, 2**53 + 1, LONG_MAX, LONG_MIN]) | st.integers(LONG_MIN, LONG_MAX)
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 1e16, 5e-324, 1.7976931348623157e308]) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXT
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)

FEW_KEYS = st.fixed_dictionaries({}, optional=dict.fromkeys(("a", "b", "c", "d", "e"), VALUES))
"""Records of up to 32 sets of keys, so that each may become a type of its own."""

RECORDS: st.SearchStrategy[dict[str, Any]] = FEW_KEYS | st.dictionaries(KEYS, VALUES, max_size=4)


def _pet(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}, *fields]}


UNIONS: st.SearchStrategy[Any] = st.sampled_from(
    [
        [_pet("Cat"), _pet("Dog")],
        ["null", _pet("Dog"), _pet("Cat", {"name": "lives", "type": "int", "default": 9})],
        ["string", {"type": "enum", "name": "Suit", "symbols": ["SPADE", "HEART"]}],
        ["double", "float", "long", "int"],
        [{"type": "map", "values": "string"}, _pet("Cat")],
        [{"type": "long", "logicalType": "timestamp-millis"}, {"type": "int", "logicalType": "date"}, "null"],
        [{"type": "fixed", "name": "F", "size": 4}, {"type": "fixed", "name": "G", "size": 4}, "bytes"],
    ]
)
"""Unions of branches that take one another's values."""

times = st.sampled_from(TIMES)
bounds = st.sampled_from([*TIMES[:-1], 6, NOW_MS + 2]) | st.integers(0, TIME_MAX)


def in_key_order(value: Any) -> Any:
    """Return a value with the keys of each dict in sorted order, which is how the store gives it back."""
    if isinstance(value, dict):
        return {key: in_key_order(value[key]) for key in sorted(value)}
    return [in_key_order(item) for item in value] if isinstance(value, list) else value
