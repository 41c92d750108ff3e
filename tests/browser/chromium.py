"""A headless Chromium, driven over the pipe of its DevTools protocol.

In: the path of a page. Out: what a browser makes of it: values of expressions, presses of keys, pictures. Nothing but
Chromium itself is needed, neither Node nor a driver. Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

PATIENCE = 60.0
"""Seconds until an answer is given up on."""

# Without a sandbox, since containers have none to give; the pages are the tests' own.
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)


def find() -> str | None:
    """Return the path of a Chromium, or None where there is none."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class Page:
    """One tab. Every method waits for the browser's answer."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self.session = session

    def send(self, method: str, **params: object) -> dict[str, Any]:
        return self.browser.send(method, params, self.session)

    def set(self, width: int, height: int = 900, scheme: Literal["light", "dark"] = "light", media: str = "") -> None:
        """Give the tab a size in CSS pixels, a colour scheme, and a medium (`print`, or the screen)."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", media=media, features=[feature])

    def open(self, address: str) -> None:
        self.send("Page.enable")
        self.send("Page.navigate", url=address)
        end = time.monotonic() + PATIENCE
        while self.run("document.readyState") != "complete" or self.run("location.href") == "about:blank":
            if time.monotonic() > end:
                raise TimeoutError(f"{address} does not finish loading")
            time.sleep(0.05)

    def run(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript; a promise is waited for.

        Raises:
            RuntimeError: it threw.
        """
        said = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"].get("exception", {}).get("description", said))
        return said["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and let go of one key: its name, its Windows key code, the text that it types."""
        of_key = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **of_key)
        self.send("Input.dispatchKeyEvent", type="keyUp", **of_key)

    def picture(self, path: Path, clip: Mapping[str, float] | None = None) -> None:
        """Write a PNG of the whole page, or of a part of it."""
        more = {"clip": {**clip, "scale": 1}} if clip else {}
        said = self.send("Page.captureScreenshot", captureBeyondViewport=True, **more)
        path.write_bytes(base64.b64decode(said["data"]))


class Browser:
    """A running Chromium and the two pipes to it."""

    def __init__(self, to: int, of: int) -> None:
        self.to, self.of = to, of
        self.rest = b""
        self.number = 0

    def page(self) -> Page:
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        return Page(self, self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])

    def send(self, method: str, params: Mapping[str, object], session: str | None = None) -> dict[str, Any]:
        """Send a command and return its result; events are passed over.

        Raises:
            RuntimeError: the browser refuses the command, or is gone.
            TimeoutError: it does not answer.
        """
        self.number += 1
        message = {"id": self.number, "method": method, "params": dict(params)}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        while (answer := self._next()).get("id") != self.number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        pieces = [self.rest]
        while b"\0" not in pieces[-1]:
            if not select.select([self.of], [], [], PATIENCE)[0]:
                raise TimeoutError("Chromium does not answer")
            piece = os.read(self.of, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium is gone")
            pieces.append(piece)
        message, _, self.rest = b"".join(pieces).partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """Run a Chromium with an empty profile, and end it."""
    out_read, out_write = os.pipe()
    in_read, in_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The protocol's pipes are the file descriptors 3 and 4 of the child, which a shell puts in their places.
        command = f'exec "$0" "$@" 3<&{in_read} 4>&{out_write}'
        process = subprocess.Popen(
            ["/bin/bash", "-c", command, path, *SWITCHES, f"--user-data-dir={profile}"],
            pass_fds=(in_read, out_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(in_read)
        os.close(out_write)
        try:
            yield Browser(in_write, out_read)
        finally:
            process.terminate()
            process.wait(PATIENCE)
            os.close(in_write)
            os.close(out_read)
