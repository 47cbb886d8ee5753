"""Encoding for data that was made for fastavro, which takes more than the strict rules do.

A datum is encoded by the strict rules; only if it does not fit is it made fit, and encoded then. So what fits strictly gives the
same bytes, and costs nothing. In a union, whatever one branch takes strictly is left to the strict rules. For anything else, every
branch is tried, and the one that is left with the least loss is taken: first the one that leaves out the fewest keys, then the one
that fills in the fewest fields, then the one that rounds the least, then the first.
"""

from collections import UserString
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from avro_ocf.errors import DatumError
from avro_ocf.limits import Limits
from avro_ocf.logical import rounded_down
from avro_ocf.reference import choose_branch
from avro_ocf.reference.branches import branch_index, is_forced
from avro_ocf.reference.encode import Encoder as ReferenceEncoder
from avro_ocf.reference.encode import of_numpy
from avro_ocf.reference.fault import Fault, field_step, item_step, key_step
from avro_ocf.reference.wording import describe
from avro_ocf.schema.model import NO_DEFAULT, Array, Field, Map, Node, Record, Union

if TYPE_CHECKING:
    from avro_ocf.compiler import Encoder

TEXTS: Final = (str, bytes, bytearray, memoryview, UserString)
"""Sequences that are no lists."""


class Loss(NamedTuple):
    """What making a datum fit takes from it and adds to it; of two, the lesser one is less of a change."""

    keys_left_out: int = 0
    fields_filled_in: int = 0
    nanoseconds: int = 0

    def plus(self, other: "Loss") -> "Loss":
        """Return both together."""
        return Loss(*(one + another for one, another in zip(self, other, strict=True)))


NOTHING: Final = Loss()

Fitted = tuple[object, Loss]
"""A datum that was made fit, as far as it could be, and what that took."""


class LenientEncoder:
    """Encodes datums as `strict` does, those that it refuses after they are made fit."""

    __slots__ = ("_strict", "is_charged")

    def __init__(self, strict: "Encoder") -> None:
        self._strict = strict
        self.is_charged = strict.is_charged

    def append(self, datum: object, out: bytearray) -> int:
        """Add the bytes of `datum` to `out` and return its charge. Raises `DatumError`; `out` is as before then."""
        try:
            return self._strict.append(datum, out)
        except DatumError:
            pass
        return self._strict.append(fitted(self._strict.node, datum, self._strict.limits), out)

    def text(self, datum: object) -> str:
        """Return the bytes of `datum` as text, a character for each. Raises `DatumError`."""
        try:
            return self._strict.text(datum)
        except DatumError:
            pass
        return self._strict.text(fitted(self._strict.node, datum, self._strict.limits))

    def append_texts(self, records: Iterable[object], texts: list[str], space_bytes: int) -> None:
        """Add the `text` of records to the empty list `texts` until they take `space_bytes` or there are no more.

        Raises `DatumError` with `record`, the index of the one at fault among those taken; those before it are in `texts`.
        """
        for record in records:
            try:
                text = self.text(record)
            except DatumError as error:
                raise DatumError(error.message, error.path, len(texts)) from None
            texts.append(text)
            space_bytes -= len(text)
            if space_bytes <= 0:
                break

    def append_until(self, records: Iterable[object], out: bytearray, stop_bytes: int) -> int:
        """Add the bytes of records to `out` until it has `stop_bytes` or there are no more, and return their count.

        Raises as `append_texts`; the bytes of the records before the one at fault are in `out`.
        """
        texts: list[str] = []
        try:
            self.append_texts(records, texts, stop_bytes - len(out))
        finally:
            out += "".join(texts).encode("latin-1")
        return len(texts)


def fitted(node: Node, datum: object, limits: Limits) -> object:
    """Return what `datum` is as a `node` by the strict rules; what cannot be made fit stays as it is, for the encoder to refuse.

    Raises `DatumError` for a mapping or sequence that fails when it is read.
    """
    try:
        return _Fitter(limits).value(node, datum, 0)[0]
    except Fault as fault:
        raise DatumError(fault.message, fault.path) from None
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None


class _Fitter:
    """Makes values fit; `depth` is the number of records, arrays and maps that the value at hand is in.

    `made` remembers what each datum became as each type, for two branches that look alike would otherwise double the work with each
    level. It keeps the datum too, so that its id stays its own.
    """

    __slots__ = ("limits", "made")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.made: dict[tuple[int, int, int], tuple[object, Fitted | Fault]] = {}

    def value(self, node: Node, datum: object, depth: int) -> Fitted:
        """Make a value fit."""
        datum = of_numpy(datum)
        if not isinstance(node, Record | Array | Map | Union):
            return plain(node, datum)
        if depth >= self.limits.datum_depth:
            return datum, NOTHING
        key = (id(node), id(datum), depth)
        if key not in self.made:
            try:
                self.made[key] = datum, self.composite(node, datum, depth)
            except Fault as fault:
                self.made[key] = datum, fault
        found = self.made[key][1]
        if isinstance(found, Fault):
            raise Fault(found.message, steps=found.steps)
        return found

    def composite(self, node: Node, datum: object, depth: int) -> Fitted:
        """Make a record, an array, a map or a union's value fit."""
        match node, datum:
            case Union(), _:
                return self.union(node, datum, depth)
            case Record(), Mapping():
                return self.record(node, entries(datum), depth + 1)
            case Map(), Mapping():
                parts = {key: self.inside(entry_step(key), node.values, part, depth + 1) for key, part in entries(datum).items()}
                return {key: part for key, (part, _) in parts.items()}, total(parts.values())
            case Array(), Sequence() if not isinstance(datum, TEXTS):
                made = [self.inside(item_step(index), node.items, part, depth + 1) for index, part in enumerate(items(datum))]
                return [part for part, _ in made], total(made)
        return datum, NOTHING

    def record(self, node: Record, datum: Mapping[object, object], depth: int) -> Fitted:
        """Make a record fit: leave out keys without a field, and give None to fields that it lacks and that may be null."""
        parts: dict[str, Fitted] = {}
        missing = 0
        for field in node.fields:
            if field.name in datum:
                parts[field.name] = self.inside(field_step(field.name), field.node, datum[field.name], depth)
                continue
            missing += 1
            if is_filled_with_null(field):
                parts[field.name] = None, NOTHING
        left_out = len(datum) - len(node.fields) + missing
        return {name: part for name, (part, _) in parts.items()}, total(parts.values()).plus(Loss(left_out, missing))

    def inside(self, step: str, node: Node, datum: object, depth: int) -> Fitted:
        """Make a part of a value fit."""
        try:
            return self.value(node, datum, depth)
        except Fault as fault:
            raise fault.within(step) from None

    def union(self, node: Union, datum: object, depth: int) -> Fitted:
        """Make a union's value fit, unless one of its branches takes it as it is."""
        try:
            choose_branch(node, datum, self.limits)
        except DatumError:
            pass
        else:
            return datum, NOTHING
        if is_forced(datum) and names_a_branch(node, datum[0]):
            branch = node.branches[branch_index(node, datum[0])]
            made, loss = self.value(branch, datum[1], depth)
            return (branch.name, made), loss
        if isinstance(datum, Mapping):
            told = entries(datum)
            name = told.pop(TYPE_KEY, None)
            if isinstance(name, str) and names_a_branch(node, name):
                return self.union(node, (name, told), depth)
        others = [branch for branch in node.branches if branch.type != "null"]
        if len(others) == 1:
            return self.value(others[0], datum, depth)
        ranked = [found for branch in others if (found := self.attempt(branch, datum, depth)) is not None]
        if not ranked:
            return datum, NOTHING
        loss, _, name, made = min(ranked, key=lambda found: found[:2])
        return (name, made), loss

    def attempt(self, branch: Node, datum: object, depth: int) -> tuple[Loss, int, str, object] | None:
        """Return what a datum becomes as one branch of a union, with its loss and its rank there; None if it does not fit."""
        try:
            made, loss = self.value(branch, datum, depth)
            _, rank = ReferenceEncoder(self.limits, self.limits.zero_byte_items).value(branch, made, depth)
        except Fault:
            return None
        return loss, rank, branch.name, made


TYPE_KEY: Final = "-type"
"""The key by which fastavro's data name a union's branch in a record."""


def plain(node: Node, datum: object) -> Fitted:
    """Make a primitive, a fixed or an enum's symbol fit: round a time down, and take the bytes of a memoryview."""
    logical = node.logical
    if logical is not None and logical.custom is not None:
        return datum, NOTHING
    if logical is not None and isinstance(datum, datetime | time):
        try:
            number, nanoseconds = rounded_down(logical, datum)
        except ValueError:
            return datum, NOTHING
        return number, Loss(nanoseconds=nanoseconds)
    if node.type in {"bytes", "fixed"} and isinstance(datum, memoryview):
        return datum.tobytes(), NOTHING
    return datum, NOTHING


def is_filled_with_null(field: Field) -> bool:
    """Tell whether a field that a datum lacks is null: where null is of its type, and it has no default."""
    branches = field.node.branches if isinstance(field.node, Union) else (field.node,)
    return field.default is NO_DEFAULT and any(branch.type == "null" and branch.logical is None for branch in branches)


def names_a_branch(node: Union, name: str) -> bool:
    """Tell whether a branch of a union is called `name`."""
    try:
        branch_index(node, name)
    except Fault:
        return False
    return True


def entry_step(key: object) -> str:
    """Return the step to a map's value, whatever its key is."""
    return key_step(key if isinstance(key, str) else describe(key))


def total(parts: Iterable[Fitted]) -> Loss:
    """Return the loss of all parts together."""
    loss = NOTHING
    for _, part in parts:
        loss = loss.plus(part) if part is not NOTHING else loss
    return loss


def entries(datum: Mapping[object, object]) -> dict[object, object]:
    """Return the entries of a mapping of any type."""
    try:
        return {key: datum[key] for key in datum}
    except Exception as error:  # noqa: BLE001 - a mapping is code of the datum's
        raise unreadable(datum, error) from None


def items(datum: Sequence[object]) -> list[object]:
    """Return the items of a sequence of any type."""
    try:
        return list(islice(datum, len(datum)))  # one that answers any index has no other end
    except Exception as error:  # noqa: BLE001 - a sequence is code of the datum's
        raise unreadable(datum, error) from None


def unreadable(datum: object, error: Exception) -> Fault:
    """Return the fault of a datum that fails when it is read."""
    return Fault(f"{describe(datum)} that fails when it is read: {type(error).__name__}: {error}")
