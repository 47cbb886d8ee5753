"""What a mutant is: a codec that breaks one rule, and the check that must see it."""

from collections.abc import Callable
from typing import Literal, TypeVar

from tests.oracle.codec import Codec

Check = Literal["encoder", "decoder", "resolver", "container reader", "container writer"]
M = TypeVar("M", bound=type[Codec])

MUTANTS: dict[str, tuple[Check, type[Codec]]] = {}
"""The mutants by name, each with its check."""


def seen_by(check: Check) -> Callable[[M], M]:
    """Register a mutant."""

    def register(mutant: M) -> M:
        assert mutant.__doc__, "a mutant tells its defect"
        assert mutant.__name__ not in MUTANTS, "two mutants of one name"
        MUTANTS[mutant.__name__] = check, mutant
        return mutant

    return register
