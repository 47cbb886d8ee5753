"""Cases are the same for the same seed, balanced, and answered by avro_ocf's own functions without a false alarm."""

from collections import Counter
from typing import Any, get_args

import pytest

from avro_ocf.oracle import Discarded, Operation, disagreements, draw_case, replayed_case, seeded_case
from avro_ocf.oracle.generators.editing import objects
from avro_ocf.oracle.source import SeededSource
from avro_ocf.oracle.telling import difference
from tests.oracle.implementation import FUNCTIONS

OPERATIONS: tuple[Operation, ...] = get_args(Operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_seed_tells_the_case(operation: Operation) -> None:
    for index in range(5):
        case, choices = seeded_case(operation, 7, index)
        again, _ = seeded_case(operation, 7, index)
        replayed, used = replayed_case(operation, choices)
        for other in (again, replayed):
            assert not difference(
                case._replace(expected=None, value=None)._asdict(), other._replace(expected=None, value=None)._asdict()
            )
            assert not difference([case.expected, case.value], [other.expected, other.value])
        assert used == choices


def test_seeds_and_indexes_make_different_cases() -> None:
    found = {str(seeded_case("decode", seed, index)[0]) for seed in (1, 2) for index in range(20)}
    assert len(found) > 30


@pytest.mark.parametrize("operation", OPERATIONS)
def test_verdicts_are_balanced(operation: Operation) -> None:
    verdicts = Counter(seeded_case(operation, "balance", index)[0].verdict for index in range(150))
    if operation in {"encode", "write-file", "fingerprint"}:
        assert verdicts == {"accept": 150}
    else:
        assert verdicts["accept"] >= 50
        assert verdicts["reject"] >= 15
        assert verdicts["either"] >= 5


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_false_alarm(operation: Operation) -> None:
    assert [str(found) for found in disagreements(operation, FUNCTIONS[operation], 150, "own")] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_logical_types_are_left_out(operation: Operation) -> None:
    for index in range(60):
        case, _ = seeded_case(operation, "raw", index, logical=False)
        for schema in (case.schema, case.reader_schema):
            if case.verdict == "accept":
                assert not any("logicalType" in json for json in objects(schema))


GIVEN: dict[str, Any] = {"type": "record", "name": "R", "fields": [{"name": "day", "type": {"type": "int", "logicalType": "date"}}]}


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation != "read-file"])
@pytest.mark.parametrize("logical", [True, False])
def test_a_schema_can_be_given(operation: Operation, logical: bool) -> None:
    bare = {**GIVEN, "fields": [{"name": "day", "type": {"type": "int"}}]}
    schemas = []
    for index in range(20):
        try:
            schemas.append(draw_case(SeededSource(f"{index}"), operation, schema=GIVEN, logical=logical).schema)
        except Discarded:
            continue
    wanted = GIVEN if logical else bare
    assert schemas.count(wanted) > 10
    assert all(schema in (GIVEN, bare) for schema in schemas)


def test_codecs_can_be_chosen() -> None:
    found = {seeded_case("write-file", 1, index, codecs=("bzip2", "xz"))[0].codec for index in range(20)}
    assert found == {"bzip2", "xz"}
