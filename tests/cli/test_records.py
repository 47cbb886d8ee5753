"""encode, cat, head, count."""

import codecs
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import Reader
from avro_ocf.cli.program import main
from avro_ocf.extended_json import dumps
from tests.cli.commands import EXAMPLES, Run, in_station_order, json_lines, weather_records

pytestmark = pytest.mark.host

SCHEMA = EXAMPLES / "weather.avsc"
NDJSON = EXAMPLES / "weather.ndjson"


def test_each_value_of_a_field_is_one_block_and_one_range(run: Run, weather: Path) -> None:
    records = weather_records()
    stations = list(dict.fromkeys(record["station"] for record in records))
    blocks = json_lines(run("index", "--json", weather).stdout)
    assert len(blocks) == len(stations) == 5
    for station, block in zip(stations, blocks, strict=True):
        printed = run("cat", weather, "--block", f"{block['start_byte']}:{block['length']}").stdout
        assert json_lines(printed) == [record for record in records if record["station"] == station]
        assert block["record_count"] == len(json_lines(printed))


def test_a_run_of_blocks_is_one_range(run: Run, weather: Path) -> None:
    first, second, *_ = json_lines(run("index", "--json", weather).stdout)
    printed = run("cat", weather, "--block", f"{first['start_byte']}:{first['length'] + second['length']}").stdout
    assert len(json_lines(printed)) == first["record_count"] + second["record_count"]


def test_a_block_is_read_alone(run: Run, weather: Path) -> None:
    """Every other block is zeroed, and nobody notices."""
    blocks = json_lines(run("index", "--json", weather).stdout)
    start, length = blocks[2]["start_byte"], blocks[2]["length"]
    expected = run("cat", weather, "--block", f"{start}:{length}").stdout
    data = bytearray(weather.read_bytes())
    data[blocks[0]["start_byte"] : start] = bytes(start - blocks[0]["start_byte"])
    data[start + length :] = bytes(len(data) - start - length)
    weather.write_bytes(data)
    assert run("cat", weather, "--block", f"{start}:{length}").stdout == expected


def test_cat_prints_what_encode_read(run: Run, weather: Path) -> None:
    printed = run("cat", weather).stdout
    assert json_lines(printed) == in_station_order(weather_records())
    run("encode", "-", "again.avro", stdin=printed)
    assert run("cat", "again.avro").stdout == printed


def test_head_and_count(run: Run, weather: Path) -> None:
    lines = run("cat", weather).stdout.splitlines()
    assert run("head", weather).stdout.splitlines() == lines[:10]
    assert run("head", "-n", "3", weather).stdout.splitlines() == lines[:3]
    assert run("head", "-n", "1000", weather).stdout.splitlines() == lines
    assert run("head", "-n", "0", weather).stdout == b""
    assert run("count", weather).stdout == b"100\n"


def test_pipes(run: Run, weather: Path) -> None:
    data = weather.read_bytes()
    assert run("cat", "-", stdin=data).stdout == run("cat", weather).stdout
    assert run("head", "-n", "1", "-", stdin=data).stdout == run("head", "-n", "1", weather).stdout
    assert run("count", "-", stdin=data).stdout == b"100\n"
    written = run("encode", "--schema", SCHEMA, "-", "-", stdin=NDJSON.read_bytes()).stdout
    assert json_lines(run("cat", "-", stdin=written).stdout) == weather_records()


@pytest.mark.parametrize("by", [[], ["--by", "kind"]])
def test_without_a_schema_one_is_inferred_that_fits_exactly(run: Run, tmp_path: Path, by: list[str]) -> None:
    lines: list[dict[str, Any]] = [{"kind": "a", "n": 1, "x": 1.0}, {"kind": "a", "n": None, "more": [{"deep": True}]}]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    (tmp_path / "in.ndjson").write_bytes(text)
    run("encode", *by, "in.ndjson", "from_file.avro")
    run("encode", *by, "-", "from_pipe.avro", stdin=text)
    for name in ("from_file.avro", "from_pipe.avro"):
        assert [json.loads(line) for line in run("cat", name).stdout.decode().splitlines()] == lines
        assert b"1.0" in run("head", "-n1", name).stdout


def test_the_values_to_group_by_are_told_apart_by_type(run: Run) -> None:
    run("encode", "--by", "k", "-", "out.avro", stdin=b'{"k":1}\n{"k":1.0}\n{"k":true}\n{"k":"1"}\n{"k":null}\n{"k":1}\n')
    assert [block["record_count"] for block in json_lines(run("index", "--json", "out.avro").stdout)] == [2, 1, 1, 1, 1]


def test_the_same_input_and_sync_marker_make_the_same_file(run: Run, tmp_path: Path) -> None:
    marker = "00112233445566778899aabbccddeeff"
    for name in ("a.avro", "b.avro"):
        run("encode", "--schema", SCHEMA, "--codec", "null", "--sync-marker", marker, NDJSON, name)
    assert (tmp_path / "a.avro").read_bytes() == (tmp_path / "b.avro").read_bytes()
    with Reader(tmp_path / "a.avro") as reader:
        assert reader.header.codec == "null"
        assert reader.header.sync_marker.hex() == marker


def test_a_reader_schema_resolves(run: Run, weather: Path, tmp_path: Path) -> None:
    fields = [{"name": "temp", "type": "double"}, {"name": "unit", "type": "string", "default": "°C"}]
    (tmp_path / "reader.avsc").write_text(json.dumps({"type": "record", "name": "Weather", "fields": fields}))
    first = in_station_order(weather_records())[0]
    expected = {"temp": first["temp"], "unit": "°C"}
    assert json_lines(run("head", "-n", "1", "--reader-schema", "reader.avsc", weather).stdout) == [expected]
    block = json_lines(run("index", "--json", weather).stdout)[0]
    place = f"{block['start_byte']}:{block['length']}"
    assert json_lines(run("cat", "--reader-schema", "reader.avsc", "--block", place, weather).stdout)[0] == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"station": "A", "time": 1, "temp": "warm"}', "line 3: temp: "),
        (b'{"station": "A", "time": 1.5, "temp": 1}', "line 3: time: "),
        (b'{"station": "A", "time": 9223372036854775808, "temp": 1}', "line 3: time: "),
        (b'{"station": "A", "time": 1}', "line 3: temp: "),
        (b'{"station": "A", "time": 1, "temp": 1, "wind": 3}', "line 3: "),
        (b'{"station": "\\ud800", "time": 1, "temp": 1}', "line 3: station: "),
        (b'{"station": {"$bytes": "?"}, "time": 1, "temp": 1}', "line 3: station: bad $bytes"),
        (b'{"station": "A"', "line 3: not JSON"),
        (b'{"station": "A", "station": "B"}', 'line 3: key "station" is there twice'),
        (b'{"station": "\xff"}', "line 3: not UTF-8"),
        (b"[" * 100_000, "line 3: nested too deeply"),
        (b"9" * 5000, "line 3: not JSON"),
        (b"NaN", "line 3: NaN is not JSON"),
        (b"3", "line 3: "),
    ],
)
@pytest.mark.parametrize("by", [[], ["--by", "station"]])
def test_a_bad_line_is_named_and_nothing_is_written(run: Run, tmp_path: Path, line: bytes, message: str, by: list[str]) -> None:
    """The second line, which is blank, counts."""
    good = b'{"station": "A", "time": 1, "temp": 1}\n'
    (tmp_path / "out.avro").write_bytes(b"old")
    (tmp_path / "in.ndjson").write_bytes(good + b"\n" + line + b"\n" + good)
    done = run("encode", *by, "--schema", SCHEMA, "in.ndjson", "out.avro", code=1)
    assert f"in.ndjson, {message}" in done.stderr.decode()
    assert (tmp_path / "out.avro").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.ndjson", "out.avro"]


def test_a_record_without_the_field_to_group_by_is_named(run: Run) -> None:
    done = run("encode", "--by", "k", "-", "out.avro", stdin=b'{"k":1}\n{"j":1}\n', code=1)
    assert done.stderr == b"avro-ocf: stdin, line 2: k: the field to group by is missing\n"


def test_the_records_before_an_error_are_printed(run: Run, weather: Path) -> None:
    blocks = json_lines(run("index", "--json", weather).stdout)
    expected = run("cat", weather).stdout.splitlines()[: blocks[0]["record_count"]]
    data = bytearray(weather.read_bytes())
    data[blocks[1]["start_byte"] + blocks[1]["length"] - 1] ^= 1
    weather.write_bytes(data)
    done = run("cat", weather, code=1)
    assert done.stdout.splitlines() == expected
    assert b"weather.avro: byte " in done.stderr
    assert b"block 1: " in done.stderr


def test_every_kind_of_value(run: Run, tmp_path: Path) -> None:
    """Values that JSON has no word for go in and come out as the same tags."""
    types: dict[str, Any] = {
        "bytes": "bytes",
        "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        "date": {"type": "int", "logicalType": "date"},
        "time": {"type": "int", "logicalType": "time-millis"},
        "timestamp": {"type": "long", "logicalType": "timestamp-millis"},
        "local_timestamp": {"type": "long", "logicalType": "local-timestamp-micros"},
        "uuid": {"type": "string", "logicalType": "uuid"},
        "duration": {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
        "float": "double",
    }
    fields = [{"name": name, "type": type_} for name, type_ in types.items()]
    fields.append({"name": "map", "type": {"type": "map", "values": "int"}})
    (tmp_path / "s.avsc").write_text(json.dumps({"type": "record", "name": "R", "fields": fields}))
    line = (
        b'{"bytes":{"$bytes":"3q0="},"decimal":{"$decimal":"12.50"},"date":{"$date":"2026-11-24"},"time":{"$time":"09:30:00"},'
        b'"timestamp":{"$timestamp":"2026-11-24T09:30:00Z"},"local_timestamp":{"$local_timestamp":"2026-11-24T09:30:00.000001"},'
        b'"uuid":{"$uuid":"00000000-0000-0000-0000-000000000005"},"duration":{"$duration":[1,2,3]},"float":{"$float":"-Infinity"},'
        b'"map":{"$map":{"$bytes":1}}}\n'
    )
    run("encode", "--schema", "s.avsc", "-", "out.avro", stdin=line)
    assert run("cat", "out.avro").stdout == line


def test_a_schema_file_as_a_windows_editor_saves_it(run: Run, tmp_path: Path) -> None:
    schema = '{"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]}'
    (tmp_path / "s.avsc").write_bytes(schema.encode("utf-8-sig"))
    run("encode", "--schema", "s.avsc", "-", "out.avro", stdin=b'{"n": 5}\n')
    assert run("cat", "--reader-schema", "s.avsc", "out.avro").stdout == b'{"n":5}\n'
    (tmp_path / "s.avsc").write_bytes(schema.encode("utf-16"))
    failed = run("encode", "--schema", "s.avsc", "-", "out.avro", stdin=b"", code=1)
    assert failed.stderr == b"avro-ocf: s.avsc: the text is UTF-16; a schema is UTF-8: save it as that\n"


def test_a_branch_is_chosen_by_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.avsc").write_text('{"type":"record","name":"R","fields":[{"name":"n","type":["int","long"]}]}')
    line = b'{"n": {"$branch": ["long", 5]}}\n'
    run("encode", "--schema", "s.avsc", "--codec", "null", "-", "out.avro", stdin=line)
    assert b"\x02\x0a" in (tmp_path / "out.avro").read_bytes()[-20:]
    assert run("cat", "out.avro").stdout == b'{"n":{"$branch":["long",5]}}\n'


def test_head_of_more_records_than_any_file_has(run: Run, weather: Path) -> None:
    assert run("head", "-n", "9" * 20, weather).stdout == run("cat", weather).stdout


MONGO = b'{"_id":{"$oid":"5f0"},"at":{"$date":{"$numberLong":"5"}},"$map":{"$bytes":"3q0="}}\n'


@pytest.mark.parametrize("by", [[], ["--by", "_id"]])
def test_plain_json_is_taken_as_it_is(run: Run, tmp_path: Path, by: list[str]) -> None:
    done = run("encode", *by, "-", "out.avro", stdin=MONGO, code=1)
    assert done.stderr.decode().startswith("avro-ocf: stdin, line 1: _id: bad $oid: no such tag; ")
    assert b"--plain takes JSON as it is" in done.stderr
    run("encode", "--plain", *by, "-", "out.avro", stdin=MONGO)
    assert run("cat", "--plain", "out.avro").stdout == run("head", "--plain", "out.avro").stdout == MONGO
    assert json_lines(run("cat", "out.avro").stdout)[0]["_id"] == {"$map": {"$oid": "5f0"}}
    (tmp_path / "s.avsc").write_text(
        '{"type": "record", "name": "R", "fields": [{"name": "m", "type": {"type": "map", "values": "string"}}]}'
    )
    line = b'{"m":{"$bytes":"3q0="}}\n'
    run("encode", "--plain", *(by and ["--by", "m"]), "--schema", "s.avsc", "-", "out.avro", stdin=line)
    assert run("cat", "--plain", "out.avro").stdout == line


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$oid", "$bytes", "$map", "$", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from(["$date", "$branch", "a"]), PLAIN, min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_is_plain_comes_back(tmp_path_factory: pytest.TempPathFactory, records: list[Any]) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "in.ndjson").write_bytes(codecs.BOM_UTF8 + b"".join(json.dumps(record).encode() + b"\r\n" for record in records))
    assert main(["encode", "--plain", str(folder / "in.ndjson"), str(folder / "out.avro")]) == 0
    with Reader(folder / "out.avro") as reader:
        assert [dumps(record, tags=False) for record in reader] == [dumps(record, tags=False) for record in records]


def test_plain_output_has_a_word_for_all_or_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.avsc").write_text(
        '{"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": ["double", "bytes"]}}]}'
    )
    run(
        "encode", "--schema", "s.avsc", "-", "out.avro", stdin=b'{"a":[1.5]}\n{"a":[0.5,{"$bytes":""}]}\n{"a":[{"$float":"NaN"}]}\n'
    )
    done = run("cat", "--plain", "out.avro", code=1)
    assert done.stdout == b'{"a":[1.5]}\n'
    assert (
        done.stderr == b"avro-ocf: out.avro: record 1: a[1]: JSON has no word for bytes; without --plain it is printed as a tag\n"
    )


@pytest.mark.parametrize("by", [[], ["--by", "a"]])
def test_a_byte_order_mark_is_no_part_of_the_text(run: Run, tmp_path: Path, by: list[str]) -> None:
    line = b'{"a":"\xef\xbb\xbf"}\n'
    for text in (codecs.BOM_UTF8 + line * 2, (codecs.BOM_UTF8 + line) * 2):
        (tmp_path / "in.ndjson").write_bytes(text)
        run("encode", *by, "in.ndjson", "a.avro")
        run("encode", *by, "-", "b.avro", stdin=text)
        assert run("cat", "a.avro").stdout == run("cat", "b.avro").stdout == b'{"a":"\\ufeff"}\n' * 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(run: Run, encoding: str) -> None:
    done = run("encode", "-", "out.avro", stdin='{"a": 1}\n'.encode(encoding), code=1)
    assert b"stdin, line 1: not UTF-8: by its first bytes the text is UTF-16" in done.stderr
