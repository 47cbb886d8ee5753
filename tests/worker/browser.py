"""Chromium without a window, driven over the pipe of its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

PATIENCE_S: Final = 60
"""How long anything may take; on a busy machine Chromium takes its time."""

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


class Browser:
    """A running Chromium. Every call waits for its answer; what else comes in goes to the page that it is about."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to_browser = to_browser
        self._from_browser = from_browser
        self._received = b""
        self._last_id = 0
        self._pages: dict[str, Page] = {}

    def call(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Return the result of one command."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last_id:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if page := self._pages.get(answer.get("sessionId", "")):
                page.take(answer["method"], answer["params"])

    def page(self, **viewport: Any) -> "Page":
        """Return a new page that shares nothing with others."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            page.call(f"{domain}.enable")
        page.view(**viewport)
        return page

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._received:
            assert select.select([self._from_browser], [], [], max(0, deadline - time.monotonic()))[0], "Chromium does not answer"
            data = os.read(self._from_browser, 1 << 20)
            assert data, "Chromium has ended"
            self._received += data
        message, _, self._received = self._received.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


class Page:
    """One page: what it asked for is in `requests`, what the browser has to say against it in `complaints`."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def call(self, method: str, **params: Any) -> Any:
        """Return the result of one command for this page."""
        return self._browser.call(method, self._session, **params)

    def take(self, event: str, params: dict[str, Any]) -> None:
        """Note what has happened."""
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Audits.issueAdded":
                told = json.dumps(params)
                if "NavigationEntryMarkedSkippable" not in told:  # a test has changed the address, which no user asked for
                    self.complaints.append(told)

    def view(self, width: int = 1280, height: int = 900, *, dark: bool = False, scale: float = 1) -> None:
        """Set the size and the colours of the screen; a narrow one is a phone's."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go to `url`."""
        assert not self.call("Page.navigate", url=url).get("errorText")
        self.wait("document.readyState === 'complete'")

    def value(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, script: str) -> Any:
        """Return the value of an expression as soon as it is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.value(script)):
            assert time.monotonic() < deadline, f"{script} does not come true: {self.complaints} {self.text()}"
            time.sleep(0.02)
        return found

    def text(self, selector: str = "body") -> str:
        """Return the text that is seen of an element."""
        return str(self.value(f"document.querySelector({json.dumps(selector)}).innerText"))

    def key(self, name: str) -> None:
        """Press a key and let it go."""
        key = {"key": name, "code": name, "windowsVirtualKeyCode": _KEYS[name]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **key, **({"text": "\r"} if name == "Enter" else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)

    def point(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, **options: Any) -> bytes:
        """Return a picture of what the screen shows, as PNG; `options` are those of `Page.captureScreenshot`."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **options)["data"])


_KEYS: Final = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium with a new profile and in UTC."""
    path = shutil.which("chromium")
    assert path, "there is no chromium: install the Debian package of that name, or put a Chromium of that name in the PATH"
    child_reads, to_browser = os.pipe()
    from_browser, child_writes = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # It reads from descriptor 3 and writes to 4.
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{child_reads} 4>&{child_writes}', path, *FLAGS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            command,
            pass_fds=(child_reads, child_writes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC", "LANG": "en_US.UTF-8", "HOME": str(Path(profile))},
        )
        os.close(child_reads)
        os.close(child_writes)
        try:
            browser = Browser(to_browser, from_browser)
            yield browser
            browser.call("Browser.close")
        finally:
            os.close(to_browser)  # at the end of its input it ends
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(from_browser)
