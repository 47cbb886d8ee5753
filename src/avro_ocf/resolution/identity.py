"""The plan of a schema that is read as itself.

References make chains of any length, so nothing here recurses: every node gets an empty plan first, then the plans are linked.
"""

from avro_ocf.resolution.plan import (
    FieldStep,
    Plan,
    ReadArray,
    ReadEnum,
    ReadFixed,
    ReadMap,
    ReadNothing,
    ReadPrimitive,
    ReadRecord,
    ReadUnion,
    with_branch,
)
from avro_ocf.schema.measure import nodes
from avro_ocf.schema.model import Array, Enum, Fixed, Map, Node, Record, Union

UNLINKED = ReadNothing("not linked yet")


def identity(root: Node, *, branches: bool = False) -> Plan:
    """Return the plan that reads values of `root` as what they were written as, with `branches` also as which of a union's."""
    return identities(root, branches=branches)[id(root)]


def identities(root: Node, *, branches: bool = False) -> dict[int, Plan]:
    """Return the identity plan of every node reachable from `root`, by the node's `id`."""
    reachable = nodes(root)
    plans = {id(node): _unlinked(node) for node in reachable}
    for node in reachable:
        _link(node, plans, branches=branches)
    return plans


def _unlinked(node: Node) -> Plan:
    match node:
        case Record():
            return ReadRecord(node.fullname, node)
        case Array():
            return ReadArray(UNLINKED)
        case Map():
            return ReadMap(UNLINKED)
        case Union():
            return ReadUnion(())
        case Enum():
            return ReadEnum(node.symbols, node.symbols)
        case Fixed():
            return ReadFixed(node.size, node.logical)
    return ReadPrimitive(node.type, node.type, node.logical)


def _link(node: Node, plans: dict[int, Plan], *, branches: bool) -> None:
    match node, plans[id(node)]:
        case Record(), ReadRecord() as plan:
            plan.steps = tuple(FieldStep(field.name, field.name, plans[id(field.node)], field.node) for field in node.fields)
            plan.names = tuple(field.name for field in node.fields)
        case Array(), ReadArray() as plan:
            plan.items = plans[id(node.items)]
        case Map(), ReadMap() as plan:
            plan.values = plans[id(node.values)]
        case Union(), ReadUnion() as plan:
            found = [(branch, plans[id(branch)]) for branch in node.branches]
            plan.branches = tuple(with_branch(node, *both) if branches else both[1] for both in found)
