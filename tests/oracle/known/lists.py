"""The failures that other libraries are known for, a list for each, and how they are run."""

import json
import re
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import avro_ocf.oracle
from avro_ocf.oracle.cases import Operation
from avro_ocf.oracle.runner.known import KeptFailure, kept_failures
from avro_ocf.oracle.runner.process import CodecProcess
from avro_ocf.oracle.runner.protocol import OPERATIONS
from avro_ocf.oracle.runner.report import as_json
from avro_ocf.oracle.runner.run import Run, Tally
from tests.node import NODE, npm_ci

HERE = Path(__file__).parent
TESTEES = Path(avro_ocf.oracle.__file__).parent / "testees"
FOLDER = HERE.parents[1] / "interop" / "node"
NAMES = ("fastavro", "avro", "cavro", "avsc")
MADE_WITH = 200
"""Cases of each operation that the lists are made with, of the seed 1."""

LEFT_OUT = {"cavro": ("decode", "resolve", "read-file"), "avsc": ("decode", "read-file")}
WHY = (
    (r"out of range|hour must|too large to convert|must have magnitude|ordinal must|greater than max|less than min|valid range",
     "dates, times and decimals beyond Python's own cannot be read"),
    (r"hexadecimal UUID|no uuid", "text that is no UUID cannot be read"),
    (r"decimal (precision|scale)|KeyError: 'precision'", "a logical type that is not valid is refused, not ignored"),
    (r"[Dd]efault|InvalidValue|later", "a default that fits is refused, or given in another form"),
    (r"file's schema is another|defined twice|redefined|already in use|union type name|undefined type name",
     "names without a namespace, inside one, are taken for others"),
    (r"no len\(\)", "a UUID on a fixed cannot be written"),
    (r"codec can't decode", "metadata, or a block with a negative count, is read as text that is none"),
    (r"Schemas do not match|not present in Reader|cannot read", "schemas that resolve are refused"),
    (r"SIGSEGV|memory|nothing within", "a legal encoding or a damaged one ends the process, or keeps it for ever"),
    (r"no name", "aliases are held to the rules of names"),
    (r"null values to stream", "a file cannot hold nulls"),
)  # fmt: skip
OTHERWISE = {
    "wrong answer": "the value that is given is another, see docs/oracle-findings.md",
    "refused what is right": "what is legal is refused, see docs/oracle-findings.md",
    "took what is wrong": "what is not legal is accepted",
    "no answer": "there is no answer, see docs/oracle-findings.md",
}


def operations_of(name: str) -> tuple[Operation, ...]:
    """Return what is asked. Where they read, cavro fails now so and now so, out of bounds; and avsc waits for ever."""
    return tuple(operation for operation in OPERATIONS if operation not in LEFT_OUT.get(name, ()))


def run(name: str, cases: int, known: list[KeptFailure]) -> Tally:
    command = [sys.executable, str(TESTEES / f"{name}_testee.py")]
    if name == "avsc":
        npm_ci(FOLDER)
        command = [str(NODE), str(TESTEES / "avsc_testee.mjs")]
    with chdir(FOLDER), CodecProcess(command) as process:
        run = Run(process, operations=operations_of(name))
        run.known(known)
        return run.cases(cases)


def path_of(name: str) -> Path:
    return HERE / f"{name}.json"


def known_of(name: str) -> list[KeptFailure]:
    return kept_failures(path_of(name).read_text("utf-8")) if path_of(name).exists() else []


def failures_of(name: str, cases: int) -> Any:
    """Return the failures of a run, each with why it is known: as it stands in the list, or by its reason."""
    found: Any = as_json(run(name, cases, []))["failures"]
    stated = {(str(entry.case.schema), entry.case.operation, entry.outcome): entry.why for entry in known_of(name)}
    for failure in found:
        by_reason = next((why for pattern, why in WHY if re.search(pattern, failure["reason"])), OTHERWISE[failure["outcome"]])
        case = failure["case"]
        failure["why"] = stated.get((str(case["schema"]), case["operation"], failure["outcome"]), by_reason)
        del failure["count"], failure["got"], failure["reason"]
    return found


def keep(name: str, failures: Any) -> int:
    path_of(name).write_text("[\n" + ",\n".join(json.dumps(failure, ensure_ascii=True) for failure in failures) + "\n]\n", "utf-8")
    return len(failures)
