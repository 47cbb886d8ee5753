"""numpy's scalars are taken as exactly what they are. Most tests have classes that stand in for them: numpy need not be there."""

import struct
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import DatumError, decode_header, encode_block, encode_header, parse_schema
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.reference import choose_branch
from tests.compiler.test_agreement import node_of
from tests.compiler.test_raws import agrees

DATE = {"type": "int", "logicalType": "date"}


def local(unit: str) -> dict[str, str]:
    return {"type": "long", "logicalType": f"local-timestamp-{unit}"}


class Scalar:
    """As `numpy.generic`: holds `held`, which `item` gives."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def item(self) -> Any:
        return self.held


class Text(str):
    """As `numpy.str_`, whose `item` takes zeros off the end."""

    __slots__ = ()

    def item(self) -> str:
        return self.rstrip("\0")


class Octets(bytes):
    """As `numpy.bytes_`."""

    def item(self) -> bytes:
        return self.rstrip(b"\0")


class Double(float):
    """As `numpy.float64`."""

    __slots__ = ()

    def item(self) -> float:
        return float(self)


class Long(Scalar):
    """As `numpy.longdouble`, whose `item` is itself; it holds `held` and the same again so many times smaller."""

    def item(self) -> Any:
        return self

    def __float__(self) -> float:
        return float(self.held[0])

    def __eq__(self, other: object) -> bool:
        return other is self or (other == self.held[0] and not self.held[1])

    __hash__ = None  # type: ignore[assignment]


class Array(Scalar):
    """As `numpy.ndarray`."""

    def __setitem__(self, key: object, value: object) -> None: ...

    def tolist(self) -> list[Any]:
        return [self.held]


class Time(Scalar):
    """As `numpy.datetime64` and `numpy.timedelta64`: `held` is what it counts, and the unit."""

    def item(self) -> int:
        return int(self.held[0])

    @property
    def dtype(self) -> Any:
        return type("dtype", (), {"name": f"{type(self).__name__}[{self.held[1]}]"})

    def astype(self, name: str) -> Any:
        assert name == "int64"
        return self.held[0]


def stand_in(name: str, base: type, held: Any) -> Any:
    """Return a value of a type of that name in a module called numpy."""
    return type(name, (base,), {"__module__": "numpy"})(held)


BOOL = stand_in("bool", Scalar, True)
INT = stand_in("int64", Scalar, 7)
SINGLE = stand_in("float32", Scalar, 0.10000000149011612)
EXACT: list[tuple[Any, Any, Any]] = [
    ("boolean", BOOL, True),
    ("int", INT, 7),
    ("long", stand_in("uint64", Scalar, 2**63 - 1), 2**63 - 1),
    ("double", INT, 7.0),
    ("float", SINGLE, 0.10000000149011612),
    ("double", SINGLE, 0.10000000149011612),
    ("double", stand_in("float64", Double, 0.1), 0.1),
    ("double", stand_in("longdouble", Long, (0.1, 0)), 0.1),
    ("string", stand_in("str_", Text, "a\0"), "a\0"),
    ("bytes", stand_in("bytes_", Octets, b"a\0"), b"a\0"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, stand_in("str_", Text, "A"), "A"),
    ({"type": "fixed", "name": "F", "size": 2}, stand_in("bytes_", Octets, b"a\0"), b"a\0"),
    (DATE, stand_in("datetime64", Time, (-1, "D")), date(1969, 12, 31)),
    (DATE, stand_in("datetime64", Time, (1, "W")), date(1970, 1, 8)),
    (local("micros"), stand_in("datetime64", Time, (1, "h")), datetime(1970, 1, 1, 1)),  # noqa: DTZ001
    (local("millis"), stand_in("datetime64", Time, (3, "10ms")), datetime(1970, 1, 1, 0, 0, 0, 30_000)),  # noqa: DTZ001
    (local("micros"), stand_in("datetime64", Time, (-1000, "ns")), datetime(1969, 12, 31, 23, 59, 59, 999_999)),  # noqa: DTZ001
    (local("nanos"), stand_in("datetime64", Time, (-1, "ns")), -1),
    (local("nanos"), stand_in("datetime64", Time, (2**63 - 1, "ns")), 2**63 - 1),
]


@pytest.mark.parametrize(("schema", "value", "plain"), EXACT)
def test_a_scalar_is_written_as_what_it_is(schema: Any, value: object, plain: object) -> None:
    for wrapped, datum, back in (
        (schema, value, plain),
        (["null", schema], value, plain),
        ({"type": "array", "items": schema}, [value] * 20, [plain] * 20),
        ({"type": "map", "values": schema}, {"k": value}, {"k": plain}),
        ({"type": "record", "name": "R", "fields": [{"name": "a", "type": schema}]}, {"a": value}, {"a": plain}),
    ):
        parsed = parse_schema(wrapped)
        assert parsed.decode(parsed.encode(datum)) == back
        assert agrees(wrapped, datum) == "value"


REFUSED: list[tuple[Any, Any, str]] = [
    ("int", BOOL, "expected an int, not True"),
    ("boolean", INT, "expected a bool, not the int 7"),
    ("int", stand_in("float64", Double, 7.0), "expected an int, not a numpy.float64"),
    ("int", stand_in("float32", Scalar, 7.0), "expected an int"),
    ("double", stand_in("int64", Scalar, 2**53 + 1), "no double is the int"),
    ("double", stand_in("longdouble", Long, (0.1, 1e-20)), "expected a float, not a numpy.longdouble; float"),
    ("double", stand_in("complex64", Scalar, 1j), "expected a float, not a numpy.complex64"),
    ("long", stand_in("uint64", Scalar, 2**63), "64 bits"),
    ("long", stand_in("ndarray", Array, 7), "expected an int, not a numpy.ndarray"),
    ({"type": "array", "items": "long"}, stand_in("ndarray", Array, 7), r"not a numpy.ndarray; value.tolist\(\) makes one"),
    ("long", stand_in("timedelta64", Time, (7, "ns")), "expected an int, not a numpy.timedelta64"),
    ("long", stand_in("datetime64", Time, (7, "ns")), "expected an int, not a avro_ocf"),
    (DATE, stand_in("datetime64", Time, (7, "ns")), "a datetime, not a date"),
    (local("micros"), stand_in("datetime64", Time, (7, "ns")), "7 nanoseconds past"),
    (local("micros"), stand_in("datetime64", Time, (7, "D")), "not a datetime.date"),
    (local("millis"), stand_in("datetime64", Time, (7, "us")), "parts of a millisecond"),
    (local("micros"), stand_in("datetime64", Time, (-(2**63), "us")), "no time: NaT"),
    (["null", local("micros")], stand_in("datetime64", Time, (-(2**63), "us")), "no time: NaT"),
    (local("micros"), stand_in("datetime64", Time, (2**62, "us")), "years 1 to 9999"),
    (local("micros"), stand_in("datetime64", Time, (7, "M")), "counts M"),
    (local("micros"), stand_in("datetime64", Time, (7, "ps")), "counts ps"),
    ({"type": "long", "logicalType": "timestamp-micros"}, stand_in("datetime64", Time, (7, "us")), "no time zone"),
]


@pytest.mark.parametrize(("schema", "value", "reason"), REFUSED)
def test_a_scalar_that_is_not_exactly_so_is_refused(schema: Any, value: object, reason: str) -> None:
    with pytest.raises(DatumError, match=reason):
        parse_schema(schema).encode(value)
    assert agrees(schema, value) == "DatumError"


def test_a_scalar_goes_to_the_branch_of_its_value() -> None:
    numbers = parse_schema(["float", "double", "boolean", "long", "string"])
    for value, index in ((SINGLE, 0), (stand_in("float64", Double, 0.1), 1), (BOOL, 2), (INT, 3), (stand_in("str_", Text, "a"), 4)):
        assert numbers.encode(value)[0] == 2 * index
        assert choose_branch(node_of(["float", "double", "boolean", "long", "string"]), value, DEFAULT_LIMITS)[0] == index  # type: ignore[arg-type]
        assert numbers.encode((["float", "double", "boolean", "long", "string"][index], value))[0] == 2 * index
    with pytest.raises(DatumError, match="fits no branch"):
        parse_schema(["double", "long"]).encode(stand_in("uint64", Scalar, 2**63))


def test_a_block_of_scalars() -> None:
    header = decode_header(encode_header("long"))
    assert encode_block(header, [INT] * 3) == encode_block(header, [7] * 3)


def fail() -> Any:
    raise ZeroDivisionError


def test_a_scalar_that_fails_is_a_wrong_datum() -> None:
    value = stand_in("int64", Scalar, 7)
    value.item = fail
    with pytest.raises(DatumError, match="a numpy.int64 that is none that can be read: ZeroDivisionError"):
        parse_schema("long").encode(value)


MAKERS: list[tuple[str, Any, Callable[[Any], Any]]] = [
    ("int8", "int", int),
    ("int64", "long", int),
    ("uint32", "long", int),
    ("float16", "float", float),
    ("float32", "float", float),
    ("float32", "double", float),
    ("float64", "double", float),
    ("longdouble", "double", float),
]


@pytest.mark.parametrize(("name", "schema", "plain"), MAKERS)
@given(data=st.data())
def test_numpy_itself(name: str, schema: Any, plain: Callable[[Any], Any], data: st.DataObject) -> None:
    numpy = pytest.importorskip("numpy")
    raw = data.draw(st.binary(min_size=8, max_size=8))
    kind = getattr(numpy, name)
    value = kind(struct.unpack("<d", raw)[0]) if name == "longdouble" else numpy.frombuffer(raw, kind)[0]
    parsed = parse_schema(schema)
    back = parsed.decode(parsed.encode(value))
    assert back == plain(value) or (back != back and value != value)  # noqa: PLR0124 - NaN


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["W", "D", "h", "m", "s", "ms", "us", "ns", "25us"]))
def test_times_of_numpy_itself(count: int, unit: str) -> None:
    numpy = pytest.importorskip("numpy")
    value = numpy.datetime64(count, unit)
    for schema, back in ((local("micros"), "datetime64[us]"), (DATE, "datetime64[D]"), (local("nanos"), "datetime64[ns]")):
        parsed = parse_schema(schema)
        try:
            data = parsed.encode(value)
        except DatumError:
            continue
        assert numpy.datetime64(parsed.decode(data), back[11:-1]) == value


def test_other_scalars_of_numpy_itself() -> None:
    numpy = pytest.importorskip("numpy")
    for schema, value in (("boolean", numpy.bool_(True)), ("string", numpy.str_("a\0")), ("bytes", numpy.bytes_(b"a\0"))):
        parsed = parse_schema(schema)
        assert parsed.decode(parsed.encode(value)) == value
    for wrong in (numpy.array([5]), numpy.array(5), numpy.timedelta64(5, "ns"), numpy.datetime64("NaT")):
        with pytest.raises(DatumError):
            parse_schema("long").encode(wrong)
