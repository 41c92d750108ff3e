"""A headless Chromium, driven by playwright; and axe-core, which looks for what a screen reader would stumble over.

In: nothing. Out: a browser of this machine (`apt install chromium`), which playwright neither brings nor downloads,
and what axe-core finds on a page. Tests with the mark `NEEDED` are skipped, with the reason, where one is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from importlib.util import find_spec
from typing import Any, NamedTuple

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATH = next((path for name in NAMES if (path := shutil.which(name))), None)
PACKAGES = ("playwright", "axe_playwright_python")
MISSING = [name for name in PACKAGES if find_spec(name) is None] + ([] if PATH else ["a Chromium on the path"])
NEEDED = pytest.mark.skipif(bool(MISSING), reason=f"missing here: {', '.join(MISSING)}")

PHONE, DESK = 390, 1280
"""Widths in CSS pixels."""


@contextmanager
def launched() -> Iterator[Any]:
    """Run a Chromium with an empty profile, and end it."""
    # Root, which containers run as, has no sandbox to give.
    switches = ["--no-sandbox"] if os.geteuid() == 0 else []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PATH, args=switches)
        try:
            yield browser
        finally:
            browser.close()


class Violation(NamedTuple):
    """impact: `minor`, `moderate`, `serious` or `critical`. html: where the first element that it is about begins."""

    impact: str
    rule: str
    html: str


def violations(page: Any, **options: Any) -> list[Violation]:
    """Return what axe-core finds on a page as it stands. options: axe's own."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate(
        "(options) => axe.run({exclude: [['[hidden]']]}, {resultTypes: ['violations'], ...options})", options
    )["violations"]
    return [Violation(v["impact"], v["id"], v["nodes"][0]["html"][:200]) for v in found]


def is_overflowing(page: Any) -> bool:
    """Whether the page can be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
