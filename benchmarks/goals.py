"""What avro_ocf is to reach, and what it reached."""

from statistics import geometric_mean
from typing import Any, NamedTuple

from benchmarks.libraries import OURS


class Goal(NamedTuple):
    """`wanted` of the geometric mean of each group's ratios, and `each` of every single one.

    A ratio is how many times as fast as the peer avro_ocf is; with `at_most`, its time as a multiple of a floor's.
    """

    title: str
    action: str
    peer: str
    groups: tuple[str, ...]
    wanted: float
    each: float | None = None
    at_most: bool = False


TABLES = ("shapes", "battle")
GOALS = (
    Goal("decode, beside fastavro", "decode", "fastavro", TABLES, 2.0, 1.0),
    Goal("encode, beside fastavro", "encode", "fastavro", TABLES, 3.0, 1.0),
    Goal("decode, beside cavro", "decode", "cavro", TABLES, 0.6),
    Goal("encode, beside cavro", "encode", "cavro", TABLES, 1.3),
    Goal("decode, beside avro", "decode", "avro", TABLES, 15),
    Goal("encode, beside avro", "encode", "avro", TABLES, 15),
    Goal("decode, beside fastavro's Python", "decode", "fastavro_py", TABLES, 15),
    Goal("encode, beside fastavro's Python", "encode", "fastavro_py", TABLES, 15),
    Goal("resolution, beside fastavro", "decode", "fastavro", ("resolution",), 3.0),
    Goal("projection, beside fastavro", "decode", "fastavro", ("projection",), 3.0),
    Goal("decode and inflate, of the time to make the same objects", "decode", "objects", TABLES, 4.0, at_most=True),
    Goal("encode and deflate, of the time to deflate", "encode", "zlib", TABLES, 2.5, at_most=True),
)


class Reached(NamedTuple):
    """`means` by group, and the workload with the worst ratio."""

    means: dict[str, float]
    worst: float
    worst_name: str
    is_reached: bool


def reached(goal: Goal, sections: dict[str, Any]) -> Reached | None:
    """Return what a result has of a goal; None where it has no such peer."""
    found = {group: ratios(_rows(goal, group, sections), goal.action, goal.peer) for group in goal.groups}
    found = {
        group: {name: 1 / ratio if goal.at_most else ratio for name, ratio in rows.items()} for group, rows in found.items() if rows
    }
    if not found:
        return None
    means = {group: geometric_mean(rows.values()) for group, rows in found.items()}
    everything = {name: ratio for rows in found.values() for name, ratio in rows.items()}
    worst_name = (max if goal.at_most else min)(everything, key=lambda name: everything[name])
    worst = everything[worst_name]
    if goal.at_most:
        return Reached(means, worst, worst_name, all(mean <= goal.wanted for mean in means.values()))
    is_reached = all(mean >= goal.wanted for mean in means.values()) and worst >= (goal.each or 0)
    return Reached(means, worst, worst_name, is_reached)


def ratios(rows: dict[str, Any], action: str, peer: str) -> dict[str, float]:
    """Return by workload how many times as fast as a peer avro_ocf is, of those that the peer supports."""
    return {name: row[action][peer][1] for name, row in rows.items() if peer != OURS and peer in row.get(action, {})}


def _rows(goal: Goal, group: str, sections: dict[str, Any]) -> dict[str, Any]:
    if goal.peer in {"objects", "zlib"}:
        return sections.get("deflate", {"rows": {}})["rows"].get(group, {})  # type: ignore[no-any-return]
    return sections.get(group, {"rows": {}})["rows"]  # type: ignore[no-any-return]
