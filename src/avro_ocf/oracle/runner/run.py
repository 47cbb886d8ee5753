"""Cases put to a testee one after the other; those that fail are made small, and failures of one kind are told once."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from avro_ocf.oracle.cases import Answer, Broken, Case, Given, Operation, Outcome, Refused, Unsupported
from avro_ocf.oracle.drawing import replayed_case, seeded_case
from avro_ocf.oracle.judge import Judgement, data_told, judge
from avro_ocf.oracle.runner.known import KeptFailure
from avro_ocf.oracle.runner.process import CodecProcess
from avro_ocf.oracle.runner.protocol import OPERATIONS, answer_of, request_of
from avro_ocf.oracle.runner.shrink import shrink
from avro_ocf.oracle.runner.wire import LOGICAL_TYPES, shown
from avro_ocf.oracle.source import Discarded
from avro_ocf.oracle.specification.tracing import traced
from avro_ocf.oracle.telling import line, told

FAILED: Final[tuple[Outcome, ...]] = ("wrong answer", "refused what is right", "took what is wrong", "no answer")
PROTOCOL: Final = 1

TRIES: Final = 500
"""Cases that one failure is made smaller with; after a case without an answer, which costs time, `SLOW_TRIES`."""

SLOW_TRIES: Final = 30
HASTE: Final = 5
"""A failure is made smaller with so much less time for each answer."""

LOOKS: Final = 3
"""Wrong answers that are told alike and are made small, for there may be several reasons behind them."""

GIVEN_UP: Final = 50
"""Cases of an operation without an answer after which it is left alone."""

IN_A_ROW: Final = 10
"""Cases without an answer, one after the other, after which a testee is given up."""


class BadTesteeError(Exception):
    """A testee cannot be asked at all."""


@dataclass(frozen=True)
class Abilities:
    """What a testee says of itself: its name, the operations and logical types that it knows."""

    name: str = ""
    operations: tuple[Operation, ...] = OPERATIONS
    logical_types: frozenset[str] = LOGICAL_TYPES


@dataclass
class Failure:
    """Failures of one kind: the smallest case, what was answered, how many there are, and why they are known, if they are."""

    case: Case
    judgement: Judgement
    got: str
    signature: str
    count: int = 0
    looks: int = 0
    why: str = ""

    def is_like(self, case: Case, judgement: Judgement) -> bool:
        """Tell whether another failure is told like this one."""
        mine = self.case.operation, self.judgement.outcome, self.signature
        return mine == (case.operation, judgement.outcome, signature_of(case, judgement))

    def covers(self, case: Case) -> bool:
        """Tell whether another failure, told like this one, may have the same reason."""
        return self.judgement.outcome != "wrong answer" or set(self.case.clauses) <= set(case.clauses)


@dataclass
class Tally:
    """What came of the cases: for each operation and clause, what failed, what was known to fail but passed, and what was left."""

    testee: Abilities
    seed: str
    operations: dict[Operation, Counter[Outcome]] = field(default_factory=dict)
    clauses: dict[str, Counter[Outcome]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    healed: list[KeptFailure] = field(default_factory=list)
    given_up: list[Operation] = field(default_factory=list)

    @property
    def unexpected(self) -> int:
        """How many kinds of failures are not known."""
        return sum(not failure.why for failure in self.failures)

    def count(self, case: Case, outcome: Outcome) -> None:
        """Count a case."""
        self.operations.setdefault(case.operation, Counter())[outcome] += 1
        for clause in case.clauses:
            self.clauses.setdefault(clause, Counter())[outcome] += 1


def hello(process: CodecProcess) -> Abilities:
    """Ask a testee what it knows. Raises `BadTesteeError` when it does not answer as it should."""
    answer = process.ask({"operation": "hello", "protocol": PROTOCOL})
    if isinstance(answer, Broken):
        raise BadTesteeError(f"no answer to hello: {answer.reason}")
    said = answer.get("ok")
    if type(said) is not dict:
        raise BadTesteeError(f"no good answer to hello: {shown(answer)}")
    operations, logical_types = said.get("operations"), said.get("logical_types", [])
    for names, known in ((operations, OPERATIONS), (logical_types, LOGICAL_TYPES)):
        if type(names) is not list or not {*map(str, names)} <= set(known):
            raise BadTesteeError(f"hello is answered with {shown(names)}, which is no list of some of {', '.join(sorted(known))}")
    chosen = tuple(operation for operation in OPERATIONS if operation in said["operations"])
    return Abilities(line(str(said.get("name", ""))), chosen, frozenset(logical_types))


class Run:
    """A testee under test. `tell` is called with how many cases are done, and of how many."""

    def __init__(
        self,
        process: CodecProcess,
        *,
        seed: str = "1",
        operations: Sequence[Operation] = OPERATIONS,
        tell: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self.process = process
        self.tally = Tally(hello(process), seed)
        self.operations = [operation for operation in operations if operation in self.tally.testee.operations]
        if not self.operations:
            raise BadTesteeError(f"the testee knows none of {', '.join(operations)}")
        self.tell = tell
        self.broken_in_a_row = 0

    def ask(self, case: Case) -> tuple[Answer, Judgement]:
        """Put one case."""
        request = request_of(case, self.tally.testee.logical_types)
        answer = answer_of(case, self.process.ask(request))
        return answer, judge(case, answer, exact=False)

    def known(self, kept: Sequence[KeptFailure]) -> None:
        """Put cases that are known to fail, of the operations that are run; the failures that look like them are then known."""
        for entry in kept:
            if entry.case.operation in self.operations:
                answer, judgement = self.ask(entry.case)
                if judgement.outcome != entry.outcome:
                    self.tally.healed.append(entry)
                    continue
                signature = signature_of(entry.case, judgement)
                self.tally.failures.append(Failure(entry.case, judgement, got_of(answer), signature, why=entry.why))

    def cases(self, count: int) -> Tally:
        """Put `count` cases of each operation, and return what came of them. Raises `BadTesteeError` when too few are answered."""
        for number, operation in enumerate(self.operations):
            for index in range(count):
                if self.tally.operations.get(operation, Counter())["no answer"] >= GIVEN_UP:
                    self.tally.given_up.append(operation)
                    break
                try:
                    case, choices = seeded_case(operation, self.tally.seed, index)
                except Discarded:
                    continue
                self.one(case, choices)
                self.tell(number * count + index + 1, count * len(self.operations))
        return self.tally

    def one(self, case: Case, choices: Sequence[int] | None = None) -> None:
        """Put one case and count it; a failure is made small if its choices are known."""
        case = traced(case)
        answer, judgement = self.ask(case)
        self.tally.count(case, judgement.outcome)
        self.broken_in_a_row = self.broken_in_a_row + 1 if isinstance(answer, Broken) else 0
        if self.broken_in_a_row == IN_A_ROW:
            raise BadTesteeError(f"no answer to {IN_A_ROW} cases in a row: {judgement.reason}")
        if judgement.outcome in FAILED:
            self.found(case, judgement, answer, choices)

    def found(self, case: Case, judgement: Judgement, answer: Answer, choices: Sequence[int] | None) -> None:
        """Count a failure to its kind, which may be new."""
        alike = [failure for failure in self.tally.failures if failure.is_like(case, judgement)]
        covering = next((failure for failure in alike if failure.covers(case)), None)
        looks = sum(failure.looks for failure in alike)
        if covering is None or (judgement.outcome == "wrong answer" and looks < LOOKS):
            if choices is not None and looks < LOOKS:
                case, judgement, answer = self.smaller(case, judgement, answer, choices)
                covering = next((failure for failure in alike if failure.covers(case)), None)
                if covering is not None:
                    covering.looks += 1
            elif choices is not None:
                covering = alike[0]
        if covering is None:
            covering = Failure(case, judgement, got_of(answer), signature_of(case, judgement), looks=1)
            self.tally.failures.append(covering)
        elif not covering.why and _size(case) < _size(covering.case):
            covering.case, covering.judgement, covering.got = case, judgement, got_of(answer)
        covering.count += 1

    def smaller(self, case: Case, judgement: Judgement, answer: Answer, choices: Sequence[int]) -> tuple[Case, Judgement, Answer]:
        """Return the smallest case that fails in the same way, with what it is worth and its answer."""
        kind = judgement.outcome, signature_of(case, judgement)
        small: list[Case] = []

        def fails(candidate: Case) -> tuple[Case, Judgement, Answer] | None:
            got, worth = self.ask(candidate)
            return (candidate, worth, got) if (worth.outcome, signature_of(candidate, worth)) == kind else None

        def holds(wanted: list[int]) -> Sequence[int] | None:
            try:
                candidate, used = replayed_case(case.operation, wanted)
            except Discarded:
                return None
            candidate = traced(candidate)
            if fails(candidate) is None:
                return None
            small.append(candidate)
            return used

        timeout_ms = self.process.timeout_ms
        self.process.timeout_ms = max(timeout_ms // HASTE, 1)
        shrink(choices, holds, SLOW_TRIES if isinstance(answer, Broken) else TRIES)
        self.process.timeout_ms = timeout_ms
        return (small and fails(small[-1])) or (case, judgement, answer)


def _size(case: Case) -> int:
    return len(str((case.schema, case.reader_schema, case.value, case.data)))


_PLACE: Final = re.compile(r"^.*?: (?=expected|lacks|has)", re.DOTALL)
_QUOTED: Final = re.compile(r"(?:\bb|(?<!\w))'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|<[^>]*>|\b(?:0x)?[0-9a-f]*[0-9][0-9a-f]*\b")
_OPENED: Final = re.compile(r"(?<!\w)['\"]|[{\[<(]")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_WORDS: Final = 4
_SAID: Final = {Refused: "an error", Unsupported: "not supported", Broken: "no answer"}


def signature_of(case: Case, judgement: Judgement) -> str:
    """Return what failures of one kind have in common, whatever their names and numbers are: the first words of what is told."""
    text = case.note if judgement.outcome == "took what is wrong" else judgement.reason.partition("; stderr")[0]
    if judgement.outcome == "wrong answer":
        text, is_elsewhere = _PLACE.subn("", text)
        text = text if is_elsewhere or text.startswith("expected") else text.partition(":")[0]
    elif len(words := _WORD.findall(_OPENED.split(text)[0])) > 1:
        return " ".join(words[:_WORDS])
    return " ".join(_WORD.findall(_QUOTED.sub("", text))[:_WORDS])


def got_of(answer: Answer) -> str:
    """Return an answer as text."""
    if not isinstance(answer, Given):
        return f"{_SAID[type(answer)]}: {shown(answer.reason, 300)}"
    return data_told(answer.value) if type(answer.value) is bytes else told(answer.value)
