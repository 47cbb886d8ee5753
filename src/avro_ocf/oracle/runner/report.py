"""What a run found, as JSON and as text."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from avro_ocf.oracle.cases import Json, Outcome
from avro_ocf.oracle.runner.known import KeptFailure
from avro_ocf.oracle.runner.protocol import case_to_json
from avro_ocf.oracle.runner.run import FAILED, Failure, Tally
from avro_ocf.oracle.runner.wire import shown
from avro_ocf.oracle.specification.clauses import clauses, reachable

COUNTS = ("cases", "passed", "failed", "unsupported")
ROWS = 12
SHOWN = 400
"""Characters of a schema, a value or an answer in the text."""


def counts(outcomes: Mapping[Outcome, int]) -> dict[str, int]:
    """Return how many cases there are, and what came of them, under the names `COUNTS`."""
    total, unsupported = sum(outcomes.values()), outcomes.get("unsupported", 0)
    failed = sum(outcomes.get(outcome, 0) for outcome in FAILED)
    return dict(zip(COUNTS, (total, total - failed - unsupported, failed, unsupported), strict=True))


def as_json(tally: Tally) -> dict[str, Json]:
    """Return a run's report as JSON; its `failures` can be kept, known and replayed."""
    return {
        "testee": tally.testee.name,
        "seed": tally.seed,
        "operations": {operation: {**outcomes} for operation, outcomes in tally.operations.items()},
        "clauses": {name: counts(tally.clauses.get(name, Counter())) for name in clauses() if name in reachable()},
        "failures": [_failure(failure) for failure in tally.failures if failure.count],
        "no_longer_failing": [_kept(kept) for kept in tally.healed],
        "given_up": list(tally.given_up),
    }


def _failure(failure: Failure) -> dict[str, Json]:
    return {
        "outcome": failure.judgement.outcome,
        "count": failure.count,
        "why": failure.why,
        "reason": failure.judgement.reason,
        "got": failure.got,
        "case": case_to_json(failure.case),
    }


def _kept(kept: KeptFailure) -> dict[str, Json]:
    return {"outcome": kept.outcome, "why": kept.why, "case": case_to_json(kept.case)}


def operation_rows(tally: Tally) -> list[list[object]]:
    """Return a row for each operation: its name, then `COUNTS`."""
    return [[operation, *counts(outcomes).values()] for operation, outcomes in tally.operations.items()]


def clause_rows(tally: Tally) -> list[list[object]]:
    """Return a row for each of the clauses of which most cases failed: its id, then `COUNTS`; the worst first, `ROWS` at most."""
    rows = [(name, counts(outcomes)) for name, outcomes in tally.clauses.items()]
    rows = sorted((row for row in rows if row[1]["failed"]), key=lambda row: (-row[1]["failed"] / row[1]["cases"], row[0]))
    return [[name, *numbers.values()] for name, numbers in rows[:ROWS]]


def exercised(tally: Tally) -> str:
    """Tell how many clauses the cases exercised."""
    return f"{len(tally.clauses.keys() & reachable())} of {len(reachable())} clauses exercised"


def failure_lines(failure: Failure) -> Iterator[str]:
    """Yield the lines that tell of one kind of failures."""
    case: Any = case_to_json(failure.case)
    number = f"{failure.count} case{'s' * (failure.count != 1)}"
    yield f"{case['operation']}: {failure.judgement.outcome}, {number}"
    if failure.why:
        yield f"  known      {failure.why}"
        return
    for key in ("schema", "reader_schema", "value", "codec", "data", "expected", "note"):
        if key in case and (key, case["verdict"]) != ("expected", "reject"):
            yield f"  {key.replace('_', ' '):10} {shown(case[key], SHOWN)}"
    if case["verdict"] == "reject":
        yield "  expected   an error"
    yield f"  got        {failure.got}"
    if failure.judgement.outcome == "wrong answer":
        yield f"  because    {shown(failure.judgement.reason, SHOWN)}"
    yield f"  clauses    {', '.join(case.get('clauses', ())) or 'none'}"


def dumps(report: Json) -> str:
    """Return a report's JSON as the text of a file."""
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"
