"""Values that fit a parsed schema, each the very value that reading gives back."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from avro_ocf.logical import conversion
from avro_ocf.oracle.source import Discarded, Source
from avro_ocf.schema.measure import children, has_choice, nodes
from avro_ocf.schema.model import NO_DEFAULT, Array, Enum, Fixed, Logical, Map, Node, Record, Union

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
DEPTH = 6
VALUES = 60
"""Values in one before its arrays and maps end and its unions take the shallowest branch."""

PRIMITIVES: dict[str, Callable[[Source], object]] = {
    "null": lambda _: None,
    "boolean": Source.boolean,
    "int": Source.int,
    "long": Source.long,
    "float": Source.float,
    "double": Source.double,
    "bytes": lambda source: source.binary(0, 10),
    "string": Source.text,
}

DAYS = (-719_162, 2_932_896)
SECONDS = (-62_135_596_800, 253_402_300_799)
"""The years 1 to 9999, both ends included."""

RANGES = {
    "date": (*DAYS, INT_MAX),
    "time-millis": (0, 86_400_000 - 1, INT_MAX),
    "time-micros": (0, 86_400_000_000 - 1, LONG_MAX),
    "timestamp-millis": (SECONDS[0] * 1000, SECONDS[1] * 1000 + 999, LONG_MAX),
    "timestamp-micros": (SECONDS[0] * 1_000_000, SECONDS[1] * 1_000_000 + 999_999, LONG_MAX),
}
"""By logical type, the least and the greatest raw value that Python has a value for, and the greatest of the type."""

NO_UUIDS = ("", "no uuid", "0" * 31)


def draw_value(source: Source, node: Node, *, huge: bool = True, branches: bool = False) -> object:
    """Draw a value that fits `node` and that reading gives back as it was, by `same`.

    `huge` lets in, once in two hundred times, a string or bytes of 20,000, or 300 items or entries; never two of them in one value.
    With `branches` it is what reading with `branches` gives back, in which unions take any of their branches.

    Recursion ends after a few levels. Else no value is of the form `(branch, value)`, and inside unions none is the raw value of a
    logical type, since another branch might take it. Raises `Discarded` where every try might be read as another value, or where
    no value fits.
    """
    return _Drawing(source, node, huge=huge, branches=branches).value(node, 0, raw=True)


@lru_cache(16)
def _heights(root: Node) -> dict[int, int]:
    """Return, by node id, how deep the shallowest value of each type in `root` is; a type that no value fits is left out."""
    heights: dict[int, int] = {}
    found = nodes(root)[::-1]
    changed = True
    while changed:
        changed = False
        for node in found:
            inner = [heights[id(child)] for child in children(node) if id(child) in heights]
            if isinstance(node, Union):
                height = min(inner, default=None)
            elif isinstance(node, Record):
                height = 1 + max(inner, default=0) if len(inner) == len(node.fields) else None
            else:
                height = 0
            if height is not None and heights.get(id(node)) != height:
                heights[id(node)] = height
                changed = True
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
    """One value being drawn. `left` is how many more values it may hold; `huge` tells whether a part of it may be a huge one."""

    def __init__(self, source: Source, root: Node, *, huge: bool, branches: bool) -> None:
        self.source = source
        self.heights = _heights(root)
        self.left = VALUES
        self.huge = huge
        self.branches = branches
        if id(root) not in self.heights:
            raise Discarded

    def value(self, node: Node, depth: int, *, raw: bool) -> object:
        """Draw a value; `raw` lets in raw values of logical types that have no Python value."""
        self.left -= 1
        match node:
            case Record():
                record = {field.name: self.value(field.node, depth + 1, raw=raw) for field in node.fields}
                # The order of a dict's keys is not that of the fields.
                return {name: record[name] for name in self.source.shuffled(list(record))} if self.source.chance(8) else record
            case Union():
                return self.branch_value(node, depth)
            case Array():
                items = [self.value(node.items, depth + 1, raw=raw) for _ in range(self.count(node.items, depth))]
                return [items[index % len(items)] for index in range(self.many())] if items and self.is_huge() else items
            case Map():
                entries = [self.entry(node, depth, raw=raw) for _ in range(self.count(node.values, depth))]
                if entries and self.is_huge():
                    return {f"{key}{index}": value for index, (key, value) in enumerate(entries * self.many())}
                return dict(entries)
            case Enum():
                return self.source.choice(node.symbols)
        if node.logical is not None and node.logical.custom is None:
            return self.logical(node, node.logical, raw=raw)
        drawn = self.source.binary(node.size, node.size) if isinstance(node, Fixed) else PRIMITIVES[node.type](self.source)
        if node.logical is not None and node.logical.custom is not None:
            return node.logical.custom.from_avro(drawn)
        if isinstance(node, Fixed):
            return drawn
        if isinstance(drawn, str | bytes) and self.is_huge():
            return drawn * (self.source.choice((70, 8200, 20_000)) // max(len(drawn), 1))
        return drawn

    def entry(self, node: Map, depth: int, *, raw: bool) -> tuple[str, object]:
        return self.source.text(), self.value(node.values, depth + 1, raw=raw)

    def count(self, inner: Node, depth: int) -> int:
        """Draw how many items or entries there are."""
        return self.source.below(4) if depth < DEPTH and self.left > 0 and id(inner) in self.heights else 0

    def is_huge(self) -> bool:
        """Tell, once in a while and once for one value, to make the part at hand a huge one."""
        if self.huge and self.source.chance(200):
            self.huge = False
            return True
        return False

    def many(self) -> int:
        return self.source.choice((70, 300))

    def branch_value(self, union: Union, depth: int) -> object:
        """Draw a value for one branch, that branch's name with it or such that no other takes it for its own and changes it."""
        branches = [branch for branch in union.branches if id(branch) in self.heights]
        ends = depth >= DEPTH or self.left <= 0
        branch = min(branches, key=lambda branch: self.heights[id(branch)]) if ends else self.source.choice(branches)
        if self.branches:
            value = self.value(branch, depth, raw=True)
            return (branch.name, value) if has_choice(union) and value is not None else value
        for _ in range(3):
            value = self.value(branch, depth, raw=False)
            others = [other for other in union.branches if other is not branch and fills_in(other, value)]
            if not others:
                return value
            # The branch that has more fields than this one can be told by them.
            branch = others[-1]
            if ends or id(branch) not in self.heights:
                break
        raise Discarded

    def logical(self, node: Node, logical: Logical, *, raw: bool) -> object:
        source = self.source
        convert = conversion(logical, node.type, node.size if isinstance(node, Fixed) else None)
        if convert is None:
            return source.long()
        if logical.name == "decimal":
            return _decimal(source.below(10**logical.precision), logical.scale, source)
        if logical.name == "big-decimal":
            return _decimal(source.below(1 << source.below(80)), source.integer(0, 45) - 5, source)
        if logical.name == "uuid":
            if raw and node.type == "string" and source.chance(8):
                return source.choice(NO_UUIDS)
            return UUID(bytes=source.binary(16, 16))
        if logical.name == "duration":
            return convert.from_raw(b"".join(_uint32(source).to_bytes(4, "little") for _ in range(3)))
        low, high, bound = RANGES[logical.name.removeprefix("local-")]
        return convert.from_raw(_raw(source, low, high, bound if raw and source.chance(6) else 0))


def _uint32(source: Source) -> int:
    return source.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1)) if source.boolean() else source.below(1 << source.below(33))


def _decimal(number: int, scale: int, source: Source) -> Decimal:
    sign = int(number != 0 and source.boolean())
    return Decimal((sign, tuple(map(int, str(number))), -scale))


def _raw(source: Source, low: int, high: int, bound: int) -> int:
    """Draw a raw value from `low` to `high`, or if `bound` is not 0, one outside them that the type holds."""
    if bound:
        outside = (high + 1, low - 1, bound, -bound - 1)
        return source.choice(outside) if source.boolean() else source.integer(high + 1, bound)
    if source.boolean():
        return source.choice([number for number in (0, 1, -1, 999, 1000, -1000, low, high) if low <= number <= high])
    number = source.below(high + 1)
    return max(low, -number - 1) if source.boolean() else number
