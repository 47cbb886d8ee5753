"""Values with the branches of unions, named where encoding would not choose them by itself, and nowhere else."""

from typing import cast

from avro_ocf.errors import DatumError
from avro_ocf.limits import Limits
from avro_ocf.reference.encode import Encoder
from avro_ocf.reference.fault import Fault
from avro_ocf.schema.measure import children, has_choice, nodes
from avro_ocf.schema.model import Array, Map, Node, Record, Union


class Shortener:
    """Takes names out of values of `root`. `is_needed` tells whether there are any."""

    def __init__(self, root: Node, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._named = _holders_of_choices(root)
        self.is_needed = id(root) in self._named

    def short(self, value: object) -> object:
        """Return `value`, as decoding with branches gives it, without each name that encoding the rest does not need.

        What it returns is encoded as `value` is. It takes time in proportion to the value, a few times what encoding it takes.
        Raises `DatumError` for a value that is nested deeper than Python's stack allows.
        """
        try:
            return self._short(self._root, value, 0, Encoder(self._limits, self._limits.zero_byte_items))
        except RecursionError:
            raise DatumError("nested deeper than Python's stack allows") from None

    def _short(self, node: Node, value: object, depth: int, encoder: Encoder) -> object:
        """Return the short form of a value at the `depth` at which `encoder` meets it, which has chosen for those inside it."""
        if id(node) not in self._named:
            return value
        match node, value:
            case Record(), dict():
                return {field.name: self._short(field.node, value[field.name], depth + 1, encoder) for field in node.fields}
            case Array(), list():
                return [self._short(node.items, item, depth + 1, encoder) for item in value]
            case Map(), dict():
                return {key: self._short(node.values, item, depth + 1, encoder) for key, item in value.items()}
            case Union(), tuple() if has_choice(node):
                return self._short_branch(node, cast("tuple[str, object]", value), depth, encoder)
            case Union(), _ if value is not None:
                (branch,) = (branch for branch in node.branches if branch.type != "null")
                return self._short(branch, value, depth, encoder)
        return value

    def _short_branch(self, union: Union, value: tuple[str, object], depth: int, encoder: Encoder) -> object:
        name, inner = value
        index = [branch.name for branch in union.branches].index(name)
        inner = self._short(union.branches[index], inner, depth, encoder)
        encoder.spent = 0
        try:
            chosen, _ = encoder.branch(union, inner, depth)
        except Fault:  # more than one branch of it may be too deep or too large
            return name, inner
        return inner if chosen == index else (name, inner)


def _holders_of_choices(root: Node) -> set[int]:
    """Return the `id` of every type that is a union of several branches that are not null, or that has one inside."""
    found = nodes(root)
    holders: dict[int, list[Node]] = {}
    for node in found:
        for child in children(node):
            holders.setdefault(id(child), []).append(node)
    reached: set[int] = set()
    waiting: list[Node] = [node for node in found if isinstance(node, Union) and has_choice(node)]
    while waiting:
        node = waiting.pop()
        if id(node) not in reached:
            reached.add(id(node))
            waiting.extend(holders.get(id(node), ()))
    return reached
