"""Every block of code in the README and in docs/ is run, and prints what the page says it prints.

The blocks of a page share a fresh folder, which has `docs/examples` in it, and Python's names. A `pycon` block is a doctest; in a
`console` block each line that starts with `$ ` is a command, and the lines up to the next one are its whole output. The guide to
Cloudflare has tests of its own.
"""

import doctest
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import avro_ocf
from tests.selection import quick_of

REPOSITORY = Path(__file__).parents[2]
GUIDE = REPOSITORY / "docs" / "cloudflare.md"
PAGES = [REPOSITORY / "README.md", *sorted({*(REPOSITORY / "docs").glob("*.md")} - {GUIDE})]
QUICK = [page for page in PAGES if page.name != "cli.md"]
BLOCK = re.compile(r"^(?P<comment><!-- tests -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
INSTALL = "pip install -q . && "


@pytest.mark.host
@pytest.mark.parametrize("page", quick_of(PAGES, *QUICK), ids=lambda page: page.name)
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(REPOSITORY / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for language, text, place in blocks(page):
        if language == "python":
            exec(compile("\n" * place + text, page, "exec"), names)
            run_tests_of(names)
        elif language == "pycon":
            run_doctest(text, page, place, names)
        elif language == "console":
            run_console(text)
        else:
            assert language in {"text", "json"}, f"{page.name}:{place} is a block of unknown language"


def blocks(page: Path) -> Iterator[tuple[str, str, int]]:
    """Yield the language, the text and the line number of each block, but for the one that runs these tests."""
    content = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(content):
        if not match["comment"]:
            yield match["language"], match["text"], content.count("\n", 0, match.start("text"))


def run_tests_of(names: dict[str, Any]) -> None:
    """Call what a block defined for pytest to call, once."""
    for name in [name for name in names if name.startswith("test_")]:
        names.pop(name)()


def run_doctest(text: str, page: Path, place: int, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), place)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not report, "".join(report)


def run_console(text: str) -> None:
    """Run each command as a shell would, this Python's scripts first in its path; what the README installs is installed already."""
    environment = {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "132"}
    for match in COMMAND.finditer(text):
        command = match["command"].partition(INSTALL)[2] or match["command"]
        done = subprocess.run(
            ["bash", "-c", command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.stdout == match["output"], f"$ {command}\n{done.stdout}"


@pytest.mark.host
@pytest.mark.parametrize("name", avro_ocf.__all__)
def test_api_page_tells_of_each_public_name(name: str) -> None:
    assert f"| `{name}" in (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
