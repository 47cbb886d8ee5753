"""What is learned from one sample, and then meets records of every other kind that the schema has."""

from random import Random
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Decoder
from avro_ocf.compiler.decoding.rows import TOKENS_MAX, compile_rows
from avro_ocf.compiler.decoding.windows import MANY, SAMPLE, WINDOW_BYTES
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import ReadRecord
from avro_ocf.resolution.resolve import resolve
from tests.compiler.test_agreement import node_of
from tests.compiler.test_columns import COUNT, KINDS, check, windows_of

SAMPLES = 4
"""Values of a kind that make a sample of their own."""


def record_of(type_: Any) -> dict[str, Any]:
    """Return the schema of a record that is decoded in rows, with one field of a type."""
    others = {"text": "string", "x": "double", "number": "long", "y": "double"}
    fields = [{"name": "value", "type": type_}, *({"name": name, "type": other} for name, other in others.items())]
    return {"type": "record", "name": "R", "fields": fields}


def datum(schema: Any, value: object) -> bytes:
    record = {"value": value, "text": "abc", "x": 1.5, "number": 1_764_000_000_000, "y": -0.0}
    return reference.encode(node_of(schema), record, DEFAULT_LIMITS)


def values_of(name: str, *, is_optional: bool) -> list[Any]:
    random = Random(name)
    found = [KINDS[name][1](random) for _ in range(MANY)]
    small = [-1, 0, 5] if isinstance(found[0], int) and not isinstance(found[0], bool) else []
    return [*([None] if is_optional else []), *small, *found]


@pytest.mark.parametrize("is_optional", [False, True])
@pytest.mark.parametrize("name", [name for name in KINDS if name != "null"])
def test_samples_of_one_value(name: str, is_optional: bool) -> None:
    type_ = KINDS[name][0]
    if isinstance(type_, dict) and type_["type"] in {"fixed", "enum"}:
        type_ = {**type_, "name": "N"}
    schema = record_of(["null", type_] if is_optional else type_)
    datums = [datum(schema, value) for value in values_of(name, is_optional=is_optional)]
    for sample in datums[:SAMPLES]:
        decoder = Decoder(identity(node_of(schema)), DEFAULT_LIMITS, False)
        learning = windows_of(decoder)
        check(decoder, sample * COUNT, COUNT)
        assert learning._rows is not None
        learning._patience = 10**9
        check(decoder, sample * MANY + b"".join(datums) + sample * MANY, 2 * MANY + len(datums))


RESOLVED = [
    ("bytes", {"type": "string", "logicalType": "uuid"}, [b"z" * 36, b"12345678-1234-1234-1234-123456789012", b""]),
    ("int", {"type": "long", "logicalType": "timestamp-millis"}, [-1, 0, 5, 10**9, -(10**9)]),
    ("int", {"type": "long", "logicalType": "time-micros"}, [-1, 0, 5, 10**9]),
    ({"type": "int", "logicalType": "date"}, "long", [-1, 0, 5, 10**9]),
    ({"type": "int", "logicalType": "date"}, "double", [-1, 0, 5, 10**9]),
    ("bytes", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, [b"", b"\0", b"ab", b"\xff"]),
    ("long", "float", [-1, 0, 2**24 + 1, 2**53 + 2**29 + 1, -(2**63)]),
    (["null", "int"], ["null", {"type": "long", "logicalType": "local-timestamp-micros"}], [None, -1, 5, 10**9]),
    (["null", "bytes"], ["null", {"type": "string", "logicalType": "uuid"}], [None, b"z" * 36, b"1" * 32]),
]


@pytest.mark.parametrize(("written", "read", "values"), RESOLVED)
def test_samples_of_one_value_that_is_read_as_another_type(written: Any, read: Any, values: list[Any]) -> None:
    plan = resolve(node_of(record_of(written)), node_of(record_of(read)))
    datums = [datum(record_of(written), value) for value in values]
    for sample in datums:
        decoder = Decoder(plan, DEFAULT_LIMITS, False)
        learning = windows_of(decoder)
        check(decoder, sample * COUNT, COUNT)
        learning._patience = 10**9
        for odd in datums:
            check(decoder, sample * MANY + odd * MANY, 2 * MANY)


def test_records_used_many_times_are_no_rows() -> None:
    """Written out, there would be 500 to the fourth power of them."""
    inner: Any = "boolean"
    for level in range(4):
        name = f"R{level}"
        others = [{"name": f"f{index}", "type": inner["name"] if isinstance(inner, dict) else inner} for index in range(499)]
        inner = {"type": "record", "name": name, "fields": [{"name": "first", "type": inner}, *others]}
    decoder = Decoder(identity(node_of(inner)), DEFAULT_LIMITS, False)
    check(decoder, b"\1" * 9, 1)
    assert "in_windows" not in decoder.source


def test_rows_of_too_many_tokens_are_given_up_at_once() -> None:
    fields = [{"name": f"f{index}", "type": "long"} for index in range(5000)]
    plan = identity(node_of({"type": "record", "name": "R", "fields": fields}))
    assert isinstance(plan, ReadRecord)
    asked = 0

    class Sampled(dict[str, int]):
        def __missing__(self, _: str) -> int:
            nonlocal asked
            asked += 1
            return 1 << 40

    assert compile_rows(plan, [Sampled()], "x", DEFAULT_LIMITS) is None
    assert asked <= TOKENS_MAX + 1


def test_records_of_which_few_are_in_a_window_are_no_rows() -> None:
    schema = record_of({"type": "fixed", "name": "F", "size": WINDOW_BYTES // MANY})
    data = datum(schema, b"\0" * (WINDOW_BYTES // MANY)) * COUNT
    decoder = Decoder(identity(node_of(schema)), DEFAULT_LIMITS, False)
    learning = windows_of(decoder)
    check(decoder, data, COUNT)
    assert learning._rows is None


def test_no_more_data_is_decoded_than_records_are_asked_for() -> None:
    fields = [{"name": f"f{index}", "type": "int"} for index in range(7)]
    decoder = Decoder(identity(node_of({"type": "record", "name": "R", "fields": fields})), DEFAULT_LIMITS, False)
    learning = windows_of(decoder)
    datum = bytes(range(0, 14, 2))
    check(decoder, datum * COUNT, COUNT)
    assert learning._decode_all is not None

    def never(data: bytes, _: list[Any]) -> None:
        raise AssertionError(len(data))

    learning._decode_all = never
    check(decoder, datum * 10_000, SAMPLE)
    with pytest.raises(AssertionError, match=f"{7 * SAMPLE}"):
        decoder.decode_many(datum * SAMPLE, 0, SAMPLE)


def test_a_stack_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression takes some dozens of frames to compile."""

    def overflow(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("avro_ocf.compiler.decoding.rows.compile_rows", overflow)
    schema = record_of("int")
    decoder = Decoder(identity(node_of(schema)), DEFAULT_LIMITS, False)
    learning = windows_of(decoder)
    check(decoder, datum(schema, 1) * COUNT, COUNT)
    assert learning._rows is None
    assert learning._decode_all is None
