"""What is measured: schemas, and seeded records of them."""

import copy
import json
import random
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from avro_ocf import check_compatibility, parse_schema
from benchmarks.data import Source, play, record, tables, tables_before
from benchmarks.public import public as strangers

ROOT = Path(__file__).parents[1]
USERS = 50
MANY = 50
"""Items of a long array."""


class Workload(NamedTuple):
    """A file's schema, how to read it, and what makes `count` records for it."""

    name: str
    schema: Any
    records: Callable[[int], list[Any]]
    reader_schema: Any = None
    logical_types: bool = True


def public() -> Iterable[Workload]:
    """Yield schemas as strangers have them."""
    return (Workload(found.name, found.kind.schema, found.records) for found in strangers())


def battle() -> Iterable[Workload]:
    """Yield all tables of the game's logs, each with the records of 50 users, one user after another."""
    return (_battle_table(name, schema) for name, schema in tables().items())


def shapes() -> Iterable[Workload]:
    """Yield one workload for each kind of thing that schemas have."""
    examples = ROOT / "docs" / "examples"
    lines = (examples / "weather.ndjson").read_text(encoding="utf-8").splitlines()
    weather = [json.loads(line) for line in lines]
    schema = json.loads((examples / "weather.avsc").read_text(encoding="utf-8"))
    yield Workload("weather", schema, lambda count: [dict(found) for found in islice(cycle(weather), count)])
    yield _drawn("10 ints", record("Ints", **{f"number_{index}": "int" for index in range(10)}))
    yield _drawn("40 nullable fields", FORTY)
    yield Workload("strings", record("Strings", **{f"text_{index}": "string" for index in range(8)}), _strings)
    point = record("Point", x="double", y="double", z="double", tags={"type": "map", "values": "double"})
    yield _drawn("map and doubles", point)
    yield Workload("array of small ints", _array_of("int"), lambda count: _arrays(count, lambda source: source.randrange(-64, 64)))
    yield Workload(
        "array of 64-bit ints", _array_of("long"), lambda count: _arrays(count, lambda source: source.getrandbits(64) - 2**63)
    )
    yield _drawn("array of records", _array_of(record("Item", id="int", name="string", price="double")))
    yield Workload("logical types", LOGICAL, lambda count: _logical(count, raw=False))
    yield Workload("logical types off", LOGICAL, lambda count: _logical(count, raw=True), logical_types=False)


def resolution() -> Iterable[Workload]:
    """Yield the tables that got fields since, written as they were and read as they are; for that, new fields got defaults."""
    now = tables()
    for name, schema in tables_before().items():
        reader = _with_defaults(now[name], schema)
        if reader != schema and not check_compatibility(parse_schema(reader), parse_schema(schema)):
            yield _battle_table(name, schema)._replace(reader_schema=reader)


def projection() -> Iterable[Workload]:
    """Yield one field read out of forty: an early one, one in the middle and the last one."""
    for index in (0, 20, 39):
        schema = {**FORTY, "fields": FORTY["fields"][index : index + 1]}
        yield _drawn(f"field {index + 1} of 40", FORTY)._replace(reader_schema=schema)


def datums() -> Iterable[Workload]:
    """Yield what is also measured one datum at a time, without a file."""
    names = {"weather", "array of small ints"} | {max(tables(), key=lambda name: len(tables()[name]["fields"]))}
    return (workload for workload in (*shapes(), *battle()) if workload.name in names)


GROUPS = {
    "public": public,
    "battle": battle,
    "shapes": shapes,
    "resolution": resolution,
    "projection": projection,
    "datums": datums,
}

FORTY: dict[str, Any] = record(
    "Forty", **{f"field_{index}": ["null", ("int", "string", "double", "long", "boolean")[index % 5]] for index in range(40)}
)
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
LOGICAL: dict[str, Any] = record(
    "Logical",
    id={"type": "string", "logicalType": "uuid"},
    day={"type": "int", "logicalType": "date"},
    at={"type": "int", "logicalType": "time-millis"},
    at_exactly={"type": "long", "logicalType": "time-micros"},
    made={"type": "long", "logicalType": "timestamp-millis"},
    changed={"type": "long", "logicalType": "timestamp-micros"},
    price=DECIMAL,
)


def _battle_table(name: str, schema: Any) -> Workload:
    def records(count: int) -> list[Any]:
        per_user = max(count // USERS, 1)
        return [found for user in range(USERS) for found in play(schema, user, per_user, uuid_as_text=False)]

    return Workload(name, schema, records)


def _drawn(name: str, schema: Any) -> Workload:
    def records(count: int) -> list[Any]:
        source = Source(uuid_as_text=False)
        return [source.value(schema) for _ in range(count)]

    return Workload(name, schema, records)


def _array_of(items: Any) -> dict[str, Any]:
    return record("Array", id="int", values={"type": "array", "items": items})


def _arrays(count: int, item: Callable[[random.Random], int]) -> list[Any]:
    source = random.Random(1)
    return [{"id": index, "values": [item(source) for _ in range(MANY)]} for index in range(count)]


def _strings(count: int) -> list[Any]:
    """Return words of 3 to 16 letters, an eighth of them in Japanese."""
    source = random.Random(2)

    def text() -> str:
        letters = "あいうえおかきくけこ" if source.random() < 1 / 8 else "abcdefghijklmnopqrstuvwxyz"
        return "".join(source.choices(letters, k=source.randint(3, 16)))

    return [{f"text_{index}": text() for index in range(8)} for _ in range(count)]


def _logical(count: int, *, raw: bool) -> list[Any]:
    source = random.Random(3)
    found = [
        {
            "id": Source(uuid_as_text=True, seed=index).value(LOGICAL["fields"][0]["type"]),
            "day": source.randrange(25_000),
            "at": source.randrange(86_400_000),
            "at_exactly": source.randrange(86_400_000_000),
            "made": source.randrange(2_000_000_000_000),
            "changed": source.randrange(2_000_000_000_000_000),
            "price": source.randrange(10**9).to_bytes(5, "big"),
        }
        for index in range(count)
    ]
    if raw:
        return found
    plain, typed = parse_schema(LOGICAL, logical_types=False), parse_schema(LOGICAL)
    return [typed.decode(plain.encode(values)) for values in found]


def _with_defaults(schema: Any, before: Any) -> Any:
    """Return a schema in which each field that was not there before has a default: the first branch's empty value."""
    schema = copy.deepcopy(schema)
    names = {field["name"] for field in before["fields"]}
    for field in schema["fields"]:
        kind = field["type"]
        first = kind[0] if isinstance(kind, list) else kind
        name = first["type"] if isinstance(first, dict) else first
        empty: dict[str, Any] = {"null": None, "array": [], "map": {}, "string": str(UUID(int=0)), "boolean": False}
        if field["name"] not in names:
            field["default"] = first["symbols"][0] if name == "enum" else empty.get(name, 0)
    return schema
