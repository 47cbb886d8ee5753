"""`concat`, `recode` and `salvage`: records are kept, blocks are copied where possible, and a failure leaves no half file."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.api import parse_schema
from avro_ocf.container.block import Block
from avro_ocf.container.salvage import LostRange
from avro_ocf.errors import DatumError, FormatError, LimitError, ResolutionError, SchemaError, TruncatedError
from avro_ocf.files.reader import Reader
from avro_ocf.files.splice import concat, recode, salvage
from avro_ocf.files.writer import Writer
from avro_ocf.limits import Limits
from avro_ocf.oracle import evolutions, from_schema, schemas
from avro_ocf.oracle.equality import same
from avro_ocf.resolution.resolve import resolve
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


def test_salvage_leaves_a_file_that_may_have_more(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    link.symlink_to(path)
    data = write(path, SHIPS[:1], SHIPS, SHIPS[:2])
    limits = Limits(block_bytes=50)
    with Reader(path) as reader:
        second = list(reader.blocks())[1]
    report = salvage(path, tmp_path / "good", limits=limits)
    reason = f"the block takes {second.length - 19} bytes; limits.block_bytes is 50"
    assert report.refused == report.lost == [LostRange(second.start_byte, second.length, reason, is_damaged=False)]
    for out in (path, str(path), link):
        with pytest.raises(LimitError, match="may be sound would be lost with the file") as caught:
            salvage(path, out, limits=limits)
        assert caught.value.offset == second.start_byte
        assert path.read_bytes() == data
    assert salvage(path, path, limits=Limits(block_bytes=500)).refused == []
    assert path.read_bytes() == data


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


PETS = [{"type": "record", "name": name, "fields": [{"name": "name", "type": "string"}]} for name in ("Cat", "Dog")]
DATE = {"type": "int", "logicalType": "date"}
SUIT = {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"]}
MAP = {"type": "map", "values": "string"}
LOOK_ALIKES: list[tuple[object, list[object]]] = [
    (PETS, [("Dog", {"name": "rex"}), ("Cat", {"name": "tom"})]),
    ([PETS[0], MAP], [("map", {"name": "tom"}), ("Cat", {"name": "tom"})]),
    (["string", SUIT, "null"], [("Suit", "HEARTS"), ("string", "HEARTS"), None]),
    (["double", "float"], [("float", 0.5), ("double", 0.5)]),
    (["long", DATE], [("int", dt.date(2024, 2, 29)), ("long", 5), ("int", 2**31 - 1)]),
    (["long", "int", {"type": "array", "items": ["long", "int"]}], [("int", 1), ("array", [("int", 1), ("long", 1)])]),
    (["bytes", {"type": "fixed", "name": "F", "size": 2}], [("F", b"ab"), ("bytes", b"ab")]),
    ([{"type": "string", "logicalType": "uuid"}, "bytes"], [("string", UUID(int=5)), ("bytes", b"")]),
]
"""Unions in which another branch would take a value, and values of each branch."""


def with_field(schema: object, **attributes: object) -> dict[str, object]:
    return {"type": "record", "name": "R", "fields": [{"name": "value", "type": schema, **attributes}]}


@pytest.mark.parametrize(("union", "values"), LOOK_ALIKES)
@pytest.mark.parametrize(
    ("attributes", "more"),
    [
        ({"doc": "of the second"}, []),
        ({"aliases": ["was"], "my-attribute": {"a": 1}}, []),
        ({"order": "ignore"}, []),
        ({}, [{"name": "more", "type": ["long", "int"], "default": 7}]),
    ],
)
def test_values_stay_the_branches_that_they_were(
    union: object, values: list[object], attributes: dict[str, object], more: list[object], tmp_path: Path
) -> None:
    """Whether blocks are copied or their records encoded anew."""
    a, b, out = tmp_path / "a", tmp_path / "b", tmp_path / "out"
    first = {**with_field(union), "fields": [*with_field(union)["fields"], *more]}  # type: ignore[misc]  # a list
    records = [{"value": value} for value in values]
    with Writer(a, first, "null") as writer:
        writer.write_many(records)
    with Writer(b, with_field(union, **attributes), "null") as writer:
        writer.write_many(records)
    blocks = concat([a, b], out)
    expected = [record | {"more": ("long", 7)} if more else record for record in records] * 2
    with Reader(out, branches=True) as reader:
        assert list(reader) == expected
    source, end = b.read_bytes(), blocks[-1].start_byte + blocks[-1].length - 16
    assert (out.read_bytes()[blocks[-1].start_byte : end] in source) == (not more)


@given(st.data())
def test_records_of_any_schema_become_those_of_any_other(data: st.DataObject) -> None:
    """They come out as resolution with branches says, or nothing is written."""
    json = data.draw(schemas())
    written, wanted = (parse_schema(schema, logical_types=False) for schema in (json, data.draw(evolutions(json)).reader_schema))
    records = data.draw(st.lists(from_schema(written, branches=True), max_size=3))
    files = [io.BytesIO() for _ in range(3)]
    for file, schema, content in zip(files, (wanted, written), ([], records), strict=False):
        with Writer(file, schema) as writer:
            writer.write_many(content)
        file.seek(0)
    encoded = map(written.encode, records)
    try:
        resolve(parse_schema(json).node, parse_schema(wanted.json).node)
        expected = [written.decode(data, wanted, branches=True) for data in encoded]
    except (FormatError, ResolutionError) as error:
        with pytest.raises(type(error)):
            concat(files[:2], files[2])
        return
    concat(files[:2], files[2])
    files[2].seek(0)
    assert same(list(Reader(files[2], branches=True, logical_types=False)), expected)


@given(st.data())
def test_what_does_not_change_the_encoding_is_no_other_schema(data: st.DataObject) -> None:
    json = data.draw(schemas())
    schema, other = parse_schema(json), parse_schema(documented(json))
    records = data.draw(st.lists(from_schema(schema, branches=True), min_size=1, max_size=3))
    assert schema.encodes_like(other)
    files = io.BytesIO(), io.BytesIO()
    with (
        Writer(files[0], other, "null", sync_marker=MARKER) as first,
        Writer(files[1], schema, "null", sync_marker=MARKER) as second,
    ):
        second.write_many(records)
    block = files[1].getvalue()[second.header.size :]
    out = io.BytesIO()
    concat([io.BytesIO(file.getvalue()) for file in files], out, sync_marker=MARKER)
    assert out.getvalue() == files[0].getvalue() + block
    assert first.blocks == []


def documented(json: Any) -> Any:
    """Return a schema with other docs and attributes of nobody's."""
    match json:
        case dict():
            changed = {
                key: documented(value) if key in {"type", "fields", "items", "values"} else value for key, value in json.items()
            }
            return changed | {"doc": "another", "my-attribute": [1]}
        case list():
            return [documented(inner) for inner in json]
    return json


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int", DATE),
        (DATE, {"type": "int", "logicalType": "time-millis"}),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, {"type": "bytes", "logicalType": "decimal", "precision": 5}),
        (PETS, PETS[::-1]),
        (SUIT, {**SUIT, "name": "ns.Suit"}),
        (with_field("int"), with_field(DATE)),
        (["string", DATE], ["string", "int"]),
        ([PETS[0], with_field("Cat")], [PETS[0], with_field({"type": "array", "items": "Cat"})]),
    ],
)
def test_what_changes_the_encoding_or_the_meaning_is_another_schema(one: object, other: object) -> None:
    for logical_types in (True, False):
        first, second = parse_schema(one, logical_types=logical_types), parse_schema(other)
        assert not first.encodes_like(second)
        assert not second.encodes_like(first)
        assert first.encodes_like(parse_schema(one))


@pytest.mark.host
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "ships"
    write(path, SHIPS)
    path.chmod(0o600)
    recode(path, path, "null")
    assert path.stat().st_mode & 0o777 == 0o600
