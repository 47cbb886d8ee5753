"""A result as Markdown. Ratios say how many times as fast as a peer avro_ocf is: above 1 it is faster."""

from collections.abc import Iterable, Sequence
from statistics import geometric_mean
from typing import Any

from benchmarks.goals import GOALS, MIB, TABLES, Figure, Goal, Reached, figures, ratios, reached
from benchmarks.libraries import OURS

PEERS = {
    "fastavro": "fastavro",
    "cavro": "cavro",
    "polars": "polars, columns",
    "polars_rows": "polars, records",
    "avro": "avro",
    "fastavro_py": "fastavro's Python",
}
Result = dict[str, Any]


def report(results: Sequence[Result]) -> str:
    """Return all tables of some results, one interpreter after another where there are many columns."""
    parts = [*map(_where, results), *_goals(results)]
    parts += _ratio_parts(results, "public", "Schemas as strangers have them")
    parts += _ratio_parts(results, "shapes", "What schemas are made of")
    parts += _ratio_parts(results[:1], "battle", "The battle logs, table by table")
    parts += _ratio_parts(results, "resolution", "Resolution: written as version 0.4, read as version 0.5.1")
    parts += _ratio_parts(results, "projection", "Projection: one field read out of forty")
    parts += _ratio_parts(results, "datums", "Datums one at a time, without a file")
    parts += [*_deflate(results), *_startup(results), *_memory(results), *_growth(results), *_not_supported(results)]
    return "\n\n".join(parts)


def name(result: Result) -> str:
    """Return an interpreter's name as people write it."""
    return result["interpreter"].replace("cpython", "CPython ").replace("pyodide", "Pyodide ")  # type: ignore[no-any-return]


def rows_of(result: Result, section: str) -> dict[str, Any]:
    """Return what a section has measured, which is nothing if it was not."""
    return result["sections"].get(section, {"rows": {}})["rows"]  # type: ignore[no-any-return]


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column is text, the others are numbers."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _where(result: Result) -> str:
    peers = ", ".join(f"{peer} {number}" for peer, number in result["peers"].items())
    sections = result["sections"].values()
    dates = sorted({section["date"] for section in sections})
    taken = sum(section["seconds"] for section in sections)
    versions = f"{name(result).split()[0]} {result['python']}: avro_ocf {result['version']}"
    sizes, turns = (sorted({section[key] for section in sections if key in section}) for key in ("file_bytes", "repeats"))
    files = (
        f"files of {' or '.join(f'{size / 1000:g}' for size in sizes)} kB, {' or '.join(map(str, turns))} turns, " if sizes else ""
    )
    return f"{versions} beside {peers}; {result['machine']}, {' to '.join(dates)}; {files}{taken} s in all."


def _goals(results: Sequence[Result]) -> list[str]:
    parts = []
    for result in results:
        sections = result["sections"]
        rows = [_goal_row(goal, found) for goal in GOALS if (found := reached(goal, sections))]
        for figure, value, is_reached in figures(sections):
            rows.append((figure.title, _wanted(figure), _number(value), "", "", "", _yes(is_reached)))
        if rows:
            groups = ("of shapes", "of battle")
            header = ("goal", "wanted", "reached", *groups, "the worst", "is reached")
            parts += [f"### Goals: {name(result)}", grid(header, rows)]
    return parts


def _goal_row(goal: Goal, found: Reached) -> tuple[str, ...]:
    wanted = _wanted(goal) + (f", each {goal.each:g}" if goal.each else "")
    groups = (_number(found.means[group]) if group in found.means else "" for group in TABLES)
    return goal.title, wanted, _number(found.mean), *groups, f"{_number(found.worst)} ({found.worst_name})", _yes(found.is_reached)


def _wanted(goal: Goal | Figure) -> str:
    return f"{'at most' if goal.at_most else 'at least'} {goal.wanted:g}"


def _yes(is_reached: bool) -> str:
    return "yes" if is_reached else "no"


def _ratio_parts(results: Sequence[Result], section: str, title: str) -> list[str]:
    parts = []
    for result in results:
        rows = rows_of(result, section)
        for action in ("decode", "encode"):
            if any(action in row for row in rows.values()):
                parts += [f"{name(result)}, {action}:", _ratio_table(rows, action)]
    return [f"### {title}", *parts] if parts else []


def _ratio_table(rows: dict[str, Any], action: str) -> str:
    peers = [peer for peer in PEERS if ratios(rows, action, peer)]
    lines = []
    for workload, row in rows.items():
        own = row[action][OURS][0] / 1000
        cells = [_number(row[action][peer][1]) if peer in row[action] else "-" for peer in peers]
        lines.append([workload, *cells, _number(own)])
    if len(rows) > 1:
        means = [_number(geometric_mean(ratios(rows, action, peer).values())) for peer in peers]
        lines.append(["geometric mean", *means, ""])
    return grid([f"{action}: times as fast as", *(PEERS[peer] for peer in peers), "µs a record"], lines)


def _deflate(results: Sequence[Result]) -> list[str]:
    parts = []
    columns = (("decode", "objects"), ("decode", "zlib"), ("encode", "zlib"))
    peers = [(action, peer) for action in ("decode", "encode") for peer in ("fastavro", "cavro")]
    for result in results:
        groups = rows_of(result, "deflate")
        shown = [(action, peer) for action, peer in peers if any(ratios(rows, action, peer) for rows in groups.values())]
        lines = [_deflate_row(workload, {workload: row}, columns, shown) for workload, row in groups.get("shapes", {}).items()]
        lines += [_deflate_row(f"{group}, geometric mean", rows, columns, shown) for group, rows in groups.items() if len(rows) > 1]
        if lines:
            beside = (f"{action}: {peer}" for action, peer in shown)
            header = ["", "decode / objects", "decode / inflate", "encode / deflate", *beside]
            parts += [f"{name(result)}:", grid(header, lines)]
    return ["### Files with deflate", FLOORS, *parts] if parts else []


FLOORS = (
    "The first three are avro_ocf's time as a multiple of a floor's, the less the better; the others how many times as fast it is."
)
Pairs = Iterable[tuple[str, str]]


def _deflate_row(title: str, rows: dict[str, Any], floors: Pairs, peers: Pairs) -> list[str]:
    cells = [_number(1 / geometric_mean(ratios(rows, action, floor).values())) for action, floor in floors]
    found = (ratios(rows, action, peer) for action, peer in peers)
    return [title, *cells, *(_number(geometric_mean(each.values())) if each else "-" for each in found)]


def _startup(results: Sequence[Result]) -> list[str]:
    having = [result for result in results if rows_of(result, "startup")]
    if not having:
        return []
    lines: dict[str, list[str]] = {}
    for index, result in enumerate(having):
        rows = rows_of(result, "startup")
        cells = {f"import {library}, ms": time for library, time in rows.get("import_ms", {}).items()}
        for schema, times in rows["first_record_ms"].items():
            cells |= {f"{schema}: {FIRST[what]}, ms": time for what, time in times.items()}
        for schema, times in rows.get("code_ms", {}).items():
            cells |= {f"{schema}: {CODE[what]}, ms": time for what, time in times.items()}
        cells |= {f"the wheel, {part}, kB": size / 1000 for part, size in rows.get("wheel_bytes", {}).items()}
        for title, value in cells.items():
            lines.setdefault(title, ["-"] * len(having))[index] = _number(value)
    table = grid(["", *map(name, having)], [[title, *cells] for title, cells in lines.items()])
    return ["### Once for a process, and once for a schema", table]


FIRST = {
    "parse": "parse the schema",
    "encode": "parse, encode the first record",
    "decode": "parse, decode the first record",
    "fastavro encode": "the same by fastavro, encode",
    "fastavro decode": "the same by fastavro, decode",
}
CODE = {
    "encoder": "generate the encoder",
    "encoder's compile": "of that in CPython's compile, encoder",
    "decoder": "generate the decoder",
    "decoder's compile": "of that in CPython's compile, decoder",
}


def _memory(results: Sequence[Result]) -> list[str]:
    having = [result for result in results if rows_of(result, "memory")]
    if not having:
        return []
    found = [rows_of(result, "memory") for result in having]
    lines = [
        ["the file, MiB", *(_number(each["file_bytes"] / MIB) for each in found)],
        ["peak above the import, MiB", *(_number(each["read"]["peak_bytes"] / MIB) for each in found)],
        ["after the import, MiB", *(_number(each["read"]["import_bytes"] / MIB) for each in found)],
        ["reading all records, s", *(_number(each["read"]["seconds"]) for each in found)],
        ["MiB a second", *(_number(each["file_bytes"] / MIB / each["read"]["seconds"]) for each in found)],
        [
            "finding all blocks: bytes read of a block",
            *(_number(each["scan"]["bytes_read"] / each["scan"]["blocks"]) for each in found),
        ],
        ["part of the file read", *(f"{100 * each['scan']['bytes_read'] / each['file_bytes']:.2f}%" for each in found)],
        ["times as fast as reading", *(_number(each["read"]["seconds"] / each["scan"]["seconds"]) for each in found)],
    ]
    return ["### A large file", grid(["", *map(name, having)], lines)]


def _growth(results: Sequence[Result]) -> list[str]:
    parts = []
    for result in results:
        for kind, rows in rows_of(result, "growth").items():
            columns = list(next(iter(rows.values())))
            lines = [[f"{int(count):,}", *(f"{row[column] / 1000:,.2f}" for column in columns)] for count, row in rows.items()]
            parts.append(grid([f"{name(result)}: {kind}", *(GROWTH[column] for column in columns)], lines))
    return ["### Growth", *parts] if parts else []


GROWTH = {
    "encode": "encode, µs a record",
    "decode": "decode, µs a record",
    "scan": "find a block, µs",
    "read_block": "read the last block alone, µs",
}


def _not_supported(results: Sequence[Result]) -> list[str]:
    found: dict[str, None] = {}
    for result in results:
        for section in ("public", "shapes", "battle", "resolution", "projection", "datums"):
            for workload, row in rows_of(result, section).items():
                for peer, actions in row["not_supported"].items():
                    for action, reason in actions.items():
                        found[f"- {PEERS[peer]} does not {action} “{workload}” ({section}): {reason.replace('|', '/')}"] = None
    return ["### Not supported", "\n".join(found)] if found else []


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
