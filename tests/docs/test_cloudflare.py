"""The guide to Cloudflare: its commands run here, but for those that need an account, and its Japanese twin says the same."""

import asyncio
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from avro_ocf.adapters.directory import Directory
from avro_ocf.adapters.sqlite import SQLite
from avro_ocf.hotcold import HotCold
from avro_ocf.hotcold.migrate import migrate
from avro_ocf.hotcold.migrations import VERSION
from avro_ocf.worker.deployment import Names, create
from benchmarks.__main__ import RESULTS
from benchmarks.hotcold import MILLION
from benchmarks.hotcold_cost import D1_GB, GB, R2_GB, ROW_WRITTEN, report
from tests.docs.shell import NODE_FOLDER, WRANGLER, Shell, shell_environment, wrangler_dev
from tests.docs.test_pages import COMMAND, GUIDE, blocks
from tests.node import npm_ci

pytestmark = pytest.mark.host

JAPANESE = GUIDE.parent / "ja" / GUIDE.name
NEEDS_ACCOUNT = "# needs an account\n"
GIVEN_NAMES = {"battle-ingest", "battle-ingest-dlq", "ADMIN_TOKEN", "DATASET_SECRET"}
KEEP = "python keep.py "
D1_BYTES = 10 * GB
ACCOUNT = {
    "CLOUDFLARE_ACCOUNT_ID": "0123456789abcdef0123456789abcdef",
    "CLOUDFLARE_API_TOKEN": "a-token",
    "D1_DATABASE_ID": "00000000-0000-0000-0000-000000000000",
    "R2_BUCKET": "battle-data",
    "R2_ACCESS_KEY_ID": "a-key",
    "R2_SECRET_ACCESS_KEY": "a-secret",
}

LINK = re.compile(r"\]\(([^)]+)\)")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
FIGURE = re.compile(r"(?<![A-Za-z0-9.,])\d(?:[\d,.]*\d)?")


def commands(text: str) -> Iterator[tuple[str, str]]:
    for match in COMMAND.finditer(text):
        yield match["command"], match["output"]


def account_commands() -> list[tuple[str, str]]:
    """Return the commands of the blocks that say that they need an account, and what they print."""
    texts = [text for language, text, _ in blocks(GUIDE) if language == "console" and text.startswith(NEEDS_ACCOUNT)]
    return [command for text in texts for command in commands(text.removeprefix(NEEDS_ACCOUNT))]


@pytest.mark.slow
def test_every_command_that_needs_no_account_prints_what_the_guide_says(tmp_path: Path) -> None:
    environment = shell_environment(tmp_path)
    with Shell(tmp_path, environment) as shell, ExitStack() as worker:
        is_running = False
        for language, text, _ in blocks(GUIDE):
            if language != "console" or text.startswith(NEEDS_ACCOUNT):
                continue
            for command, output in commands(text):
                if "$URL" in command and not is_running:
                    url = worker.enter_context(wrangler_dev(tmp_path / "battles", environment))
                    shell.run(f"export URL={url}")
                    is_running = True
                elif command.startswith("npx") and is_running:
                    worker.close()
                    is_running = False
                _, printed = shell.run(command)
                wanted = ".*".join(map(re.escape, output.rstrip("\n").split("...")))
                assert re.fullmatch(wanted, printed.rstrip("\n"), re.DOTALL), f"$ {command}\n{printed}"


@pytest.mark.slow
def test_commands_that_need_an_account_are_such_and_their_options_exist(tmp_path: Path) -> None:
    environment = shell_environment(tmp_path)
    create(tmp_path / "battles", Names())
    found = {command for command, _ in account_commands() if not command.startswith(KEEP)}
    shapes = {tuple(word for word in shlex.split(command) if word not in GIVEN_NAMES): command for command in found}
    with Shell(tmp_path / "battles", environment) as shell:
        for words, command in shapes.items():
            assert words[:2] == ("npx", "wrangler")
            if words[2:] == ("login",):  # it waits for a browser
                continue
            code, printed = shell.run(command)
            assert code, f"$ {command}\n{printed}"
            assert "it's necessary to set a CLOUDFLARE_API_TOKEN" in printed, f"$ {command}\n{printed}"


@pytest.mark.slow
def test_wrangler_prints_what_the_guide_says_of_an_account() -> None:
    npm_ci(NODE_FOLDER)
    source = WRANGLER.read_text("utf-8")
    outputs = [part.strip() for _, output in account_commands() for part in re.split(r"\.\.\.|\n", output)]
    for part in filter(None, outputs):
        assert part in source


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give the names of the guide's Python code."""
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    for language, text, place in blocks(GUIDE):
        if language == "python":
            exec(compile("\n" * place + text, GUIDE, "exec"), names)
    return names


class OpenSQLite(SQLite):
    """What `D1Rest` is to the guide's code."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stay open."""


@pytest.mark.slow
def test_what_runs_outside_workers_is_made_for_an_account_and_works(
    keep: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep["opened"]()
    cold = Directory(tmp_path / "cold")
    with OpenSQLite(tmp_path / "hotcold.db") as database:
        keep["opened"] = lambda: (database, cold)
        asyncio.run(HotCold(database, cold).ingest("user-1", "battle", [{"hp": [7]}]))
        for operation in keep["OPERATIONS"]:
            asyncio.run(keep["keep"](operation))
        reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        told = dict(zip(keep["OPERATIONS"], reports, strict=True))
        assert all(check["is_ok"] for check in told["doctor"]["checks"])
        assert told["archive"]["record_count"] == told["reset-dry-run"]["cold_records"] == 1
        asyncio.run(keep["keep"]("undo-migrations-above", str(VERSION - 1)))
        assert asyncio.run(migrate(database)) == VERSION - 1
    used = {command.removeprefix(KEEP).split()[0] for command, _ in account_commands() if command.startswith(KEEP)}
    assert used <= {*keep["OPERATIONS"], "undo-migrations-above"}


@pytest.mark.parametrize("page", [GUIDE, JAPANESE], ids=["en", "ja"])
def test_costs_are_those_that_were_measured(page: Path) -> None:
    (result,) = [json.loads(path.read_text("utf-8")) for path in RESULTS.glob("hotcold-cost-*.json")]
    rows = [cells(line) for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    for wanted in map(cells, filter(None, report(result).splitlines())):
        assert any(row == wanted if page == GUIDE else row[1:] == wanted[1:] for row in rows) or wanted[1].startswith("$"), wanted

    text = page.read_text("utf-8")
    for kind in result["kinds"].values():
        hot, cold = (D1_GB * kind["hot_bytes"], R2_GB * kind["cold_bytes"] + D1_GB * kind["index_bytes"])
        archived = ROW_WRITTEN * GB / MILLION * kind["archive_rows"]
        for told in (hot / cold, D1_BYTES * kind["records"] / kind["hot_bytes"] / MILLION):
            assert re.search(rf"\b{told:.0f}\b", text), told
        assert f"{archived / (hot - cold):.1f}" in text


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("page", [GUIDE, JAPANESE], ids=["en", "ja"])
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        name, _, anchor = target.partition("#")
        place = page.parent / name if name else page
        assert place.is_file(), target
        if anchor:
            assert anchor in {slug(title) for _, title in HEADING.findall(FENCE.sub("", place.read_text("utf-8")))}, target


def slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_the_japanese_page_has_the_same_code_and_the_same_parts() -> None:
    assert [block[:2] for block in blocks(JAPANESE)] == [block[:2] for block in blocks(GUIDE)]
    ours, theirs = (sections(page) for page in (GUIDE, JAPANESE))
    assert [level for level, *_ in theirs] == [level for level, *_ in ours]
    for (_, title, text), (_, other, translated) in zip(ours, theirs, strict=True):
        assert spans(translated) == spans(text), f"{title} / {other}"
        assert figures(translated) == figures(text), f"{title} / {other}"
        assert [line.count("|") for line in table_lines(translated)] == [line.count("|") for line in table_lines(text)], title


def sections(page: Path) -> list[tuple[int, str, str]]:
    """Return the level, the title and the text of each section, without its code."""
    text = FENCE.sub("", page.read_text("utf-8"))
    places = [*HEADING.finditer(text)]
    ends = [*(place.start() for place in places[1:]), len(text)]
    return [(len(place[1]), place[2], text[place.end() : end]) for place, end in zip(places, ends, strict=True)]


def spans(text: str) -> Counter[str]:
    return Counter(" ".join(span.split()) for span in SPAN.findall(text))


def figures(text: str) -> Counter[str]:
    """Return the numbers of a text, but for those in code and in links."""
    return Counter(FIGURE.findall(LINK.sub("", SPAN.sub("", text))))


def table_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]
