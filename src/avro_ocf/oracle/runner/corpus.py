"""Cases as files, for fuzzers and for the tests of other languages."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from avro_ocf.oracle.cases import Operation
from avro_ocf.oracle.drawing import seeded_case
from avro_ocf.oracle.runner.protocol import OPERATIONS, case_to_json
from avro_ocf.oracle.source import Discarded
from avro_ocf.oracle.specification.tracing import traced


def corpus(seed: str, count: int, operations: Sequence[Operation] = OPERATIONS) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file of `count` cases of each operation; the same for a seed wherever it runs.

    The names are OPERATION/NUMBER with an ending: `.json` is the whole case, `.avsc` the schema, `.reader.avsc` the reader's,
    `.avro` a container file, and `.bin` a datum.
    """
    for operation in operations:
        for index in range(count):
            try:
                case = traced(seeded_case(operation, seed, index)[0])
            except Discarded:
                continue
            name = f"{operation}/{index:05}"
            yield f"{name}.json", _text(case_to_json(case))
            yield f"{name}.avsc", _text(case.schema)
            if operation == "resolve":
                yield f"{name}.reader.avsc", _text(case.reader_schema)
            if operation in {"decode", "resolve", "read-file"}:
                yield f"{name}.{'avro' if operation == 'read-file' else 'bin'}", case.data


def export(folder: Path, seed: str, count: int, operations: Sequence[Operation] = OPERATIONS) -> int:
    """Write a corpus into a folder, which is made if need be, and return the number of files."""
    number = 0
    for number, (name, content) in enumerate(corpus(seed, count, operations), 1):  # noqa: B007 - it is counted
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return number


def _text(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"
