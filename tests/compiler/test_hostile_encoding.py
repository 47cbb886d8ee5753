"""Schemas and datums made to cost much or to mislead the encoder: the reference's bytes and verdicts, and bounded code."""

import re
from decimal import Decimal
from typing import Any

import pytest

from avro_ocf import reference
from avro_ocf.compiler import Encoder
from avro_ocf.compiler.codec import BY_REFERENCE
from avro_ocf.compiler.encoding import raws
from avro_ocf.compiler.encoding.encode import LOOPS_MAX
from avro_ocf.compiler.encoding.floats import RUN_MAX
from avro_ocf.compiler.varints import PREFIXES, small_texts
from avro_ocf.limits import DEFAULT_LIMITS
from tests.compiler.test_agreement import agree, node_of


def array_of(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def record_of(*types: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": f"f{index}", "type": type_} for index, type_ in enumerate(types)]}


def agrees(schema: Any, value: object) -> str:
    node = node_of(schema)
    encoder = Encoder(node, DEFAULT_LIMITS)
    return agree(lambda: encoder.encode(value), lambda: reference.encode(node, value, DEFAULT_LIMITS))[0]


def test_the_depth_of_a_default_counts() -> None:
    inner: dict[str, Any] = {"c": []}
    for _ in range(3):
        inner = {"c": [inner]}
    schema = {"type": "record", "name": "N", "fields": [{"name": "c", "type": array_of("N"), "default": [inner]}]}
    found = []
    for depth in range(40, 52):
        value: dict[str, Any] = {}
        for _ in range(depth):
            value = {"c": [value]}
        found.append(agrees(schema, value))
    assert set(found) == {"value", "DatumError"}


def test_an_enum_used_many_times_has_one_table() -> None:
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    encoder = Encoder(node_of(record_of(enum, *["E"] * 50)), DEFAULT_LIMITS)
    assert len(set(re.findall(r"\b_enum\d+", encoder.source))) == 1


class Liar:
    """Says that it is "A"."""

    def __hash__(self) -> int:
        return hash("A")

    def __eq__(self, other: object) -> bool:
        return True


class LiarText(str):
    __slots__ = ()
    __hash__ = Liar.__hash__

    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize("value", [Liar(), LiarText("B"), LiarText("zz"), "B", "zz", None, 1])
def test_what_says_that_it_is_a_symbol(value: object) -> None:
    enum = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
    agrees(enum, value)
    agrees(["null", enum], value)
    agrees(array_of(enum), [value])
    agrees(record_of(enum, array_of(["null", "E"])), {"f0": value, "f1": ["A", value]})


def test_tables_of_few_branches_are_kept() -> None:
    fixed = [{"type": "fixed", "name": f"F{index}", "size": 1} for index in range(70)]
    for count in (0, 1, 7, 8, 63, 64, 69):
        for value in (0, -5, 8191, 10**6):
            assert agrees([*fixed[:count], "int"], value) == "value"
        for text in ("", "a", "é" * 5000):
            assert agrees([*fixed[:count], "string"], text) == "value"
        assert agrees([*fixed[:count], array_of("int")], [1] * 9000) == "value"
        assert agrees([*fixed[:count], array_of("int")], []) == "value"
    assert small_texts.cache_info().currsize <= 1 + len(PREFIXES)


def test_records_of_very_many_loops_are_left_to_the_reference() -> None:
    types = [{"type": "map", "values": "double"}, array_of("int")] * (LOOPS_MAX // 2)
    assert Encoder(node_of(record_of(*types, array_of("int"))), DEFAULT_LIMITS).source == BY_REFERENCE
    assert Encoder(node_of(record_of(*types)), DEFAULT_LIMITS).source != BY_REFERENCE


class Meddler:
    """Changes a list when it is added to something, or compared with it."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def _meddle(self, _: object) -> Any:
        return self._change()

    __radd__ = __ge__ = __le__ = __lt__ = __gt__ = _meddle


def fail() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("items", ["int", "long"])
@pytest.mark.parametrize("place", [0, 3, -1])
def test_items_that_meddle(items: str, place: int) -> None:
    values: list[Any] = [1] * 20
    for change in (values.pop, lambda: values.__setitem__(place, 1), fail):
        values[:] = [1] * 20
        values[place] = Meddler(change)
        assert agrees(array_of(items), values) == "DatumError"
        assert len(values) == 20


def test_a_long_decimal_is_not_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def number_of(text: str) -> int:
        assert len(text) <= 20
        return int(text)

    monkeypatch.setattr(raws, "int", number_of, raising=False)
    schema = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}
    assert agrees(schema, Decimal("-1234567890123456.78")) == "value"
    assert agrees(schema, Decimal("1" * 100_000 + ".00")) == "DatumError"


def test_a_run_of_numbers_has_an_end() -> None:
    schema = record_of(*["double"] * (2 * RUN_MAX + 1))
    record = {f"f{index}": index / 2 for index in range(2 * RUN_MAX + 1)}
    assert agrees(schema, record) == "value"
    assert Encoder(node_of(schema), DEFAULT_LIMITS).source.count("_pack") == 3
