"""concat, recode, salvage."""

import json
from pathlib import Path

import pytest

from avro_ocf import Reader, Writer
from tests.cli.commands import EXAMPLES, Run, json_lines

pytestmark = pytest.mark.host


def test_concat_joins_in_order(run: Run, weather: Path, tmp_path: Path) -> None:
    lines = run("cat", weather).stdout
    run("concat", weather, weather, weather, "-o", "all.avro")
    assert run("cat", "all.avro").stdout == lines * 3
    run("concat", "-", weather, "-o", weather, stdin=weather.read_bytes())
    assert run("cat", weather).stdout == lines * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.avro", "weather.avro"]


def test_concat_names_the_file_at_fault(run: Run, weather: Path, tmp_path: Path) -> None:
    with Writer(tmp_path / "other.avro", '"int"') as writer:
        writer.write(1)
    assert b"avro-ocf: other.avro: " in run("concat", weather, "other.avro", "-o", "all.avro", code=1).stderr
    (tmp_path / "short.avro").write_bytes(weather.read_bytes()[:-1])
    assert b"avro-ocf: short.avro: " in run("concat", weather, "short.avro", weather, "-o", "all.avro", code=1).stderr
    assert (
        run("concat", weather, "none.avro", "-o", "all.avro", code=1).stderr == b"avro-ocf: none.avro: No such file or directory\n"
    )
    assert not (tmp_path / "all.avro").exists()


def test_recode(run: Run, weather: Path, tmp_path: Path) -> None:
    run("recode", weather, "-o", "plain.avro", "--codec", "null")
    with Reader(tmp_path / "plain.avro") as reader:
        assert reader.header.codec == "null"
    lines = run("cat", weather).stdout
    assert run("cat", "plain.avro").stdout == lines
    packed = run("recode", "--codec", "bzip2", "-o", "-", "-", stdin=(tmp_path / "plain.avro").read_bytes()).stdout
    assert json.loads(run("meta", "--json", "-", stdin=packed).stdout)["codec"] == "bzip2"
    assert run("cat", "-", stdin=packed).stdout == lines


def test_a_compression_level(run: Run, weather: Path, tmp_path: Path) -> None:
    lines = run("cat", weather).stdout
    sizes = []
    for level in ("0", "9"):
        run("encode", "--schema", EXAMPLES / "weather.avsc", "--level", level, EXAMPLES / "weather.ndjson", "encoded.avro")
        run("recode", weather, "-o", "recoded.avro", "--codec", "deflate", "--level", level)
        assert run("cat", "recoded.avro").stdout == lines
        sizes.append([(tmp_path / name).stat().st_size for name in ("encoded.avro", "recoded.avro")])
    assert all(least > most for least, most in zip(*sizes, strict=True))
    for codec, level, message in (
        ("deflate", "10", "the compression levels of deflate are 0 to 9, not 10"),
        ("bzip2", "0", "the compression levels of bzip2 are 1 to 9, not 0"),
        ("null", "1", "codec 'null' has no compression levels"),
        ("xz", "high", "invalid int value: 'high'"),
    ):
        for command in (["recode", weather, "-o", "none.avro"], ["encode", EXAMPLES / "weather.ndjson", "none.avro"]):
            stderr = run(*command, "--codec", codec, "--level", level, code=2).stderr.decode()
            assert f"argument --level: {message}" in stderr
            assert not (tmp_path / "none.avro").exists()


def test_salvage_keeps_what_is_intact_and_tells_what_is_lost(run: Run, weather: Path, tmp_path: Path) -> None:
    blocks = json_lines(run("index", "--json", weather).stdout)
    lines = run("cat", weather).stdout.splitlines()
    lost = blocks[1]
    data = bytearray(weather.read_bytes())
    data[lost["start_byte"] + lost["length"] - 20] ^= 0xFF
    data[lost["start_byte"]] ^= 0xFF
    (tmp_path / "bad.avro").write_bytes(data)
    run("verify", "bad.avro", code=1)

    done = run("salvage", "bad.avro", "-o", "good.avro")
    assert done.stdout == b""
    first, second = done.stderr.decode().splitlines()
    assert first == f"kept {100 - lost['record_count']} records in 4 blocks"
    assert second.startswith(f"lost {lost['length']} bytes from byte {lost['start_byte']}: ")
    kept = blocks[0]["record_count"]
    assert run("cat", "good.avro").stdout.splitlines() == lines[:kept] + lines[kept + lost["record_count"] :]

    report = json.loads(run("salvage", "--json", "bad.avro", "-o", "good.avro").stdout)
    assert report["lost"][0]["start_byte"] == lost["start_byte"]
    assert report["lost_bytes"] == lost["length"]
    assert report["kept_records"] == 100 - lost["record_count"]
    assert report["kept_blocks"] == 4


def test_salvage_of_a_good_file_loses_nothing(run: Run, weather: Path, tmp_path: Path) -> None:
    assert run("salvage", weather, "-o", "good.avro").stderr == b"kept 100 records in 5 blocks\n"
    assert (tmp_path / "good.avro").read_bytes() == weather.read_bytes()


def test_salvage_fails_where_it_leaves_out_what_may_be_sound(run: Run, tmp_path: Path) -> None:
    with Writer(tmp_path / "bad.avro", '"string"', "null") as writer:
        for text in ("a", "b" * 1000, "c", "d", "e"):
            writer.write_block([text])
    data = bytearray((tmp_path / "bad.avro").read_bytes())
    data[writer.blocks[3].start_byte] ^= 1
    (tmp_path / "bad.avro").write_bytes(data)
    limit = "the block takes 1002 bytes; limits.block_bytes is 1000"
    left_out, lost = writer.blocks[1], writer.blocks[3]
    told = f"avro-ocf: bad.avro: 1 block that may be sound left out of good.avro: {limit}; --max-block BYTES allows more"

    done = run("salvage", "--max-block", "1000", "bad.avro", "-o", "good.avro", code=1, notes=3)
    assert done.stderr.decode().splitlines() == [
        "kept 3 records in 3 blocks",
        f"left out a block of {left_out.length} bytes from byte {left_out.start_byte}: {limit}",
        f"lost {lost.length} bytes from byte {lost.start_byte}: negative record count -2",
        told,
    ]
    assert run("cat", "good.avro").stdout == b'"a"\n"c"\n"e"\n'
    done = run("salvage", "--json", "--max-block", "1000", "bad.avro", "-o", "good.avro", code=1)
    assert [lost["is_damaged"] for lost in json.loads(done.stdout)["lost"]] == [False, True]
    assert done.stderr.decode() == told + "\n"

    done = run("salvage", "--max-block", "1000", "bad.avro", "-o", "bad.avro", code=1)
    assert f"byte {left_out.start_byte}: a block that may be sound would be lost with the file: {limit}" in done.stderr.decode()
    assert (tmp_path / "bad.avro").read_bytes() == data
    run("salvage", "--max-block", "1K", "bad.avro", "-o", "bad.avro")
    assert len(run("cat", "bad.avro").stdout.splitlines()) == 4


def test_salvage_cannot_do_without_the_codec(run: Run, weather: Path, tmp_path: Path) -> None:
    weather.write_bytes(weather.read_bytes().replace(b"\x0edeflate", b"\x0edefl8te"))
    assert b"unknown codec 'defl8te'; read here are null, deflate" in run("salvage", weather, "-o", "good.avro", code=1).stderr
    assert not (tmp_path / "good.avro").exists()


def test_salvage_cannot_do_without_a_header(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.avro").write_bytes(b"Obj\x01\x02")
    assert b"avro-ocf: bad.avro: " in run("salvage", "bad.avro", "-o", "good.avro", code=1).stderr
    assert not (tmp_path / "good.avro").exists()


def test_a_report_and_a_file_cannot_both_go_to_stdout(run: Run, weather: Path) -> None:
    assert run("salvage", "--json", weather, "-o", "-", code=2).stdout == b""
