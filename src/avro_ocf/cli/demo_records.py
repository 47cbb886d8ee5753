"""What the users of the demo post: battles, by a schema, and settings, plain JSON. The same seed makes the same records."""

from random import Random
from typing import Any, Final, NamedTuple

from avro_ocf.extended_json import dumps

NOVEMBER_MS: Final = 1_793_491_200_000
"""2026-11-01, the first day of the demo's only month."""

BATTLES: Final = "battles"
SETTINGS: Final = "settings"
TIMESTAMP_FIELD: Final = "at"

_UPLOADS: Final = 2
_BATTLES_IN_UPLOAD: Final = 50
_LATER_BATTLES: Final = 4
_SHIPS: Final = ("Kongo", "Hiei", "Kirishima", "Haruna", "Fubuki", "Shirayuki", "Hatsuyuki", "Miyuki", "Akagi", "Kaga", "雪風")
_SEAS: Final = ("Nemuro Strait", "Sea of Okhotsk", "La Pérouse Strait", "Tsugaru Strait")
_RANKS: Final = ("S", "A", "B", "C", "D", "E")
_FORMATIONS: Final = ("line_ahead", "double_line", "diamond", "echelon", "line_abreast")

_SHIP: Final = {
    "type": "record",
    "name": "Ship",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "level", "type": "int"},
        {"name": "hp", "type": {"type": "array", "items": "int"}, "doc": "before the battle and after it"},
        {"name": "items", "type": {"type": "array", "items": "int"}},
        {"name": "damage", "type": "double"},
    ],
}
BATTLE_SCHEMA: Final = {
    "type": "record",
    "name": "Battle",
    "fields": [
        {"name": TIMESTAMP_FIELD, "type": "long", "doc": "milliseconds since the epoch"},
        {"name": "sea", "type": "string"},
        {"name": "formation", "type": {"type": "enum", "name": "Formation", "symbols": list(_FORMATIONS)}},
        {"name": "rank", "type": {"type": "enum", "name": "Rank", "symbols": list(_RANKS)}},
        {"name": "fleet", "type": {"type": "array", "items": _SHIP}},
        {"name": "enemies", "type": {"type": "array", "items": "Ship"}},
        {"name": "drop", "type": ["null", "string"], "default": None},
    ],
}


class Post(NamedTuple):
    """One upload: its table, its time in milliseconds, and its records."""

    table: str
    timestamp: int
    records: list[dict[str, Any]]


class Posts(NamedTuple):
    """What one user posts: `early` is archived, `late` is not."""

    early: list[Post]
    late: Post


def user_name(number: int) -> str:
    """Return the dataset id of a user."""
    return f"user-{number:02d}"


def posts_of(user: str, seed: int) -> Posts:
    """Return what `user` posts. Battles that are posted last may be older than those before."""
    random = Random(f"{seed}/{user}")  # noqa: S311 - records, not secrets
    at = NOVEMBER_MS + random.randrange(86_400_000)
    early: list[Post] = []
    battles: list[dict[str, Any]] = []
    for _ in range(_UPLOADS):
        uploaded: list[dict[str, Any]] = []
        for _ in range(_BATTLES_IN_UPLOAD):
            at += random.randrange(60_000, 3_600_000)
            uploaded.append(_battle(random, at))
        battles += uploaded
        early += [Post(BATTLES, at, uploaded), Post(SETTINGS, at, [_settings(random)])]
    between = random.sample(range(len(battles)), _LATER_BATTLES // 2)
    times = [battles[index][TIMESTAMP_FIELD] + random.randrange(1, 60_000) for index in between]
    times += [at + 60_000 * (place + 1) for place in range(_LATER_BATTLES - len(times))]
    return Posts(early, Post(BATTLES, times[-1], [_battle(random, time) for time in times]))


def lines_of(posts: list[Post], table: str) -> bytes:
    """Return the records of `posts` in that table as lines of JSON, as a reader must find them: in order of time."""
    dated = [
        (record.get(TIMESTAMP_FIELD, post.timestamp), record) for post in posts if post.table == table for record in post.records
    ]
    return b"".join(line_of(record) for _, record in sorted(dated, key=lambda entry: int(entry[0])))


def line_of(record: Any) -> bytes:
    """Return a record as a line of JSON. There is no value in it that needs a tag."""
    return dumps(record, tags=False).encode() + b"\n"


def _battle(random: Random, at: int) -> dict[str, Any]:
    return {
        TIMESTAMP_FIELD: at,
        "sea": random.choice(_SEAS),
        "formation": random.choice(_FORMATIONS),
        "rank": random.choice(_RANKS),
        "fleet": [_ship(random, name) for name in random.sample(_SHIPS, 6)],
        "enemies": [_ship(random, f"Destroyer {letter}") for letter in "ABCDEF"[: random.randrange(1, 7)]],
        "drop": random.choice(_SHIPS) if random.random() < 0.3 else None,
    }


def _ship(random: Random, name: str) -> dict[str, Any]:
    draw = random.random  # quicker than randrange by far
    before = 15 + int(draw() * 85)
    return {
        "name": name,
        "level": 1 + int(draw() * 179),
        "hp": [before, int(draw() * (before + 1))],
        "items": [int(draw() * 500) for _ in range(int(draw() * 5))],
        "damage": int(draw() * 20_000) / 100,
    }


def _settings(random: Random) -> dict[str, Any]:
    """Return an object without a schema. A store keeps keys in sorted order, so they are so here."""
    settings: dict[str, Any] = {"language": random.choice(("en", "ja")), "volume": random.randrange(11)}
    if random.random() < 0.5:
        settings["shown"] = {random.choice(("map", "fleet", "dock")): random.random() < 0.5}
    return dict(sorted(settings.items()))
