"""The monitoring page in Chromium: it shows what the store holds, to everybody who has the token, and asks nobody else."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from avro_ocf.errors import UnavailableError
from avro_ocf.hotcold import HotCold, Row, Settings, Statement
from avro_ocf.worker import issue_token
from tests.hotcold.stores import DAY_MS, Rig, disk_rig, memory_rig
from tests.worker.browser import Browser, Page, chromium
from tests.worker.pages import BARS, CELLS, FACTS, FAINT, WIDE, call, check_index, check_quiet, index, iso, opened
from tests.worker.serving import serve_command, serving
from tests.worker.web import ADMIN, SECRET

pytestmark = [pytest.mark.host, pytest.mark.slow]

ONE_FILE = Settings(block_bytes=10_000)
HOSTILE = (
    '<img src=x onerror="window.hacked = 1">',
    "</script><script>window.hacked = 1</script>",
    "'\"><svg/onload=window.hacked=1>&lt;b&gt;&amp;",
    "javascript:window.hacked=1",
    "👩‍👩‍👧‍👦" * 40,
    "مرحبا \u202ereversed\u202c שלום",
    "a b  c {{1+1}} ${1+1} %s",
    "x" * 512,
    "雪風",
    "constructor",
    "__proto__",
)
INSERT_ROWS = """INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data)
  SELECT value, 't', key, CAST('{"a":1}' AS BLOB) FROM json_each(?1)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one Chromium to all tests; their pages share nothing."""
    with chromium() as running:
        yield running


def fill(rig: Rig) -> None:
    """Make a store in which everything has happened."""
    rig.run(rig.store.status())
    for day in range(3):
        for table in ("battles", "settings"):
            for dataset in range(6):
                rig.ingest(f"user-{dataset}", table, [{"n": number} for number in range(day + 2)], timestamp=rig.clock.now_ms)
        if day == 1:
            rig.sql("INSERT INTO buffer_logs (dataset_id, table_name, timestamp, data) VALUES ('broken', 'battles', 5, '{')")
            rig.run(rig.store.verify(repair=True))
        rig.archive()
        rig.clock.now_ms += DAY_MS
    rig.run(rig.store.expire(2 * DAY_MS + 1))
    rig.run(rig.store.collect())
    rig.run(rig.store.quarantine_message("uploads", "message-1", b"{", "it is no JSON"))
    rig.sql(
        """INSERT INTO archived_files (file_path, file_size, table_name, table_version, period_tag, state, header_size,
             record_count, raw_bytes, end_timestamp) VALUES ('battles/staged.avro', 70, 'battles', 0, 'p', 'staged', 70, 0, 0, 0)"""
    )
    rig.ingest("user-1", "battles", [{"n": 1}] * 3)
    rig.clock.now_ms += 2 * DAY_MS
    rig.run(rig.store.pause())


def insert_datasets(rig: Rig, datasets: Sequence[str]) -> None:
    rig.run(rig.store.status())
    rig.sql(INSERT_ROWS, json.dumps(datasets))
    assert all(problem.is_repaired for problem in rig.run(rig.store.verify(repair=True)).problems)
    assert len(rig.archive().files) == 1


def test_it_shows_the_figures_and_blocks_of_a_store_that_is_served(browser: Browser, tmp_path: Path) -> None:
    with disk_rig(tmp_path) as rig:
        fill(rig)
        with serve_command(tmp_path) as url:
            page = opened(browser, url)
            assert page.value("location.href") == url.partition("#")[0]
            status = rig.run(rig.store.status())
            check_figures(page, status)
            check_index(rig, page)
            told = page.text("#alerts")
            for part in ("paused", "more than a day", "1 record in quarantine", "1 poison message"):
                assert part in told
            assert page.value("document.title") == "(4) Hot/cold store"
            check_quiet(page, url)


def check_figures(page: Page, status: Any) -> None:
    """Check all that the page shows, but for files, against a report of `status`."""
    assert status.cold_records > status.expired_records > 0 < status.hot_records
    totals = call(page, FACTS, "#totals")
    assert totals["Hot records"] == f"{status.hot_records:,}|{status.hot_bytes}"
    assert totals["Cold records"] == f"{status.cold_records:,}|{status.cold_bytes}"
    assert totals["Saved"] == f"{100 - 100 * status.cold_bytes / status.raw_bytes:.1f} %|{status.raw_bytes}"
    assert status.oldest_row_ms <= int(totals["Oldest hot row"].partition("|")[2])  # served by another process's clock
    live = [file for file in status.files if file["is_consistent"]]
    assert call(page, FACTS, "#state") == {
        "Archiving": "paused",
        "Index fits": f"{len(live)} of {len(status.files)} files",
        "Records in quarantine": f"{status.quarantined_records}",
        "Poison messages": f"{status.poison_messages}",
        "Objects no row knows": f"{status.unknown_objects}",
        "Records expired": f"{status.expired_records}",
        "Files staged": f"{status.staged_files}",
        "Files dead": f"{status.dead_files}",
    }
    names = ("duration_ms", "record_count", "block_count", "raw_bytes", "file_bytes", "quarantined_records")
    assert call(page, CELLS, "#runs") == [
        [iso(run["started_at_ms"]), run["result"], *map(str, [*[run[name] for name in names[:3]], len(run["files"])])]
        + [str(run[name]) for name in names[3:]]
        for run in status.runs
    ]
    (quarantined,), (poison,) = status.quarantine, status.poison
    assert call(page, CELLS, "#quarantine") == [
        [str(quarantined["id"]), "broken", "battles", iso(quarantined["timestamp"]), quarantined["reason"]]
    ]
    assert call(page, CELLS, "#poison") == [[iso(poison["received_at"]), "uploads", "message-1", "1", "it is no JSON"]]
    assert [row[0] for row in call(page, CELLS, "#tables")] == ["battles", "settings"]
    raw, cold = (sum(run[name] for run in status.runs) for name in ("raw_bytes", "file_bytes"))
    assert page.value("[...document.querySelectorAll('#history .key data')].map((data) => data.value)") == [
        str(raw),
        str(cold),
        str(raw - cold),
    ]


def test_texts_and_shapes_stand_out_in_the_light_and_in_the_dark(browser: Browser) -> None:
    with memory_rig() as rig:
        fill(rig)
        with serving(rig.store) as url:
            page = opened(browser, f"{url}#token={ADMIN}")
            check_index(rig, page)
            grounds = []
            for dark in (False, True):
                page.darken(dark)
                page.value("document.querySelector('.bar').focus()")
                page.key("ArrowRight")
                assert page.value("document.getElementById('tip').checkVisibility()")
                count, faint = call(page, FAINT)
                assert count > 200
                assert faint == []
                grounds.append(page.value("getComputedStyle(document.body).backgroundColor"))
            assert grounds[0] != grounds[1]
            check_quiet(page, url)


def test_the_keys_tell_of_each_block(browser: Browser) -> None:
    with memory_rig() as rig:
        fill(rig)
        with serving(rig.store) as url:
            page = opened(browser, f"{url}#token={ADMIN}", width=320, height=600)
            rows = [row for row in index(rig) if row["id"] == index(rig)[1]["id"]]
            for _ in range(20):
                page.key("Tab")
                if page.value("document.activeElement === document.querySelectorAll('.bar')[1]"):
                    break
            assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            page.key("Home")
            assert page.text("#tip").splitlines() == ["header", f"start_byte 0, length {rows[0]['header_size']}"]
            for row in rows:
                page.key("ArrowRight")
                told = page.text("#tip").splitlines()
                assert told[0] == row["dataset_id"]
                assert told[1] == f"start_byte {row['start_byte']}, length {row['length']}"
                assert told[2].partition(" ")[0] == str(row["record_count"])
                lit = page.value("[...document.querySelectorAll('.on')].map((rect) => rect.block.dataset_id)")
                assert {*lit} == {row["dataset_id"]}
                assert len(lit) == sum(other["dataset_id"] == row["dataset_id"] for other in index(rig))
                assert call(page, WIDE) == []
            page.key("Escape")
            assert page.value("document.getElementById('tip').hidden")
            assert page.value("document.querySelectorAll('.lit').length") == 0
            x, y = page.value(
                "(({x, y, width, height}) => [x + width - 1, y + height / 2])(document.activeElement.getBoundingClientRect())"
            )
            page.point(x, y)
            assert page.text("#tip").splitlines()[0] == rows[-1]["dataset_id"]
            check_quiet(page, url)


def test_names_stay_text_and_nothing_is_too_wide(browser: Browser) -> None:
    with memory_rig(ONE_FILE) as rig:
        insert_datasets(rig, [*HOSTILE, "y" * 1000])
        rig.sql(INSERT_ROWS, json.dumps(["later than all days"]))
        rig.sql("UPDATE buffer_logs SET timestamp = 9007199254740990, data = CAST('{' AS BLOB)")
        rig.run(rig.store.verify(repair=True))
        rig.archive()
        for text in HOSTILE:
            rig.run(rig.store.quarantine_message(text, text, b"", text * 5))
        rig.sql("UPDATE quarantine SET dataset_id = ?1, reason = ?1", HOSTILE[0])
        with serving(rig.store) as url:
            page = opened(browser, f"{url}#token={ADMIN}", width=320, height=600)
            check_index(rig, page)
            assert [row[2] for row in call(page, CELLS, "#poison")] == [*HOSTILE[::-1]]
            assert [row[4] for row in call(page, CELLS, "#poison")] == [(text * 5)[:1000] for text in HOSTILE[::-1]]
            ((_, dataset, _, time, reason),) = call(page, CELLS, "#quarantine")
            assert (dataset, reason) == (HOSTILE[0], HOSTILE[0])
            assert page.text("#quarantine time") == "9,007,199,254,740,990 ms", time
            assert page.value("document.querySelectorAll('img, script:not([type]), svg:not([role])').length") == 0
            page.value("document.querySelector('.bar').focus()")
            for _ in range(len(HOSTILE) + 2):
                page.key("ArrowRight")
                assert call(page, WIDE) == []
            assert page.value("document.documentElement.scrollWidth") == 320
            check_quiet(page, url)


def test_an_empty_store(browser: Browser) -> None:
    with memory_rig() as rig, serving(rig.store) as url:
        page = opened(browser, f"{url}#token={ADMIN}", width=320, height=600)
        assert page.text("#alerts") == "All is well."
        assert call(page, FACTS, "#totals") == {
            "Hot records": "0|0",
            "Oldest hot row": "\u2013",
            "Cold records": "0|0",
            "Saved": "\u2013|0",
        }
        for section in ("history", "files", "runs", "tables"):
            assert "yet" in page.text(f"#{section}")
        assert call(page, WIDE) == []
        check_quiet(page, url)
        rig.ingest("d", "t", [{"a": 1}])
        page.value("document.getElementById('refresh').click()")
        page.wait("document.querySelector('#totals dd').firstChild.data === '1'")
        for number in (1, 2, 3):
            rig.archive()
            page.value("document.getElementById('refresh').click()")
            page.wait(f"document.querySelectorAll('article').length === {number}")
            page.value("document.querySelector('details').open = true")
            page.wait("document.querySelector('details').children.length === 2")
            rig.ingest(f"d{number}", "t", [{"a": number}] * number)
        assert page.value("document.querySelectorAll('details[open] table').length") == 3  # what was open stayed so
        check_index(rig, page)  # and the newest is first
        check_quiet(page, url)


def test_hundreds_of_datasets(browser: Browser) -> None:
    for count in (500, 1200):
        with memory_rig(ONE_FILE) as rig:
            insert_datasets(rig, [f"user-{number:04}" for number in range(count)])
            with serving(rig.store) as url:
                page = opened(browser, f"{url}#token={ADMIN}", width=320, height=600)
                if count == 500:
                    check_index(rig, page)
                else:
                    assert "1,200 blocks, drawn as 500" in page.text("#files")
                    drawn = sum(width for _, width in call(page, BARS)[0][1])
                    assert drawn == rig.objects()[0].size
                    assert page.value("!document.getElementById('merged').hidden")
                assert call(page, WIDE) == []
                check_quiet(page, url)


def test_a_token_is_asked_for_kept_and_forgotten(browser: Browser) -> None:
    with memory_rig() as rig, serving(rig.store) as url:
        page = browser.page()
        page.open(url)
        page.wait("document.activeElement.id === 'token'")
        assert page.requests == [url]
        for token, problem in (
            ("x" * 20, "The token was refused, 401: the token is not valid."),
            (issue_token(SECRET, "d", 5), "The token was refused, 403: this needs the admin token."),
            ("two words", "A token is made of visible ASCII characters."),
        ):
            page.type(token)
            page.key("Enter")
            page.wait(f"document.getElementById('error').textContent === {json.dumps(problem)}")
            assert page.value("document.getElementById('data').hidden")
            assert page.value("sessionStorage.length") == 0
            page.value("document.getElementById('token').focus()")
        page.type(f" {ADMIN} ")
        page.key("Enter")
        page.wait("!document.getElementById('data').hidden")
        assert page.value("document.getElementById('login').hidden && document.getElementById('error').textContent") == ""
        page.open(url)  # it is still there after a reload
        page.wait("!document.getElementById('data').hidden")
        page.value("document.getElementById('forget').click()")
        assert page.value("document.getElementById('data').hidden && !document.getElementById('login').hidden")
        assert page.value("sessionStorage.length") == 0
        for fragment, problem in (("%C3%A9", "ASCII"), ("%zz", "401"), ("+%2B", "401")):
            page.value(f"location.hash = 'token={fragment}'")
            page.wait(f"document.getElementById('error').textContent.includes('{problem}') && !location.hash")
        page.value(f"location.hash = 'token={ADMIN}'")
        page.wait("!document.getElementById('data').hidden && location.href === location.origin + '/'")
        check_quiet(page, url, answers_fail=True)


class Failing:
    """A database that fails while it is told to."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.fails = False

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        if self.fails:
            raise UnavailableError("the database is away")
        return await self.rig.database.batch(statements)


def test_it_goes_on_by_itself_tells_of_failures_and_rests_while_it_is_hidden(browser: Browser) -> None:
    with memory_rig() as rig:
        database = Failing(rig)
        store = HotCold(database, rig.bucket, clock=rig.clock)
        page = browser.page()
        page.call("clock.install", {"time": 0})
        page.call("clock.pauseAt", 1)
        with serving(store) as url:
            page.open(f"{url}#token={ADMIN}")
            page.wait("!document.getElementById('data').hidden")
            rig.ingest("d", "t", [{"a": 1}])
            asked = len(page.requests)
            page.call("clock.runFor", 29_999)
            assert len(page.requests) == asked
            page.call("clock.runFor", 1)
            page.wait("document.querySelector('#totals dd').firstChild.data === '1'")
            assert len(page.requests) == asked + 1
            database.fails = True
            page.call("clock.runFor", 30_000)
            page.wait("document.getElementById('error').textContent")
            assert page.text("#error") == (
                "The store answers 503: the database is away. What is shown is older. The next try is in 30 s."
            )
            assert not page.value("document.getElementById('data').hidden")
            database.fails = False
            page.call("clock.runFor", 30_000)
            page.wait("!document.getElementById('error').textContent")
            page.value(
                """Object.defineProperty(document, 'hidden', { value: true, configurable: true });
                   document.dispatchEvent(new Event('visibilitychange'))"""
            )
            asked = len(page.requests)
            page.call("clock.runFor", 600_000)
            assert len(page.requests) == asked
            rig.ingest("d", "t", [{"a": 1}])
            page.value("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
            page.call("clock.runFor", 1)
            page.wait("document.querySelector('#totals dd').firstChild.data === '2'")
            assert len(page.requests) == asked + 1
        page.call("clock.runFor", 30_000)
        page.wait(
            "document.getElementById('error').textContent.startsWith('The server cannot be reached. What is shown is older.')"
        )
        check_quiet(page, url, answers_fail=True)
