"""What tests ask of the monitoring page, and what has to hold of it whatever it shows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from avro_ocf.hotcold import Row
from tests.hotcold.stores import Rig
from tests.worker.browser import Browser, Page

FACTS = """(selector) => Object.fromEntries([...document.querySelectorAll(selector + ' > div')].map((line) => [
  line.querySelector('dt').textContent,
  [line.querySelector('dd').firstChild.textContent, ...[...line.querySelectorAll('data')].map((data) => data.value)].join('|')]))"""
CELLS = """(selector) => [...document.querySelectorAll(selector + ' tbody tr')].map((row) => [...row.cells].map((cell) => {
  const found = cell.querySelector('data, time');
  return found ? found.value ?? found.dateTime : cell.querySelector('span').textContent; }))"""
BARS = """() => [...document.querySelectorAll('.bar')].map((bar) => [bar.viewBox.baseVal.width,
  [...bar.children].map((rect) => [Number(rect.getAttribute('x')), Number(rect.getAttribute('width'))])])"""
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const seen = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = seen(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
  };
  const contrast = (colour, element) => {
    const [a, b] = [luminance(seen(colour)), luminance(ground(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    found.push([contrast(getComputedStyle(element).color, element) / 4.5, texts.currentNode.data]);
  }
  for (const shape of document.querySelectorAll('rect, path.raw, path.file')) {
    const style = getComputedStyle(shape);
    found.push([contrast(shape.tagName === 'rect' ? style.fill : style.stroke, shape.closest('.card')) / 3, shape.outerHTML]);
  }
  return [found.length, found.filter(([part]) => part < 1)];
}"""
WIDE = """() => [...document.querySelectorAll('body *')].filter((element) => {
  const box = element.getBoundingClientRect();
  const isClipped = Boolean(element.closest('thead'));
  const scrolls = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible';
  return element.checkVisibility() && !isClipped && (box.right > innerWidth + 0.5 || box.left < -0.5 || scrolls);
}).map((element) => element.outerHTML.slice(0, 200))"""


def opened(browser: Browser, url: str, **view: Any) -> Page:
    """Open a page's address with a token in it, and wait for what it shows."""
    page = browser.page(**view)
    page.open(url)
    page.wait("!document.getElementById('data').hidden")
    return page


def call(page: Page, script: str, *args: str) -> Any:
    return page.value(f"({script})({', '.join(map(json.dumps, args))})")


def check_quiet(page: Page, url: str, *, answers_fail: bool = False) -> None:
    """Check that the page has asked its own server only, and that Chromium has nothing to say against it."""
    origin = url.partition("#")[0]
    assert {*page.requests} <= {origin, f"{origin}overview"}
    complaints = [text for text in page.complaints if not (answers_fail and "Failed to load resource" in text)]
    assert complaints == []
    assert page.value("window.hacked") is None


def iso(time_ms: int) -> str:
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def index(rig: Rig) -> list[Row]:
    return rig.sql(
        """SELECT f.id, f.file_size, f.header_size, b.dataset_id, b.start_byte, b.length, b.record_count, b.start_timestamp,
             b.end_timestamp FROM archived_files f LEFT JOIN block_indexes b ON b.file_id = f.id
           WHERE f.id IN (SELECT id FROM archived_files ORDER BY id DESC LIMIT 10) ORDER BY f.id DESC, b.start_byte"""
    )


def check_index(rig: Rig, page: Page) -> None:
    """Check that every block of the index is drawn to scale, after its file's header, and told of in the table beside it."""
    page.value("for (const details of document.querySelectorAll('details')) details.open = true")
    page.wait(
        "document.querySelectorAll('details > :last-child:not(summary)').length == document.querySelectorAll('details').length"
    )
    rows = index(rig)
    wanted = [
        [size, [[0, header], *([row["start_byte"], row["length"]] for row in rows if row["id"] == key and row["length"])]]
        for key, size, header in dict.fromkeys((row["id"], row["file_size"], row["header_size"]) for row in rows)
    ]
    assert call(page, BARS) == wanted
    assert call(page, CELLS, "#files") == [
        [
            row["dataset_id"],
            *(f"{row[name]:,}" for name in ("start_byte", "length", "record_count")),
            *(iso(row[name]) for name in ("start_timestamp", "end_timestamp")),
        ]
        for row in rows
        if row["length"]
    ]
