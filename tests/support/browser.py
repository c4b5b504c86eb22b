"""A real browser, driven as a user drives it: Chromium, headless, by the DevTools protocol.

The protocol goes through a pipe, so that nothing but Chromium itself is needed.

    python -m tests.support.browser PAGE.html SHOT.png [dark] [SCRIPT]
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
)
KEYS = {" ": "Space", "ArrowRight": "ArrowRight", "ArrowDown": "ArrowDown", "Tab": "Tab"}


class Browser:
    """One tab; use as a context manager."""

    def __init__(self, folder: Path, *, width: int = 1280, height: int = 800) -> None:
        """Keep what the browser stores, and what it downloads, in ``folder``."""
        assert CHROMIUM is not None
        read, self._to = os.pipe()
        self._from, write = os.pipe()
        # Chromium reads 3 and writes 4: neither may be taken while the other is put in its place.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read, write)]
        shell = 'exec "$@" 3<&{} 4>&{}'.format(*ends)
        self._process = subprocess.Popen(
            [
                "bash",
                "-c",
                shell,
                "bash",
                CHROMIUM,
                *FLAGS,
                f"--user-data-dir={folder / 'profile'}",
            ],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (read, write, *ends):
            os.close(end)
        self.folder = folder
        self._buffer, self._number, self.events = b"", 0, list[dict[str, Any]]()
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Network.enable")
        self.size(width, height)
        self.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder),
            eventsEnabled=True,
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._to)
        self._process.terminate()
        self._process.wait()
        os.close(self._from)

    def call(self, method: str, **params: Any) -> Any:
        """The result of a command of the protocol."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def wait(self, event: str) -> dict[str, Any]:
        """The next event of this name, that came since the last one waited for or comes now."""
        while True:
            for place, seen in enumerate(self.events):
                if seen.get("method") == event:
                    del self.events[: place + 1]
                    return dict(seen["params"])
            self.events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._from, 1 << 20)
            assert part, "the browser has ended"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))

    def open(self, page: Path) -> None:
        """Load a page and wait until it can be used."""
        self.events.clear()
        self.call("Page.navigate", url=page.absolute().as_uri())
        self.wait("Page.loadEventFired")
        self.ready()

    def reload(self) -> None:
        """Load the page once more."""
        self.events.clear()
        self.call("Page.reload")
        self.wait("Page.loadEventFired")
        self.ready()

    def ready(self) -> None:
        """Wait until the page says that it is ready."""
        self.js(
            "new Promise((done) => { const look = () => document.documentElement.dataset.ready"
            " ? done() : setTimeout(look, 10); look(); })"
        )

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def key(self, key: str, *, ctrl: bool = False) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 and not ctrl else {}
        shared = {"key": key, "code": KEYS.get(key, key), "modifiers": 2 if ctrl else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **shared, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def click(self, selector: str, button: str = "left") -> None:
        """Press the mouse in the middle of the element that a CSS selector finds."""
        place = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **place, button=button, clickCount=1)

    def touch(self, selector: str, seconds: float = 0.0) -> None:
        """Touch an element, for so long."""
        self.call(
            "Input.dispatchTouchEvent", type="touchStart", touchPoints=[self.middle(selector)]
        )
        if seconds:
            self.js(f"new Promise((done) => setTimeout(done, {1000 * seconds}))")
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def middle(self, selector: str) -> dict[str, float]:
        """Where an element is on the screen."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y, width, height = self.js(
            f"(({{x, y, width, height}}) => [x, y, width, height])({box})"
        )
        return {"x": x + width / 2, "y": y + height / 2}

    def size(self, width: int, height: int) -> None:
        """Make the window so large, in pixels."""
        shared = {"deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, **shared)
        # The page hears of it before it draws the next time.
        self.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def scheme(self, wanted: str) -> None:
        """Prefer ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": wanted}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def shot(self, file: Path) -> None:
        """Write what is seen as a PNG."""
        shown = self.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shown["data"]))


def main(page: str, target: str, scheme: str = "light", script: str = "") -> None:
    """Write a picture of a page."""
    folders = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folders as folder, Browser(Path(folder), width=1040, height=660) as browser:
        browser.scheme(scheme)
        browser.open(Path(page))
        if script:
            browser.js(script)
        browser.shot(Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
