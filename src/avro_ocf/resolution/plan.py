"""How to read a writer's bytes as a reader's values: one tree, made once, walked by `reference` and compiled by `compiler`.

A plan has the shape of the writer's schema, since that is the order of the bytes, and names at each place what the reader makes of
the value. A recursive schema gives a cyclic plan.
"""

from collections.abc import Sequence
from typing import NamedTuple

from avro_ocf.schema.measure import has_choice
from avro_ocf.schema.model import Logical, Node, Union


class ReadPrimitive:
    """A primitive written as `type` and given out as `target`, which differs from it for a promotion. `logical` is the reader's."""

    __slots__ = ("logical", "target", "type")

    def __init__(self, type_name: str, target: str, logical: Logical | None) -> None:
        self.type = type_name
        self.target = target
        self.logical = logical


class ReadFixed:
    """A fixed of `size` bytes. `logical` is the reader's."""

    __slots__ = ("logical", "size")

    def __init__(self, size: int, logical: Logical | None) -> None:
        self.size = size
        self.logical = logical


class ReadEnum:
    """An enum: `symbols[i]` is what the reader gets for the writer's index `i`; None where it knows no symbol for it."""

    __slots__ = ("symbols", "written")

    def __init__(self, written: Sequence[str], symbols: Sequence[str | None]) -> None:
        self.written = tuple(written)
        self.symbols = tuple(symbols)


class ReadArray:
    """An array of `items`."""

    __slots__ = ("items",)

    def __init__(self, items: "Plan") -> None:
        self.items = items


class ReadMap:
    """A map from strings to `values`."""

    __slots__ = ("values",)

    def __init__(self, values: "Plan") -> None:
        self.values = values


class ReadUnion:
    """A writer's union: `branches[i]` reads the writer's branch `i`; a `ReadNothing` where the reader has no place for it."""

    __slots__ = ("branches",)

    def __init__(self, branches: Sequence["Plan"]) -> None:
        self.branches = tuple(branches)


class ReadBranch:
    """A value of a reader's union that comes with the `name` of its branch, as `(name, value)`; `plan` reads the value."""

    __slots__ = ("name", "plan")

    def __init__(self, name: str, plan: "Plan") -> None:
        self.name = name
        self.plan = plan


class ReadNothing:
    """A value that cannot be read as the reader asks: meeting one is a `ResolutionError` with `reason`."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class FieldStep(NamedTuple):
    """One field in the writer's order: `name` is the reader's name for it, or None when it has no such field.

    `written_name` is the writer's name; `plan` reads the value, and is a `ReadNothing` where there is no `name`; `node` is the
    writer's type, which is what a skip goes by.
    """

    written_name: str
    name: str | None
    plan: "Plan"
    node: Node


class DefaultStep(NamedTuple):
    """A field of the reader that the writer lacks: each record gets a fresh value of `plan`, read from `data`."""

    name: str
    plan: "Plan"
    data: bytes


class ReadRecord:
    """A record: `steps` in the writer's order, then `defaults`; `names` is the order of the fields in the dict given out."""

    __slots__ = ("defaults", "fullname", "names", "node", "steps")

    def __init__(self, fullname: str, node: Node) -> None:
        self.fullname = fullname
        self.node = node
        self.steps: tuple[FieldStep, ...] = ()
        self.defaults: tuple[DefaultStep, ...] = ()
        self.names: tuple[str, ...] = ()


Plan = ReadPrimitive | ReadFixed | ReadEnum | ReadArray | ReadMap | ReadUnion | ReadBranch | ReadRecord | ReadNothing


def with_branch(union: Union, branch: Node, plan: Plan) -> Plan:
    """Return `plan`, which reads `branch` of a reader's `union`, so that its value comes with the branch's name.

    Null comes without, and so does the only branch beside it: none other can be meant. But what a function of the user's makes may
    be a pair that looks like a name and a value.
    """
    is_custom = branch.logical is not None and branch.logical.custom is not None
    return ReadBranch(branch.name, plan) if is_custom or (has_choice(union) and branch.type != "null") else plan


def field_count(root: Plan) -> int:
    """Return how many fields the records of a plan have, each record counted once."""
    count = 0
    seen: set[int] = set()
    waiting: list[Plan] = [root]
    while waiting:
        plan = waiting.pop()
        if id(plan) in seen:
            continue
        seen.add(id(plan))
        match plan:
            case ReadRecord():
                count += len(plan.steps) + len(plan.defaults)
                waiting += [step.plan for step in plan.steps]
            case ReadArray():
                waiting.append(plan.items)
            case ReadMap():
                waiting.append(plan.values)
            case ReadUnion():
                waiting += plan.branches
            case ReadBranch():
                waiting.append(plan.plan)
    return count
