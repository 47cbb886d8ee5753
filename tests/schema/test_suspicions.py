"""Warnings: what is most likely a mistake is told, and what other tools write is not."""

import contextlib
import datetime as dt
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avro_ocf import DatumError, SchemaError, parse_schema, reference, schema_warnings
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle import schemas
from tests.schema.build import array, enum, field, fixed, mapping, record
from tests.schema.test_hostile import JSON

DATE = {"type": "int", "logicalType": "date"}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}

ONE_WARNING: list[tuple[object, str]] = [
    # Nearly an attribute of the specification.
    (record(field("int", defualt=1)), "f: the attribute 'defualt' means nothing; is default meant?"),
    (record(field("int", Default=1)), "f: the attribute 'Default' means nothing; is default meant?"),
    (record(field("int", alias=["g"])), "f: the attribute 'alias' means nothing; is aliases meant?"),
    (record(field("int", logical_type="date")), "f: the attribute 'logical_type' means nothing; is logicalType meant?"),
    (record(namspace="n"), "the attribute 'namspace' means nothing; is namespace meant?"),
    (array({"type": "int", "logicaltype": "date"}), "[]: the attribute 'logicaltype' means nothing; is logicalType meant?"),
    (array(enum("A", defult="A")), "[]: the attribute 'defult' means nothing; is default meant?"),
    ({**DECIMAL, "scale": 0} | {"Precision": 4, "precision": 3}, ""),
    ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scal": 2}, "'scal' means nothing; is scale meant?"),
    # A logical type beside a field's type, or around it.
    (
        record(field("int", logicalType="date")),
        "f: the logicalType 'date' beside the field's type has no effect; it belongs inside the type, as {",
    ),
    (record(field(["null", "int"], logicalType="date")), 'it belongs inside the type, as {"type": "int", "logicalType": "date"}'),
    (record(field("string", logicalType="date")), "it belongs inside the type, beside the name of the type"),
    (record(field("bytes", logicalType="decimal", precision=4)), "it belongs inside the type, beside the name of the type"),
    ({"type": ["null", "int"], "logicalType": "date"}, "the logicalType 'date' around the type has no effect; it belongs inside"),
    ({"type": {"type": "int"}, "logicalType": "date"}, "the logicalType 'date' around the type has no effect; it belongs inside"),
    ([fixed(12), array({"type": "F", "logicalType": "duration"})], "beside the name of a type has no effect; it belongs into its"),
    # What defines a type, beside one that is defined without it.
    (record(field("string", symbols=["A"])), "f: symbols has no effect beside the type 'string'"),
    (record(field("bytes", size=16)), "f: size has no effect beside the type 'bytes'"),
    (record(field("R", fields=[])), "f: fields has no effect beside the type 'R'"),
    (record(field({"type": "int", "items": "int"})), "f: items has no effect beside the type 'int'"),
    (record(field(array("int"), items="int")), "f: items has no effect beside the type; "),
    (array("int") | {"values": "int"}, "values has no effect beside the type 'array'"),
    # Logical types that are ignored.
    ({"type": "long", "logicalType": "timestamp_millis"}, "unknown logicalType 'timestamp_millis'; is 'timestamp-millis' meant?"),
    ({"type": "long", "logicalType": "datetime"}, "unknown logicalType 'datetime': it is ignored"),
    ({"type": "int", "logicalType": 5}, "the logicalType is 5, not a string: it is ignored"),
    ({"type": "string", "logicalType": "date"}, "the logicalType 'date' stands on int, not on 'string': it is ignored"),
    ({"type": "int", "logicalType": "decimal"}, "the logicalType 'decimal' stands on bytes or fixed, not on 'int': it is ignored"),
    (array("int") | {"logicalType": "date"}, "the logicalType 'date' stands on int, not on 'array': it is ignored"),
    (fixed(15, logicalType="uuid"), "the logicalType 'uuid' takes a fixed of 16 bytes, not of 15: it is ignored"),
    ({"type": "bytes", "logicalType": "decimal"}, "a decimal has no precision: it is ignored"),
    ({"type": "bytes", "logicalType": "decimal", "precision": "4"}, "the precision of a decimal is '4', not a number of digits"),
    ({"type": "bytes", "logicalType": "decimal", "precision": 0}, "the precision of a decimal is 0, not a number of digits"),
    ({**DECIMAL, "scale": -1}, "the scale of a decimal is -1, not a number of digits"),
    ({**DECIMAL, "scale": 5}, "the scale of a decimal, 5, is greater than its precision, 4"),
    (fixed(1, logicalType="decimal", precision=3), "the precision of a decimal, 3, is more than a fixed of 1 bytes holds"),
    # Defaults and namespaces that do nothing, or not what they seem to.
    (record(field({"type": "int", "default": 1})), "f: a default in a type has no effect; it belongs into the field"),
    (record(field("int", default="x"), field(DATE, "g")), "f: the default 'x' does not fit 'int'"),
    (record(field(["null", "string"], default="null")), "f: the default is the text 'null'; null has no quotes"),
    (record(name="n.R", namespace="m"), "the namespace 'm' has no effect beside the name 'n.R', which has one"),
    # What only a lenient parse lets pass.
    (record(name="Foo$Bar"), "'Foo$Bar' is not a legal name of this record"),
    (record(field("int", order="up")), "f: the order is 'up', not one of ascending, descending, ignore"),
    (enum("A", default="B"), "the default 'B' is no symbol of 'E'"),
]


@pytest.mark.parametrize(("schema", "warning"), ONE_WARNING)
def test_what_is_told(schema: object, warning: str) -> None:
    told = schema_warnings(schema)
    assert len(told) == (1 if warning else 0)
    assert warning in "".join(told)
    assert schema_warnings(parse_schema(schema, strict=False)) == schema_warnings(json.dumps(schema)) == told


CONNECT = {
    "type": "record",
    "name": "Value",
    "namespace": "server.inventory.orders",
    "connect.version": 1,
    "connect.name": "server.inventory.orders.Value",
    "fields": [
        {"name": "id", "type": {"type": "int", "connect.default": 0, "connect.version": 1}, "default": 0},
        {
            "name": "at",
            "type": ["null", {"type": "long", "connect.version": 1, "connect.name": "io.debezium.time.MicroTimestamp"}],
            "default": None,
        },
        {
            "name": "price",
            "type": {
                **DECIMAL,
                "connect.version": 1,
                "connect.parameters": {"scale": "2", "connect.decimal.precision": "4"},
                "connect.name": "org.apache.kafka.connect.data.Decimal",
            },
        },
        {
            "name": "snapshot",
            "type": [
                {
                    "type": "string",
                    "connect.version": 1,
                    "connect.parameters": {"allowed": "true,last,false"},
                    "connect.default": "false",
                    "connect.name": "io.debezium.data.Enum",
                },
                "null",
            ],
            "default": "false",
            "confluent:tags": ["PII"],
        },
    ],
}
JAVA = record(
    field({"type": "string", "avro.java.string": "String"}, "s", default=""),
    field({"type": "array", "items": {"type": "string", "avro.java.string": "String"}, "java-class": "java.util.List"}, "l"),
    field({"type": "map", "values": "long", "avro.java.string": "String", "java-key-class": "java.lang.Integer"}, "m"),
    field({"type": "int", "java-class": "java.lang.Short"}, "i"),
    namespace="com.example",
    doc="generated",
)
ICEBERG = record(
    field(array("long") | {"element-id": 133}, "offsets") | {"field-id": 132},
    field(
        array(record(field("int", "key") | {"field-id": 117}, field("long", "value") | {"field-id": 118}, name="k117_v118"))
        | {"logicalType": "map"},
        "sizes",
    )
    | {"field-id": 108},
    field({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": False}, "t") | {"field-id": 1},
    field(fixed(16, "uuid_fixed", logicalType="uuid"), "u") | {"field-id": 2, "iceberg-field-name": "u-u"},
    name="manifest_entry",
) | {"schema-id": 0, "iceberg.schema": "{}"}
BIGQUERY = record(
    field(["null", {"type": "string", "sqlType": "DATETIME"}], "a"),
    field(["null", {"type": "string", "logicalType": "datetime"}], "b"),
    field(["null", {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}], "c"),
    field(["null", {"type": "string", "sqlType": "GEOGRAPHY"}], "d", doc="where"),
    name="Root",
)
EVENT_HUBS = record(
    field("long", "SequenceNumber"),
    field("string", "Offset"),
    field(mapping(["long", "double", "string", "bytes"]), "SystemProperties"),
    field(["null", "bytes"], "Body"),
    name="EventData",
    namespace="Microsoft.ServiceBus.Messaging",
)
HIVE = record(
    field(["null", {"type": "string", "logicalType": "varchar", "maxLength": 10}], "v", default=None),
    field({"type": "string", "size": 20}, "w"),
    field(fixed(5, "fixed", namespace="topLevelRecord.d", logicalType="decimal", precision=10), "d"),
    field(enum("A", "B", default="A"), "e", default="B", order="ignore", aliases=["old"], pii=True, sensitivity="high"),
    {"name": "k", "type": ["string", "null"], "default": "x", "description": "a", "title": "K", "nullable": True, "format": "json"},
    name="topLevelRecord",
)


@pytest.mark.parametrize("schema", [CONNECT, JAVA, ICEBERG, BIGQUERY, EVENT_HUBS, HIVE])
def test_what_other_tools_write_is_not_suspicious(schema: object) -> None:
    assert schema_warnings(schema) == []


@given(schemas(logical=False))
def test_a_schema_without_slips_is_not_suspicious(schema: object) -> None:
    assert [told for told in schema_warnings(schema) if "the namespace 'void' has no effect" not in told] == []


@given(JSON)
def test_any_schema_that_parses_has_its_warnings(schema: object) -> None:
    with contextlib.suppress(SchemaError):
        assert all(isinstance(warning, str) for warning in schema_warnings(schema))


SLIPS = {"default": ("field", "enum"), "order": ("field",), "aliases": ("field", "enum", "record"), "namespace": ("enum", "record")}


@given(st.sampled_from(sorted(SLIPS)), st.integers(0, 20), st.sampled_from(["swap", "drop", "double", "case"]))
def test_one_slip_of_the_hand_is_found(attribute: str, place: int, slip: str) -> None:
    place %= len(attribute) - 1
    before, one, two, after = attribute[:place], attribute[place], attribute[place + 1], attribute[place + 2 :]
    slips = {"swap": two + one, "drop": two, "double": one + one + two, "case": one.upper() + two}
    written = before + slips[slip] + after
    assume(written != attribute)
    objects = {
        "field": record(field("int") | {written: 1}),
        "enum": enum("A") | {written: 1},
        "record": record() | {written: 1},
    }
    for where in SLIPS[attribute]:
        (told,) = schema_warnings(objects[where])
        assert f"the attribute {written!r} means nothing; is {attribute} meant?" in told


def test_a_hostile_schema_takes_bounded_time() -> None:
    many = {f"attribut{index}": index for index in range(20_000)}
    assert schema_warnings(record(field("int") | many) | {"x" * 1_000_000: 1}) == []


@pytest.mark.parametrize("type_", ["int", ["null", "int"]])
def test_a_value_of_a_misplaced_logical_type_is_refused_with_the_reason(type_: object) -> None:
    schema = parse_schema(record(field(type_, logicalType="date")))
    for encode in (schema.encode, lambda datum: reference.encode(schema.node, datum, DEFAULT_LIMITS)):
        with pytest.raises(DatumError, match=r"the logicalType 'date' beside the field's type has no effect") as caught:
            encode({"f": dt.date(2015, 4, 4)})
        assert caught.value.path == "f"
    assert schema.decode(schema.encode({"f": 5})) == {"f": 5}


def test_the_reason_is_told_of_the_field_itself_only() -> None:
    schema = parse_schema(record(field(array("int"), logicalType="date")))
    with pytest.raises(DatumError) as caught:
        schema.encode({"f": ["x"]})
    assert "logicalType" not in str(caught.value)
    raw = parse_schema(record(field("int", logicalType="date")), logical_types=False)
    with pytest.raises(DatumError) as caught:
        raw.encode({"f": "x"})
    assert "logicalType" not in str(caught.value)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("more", [{}, {"symbols": ["A"]}, {"fields": [], "logicalType": "date"}])
@pytest.mark.parametrize("kind", ["record", "enum", "fixed", "array", "map", "error"])
def test_a_definition_spread_over_a_field_is_told_first(kind: str, more: dict[str, object], strict: bool) -> None:
    with pytest.raises(SchemaError, match="must be an object of its own"):
        parse_schema(record(field(kind) | more), strict=strict)
