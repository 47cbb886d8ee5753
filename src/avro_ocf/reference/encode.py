"""Writing one datum."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from avro_ocf.errors import DatumError
from avro_ocf.floats import LAYOUTS
from avro_ocf.limits import Limits
from avro_ocf.reference.branches import CONVERTED, EXACT, Encoded, best_branch, branch_index, is_forced
from avro_ocf.reference.budget import Budget
from avro_ocf.reference.fault import Fault, field_step, item_step, key_step
from avro_ocf.reference.skip import Skipper
from avro_ocf.reference.source import Source
from avro_ocf.reference.wording import describe, expected
from avro_ocf.schema.measure import field_charge, value_charge, zero_byte_values
from avro_ocf.schema.model import Array, Custom, Enum, Field, Fixed, Logical, Map, Node, Record, Union
from avro_ocf.varint import encode_long


def encode(node: Node, datum: object, limits: Limits, budget: Budget | None = None) -> bytes:
    """Return `datum` encoded as `node`. `budget` is that of the block the datum goes into; it is charged on success only.

    Raises `DatumError` with the path of the value at fault.
    """
    budget = Budget(limits.zero_byte_items) if budget is None else budget
    encoder = Encoder(limits, budget.left)
    data, _ = _at_root(lambda: encoder.root(node, datum))
    budget.charge(encoder.spent)
    return data


def choose_branch(union: Union, datum: object, limits: Limits) -> tuple[int, object]:
    """Return the index of the branch that `datum` is written as, and the value to write there, without a name that forces a branch.

    Raises `DatumError` when no branch takes it.
    """
    encoder = Encoder(limits, limits.zero_byte_items)
    index, _ = _at_root(lambda: encoder.branch(union, of_numpy(datum), 0))
    return index, datum[1] if is_forced(datum) else datum


class Encoder:
    """Encodes values of any type; `depth` is the number of records, arrays and maps that the value at hand is in.

    `granted` zero-byte values may be `spent`. `chosen` remembers what each union made of each datum at each depth: two branches
    that look alike, in a union inside themselves, would otherwise double the work with each level. It keeps the datum too, so that
    its id stays its own.
    """

    __slots__ = ("chosen", "granted", "limits", "spent")

    def __init__(self, limits: Limits, granted: int) -> None:
        self.limits = limits
        self.granted = granted
        self.spent = 0
        self.chosen: dict[tuple[int, int, int], tuple[object, Choice | Fault]] = {}

    def charge(self, count: int) -> None:
        """Charge `count` values that take no byte."""
        if count > self.granted - self.spent:
            raise Fault(f"more than {self.limits.zero_byte_items} values that take no byte (limits.zero_byte_items)")
        self.spent += count

    def enter(self, depth: int) -> int:
        """Go down into a record, array or map and return the depth of what is inside."""
        if depth >= self.limits.datum_depth:
            raise Fault(f"nested more than {self.limits.datum_depth} deep (limits.datum_depth)")
        return depth + 1

    def root(self, node: Node, datum: object) -> Encoded:
        """Encode a whole datum."""
        self.charge(zero_byte_values(node))
        return self.value(node, datum, 0)

    def value(self, node: Node, datum: object, depth: int) -> Encoded:
        """Encode one value."""
        if type(datum).__module__ == "numpy":
            datum = of_numpy(datum)
        try:
            match node:
                case Record():
                    return self.record(node, datum, self.enter(depth))
                case Array():
                    return self.array(node, datum, self.enter(depth))
                case Map():
                    return self.map(node, datum, self.enter(depth))
                case Union():
                    index, (data, rank) = self.branch(node, datum, depth)
                    return encode_long(index) + data, rank
                case Enum():
                    return enum(node, datum), EXACT
            return plain(node, datum)
        except (AttributeError, OverflowError, TypeError) as error:  # a stand-in may claim a class that it has not
            raise Fault(f"{describe(datum)} that is not what it claims to be: {error}") from None

    def record(self, node: Record, datum: object, depth: int) -> Encoded:
        """Encode a record: "the values of its fields in the order that they are declared"."""
        if not isinstance(datum, dict):
            raise expected("a dict", datum)
        self.charge(field_charge(node))
        names = {field.name for field in node.fields}
        for key in datum:
            if key not in names:
                raise Fault(f"{node.fullname} has no field {describe(key)}")
        parts = []
        for field in node.fields:
            try:
                if field.name in datum:
                    parts.append(self.value(field.node, datum[field.name], depth))
                else:
                    parts.append((self.default(field, depth), EXACT))
            except Fault as fault:
                if field.note and not fault.steps:
                    fault.message += f"; {field.note}"
                raise fault.within(field_step(field.name)) from None
        return joined(parts)

    def default(self, field: Field, depth: int) -> bytes:
        """Return the bytes of a field that the datum lacks."""
        data = field.default_bytes
        if data is None:
            raise Fault("missing, and the field has no default")
        # A default is nested and counted like any other value: what is written must be readable under the same limits.
        budget = Budget(self.granted - self.spent)
        Skipper(Source(data, self.limits, budget)).value(field.node, 0, depth)
        self.spent += budget.spent
        return data

    def array(self, node: Array, datum: object, depth: int) -> Encoded:
        """Encode an array: "a series of blocks", of which the last is empty; here one at most besides it."""
        if not isinstance(datum, list):
            raise expected("a list", datum)
        datum = list.copy(datum)  # a subclass may tell another length than it has
        self.charge(len(datum) * zero_byte_values(node.items))
        parts = []
        for index, item in enumerate(datum):
            try:
                parts.append(self.value(node.items, item, depth))
            except Fault as fault:
                raise fault.within(item_step(index)) from None
        return blocks(parts)

    def map(self, node: Map, datum: object, depth: int) -> Encoded:
        """Encode a map: "a series of blocks" of "key/value pairs"."""
        if not isinstance(datum, dict):
            raise expected("a dict", datum)
        charge = value_charge(node.values)
        parts = []
        for key, value in datum.items():
            if not isinstance(key, str):
                raise Fault(f"a key that is no str: {describe(key)}")
            key_bytes = text(key)
            try:
                self.charge(charge)
                data, rank = self.value(node.values, value, depth)
            except Fault as fault:
                raise fault.within(key_step(key)) from None
            parts.append((encode_long(len(key_bytes)) + key_bytes + data, rank))
        return blocks(parts)

    def branch(self, node: Union, datum: object, depth: int) -> tuple[int, Encoded]:
        """Choose a union's branch; return its index and what the datum is encoded as there."""
        key = (id(node), id(datum), depth)
        if key not in self.chosen:
            self.chosen[key] = datum, self.choose(node, datum, depth)
        choice = self.chosen[key][1]
        if isinstance(choice, Fault):
            raise Fault(choice.message, steps=choice.steps)
        self.charge(choice.spent)
        return choice.branch, choice.encoded

    def choose(self, node: Union, datum: object, depth: int) -> "Choice | Fault":
        """Choose a union's branch as if nothing had been spent, so that the choice holds wherever the datum is met again."""
        before = self.spent
        spent = {}

        def attempt(index: int, value: object) -> Encoded:
            self.spent = 0
            self.charge(value_charge(node.branches[index]))
            encoded = self.value(node.branches[index], value, depth)
            spent[index] = self.spent
            return encoded

        try:
            if is_forced(datum):
                index = branch_index(node, datum[0])
                encoded = attempt(index, datum[1])
            else:
                index, encoded = best_branch(node, datum, lambda branch: attempt(branch, datum))
            return Choice(index, encoded, spent[index])
        except Fault as fault:
            return fault
        finally:
            self.spent = before


class Choice(NamedTuple):
    """The branch that a union writes a datum as, what it is encoded as there, and the zero-byte values in it."""

    branch: int
    encoded: Encoded
    spent: int


Made = TypeVar("Made")


def _at_root(make: Callable[[], Made]) -> Made:
    """Return what `make` makes, turning its faults into the public error."""
    try:
        return make()
    except Fault as fault:
        raise DatumError(fault.message, fault.path) from None
    except RecursionError:
        raise DatumError("nested deeper than Python's stack allows") from None


def of_numpy(datum: object) -> object:
    """Return what a scalar of numpy's is exactly; anything else as it is."""
    if type(datum).__module__ != "numpy":
        return datum
    from avro_ocf.foreign import plain_scalar

    try:
        return plain_scalar(datum)
    except ValueError as error:
        raise Fault(f"{describe(datum)} that {error}") from None


def plain(node: Node, datum: object) -> Encoded:
    """Encode a primitive or a fixed, through its logical type if it has one."""
    size = node.size if isinstance(node, Fixed) else None
    if node.logical is not None and node.logical.custom is not None:
        return converted(node.logical.name, node.logical.custom, node.type, size, datum), CONVERTED
    if node.logical is not None:
        from avro_ocf.logical import conversion, exceeds_precision

        found = conversion(node.logical, node.type, size)
        if found is None:
            return nanoseconds(node.logical, datum)
        if isinstance(datum, found.python_type):
            try:
                data, _ = raw(node.type, size, found.to_raw(datum))
            except ValueError as error:
                raise Fault(f"a {node.logical.name} that {error}") from None
            return data, CONVERTED if exceeds_precision(node.logical, datum) else EXACT
        try:
            return raw(node.type, size, datum)[0], CONVERTED
        except Fault as fault:
            raise Fault(f"{fault.message} (as {node.logical.name}: a {found.python_type.__name__})") from None
    return raw(node.type, size, datum)


class Raw(NamedTuple):
    """A value of a type with a conversion of the user's that is raw already."""

    value: object


def converted(name: str, custom: Custom, type_name: str, size: int | None, datum: object) -> bytes:
    """Encode what a conversion of the user's makes of a datum."""
    if isinstance(datum, Raw):
        return raw(type_name, size, datum.value)[0]
    try:
        made = custom.to_avro(datum)
    except Exception as error:  # noqa: BLE001 - it is code of the user's
        raise Fault(f"the conversion to {name} of {describe(datum)} fails: {type(error).__name__}: {error}") from None
    try:
        return raw(type_name, size, of_numpy(made))[0]
    except Fault as fault:
        raise Fault(f"{fault.message} (from the conversion to {name})") from None


def nanoseconds(logical: Logical, datum: object) -> Encoded:
    """Encode a time in nanoseconds, which is an int, and may be given as a datetime."""
    from datetime import datetime

    from avro_ocf.logical import nanos_to_raw

    if not isinstance(datum, datetime):
        return integer("long", datum), EXACT
    try:
        return integer("long", nanos_to_raw(logical, datum)), CONVERTED
    except ValueError as error:
        raise Fault(f"a {logical.name} that {error}") from None


def raw(type_name: str, size: int | None, datum: object) -> Encoded:
    """Encode a primitive, or a fixed of `size` bytes."""
    match type_name:
        case "null":
            if datum is not None:
                raise expected("None", datum)
            return b"", EXACT
        case "boolean":
            if type(datum) is not bool:  # there is no other class of bools, though an object may claim it
                raise expected("a bool", datum)
            return (b"\1" if datum else b"\0"), EXACT
        case "int" | "long":
            return integer(type_name, datum), EXACT
        case "float" | "double":
            return floating(type_name, datum)
        case "string":
            if not isinstance(datum, str):
                raise expected("a str", datum)
            data = text(datum)
            return encode_long(len(data)) + data, EXACT
    if not isinstance(datum, bytes | bytearray):
        raise expected("bytes", datum)
    data = b"".join([datum])
    if size is None:
        return encode_long(len(data)) + data, EXACT
    if len(data) != size:
        raise Fault(f"expected {size} bytes, not {len(data)}")
    return data, EXACT


def integer(type_name: str, datum: object) -> bytes:
    """Encode an int or long: "variable-length zig-zag coding"."""
    if not isinstance(datum, int) or isinstance(datum, bool):
        raise expected("an int", datum)
    bits = 32 if type_name == "int" else 64
    number = int.__int__(datum)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise Fault(f"expected an int of {bits} bits, not {describe(datum)}")
    return encode_long(number)


def floating(type_name: str, datum: object) -> Encoded:
    """Encode a float or double: "4 bytes" or "8 bytes", little-endian. A Python float is rounded to a `float`; no int is."""
    if isinstance(datum, bool) or not isinstance(datum, int | float):
        raise expected("a float", datum)
    layout = LAYOUTS[type_name]
    number = float.__float__(datum) if isinstance(datum, float) else int.__int__(datum)
    try:
        data = layout.pack(float(number))
    except OverflowError:
        raise Fault(f"too large for a {type_name}") from None
    survives = number != number or layout.unpack(data)[0] == number  # noqa: PLR0124 - NaN
    if not isinstance(datum, int):
        return data, EXACT if survives else CONVERTED
    if not survives:
        raise Fault(f"no {type_name} is {describe(datum)}; given as a float, with a point, it is rounded")
    return data, CONVERTED


def enum(node: Enum, datum: object) -> bytes:
    """Encode an enum: "an int, representing the zero-based position of the symbol in the schema"."""
    if not isinstance(datum, str):
        raise expected("a str", datum)
    position = node.positions.get(str.__str__(datum))
    if position is None:
        raise Fault(f"{node.fullname} has no symbol {describe(datum)}")
    return encode_long(position)


def joined(parts: list[Encoded]) -> Encoded:
    """Return the parts one after the other, with the worst of their ranks."""
    return b"".join(data for data, _ in parts), max((rank for _, rank in parts), default=EXACT)


def blocks(parts: list[Encoded]) -> Encoded:
    """Return the items of an array or the entries of a map as one block, if any, and the empty block that ends them."""
    data, rank = joined(parts)
    return (encode_long(len(parts)) + data if parts else b"") + b"\0", rank


def text(datum: str) -> bytes:
    """Return the UTF-8 of a str."""
    try:
        return str.encode(datum, "utf-8")
    except UnicodeEncodeError:
        raise Fault("a str that holds a lone surrogate") from None
