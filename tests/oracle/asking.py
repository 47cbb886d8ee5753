"""Asking a codec the questions of the oracle, one seeded case after the other."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from avro_ocf.oracle import Case, Disagreement, Operation, seeded_case
from avro_ocf.oracle.checks import disagreement
from tests.oracle.codec import Codec
from tests.oracle.mutants.registry import Check

OPERATIONS: dict[Check, Operation] = {
    "encoder": "encode",
    "decoder": "decode",
    "resolver": "resolve",
    "container reader": "read-file",
    "container writer": "write-file",
}


def function_of(codec: Codec, check: Check) -> Callable[..., object]:
    """Return the function that `check` asks."""
    functions: dict[Check, Callable[..., object]] = {
        "encoder": codec.encode,
        "decoder": codec.decode,
        "resolver": codec.resolve,
        "container reader": codec.read_file,
        "container writer": codec.write_file,
    }
    return functions[check]


@lru_cache(10_000)
def kept_case(check: Check, index: int) -> Case:
    """Return a case of the mutants' seed; drawing it takes longer than asking it, and all mutants are asked the same."""
    return seeded_case(OPERATIONS[check], "mutants", index)[0]


def failures(codec: Codec, check: Check, examples: int) -> Iterator[tuple[int, Disagreement]]:
    """Yield the number of each example that fails, counted from 1, with what is wrong with it."""
    function = function_of(codec, check)
    for index in range(examples):
        if found := disagreement(function, kept_case(check, index)):
            yield index + 1, found
