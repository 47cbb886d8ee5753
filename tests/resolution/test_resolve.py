"""Schema resolution, rule by rule."""

import datetime as dt
from decimal import Decimal

import pytest

from avro_ocf import parse_schema
from avro_ocf.errors import ResolutionError
from avro_ocf.limits import DEFAULT_LIMITS
from avro_ocf.oracle.equality import same
from avro_ocf.reference import decode, encode
from avro_ocf.resolution.compatibility import incompatibilities
from avro_ocf.resolution.plan import ReadRecord
from avro_ocf.resolution.resolve import resolve
from avro_ocf.schema.parse import parse_node
from tests.resolution.schemas import array, enum, fixed, logical, mapping, parsed, read_as, record

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
SAMPLES = {"null": None, "boolean": True, "int": 7, "long": 7, "float": 1.5, "double": 1.5, "bytes": b"abc", "string": "abc"}
PROMOTED = {
    ("int", "long"): 7,
    ("int", "float"): 7.0,
    ("int", "double"): 7.0,
    ("long", "float"): 7.0,
    ("long", "double"): 7.0,
    ("float", "double"): 1.5,
    ("string", "bytes"): b"abc",
    ("bytes", "string"): "abc",
}

AB = {"a": 1, "b": "x"}
LOCAL = dt.datetime.fromisoformat("1970-01-01T00:00:00.001")
PRICE = Decimal("1.50")
NODE = record("Node", ("value", "int"), ("next", ["null", "Node"]))
NODE_OF_DOUBLES = record("Node", ("next", ["null", "Node"]), ("value", "double"))


@pytest.mark.parametrize("reader", PRIMITIVES)
@pytest.mark.parametrize("writer", PRIMITIVES)
def test_primitives_are_read_as_themselves_or_promoted(writer: str, reader: str) -> None:
    if writer == reader:
        assert same(read_as(writer, reader, SAMPLES[writer]), SAMPLES[writer])
    elif (writer, reader) in PROMOTED:
        assert same(read_as(writer, reader, SAMPLES[writer]), PROMOTED[writer, reader])
    else:
        with pytest.raises(ResolutionError, match=f"{writer} cannot be read as {reader}"):
            resolve(parsed(writer), parsed(reader))


@pytest.mark.parametrize(
    ("writer", "reader", "datum", "value"),
    [
        # Records: fields by name, the reader's order, what it lacks skipped, defaults for what the writer lacks.
        (record("R", ("a", "int"), ("b", "string")), record("R", ("b", "bytes"), ("a", "int")), AB, {"b": b"x", "a": 1}),
        (record("R", ("a", array("string")), ("b", "int")), record("R", ("b", "int")), {"a": ["x", "y"], "b": 2}, {"b": 2}),
        (record("R"), record("R", ("a", "double", 1), ("b", "bytes", "\u00ff")), {}, {"a": 1.0, "b": b"\xff"}),
        (record("R"), record("R", ("a", record("S", ("x", "int", 1), ("y", "int", 2)), {"y": 3})), {}, {"a": {"x": 1, "y": 3}}),
        (record("R", ("a", "int")), record("R", ("b", "long", 9, ["a"])), {"a": 1}, {"b": 1}),
        (
            record("R", ("a", "int"), ("b", "string")),
            record("R", ("b", "string", "", ["a"]), ("c", "int", 5, ["a"])),
            AB,
            {"b": "x", "c": 1},
        ),
        (record("R", ("a", "int")), record("R", ("x", "int", 8, ["a"]), ("a", "int")), {"a": 1}, {"x": 8, "a": 1}),
        # Names: the fullname, an alias, or the name alone.
        (record("a.R", ("x", "int")), record("b.R", ("x", "int")), {"x": 1}, {"x": 1}),
        (record("a.R", ("x", "int")), record("b.S", ("x", "int"), aliases=["a.R"]), {"x": 1}, {"x": 1}),
        (fixed("a.F", 2), fixed("F", 2), b"ab", b"ab"),
        (fixed("F", 2), fixed("G", 2, aliases=["F"]), b"ab", b"ab"),
        # Enums: by symbol, the reader's default for one it does not know.
        (enum("E", "A", "B", "C"), enum("E", "C", "A", "B"), "C", "C"),
        (enum("E", "A", "B"), enum("E", "A", "Z", default="Z"), "B", "Z"),
        # Arrays and maps.
        (array("int"), array("double"), [1, 2], [1.0, 2.0]),
        (mapping("string"), mapping("bytes"), {"k": "v"}, {"k": b"v"}),
        # The writer's union.
        (["null", "int"], "long", 5, 5),
        (["null", "string"], ["int", "string"], "x", "x"),
        ([record("A", ("x", "int")), record("B", ("y", "int"))], record("B", ("y", "long")), ("B", {"y": 3}), {"y": 3}),
        # The reader's union: the first branch that matches, as far down as can be seen.
        ("int", ["null", "long"], 5, 5),
        ("int", ["string", "double", "long"], 5, 5.0),
        ("string", ["null", "bytes"], "x", b"x"),
        # A branch of the writer's own type comes before all others.
        ("int", ["double", "int"], 5, 5),
        ("long", ["float", "null", "long"], 5, 5),
        ("string", ["bytes", "string"], "x", "x"),
        (["int", "string"], ["double", "bytes", "string", "int"], "x", "x"),
        (array("int"), array(["double", "int"]), [5], [5]),
        (array("string"), ["int", array("bytes")], ["x"], [b"x"]),
        (record("R", ("x", "int")), [record("q.R", ("x", "string")), record("R", ("x", "long"))], {"x": 1}, {"x": 1}),
        (record("a.R", ("x", "int")), [record("b.R"), record("a.R", ("x", "int"))], {"x": 1}, {"x": 1}),
        (record("R", ("x", "int")), [record("S", ("x", "bytes"), aliases=["R"]), record("T", aliases=["R"])], {"x": 1}, {}),
        # Unions of the same branches in the same order: each is read as its counterpart.
        (["float", "int"], ["float", "int"], 5, 5),
        (["bytes", "string"], ["bytes", "string"], "x", "x"),
        # Recursion.
        (
            NODE,
            NODE_OF_DOUBLES,
            {"value": 1, "next": {"value": 2, "next": None}},
            {"next": {"next": None, "value": 2.0}, "value": 1.0},
        ),
    ],
)
def test_values_are_read_as_the_reader_asks(writer: object, reader: object, datum: object, value: object) -> None:
    read = read_as(writer, reader, datum)
    assert same(read, value)
    if isinstance(read, dict) and isinstance(value, dict):
        assert list(read) == list(value)


@pytest.mark.parametrize(
    ("writer", "reader", "datum", "value"),
    [
        ("int", logical("int", "date"), 1, dt.date(1970, 1, 2)),
        (logical("int", "date"), "int", dt.date(1970, 1, 2), 1),
        ("int", logical("long", "timestamp-millis"), 1500, dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, dt.UTC)),
        (logical("long", "timestamp-millis"), logical("long", "local-timestamp-millis"), 1, LOCAL),
        (logical("bytes", "decimal", precision=4, scale=2), logical("bytes", "decimal", precision=9, scale=2), PRICE, PRICE),
        (logical("bytes", "decimal", precision=4, scale=2), "bytes", PRICE, b"\x00\x96"),
        (logical("int", "date"), "double", dt.date(1970, 1, 2), 1.0),
        (logical("string", "uuid"), "bytes", "x", b"x"),
    ],
)
def test_the_readers_logical_type_applies(writer: object, reader: object, datum: object, value: object) -> None:
    assert same(read_as(writer, reader, datum), value)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (logical("long", "timestamp-millis"), logical("long", "timestamp-micros")),
        (logical("long", "local-timestamp-micros"), logical("long", "local-timestamp-nanos")),
        (logical("long", "timestamp-millis"), logical("long", "local-timestamp-micros")),
        (logical("int", "time-millis"), logical("long", "time-micros")),
        (logical("int", "date"), logical("long", "timestamp-millis")),
        (logical("bytes", "decimal", precision=4, scale=2), logical("bytes", "decimal", precision=4, scale=1)),
        (logical("bytes", "decimal", precision=4, scale=2), logical("bytes", "big-decimal")),
    ],
)
def test_a_logical_type_that_would_change_the_value_does_not_resolve(writer: object, reader: object) -> None:
    with pytest.raises(ResolutionError, match="its value would change") as caught:
        resolve(parsed(record("R", ("at", writer))), parsed(record("R", ("at", reader))))
    assert caught.value.path == "at"


MILLIS = logical("long", "timestamp-millis")
DECIMAL = logical("bytes", "decimal", precision=4, scale=2)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (MILLIS, ["null", logical("long", "timestamp-micros"), "double"]),
        (MILLIS, ["double", logical("long", "local-timestamp-nanos")]),
        (logical("int", "date"), ["float", logical("int", "time-millis")]),
        (logical("int", "date"), ["null", MILLIS, "double"]),
        (DECIMAL, ["string", logical("bytes", "decimal", precision=4, scale=1)]),
        (DECIMAL, ["null", "string"]),
        (DECIMAL, "string"),
        (logical("bytes", "big-decimal"), "string"),
        ("string", DECIMAL),
    ],
)
def test_no_promotion_takes_the_place_of_a_type_whose_value_would_change(writer: object, reader: object) -> None:
    with pytest.raises(ResolutionError, match="its value would change"):
        resolve(parsed(writer), parsed(reader))


@pytest.mark.parametrize(
    ("writer", "reader", "datum", "value"),
    [
        (MILLIS, ["double", MILLIS], 1500, dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, dt.UTC)),
        (MILLIS, ["double", "long"], 1500, 1500),
        (DECIMAL, ["string", DECIMAL], PRICE, PRICE),
        (DECIMAL, ["string", "bytes"], PRICE, b"\x00\x96"),
        (MILLIS, ["null", "double"], 1500, 1500.0),
    ],
)
def test_a_branch_of_the_writers_type_is_taken_with_its_logical_type(
    writer: object, reader: object, datum: object, value: object
) -> None:
    assert same(read_as(writer, reader, datum), value)


@pytest.mark.parametrize(
    ("writer", "reader", "path", "reason"),
    [
        ("int", "string", "", "int cannot be read as string"),
        (record("R"), record("S"), "", "record R cannot be read as record S"),
        (record("R"), record("R", ("a", "int")), "a", "the writer has no such field, and it has no default"),
        (
            array(mapping(record("R", ("a", "int")))),
            array(mapping(record("R", ("a", "null")))),
            "[][].a",
            "int cannot be read as null",
        ),
        (record("R", ("a", "int")), record("R", ("b", "string", "", ["a"])), "b", "int cannot be read as string"),
        (fixed("F", 2), fixed("F", 3), "", "fixed F of 2 bytes cannot be read as one of 3"),
        (fixed("F", 2), "bytes", "", "fixed F cannot be read as bytes"),
        (enum("E", "A"), enum("F", "A"), "", "enum E cannot be read as enum F"),
        (enum("E", "A"), fixed("E", 1), "", "enum E cannot be read as fixed E"),
        (enum("E", "A"), "string", "", "enum E cannot be read as string"),
        ("int", ["null", "string"], "", "no branch of the reader's union matches int"),
        (["null", "int"], ["string", "boolean"], "", "no branch of the writer's union can be read"),
        (["int"], "string", "", "int cannot be read as string"),
        (record("R", ("a", "int")), ["null", record("R", ("a", "string"))], "a", "int cannot be read as string"),
        (NODE, record("Node", ("value", "string"), ("next", ["null", "Node"])), "value", "int cannot be read as string"),
    ],
)
def test_schemas_that_do_not_resolve_say_where(writer: object, reader: object, path: str, reason: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve(parsed(writer), parsed(reader))
    assert (caught.value.path, caught.value.message) == (path, reason)


ALIASED = {"type": "record", "name": "R", "fields": [{"name": "hp", "type": "int", "aliases": ["hitpoints"]}]}
NEARLY: list[tuple[object, object, str, str]] = [
    (record("R", ("hitPoints", "int")), ALIASED, "field 'hitPoints', nearly 'hitpoints'", "hp"),
    (record("R", ("hit_points", "int")), record("R", ("hitPoints", "int")), "field 'hit_points', nearly 'hitPoints'", "hitPoints"),
    (record("R", ("ammount", "int")), record("R", ("amount", "int")), "field 'ammount', nearly 'amount'", "amount"),
    (array(record("m.Old")), array(record("n.New", aliases=["Old"])), "record 'm.Old', nearly 'n.Old'", "[]"),
    (record("Old"), record("n.New", aliases=["Old"]), "record 'Old', nearly 'n.Old'", ""),
    (record("n.Ship"), ["null", record("n.New", aliases=["n.ship"])], "record 'n.Ship', nearly 'n.ship'", ""),
    (enum("Colour", "A"), enum("Color", "A"), "enum 'Colour', nearly 'Color'", ""),
    (fixed("Sha_256", 2), fixed("SHA256", 2), "fixed 'Sha_256', nearly 'SHA256'", ""),
]


@pytest.mark.parametrize(("writer", "reader", "nearly", "path"), NEARLY)
def test_a_name_that_nearly_matches_is_told(writer: object, reader: object, nearly: str, path: str) -> None:
    hint = f"; the writer has the {nearly}: only an alias of exactly that name matches it"
    with pytest.raises(ResolutionError) as caught:
        resolve(parsed(writer), parsed(reader))
    assert caught.value.message.endswith(hint)
    assert caught.value.path == path
    (found,) = incompatibilities(parsed(writer), parsed(reader))
    assert (found.path, found.reason) == (path, caught.value.message)


def test_names_that_are_far_apart_or_match_give_no_hint() -> None:
    far = (record("R", ("a", "int")), record("R", ("other", "int")))
    size = (fixed("F", 2), fixed("G", 3, aliases=["F"]))
    for writer, reader in (far, size, (record("R"), record("Other")), (enum("E", "A"), fixed("E2", 1))):
        with pytest.raises(ResolutionError) as caught:
            resolve(parsed(writer), parsed(reader))
        assert ";" not in caught.value.message


def test_a_default_that_does_not_fit_is_no_default() -> None:
    reader = parse_node(record("R", ("a", "int", "text")), strict=False, logical_types=True, limits=DEFAULT_LIMITS)
    with pytest.raises(ResolutionError, match="its default does not fit its type"):
        resolve(parsed(record("R")), reader)


def test_what_only_some_data_lack_is_an_error_of_the_data() -> None:
    assert read_as(["null", "int"], "null", None) is None
    with pytest.raises(ResolutionError, match="int cannot be read as null"):
        read_as(["null", "int"], "null", 5)
    assert read_as(enum("E", "A", "B"), enum("E", "A"), "A") == "A"
    with pytest.raises(ResolutionError, match="B"):
        read_as(enum("E", "A", "B"), enum("E", "A"), "B")


def test_every_record_gets_its_own_default() -> None:
    writer = parsed(record("R"))
    plan = resolve(writer, parsed(record("R", ("a", array("int"), [1]))))
    first, second = (decode(plan, b"", 0, DEFAULT_LIMITS)[0] for _ in range(2))
    assert isinstance(first, dict)
    first["a"].append(2)
    assert second == {"a": [1]}


def test_a_recursive_pair_fails_only_if_something_in_it_does() -> None:
    """The branch `Node` of the reader matches on the way down only because it is being compared already."""
    writer = record("Node", ("next", ["null", "Node"]), ("value", "string"))
    reader = record("Node", ("next", ["null", "Node"]), ("value", "int"))
    with pytest.raises(ResolutionError) as caught:
        resolve(parsed(array(writer)), parsed(array(reader)))
    assert caught.value.path == "[].value"
    both = resolve(parsed(writer), parsed([reader, record("Other", ("value", "string"), aliases=["Node"])]))
    assert isinstance(both, ReadRecord)
    assert both.names == ("value",)


def chain(length: int, last: str) -> dict[str, object]:
    """Return a record that refers to record after record, far deeper than its text is nested."""
    fields = [("f0", record("R0", ("x", last)))]
    fields += [(f"f{index}", record(f"R{index}", ("x", f"R{index - 1}"))) for index in range(1, length)]
    return record("Chain", *fields)


@pytest.mark.host  # Pyodide ends when it frees objects nested so deep
def test_chains_of_references_of_any_length_resolve() -> None:
    resolve(parsed(chain(3000, "int")), parsed(chain(3000, "double")))
    with pytest.raises(ResolutionError, match="int cannot be read as string"):
        resolve(parsed(chain(3000, "int")), parsed(chain(3000, "string")))


def test_records_in_one_another_twice_take_no_exponential_time() -> None:
    def doubled(last: str) -> dict[str, object]:
        inner: object = record("R0", ("x", last))
        for index in range(1, 40):
            inner = record(f"R{index}", ("a", inner), ("b", ["null", f"R{index - 1}"]))
        return record("Top", ("a", inner))

    resolve(parsed(doubled("int")), parsed(doubled("long")))
    with pytest.raises(ResolutionError):
        resolve(parsed(doubled("int")), parsed(doubled("string")))


@pytest.mark.slow
def test_the_number_of_comparisons_is_bounded() -> None:
    def many(space: str) -> list[object]:
        return [record(f"{space}{index}.R") for index in range(1100)]

    with pytest.raises(ResolutionError, match="comparisons"):
        resolve(parsed(many("a")), parsed(many("b")))


def test_data_in_bytes_is_that_of_the_writer() -> None:
    writer = parsed(record("R", ("a", "int"), ("b", "string")))
    data = encode(writer, {"a": 1, "b": "x"}, DEFAULT_LIMITS)
    plan = resolve(writer, parsed(record("R", ("b", "string"))))
    assert decode(plan, data + b"rest", 0, DEFAULT_LIMITS) == ({"b": "x"}, len(data))


@pytest.mark.parametrize("kind", ["record", "enum"])
def test_a_branch_of_the_very_name_goes_before_one_with_an_alias(kind: str) -> None:
    inside: dict[str, object] = {"fields": []} if kind == "record" else {"symbols": ["A"]}
    cat = {"type": kind, "name": "Cat", "aliases": ["Dog"], **inside}
    dog = {"type": kind, "name": "Dog", **inside}
    writer = parse_schema([cat, dog])
    data = writer.encode(("Dog", {} if kind == "record" else "A"))
    for reader in ([cat, dog], [cat, dog, "null"], ["null", cat, dog]):
        assert writer.decode(data, parse_schema(reader), branches=True)[0] == "Dog"
    assert writer.decode(data, parse_schema(["null", cat, "string"]), branches=True)[0] == "Cat"
