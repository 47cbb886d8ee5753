"""Random values that fit a parsed schema, each the very value that reading gives back."""

import datetime as dt
from decimal import Decimal

from hypothesis import assume
from hypothesis import strategies as st

from avro_ocf.logical import Duration
from avro_ocf.schema.measure import children, nodes
from avro_ocf.schema.model import NO_DEFAULT, Array, Enum, Fixed, Logical, Map, Node, Record, Union

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
DEPTH = 6

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["", "é", "\0", "\U0001f6a2", "$bytes"])
INTS = st.integers(-INT_MAX - 1, INT_MAX) | st.sampled_from([0, -1, 63, 64, -64, -65, INT_MAX, -INT_MAX - 1])
LONGS = INTS | st.integers(-LONG_MAX - 1, LONG_MAX) | st.sampled_from([LONG_MAX, -LONG_MAX - 1, 2**53 + 1])
SPECIAL = st.sampled_from([0.0, -0.0, float("nan"), float("inf"), float("-inf")])
PRIMITIVES: dict[str, st.SearchStrategy[object]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": INTS,
    "long": LONGS,
    "float": st.floats(width=32) | SPECIAL,
    "double": st.floats() | SPECIAL,
    "bytes": st.binary(max_size=10),
    "string": TEXT,
}

NAIVE = st.datetimes()
UTC = NAIVE.map(lambda value: value.replace(tzinfo=dt.UTC))
UINT32 = st.integers(0, 2**32 - 1)


def _time_to_millis(value: dt.time) -> dt.time:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _to_millis(value: dt.datetime) -> dt.datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


# What a logical type's values are, given the Python type it has; timestamps in nanoseconds have none.
LOGICAL: dict[str, st.SearchStrategy[object]] = {
    "big-decimal": st.builds(lambda digits, scale: Decimal(digits).scaleb(-scale), LONGS.filter(bool), st.integers(-5, 40)),
    "uuid": st.uuids(),
    "date": st.dates(),
    "time-millis": st.times().map(_time_to_millis),
    "time-micros": st.times(),
    "timestamp-millis": UTC.map(_to_millis),
    "timestamp-micros": UTC,
    "timestamp-nanos": LONGS,
    "local-timestamp-millis": NAIVE.map(_to_millis),
    "local-timestamp-micros": NAIVE,
    "local-timestamp-nanos": LONGS,
    "duration": st.builds(Duration, UINT32, UINT32, UINT32),
}


def _outside(low: int, stop: int, bound: int) -> st.SearchStrategy[object]:
    return st.integers(-bound - 1, low - 1) | st.integers(stop, bound)


def _outside_years(units_per_second: int) -> st.SearchStrategy[object]:
    return _outside(-62_135_596_800 * units_per_second, 253_402_300_800 * units_per_second, LONG_MAX)


# Values of the underlying type that Python's own type cannot hold, which are read and written as they are.
RAW: dict[str, st.SearchStrategy[object]] = {
    "date": _outside(-719_162, 2_932_897, INT_MAX),
    "time-millis": _outside(0, 86_400_000, INT_MAX),
    "time-micros": _outside(0, 86_400_000_000, LONG_MAX),
    "timestamp-millis": _outside_years(1000),
    "timestamp-micros": _outside_years(1_000_000),
    "local-timestamp-millis": _outside_years(1000),
    "local-timestamp-micros": _outside_years(1_000_000),
}


def _decimals(logical: Logical) -> st.SearchStrategy[Decimal]:
    """Return a strategy for decimals of exactly `scale` fractional digits and at most `precision` digits."""
    bound = 10**logical.precision - 1
    digits = st.integers(-bound, bound) | st.sampled_from([0, bound, -bound])
    return digits.map(lambda number: Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -logical.scale)))


def _logical(node: Node, logical: Logical, *, raw: bool) -> st.SearchStrategy[object]:
    if logical.name == "decimal":
        return _decimals(logical)
    if not raw:
        return LOGICAL[logical.name]
    if logical.name == "uuid" and node.type == "string":
        return LOGICAL["uuid"] | st.sampled_from(["", "no uuid", "0" * 31])
    return LOGICAL[logical.name] | RAW.get(logical.name, LOGICAL[logical.name])


def _heights(root: Node) -> dict[int, int]:
    """Return, by node id, how deep the shallowest value of each type in `root` is."""
    heights: dict[int, int] = {}
    found = nodes(root)
    for _ in found:
        for node in found:
            inner = [heights[id(child)] for child in children(node) if id(child) in heights]
            if isinstance(node, Union) and inner:
                heights[id(node)] = min(inner)
            elif isinstance(node, Record) and len(inner) == len(node.fields):
                heights[id(node)] = 1 + max(inner, default=0)
            elif not isinstance(node, (Union, Record)):
                heights[id(node)] = 0
    return heights


def fills_in(node: Node, value: object) -> bool:
    """Tell whether `value`, written as `node`, might come back with a default filled in for a key that it lacks."""
    match node, value:
        case Record(), dict():
            known = {field.name: field for field in node.fields}
            if not value.keys() <= known.keys():
                return False
            missing = [field for name, field in known.items() if name not in value]
            if missing:
                return all(field.default is not NO_DEFAULT for field in missing)
            return any(fills_in(known[name].node, inner) for name, inner in value.items())
        case Array(), list():
            return any(fills_in(node.items, inner) for inner in value)
        case Map(), dict():
            return any(fills_in(node.values, inner) for inner in value.values())
        case Union(), _:
            return any(fills_in(branch, value) for branch in node.branches)
    return False


class _Drawing:
    """One value being drawn."""

    def __init__(self, draw: st.DrawFn, root: Node) -> None:
        self.draw = draw
        self.heights = _heights(root)

    def value(self, node: Node, depth: int, *, raw: bool) -> object:
        match node:
            case Record():
                return {field.name: self.value(field.node, depth + 1, raw=raw) for field in node.fields}
            case Union():
                return self.branch_value(node, depth)
            case Array():
                return [self.value(node.items, depth + 1, raw=raw) for _ in range(self.count(depth))]
            case Map():
                keys = self.draw(st.lists(TEXT, unique=True, max_size=3)) if depth < DEPTH else []
                return {key: self.value(node.values, depth + 1, raw=raw) for key in keys}
            case Enum():
                return self.draw(st.sampled_from(node.symbols))
        if node.logical is not None:
            return self.draw(_logical(node, node.logical, raw=raw))
        if isinstance(node, Fixed):
            return self.draw(st.binary(min_size=node.size, max_size=node.size))
        return self.draw(PRIMITIVES[node.type])

    def count(self, depth: int) -> int:
        return self.draw(st.integers(0, 3)) if depth < DEPTH else 0

    def branch_value(self, union: Union, depth: int) -> object:
        """Draw a value for one branch that no other branch takes for its own and changes."""
        branches = [branch for branch in union.branches if id(branch) in self.heights]
        if depth >= DEPTH:
            branches = [min(branches, key=lambda branch: self.heights[id(branch)])]
        branch = self.draw(st.sampled_from(branches))
        value = self.value(branch, depth, raw=False)
        assume(not any(fills_in(other, value) for other in union.branches if other is not branch))
        return value


@st.composite
def datums(draw: st.DrawFn, node: Node) -> object:
    """Draw a value that fits `node` and that reading gives back as it was, by `same`.

    Recursion ends after a few levels. No value is of the form `(branch, value)`, and inside unions none is the raw value of a
    logical type, since another branch might take it.
    """
    return _Drawing(draw, node).value(node, 0, raw=True)
