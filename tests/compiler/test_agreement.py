"""The generated code and the reference are two readings of one specification: the same bytes, values, verdicts and paths."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import reference
from avro_ocf.compiler import Decoder, Encoder, Skipper
from avro_ocf.errors import AvroError, DatumError, FormatError, ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.measure import is_charged
from avro_ocf.schema.model import Node
from avro_ocf.schema.parse import parse_node
from tests.damage import damaged

Outcome = tuple[str, object]

SHALLOW = Limits(datum_depth=3)


def node_of(schema: object) -> Node:
    return parse_node(schema, strict=True, logical_types=True, limits=DEFAULT_LIMITS)


def decoder_of(node: Node, limits: Limits = DEFAULT_LIMITS) -> Decoder:
    return Decoder(identity(node), limits, is_charged(node))


def outcome(function: Callable[[], object]) -> Outcome:
    """Return what a call gives, or all that its error tells."""
    try:
        return "value", function()
    except (FormatError, ResolutionError) as error:
        return type(error).__name__, (error.message, error.path, error.offset, error.record)
    except DatumError as error:
        return type(error).__name__, (error.message, error.path, error.record)


def agree(one: Callable[[], object], other: Callable[[], object]) -> Outcome:
    """Check that two calls come to the same, and return it."""
    first, second = outcome(one), outcome(other)
    assert first[0] == second[0], (first, second)
    assert same(first[1], second[1]), (first, second)
    return first


def numbered(error: FormatError, record: int) -> Outcome:
    return type(error).__name__, (error.message, error.path, error.offset, record)


@given(st.data())
def test_encoding_and_decoding_agree(data: st.DataObject) -> None:
    node = node_of(data.draw(schemas()))
    datum = data.draw(from_schema(node))
    encoder = Encoder(node, DEFAULT_LIMITS)
    encoded = encoder.encode(datum)
    assert encoded == reference.encode(node, datum, DEFAULT_LIMITS)
    value, end = decoder_of(node).decode(b"?" + encoded + b"!", 1)
    assert end == 1 + len(encoded)
    assert same(value, datum)
    assert Skipper(node, DEFAULT_LIMITS).skip(b"?" + encoded + b"!", 1) == end


@given(st.data())
def test_wrong_datums_get_the_same_verdict(data: st.DataObject) -> None:
    """A datum of another schema fits this one sometimes, and mostly not."""
    node = node_of(data.draw(schemas(max_leaves=4)))
    other = node_of(data.draw(schemas(max_leaves=4)))
    limits = data.draw(st.sampled_from((DEFAULT_LIMITS, SHALLOW)))
    datum = data.draw(from_schema(other) | from_schema(node) | from_schema(node).map(_changed))
    encoder = Encoder(node, limits)
    agree(lambda: encoder.encode(datum), lambda: reference.encode(node, datum, limits))


def _changed(value: Any) -> Any:
    """Change one thing inside a value, mostly to one that does not fit."""
    match value:
        case bool():
            return int(value)
        case int():
            return value * 2**32
        case str():
            return value + "\ud800"
        case list() if value:
            return [*value[:-1], _changed(value[-1])]
        case dict() if value:
            key = next(reversed(value))
            return {**value, key: _changed(value[key])}
        case dict():
            return {"unknown": None}
    return (value,)


@given(st.data())
def test_damaged_bytes_get_the_same_verdict(data: st.DataObject) -> None:
    node = node_of(data.draw(schemas()))
    limits = data.draw(st.sampled_from((DEFAULT_LIMITS, SHALLOW)))
    encoded = reference.encode(node, data.draw(from_schema(node)), DEFAULT_LIMITS)
    injured = data.draw(damaged(encoded))
    decoder, skipper, plan = decoder_of(node, limits), Skipper(node, limits), identity(node)
    decoded = agree(lambda: decoder.decode(injured), lambda: reference.decode(plan, injured, 0, limits))
    skipped = agree(lambda: skipper.skip(injured), lambda: reference.skip(node, injured, 0, limits))
    if decoded[0] == "value":
        assert isinstance(decoded[1], tuple)
        assert skipped == ("value", decoded[1][1])


@given(st.data())
def test_resolved_bytes_get_the_same_verdict(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    writer, reader = node_of(schema), node_of(data.draw(evolutions(schema)).reader_schema)
    encoded = reference.encode(writer, data.draw(from_schema(writer)), DEFAULT_LIMITS)
    if data.draw(st.booleans()):
        encoded = data.draw(damaged(encoded))
    try:
        plan = resolve(writer, reader)
    except ResolutionError:
        return
    decoder = Decoder(plan, DEFAULT_LIMITS, is_charged(writer))
    agree(lambda: decoder.decode(encoded), lambda: reference.decode(plan, encoded, 0, DEFAULT_LIMITS))


@given(st.data())
def test_a_fault_in_many_records_has_the_record_and_spares_those_before_it(data: st.DataObject) -> None:
    node = node_of(data.draw(schemas()))
    if is_charged(node):
        return
    records = data.draw(st.lists(from_schema(node), min_size=1, max_size=4))
    encoder, decoder = Encoder(node, DEFAULT_LIMITS), decoder_of(node)
    out = bytearray(b"before")
    assert encoder.append_until(iter(records), out, 10**6) == len(records)
    encoded = bytes(out)
    assert encoded == b"before" + b"".join(map(encoder.encode, records))
    values, end = decoder.decode_many(encoded, 6, len(records))
    assert same(values, records)
    assert end == len(encoded)
    with pytest.raises(DatumError) as wrong:
        encoder.append_until(iter([*records, object()]), out, 10**6)
    assert wrong.value.record == len(records)
    assert bytes(out) == encoded + encoded[6:]
    with pytest.raises(FormatError) as truncated:
        decoder.decode_many(encoded, 6, len(records) + 1)
    with pytest.raises(FormatError) as alone:
        reference.decode(identity(node), encoded, len(encoded), DEFAULT_LIMITS)
    assert outcome(lambda: _raise(truncated.value)) == numbered(alone.value, len(records))


def _raise(error: AvroError) -> None:
    raise error
