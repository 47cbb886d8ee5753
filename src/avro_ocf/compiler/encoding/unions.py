"""Which branch of a union a value goes to, as far as its Python type alone decides."""

from typing import Never

from avro_ocf.compiler.faults import Unusual
from avro_ocf.schema.model import Fixed, Node, Record, Union

PYTHON_TYPES = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "string": str,
    "enum": str,
    "fixed": bytes,
    "array": list,
    "map": dict,
    "record": dict,
    "error": dict,
}


class Names:
    """What code calls with a value that has the type of no branch. `are_met` tells that one was a tuple, as names its branch."""

    __slots__ = ("are_met",)

    def __init__(self) -> None:
        self.are_met = False

    def __call__(self, value: object) -> Never:
        """Raise `Unusual`."""
        self.are_met = self.are_met or type(value) is tuple
        raise Unusual


def python_types(node: Node) -> tuple[type, ...]:
    """Return the exact types of the values that fit `node`: first its own, then those that it converts."""
    raw = PYTHON_TYPES[node.type]
    if node.logical is not None:
        from avro_ocf.logical import conversion

        found = conversion(node.logical, node.type, node.size if isinstance(node, Fixed) else None)
        if found is not None:
            return found.python_type, raw
    return (float, int) if raw is float else (raw,)


def branches_by_type(union: Union) -> dict[type, list[int]]:
    """Return the indexes of the branches to choose from for each exact Python type.

    A branch that converts a value is no choice where another has such values of its own.
    """
    own: dict[type, list[int]] = {}
    converted: dict[type, list[int]] = {}
    for index, branch in enumerate(union.branches):
        first, *others = python_types(branch)
        own.setdefault(first, []).append(index)
        for python_type in others:
            converted.setdefault(python_type, []).append(index)
    return converted | own


def key_sets(union: Union, indexes: list[int]) -> dict[frozenset[str], int] | None:
    """Return which of several records, counted from 0, has exactly the given keys, or None where keys alone do not decide it."""
    sets: dict[frozenset[str], int] = {}
    for position, index in enumerate(indexes):
        branch = union.branches[index]
        if not isinstance(branch, Record) or any(field.default_bytes is not None for field in branch.fields):
            return None
        sets[frozenset(field.name for field in branch.fields)] = position
    return sets if len(sets) == len(indexes) else None


def optional_of(node: Union) -> tuple[Node, str, str] | None:
    """Return the branch beside null, its prefix and the text of null, for a union of null and one other type."""
    match node.branches:
        case (Node(type="null", logical=None), other):
            return other, "\2", "\0"
        case (other, Node(type="null", logical=None)):
            return other, "\0", "\2"
    return None
