"""Times of the processor that functions take, in turns: so that a busy machine tells much the same, and a slow moment hits all."""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import process_time

Functions = Mapping[str, Callable[[], object]]
Times = dict[str, list[float]]
"""Of each function: its median time in seconds, and the median of its times as multiples of the first one's in the same turn."""


def paired(functions: Functions, repeats: int, clock: Callable[[], float] = process_time) -> Times:
    """Time functions in turns, each turn starting with another one."""
    names = list(functions)
    taken: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.freeze()  # what is there already is no garbage to look for
    for turn in range(repeats):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            taken[name].append(seconds(functions[name], clock))
    gc.unfreeze()
    first = taken[names[0]]
    return {name: [median(own), median(one / other for one, other in zip(own, first, strict=True))] for name, own in taken.items()}


def seconds(function: Callable[[], object], clock: Callable[[], float] = process_time) -> float:
    """Time one call, without what it takes to free the result."""
    gc.collect()
    start = clock()
    result = function()
    taken = clock() - start
    del result
    return taken


def rounded(value: float) -> float:
    """Return a number of four digits."""
    return float(f"{value:.4g}")
