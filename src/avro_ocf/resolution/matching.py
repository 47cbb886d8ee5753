"""Which types of a writer's schema match which of a reader's: the rules that `resolve` and `incompatibilities` share.

Specification, "Schema Resolution", with these decisions:

- Named types match by fullname, by an alias of the reader's, or by the name without its namespace. In a reader's union the
  last counts only where no branch matches by the first two, and of these the fullname goes first.
- In a reader's union a primitive goes to the branch of its own type, else to the first that it is promoted to, and past neither,
  be that of a logical type that does not match: a time must not become a double. Any other type goes to the first branch that
  recursively matches. When both are unions of branches of the same names in the same order, each branch goes to its counterpart.
- A field goes to the writer's field of its name, else to the first of its aliases that no other field of the reader has taken.
- The reader's logical type applies to what was written, promoted if need be. Where both sides have a logical type and the numbers
  would silently change their meaning, the types do not match: decimals of different scales, dates and times in different units. Nor
  do a decimal's bytes and a string.

In recursive schemas, whether two types match may depend on whether they do themselves. So all pairs of types that depend on one
another are collected first; then failures spread from the pairs that cannot match to those that need them. What is left matches.
Nothing recurses, for references make chains of any length, and the number of comparisons is bounded.
"""

from collections.abc import Sequence
from typing import Final

from avro_ocf.errors import ResolutionError
from avro_ocf.schema.logical_types import UNDERLYING
from avro_ocf.schema.model import NO_DEFAULT, Array, Field, Fixed, Map, Named, Node, Primitive, Record, Union

COMPARISONS: Final = 1_000_000
"""Comparisons of one type with another, or of one field, that two schemas may take."""

PROMOTIONS: Final = {
    "int": ("int", "long", "float", "double"),
    "long": ("long", "float", "double"),
    "float": ("float", "double"),
    "string": ("string", "bytes"),
    "bytes": ("bytes", "string"),
}
"""What a primitive of the writer's may be read as; one that is not listed only as itself."""

UNITS: Final = ("date", "millis", "micros", "nanos")
"""What a date or time counts: the last word of its logical type's name."""


class Pair:
    """A type of the writer's and one of the reader's.

    `needs` are the pairs that this one rests on, each with its step of a path; `spare` is how many of them may fail before this one
    does. A pair that fails has a `reason`; where it fails because another did, `blame` is that one, with its step. `missing` is the
    reader's field that the record `writer` lacks, where that is what the pair stands for.
    """

    __slots__ = ("blame", "missing", "needs", "reader", "reason", "spare", "users", "writer")

    def __init__(self, writer: Node, reader: Node) -> None:
        self.writer = writer
        self.reader = reader
        self.needs: Sequence[tuple[str, Pair]] = ()
        self.users: list[tuple[str, Pair]] = []
        self.spare = 0
        self.reason = ""
        self.blame: tuple[str, Pair] | None = None
        self.missing: Field | None = None

    @property
    def matches(self) -> bool:
        """Whether values of the writer's can be read, some of a union's at least."""
        return not self.reason

    @property
    def is_choice(self) -> bool:
        """Whether the reader alone is a union, so that one of `needs` stands for this pair."""
        return isinstance(self.reader, Union) and not isinstance(self.writer, Union)

    @property
    def chosen(self) -> "Pair":
        """This pair, or if it is a choice that matches, the first of `needs` that does."""
        return next((need for _, need in self.needs if need.matches), self) if self.is_choice else self


class Matching:
    """All the pairs that the pair of `writer` and `reader` rests on, each decided.

    Raises `ResolutionError` past `COMPARISONS`.
    """

    def __init__(self, writer: Node, reader: Node) -> None:
        self.pairs: dict[tuple[int, int], Pair] = {}
        self._waiting: list[Pair] = []
        self._failed: list[Pair] = []
        self._comparisons = 0
        self.root = self._pair(writer, reader)
        while self._waiting:
            self._expand(self._waiting.pop())
        while self._failed:
            self._spread(self._failed.pop())

    def find(self, writer: Node, reader: Node) -> Pair:
        """Return the pair of two types that were compared."""
        return self.pairs[id(writer), id(reader)]

    def _charge(self, comparisons: int) -> None:
        self._comparisons += comparisons
        if self._comparisons > COMPARISONS:
            raise ResolutionError(f"the two schemas take more than {COMPARISONS} comparisons")

    def _pair(self, writer: Node, reader: Node) -> Pair:
        self._charge(1)
        key = id(writer), id(reader)
        pair = self.pairs.get(key)
        if pair is None:
            pair = self.pairs[key] = Pair(writer, reader)
            self._waiting.append(pair)
        return pair

    def _expand(self, pair: Pair) -> None:
        match pair.writer, pair.reader:
            case Union() as writer, reader:
                lined_up = isinstance(reader, Union) and _branch_names(writer) == _branch_names(reader)
                readers = reader.branches if isinstance(reader, Union) and lined_up else [reader] * len(writer.branches)
                self._need(pair, [("", self._pair(*both)) for both in zip(writer.branches, readers, strict=True)])
                pair.spare = len(pair.needs) - 1
            case writer, Union() as reader:
                self._charge(len(reader.branches))
                self._need(pair, [("", self._pair(writer, branch)) for branch in _candidates(writer, reader)])
                pair.spare = len(pair.needs) - 1
            case writer, reader if reason := _mismatch(writer, reader):
                self._fail(pair, reason)
            case Record() as writer, Record() as reader:
                self._need_fields(pair, writer, reader)
            case Array() as writer, Array() as reader:
                self._need(pair, [("[]", self._pair(writer.items, reader.items))])
            case Map() as writer, Map() as reader:
                self._need(pair, [("[]", self._pair(writer.values, reader.values))])
        if pair.spare < 0:
            self._fail(pair, _no_branch(pair))

    def _need_fields(self, pair: Pair, writer: Record, reader: Record) -> None:
        self._charge(len(writer.fields) + len(reader.fields))
        matched = field_matches(writer, reader)
        needs = []
        for field in reader.fields:
            if field.name in matched:
                needs.append(("." + field.name, self._pair(matched[field.name].node, field.node)))
            elif field.default_bytes is None:
                missing = Pair(writer, field.node)
                missing.missing = field
                lack = "it has no default" if field.default is NO_DEFAULT else "its default does not fit its type"
                self._fail(missing, f"the writer has no such field, and {lack}")
                needs.append(("." + field.name, missing))
        self._need(pair, needs)

    def _need(self, pair: Pair, needs: Sequence[tuple[str, Pair]]) -> None:
        pair.needs = needs
        for step, need in needs:
            need.users.append((step, pair))

    def _fail(self, pair: Pair, reason: str) -> None:
        pair.reason = reason
        self._failed.append(pair)

    def _spread(self, failed: Pair) -> None:
        for step, user in failed.users:
            if user.spare:
                user.spare -= 1
            elif not user.matches:
                continue
            elif len(user.needs) > 1 and Union in (type(user.writer), type(user.reader)):
                self._fail(user, _no_branch(user))
            else:
                user.blame = step, failed
                self._fail(user, failed.reason)


def field_matches(writer: Record, reader: Record) -> dict[str, Field]:
    """Return the writer's field for each field of the reader's that has one, by the reader's name for it."""
    written = {field.name: field for field in writer.fields}
    matched = {field.name: written.pop(field.name) for field in reader.fields if field.name in written}
    for field in reader.fields:
        alias = next((alias for alias in field.aliases if alias in written), None)
        if field.name not in matched and alias is not None:
            matched[field.name] = written.pop(alias)
    return matched


def _branch_names(union: Union) -> list[str]:
    return [branch.name for branch in union.branches]


def _candidates(writer: Node, reader: Union) -> list[Node]:
    """Return the branches that may match `writer`, as far as can be told without looking inside."""
    ranks = [(branch, _rank(writer, branch)) for branch in reader.branches]
    best = max((rank for _, rank in ranks), default=0)
    # One of the very name comes first, but may fail inside where one with an alias does not.
    candidates = [branch for wanted in (3, 2, 1) for branch, rank in ranks if rank == wanted and min(rank, 2) == min(best, 2)]
    return candidates[:1] if isinstance(writer, Primitive) else candidates


def _rank(writer: Node, reader: Node) -> int:
    """Return how well the kinds and names of two types match.

    0 is not at all, 1 by promotion or by the name without its namespace, 2 by an alias of the reader's, 3 fully.
    """
    if isinstance(writer, Named) and isinstance(reader, Named):
        if _kind(writer) != _kind(reader):
            return 0
        if writer.fullname == reader.fullname:
            return 3
        if writer.fullname in reader.aliases:
            return 2
        return 1 if writer.short_name == reader.short_name else 0
    if reader.type == writer.type:
        return 3
    return 1 if reader.type in PROMOTIONS.get(writer.type, ()) else 0


def _kind(node: Node) -> str:
    return "record" if isinstance(node, Record) else node.type


def _mismatch(writer: Node, reader: Node) -> str:
    """Return why two types do not match, whatever is inside them; "" if they do."""
    if not _rank(writer, reader):
        return f"{_told(writer)} cannot be read as {_told(reader)}"
    if isinstance(writer, Fixed) and isinstance(reader, Fixed) and writer.size != reader.size:
        return f"{_told(writer)} of {writer.size} bytes cannot be read as one of {reader.size}"
    written, read = _measure(writer), _measure(reader)
    is_text = "string" in {writer.type, reader.type}
    if (written and read and written != read) or (is_text and (_is_decimal(writer) or _is_decimal(reader))):
        return f"{_told(writer)} cannot be read as {_told(reader)}: its value would change"
    return ""


def _measure(node: Node) -> str:
    """Return what one of a logical value's raw numbers stands for; "" where that is not fixed, or the user's."""
    logical = node.logical
    if logical is None or node.type not in UNDERLYING.get(logical.name, ()):
        return ""
    if logical.name == "decimal":
        return f"10**-{logical.scale}"
    unit = logical.name.rpartition("-")[2]
    return logical.name if logical.name == "big-decimal" else unit if unit in UNITS else ""


def _is_decimal(node: Node) -> bool:
    return node.logical is not None and node.logical.name in {"decimal", "big-decimal"}


def _told(node: Node) -> str:
    text = f"{node.type} {node.fullname}" if isinstance(node, Named) else node.type
    if node.logical is None:
        return text
    scale = f" of scale {node.logical.scale}" if node.logical.name == "decimal" else ""
    return f"{text} ({node.logical.name}{scale})"


def _no_branch(pair: Pair) -> str:
    if isinstance(pair.writer, Union):
        return "no branch of the writer's union can be read"
    return f"no branch of the reader's union matches {_told(pair.writer)}"
