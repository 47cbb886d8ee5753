import io
from collections import defaultdict

import pytest
from hypothesis import settings

from avro_ocf import AvroError, FormatError, Reader
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.generators.containers import Container, draw_container
from avro_ocf.oracle.generators.corruptions import Corruption, deflate_bomb, draw_corruption, header, header_entries
from avro_ocf.oracle.generators.meaning import meaning
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource
from avro_ocf.oracle.specification.clauses import ordered
from tests.container.build import MARKER, entry, raw_block, raw_header

CONTAINERS_BY_EXAMPLE = 2
DAMAGES = 10

OPERATORS = {
    "bad datum",
    "bad header",
    "bad magic",
    "bad schema",
    "blocks",
    "bomb",
    "bytes after a deflate stream",
    "bytes after the last block",
    "bytes after the records",
    "codec",
    "count",
    "cut",
    "deflate stream cut",
    "flip",
    "nested",
    "no schema",
    "records cut",
    "size",
    "wrong sync marker",
}


def by_reader(data: bytes) -> list[object] | AvroError:
    try:
        return list(Reader(io.BytesIO(data)))
    except AvroError as error:
        return error


def check(container: Container, damage: Corruption) -> None:
    found = by_reader(damage.data)
    assert ordered(damage.clauses) == damage.clauses
    if not damage.operator.startswith(("nested", "bad header")):
        assert damage.data[: damage.offset] == container.data[: damage.offset]
    assert damage.operator.startswith("nested") or damage.schema == container.schema
    if damage.verdict == "reject":
        assert isinstance(found, AvroError), damage
        assert damage.expected is None
    elif damage.verdict == "accept" or not isinstance(found, AvroError):
        assert same(found, damage.expected), damage
    else:
        assert damage.expected is not None


def test_every_verdict_is_true() -> None:
    seen = defaultdict[str, set[str]](set)
    for index in range(settings().max_examples * CONTAINERS_BY_EXAMPLE):
        source, container = SeededSource(f"corruption:{index}"), None
        for _ in range(DAMAGES):
            try:
                container = container or draw_container(source)
                damage = draw_corruption(source, container)
            except Discarded:
                continue
            check(container, damage)
            seen[next(name for name in OPERATORS if damage.operator.startswith(name))].add(damage.verdict)
    if settings().max_examples >= 50:
        assert seen["cut"] >= {"reject", "accept"}
        assert seen["flip"] == {"reject", "either"}
        assert seen.keys() == OPERATORS


def test_the_simplest_damage() -> None:
    container = draw_container(ReplaySource(()))
    damage = draw_corruption(ReplaySource(()), container)
    assert (damage.data, damage.operator, damage.verdict) == (container.data[:-1], "cut", "reject")


def test_the_largest_bomb_is_small_and_bounded() -> None:
    container = draw_container(ReplaySource(()), schema="bytes", codecs=["deflate"])
    damage = deflate_bomb(ReplaySource([0, 47]), container)
    assert damage.operator == "bomb of 67108639 bytes"
    assert len(damage.data) < 70_000
    assert isinstance(by_reader(damage.data), FormatError)


MAP_FILE = raw_header(b"\2", entry("avro.schema", b'{"type":"map","values":"int"}'))


def test_the_meaning_of_what_is_whole() -> None:
    for index in range(settings().max_examples):
        try:
            container = draw_container(SeededSource(f"meaning:{index}"))
        except Discarded:
            continue
        assert same(meaning(container.data), container.records)


def test_no_meaning_where_the_specification_is_silent() -> None:
    assert meaning(MAP_FILE + raw_block(1, b"\4\2a\2\2b\4\0")) == [{"a": 1, "b": 2}]
    for twice in (b"\4\2a\2\2a\4\0", b"\2\2a\2\2\2a\4\0", b"\3\x0c\2a\2\2a\4\0"):
        with pytest.raises(Discarded):
            meaning(MAP_FILE + raw_block(1, twice))
    with pytest.raises(Discarded):
        meaning(raw_header(b"\2", entry("avro.schema", b'"null"')) + raw_block(2**40, b""))


def test_the_meaning_of_what_a_lenient_reader_takes() -> None:
    def file(codec: bytes, data: bytes) -> bytes:
        return raw_header(b"\4", entry("avro.schema", b'"int"'), entry("avro.codec", codec)) + raw_block(1, data)

    assert meaning(file(b"Null", b"\4")) == [2]
    assert meaning(file(b"deflate", b"\0\1\0\xfe\xff\4")) == [2]  # a stored block that is not the last one
    assert meaning(file(b"deflate", b"\1\1\0\xfe\xff\4rest")) == [2]
    assert meaning(file(b"deflate", b"\1\1\0\xfe\xff")) is None
    assert meaning(file(b"gone", b"\4")) is None
    assert meaning(raw_header(b"\4", entry("avro.schema", b'"int"'), entry("avro.codec", b"gone")) + raw_block(0, b"")) == []


def test_a_header_put_together_again() -> None:
    container = draw_container(SeededSource("header"), schema="string", codecs=["null"])._replace(sync_marker=MARKER, metadata={})
    assert header(container, header_entries(container)) == raw_header(
        b"\4", entry("avro.schema", b'"string"'), entry("avro.codec", b"null")
    )
