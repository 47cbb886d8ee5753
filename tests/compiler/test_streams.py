"""Runs of short values, which are read from an iterator of the bytes: the same values and verdicts as the reference's."""

from random import Random
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Decoder
from avro_ocf.compiler.bulk import PAYING
from avro_ocf.compiler.decoding import stream as stream_module
from avro_ocf.compiler.decoding.stream import compile_all, is_movable
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import ReadRecord
from avro_ocf.resolution.resolve import resolve
from tests.compiler.test_agreement import decoder_of, node_of
from tests.compiler.test_columns import check
from tests.compiler.test_fast_paths import injured, number

RECORDS = 5
SCHEMAS = 50
COUNTS = (0, 1, 2, 5, PAYING - 1, PAYING, PAYING + 1, 70)


def array_of(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def types(index: int) -> list[Any]:
    """Return types of values that are read from a stream, and two of values that are not."""
    enum = {"type": "enum", "name": f"E{index}", "symbols": ["A", "B", "C"]}
    inner = {
        "type": "record",
        "name": f"R{index}",
        "fields": [{"name": "x", "type": ["null", "long"]}, {"name": "y", "type": "int"}],
    }
    time = {"type": "long", "logicalType": "timestamp-millis"}
    plain = ["null", "boolean", "int", "long", enum, inner, time]
    optional = [["null", "int"], ["long", "null"], ["int", "boolean", enum], ["null", array_of("int")]]
    arrays = [array_of(items) for items in ("int", "long", "boolean", time, inner, ["null", "int"], array_of("int"))]
    return [*plain, *optional, *arrays, "double", "string"]


def value(random: Random, schema: Any) -> Any:
    match schema:
        case list():
            return value(random, random.choice(schema))
        case {"type": "array", "items": items}:
            return [value(random, items) for _ in range(random.choice(COUNTS))]
        case {"type": "record", "fields": fields}:
            return {field["name"]: value(random, field["type"]) for field in fields}
        case {"type": "enum", "symbols": symbols}:
            return random.choice(symbols)
        case {"logicalType": _}:
            return number(random, 50)
        case "int" | "long":
            return number(random, random.choice([6, 12, 32 if schema == "int" else 64]))
    return {"null": None, "boolean": random.random() < 1 / 2, "double": 0.5, "string": "text"}[schema]


def schema_of(random: Random, count: int) -> dict[str, Any]:
    fields = [{"name": f"f{index}", "type": random.choice(types(index))} for index in range(count)]
    return {"type": "record", "name": "Run", "fields": fields}


def test_this_python_has_movable_iterators() -> None:
    assert is_movable()


def test_sound_and_damaged_runs() -> None:
    in_runs = 0
    for seed in range(SCHEMAS):
        random = Random(seed)
        schema = schema_of(random, random.randint(1, 20))
        node = node_of(schema)
        decoder = decoder_of(node)
        in_runs += "seek(pos)" in decoder.source
        for _ in range(10):
            parts = [reference.encode(node, value(random, schema), DEFAULT_LIMITS) for _ in range(RECORDS)]
            data = b"".join(parts)
            check(decoder, data, RECORDS)
            check(decoder, b"?" + data + b"!", RECORDS, 1)
            if data:
                check(decoder, injured(random, data), RECORDS)
                check(decoder, data[: random.randrange(len(data))], RECORDS)
    assert in_runs > SCHEMAS // 2


def test_a_record_in_unusual_form_is_followed_by_others() -> None:
    """The reference decodes it, and the stream goes on behind it."""
    fields = [{"name": name, "type": array_of("int")} for name in "abc"]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    decoder = decoder_of(node)
    assert "seek(pos)" in decoder.source
    usual = reference.encode(node, {"a": [1, 2], "b": [], "c": [10**6] * 20}, DEFAULT_LIMITS)
    negative = b"\x03\x04\x02\x04\x00" + b"\x00" + b"\x02\x02\x02\x04\x00"  # two items in two bytes; two blocks
    values, end = decoder.decode_many(usual + negative + usual, 0, 3)
    assert end == len(usual + negative + usual)
    assert values[1] == {"a": [1, 2], "b": [], "c": [1, 2]}
    assert values[0] == values[2] == {"a": [1, 2], "b": [], "c": [10**6] * 20}


@pytest.mark.parametrize("name", ["int", "long"])
@pytest.mark.parametrize(
    "tail", [b"\x0f", b"\x10", b"\x7f", b"\x80\x01", b"\x80\x80\x80\x80\x01", b"\x80\x80\x80\x80\x02", b"\x80" * 6 + b"\x01"]
)
def test_the_longest_integers(name: str, tail: bytes) -> None:
    fields = [{"name": f"f{index}", "type": name} for index in range(7)]
    schema = {"type": "record", "name": "R", "fields": fields}
    node = node_of(schema)
    decoder = decoder_of(node)
    assert "seek(pos)" in decoder.source
    check(decoder, bytes(6) + b"\x81\x82\x83\x84" + tail, 1)
    check(decoder, b"\x80\x81\x82\x84" + tail + bytes(6), 1)


@pytest.mark.parametrize(
    "count", [b"\x01", b"\x80\x02", b"\x81\x02", b"\xff" * 9 + b"\x01", b"\xfe" + b"\xff" * 8 + b"\x01", b"\x80" * 11]
)
def test_odd_counts(count: bytes) -> None:
    for items in ("int", "boolean", ["null", "int"]):
        fields = [{"name": name, "type": array_of(items)} for name in "abc"]
        node = node_of({"type": "record", "name": "R", "fields": fields})
        decoder = decoder_of(node)
        assert "seek(pos)" in decoder.source
        check(decoder, count + b"\x00" * 400, 1)
        check(decoder, count + b"\x02\x00" * 130 + b"\x00" * 10, 1)


def test_resolved_runs() -> None:
    for seed in range(SCHEMAS):
        random = Random(f"resolved {seed}")
        schema = schema_of(random, random.randint(5, 20))
        fields = [dict(field) for field in schema["fields"] if random.random() < 4 / 5]
        for field in fields:
            if field["type"] in ("int", "long") and random.random() < 1 / 2:
                field["type"] = random.choice(["float", "double"])
        fields.append({"name": "new", "type": array_of("int"), "default": [1]})
        random.shuffle(fields)
        writer = node_of(schema)
        decoder = Decoder(resolve(writer, node_of({**schema, "fields": fields})), DEFAULT_LIMITS, False)
        assert decoder.source
        data = b"".join(reference.encode(writer, value(random, schema), DEFAULT_LIMITS) for _ in range(RECORDS))
        check(decoder, data, RECORDS)
        check(decoder, injured(random, data), RECORDS)


def test_a_python_without_movable_iterators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "is_movable", lambda: False)
    random = Random(7)
    schema = schema_of(random, 20)
    node = node_of(schema)
    decoder = decoder_of(node)
    assert "stream" not in decoder.source
    data = b"".join(reference.encode(node, value(random, schema), DEFAULT_LIMITS) for _ in range(RECORDS))
    check(decoder, data, RECORDS)


def test_recursive_schemas_have_no_stream() -> None:
    fields: list[dict[str, Any]] = [{"name": f"f{index}", "type": "int"} for index in range(9)]
    fields.append({"name": "next", "type": ["null", "R"]})
    node = node_of({"type": "record", "name": "R", "fields": fields})
    assert "stream" not in decoder_of(node).source
    plan = identity(node)
    assert isinstance(plan, ReadRecord)
    assert compile_all(plan, "x", DEFAULT_LIMITS) is None


def test_records_used_twice_have_a_function_without_a_stream() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": f"f{index}", "type": "int"} for index in range(9)]}
    fields = [
        {"name": "a", "type": inner},
        {"name": "b", "type": "I"},
        *({"name": f"c{index}", "type": "int"} for index in range(9)),
    ]
    schema = {"type": "record", "name": "R", "fields": fields}
    node = node_of(schema)
    decoder = decoder_of(node)
    assert decoder.source.count("seek(pos)") == 1
    random = Random(8)
    ints = {f"f{index}": number(random, 32) for index in range(9)}
    record = {"a": ints, "b": ints, **{f"c{index}": number(random, 32) for index in range(9)}}
    check(decoder, reference.encode(node, record, DEFAULT_LIMITS) * RECORDS, RECORDS)


def test_unions_of_more_branches_than_one_byte_has_an_index_for() -> None:
    branches = [{"type": "enum", "name": f"E{index}", "symbols": ["A", "B"]} for index in range(64)]
    fields = [{"name": "u", "type": [*branches, "int"]}, {"name": "v", "type": "int"}, {"name": "l", "type": array_of("long")}]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    decoder = decoder_of(node)
    for record in ({"u": 5, "v": 0, "l": [7]}, {"u": "A", "v": 1, "l": []}):
        data = reference.encode(node, record, DEFAULT_LIMITS)
        check(decoder, data * 2, 2)


@pytest.mark.parametrize("type_", [[], array_of([]), {"type": "record", "name": "I", "fields": [{"name": "x", "type": []}]}])
def test_unions_without_branches(type_: Any) -> None:
    fields = [{"name": "a", "type": type_}, *({"name": f"f{index}", "type": "int"} for index in range(8))]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    check(decoder_of(node), b"\2" * 20, 1)
