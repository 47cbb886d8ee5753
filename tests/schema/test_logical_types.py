"""Which logical types are in force. One that is not valid is ignored, in both modes."""

import pytest

from avro_ocf.schema.logical_types import UNDERLYING
from avro_ocf.schema.model import PRIMITIVES, Logical
from tests.schema.build import array, fixed, inner, parsed

DIGITS = {"precision": 4, "scale": 2}


def logical_of(schema: object) -> Logical | None:
    lenient, strict = parsed(schema, strict=False), parsed(schema)
    assert lenient.logical == strict.logical
    assert parsed(schema, logical_types=False).logical is None
    return strict.logical


@pytest.mark.parametrize("name", UNDERLYING)
@pytest.mark.parametrize("type_name", PRIMITIVES)
def test_on_primitives(name: str, type_name: str) -> None:
    found = logical_of({"type": type_name, "logicalType": name, **DIGITS})
    assert (found is not None) is (type_name in UNDERLYING[name])
    if found is not None:
        assert found == (Logical("decimal", 4, 2) if name == "decimal" else Logical(name))


@pytest.mark.parametrize(
    ("name", "size", "valid"),
    [
        ("uuid", 16, True),
        ("uuid", 15, False),
        ("duration", 12, True),
        ("duration", 13, False),
        ("date", 4, False),
        ("big-decimal", 9, False),
    ],
)
def test_on_fixed(name: str, size: int, valid: bool) -> None:
    assert logical_of(fixed(size, logicalType=name)) == (Logical(name) if valid else None)


@pytest.mark.parametrize(("size", "digits"), [(1, 2), (2, 4), (4, 9), (8, 18), (12, 28), (16, 38), (100, 240), (4096, 9863)])
def test_a_decimal_must_fit_its_fixed(size: int, digits: int) -> None:
    assert 10**digits <= 2 ** (8 * size - 1) < 10 ** (digits + 1)
    assert logical_of(fixed(size, logicalType="decimal", precision=digits)) == Logical("decimal", digits, 0)
    assert logical_of(fixed(size, logicalType="decimal", precision=digits + 1)) is None


@pytest.mark.parametrize(
    "digits",
    [
        {},
        {"precision": 0},
        {"precision": -1},
        {"precision": "4"},
        {"precision": 4.0},
        {"precision": True},
        {"precision": None},
        {"precision": 4, "scale": 5},
        {"precision": 4, "scale": -1},
        {"precision": 4, "scale": "1"},
        {"precision": 4, "scale": None},
        {"scale": 2},
    ],
)
def test_an_invalid_decimal_is_ignored(digits: dict[str, object]) -> None:
    assert logical_of({"type": "bytes", "logicalType": "decimal", **digits}) is None


def test_a_decimal_of_no_bytes_is_ignored() -> None:
    assert logical_of(fixed(0, logicalType="decimal", precision=1)) is None


def test_a_huge_precision_costs_nothing() -> None:
    assert logical_of(fixed(2**31 - 1, logicalType="decimal", precision=10**30)) is None
    assert logical_of({"type": "bytes", "logicalType": "decimal", "precision": 10**30}) == Logical("decimal", 10**30, 0)


@pytest.mark.parametrize("name", ["frobnicated", "", 5, None, ["date"], {}])
def test_an_unknown_logical_type_is_ignored(name: object) -> None:
    assert logical_of({"type": "int", "logicalType": name}) is None


def test_a_logical_type_on_a_complex_type_is_ignored() -> None:
    assert logical_of(array("int") | {"logicalType": "date"}) is None
    assert inner(parsed(array({"type": "int", "logicalType": "date"}))).logical == Logical("date")
