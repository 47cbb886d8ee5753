"""Chromium without a window, which Playwright drives in node: see `node/drive.mjs`."""

import base64
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any, Final

from tests.node import ENVIRONMENT, NODE, npm_ci

FOLDER: Final = Path(__file__).parent / "node"
PATIENCE_S: Final = 60
"""How long anything may take; on a busy machine Chromium takes its time."""


class Browser:
    """A running Chromium."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests = requests
        self._answers = answers
        self._numbers = count()

    def ask(self, number: int, call: str, *arguments: Any) -> Any:
        """Return what a method of a page returns."""
        self._requests.write(json.dumps({"page": number, "call": call, "arguments": arguments}) + "\n")
        self._requests.flush()
        line = self._answers.readline()
        assert line, "Chromium has ended"
        answer = json.loads(line)
        assert "error" not in answer, f"{call}: {answer['error']}"
        return answer.get("value")

    def page(self, width: int = 1280, height: int = 900, *, dark: bool = False, scale: float = 1) -> "Page":
        """Return a new page that shares nothing with others, on a screen of this size; a narrow one is a phone's."""
        number = next(self._numbers)
        viewport = {"width": width, "height": height}
        options = {"viewport": viewport, "deviceScaleFactor": scale, "isMobile": width < 600}
        self.ask(number, "open", options)
        page = Page(self, number)
        page.darken(dark)
        return page


class Page:
    """One page."""

    def __init__(self, browser: Browser, number: int) -> None:
        self._browser = browser
        self._number = number
        self.call("setDefaultTimeout", 1000 * PATIENCE_S)

    def call(self, method: str, *arguments: Any) -> Any:
        """Return what a method of Playwright's page returns; `keyboard.press` is one of what the page has."""
        return self._browser.ask(self._number, method, *arguments)

    @property
    def requests(self) -> list[str]:
        """The URLs that the page has asked for."""
        return [*self.call("requests")]

    @property
    def complaints(self) -> list[str]:
        """What the browser has to say against the page, and what the page has said to its console."""
        return [*self.call("complaints")]

    def darken(self, dark: bool) -> None:
        """Set whether dark colours are preferred."""
        self.call("emulateMedia", {"colorScheme": "dark" if dark else "light"})

    def open(self, url: str) -> None:
        """Go to `url`."""
        self.call("goto", url)

    def value(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        return self.call("evaluate", script)

    def wait(self, script: str) -> None:
        """Wait until an expression is true; to ask for it in the page, again and again, is what the page's policy forbids."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.value(script):
            assert time.monotonic() < deadline, f"{script} does not come true: {self.complaints} {self.text()}"
            time.sleep(0.02)

    def text(self, selector: str = "body") -> str:
        """Return the text that is seen of an element."""
        return str(self.call("innerText", selector))

    def key(self, name: str) -> None:
        """Press a key and let it go."""
        self.call("keyboard.press", name)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("keyboard.insertText", text)

    def point(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.call("mouse.move", x, y)

    def picture(self) -> bytes:
        """Return a picture of what the screen shows, as PNG."""
        return base64.b64decode(self.call("screenshot"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium, unpacked into a folder that is its own."""
    npm_ci(FOLDER)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = {**ENVIRONMENT, "TMPDIR": folder, "HOME": folder}
        with subprocess.Popen(
            [NODE, "drive.mjs"], cwd=FOLDER, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            yield Browser(process.stdin, process.stdout)
            process.stdin.close()
        assert process.returncode == 0
