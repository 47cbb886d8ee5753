"""The first datums of a schema are the reference's, and nothing but the time tells which were."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import FormatError, parse_schema
from avro_ocf.compiler import Decoder, codec
from avro_ocf.compiler.decoding import decode
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.oracle import from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import Plan
from avro_ocf.schema.measure import is_charged
from tests.damage import damaged

OUTSIDE_OF_TESTS = 100
POINT = {"type": "record", "name": "Point", "fields": [{"name": name, "type": "long"} for name in "xyz"]}


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Leave first datums to the reference, as outside of tests, and return the titles of the decoders generated since."""
    titles: list[str] = []
    compile_decoder = decode.compile_decoder

    def noted(plan: Plan, title: str, limits: Limits) -> object:
        titles.append(title)
        return compile_decoder(plan, title, limits)

    monkeypatch.setattr(codec, "BYTES_BEFORE_CODE", OUTSIDE_OF_TESTS)
    monkeypatch.setattr(decode, "compile_decoder", noted)
    return titles


def decoder_of(schema: object, bytes_before_code: int = OUTSIDE_OF_TESTS) -> Decoder:
    node = parse_schema(schema).node
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "BYTES_BEFORE_CODE", bytes_before_code)
        return Decoder(identity(node), DEFAULT_LIMITS, is_charged(node))


def test_code_is_generated_for_more_than_a_hundred_bytes_a_field(generated: list[str]) -> None:
    decoder = decoder_of(POINT)
    for _ in range(99):
        assert decoder.decode(b"\2\4\6") == ({"x": 1, "y": 2, "z": 3}, 3)
    assert generated == []
    assert decoder.decode(b"\2\4\6") == ({"x": 1, "y": 2, "z": 3}, 3)
    assert generated == ["Point"]
    assert decoder.decode_many(b"\2\4\6" * 2, 0, 2) == ([{"x": 1, "y": 2, "z": 3}] * 2, 6)
    assert generated == ["Point"]


def test_fields_count_wherever_they_are(generated: list[str]) -> None:
    """Of 300 nulls before a record of 1,000 fields none needs that record's code."""
    wide = {"type": "record", "name": "Wide", "fields": [{"name": f"f{index}", "type": "int"} for index in range(1000)]}
    for schema in (["null", wide], {"type": "array", "items": ["null", wide]}, {"type": "map", "values": wide}):
        decoder = decoder_of(schema)
        if isinstance(schema, list):
            assert decoder.decode_many(bytes(300), 0, 300) == ([None] * 300, 300)
        else:
            assert decoder.decode(bytes(1))[1] == 1
        assert generated == []


@pytest.mark.host
def test_a_process_reads_one_datum_without_what_generates_code() -> None:
    program = """
import sys
from avro_ocf import parse_schema
assert parse_schema({"type": "array", "items": "int"}).decode(bytes([4, 2, 4, 0])) == [1, 2]
assert "avro_ocf.reference" in sys.modules
assert "avro_ocf.compiler.decoding.decode" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_code_is_generated_at_once_for_many(generated: list[str]) -> None:
    decoder_of(POINT).decode_many(b"\2\4\6" * 100, 0, 100)
    assert generated == ["Point"]


def test_code_is_generated_at_once_for_a_large_datum(generated: list[str]) -> None:
    decoder_of("string").decode(b"\xc8\1" + b"a" * 100)
    assert generated == ["primitive"]


def test_code_is_generated_at_once_for_who_asks_for_its_source(generated: list[str]) -> None:
    assert "def decode_many" in decoder_of(POINT).source
    assert generated == ["Point"]


@given(st.data(), st.integers(0, 200))
def test_all_datums_are_the_same_before_and_after(data: st.DataObject, bytes_before_code: int) -> None:
    json = data.draw(schemas())
    schema = parse_schema(json)
    datums = [schema.encode(value) for value in data.draw(st.lists(from_schema(json), max_size=4))]
    block = data.draw(damaged(b"".join(datums))) if data.draw(st.booleans()) else b"".join(datums)
    adaptive, generating = decoder_of(json, bytes_before_code), decoder_of(json, 0)
    for datum in datums:
        assert same(adaptive.decode(datum), generating.decode(datum))
    first = outcome(lambda: adaptive.decode_many(block, 0, len(datums)))
    assert same(first, outcome(lambda: generating.decode_many(block, 0, len(datums))))


def outcome(function: Callable[[], object]) -> object:
    """Return what a call gives, or all that its error tells."""
    try:
        return function()
    except FormatError as error:
        return type(error).__name__, error.message, error.path, error.offset, error.record
