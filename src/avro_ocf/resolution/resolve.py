"""The plan of a writer's schema that is read as a reader's (specification, "Schema Resolution"; the rules are in `matching`)."""

from avro_ocf.errors import ResolutionError
from avro_ocf.resolution.identity import UNLINKED, identities
from avro_ocf.resolution.matching import Matching, Pair, field_matches
from avro_ocf.resolution.plan import (
    DefaultStep,
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
from avro_ocf.schema.model import Array, Enum, Field, Fixed, Map, Node, Record, Union
from avro_ocf.schema.path import ROOT

SKIPPED = ReadNothing("the reader has no such field")


def resolve(writer: Node, reader: Node, *, branches: bool = False) -> Plan:
    """Return the plan that reads values of `writer` as values of `reader`, with `branches` also as which of its unions'.

    A branch of a writer's union and a symbol of its enums may be unreadable, which is for the data to show. Raises
    `ResolutionError` with the path of what can never be read, or for schemas that take too many comparisons.
    """
    matching = Matching(writer, reader)
    if not matching.root.matches:
        raise _error(matching.root)
    return _Linker(matching, reader, branches=branches).plan(matching.root)


def _error(pair: Pair) -> ResolutionError:
    from avro_ocf.resolution.hints import reason_with_hint

    path = ROOT
    while pair.blame:
        step, pair = pair.blame
        path = path._replace(parent=path, step=step)
    return ResolutionError(reason_with_hint(pair), path.text)


class _Linker:
    """Makes the plans of all pairs that match: first each by itself, then the links between them."""

    def __init__(self, matching: Matching, reader: Node, *, branches: bool) -> None:
        self._matching = matching
        self._reader = reader
        self._branches = branches
        self._default_plans: dict[int, Plan] = {}
        self._choices: dict[int, Plan] = {}
        pairs = [pair for pair in matching.pairs.values() if pair.matches and not pair.is_choice]
        self._plans = {id(pair): _unlinked(pair.writer, pair.reader) for pair in pairs}
        for pair in pairs:
            self._link(pair, self._plans[id(pair)])

    def plan(self, pair: Pair) -> Plan:
        """Return the plan of `pair`, which reads nothing if it does not match."""
        if not pair.matches:
            return ReadNothing(pair.reason)
        if id(pair) not in self._choices:
            chosen = pair.chosen
            self._choices[id(pair)] = self._with_branch(pair.reader, chosen.reader, self._plans[id(chosen)])
        return self._choices[id(pair)]

    def _with_branch(self, reader: Node, branch: Node, plan: Plan) -> Plan:
        if self._branches and isinstance(reader, Union) and reader is not branch:
            return with_branch(reader, branch, plan)
        return plan

    def _link(self, pair: Pair, plan: Plan) -> None:
        match plan, pair.writer, pair.reader:
            case ReadArray(), _, _:
                plan.items = self.plan(pair.needs[0][1])
            case ReadMap(), _, _:
                plan.values = self.plan(pair.needs[0][1])
            case ReadUnion(), _, _:
                plan.branches = tuple(self._branch_plan(pair.reader, need) for _, need in pair.needs)
            case ReadRecord(), Record() as writer, Record() as reader:
                matched = field_matches(writer, reader)
                readers = {matched[field.name].name: field for field in reader.fields if field.name in matched}
                plan.steps = tuple(self._step(field, readers.get(field.name)) for field in writer.fields)
                plan.defaults = tuple(
                    DefaultStep(field.name, self._default_plan(field), field.default_bytes)
                    for field in reader.fields
                    if field.name not in matched and field.default_bytes is not None
                )
                plan.names = tuple(field.name for field in reader.fields)

    def _branch_plan(self, reader: Node, need: Pair) -> Plan:
        plan = self.plan(need)
        return self._with_branch(reader, need.reader, plan) if need.matches else plan

    def _step(self, written: Field, read: Field | None) -> FieldStep:
        if read is None:
            return FieldStep(written.name, None, SKIPPED, written.node)
        return FieldStep(written.name, read.name, self.plan(self._matching.find(written.node, read.node)), written.node)

    def _default_plan(self, field: Field) -> Plan:
        if not self._default_plans:
            self._default_plans = identities(self._reader, branches=self._branches)
        return self._default_plans[id(field.node)]


def _unlinked(writer: Node, reader: Node) -> Plan:
    match writer, reader:
        case Union(), _:
            return ReadUnion(())
        case Record(), _:
            return ReadRecord(reader.name, writer)
        case Array(), _:
            return ReadArray(UNLINKED)
        case Map(), _:
            return ReadMap(UNLINKED)
        case Enum(), Enum():
            known = reader.positions
            return ReadEnum(writer.symbols, [symbol if symbol in known else reader.default for symbol in writer.symbols])
        case Fixed(), _:
            return ReadFixed(writer.size, reader.logical)
    return ReadPrimitive(writer.type, reader.type, reader.logical)
