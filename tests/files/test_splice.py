"""`concat`, `recode` and `salvage`: records are kept, blocks are copied where possible, and a failure leaves no half file."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from avro_ocf.api import parse_schema
from avro_ocf.container.block import Block
from avro_ocf.errors import DatumError, FormatError, ResolutionError, SchemaError, TruncatedError
from avro_ocf.files.reader import Reader
from avro_ocf.files.splice import concat, recode, salvage
from avro_ocf.files.writer import Writer
from tests.container.build import MARKER, SHIP, make_file, raw_block, ship

OTHER = b"\x07" * 16
SHIPS = [ship(number) for number in range(10)]


def write(path: Path, *blocks: list[dict[str, object]], codec: str = "null", schema: object = SHIP) -> bytes:
    with Writer(path, schema, codec, metadata={"from": path.name}) as writer:
        for records in blocks:
            writer.write_block(records)
    return path.read_bytes()


def test_blocks_of_the_same_schema_and_codec_are_copied(tmp_path: Path) -> None:
    a, b, out = tmp_path / "a", tmp_path / "b", tmp_path / "out"
    data = write(a, SHIPS[:3], SHIPS[3:5]) + write(b, SHIPS[5:])
    blocks = concat([a, str(b)], out, sync_marker=OTHER)
    with Reader(out) as reader:
        assert list(reader.blocks()) == blocks
        assert [block.record_count for block in blocks] == [3, 2, 5]
        assert (reader.header.metadata, reader.header.sync_marker, reader.header.codec) == ({"from": b"a"}, OTHER, "null")
        assert list(reader) == SHIPS
    for block in blocks:
        assert out.read_bytes()[block.start_byte : block.start_byte + block.length - 16] in data


def test_other_codecs_and_schemas_are_taken_over(tmp_path: Path) -> None:
    a, b, c, out = (tmp_path / name for name in ("a", "b", "c", "out"))
    smaller = {
        "type": "record",
        "name": "Ship",
        "fields": [{"name": "guns", "type": {"type": "array", "items": "int"}}, {"name": "name", "type": "string"}],
    }
    wider = {**smaller, "fields": [*smaller["fields"], {"name": "hp", "type": "long", "default": 9}]}
    write(a, [{"name": "x", "guns": [], "hp": 2**40}], schema=wider, codec="deflate")
    write(b, SHIPS[:5], SHIPS[5:], codec="bzip2")
    write(c, [{"name": "y", "guns": [1]}], schema=smaller)
    blocks = concat([a, b, c], out)
    assert [block.record_count for block in blocks] == [1, 5, 5, 1]
    with Reader(out) as reader:
        assert reader.header.codec == "deflate"
        assert list(reader) == [{"name": "x", "guns": [], "hp": 2**40}, *SHIPS, {"name": "y", "guns": [1], "hp": 9}]
    before = out.read_bytes()
    with pytest.raises(ResolutionError):
        concat([c, a, write_int(tmp_path)], out)
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "int", "out"]


def write_int(folder: Path) -> Path:
    with Writer(folder / "int", "int") as writer:
        writer.write(1)
    return folder / "int"


def test_the_result_may_take_the_place_of_a_source(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, SHIPS[:5])
    write(b, SHIPS[5:])
    concat([a, b], b)
    assert list(Reader(io.BytesIO(b.read_bytes()))) == SHIPS
    recode(b, b, "bzip2")
    with Reader(b) as reader:
        assert (reader.header.codec, list(reader)) == ("bzip2", SHIPS)


def test_a_level_packs_anew_what_a_codec_alone_would_copy(tmp_path: Path) -> None:
    path, out = tmp_path / "a", tmp_path / "b"
    with Writer(path, "string") as writer:
        writer.write_many(str(number) for number in range(10_000))
    made = {level: (recode(path, out, "deflate", level), concat([path], out, level=level)) for level in (None, 0, 9)}
    with Reader(path) as before, Reader(out) as after:
        assert list(before) == list(after)
    for number in range(2):
        lengths = {level: sum(block.length for block in blocks[number]) for level, blocks in made.items()}
        assert lengths[None] == sum(block.length for block in writer.blocks)
        assert lengths[0] > lengths[9] <= lengths[None]
    with pytest.raises(DatumError, match="levels of deflate"):
        recode(path, out, level=10)


def test_recode_keeps_blocks_and_metadata(tmp_path: Path) -> None:
    a, out = tmp_path / "a", io.BytesIO()
    write(a, SHIPS[:3], SHIPS[3:])
    blocks = recode(a, out, "deflate", sync_marker=MARKER)
    assert [block.record_count for block in blocks] == [3, 7]
    reader = Reader(io.BytesIO(out.getvalue()))
    assert (reader.header.codec, reader.header.metadata, list(reader)) == ("deflate", {"from": b"a"}, SHIPS)
    again = io.BytesIO()
    recode(a, again, "deflate", sync_marker=MARKER)
    assert again.getvalue() == out.getvalue()


def test_a_bad_source_leaves_the_old_file(tmp_path: Path) -> None:
    a, out = tmp_path / "a", tmp_path / "out"
    a.write_bytes(write(a, SHIPS)[:-1])
    out.write_bytes(b"old")
    calls: list[Callable[[], object]] = [
        lambda: concat([a], out),
        lambda: recode(a, out),
        lambda: concat([tmp_path / "none"], out),
    ]
    for call in calls:
        with pytest.raises((TruncatedError, FileNotFoundError)):
            call()
    with pytest.raises(DatumError, match="no files to join"):
        concat([], out)
    assert out.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_blocks_of_another_schema_are_not_copied(tmp_path: Path) -> None:
    write(tmp_path / "a", SHIPS)
    with Reader(tmp_path / "a") as reader, Writer(io.BytesIO(), "int") as writer:
        with pytest.raises(DatumError, match="another schema"):
            writer.copy_block(reader.header, next(reader.stored_blocks()))
        assert writer.blocks == []


def test_salvage_writes_what_is_whole_and_tells_the_rest(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    header, parts = make_file(SHIPS[:2], SHIPS[2:5], SHIPS[5:], codec="deflate")
    bad.write_bytes(b"".join([*parts[:2], parts[2][:-3], b"???", parts[3], raw_block(0, b""), b"tail"]))
    report = salvage(bad, good)
    assert good.read_bytes() == parts[0] + parts[1] + raw_block(0, b"")
    assert report.header == header
    assert report.kept == [Block(header.size, len(parts[1]), 2), Block(bad.stat().st_size - 4 - 18, 18, 0)]
    assert [lost.reason for lost in report.lost] == ["no sync marker at the block's end", report.lost[1].reason]
    assert report.lost[0][:2] == (header.size + len(parts[1]), len(parts[2] + parts[3]))
    assert report.lost[1][:2] == (bad.stat().st_size - 4, 4)
    assert header.size + sum(block.length for block in report.kept) + report.lost_bytes == bad.stat().st_size
    assert report.record_count == 2


def test_salvage_of_a_file_without_blocks_and_without_damage(tmp_path: Path) -> None:
    for data in (write(tmp_path / "a"), write(tmp_path / "a", SHIPS)):
        out = io.BytesIO()
        report = salvage(io.BytesIO(data), out)
        assert out.getvalue() == data
        assert report.lost == []


def test_salvage_needs_the_header(tmp_path: Path) -> None:
    data = write(tmp_path / "a", SHIPS)
    (tmp_path / "good").write_bytes(b"old")
    for damaged, error in (
        (b"?" + data, FormatError),
        (data[:50], TruncatedError),
        (data.replace(b"record", b"reword"), SchemaError),
    ):
        with pytest.raises(error):
            salvage(io.BytesIO(damaged), tmp_path / "good")
    assert (tmp_path / "good").read_bytes() == b"old"


def test_values_are_taken_over_raw(tmp_path: Path) -> None:
    def event(time: str, *more: object) -> dict[str, object]:
        fields = [
            {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 2}},
            {"name": "time", "type": {"type": "long", "logicalType": time}},
        ]
        return {"type": "record", "name": "Event", "fields": [*fields, *more]}

    a, b, out = tmp_path / "a", tmp_path / "b", tmp_path / "out"
    wider = event("timestamp-millis", {"name": "n", "type": "int", "default": 0})
    odd = {"id": "12345678-1234-1234-1234-1234567890AB", "price": b"\x00\x30\x39", "time": 2**62}
    write(a, [{**odd, "n": 1}], schema=parse_schema(wider, logical_types=False))
    write(b, [odd], schema=parse_schema(event("timestamp-millis"), logical_types=False))
    concat([a, b], out)
    with Reader(out, logical_types=False) as reader:
        assert list(reader) == [{**odd, "n": 1}, {**odd, "n": 0}]
    write(b, [odd], schema=parse_schema(event("timestamp-micros"), logical_types=False))
    with pytest.raises(ResolutionError, match="timestamp"):
        concat([a, b], out)


@pytest.mark.host
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "ships"
    write(path, SHIPS)
    path.chmod(0o600)
    recode(path, path, "null")
    assert path.stat().st_mode & 0o777 == 0o600
