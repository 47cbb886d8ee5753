"""What errors say of a datum, and what to do about it."""

from typing import Final

from avro_ocf.errors import type_name
from avro_ocf.reference.fault import Fault

ADVICE: Final = (
    ("bytes", (memoryview,), "bytes(value) makes them"),
    ("bytes", (str,), "value.encode() makes them"),
    ("a str", (bytes, bytearray), "value.decode() makes one"),
)
"""What was expected, the types that can be made one, and how."""

METHODS: Final = (
    ("a list", "tolist", "value.tolist() makes one"),
    ("a list", "__iter__", "list(value) makes one"),
    ("a dict", "_asdict", "value._asdict() makes one"),
    ("a dict", "keys", "dict(value) makes one"),
    ("a dict", "__dataclass_fields__", "dataclasses.asdict(value) makes one"),
    ("a float", "__float__", "float(value) makes one"),
    ("an int", "__index__", "int(value) makes one"),
)
"""What was expected, what types that can be made one have, and how."""

NO_LISTS: Final = (str, bytes, bytearray, dict)
"""What can be walked over, and is not meant as a list."""


def expected(what: str, datum: object) -> Fault:
    """Return the fault of a datum of the wrong type."""
    return Fault(f"expected {what}, not {describe(datum)}{_advice(what, datum)}")


def describe(datum: object) -> str:
    """Return a few words about a datum of any type, whatever its size."""
    if datum is None or isinstance(datum, bool):
        return repr(datum)
    if type(datum) is int:
        return f"the int {datum}" if datum.bit_length() <= 128 else f"an int of {datum.bit_length()} bits"
    if type(datum) is str:
        return f"the str {datum[:40]!r}"
    return f"a {type_name(datum)}"


def _advice(what: str, datum: object) -> str:
    if what == "a list" and isinstance(datum, NO_LISTS):
        return ""
    fitting = [how for wanted, types, how in ADVICE if wanted == what and isinstance(datum, types)]
    # The type is asked, for what the datum itself says may be anything.
    fitting += [how for wanted, name, how in METHODS if wanted == what and name in _names_of(type(datum))]
    return f"; {fitting[0]}" if fitting and not isinstance(datum, bool) else ""


def _names_of(kind: type) -> set[str]:
    return {name for base in kind.__mro__ for name in vars(base)}
