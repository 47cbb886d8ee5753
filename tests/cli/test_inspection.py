"""schema, meta, index, verify, codegen."""

import json
from pathlib import Path

import pytest

from avro_ocf import Writer, parse_schema, scan_blocks
from tests.cli.commands import EXAMPLES, Run, json_lines

pytestmark = pytest.mark.host


def test_schema_prints_what_encode_reads(run: Run, weather: Path, tmp_path: Path) -> None:
    printed = run("schema", weather).stdout
    assert json.loads(printed) == json.loads((EXAMPLES / "weather.avsc").read_text())
    (tmp_path / "again.avsc").write_bytes(printed)
    run("encode", "--schema", "again.avsc", EXAMPLES / "weather.ndjson", "again.avro")


def test_a_schema_with_half_a_surrogate_pair_is_printed_as_json(run: Run, tmp_path: Path) -> None:
    """Only a file's schema can have one, and only as an escape."""
    with Writer(tmp_path / "a.avro", {"type": "record", "name": "R", "doc": "\\D83D", "fields": []}, codec="null"):
        pass
    data = (tmp_path / "a.avro").read_bytes()
    (tmp_path / "a.avro").write_bytes(data.replace(b"\\\\D83D", b"\\uD83D"))
    assert json.loads(run("schema", "a.avro").stdout)["doc"] == "\ud83d"


def test_meta(run: Run, tmp_path: Path) -> None:
    metadata: dict[str, bytes | str] = {"origin": "Nemuro ☂", "key": b"\xff\x00", "bell": "\a", "lines": '{\r\n\t"a": 1}\n'}
    with Writer(tmp_path / "a.avro", '"int"', metadata=metadata, sync_marker=bytes(range(16))) as writer:
        writer.write(1)
    shown = json.loads(run("meta", "--json", "a.avro").stdout)
    assert shown == {
        "codec": "deflate",
        "sync_marker": "000102030405060708090a0b0c0d0e0f",
        "header_bytes": writer.header.size,
        "metadata": {"origin": "Nemuro ☂", "key": "ff00", "bell": "07", "lines": '{\r\n\t"a": 1}\n'},
    }
    table = run("meta", "a.avro").stdout.decode().splitlines()
    assert table[0].split() == ["name", "value"]
    assert table[1].split() == ["codec", "deflate"]
    assert "metadata origin  Nemuro ☂" in table
    assert r'metadata lines   {\r\n\t"a": 1}\n' in table


def test_index_as_json_and_as_a_table(run: Run, weather: Path) -> None:
    blocks = [block._asdict() for block in scan_blocks(weather)]
    assert json_lines(run("index", "--json", weather).stdout) == blocks
    head, *rows = run("index", weather).stdout.decode().splitlines()
    assert head.split() == ["start_byte", "length", "record_count"]
    assert [[int(cell) for cell in row.split()] for row in rows] == [list(block.values()) for block in blocks]
    assert len({len(line) for line in (head, *rows)}) == 1
    assert run("index", "-", stdin=weather.read_bytes()).stdout == run("index", weather).stdout


def test_the_index_of_a_file_without_blocks(run: Run, tmp_path: Path) -> None:
    with Writer(tmp_path / "a.avro", '"int"'):
        pass
    assert run("index", "a.avro").stdout == b"start_byte  length  record_count\n"
    assert run("index", "--json", "a.avro").stdout == b""
    assert run("verify", "a.avro").stdout == b"a.avro: ok, 0 records\n"


def test_verify_a_good_file(run: Run, weather: Path) -> None:
    assert run("verify", "weather.avro").stdout == b"weather.avro: ok, 100 records\n"
    assert run("verify", "-", stdin=weather.read_bytes()).stdout == b"stdin: ok, 100 records\n"


def test_verify_tells_what_is_wrong_and_where(run: Run, tmp_path: Path) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "flag", "type": "boolean"}]}
    with Writer(tmp_path / "bad.avro", schema, codec="null") as writer:
        block = writer.write_block([{"flag": True}, {"flag": False}])
    data = bytearray((tmp_path / "bad.avro").read_bytes())
    data[block.start_byte + 3] = 7
    (tmp_path / "bad.avro").write_bytes(data)
    done = run("verify", "bad.avro", code=1)
    assert done.stdout == b""
    assert done.stderr.decode().startswith(f"avro-ocf: bad.avro: byte {block.start_byte + 3}, block 0, record 1, flag: ")


def test_codegen_prints_source_that_compiles(run: Run) -> None:
    path = EXAMPLES / "weather.avsc"
    printed = run("codegen", path).stdout.decode()
    schema = parse_schema(path.read_text())
    assert printed == f"{schema.encoder.source}\n{schema.decoder().source}\n"
    compile(printed, "codegen", "exec")


def test_codegen_prints_the_decoder_that_resolves(run: Run, tmp_path: Path) -> None:
    path = EXAMPLES / "weather.avsc"
    fields = [{"name": "temp", "type": "double"}, {"name": "wind", "type": "double", "default": 0.5}]
    schema, reader = parse_schema(path.read_text()), parse_schema({"type": "record", "name": "Weather", "fields": fields})
    (tmp_path / "temp.avsc").write_text(reader.json)
    printed = run("codegen", "--reader-schema", "temp.avsc", path).stdout.decode()
    assert printed == f"{schema.encoder.source}\n{schema.decoder(reader).source}\n"
    assert schema.decoder(reader).source != schema.decoder().source
