"""The Parsing Canonical Form and the fingerprints, against the public cases of the Avro project and against peers."""

import hashlib
import json

import pytest
from hypothesis import assume, given

from avro_ocf import parse_schema
from avro_ocf.oracle import schemas
from avro_ocf.schema.canonical import canonical_form
from avro_ocf.schema.fingerprint import EMPTY, fingerprint
from tests.schema.build import array, enum, field, fixed, mapping, parsed, record

# Schema, canonical form, and CRC-64-AVRO as a signed number: the cases that all implementations of Avro share.
SHARED: list[tuple[str, str, int]] = [
    ('"null"', '"null"', 7195948357588979594),
    ('{"type":"null"}', '"null"', 7195948357588979594),
    ('"boolean"', '"boolean"', -6970731678124411036),
    ('{"type":"boolean"}', '"boolean"', -6970731678124411036),
    ('"int"', '"int"', 8247732601305521295),
    ('{"type":"int"}', '"int"', 8247732601305521295),
    ('"long"', '"long"', -3434872931120570953),
    ('{"type":"long"}', '"long"', -3434872931120570953),
    ('"float"', '"float"', 5583340709985441680),
    ('{"type":"float"}', '"float"', 5583340709985441680),
    ('"double"', '"double"', -8181574048448539266),
    ('{"type":"double"}', '"double"', -8181574048448539266),
    ('"bytes"', '"bytes"', 5746618253357095269),
    ('{"type":"bytes"}', '"bytes"', 5746618253357095269),
    ('"string"', '"string"', -8142146995180207161),
    ('{"type":"string"}', '"string"', -8142146995180207161),
    ("[  ]", "[]", -1241056759729112623),
    ('[ "int"  ]', '["int"]', -5232228896498058493),
    ('[ "int" , {"type":"boolean"} ]', '["int","boolean"]', 5392556393470105090),
    ('{"fields":[], "type":"record", "name":"foo"}', '{"name":"foo","type":"record","fields":[]}', -4824392279771201922),
    (
        '{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}',
        '{"name":"x.y.foo","type":"record","fields":[]}',
        5916914534497305771,
    ),
    (
        '{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}',
        '{"name":"a.b.foo","type":"record","fields":[]}',
        -4616218487480524110,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "doc":"Useful info"}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "aliases":["foo","bar"]}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}',
        '{"name":"foo","type":"record","fields":[]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}',
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}',
        7843277075252814651,
    ),
    (
        """{ "fields":[{"type":"boolean", "aliases":[], "name":"f1", "default":"true"},
            {"order":"descending","name":"f2","doc":"Hello","type":"int"}], "type":"record", "name":"foo"}""",
        '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}',
        -4860222112080293046,
    ),
    (
        '{"type":"enum", "name":"foo", "symbols":["A1"]}',
        '{"name":"foo","type":"enum","symbols":["A1"]}',
        -6342190197741309591,
    ),
    (
        '{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", "symbols":["A1", "A2"]}',
        '{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}',
        -4448647247586288245,
    ),
    ('{"name":"foo","type":"fixed","size":15}', '{"name":"foo","type":"fixed","size":15}', 1756455273707447556),
    (
        '{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}',
        '{"name":"x.y.z.foo","type":"fixed","size":32}',
        -3064184465700546786,
    ),
    ('{ "items":{"type":"null"}, "type":"array"}', '{"type":"array","items":"null"}', -589620603366471059),
    ('{ "values":"string", "type":"map"}', '{"type":"map","values":"string"}', -8732877298790414990),
    (
        '{"name":"PigValue","type":"record",\n "fields":[{"name":"value", "type":["null", "int", "long", "PigValue"]}]}',
        '{"name":"PigValue","type":"record","fields":[{"name":"value","type":["null","int","long","PigValue"]}]}',
        -1759257747318642341,
    ),
]


@pytest.mark.parametrize(("text", "form", "crc"), SHARED)
def test_the_shared_cases(text: str, form: str, crc: int) -> None:
    schema = parse_schema(text, strict=False)
    assert schema.canonical_form == form
    assert schema.fingerprint() == crc.to_bytes(8, "little", signed=True)


LONG_LIST = record(field("long", "value"), field(["null", "LongList"], "next"), name="LongList", aliases=["LinkedLongs"])
HANDSHAKE = record(
    field(fixed(16, name="MD5"), "clientHash"),
    field(["null", "string"], "clientProtocol"),
    field("MD5", "serverHash"),
    field(["null", mapping("bytes")], "meta"),
    name="HandshakeRequest",
    namespace="org.apache.avro.ipc",
)
SUIT = enum("SPADES", "HEARTS", "DIAMONDS", "CLUBS", name="Suit", doc="cards", default="CLUBS")

# The specification's own example schemas, and each rule alone.
RULES: list[tuple[object, str]] = [
    (
        LONG_LIST,
        '{"name":"LongList","type":"record","fields":[{"name":"value","type":"long"},{"name":"next","type":["null","LongList"]}]}',
    ),
    (
        HANDSHAKE,
        (
            '{"name":"org.apache.avro.ipc.HandshakeRequest","type":"record","fields":['
            '{"name":"clientHash","type":{"name":"org.apache.avro.ipc.MD5","type":"fixed","size":16}},'
            '{"name":"clientProtocol","type":["null","string"]},'
            '{"name":"serverHash","type":"org.apache.avro.ipc.MD5"},'
            '{"name":"meta","type":["null",{"type":"map","values":"bytes"}]}]}'
        ),
    ),
    (SUIT, '{"name":"Suit","type":"enum","symbols":["SPADES","HEARTS","DIAMONDS","CLUBS"]}'),
    (array("string") | {"default": []}, '{"type":"array","items":"string"}'),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, '"bytes"'),
    ({"type": ["null", {"type": {"type": "int"}}]}, '["null","int"]'),
    ({"type": "error", "name": "E", "fields": []}, '{"name":"E","type":"record","fields":[]}'),
    (
        record(field(record(field("n.R", "up"), name="I", namespace=""), "i"), field("I", "j"), namespace="n"),
        (
            '{"name":"n.R","type":"record","fields":[{"name":"i","type":{"name":"I","type":"record",'
            '"fields":[{"name":"up","type":"n.R"}]}},{"name":"j","type":"I"}]}'
        ),
    ),
]


@pytest.mark.parametrize(("schema", "form"), RULES)
def test_the_rules(schema: object, form: str) -> None:
    assert canonical_form(parsed(schema)) == form


def test_names_outside_the_grammar_are_utf_8_and_still_json() -> None:
    form = canonical_form(parsed(record(field("int", 'a"b'), name="größe"), strict=False))
    assert form == '{"name":"größe","type":"record","fields":[{"name":"a\\"b","type":"int"}]}'


@given(schemas())
def test_a_canonical_form_is_its_own_canonical_form(schema: object) -> None:
    # The form has no way to leave a namespace for the null namespace.
    assume('"namespace": ""' not in json.dumps(schema))
    form = canonical_form(parsed(schema))
    assert canonical_form(parsed(json.loads(form))) == form
    assert json.dumps(json.loads(form), separators=(",", ":"), ensure_ascii=False) == form


def test_fingerprints_of_each_algorithm() -> None:
    assert EMPTY == 0xC15D213AA4D7A795
    assert fingerprint("", "CRC-64-AVRO") == EMPTY.to_bytes(8, "little")
    assert fingerprint('"ü"', "MD5") == hashlib.md5('"ü"'.encode()).digest()
    assert fingerprint('"ü"', "SHA-256") == hashlib.sha256('"ü"'.encode()).digest()


@pytest.mark.parametrize("algorithm", ["", "crc-64-avro", "SHA-1", "md5", "SHA256"])
def test_an_unknown_algorithm(algorithm: str) -> None:
    with pytest.raises(ValueError, match="is not CRC-64-AVRO, MD5 or SHA-256"):
        fingerprint('"int"', algorithm)


@pytest.mark.host
@given(schemas(logical=False))
def test_fastavro_agrees(schema: object) -> None:
    import fastavro.schema

    ours = parse_schema(schema)
    assume('"error"' not in ours.json)  # fastavro keeps this type, the specification's canonical form has records only
    assume('"namespace":""' not in ours.json)  # fastavro takes the null namespace for none given
    assert fastavro.schema.to_parsing_canonical_form(json.loads(ours.json)) == ours.canonical_form
    for algorithm in ("CRC-64-AVRO", "MD5", "SHA-256"):
        theirs = fastavro.schema.fingerprint(ours.canonical_form, algorithm)
        assert bytes.fromhex(theirs) == ours.fingerprint(algorithm)
