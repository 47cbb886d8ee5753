"""Many records at once, in rows of tokens or byte after byte: the same values and verdicts as the reference's."""

from random import Random
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Decoder
from avro_ocf.compiler.decoding.rows import compile_rows
from avro_ocf.compiler.decoding.stream import compile_all
from avro_ocf.compiler.decoding.windows import MANY, MISSES, SAMPLE, STEP, WINDOW_BYTES, Windows
from avro_ocf.errors import FormatError, ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.identity import identity
from avro_ocf.resolution.plan import Plan, ReadRecord
from avro_ocf.resolution.resolve import resolve
from tests.compiler.test_agreement import agree, node_of
from tests.compiler.test_fast_paths import injured

COUNT = SAMPLE + 3 * MANY
INT = 2**31
LONG = 2**63
MS = 1_764_000_000_000


def text(random: Random) -> str:
    return "".join(random.choices("abcdeé", k=random.randint(3, 9)))


KINDS: dict[str, tuple[Any, Any]] = {
    "tiny": ("int", lambda random: random.randrange(-64, 64)),
    "small": ("long", lambda random: random.randrange(-1024, 8192)),
    "mixed": ("int", lambda random: random.choice([0, -1, 99, 8191, 8192, 10**6, INT - 1, -INT])),
    "int": ("int", lambda random: random.randrange(-INT, INT)),
    "ms": ("long", lambda random: MS + random.randrange(10**9)),
    "long": ("long", lambda random: random.choice([random.randrange(-LONG, LONG), LONG - 1, -LONG, 0])),
    "boolean": ("boolean", lambda random: random.random() < 1 / 2),
    "float": ("float", lambda random: random.randrange(1000) / 8),
    "double": ("double", lambda random: random.random()),
    "text": ("string", text),
    "station": ("string", lambda random: random.choice(["011990-99999", "012650-99999"])),
    "bytes": ("bytes", lambda random: random.randbytes(random.randrange(5))),
    "fixed": ({"type": "fixed", "size": 5}, lambda random: random.randbytes(5)),
    "enum": ({"type": "enum", "symbols": ["A", "B", "C"]}, lambda random: random.choice("ABC")),
    "null": ("null", lambda _: None),
    "uuid": ({"type": "string", "logicalType": "uuid"}, lambda random: str(uuid_of(random))),
    "env": (
        {"type": "string", "logicalType": "uuid"},
        lambda random: str(uuid_of(Random(random.randrange(3)))) if random.random() < 0.999 else random.choice(["", "z" * 36]),
    ),
    "date": ({"type": "int", "logicalType": "date"}, lambda random: random.randrange(-800_000, 4_000_000)),
    "time": ({"type": "long", "logicalType": "time-micros"}, lambda random: random.randrange(-10, 86_400_000_010)),
    "clock": ({"type": "int", "logicalType": "time-millis"}, lambda random: random.randrange(-10, 86_400_010)),
    "at": ({"type": "long", "logicalType": "timestamp-micros"}, lambda random: random.randrange(-(10**17), 3 * 10**17)),
    "made": ({"type": "long", "logicalType": "timestamp-millis"}, lambda random: random.randrange(2**32 * 1000 + 10)),
    "wall": ({"type": "long", "logicalType": "local-timestamp-millis"}, lambda random: random.randrange(10**13)),
    "price": (
        {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        lambda random: random.choice([b"", b"\0\0", random.randbytes(5)]),
    ),
}
BYTEWISE = ("tiny", "small", "mixed", "int", "ms", "long", "boolean", "enum", "null", "date", "time", "at")


def uuid_of(random: Random) -> Any:
    from uuid import UUID

    return UUID(int=random.getrandbits(128))


class Case:
    """A record's schema with a field of each of some kinds, and what draws raw records of it."""

    def __init__(self, names: list[str], random: Random) -> None:
        self.random = random
        self.makers: dict[str, Any] = {}
        fields: list[dict[str, Any]] = []
        for index, name in enumerate(names):
            type_, make = KINDS[name]
            if isinstance(type_, dict) and type_["type"] in {"fixed", "enum"}:
                type_ = {**type_, "name": f"N{index}"}
            if name != "null" and random.random() < 1 / 4:
                type_ = random.choice([["null", type_], [type_, "null"]])
                make = self._or_none(make)
            fields.append({"name": f"f{index}", "type": type_})
            self.makers[f"f{index}"] = make
        self.fields = fields
        self.schema = {"type": "record", "name": "Case", "fields": fields}
        self.node = node_of(self.schema)

    def _or_none(self, make: Any) -> Any:
        return lambda random: None if random.random() < 1 / 4 else make(random)

    def encoded(self, count: int) -> bytes:
        records = [{name: make(self.random) for name, make in self.makers.items()} for _ in range(count)]
        return b"".join(reference.encode(self.node, record, DEFAULT_LIMITS) for record in records)


def windows_of(decoder: Decoder) -> Windows:
    """Return what decodes many records, ready to learn at once."""
    assert "in_windows" in decoder.source
    assert decoder._decode_many is not None
    windows = decoder._decode_many.__globals__["in_windows"].__self__
    assert isinstance(windows, Windows)
    windows._patience = 0
    return windows


def by_reference(plan: Plan, data: bytes, pos: int, count: int) -> tuple[list[Any], int]:
    values: list[Any] = []
    for index in range(count):
        try:
            value, pos = reference.decode(plan, data, pos, DEFAULT_LIMITS)
        except (FormatError, ResolutionError) as error:
            error.record = index
            raise
        values.append(value)
    return values, pos


def check(decoder: Decoder, data: bytes, count: int, pos: int = 0) -> None:
    agree(lambda: decoder.decode_many(data, pos, count), lambda: by_reference(decoder.plan, data, pos, count))


def cases(count: int, kinds: list[str], most: int = 8) -> list[Case]:
    randoms = [Random(f"{seed} {kinds}") for seed in range(count)]
    return [Case(random.choices(kinds, k=random.randint(1, most)), random) for random in randoms]


@pytest.mark.parametrize("name", KINDS)
def test_records_of_one_kind_of_value(name: str) -> None:
    """With a double behind it, which alone pays in rows, if the kind does not."""
    for names in ([name], [name, "ms"], [name, "ms", "double", "double", name]):
        case = Case(names, Random(name))
        decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
        windows_of(decoder)
        for count in (COUNT, MANY, MANY - 1):
            data = case.encoded(count)
            check(decoder, data, count)
            check(decoder, b"?" + data, count, 1)
            check(decoder, data + data, count)
            check(decoder, data, count + 1)


def test_what_is_decoded_in_rows() -> None:
    case = Case(["station", "ms", "double", "double"], Random(2))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    check(decoder, case.encoded(COUNT), COUNT)
    assert windows._rows is not None
    assert windows._taken == COUNT - SAMPLE
    assert windows._misses == 0
    many = 4 * WINDOW_BYTES // 20
    check(decoder, case.encoded(many), many)
    assert windows._taken >= COUNT - SAMPLE + many - MANY
    assert windows._misses == 0


def test_what_is_decoded_byte_after_byte() -> None:
    case = Case(["tiny", "small", "boolean", "enum", "null"], Random(3))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    check(decoder, case.encoded(COUNT), COUNT)
    assert windows._decode_all is not None
    assert windows._taken == COUNT - SAMPLE
    check(decoder, case.encoded(COUNT), COUNT)
    assert windows._taken == 2 * COUNT - SAMPLE


def test_what_is_decoded_one_by_one() -> None:
    decoder = Decoder(identity(node_of({"type": "record", "name": "R", "fields": []})), DEFAULT_LIMITS, True)
    assert decoder.decode_many(b"", 0, COUNT)[0] == [{}] * COUNT
    case = Case(["double", "boolean"], Random(1))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    check(decoder, case.encoded(COUNT), COUNT)
    assert windows._rows is None
    assert windows._decode_all is None


def test_sound_and_damaged_records() -> None:
    for case in cases(40, [*KINDS]) + cases(20, [*BYTEWISE]):
        decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
        windows_of(decoder)
        for _ in range(4):
            data = case.encoded(COUNT)
            check(decoder, data, COUNT)
            check(decoder, injured(case.random, data), COUNT) if data else None
            check(decoder, data[: len(data) // 2] + b"\xff" * 9 + data[len(data) // 2 :], COUNT)


def test_values_that_are_unlike_those_of_the_sample() -> None:
    """Long texts, other numbers: first now and then, then mostly, until the rows are given up."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "long"}]}
    node = node_of(schema)
    decoder = Decoder(identity(node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    random = Random(4)

    def records(share: float) -> bytes:
        texts = ["x" * random.randrange(200) if random.random() < share else "abc" for _ in range(COUNT)]
        return b"".join(reference.encode(node, {"a": text, "b": MS}, DEFAULT_LIMITS) for text in texts)

    check(decoder, records(0), COUNT)
    assert windows._rows is not None
    windows._patience = 10**9
    data = records(1 / COUNT)
    check(decoder, data, COUNT)
    assert windows._rows is not None
    for _ in range(MISSES):
        check(decoder, records(1 / 2), COUNT)
    assert windows._rows is None


def test_larger_numbers_than_those_of_the_sample() -> None:
    node = node_of({"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}]})
    decoder = Decoder(identity(node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    for number in (1, 10**12, -(10**12), LONG - 1):
        data = reference.encode(node, {"a": number, "b": "abc"}, DEFAULT_LIMITS) * COUNT
        check(decoder, data, COUNT)
    assert windows._misses > 0


def test_irregular_records_cost_little() -> None:
    """A window is not looked at again and again where its first record is no row."""
    case = Case(["station", "ms"], Random(5))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    check(decoder, case.encoded(COUNT), COUNT)
    rows = windows._rows
    assert rows is not None
    looked = 0

    def find(data: bytes, pos: int, end: int) -> list[tuple[bytes, ...]]:
        nonlocal looked
        looked += 1
        return rows.find(data, pos, end)

    windows._rows = rows._replace(find=find)
    windows._patience = 10**9
    odd = reference.encode(case.node, {**dict.fromkeys(case.makers, "other"), "f1": 1}, DEFAULT_LIMITS)
    many = MISSES * STEP * 4
    check(decoder, odd * many, many)
    assert looked == MISSES
    assert windows._rows is None


def test_a_large_block_with_odd_records_here_and_there() -> None:
    """One by one is decoded a part of the data, whose end no record may notice; a record may be larger than that."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "long"}]}
    node = node_of(schema)
    decoder = Decoder(identity(node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    texts = ["abc"] * 20_000
    for place in range(500, 20_000, 1500):
        texts[place] = "é" * place
    data = b"".join(reference.encode(node, {"a": text, "b": MS}, DEFAULT_LIMITS) for text in texts)
    values, end = decoder.decode_many(data, 0, len(texts))
    assert end == len(data)
    assert values == [{"a": text, "b": MS} for text in texts]
    assert windows._taken > 10_000
    for place in (600, 14_000, 19_990):
        cut = sum(len(text.encode()) + 7 + (len(text) > 31) + (len(text) > 4095) for text in texts[:place]) + 3
        with pytest.raises(FormatError) as found:
            decoder.decode_many(data[:cut], 0, len(texts))
        assert found.value.record == place
        assert found.value.offset is not None
        assert cut - 3 <= found.value.offset <= cut


@pytest.mark.host
def test_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    case = Case(["station", "ms", "double", "text"], Random(9))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows_of(decoder)
    blocks = [case.encoded(COUNT) for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda block: decoder.decode_many(block, 0, COUNT)[0], blocks * 3)]
    assert found == [by_reference(decoder.plan, block, 0, COUNT)[0] for block in blocks] * 3


def resolved(case: Case, other: dict[str, Any]) -> Plan:
    return resolve(case.node, node_of(other))


def test_resolved_records() -> None:
    promoted = {"int": "double", "long": "float", "string": "bytes", "bytes": "string"}
    for case in cases(60, ["tiny", "small", "int", "ms", "text", "station", "double", "enum", "fixed", "boolean"]):
        fields = [dict(field) for field in case.fields if case.random.random() < 2 / 3]
        for field in fields:
            if isinstance(field["type"], str) and case.random.random() < 1 / 2:
                field["type"] = promoted.get(field["type"], field["type"])
        defaults = [
            {"name": "d", "type": "int", "default": 7},
            {"name": "e", "type": {"type": "array", "items": "int"}, "default": [1]},
        ]
        case.random.shuffle(fields)
        plan = resolved(case, {**case.schema, "fields": [*fields, *defaults]})
        decoder = Decoder(plan, DEFAULT_LIMITS, False)
        windows_of(decoder)
        data = case.encoded(COUNT)
        for bytes_ in (data, injured(case.random, data)):
            check(decoder, bytes_, COUNT)
        values, _ = decoder.decode_many(data, 0, COUNT)
        lists = {id(value["e"]) for value in values}
        assert len(lists) == COUNT  # each record has its own


def test_an_unknown_symbol_is_no_value() -> None:
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    fields = [{"name": "a", "type": enum}, {"name": "b", "type": "long"}]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    reader = {"type": "record", "name": "R", "fields": [{"name": "a", "type": {**enum, "symbols": ["A"]}}, fields[1]]}
    for number in (1, MS):
        decoder = Decoder(resolve(node, node_of(reader)), DEFAULT_LIMITS, False)
        windows_of(decoder)
        sound, odd = (reference.encode(node, {"a": symbol, "b": number}, DEFAULT_LIMITS) for symbol in "AB")
        check(decoder, sound * COUNT, COUNT)
        check(decoder, sound * MANY + odd + sound * MANY, 2 * MANY + 1)


def test_records_inside_records() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": "double"}, {"name": "n", "type": ["null", "int"]}]}
    fields = [{"name": "a", "type": "long"}, {"name": "i", "type": inner}, {"name": "s", "type": "string"}]
    node = node_of({"type": "record", "name": "R", "fields": fields})
    decoder = Decoder(identity(node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    record = {"a": MS, "i": {"x": 1.5, "n": None}, "s": "abc"}
    data = reference.encode(node, record, DEFAULT_LIMITS) * COUNT
    check(decoder, data, COUNT)
    assert windows._taken == COUNT - SAMPLE


def test_many_fields() -> None:
    case = Case(["ms", "text", "double", "boolean"] * 10, Random(6))
    decoder = Decoder(identity(case.node), DEFAULT_LIMITS, False)
    windows = windows_of(decoder)
    data = case.encoded(COUNT)
    check(decoder, data, COUNT)
    assert windows._taken > 0
    values, _ = decoder.decode_many(data, 0, COUNT)
    assert [*values[-1]] == [*case.makers]


@pytest.mark.parametrize(
    ("type_", "is_bytewise"),
    [
        ({"type": "array", "items": "int"}, False),
        (["int", "string"], False),
        (["int", "long"], True),
        (["null", {"type": "record", "name": "I", "fields": []}], True),
        ({"type": "fixed", "name": "F", "size": 0}, False),
        (["null", {"type": "map", "values": "int"}], False),
        ({"type": "enum", "name": "E", "symbols": [f"S{index}" for index in range(65)]}, False),
    ],
)
def test_plans_without_rows(type_: Any, is_bytewise: bool) -> None:
    fields = [{"name": "t", "type": "boolean"}, {"name": "a", "type": type_}]
    plan = identity(node_of({"type": "record", "name": "R", "fields": fields}))
    assert isinstance(plan, ReadRecord)
    assert compile_rows(plan, [], "x", DEFAULT_LIMITS) is None
    assert (compile_all(plan, "x", DEFAULT_LIMITS) is not None) is is_bytewise


def test_records_that_take_no_byte() -> None:
    plan = identity(node_of({"type": "record", "name": "R", "fields": [{"name": "a", "type": "null"}]}))
    assert isinstance(plan, ReadRecord)
    assert compile_rows(plan, [], "x", DEFAULT_LIMITS) is None
    assert compile_all(plan, "x", DEFAULT_LIMITS) is None


def test_tables_are_bounded() -> None:
    from avro_ocf.compiler.decoding.columns import INTEGERS, TEXTS_KEPT, Texts

    texts = Texts()
    for number in range(2 * TEXTS_KEPT):
        assert texts[b"\x10%08d" % number] == f"{number:08d}"
    assert len(texts) == TEXTS_KEPT
    for table in INTEGERS.values():
        for number in (10**6, 10**7, INT - 1):
            token = reference.encode(node_of("long"), number, DEFAULT_LIMITS)
            assert table[token] == number
            assert token not in table
    assert same(INTEGERS["int"][b"\x80\x00"], 0)
