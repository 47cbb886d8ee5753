"""What the oracle found in other libraries. Each test is a heading of docs/oracle-findings.md: it fails when one has changed."""

import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avro_ocf import Reader, SchemaError, parse_schema
from avro_ocf.oracle import clauses
from tests.oracle.peers import LIBRARIES, REFUSED, Avsc, ask, ask_all, avsc, fate

pytestmark = [pytest.mark.host, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "oracle-findings.md"
EMPTY = {"type": "record", "name": "R", "fields": []}
AB, BA = ({"type": "enum", "name": "E", "symbols": list(symbols)} for symbols in ("AB", "BA"))
DATE = {"type": "int", "logicalType": "date"}
MARKER = b"S" * 16


def test_every_heading_is_a_test() -> None:
    headings = re.findall(r"(?m)^### (.+)$", PAGE.read_text(encoding="utf-8"))
    tests = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert len(headings) == len(set(headings))
    assert set(headings) == tests - {"every-heading-is-a-test", "every-sentence-is-a-clause"}


def test_every_sentence_is_a_clause() -> None:
    sentences = {clause.id: clause.sentence for clause in clauses().values()}
    page = re.sub(r"\n> ", " ", PAGE.read_text(encoding="utf-8"))
    quoted = re.findall(r"(?m)^ (.+) \(`([\w.-]+)`\)$", page)
    assert len(quoted) == page.count("\n### ")
    for sentence, clause in quoted:
        assert re.sub(r"\W+", "", sentence) == re.sub(r"\W+", "", sentences[clause])


@pytest.fixture(scope="module")
def node() -> Iterator[Avsc]:
    with avsc() as process:
        yield process


def record(name: str, *fields: tuple[str, Any], **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": type_} for key, type_ in fields], **attributes}


def with_default(type_: Any, default: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": type_, "default": default}]}


def number(value: int) -> bytes:
    assert 0 <= value < 8192
    return bytes([value << 1]) if value < 64 else bytes([value << 1 & 127 | 128, value >> 6])


def container(schema: Any, *blocks: tuple[int, str], header: bytes = b"", magic: bytes = b"Obj\x01") -> str:
    """Return a file in hexadecimal digits: of each block the count of its records, and their bytes."""
    text = json.dumps(schema, separators=(",", ":")).encode()
    header = header or b"\x02\x16avro.schema" + number(len(text)) + text + b"\x00"
    parts = [number(count) + number(len(data) // 2) + bytes.fromhex(data) + MARKER for count, data in blocks]
    return (magic + header + MARKER + b"".join(parts)).hex()


def told(data: str) -> str:
    """Return `data`, which the page must tell to the last digit."""
    assert f"`{data}`" in PAGE.read_text(encoding="utf-8")
    return data


def all_but(right: object, /, **others: object) -> dict[str, object]:
    """Return the answers of all libraries: `right`, but for those named."""
    return dict.fromkeys(LIBRARIES, right) | others


def octets(digits: str) -> bytes:
    return bytes.fromhex(digits)


# Crashes and hangs


def test_record_named_as_a_type(node: Avsc) -> None:
    enum, fixed = {**AB, "symbols": ["A"]}, {"type": "fixed", "name": "F", "size": 1}
    for name, type_ in (("map", {"type": "map", "values": "int"}), ("enum", enum), ("fixed", fixed), ("record", EMPTY)):
        assert fate("cavro", "decode", record(name, ("a", type_)), data="00") == "SIGSEGV"
    schema = record("array", ("a", {"type": "array", "items": "int"}))
    assert fate("cavro", "decode", schema, data="00") == "SIGSEGV"
    assert [ask(name, "decode", schema, data="00") for name in LIBRARIES if name not in {"cavro", "avsc"}] == [{"a": []}] * 3
    assert node.ask({"operation": "decode", "schema": schema, "data": "00"}) == {"a": []}
    assert ask_all(node, "encode", schema, value={"a": []}) == all_but(b"\x00", cavro=REFUSED)
    prints = ask_all(node, "fingerprint", record("record", ("a", EMPTY)))
    right = prints["avro_ocf"]
    assert prints["cavro"] != right
    assert prints == all_but(right, cavro=prints["cavro"])


def test_nulls_in_counted_blocks(node: Avsc) -> None:
    schema = {"type": "array", "items": "null"}
    assert fate("cavro", "decode", schema, data="010000") == "no answer"
    assert [ask(name, "decode", schema, data="010000") for name in ("fastavro", "avro", "avro_ocf")] == [[None]] * 3
    assert node.ask({"operation": "decode", "schema": schema, "data": "010000"}) == [None]
    ints = {"type": "array", "items": "int"}
    assert ask_all(node, "decode", ints, data="01020200") == all_but([1], cavro=REFUSED)


def test_empty_block_in_a_file(node: Avsc) -> None:
    data = told(container("int", (0, ""), (1, "02")))
    assert ask_all(node, "read", data=container("int", (1, "02"), (0, ""))) == all_but([1])
    assert fate("avsc", "read", data=data) == "no answer"
    assert [ask(name, "read", data=data) for name in LIBRARIES if name != "avsc"] == [[1]] * 4


def test_nested_deeply(node: Avsc) -> None:
    schema = record("N", ("n", {"type": "array", "items": "N"}))
    data = "02" * 30_000 + "00" * 30_001
    assert [fate(name, "decode", schema, data=data) for name in ("fastavro", "cavro")] == ["SIGSEGV"] * 2
    for name in ("avro", "avro_ocf"):
        with pytest.raises(Exception, match="depth|deep"):
            ask(name, "decode", schema, data=data)
    with pytest.raises(Exception, match="call stack"):
        node.ask({"operation": "decode", "schema": schema, "data": data})


def test_items_without_bytes() -> None:
    schema = {"type": "array", "items": "null"}
    sound = [fate(name, "decode", schema, data="0200") for name in ("fastavro", "cavro", "avsc")]
    assert sound == ["[None]", "[None]", '{"ok":[null]}']
    data = "feffffff1f00"
    assert [fate(name, "decode", schema, data=data) for name in ("fastavro", "cavro", "avsc")] == ["no answer"] * 3
    for name in ("avro", "avro_ocf"):
        with pytest.raises(Exception, match=r"10000000|1000000"):
            ask(name, "decode", schema, data=data)


# Wrong data without a word


def test_nulls_in_a_file(node: Avsc) -> None:
    data = told(container(["null", "int"], (3, "0202000204")))
    assert ask_all(node, "read", data=data) == all_but([1, None, 2], avsc=[1])
    assert ask_all(node, "read", data=container("null", (2, ""))) == all_but([None, None], avsc=[])
    with pytest.raises(Exception, match="May not write null"):
        node.ask({"operation": "write", "schema": "null", "value": [None]})


def test_file_cut_short(node: Avsc) -> None:
    whole = told(container("int", (1, "02"), (1, "04")))
    assert ask_all(node, "read", data=whole) == all_but([1, 2])
    assert ask_all(node, "read", data=whole[:-32]) == all_but(REFUSED, avro=[1, 2], cavro=[1, 2], avsc=[1])
    assert ask_all(node, "read", data=whole[:-34]) == all_but(REFUSED, avsc=[1])


def test_enum_symbols_reordered(node: Avsc) -> None:
    assert ask_all(node, "resolve", AB, reader=BA, data="00") == all_but("A", cavro="B")


def test_int_written_as_float(node: Avsc) -> None:
    answers = ask_all(node, "encode", ["int", "float"], value=2**31 - 1, to_avsc={"int": 2**31 - 1})
    assert answers == all_but(octets("00feffffff0f"), avro=octets("020000004f"))
    assert ask("avro", "decode", ["int", "float"], data="020000004f") == 2**31


def test_boolean_written_as_number(node: Avsc) -> None:
    answers = ask_all(node, "encode", ["boolean", "int"], value=False, to_avsc={"boolean": False})
    assert answers == all_but(octets("0000"), avro=octets("0200"))
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 1}
    answers = ask_all(node, "encode", [decimal, "boolean"], value=False, to_avsc={"boolean": False})
    assert answers == all_but(octets("0200"), cavro=octets("000200"))


def test_double_written_as_float(node: Avsc) -> None:
    answers = ask_all(node, "encode", ["float", "double"], value=5e-324, to_avsc={"double": 5e-324})
    assert answers == all_but(octets("020100000000000000"), cavro=octets("0000000000"))


def test_promoted_logical_types(node: Avsc) -> None:
    date = dt.date(1970, 1, 2)
    assert ask_all(node, "resolve", DATE, reader="long", data="02") == all_but(1, fastavro=date, avro=date, cavro=date)
    instant = dt.datetime(1970, 1, 1, 0, 0, 0, 1000, dt.UTC)
    millis = {"type": "long", "logicalType": "timestamp-millis"}
    answers = ask_all(node, "resolve", millis, reader="double", data="02")
    assert answers == all_but(1, fastavro=instant, avro=instant, cavro=instant)


def test_logical_type_of_the_reader(node: Avsc) -> None:
    date = dt.date(1970, 1, 2)
    assert ask_all(node, "resolve", "int", reader=DATE, data="02") == all_but(1, avro_ocf=date)
    assert ask_all(node, "resolve", DATE, reader=DATE, data="02") == all_but(date, avsc=1)


def test_default_of_date(node: Avsc) -> None:
    date = {"a": dt.date(1970, 1, 2)}
    answers = ask_all(node, "resolve", EMPTY, reader=with_default(DATE, 1), data="")
    assert answers == all_but({"a": 1}, cavro=date, avro_ocf=date)


def test_default_of_fixed(node: Avsc) -> None:
    reader = with_default({"type": "fixed", "name": "F", "size": 1}, "\u00ff")
    answers = ask_all(node, "resolve", EMPTY, reader=reader, data="")
    assert answers == all_but({"a": b"\xff"}, fastavro={"a": "\u00ff"}, avro={"a": b"\xc3\xbf"})


def test_default_of_record(node: Avsc) -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "b", "type": "int", "default": 1}, {"name": "c", "type": "int"}]}
    answers = ask_all(node, "resolve", EMPTY, reader=with_default(inner, {"c": 3}), data="")
    assert answers == all_but({"a": {"b": 1, "c": 3}}, fastavro={"a": {"c": 3}})


def canonical_form_of(file: bytes) -> str:
    with Reader(io.BytesIO(file)) as reader:
        return str(reader.header.schema.canonical_form)


def test_null_namespace(node: Avsc) -> None:
    import fastavro

    def files(inner: str, names: set[str]) -> dict[str, bytes]:
        schema = record("A", ("a", record(inner, namespace="")), namespace="ns")
        written = {name: ask(name, "write", schema, value=[{"a": {}}]) for name in names}
        out = io.BytesIO()
        fastavro.writer(out, fastavro.parse_schema(schema), [{"a": {}}])
        request = {"operation": "write", "schema": schema, "value": [{"a": {}}]}
        return written | {"fastavro, parsed": out.getvalue(), "avsc": node.ask(request)}

    schema = record("A", ("a", record("B", namespace="")), namespace="ns")
    right = parse_schema(schema).canonical_form
    wrong = parse_schema(record("A", ("a", record("B")), namespace="ns")).canonical_form
    forms = {name: canonical_form_of(file) for name, file in files("B", {*LIBRARIES} - {"avsc"}).items()}
    assert forms == all_but(wrong, fastavro=right, avro_ocf=right) | {"fastavro, parsed": wrong}
    for file in files("A", {"cavro"}).values():
        with pytest.raises(SchemaError, match="twice"):
            canonical_form_of(file)
    with pytest.raises(Exception, match="already in use"):
        ask("avro", "write", record("A", ("a", record("A", namespace="")), namespace="ns"), value=[])


def test_logical_types_lost_in_a_file(node: Avsc) -> None:
    schema = {"type": "long", "logicalType": "timestamp-millis"}
    files = {name: ask(name, "write", schema, value=[]) for name in ("fastavro", "avro", "avro_ocf")}
    files["cavro"] = ask("cavro", "write", schema, value=[dt.datetime(1970, 1, 1, tzinfo=dt.UTC)])
    files["avsc"] = node.ask({"operation": "write", "schema": schema, "value": []})
    assert {name: b"timestamp-millis" in file for name, file in files.items()} == all_but(True, avsc=False)


def test_fingerprints_of_logical_types(node: Avsc) -> None:
    of_int, of_date = (ask_all(node, "fingerprint", schema) for schema in ("int", DATE))
    right = of_int["avro_ocf"]
    assert of_int == all_but(right)
    assert of_date == all_but(right, avro="33865377dc63fad265ef74571158cb52")


def test_fingerprints_of_errors(node: Avsc) -> None:
    right = ask("avro_ocf", "fingerprint", EMPTY)
    answers = ask_all(node, "fingerprint", {**EMPTY, "type": "error"})
    assert answers["avro"] != right
    assert answers == all_but(right, avro=answers["avro"], avsc=answers["avro"])


def test_dotted_name_and_namespace(node: Avsc) -> None:
    schema = record("a.B", ("f", record("C")), namespace="ignored")
    right = ask("avro_ocf", "fingerprint", record("a.B", ("f", record("a.C"))))
    wrong = ask("avro_ocf", "fingerprint", record("a.B", ("f", record("ignored.C"))))
    assert ask_all(node, "fingerprint", schema) == all_but(right, avsc=wrong)


def test_strings_that_are_not_utf_8(node: Avsc) -> None:
    assert ask_all(node, "decode", "string", data="02ff") == all_but(REFUSED, avsc="\ufffd")


def test_branch_minus_one(node: Avsc) -> None:
    assert ask_all(node, "decode", ["int", "string"], data="010261") == all_but(REFUSED, fastavro="a")


def test_symbol_minus_one(node: Avsc) -> None:
    assert ask_all(node, "decode", AB, data="01") == all_but(REFUSED, fastavro="B", cavro="B")


def test_numbers_of_too_many_bits(node: Avsc) -> None:
    assert ask_all(node, "decode", "int", data="8080808010") == all_but(2**31, cavro=0, avro_ocf=REFUSED)
    answers = ask_all(node, "decode", "long", data="8080808080808080808001")
    assert answers == all_but(REFUSED, fastavro=32, cavro=32)


def test_count_of_records(node: Avsc) -> None:
    answers = ask_all(node, "read", data=told(container("int", (1, "0204"))))
    assert answers == all_but([1], avro=REFUSED, avro_ocf=REFUSED)


def test_size_of_counted_items(node: Avsc) -> None:
    answers = ask_all(node, "decode", {"type": "array", "items": "int"}, data="01040200")
    assert answers == all_but([1], cavro=REFUSED, avro_ocf=REFUSED)


# What is right, refused


def test_uuid_before_int(node: Avsc) -> None:
    schema = [{"type": "string", "logicalType": "uuid"}, "int"]
    assert ask_all(node, "encode", schema, value=1, to_avsc={"int": 1}) == all_but(octets("0202"), avro=REFUSED)
    with pytest.raises(AttributeError):
        ask("avro", "encode", schema, value=1)


def test_map_after_record(node: Avsc) -> None:
    schema = [record("A", ("a", "string")), {"type": "map", "values": "int"}]
    assert ask_all(node, "encode", schema, value={}, to_avsc={"map": {}}) == all_but(octets("0200"), avro=REFUSED)


def test_two_branches_read_as_one(node: Avsc) -> None:
    answers = ask_all(node, "resolve", ["bytes", "string"], reader="string", data="000261")
    assert answers == all_but("a", avro=REFUSED, cavro=REFUSED)


def test_enum_of_fewer_symbols(node: Avsc) -> None:
    reader = {**AB, "symbols": ["A"]}
    assert ask_all(node, "resolve", AB, reader=reader, data="00") == all_but("A", avsc=REFUSED)


def test_names_in_other_namespaces(node: Avsc) -> None:
    answers = ask_all(node, "resolve", record("x.A", ("a", "int")), reader=record("y.A", ("a", "int")), data="02")
    assert answers == all_but({"a": 1}, avro=REFUSED, avsc=REFUSED)


def test_default_of_second_branch(node: Avsc) -> None:
    answers = ask_all(node, "resolve", EMPTY, reader=with_default(["null", "int"], 5), data="")
    assert answers == all_but({"a": 5}, avro=REFUSED, avsc=REFUSED)


def test_alias_that_is_no_name(node: Avsc) -> None:
    assert ask_all(node, "decode", {**EMPTY, "aliases": ["no name"]}, data="") == all_but({}, avsc=REFUSED)


def test_decimal_on_a_string(node: Avsc) -> None:
    schema = {"type": "string", "logicalType": "decimal", "precision": 2, "scale": 3}
    assert ask_all(node, "decode", schema, data="0261") == all_but("a", fastavro=REFUSED)


def test_metadata_of_any_bytes(node: Avsc) -> None:
    data = told(container("int", (1, "02"), header=b'\x04\x16avro.schema\x0a"int"\x02k\x02\xff\x00'))
    assert ask_all(node, "read", data=data) == all_but([1], fastavro=REFUSED)


# What is wrong, accepted


def test_magic(node: Avsc) -> None:
    data = told(container("int", (1, "02"), magic=b"Nbj\x01"))
    assert ask_all(node, "read", data=data) == all_but(REFUSED, fastavro=[1])


def test_fixed_of_negative_size(node: Avsc) -> None:
    import fastavro

    schema = {"type": "fixed", "name": "F", "size": -1}
    parsed: Any = fastavro.parse_schema(dict(schema))
    assert parsed["size"] == -1
    for name in ("avro", "cavro", "avro_ocf"):
        with pytest.raises(Exception, match="size"):
            ask(name, "fingerprint", schema)
    with pytest.raises(Exception, match="size"):
        node.ask({"operation": "fingerprint", "schema": schema})


def test_record_without_a_name(node: Avsc) -> None:
    assert ask_all(node, "decode", {"type": "record", "fields": []}, data="") == all_but(REFUSED, avsc={})


def test_record_without_fields(node: Avsc) -> None:
    assert ask_all(node, "decode", {"type": "record", "name": "R"}, data="") == all_but(REFUSED, fastavro={})


def test_record_named_int(node: Avsc) -> None:
    assert ask_all(node, "decode", {**EMPTY, "name": "int"}, data="") == all_but(REFUSED, fastavro={})
