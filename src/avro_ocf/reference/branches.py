"""Which branch of a union a datum is written as.

A branch that takes the datum as it is comes before one that converts it, and within those the first in the schema's order wins.
"""

from collections.abc import Callable
from typing import TypeGuard

from avro_ocf.reference.fault import Fault
from avro_ocf.schema.model import Named, Union

EXACT = 0
"""The rank of a value that has the very type of the branch."""

CONVERTED = 1
"""The rank of a value that the branch converts: an int as a float, a float that `float` rounds, the raw value of a logical type."""

Encoded = tuple[bytes, int]
"""The bytes of a value and the worst rank among its parts."""


def best_branch(union: Union, datum: object, encode: Callable[[int], Encoded]) -> tuple[int, Encoded]:
    """Return the index of the branch to write and what `encode(index)` made of `datum`; `Fault` if none takes it."""
    converted: tuple[int, Encoded] | None = None
    faults = []
    has_int_branch = any(branch.type in {"int", "long"} and branch.logical is None for branch in union.branches)
    for index, branch in enumerate(union.branches):
        try:
            if has_int_branch and isinstance(datum, int) and branch.type in {"float", "double"} and not branch.logical:
                raise Fault("an int belongs to the branch for ints")
            encoded = encode(index)
        except Fault as fault:
            faults.append(fault)
            continue
        if encoded[1] == EXACT:
            return index, encoded
        converted = converted or (index, encoded)
    if converted is None:
        raise misfit(union, faults)
    return converted


def misfit(union: Union, faults: list[Fault]) -> Fault:
    """Return the fault of a datum that fits no branch, which had `faults`: the one that lies deeper, if only one does, or all."""
    deeper = [fault for fault in faults if fault.steps]
    if len(deeper) == 1:
        return deeper[0]
    reasons = [f"{branch.name}: {fault.message}" for branch, fault in zip(union.branches, faults, strict=True)]
    # Unions inside unions repeat one another's reasons.
    return Fault("fits no branch of the union: " + "; ".join(reason[:120] for reason in reasons[:20]))


def is_forced(datum: object) -> TypeGuard[tuple[str, object]]:
    """Tell whether a datum is of the form `(branch_name, value)`, which names its branch itself."""
    return isinstance(datum, tuple) and len(datum) == 2 and isinstance(datum[0], str)


def branch_index(union: Union, name: str) -> int:
    """Return the branch called `name`: a type's name, a fullname, or a short name of one branch only; `Fault` if there is none."""
    names = [branch.name for branch in union.branches]
    if name in names:
        return names.index(name)
    short = [index for index, branch in enumerate(union.branches) if isinstance(branch, Named) and branch.short_name == name]
    if len(short) != 1:
        raise Fault(f"no branch of the union is called {name[:80]!r}, the names are {', '.join(names[:20])}")
    return short[0]
