"""Schemas that are nested deeply, used where little is left of Python's stack: whatever it does not bear is a typed error."""

import contextlib
import inspect
import io
import pickle
import sys
from collections.abc import Callable

import pytest

from avro_ocf import (
    AvroError,
    DatumError,
    Limits,
    Schema,
    SchemaError,
    Writer,
    check_compatibility,
    infer_schema,
    parse_schema,
    schema_warnings,
)
from tests.schema.build import array, field, mapping, record

pytestmark = pytest.mark.host  # Pyodide ends when its stack does

LIMITS = Limits(schema_depth=600, datum_depth=600)
LEFT = 40
"""Frames that any function may need, once it is imported."""


def deep(kind: str, depth: int, inner: object = "int") -> object:
    schema = inner
    for level in range(depth):
        schema = {
            "record": record(field(schema, "x"), name=f"R{level}"),
            "array": array(schema),
            "union": ["null", mapping(schema)],
        }[kind]
    return schema


def datum(kind: str, depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value] if kind == "array" else {"x": value}
    return value


def deepest(kind: str) -> int:
    """Return how deep a schema of that kind may be to parse here."""
    depth = 1
    while True:
        try:
            parse_schema(deep(kind, depth + 10), limits=LIMITS)
        except SchemaError as error:
            assert "Python's stack" in str(error)
            return depth
        depth += 10


def fresh(schema: object) -> Schema:
    """Return a parsed schema that has made nothing yet."""
    parsed = parse_schema(schema, limits=LIMITS)
    return Schema(parsed.json, parsed.node, logical_types=True, limits=LIMITS)


def with_frames_left(count: int, act: Callable[[], object]) -> object:
    """Call `act` where so many frames are left on the stack."""

    def dive(frames: int) -> object:
        return act() if frames <= 0 else dive(frames - 1)

    return dive(sys.getrecursionlimit() - len(inspect.stack(0)) - count)


USES: dict[str, Callable[[Schema, Schema, object, bytes], object]] = {
    "canonical form": lambda schema, *_: schema.canonical_form,
    "fingerprint": lambda schema, *_: schema.fingerprint(),
    "repr": lambda schema, *_: repr(schema),
    "names": lambda schema, *_: schema.names,
    "warnings": lambda schema, *_: schema_warnings(schema),
    "pickle": lambda schema, *_: pickle.dumps(schema),
    "encode": lambda schema, _wider, value, _data: schema.encode(value),
    "encode what does not fit": lambda schema, _wider, value, _data: schema.encode([value]),
    "decode": lambda schema, _wider, _value, data: schema.decode(data),
    "decode what is cut off": lambda schema, _wider, _value, data: schema.decode(data[:-1]),
    "decode with branches": lambda schema, _wider, _value, data: schema.decode(data, branches=True),
    "resolve": lambda schema, wider, _value, data: schema.decode(data, wider),
    "compatibility": lambda schema, wider, *_: check_compatibility(wider, schema),
    "encode as JSON": lambda schema, _wider, value, _data: schema.encode_json(value),
    "single object": lambda schema, _wider, value, _data: schema.encode_single_object(value),
    "compare": lambda schema, _wider, _value, data: schema.compare(data, data),
    "skip": lambda schema, _wider, _value, data: schema.skipper.skip(data),
    "source": lambda schema, *_: (schema.encoder.source, schema.skipper.source, schema.decoder().source),
    "write": lambda schema, _wider, value, _data: Writer(io.BytesIO(), schema).write_many([value] * 3),
    "known": lambda schema, *_: parse_schema(["null", "R3"], known=[schema], limits=LIMITS),
    "infer": lambda _schema, _wider, value, _data: infer_schema([{"value": value}]),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", ["record", "array", "union"])
def test_what_the_stack_does_not_bear_is_a_typed_error(kind: str, use: str) -> None:
    for depth, room in [(5, ()), (50, (LEFT, 150)), (deepest(kind), (LEFT, 150, 400))]:
        value = datum(kind, depth)
        try:
            data = fresh(deep(kind, depth)).encode(value)
        except DatumError:
            data = b""
        if depth == 5:  # what is needed is imported
            with contextlib.suppress(AvroError):
                USES[use](fresh(deep(kind, depth)), fresh(deep(kind, depth, "long")), value, data)
        for left in room:
            schema, wider = fresh(deep(kind, depth)), fresh(deep(kind, depth, "long"))
            with contextlib.suppress(AvroError):
                with_frames_left(left, lambda: USES[use](schema, wider, value, data))  # noqa: B023 - called at once


@pytest.mark.parametrize("kind", ["record", "array"])
def test_a_schema_as_deep_as_its_limit(kind: str) -> None:
    for depth in (100, 150):
        limits = Limits(schema_depth=depth, datum_depth=depth)
        schema = parse_schema(deep(kind, depth), limits=limits)
        value = datum(kind, depth)
        assert schema.decode(schema.encode(value)) == value
        with pytest.raises(SchemaError, match=f"nested more than {depth} deep"):
            parse_schema(deep(kind, depth + 1), limits=limits)


def test_a_limit_that_python_does_not_bear_names_python() -> None:
    for depth in (400, 5000):
        for kind in ("record", "array", "union"):
            with pytest.raises(SchemaError, match="Python's stack"):
                parse_schema(deep(kind, depth), limits=Limits(schema_depth=10_000))
