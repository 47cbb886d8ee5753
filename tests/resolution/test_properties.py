"""What holds for any two schemas."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from avro_ocf.errors import FormatError, ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.reference import decode, encode
from avro_ocf.resolution.compatibility import incompatibilities
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.matching import PROMOTIONS
from avro_ocf.resolution.plan import Plan, ReadArray, ReadMap, ReadPrimitive, ReadRecord, ReadUnion
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.measure import nodes
from avro_ocf.schema.model import Node, Union
from tests.resolution.schemas import parsed

CONTENT = ("type", "target", "logical", "size", "written", "symbols", "names", "fullname")


def parts(plan: Plan) -> list[Plan]:
    match plan:
        case ReadArray():
            return [plan.items]
        case ReadMap():
            return [plan.values]
        case ReadUnion():
            return list(plan.branches)
        case ReadRecord():
            return [step.plan for step in plan.steps] + [default.plan for default in plan.defaults]
    return []


def outline(root: Plan) -> list[tuple[object, ...]]:
    """Return the content of a plan and of all that it links to, told by number, so that cyclic plans can be compared."""
    numbers: dict[int, int] = {id(root): 0}
    waiting = [root]
    told: list[tuple[object, ...]] = []
    for plan in waiting:
        links = []
        for part in parts(plan):
            if id(part) not in numbers:
                numbers[id(part)] = len(waiting)
                waiting.append(part)
            links.append(numbers[id(part)])
        own = [getattr(plan, name) for name in CONTENT if name in plan.__slots__]
        told.append((type(plan), *own, *links))
    return told


def reachable(root: Plan) -> list[Plan]:
    found, seen = [root], {id(root)}
    for plan in found:
        new = {id(part): part for part in parts(plan) if id(part) not in seen}
        seen.update(new)
        found.extend(new.values())
    return found


def reads_bytes_as_text(root: Plan) -> bool:
    """Tell whether bytes are read as a string, which they may turn out not to be."""
    return any(isinstance(plan, ReadPrimitive) and (plan.type, plan.target) == ("bytes", "string") for plan in reachable(root))


def has_a_branch_for_a_later_one(root: Node) -> bool:
    """Tell whether a union has a branch that a later one could be promoted to, as `["float", "int"]`."""
    unions = [[branch.type for branch in node.branches] for node in nodes(root) if isinstance(node, Union)]
    return any(earlier in PROMOTIONS.get(later, ()) for types in unions for earlier, later in combinations(types, 2))


def has_defaults(root: Plan) -> bool:
    return any(isinstance(plan, ReadRecord) and plan.defaults for plan in reachable(root))


@given(st.data())
def test_a_schema_resolves_with_itself_as_its_identity(data: st.DataObject) -> None:
    node = parsed(data.draw(schemas()))
    assert outline(resolve(node, node)) == outline(identity(node))
    assert incompatibilities(node, node) == []
    datum = data.draw(from_schema(node))
    encoded = encode(node, datum, DEFAULT_LIMITS)
    value, end = decode(identity(node), encoded, 0, DEFAULT_LIMITS)
    assert same(value, datum)
    assert end == len(encoded)


@given(st.data())
def test_schemas_without_incompatibilities_resolve_for_every_datum(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    writer, reader = parsed(schema), parsed(data.draw(evolutions(schema)).reader_schema)
    reasons = incompatibilities(writer, reader)
    try:
        plan = resolve(writer, reader)
    except ResolutionError:
        event("do not resolve")
        assert reasons
        return
    event("resolve in part" if reasons else "resolve")
    encoded = encode(writer, data.draw(from_schema(writer)), DEFAULT_LIMITS)
    try:
        value, end = decode(plan, encoded, 0, DEFAULT_LIMITS)
    except (FormatError, ResolutionError):
        assert reasons or reads_bytes_as_text(plan)
        return
    assert end == len(encoded)
    encode(reader, value, DEFAULT_LIMITS)  # what was read is a value of the reader's type


@pytest.mark.host
@given(st.data())
def test_what_fastavro_reads_is_read_the_same(data: st.DataObject) -> None:
    import io

    import fastavro

    schema: Any = data.draw(schemas(logical=False, recursive=False))
    evolved: Any = data.draw(evolutions(schema)).reader_schema
    writer, reader = parsed(schema), parsed(evolved)
    if incompatibilities(writer, reader) or has_a_branch_for_a_later_one(writer) or has_a_branch_for_a_later_one(reader):
        return  # fastavro takes the first branch that matches, and we the one of the same type
    encoded = encode(writer, data.draw(from_schema(writer)), DEFAULT_LIMITS)
    plan = resolve(writer, reader)
    if reads_bytes_as_text(plan) or has_defaults(plan):
        return  # fastavro gives defaults out as they stand in the schema: an int for a double
    value, _ = decode(plan, encoded, 0, DEFAULT_LIMITS)
    try:
        theirs = fastavro.schemaless_reader(io.BytesIO(encoded), schema, evolved)
    except Exception as error:  # noqa: BLE001 - it raises whatever comes up
        event(f"fastavro: {type(error).__name__}")
        return
    event("read by both")
    assert same(value, theirs)
