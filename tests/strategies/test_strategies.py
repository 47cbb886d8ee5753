"""The strategies keep their word: what they draw is valid, fits and comes back as it was."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf import parse_schema
from tests.strategies import damaged, datums, evolutions, same, schemas


@given(data=st.data())
def test_values_fit_their_schema_and_come_back(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(schemas()))
    datum = data.draw(datums(schema.node))
    assert same(schema.decode(schema.encode(datum)), datum)


@given(data=st.data())
def test_evolved_schemas_are_valid(data: st.DataObject) -> None:
    parse_schema(data.draw(evolutions(data.draw(schemas()))))


@given(data=st.data(), original=st.binary(max_size=50))
def test_damage_is_small(data: st.DataObject, original: bytes) -> None:
    assert len(data.draw(damaged(original))) <= len(original) + 3 * 32


ALIKE = [(float("nan"), -float("nan")), (Decimal("1.50"), Decimal("1.5")), ({"a": 1, "b": [2]}, {"b": [2], "a": 1})]
UNLIKE = [(0.0, -0.0), (True, 1), (1, 1.0), ("a", b"a"), ([1], [1, 2]), ({"a": 1}, {"a": 1.0}), (None, False), (b"", bytearray())]


@pytest.mark.parametrize(("a", "b"), ALIKE)
def test_same(a: object, b: object) -> None:
    assert same(a, b)


@pytest.mark.parametrize(("a", "b"), UNLIKE)
def test_not_the_same(a: object, b: object) -> None:
    assert not same(a, b)
