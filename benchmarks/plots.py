"""The figures of docs/benchmarks.md as SVG, drawn of the kept results alone."""

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from benchmarks.goals import ratios
from benchmarks.libraries import OURS
from benchmarks.report import GROWTH, PEERS, Result, name, rows_of

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "benchmarks"
COLOURS = {"fastavro": "#d1495b", "cavro": "#edae49", "avro": "#7a7a7a", "fastavro_py": "#66a182", OURS: "#00798c"}
SVG = "http://www.w3.org/2000/svg"
MARKERS = "os^Dv"
"""One for each interpreter."""


def draw_all(results: Sequence[Result]) -> list[str]:
    """Write the figures, and return the names of the files."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "avro_ocf", "font.size": 9})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "ytick.left": False, "axes.axisbelow": True})
    FOLDER.mkdir(parents=True, exist_ok=True)
    return [draw(results, file) for file, draw in FIGURES.items()]


def _ratio_figure(section: str) -> Callable[[Sequence[Result], str], str]:
    def draw(results: Sequence[Result], file: str) -> str:
        names = [*reversed(rows_of(results[0], section))] if results else []
        figure, panels = _panels(2, 0.17 * len(names) + 1.6)
        for panel, action in zip(panels, ("decode", "encode"), strict=True):
            for marker, result in zip(MARKERS, results, strict=False):
                for peer in ("fastavro", "cavro") if "cavro" in result["peers"] else ("avro", "fastavro_py"):
                    found = ratios(rows_of(result, section), action, peer)
                    places = [names.index(key) for key in found]
                    look: dict[str, Any] = {"s": 16, "marker": marker, "color": COLOURS[peer], "alpha": 0.85, "linewidth": 0}
                    panel.scatter([*found.values()], places, label=f"{PEERS[peer]}, {name(result)}", **look)
            panel.axvline(1, color="black", linewidth=0.8)
            panel.set_xscale("log")
            _plain_ticks(panel.xaxis)
            panel.set_yticks(range(len(names)), names)
            panel.set_title(f"{action}: how many times as fast avro_ocf is")
            panel.grid(axis="x", color="#dddddd", linewidth=0.5)
        return _save(figure, panels[0], file)

    return draw


def _deflate_figure(results: Sequence[Result], file: str) -> str:
    rows = rows_of(results[0], "deflate").get("shapes", {}) if results else {}
    names = [*reversed(rows)]
    figure, panels = _panels(2, 0.42 * len(names) + 1.6)
    parts = {"objects": "making the same objects", "zlib": "zlib alone", OURS: OURS, "fastavro": "fastavro", "cavro": "cavro"}
    colours = {**COLOURS, "objects": "#cccccc", "zlib": "#999999"}
    for panel, action in zip(panels, ("decode", "encode"), strict=True):
        shown = [part for part in parts if any(part in row[action] for row in rows.values())]
        for place, part in enumerate(shown):
            having = [index for index, key in enumerate(names) if part in rows[key][action]]
            widths = [rows[names[index]][action][part][0] / rows[names[index]][action][OURS][0] for index in having]
            heights = [index + 0.35 - 0.16 * place for index in having]
            panel.barh(heights, widths, height=0.15, color=colours[part], label=parts[part])
        panel.set_yticks(range(len(names)), names)
        panel.set_title(f"{action} with deflate: time, avro_ocf's is 1")
        panel.grid(axis="x", color="#dddddd", linewidth=0.5)
    return _save(figure, panels[0], file)


def _growth_figure(results: Sequence[Result], file: str) -> str:
    figure, panels = _panels(2, 3.6, share_names=False)
    colours = {"encode": "#00798c", "decode": "#d1495b", "scan": "#edae49", "read_block": "#66a182"}
    for panel, kind in zip(panels, ("records", "datasets"), strict=True):
        for marker, result in zip(MARKERS, results, strict=False):
            rows = rows_of(result, "growth").get(kind, {})
            for column in next(iter(rows.values()), {}):
                label = f"{GROWTH[column]}, {name(result)}"
                values = [row[column] / 1000 for row in rows.values()]
                panel.plot([*map(int, rows)], values, marker=marker, markersize=4, color=colours[column], label=label, linewidth=1)
        panel.set_xscale("log")
        panel.set_yscale("log")
        _plain_ticks(panel.yaxis)
        panel.set_xlabel(f"{kind} of the file")
        panel.grid(color="#dddddd", linewidth=0.5)
    return _save(figure, panels[1], file)


def _panels(count: int, height: float, *, share_names: bool = True) -> tuple[Any, Any]:
    from matplotlib import pyplot as plt

    return plt.subplots(1, count, figsize=(9.5, height), sharey=share_names, layout="constrained")


def _plain_ticks(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _save(figure: Any, panel: Any, file: str) -> str:
    from matplotlib import pyplot as plt

    handles, labels = panel.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    plt.close(figure)
    (FOLDER / file).write_text(_shortened(drawn.getvalue()), encoding="utf-8")
    return file


def _shortened(svg: str) -> str:
    """Return a drawing of half the size: no names of groups, a group's style told once, and hundredths of a point."""
    for prefix, space in (("", SVG), ("xlink", "http://www.w3.org/1999/xlink")):
        ET.register_namespace(prefix, space)
    root = ET.fromstring(svg)
    for parent in root.iter():
        styles = {child.get("style") for child in parent}
        if len(parent) > 1 and len(styles) == 1 and {child.tag for child in parent} == {f"{{{SVG}}}use"}:
            parent.set("style", styles.pop() or "")
            for child in parent:
                del child.attrib["style"]
        if parent.tag == f"{{{SVG}}}g":
            parent.attrib.pop("id", None)
    svg = re.sub(r"font-family: [^;\"]+", "font-family: sans-serif", ET.tostring(root, encoding="unicode"))
    return re.sub(r"(\.\d\d)\d+", r"\1", re.sub(r"\n\s*", "\n", svg)) + "\n"


FIGURES: dict[str, Callable[[Sequence[Result], str], str]] = {
    "shapes.svg": _ratio_figure("shapes"),
    "battle.svg": _ratio_figure("battle"),
    "deflate.svg": _deflate_figure,
    "growth.svg": _growth_figure,
}
