import re
from collections.abc import Iterator

import pytest
from hypothesis import settings

from avro_ocf import FormatError, LimitError, Schema, parse_schema, reference
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.generators.emitter import varint
from avro_ocf.oracle.generators.encodings import draw_bad_encoding, draw_encoding
from avro_ocf.oracle.generators.schemas import draw_schema
from avro_ocf.oracle.generators.values import draw_value
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource
from avro_ocf.oracle.specification.clauses import ordered
from avro_ocf.resolution.identity import identity
from avro_ocf.varint import decode_long, encode_long

DRAWN_BY_EXAMPLE = 5


def drawn(seed: str) -> Iterator[tuple[SeededSource, Schema, object]]:
    """Yield sources from which a schema and a value were drawn."""
    for index in range(settings().max_examples * DRAWN_BY_EXAMPLE):
        source = SeededSource(f"{seed}:{index}")
        try:
            schema = parse_schema(draw_schema(source))
            yield source, schema, draw_value(source, schema.node)
        except Discarded:
            continue


def by_reference(schema: Schema, data: bytes) -> tuple[object, int]:
    return reference.decode(identity(schema.node), data, 0, schema.limits)


def test_every_drawn_encoding_is_read_as_the_value() -> None:
    seen: set[str] = set()
    for index, (source, schema, value) in enumerate(drawn("encoding")):
        encoding = draw_encoding(source, schema.node, value)
        found, end = by_reference(schema, encoding.data)
        assert end == len(encoding.data)
        assert same(found, value)
        if index % 4 == 0:  # making the code takes longer than all the rest
            assert same(schema.decode(encoding.data), value)
        seen.update(encoding.clauses)
        assert ("binary.int-long" in encoding.clauses) == (encoding.verdict == "either")
        if encoding.verdict == "either":
            assert len(encoding.data) > len(schema.encode(value))
    assert ordered(seen) == tuple(sorted(seen))
    forms = {f"binary.{kind}.{form}" for kind in ("array", "map") for form in ("blocks", "negative-count")}
    if settings().max_examples >= 50:
        assert seen >= forms | {"binary.int-long"}


def test_a_plain_encoding_is_what_the_reference_writes() -> None:
    for _, schema, value in drawn("plain"):
        data = draw_encoding(ReplaySource(()), schema.node, value).data
        assert data == reference.encode(schema.node, value, DEFAULT_LIMITS)


def test_every_bad_encoding_deserves_its_verdict() -> None:
    seen: set[str] = set()
    for index, (source, schema, value) in enumerate(drawn("bad encoding")):
        bad = draw_bad_encoding(source, schema.node, value)
        seen.add(re.sub(r"[-+]?[0-9]+|[0-9a-f]+ (?=in a string)|, .*", "#", bad.note).removesuffix(" at byte #"))
        assert ordered(bad.clauses) == bad.clauses
        assert bad.offset <= len(bad.data)
        for is_compiled in (False, True)[: 2 if index % 4 == 0 else 1]:
            try:
                found = schema.decode(bad.data) if is_compiled else by_reference(schema, bad.data)[0]
            except FormatError as error:
                assert not isinstance(error, LimitError) or bad.verdict == "either"
            else:
                assert bad.verdict == "either"
                assert same(found, value)
    assert len(seen) >= 20 or settings().max_examples < 50, seen


def test_a_bad_encoding_without_missing_or_further_bytes() -> None:
    """It is bad wherever it stands, whatever follows."""
    for source, schema, value in drawn("bad inside"):
        try:
            bad = draw_bad_encoding(source, schema.node, value, whole=True)
        except Discarded:
            assert not schema.encode(value) or schema.decode(schema.encode(value)) is not None
            continue
        if bad.verdict == "reject":
            with pytest.raises(FormatError):
                by_reference(schema, bad.data + bytes(300))


def test_the_simplest_damage_is_the_last_byte_missing() -> None:
    node = parse_schema(["null", "string"]).node
    bad = draw_bad_encoding(ReplaySource(()), node, "abc")
    assert (bad.data, bad.verdict, bad.offset) == (b"\2\6ab", "reject", 4)


@pytest.mark.parametrize("number", [0, 1, -1, 63, 64, -64, -65, 2**31, 2**63 - 1, -(2**63)])
def test_varints(number: int) -> None:
    assert varint(number) == encode_long(number)
    for longer in range(1, 11 - len(varint(number))):
        data = varint(number, longer)
        assert len(data) == len(varint(number)) + longer
        assert decode_long(data, 0) == (number, len(data))
