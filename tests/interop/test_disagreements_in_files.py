"""Container files that other libraries take otherwise. Each test is a row of docs/interop.md: it fails when one has changed."""

import io
import json
import zlib

import pytest

from avro_ocf import DatumError, FormatError, Reader, TruncatedError, Writer, parse_schema, scan_blocks
from tests.interop.libraries import load
from tests.interop.test_odd_files import BLOCK, CAVRO, EMPTY_BLOCK, HAMBA, HIT, MARKER, RECORDS

pytestmark = pytest.mark.host

PYTHON = ("fastavro", "avro", "cavro")
HEADER = b"Obj\x01\x02\x16avro.schema\x88\x01" + HIT + b"\0" + MARKER


def ours(data: bytes) -> list[object]:
    with Reader(io.BytesIO(data)) as reader:
        return list(reader)


def test_files_cut_short() -> None:
    cut = (HEADER + BLOCK)[:-3]
    with pytest.raises(ValueError, match="sync marker not found"):
        load("fastavro").read(cut)
    with pytest.raises(Exception, match=r"Read \d+ bytes"):
        load("avro").read(cut)
    assert load("avro").read((HEADER + BLOCK)[:-16]) == RECORDS
    assert load("cavro").read(cut) == RECORDS
    with pytest.raises(TruncatedError):
        ours(cut)


def test_sync_markers() -> None:
    wrong = HEADER + BLOCK.replace(MARKER, b"x" * 16) + BLOCK
    with pytest.raises(ValueError, match="sync marker not found"):
        load("fastavro").read(wrong)
    with pytest.raises(Exception, match=r"Read \d+ bytes"):
        load("avro").read(wrong)
    assert load("cavro").read(wrong) == RECORDS
    with pytest.raises(FormatError):
        ours(wrong)


def test_bytes_left_over_in_a_block() -> None:
    left = HEADER + BLOCK.replace(b"\x04\x04", b"\x02\x04")
    for name in ("fastavro", "cavro"):
        assert load(name).read(left) == RECORDS[:1]
    with pytest.raises(Exception, match=r"Read \d+ bytes"):
        load("avro").read(left)
    with pytest.raises(FormatError):
        ours(left)


@pytest.mark.slow
def test_empty_blocks() -> None:
    import polars as pl

    for name in PYTHON:
        assert load(name).read(EMPTY_BLOCK) == RECORDS
    assert pl.read_avro(io.BytesIO(EMPTY_BLOCK)).rows(named=True) == RECORDS[:1]
    assert ours(EMPTY_BLOCK) == RECORDS


def test_header_in_counted_bytes() -> None:
    for name in ("fastavro", "avro"):
        assert load(name).read(HAMBA) == RECORDS
    with pytest.raises(UnicodeDecodeError, match="invalid"):
        load("cavro").read(HAMBA)
    assert ours(HAMBA) == RECORDS


def test_snappy_checksum() -> None:
    assert load("fastavro").read(CAVRO) == RECORDS
    with pytest.raises(FormatError, match="checksum"):
        ours(CAVRO)


def test_deflate_with_part_of_a_checksum() -> None:
    schema = json.loads(HIT)
    out = io.BytesIO()
    with Writer(out, parse_schema(schema), codec="deflate") as writer:
        writer.write_many(RECORDS)
    files = {name: load(name).write(schema, list(RECORDS), "deflate") for name in PYTHON} | {"avro_ocf": out.getvalue()}
    stray = {}
    for name, data in files.items():
        [block] = scan_blocks(io.BytesIO(data))
        stream = zlib.decompressobj(-15)
        stream.decompress(data[block.start_byte + 2 : block.start_byte + block.length - 16])
        stray[name] = len(stream.unused_data)
        assert ours(data) == RECORDS
    assert stray == {"fastavro": 3, "avro": 3, "cavro": 3, "avro_ocf": 0}


def test_magic() -> None:
    other = b"Obj\0" + HEADER[4:] + BLOCK
    assert load("fastavro").read(other) == RECORDS
    for name in ("avro", "cavro"):
        with pytest.raises(Exception, match=r"Not an Avro data file|Invalid file header"):
            load(name).read(other)
    with pytest.raises(FormatError):
        ours(other)


def test_metadata_of_any_bytes() -> None:
    data = HEADER.replace(b"Obj\x01\x02", b"Obj\x01\x04").replace(b"}\0", b"}\x02x\x02\xff\0") + BLOCK
    with pytest.raises(UnicodeDecodeError, match="invalid start byte"):
        load("fastavro").read(data)
    for name in ("avro", "cavro"):
        assert load(name).read(data) == RECORDS
    with Reader(io.BytesIO(data)) as reader:
        assert reader.header.metadata["x"] == b"\xff"


def test_record_that_fails() -> None:
    import avro.datafile
    import avro.io
    import avro.schema
    import fastavro.write

    text = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "float"}]}'
    good = {"a": "x", "b": 1.0}

    out = io.BytesIO()
    theirs = fastavro.write.Writer(out, json.loads(text))
    theirs.write(good)
    with pytest.raises(ValueError, match="could not convert"):
        theirs.write({"a": "x", "b": "no"})
    theirs.write(good)
    theirs.flush()
    assert load("fastavro").read(out.getvalue()) != [good, good]

    out = io.BytesIO()
    older = avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(text))
    older.append(good)
    with pytest.raises(OverflowError, match="too large"):
        older.append({"a": "x", "b": 1e300})
    older.append(good)
    older.flush()
    try:  # what it takes the random sync marker for decides how it fails
        found = load("avro").read(out.getvalue())
    except Exception:  # noqa: BLE001 - as above
        found = []
    assert found != [good, good]

    out = io.BytesIO()
    with Writer(out, parse_schema(text)) as writer:
        writer.write(good)
        with pytest.raises(DatumError):
            writer.write({"a": "x", "b": 1e300})
        writer.write(good)
    assert ours(out.getvalue()) == [good, good]
