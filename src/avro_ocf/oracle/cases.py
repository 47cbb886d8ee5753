"""A case: one question to an Avro implementation, and what the specification answers."""

from typing import Literal, NamedTuple, TypeAlias

Json: TypeAlias = object
"""What `json.loads` returns."""

Operation = Literal["parse", "encode", "decode", "resolve", "read-file", "write-file", "fingerprint"]

Verdict = Literal["accept", "reject", "either"]
"""What an implementation must do: give the expected answer, refuse, or one of the two."""


class Case(NamedTuple):
    """One question. What an operation does not use is None or empty.

    `schema` is the writer's. `value` is a datum for `encode` and a list of them for `write-file`; `data` the bytes for `decode`,
    `resolve` and `read-file`. `expected` is the datum, the list of them, or what `fingerprint` answers. Values are Python's, as
    `Schema.decode` gives them. `clauses` are the ids of the sentences that the case exercises, sorted; `note` tells what is
    special about it, such as the damage done and its offset.
    """

    operation: Operation
    schema: Json
    verdict: Verdict = "accept"
    reader_schema: Json = None
    value: object = None
    data: bytes = b""
    codec: str = ""
    expected: object = None
    clauses: tuple[str, ...] = ()
    note: str = ""


class Given(NamedTuple):
    """An implementation's answer: a value. For `encode` and `write-file` it is bytes, for `parse` None."""

    value: object


class Refused(NamedTuple):
    """An implementation's answer: an error."""

    reason: str


class Unsupported(NamedTuple):
    """An implementation does not know the operation, or a part of the case that it may leave out."""

    reason: str


class Broken(NamedTuple):
    """There was no proper answer: the process ended, hung, or wrote something else."""

    reason: str


Answer: TypeAlias = Given | Refused | Unsupported | Broken

Outcome = Literal["passed", "unsupported", "wrong answer", "refused what is right", "took what is wrong", "no answer"]
"""What an answer is worth: `wrong answer` is another value than expected, `no answer` a crash, a hang or garbage."""
