"""Schemas and seeded records to measure with."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

TABLES_FILE = Path(__file__).parents[2] / "shared" / "data" / "battle_tables.json"
"""A larger set of tables than `TABLES`, used where it is at hand."""
TABLES_BEFORE_FILE = TABLES_FILE.with_name("battle_tables_v0_4.json")
"""The same as they were in an older version."""


def record(name: str, /, **fields: object) -> dict[str, Any]:
    """Return a record's schema."""
    return {"type": "record", "name": name, "fields": [{"name": key, "type": type_} for key, type_ in fields.items()]}


UUID_TEXT = {"type": "string", "logicalType": "uuid"}
TABLES: Mapping[str, Any] = {
    "points": record("Point", x="double", y="double", time="long"),
    "env": record("Env", version="string", uuid=UUID_TEXT, user="string", timestamp="long"),
    "ships": record(
        "Ship",
        env_uuid=UUID_TEXT,
        id="int",
        level="int",
        name="string",
        hp=["null", "int"],
        speed=["null", "int"],
        fuel=["null", "int"],
        slots={"type": "array", "items": ["null", "int"]},
        onslots=["null", {"type": "array", "items": "int"}],
    ),
    "attacks": record(
        "Attack",
        env_uuid=UUID_TEXT,
        index="int",
        at_list={"type": "array", "items": "int"},
        df_list={"type": "array", "items": {"type": "array", "items": "int"}},
        damage={"type": "array", "items": {"type": "array", "items": "double"}},
        kind={"type": "enum", "name": "Kind", "symbols": ["GUN", "TORPEDO", "AIR"]},
        flags={"type": "map", "values": "boolean"},
    ),
}
"""A few shapes: numbers, texts, optional fields, nested arrays."""

INTS = {"type": "array", "items": "int"}
SMALL_INTS = {"type": "array", "items": ["null", "int"]}
BATTLE: Mapping[str, Any] = record(
    "Battle",
    env_uuid=UUID_TEXT,
    uuid=UUID_TEXT,
    index="int",
    timestamp={"type": "long", "logicalType": "timestamp-millis"},
    cell_id="int",
    formation=["null", "int"],
    at_list=INTS,
    df_list={"type": "array", "items": INTS},
    damage={"type": "array", "items": {"type": "array", "items": "double"}},
    items=SMALL_INTS,
    protect_flag={"type": "array", "items": "boolean"},
    f_now_hps=INTS,
    e_now_hps=INTS,
    drop_ship_id=["null", "int"],
)
"""One of the game's logs in short: ids, a time, optional fields and nested arrays."""

FIRST_PLAY_MS = 1_764_000_000_000


def tables() -> Mapping[str, Any]:
    """Return schemas by table name."""
    if not TABLES_FILE.exists():
        return TABLES
    content: dict[str, Any] = json.loads(TABLES_FILE.read_text(encoding="utf-8"))
    return content["tables"]  # type: ignore[no-any-return]


def tables_before() -> Mapping[str, Any]:
    """Return the same tables' schemas as they were in an older version, with fewer fields, by name."""
    if not TABLES_BEFORE_FILE.exists():
        return {name: {**schema, "fields": schema["fields"][:-2]} for name, schema in TABLES.items()}
    content: dict[str, Any] = json.loads(TABLES_BEFORE_FILE.read_text(encoding="utf-8"))
    return content["tables"]  # type: ignore[no-any-return]


def play(schema: Any, seed: int, count: int, *, uuid_as_text: bool = True) -> list[Any]:
    """Return `count` records, by default as JSON has them, all of one play: they share its id and follow one another in time."""
    source = Source(uuid_as_text=uuid_as_text, seed=seed)
    ours = source.value(UUID_TEXT)
    found = [source.value(schema) for _ in range(count)]
    for index, record in enumerate(found):
        # Equal and another object, as what is parsed from a request.
        env_uuid = ours if uuid_as_text else UUID(int=ours.int)
        same = {"env_uuid": env_uuid, "index": index, "timestamp": FIRST_PLAY_MS + seed * 1000 + index * 90_000}
        record.update((name, value) for name, value in same.items() if name in record)
    return found


class Source:
    """Draws values of a schema."""

    def __init__(self, *, uuid_as_text: bool, seed: int = 20261124) -> None:
        self._random = random.Random(seed)
        self._uuid_as_text = uuid_as_text
        self._named: dict[str, Any] = {}

    def value(self, schema: Any) -> Any:
        """Return a value that looks like those of logs: mostly small ints, longs that are times, short texts, some nulls."""
        if isinstance(schema, list):
            return self.value(schema[self._random.random() > 1 / 3 if len(schema) == 2 else self._random.randrange(len(schema))])
        if isinstance(schema, str):
            return self.value(self._named[schema]) if schema in self._named else self._primitive(schema)
        kind = schema["type"]
        if "name" in schema:
            self._named[schema["name"]] = schema
        if kind == "record":
            return {field["name"]: self.value(field["type"]) for field in schema["fields"]}
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self._random.randint(1, 6))]
        if kind == "map":
            return {self._text(): self.value(schema["values"]) for _ in range(self._random.randint(1, 4))}
        if kind == "enum":
            return self._random.choice(schema["symbols"])
        if kind == "fixed":
            return self._random.randbytes(schema["size"])
        if schema.get("logicalType") == "uuid":
            uuid = UUID(int=self._random.getrandbits(128), version=4)
            return str(uuid) if self._uuid_as_text else uuid
        return self._primitive(kind)

    def _primitive(self, kind: str) -> Any:
        if kind == "null":
            return None
        if kind == "boolean":
            return self._random.random() < 1 / 2
        if kind in {"int", "long"}:
            bounds, weights = ((100, 10_000, 2**31), (65, 30, 5)) if kind == "int" else ((100, 10_000, 2**41), (30, 30, 40))
            return self._random.randrange(self._random.choices(bounds, weights)[0])
        if kind in {"float", "double"}:
            return self._random.randrange(10_000) / 8  # exact in both
        return self._text().encode() if kind == "bytes" else self._text()

    def _text(self) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=self._random.randint(3, 16)))
