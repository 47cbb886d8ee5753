"""`python -m benchmarks.docs`: the tables of docs/benchmarks.md and its figures, made of the kept results."""

import re
from pathlib import Path

from benchmarks.kept import load
from benchmarks.plots import draw_all
from benchmarks.report import report

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
MADE = re.compile(r"(?<=<!-- made by benchmarks.docs -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """Return the page with the tables of the kept results."""
    tables = report(load())
    return MADE.sub(lambda _: f"\n{tables}\n", text)


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    draw_all(load())


if __name__ == "__main__":
    main()
