"""Schema files: of several documents, of foreign tools, and as `schema` prints them."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from avro_ocf import Reader, Writer, parse_schema
from tests.cli.commands import Run, json_lines

pytestmark = pytest.mark.host

ADDRESS = {"type": "record", "name": "com.example.Address", "fields": [{"name": "street", "type": "string"}]}
USER = {"type": "record", "name": "com.example.User", "fields": [{"name": "home", "type": "Address", "pii": True}]}
ORDER = {
    "type": "record",
    "name": "org.Order",
    "connect.name": "org.Order",
    "fields": [{"name": "by", "type": "com.example.User"}, {"name": "to", "type": "com.example.Address"}],
}
RECORD = {"by": {"home": {"street": "Main"}}, "to": {"street": "Side"}}
LINE = json.dumps(RECORD).encode()
WHOLE = parse_schema(ORDER, known=[USER, ADDRESS])


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    for name, schema in {"address": ADDRESS, "user": USER, "order": ORDER}.items():
        (tmp_path / f"{name}.avsc").write_text(json.dumps(schema))


@pytest.mark.parametrize("others", list(permutations(["user.avsc", "address.avsc"])))
def test_schemas_of_several_files_wherever_one_is_taken(run: Run, tmp_path: Path, others: tuple[str, str]) -> None:
    more = [word for name in others for word in ("--with", name)]
    run("encode", "--schema", "order.avsc", *more, "-", "o.avro", stdin=LINE)
    with Reader(tmp_path / "o.avro") as reader:
        assert reader.header.schema == WHOLE
        assert list(reader) == [RECORD]
    for command in (["cat"], ["head", "-n", "1"]):
        assert json_lines(run(*command, "--reader-schema", "order.avsc", *more, "o.avro").stdout) == [RECORD]
    assert b"def encode_many" in run("codegen", "order.avsc", "--reader-schema", "order.avsc", *more).stdout
    assert run("table", "add", "orders", "order.avsc", *more, "--store", "store").stdout == b"1\n"
    run("ingest", "--store", "store", "--dataset", "d", "--table", "orders", "-", stdin=LINE)
    assert json_lines(run("read", "--store", "store", "--dataset", "d", "--table", "orders").stdout) == [RECORD]


def test_schema_prints_one_that_stands_alone(run: Run, tmp_path: Path) -> None:
    more = ["--with", "user.avsc", "--with", "address.avsc"]
    printed = run("schema", "order.avsc", *more).stdout
    assert parse_schema(printed) == WHOLE
    assert run("schema", "-", *more, stdin=(tmp_path / "order.avsc").read_bytes()).stdout == printed
    (tmp_path / "whole.avsc").write_bytes(printed)
    run("encode", "--schema", "whole.avsc", "-", "o.avro", stdin=LINE)
    for source, stdin in (("o.avro", b""), ("-", (tmp_path / "o.avro").read_bytes()), ("whole.avsc", b"")):
        assert run("schema", source, stdin=stdin).stdout == printed


def test_check_tells_what_is_suspicious_and_fails(run: Run, tmp_path: Path) -> None:
    slip = {"type": "record", "name": "R", "fields": [{"name": "f", "type": "User", "defualt": None}], "namespace": "com.example"}
    (tmp_path / "slip.avsc").write_text(json.dumps(slip))
    more = ["--with", "user.avsc", "--with", "address.avsc"]
    failed = run("schema", "--check", "slip.avsc", *more, code=1)
    assert failed.stdout == b"f: the attribute 'defualt' means nothing; is default meant?\n"
    assert failed.stderr == b"avro-ocf: slip.avsc: 1 warning\n"
    with Writer(tmp_path / "slip.avro", parse_schema(slip, known=[USER, ADDRESS])):
        pass
    assert run("schema", "--check", "slip.avro", code=1).stdout == failed.stdout
    assert run("schema", "--check", "-", stdin=(tmp_path / "slip.avro").read_bytes(), code=1).stdout == failed.stdout
    sound = run("schema", "--check", "order.avsc", *more)
    assert (sound.stdout, sound.stderr) == (b"", b"")
    (tmp_path / "slip.avsc").write_text('{"type": "enum", "name": "E"}')
    assert run("schema", "--check", "slip.avsc", code=1).stderr == b"avro-ocf: slip.avsc: the enum 'E' has no symbols\n"


def test_a_type_that_no_file_defines(run: Run) -> None:
    for more in ([], ["--with", "address.avsc"]):
        failed = run("encode", "--schema", "order.avsc", *more, "-", "o.avro", stdin=LINE, code=1)
        assert failed.stderr.startswith(b"avro-ocf: order.avsc: by: unknown type 'com.example.User'; ")
        assert b"--with FILE" in failed.stderr


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", b"bad.avsc: not JSON: "),
        (b"\xff\xfe{\0", b"bad.avsc: the text is UTF-16"),
        (
            json.dumps([USER, {**ADDRESS, "fields": []}]).encode(),
            b"order.avsc: the known schemas define 'com.example.Address' in diff",
        ),
    ],
)
def test_a_file_of_types_that_is_wrong_is_named(run: Run, tmp_path: Path, data: bytes, message: bytes) -> None:
    (tmp_path / "bad.avsc").write_bytes(data)
    failed = run("schema", "order.avsc", "--with", "address.avsc", "--with", "user.avsc", "--with", "bad.avsc", code=1)
    assert failed.stderr.startswith(b"avro-ocf: " + message)
    missing = run("schema", "order.avsc", "--with", "none.avsc", code=1)
    assert missing.stderr == b"avro-ocf: none.avsc: No such file or directory\n"


def test_a_container_file_is_no_schema_file(run: Run, tmp_path: Path) -> None:
    with Writer(tmp_path / "o.avro", "int"):
        pass
    failed = run("cat", "--reader-schema", "o.avro", "o.avro", code=1)
    assert b"o.avro: a container file" in failed.stderr


def test_a_reader_s_schema_may_have_what_files_have(run: Run, tmp_path: Path) -> None:
    old = {"type": "record", "name": "Outer$Inner", "fields": [{"name": "f", "type": "int"}]}
    with Writer(tmp_path / "o.avro", parse_schema(old, strict=False)) as writer:
        writer.write({"f": 1})
    (tmp_path / "old.avsc").write_bytes(run("schema", "o.avro").stdout)
    assert run("cat", "--reader-schema", "old.avsc", "o.avro").stdout == b'{"f":1}\n'
    failed = run("encode", "--schema", "old.avsc", "-", "new.avro", stdin=b"", code=1)
    assert b"'Outer$Inner' is not a legal name of this record" in failed.stderr
