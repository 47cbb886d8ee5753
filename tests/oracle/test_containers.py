import io
import zlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import settings

from avro_ocf import END, NEED_DATA, Header, Reader, StoredBlock, StreamParser, decode_block, scan_blocks
from avro_ocf.oracle.equality import same
from avro_ocf.oracle.generators.containers import Container, draw_container
from avro_ocf.oracle.generators.deflate import bomb, deflated, draw_deflate
from avro_ocf.oracle.source import Discarded, ReplaySource, SeededSource
from avro_ocf.oracle.specification.clauses import ordered

DRAWN_BY_EXAMPLE = 3


def drawn(seed: str, codecs: Sequence[str] = ("null", "deflate"), by_example: int = DRAWN_BY_EXAMPLE) -> Iterator[Container]:
    for index in range(settings().max_examples * by_example):
        try:
            yield draw_container(SeededSource(f"{seed}:{index}"), codecs=codecs)
        except Discarded:
            continue


def by_parser(data: bytes, step: int) -> tuple[Header, list[object]]:
    """Return what a parser makes of a file that comes in pieces."""
    parser = StreamParser()
    pieces = iter([data[start : start + step] for start in range(0, len(data), step)])
    records: list[object] = []
    while (event := parser.next_event()) is not END:
        if event is NEED_DATA:
            parser.receive_data(next(pieces, b""))
        elif isinstance(event, StoredBlock):
            assert parser.header
            records += decode_block(parser.header, event)
    assert parser.header
    return parser.header, records


def check(container: Container) -> None:
    data = container.data
    with Reader(io.BytesIO(data)) as reader:
        header = reader.header
        assert same(list(reader), container.records)
    assert header.size == container.header_bytes
    assert (header.codec, header.sync_marker) == (container.codec, container.sync_marker)
    assert dict(header.metadata) == dict(container.metadata)
    assert tuple(scan_blocks(io.BytesIO(data))) == container.blocks
    assert header.size + sum(block.length for block in container.blocks) == len(data)
    assert sum(block.record_count for block in container.blocks) == len(container.records)
    assert ordered(container.clauses) == container.clauses


def test_every_drawn_container_is_read_with_exact_offsets() -> None:
    seen: set[str] = set()
    sizes: set[int] = set()
    headers = []
    for index, container in enumerate(drawn("container")):
        check(container)
        if index % 10 == 0:
            header, records = by_parser(container.data, 1 + index % 97)
            assert header.size == container.header_bytes
            assert same(records, container.records)
        seen.update(container.clauses)
        headers.append(container.header_bytes)
        sizes.update(block.record_count for block in container.blocks)
        assert container.blocks or container.verdict == "either"
    assert seen >= {"file.metadata.map", "file.metadata.user", "file.codec.absent", "file.blocks", "binary.map.negative-count"}
    assert max(headers) > 4096
    assert sizes >= {0, 1, 2}


@pytest.mark.host  # some of these modules are not in every Python
def test_other_codecs() -> None:
    for container in drawn("codec", ["snappy", "bzip2", "xz", "zstandard"], 1):
        check(container)


def test_the_simplest_container() -> None:
    container = draw_container(ReplaySource(()))
    assert (container.codec, len(container.blocks), len(container.records)) == ("null", 1, 1)
    assert (container.metadata, container.verdict, container.clauses) == ({}, "accept", ())


def test_a_schema_and_a_codec_that_are_given() -> None:
    for index in range(20):
        container = draw_container(SeededSource(f"given:{index}"), schema=["null", "int"], codecs=["deflate"])
        assert (container.schema, container.codec) == (["null", "int"], "deflate")
        check(container)


def unpacked(stream: bytes) -> bytes:
    reader = zlib.decompressobj(-15)
    data = reader.decompress(stream)
    assert reader.eof
    assert not reader.unused_data
    return data


def test_deflate_streams_of_every_form() -> None:
    for index in range(300):
        source = SeededSource(f"deflate:{index}")
        data = source.binary(0, 400)
        assert unpacked(draw_deflate(source, data)) == data
    large = bytes(range(256)) * 600
    for kind in range(3):
        assert unpacked(deflated([(kind, large), (0, b""), (kind, b"end")])) == large + b"end"


def test_a_bomb_is_small() -> None:
    stream = bomb(258 * 4064 + 1)
    assert len(stream) < 1100
    assert unpacked(stream) == bytes(258 * 4064 + 1)
