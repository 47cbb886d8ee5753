"""Values that other libraries take otherwise. Each test is a row of docs/interop.md: it fails when a library has changed."""

import datetime as dt
import struct
from decimal import Decimal

import pytest

from avro_ocf import DatumError, FormatError, parse_schema
from tests.interop.libraries import load

pytestmark = pytest.mark.host

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}
HIT = {"type": "record", "name": "Hit", "fields": [{"name": "hp", "type": "int"}]}
TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}


def test_outside_python() -> None:
    date = {"type": "int", "logicalType": "date"}
    year_10000 = b"\xc2\x82\xe6\x02"
    for name in ("fastavro", "avro", "cavro"):
        with pytest.raises((ValueError, OverflowError), match="out of range"):
            load(name).decode(date, year_10000)
    assert parse_schema(date).decode(year_10000) == 2_932_897
    assert parse_schema(date).encode(2_932_897) == year_10000

    time = {"type": "int", "logicalType": "time-millis"}
    assert load("fastavro").decode(time, b"\x01") == dt.time(0, 0, 0, 999_000)
    for name in ("avro", "cavro"):
        with pytest.raises(ValueError, match="hour must be in"):
            load(name).decode(time, b"\x01")
    assert parse_schema(time).decode(b"\x01") == -1

    uuid = {"type": "string", "logicalType": "uuid"}
    for name in ("fastavro", "cavro"):
        with pytest.raises(ValueError, match="badly formed"):
            load(name).decode(uuid, b"\x04no")
    assert load("avro").decode(uuid, b"\x04no") == "no"
    assert parse_schema(uuid).decode(b"\x04no") == "no"


def test_union_branch() -> None:
    whole = ["double", "long"]
    assert load("fastavro").encode(whole, 5) == b"\0" + struct.pack("<d", 5.0)
    for name in ("avro", "cavro"):
        assert load(name).encode(whole, 5) == b"\x02\x0a"
    assert parse_schema(whole).encode(5) == b"\x02\x0a"

    both = ["int", "long"]
    assert load("avro").encode(both, 5) == b"\x02\x0a"
    for name in ("fastavro", "cavro"):
        assert load(name).encode(both, 5) == b"\0\x0a"
    assert parse_schema(both).encode(5) == b"\0\x0a"

    floats = ["float", "double"]
    assert load("cavro").encode(floats, 0.1) == b"\0" + struct.pack("<f", 0.1)
    for name in ("fastavro", "avro"):
        assert load(name).encode(floats, 0.1) == b"\x02" + struct.pack("<d", 0.1)
    assert parse_schema(floats).encode(0.1) == b"\x02" + struct.pack("<d", 0.1)

    exact = [DECIMAL, "double"]
    assert load("cavro").encode(exact, 0.5) == b"\0\x02\x32"
    for name in ("fastavro", "avro"):
        assert load(name).encode(exact, 0.5) == b"\x02" + struct.pack("<d", 0.5)
    assert parse_schema(exact).encode(0.5) == b"\x02" + struct.pack("<d", 0.5)

    items = [{"type": "array", "items": "int"}, "bytes"]
    assert load("fastavro").encode(items, b"\x05") == b"\0\x02\x0a\0"
    for name in ("avro", "cavro"):
        assert load(name).encode(items, b"\x05") == b"\x02\x02\x05"
    assert parse_schema(items).encode(b"\x05") == b"\x02\x02\x05"


def test_values_changed_in_silence() -> None:
    nullable = {"type": "record", "name": "Hit", "fields": [{"name": "hp", "type": ["null", "int"]}]}
    cases: list[tuple[object, object, dict[str, bytes]]] = [
        ("int", 5.7, {"fastavro": b"\x0a"}),
        ("int", True, {"fastavro": b"\x02", "avro": b"\x02"}),
        ("int", 2**40, {"fastavro": b"\x80\x80\x80\x80\x80\x40"}),
        ("float", 1e300, {"fastavro": struct.pack("<f", float("inf"))}),
        (HIT, {"hp": 1, "mp": 2}, {"fastavro": b"\x02", "cavro": b"\x02"}),
        (nullable, {}, {"fastavro": b"\0", "avro": b"\0"}),
        ({"type": "array", "items": "int"}, (1,), {"fastavro": b"\x02\x02\0", "cavro": b"\x02\x02\0"}),
    ]
    for json, datum, written in cases:
        for name in ("fastavro", "avro", "cavro"):
            if name in written:
                assert load(name).encode(json, datum) == written[name]
            else:
                with pytest.raises(Exception, match=r"example of the schema|too large|[Ii]nvalid value|not valid|required field"):
                    load(name).encode(json, datum)
        with pytest.raises(DatumError):
            parse_schema(json).encode(datum)
    for name in ("fastavro", "avro", "cavro"):
        assert load(name).encode("double", 2**53 + 1) == struct.pack("<d", 2.0**53)
    with pytest.raises(DatumError):
        parse_schema("double").encode(2**53 + 1)


def test_decimal_scale() -> None:
    assert load("avro").encode(DECIMAL, Decimal("1.5")) == b"\x02\x0f"
    assert load("avro").decode(DECIMAL, b"\x02\x0f") == Decimal("0.15")
    for name in ("fastavro", "cavro"):
        assert load(name).encode(DECIMAL, Decimal("1.5")) == b"\x04\0\x96"
    assert parse_schema(DECIMAL).encode(Decimal("1.5")) == b"\x04\0\x96"


def test_decimal_too_wide_for_its_fixed() -> None:
    json = {"type": "fixed", "name": "F", "size": 1, "logicalType": "decimal", "precision": 2}
    assert load("avro").encode(json, Decimal(999)) == b"\x03\xe7"
    with pytest.raises(ValueError, match="precision is bigger"):
        load("fastavro").encode(json, Decimal(999))
    with pytest.raises(ArithmeticError, match="InvalidOperation"):
        load("cavro").encode(json, Decimal(999))
    with pytest.raises(DatumError):
        parse_schema(json).encode(Decimal(999))


def test_decimal_beyond_precision() -> None:
    json = {"type": "bytes", "logicalType": "decimal", "precision": 2}
    for name in ("fastavro", "avro", "cavro"):
        assert load(name).decode(json, b"\x04\x30\x39") == Decimal(12000)
    assert parse_schema(json).decode(b"\x04\x30\x39") == Decimal(12345)
    assert parse_schema(json).encode(Decimal(12345)) == b"\x04\x30\x39"


def test_decimal_without_bytes() -> None:
    json = {"type": "bytes", "logicalType": "decimal", "precision": 2}
    with pytest.raises(struct.error, match="requires a buffer"):
        load("avro").decode(json, b"\0")
    for name in ("fastavro", "cavro"):
        assert load(name).decode(json, b"\0") == Decimal(0)
    assert parse_schema(json).decode(b"\0") == Decimal(0)


def test_timestamps_rounded() -> None:
    moment = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
    for name in ("fastavro", "avro"):
        assert load(name).encode(TIMESTAMP, moment) == b"\x01"
    assert load("cavro").encode(TIMESTAMP, moment) == b"\0"
    with pytest.raises(DatumError):
        parse_schema(TIMESTAMP).encode(moment)


def test_timestamps_without_zone() -> None:
    moment = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - the case in point
    for name in ("fastavro", "cavro"):
        load(name).encode(TIMESTAMP, moment)
    with pytest.raises(Exception, match="not an example"):
        load("avro").encode(TIMESTAMP, moment)
    with pytest.raises(DatumError):
        parse_schema(TIMESTAMP).encode(moment)


def test_negative_counts() -> None:
    json = {"type": "array", "items": "int"}
    for name in ("fastavro", "avro"):
        assert load(name).decode(json, b"\x03\x04\x02\x04\0") == [1, 2]
        assert load(name).decode(json, b"\x03\x0e\x02\x04\0") == [1, 2]
    with pytest.raises(EOFError, match="Not enough input"):
        load("cavro").decode(json, b"\x03\x04\x02\x04\0")
    assert parse_schema(json).decode(b"\x03\x04\x02\x04\0") == [1, 2]
    with pytest.raises(FormatError):
        parse_schema(json).decode(b"\x03\x0e\x02\x04\0")


def test_bytes_without_meaning() -> None:
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "A"}
    cases: list[tuple[object, bytes, dict[str, object]]] = [
        ("boolean", b"\x02", {"fastavro": True, "avro": False, "cavro": True}),
        ("int", b"\x80\x80\x80\x80\x80\x40", {"fastavro": 2**40, "avro": 2**40, "cavro": 256}),
        ("long", b"\xff" * 10 + b"\x7f", {"fastavro": -(2**63), "cavro": -(2**63)}),
        (enum, b"\x01", {"fastavro": "B", "cavro": "B"}),
        (enum, b"\x0a", {"avro": "A"}),
        ("int", b"\x02\x02", {"fastavro": 1, "avro": 1, "cavro": 1}),
    ]
    for json, data, values in cases:
        for name in ("fastavro", "avro", "cavro"):
            if name in values:
                assert load(name).decode(json, data) == values[name]
            else:
                with pytest.raises(Exception, match=r"out of range|too long|enum index"):
                    load(name).decode(json, data)
        with pytest.raises(FormatError):
            parse_schema(json).decode(data)


def test_text_for_dates_and_decimals() -> None:
    date = {"type": "int", "logicalType": "date"}
    day = b"\xac\x9d\x02"
    cases: list[tuple[object, object, dict[str, bytes]]] = [
        (date, "2020-01-01", {"fastavro": day}),
        (TIMESTAMP, "2020-01-01T00:00:00+00:00", {}),
        (DECIMAL, "1.50", {"cavro": b"\x04\0\x96"}),
        (DECIMAL, 1, {"cavro": b"\x02\x64"}),
    ]
    for json, datum, written in cases:
        for name in ("fastavro", "avro", "cavro"):
            if name in written:
                assert load(name).encode(json, datum) == written[name]
            else:
                with pytest.raises(Exception, match=r"not an example|integer is required|bytes-like|Expected datetime"):
                    load(name).encode(json, datum)
        with pytest.raises(DatumError):
            parse_schema(json).encode(datum)


def test_datetimes_for_dates() -> None:
    date = {"type": "int", "logicalType": "date"}
    moment = dt.datetime(2020, 1, 1, 23, 59, tzinfo=dt.UTC)
    for name in ("fastavro", "cavro"):
        assert load(name).encode(date, moment) == b"\xac\x9d\x02"
    with pytest.raises(TypeError, match="unsupported operand"):
        load("avro").encode(date, moment)
    with pytest.raises(DatumError, match="datetime"):
        parse_schema(date).encode(moment)
    assert parse_schema(date).encode(moment.date()) == b"\xac\x9d\x02"
