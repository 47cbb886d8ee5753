"""The limits of one datum: at the limit, and one past it."""

from collections.abc import Callable

import pytest

from avro_ocf.errors import DatumError, FormatError, LimitError
from avro_ocf.limits import DEFAULT_LIMITS, Limits
from avro_ocf.reference import Budget, decode, encode, skip
from avro_ocf.resolution.identity import identity
from avro_ocf.schema.measure import FREE_ZERO_BYTE_VALUES
from tests.reference.schemas import array, fixed, map_of, node, record

LIST = record("List", next=["null", "List"])
TREE = record("Tree", kids=array("Tree"))
NEST = record("Nest", inside=["null", map_of("Nest")])


def chain(depth: int) -> object:
    datum: object = None
    for _ in range(depth):
        datum = {"next": datum}
    return datum


def tree(depth: int) -> object:
    datum: list[object] = []
    for _ in range(depth // 2 - 1):
        datum = [{"kids": datum}]
    return {"kids": datum}


def nest(depth: int) -> object:
    datum: object = {"inside": None} if depth % 2 else {"inside": {}}
    for _ in range((depth - 1) // 2):
        datum = {"inside": {"k": datum}}
    return datum


@pytest.mark.parametrize(("schema", "make"), [(LIST, chain), (TREE, tree), (NEST, nest)])
@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, Limits(datum_depth=10)])
def test_depth(schema: object, make: Callable[[int], object], limits: Limits) -> None:
    parsed, depth = node(schema), limits.datum_depth
    step = 2 if make is tree else 1
    deep = Limits(datum_depth=depth + step)
    data = encode(parsed, make(depth), limits)
    assert decode(identity(parsed), data, 0, limits) == (make(depth), len(data))
    assert skip(parsed, data, 0, limits) == len(data)
    data = encode(parsed, make(depth + step), deep)
    assert decode(identity(parsed), data, 0, deep) == (make(depth + step), len(data))
    with pytest.raises(DatumError, match=r"nested more|fits no branch"):
        encode(parsed, make(depth + step), limits)
    with pytest.raises(LimitError, match="nested more"):
        decode(identity(parsed), data, 0, limits)
    with pytest.raises(LimitError, match="nested more"):
        skip(parsed, data, 0, limits)


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_python_s_stack_is_no_error_of_its_own() -> None:
    limits = Limits(datum_depth=10**9)
    parsed = node(LIST)
    with pytest.raises(DatumError, match="stack"):
        encode(parsed, chain(100_000), limits)
    for act in (lambda: decode(identity(parsed), b"\2" * 100_000, 0, limits), lambda: skip(parsed, b"\2" * 100_000, 0, limits)):
        with pytest.raises(LimitError, match="stack"):
            act()


def test_a_datum_inside_itself_is_nested_too_deep() -> None:
    datum: dict[str, object] = {}
    datum["next"] = datum
    with pytest.raises(DatumError):
        encode(node(LIST), datum, DEFAULT_LIMITS)


PAIR = record("Pair", a="null", b=fixed(0))
MANY = record("Many", **{f"f{number}": "null" for number in range(FREE_ZERO_BYTE_VALUES + 1)})
ALL = {f"f{number}": None for number in range(FREE_ZERO_BYTE_VALUES + 1)}
COST = FREE_ZERO_BYTE_VALUES + 2
CHARGED = [
    (array("null"), [None] * 7, 7),
    (array(fixed(0)), [b""] * 7, 7),
    (array(PAIR), [{"a": None, "b": b""}] * 2, 6),
    ("null", None, 1),
    (PAIR, {"a": None, "b": b""}, 3),
    (map_of(MANY), {"k": ALL, "l": ALL}, 2 * COST),
    (["int", MANY], ALL, COST),
    (array(["int", MANY]), [ALL, 1, ALL], 2 * COST),
    (record("Beside", n="int", many=MANY), {"n": 1, "many": ALL}, COST),
]


@pytest.mark.parametrize(("schema", "datum", "cost"), CHARGED)
def test_values_that_take_no_byte(schema: object, datum: object, cost: int) -> None:
    parsed = node(schema)
    enough, short = Limits(zero_byte_items=cost), Limits(zero_byte_items=cost - 1)
    budgets = [Budget(cost) for _ in range(3)]
    data = encode(parsed, datum, enough, budgets[0])
    assert decode(identity(parsed), data, 0, enough, budgets[1]) == (datum, len(data))
    assert skip(parsed, data, 0, enough, budgets[2]) == len(data)
    assert [budget.spent for budget in budgets] == [cost] * 3
    with pytest.raises(DatumError, match=f"more than {cost - 1} values"):
        encode(parsed, datum, short)
    with pytest.raises(LimitError, match=f"more than {cost - 1} values"):
        decode(identity(parsed), data, 0, short)
    with pytest.raises(LimitError, match=f"more than {cost - 1} values"):
        skip(parsed, data, 0, short)


@pytest.mark.parametrize(
    ("schema", "datum"),
    [(["null", "int"], None), (map_of("null"), {"a": None, "b": None}), (record("R", a="null", b="int"), {"a": None, "b": 1})],
)
def test_a_few_beside_bytes_are_free(schema: object, datum: object) -> None:
    budget = Budget(0)
    data = encode(node(schema), datum, DEFAULT_LIMITS, budget)
    assert decode(identity(node(schema)), data, 0, DEFAULT_LIMITS, budget) == (datum, len(data))


def test_a_budget_is_not_charged_for_a_datum_that_fails() -> None:
    budget = Budget(10)
    with pytest.raises(DatumError):
        encode(node(record("R", a=array("null"), b="int")), {"a": [None] * 5, "b": "x"}, DEFAULT_LIMITS, budget)
    assert budget.spent == 0


def test_an_announced_array_costs_no_memory() -> None:
    head = b"\xfe" + b"\xff" * 8 + b"\1"
    for items in ("null", PAIR, "int", array("int")):
        for act in (
            lambda parsed: decode(identity(parsed), head, 0, DEFAULT_LIMITS),
            lambda parsed: skip(parsed, head, 0, DEFAULT_LIMITS),
        ):
            with pytest.raises(FormatError):
                act(node(array(items)))


def test_a_record_that_doubles_thirty_times_is_refused_at_once() -> None:
    schema: object = "null"
    datum: object = None
    for level in range(30):
        fields = [{"name": "a", "type": schema}, {"name": "b", "type": f"R{level - 1}" if level else "null"}]
        schema = {"type": "record", "name": f"R{level}", "fields": fields}
        datum = {"a": datum, "b": datum}
    with pytest.raises(DatumError, match="no byte"):
        encode(node(schema), datum, DEFAULT_LIMITS)
    with pytest.raises(LimitError, match="no byte"):
        decode(identity(node(schema)), b"", 0, DEFAULT_LIMITS)


def test_a_default_counts_towards_the_limits() -> None:
    field = {"name": "xs", "type": array("null"), "default": [None] * 5}
    parsed = node({"type": "record", "name": "R", "fields": [field]})
    assert encode(parsed, {}, Limits(zero_byte_items=5, datum_depth=2)) == b"\x0a\0"
    for limits in (Limits(zero_byte_items=4), Limits(datum_depth=1)):
        with pytest.raises(DatumError) as caught:
            encode(parsed, {}, limits)
        assert caught.value.path == "xs"
