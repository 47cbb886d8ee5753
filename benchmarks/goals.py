"""What avro_ocf is to reach, and what it reached."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from statistics import geometric_mean
from typing import Any, NamedTuple

from benchmarks.libraries import OURS

Sections = dict[str, Any]


class Goal(NamedTuple):
    """`wanted` of the geometric mean of all ratios, and `each` of every single one.

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


class Figure(NamedTuple):
    """`wanted` of one figure, which `of` finds in a result's sections; it raises `KeyError` where that was not measured."""

    title: str
    wanted: float
    of: Callable[[Sections], float]
    at_most: bool = True


FORTY = "40 nullable fields"
MIB = 1 << 20
FIGURES = (
    Figure("40 fields: ms to generate the encoder", 2, lambda sections: _startup(sections, "code_ms", FORTY, "encoder")),
    Figure("40 fields: ms to generate the decoder", 2, lambda sections: _startup(sections, "code_ms", FORTY, "decoder")),
    Figure("40 fields: ms to the first record's bytes", 5, lambda sections: _startup(sections, "first_record_ms", FORTY, "encode")),
    Figure("40 fields: ms to the first record", 5, lambda sections: _startup(sections, "first_record_ms", FORTY, "decode")),
    Figure("the wheel, kB", 250, lambda sections: sum(_startup(sections, "wheel_bytes").values()) / 1000),
    Figure("MiB to read a large file", 32, lambda sections: _memory(sections)["read"]["peak_bytes"] / MIB),
    Figure("finding its blocks, times as fast as reading", 50, lambda sections: _scan(_memory(sections)), at_most=False),
    Figure("a record of the longest file encoded, of the shortest", 1.25, lambda sections: _growth(sections, "records", "encode")),
    Figure("the same, decoded", 1.25, lambda sections: _growth(sections, "records", "decode")),
    Figure("a record among most datasets encoded, among one", 1.25, lambda sections: _growth(sections, "datasets", "encode")),
    Figure("the same, decoded", 1.25, lambda sections: _growth(sections, "datasets", "decode")),
)
"""Goals of one figure each. What a file takes besides its records counts among those of one dataset."""


class Reached(NamedTuple):
    """The mean of all workloads, `means` by group, and the workload with the worst ratio."""

    mean: float
    means: dict[str, float]
    worst: float
    worst_name: str
    is_reached: bool


def reached(goal: Goal, sections: Sections) -> Reached | None:
    """Return what a result has of a goal; None where it has no such peer."""
    found = {group: ratios(_rows(goal, group, sections), goal.action, goal.peer) for group in goal.groups}
    found = {
        group: {name: 1 / ratio if goal.at_most else ratio for name, ratio in rows.items()} for group, rows in found.items() if rows
    }
    if not found:
        return None
    everything = [(ratio, name) for rows in found.values() for name, ratio in rows.items()]
    mean = geometric_mean(ratio for ratio, _ in everything)
    worst, worst_name = (max if goal.at_most else min)(everything)
    is_reached = mean <= goal.wanted if goal.at_most else mean >= goal.wanted and worst >= (goal.each or 0)
    means = {group: geometric_mean(rows.values()) for group, rows in found.items()}
    return Reached(mean, means, worst, worst_name, is_reached)


def figures(sections: Sections) -> Iterator[tuple[Figure, float, bool]]:
    """Yield the goals of one figure that a result has, with the figure and whether the goal is reached."""
    for figure in FIGURES:
        with suppress(KeyError):
            value = figure.of(sections)
            yield figure, value, value <= figure.wanted if figure.at_most else value >= figure.wanted


def ratios(rows: dict[str, Any], action: str, peer: str) -> dict[str, float]:
    """Return by workload how many times as fast as a peer avro_ocf is, of those that the peer supports."""
    return {name: row[action][peer][1] for name, row in rows.items() if peer != OURS and peer in row.get(action, {})}


def _rows(goal: Goal, group: str, sections: Sections) -> dict[str, Any]:
    if goal.peer in {"objects", "zlib"}:
        return sections.get("deflate", {"rows": {}})["rows"].get(group, {})  # type: ignore[no-any-return]
    return sections.get(group, {"rows": {}})["rows"]  # type: ignore[no-any-return]


def _startup(sections: Sections, *keys: str) -> Any:
    found = sections["startup"]["rows"]
    for key in keys:
        found = found[key]
    return found


def _memory(sections: Sections) -> dict[str, Any]:
    return sections["memory"]["rows"]  # type: ignore[no-any-return]


def _scan(memory: dict[str, Any]) -> float:
    return memory["read"]["seconds"] / memory["scan"]["seconds"]  # type: ignore[no-any-return]


def _growth(sections: Sections, kind: str, action: str) -> float:
    rows = [*sections["growth"]["rows"][kind].values()]
    return rows[-1][action] / rows[0][action]  # type: ignore[no-any-return]
