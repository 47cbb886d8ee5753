"""Failures that are known: each is a case that must still fail, and stands for the failures that look like it."""

import json
from typing import Any, NamedTuple, get_args

from avro_ocf.oracle.cases import Case, Outcome
from avro_ocf.oracle.runner.protocol import case_of_json
from avro_ocf.oracle.specification.tracing import traced


class KeptFailure(NamedTuple):
    """A case kept in a file, the outcome that it had, and why it is known to fail; "" if it is not."""

    case: Case
    outcome: Outcome
    why: str


def kept_failures(text: str) -> list[KeptFailure]:
    """Return the failures in the text of a report, or of a list of its `failures`. Raises `ValueError` for any other text."""
    try:
        kept: Any = json.loads(text)
        entries = kept["failures"] if type(kept) is dict else kept
        return [_kept(entry) for entry in entries]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no list of failures: {type(error).__name__}: {error}") from error


def _kept(entry: dict[str, Any]) -> KeptFailure:
    if entry["outcome"] not in get_args(Outcome):
        raise ValueError(f"no outcome: {entry['outcome']!r}")
    case = case_of_json(entry["case"])
    try:
        traced(case)
    except Exception as error:
        raise ValueError(f"a case of {case.operation} that is none: {type(error).__name__}: {error}") from error
    return KeptFailure(case, entry["outcome"], str(entry.get("why", "")))
