"""Conversions that the user gives, per logical type and schema, never for all schemas."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from avro_ocf.errors import type_name
from avro_ocf.schema.model import Custom

Conversions = Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]
"""By the name of a logical type: the function that makes the raw value for Avro, and the one that makes a value of it."""

Given = tuple[tuple[str, Custom], ...]
"""The same in the order of their names, hashable."""

NONE: Final[Given] = ()


def conversions_given(conversions: Conversions | None, others: Given = NONE) -> Given:
    """Return `conversions` and those of `others` whose names are not among them.

    Raises `TypeError` for what is no mapping of names to pairs of functions, and for a function that has no hash.
    """
    if conversions is None:
        return others
    if not isinstance(conversions, Mapping):
        raise TypeError(f"conversions is a dict of logical types, not {type_name(conversions)}")
    found = dict(others)
    name: object
    pair: Any
    for name, pair in conversions.items():
        if not isinstance(name, str):
            raise TypeError(f"a logical type is a str, not {type_name(name)}")
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(map(callable, pair)):
            raise TypeError(f"the conversion of {name!r} is no pair of functions (to_avro, from_avro)")
        hash(pair)
        found[name] = Custom(*pair)
    return tuple(sorted(found.items(), key=lambda item: item[0]))
