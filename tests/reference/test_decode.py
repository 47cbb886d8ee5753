"""Reading: the bytes of the specification, and the verdict, byte and path of every fault."""

import math

import pytest

from avro_ocf.errors import FormatError, ResolutionError, TruncatedError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.reference import decode, skip
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.resolve import resolve
from tests.reference.schemas import SUIT, array, fixed, map_of, node, read, record

VALUES = [
    ("null", b"", None),
    ("boolean", b"\0", False),
    ("boolean", b"\1", True),
    ("int", b"\0", 0),
    ("int", b"\1", -1),
    ("int", b"\2", 1),
    ("int", b"\x7f", -64),
    ("int", b"\x80\1", 64),
    ("int", b"\xff\xff\xff\xff\x0f", -(2**31)),
    ("int", b"\xfe\xff\xff\xff\x0f", 2**31 - 1),
    ("int", b"\x82\x80\x80\0", 1),
    ("int", b"\x82\x80\x80\x80\x80\x80\x80\x80\x80\0", 1),
    ("long", b"\xff" * 9 + b"\1", -(2**63)),
    ("long", b"\xfe" + b"\xff" * 8 + b"\1", 2**63 - 1),
    ("float", b"\0\0\x80\x3f", 1.0),
    ("float", b"\0\0\x80\xff", -math.inf),
    ("double", b"\0\0\0\0\0\0\xf0\x3f", 1.0),
    ("bytes", b"\4\0\xff", b"\0\xff"),
    ("string", b"\6foo", "foo"),
    ("string", b"\4\xc3\xa9", "é"),
    (fixed(2), b"ab", b"ab"),
    (fixed(0), b"", b""),
    (SUIT, b"\2", "HEARTS"),
    (["null", "string"], b"\0", None),
    (["null", "string"], b"\2\2a", "a"),
    (array("long"), b"\4\x06\x36\0", [3, 27]),
    (array("long"), b"\2\x06\2\x36\0", [3, 27]),
    (array("long"), b"\3\4\x06\x36\0", [3, 27]),
    (array("long"), b"\0", []),
    (array("null"), b"\3\0\2\0", [None, None, None]),
    (map_of("int"), b"\2\2a\2\1\6\2b\4\0", {"a": 1, "b": 2}),
    (map_of("int"), b"\4\2a\2\2a\4\0", {"a": 2}),
    (record("Test", a="long", b="string"), b"\x36\6foo", {"a": 27, "b": "foo"}),
    (record("Empty"), b"", {}),
]


@pytest.mark.parametrize(("schema", "data", "value"), VALUES)
def test_a_value_is_read(schema: object, data: bytes, value: object) -> None:
    assert repr(read(schema, data)) == repr(value)


SHIPS = record("Battle", at="int", ships=array(record("Ship", hp="int", tags=map_of("boolean"), name=["null", "string"])))

FAULTS = [
    ("int", b"\x80" * 10 + b"\0", FormatError, 0, ""),
    ("long", b"\xff" * 10, FormatError, 0, ""),
    ("long", b"\xff" * 9 + b"\2", FormatError, 0, ""),
    ("int", b"\x80\x80\x80\x80\x10", FormatError, 0, ""),
    ("int", b"\x81\x80\x80\x80\x10", FormatError, 0, ""),
    ("boolean", b"\2", FormatError, 0, ""),
    (SUIT, b"\1", FormatError, 0, ""),
    (SUIT, b"\4", FormatError, 0, ""),
    (["null", "string"], b"\1", FormatError, 0, ""),
    (["null", "string"], b"\4", FormatError, 0, ""),
    ("bytes", b"\1", FormatError, 0, ""),
    ("string", b"\1", FormatError, 0, ""),
    (array("int"), b"\1\1\0\0", FormatError, 1, ""),
    (array("int"), b"\1\4\2\0", FormatError, 0, ""),
    (array("int"), b"\1\0\2\0", FormatError, 0, ""),
    (array("int"), b"\2\2\3\6\2\2\0", FormatError, 2, ""),
    (array("null"), b"\1\2\0\0", FormatError, 0, ""),
    (map_of("int"), b"\1\4\2a\2\0", FormatError, 0, ""),
    (map_of("int"), b"\2\1\0", FormatError, 1, ""),
    ("boolean", b"", TruncatedError, 0, ""),
    ("int", b"", TruncatedError, 0, ""),
    ("int", b"\x80", TruncatedError, 0, ""),
    ("float", b"\0\0\0", TruncatedError, 0, ""),
    ("double", b"\0" * 7, TruncatedError, 0, ""),
    (fixed(2), b"a", TruncatedError, 0, ""),
    ("string", b"\4a", TruncatedError, 0, ""),
    ("bytes", b"\xfe" + b"\xff" * 8 + b"\1", TruncatedError, 0, ""),
    (array("int"), b"\2\2", TruncatedError, 2, ""),
    (array("int"), b"\4\2", TruncatedError, 0, ""),
    (array("int"), b"\xfe" + b"\xff" * 8 + b"\1\2\0", TruncatedError, 0, ""),
    (array("int"), b"\xff" * 9 + b"\1\2\2\0", TruncatedError, 0, ""),
    (array("int"), b"\1\x7e\2\0", TruncatedError, 1, ""),
    (map_of("int"), b"\4\2a\2", TruncatedError, 4, ""),
    (SHIPS, b"\2\2\2\2\2a\1\0\2\4x", TruncatedError, 9, "ships[0].name"),
    (SHIPS, b"\2\2\2\2\2a\3\0\0\0", FormatError, 6, 'ships[0].tags["a"]'),
    (SHIPS, b"\2\2\2\0\4\0", FormatError, 4, "ships[0].name"),
    (SHIPS, b"\2\2\2\0\0\2" + b"\x80" * 10 + b"\0", FormatError, 6, "ships[1].hp"),
]


@pytest.mark.parametrize(("schema", "data", "kind", "offset", "path"), FAULTS)
@pytest.mark.parametrize("before", [b"", b"\xff\xff\xff"])
def test_a_fault_names_its_byte_and_path(
    schema: object, data: bytes, kind: type[FormatError], offset: int, path: str, before: bytes
) -> None:
    parsed = node(schema)
    for act in (
        lambda: decode(identity(parsed), before + data, len(before), DEFAULT_LIMITS),
        lambda: skip(parsed, before + data, len(before), DEFAULT_LIMITS),
    ):
        with pytest.raises(FormatError) as caught:
            act()
        assert (type(caught.value), caught.value.offset, caught.value.path) == (kind, len(before) + offset, path)


@pytest.mark.parametrize("data", [b"\2\xff", b"\6\xed\xa0\x80", b"\4\xc0\x80"])
def test_text_must_be_utf_8_where_it_is_read(data: bytes) -> None:
    with pytest.raises(FormatError, match="UTF-8") as caught:
        decode(identity(node("string")), data, 0, DEFAULT_LIMITS)
    assert caught.value.offset == 0
    assert skip(node("string"), data, 0, DEFAULT_LIMITS) == len(data)
    with pytest.raises(FormatError, match="UTF-8") as caught:
        decode(identity(node(map_of("int"))), b"\2" + data + b"\0\0", 0, DEFAULT_LIMITS)
    assert (caught.value.offset, caught.value.path) == (1, "")


@pytest.mark.parametrize(("schema", "data", "value"), VALUES)
def test_every_cut_is_a_truncation(schema: object, data: bytes, value: object) -> None:
    for length in range(len(data)):
        with pytest.raises(TruncatedError):
            read(schema, data[:length])
    assert repr(read(schema, data)) == repr(value)


@pytest.mark.parametrize(
    ("writer", "reader", "data", "value"),
    [
        ("int", "long", b"\2", 1),
        ("int", "double", b"\2", 1.0),
        ("long", "float", b"\2", 1.0),
        ("float", "double", b"\0\0\x80\x3f", 1.0),
        ("string", "bytes", b"\4\xc3\xa9", b"\xc3\xa9"),
        ("bytes", "string", b"\4\xc3\xa9", "é"),
        (record("R", a="int", b="string", c="int"), record("R", c="long", a="int"), b"\2\4xy\6", {"c": 3, "a": 1}),
    ],
)
def test_a_value_is_read_as_the_reader_asks(writer: object, reader: object, data: bytes, value: object) -> None:
    read_value, end = decode(resolve(node(writer), node(reader)), data, 0, DEFAULT_LIMITS)
    assert (repr(read_value), end) == (repr(value), len(data))


def test_bytes_read_as_a_string_must_be_utf_8_and_a_string_read_as_bytes_too() -> None:
    kinds: list[tuple[str, str, type[Exception]]] = [("bytes", "string", ResolutionError), ("string", "bytes", FormatError)]
    for writer, reader, kind in kinds:
        with pytest.raises(kind, match="UTF-8"):
            decode(resolve(node(writer), node(reader)), b"\2\xff", 0, DEFAULT_LIMITS)


def test_a_default_is_a_fresh_value_for_each_record() -> None:
    wider = {"type": "record", "name": "R", "fields": [{"name": "xs", "type": array("int"), "default": [1]}]}
    plan = resolve(node(record("R")), node(wider))
    first, second = (decode(plan, b"", 0, DEFAULT_LIMITS)[0] for _ in range(2))
    assert first == second == {"xs": [1]}
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["xs"] is not second["xs"]


def test_a_branch_or_symbol_the_reader_lacks_is_a_fault_where_it_is_met() -> None:
    plan = resolve(node(["int", "string"]), node("int"))
    assert decode(plan, b"\0\2", 0, DEFAULT_LIMITS) == (1, 2)
    with pytest.raises(ResolutionError) as caught:
        decode(plan, b"\2\2a", 0, DEFAULT_LIMITS)
    assert caught.value.offset == 1
    plan = resolve(node(SUIT), node({**SUIT, "symbols": ["SPADES"]}))
    with pytest.raises(ResolutionError, match="HEARTS") as caught:
        decode(plan, b"\2", 0, DEFAULT_LIMITS)
    assert caught.value.offset == 0
