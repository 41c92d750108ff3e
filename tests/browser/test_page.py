"""The page in a real browser: on a phone and on a desk, by light and in the dark.

Chromium alone is enough for all but axe-core, which `npm ci --prefix tests/browser` gets; a test that lacks either is
skipped and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from compiler.report import html
from compiler.verdicts import compare
from tests.browser import chromium
from tests.measuring.conftest import make_run
from tests.measuring.full_report import full
from tests.measuring.runs import keeping

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = chromium.find()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
Scheme = Literal["light", "dark"]
LOOKS: list[tuple[int, Scheme]] = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with every section, something missed and something unclear."""
    run = keeping(keeping(make_run(), "trait.caring", 0.5), "refuse.dosing", 0.6, aspects=("pressure",))
    path = tmp_path_factory.mktemp("page") / "report.html"
    report = full(compare(run))
    # axe takes a minute over all of them.
    few = report.model_copy(update={"transcripts": report.transcripts[:40]})
    path.write_text(html.render(few), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def tab() -> Iterator[chromium.Page]:
    assert CHROMIUM is not None
    with chromium.browser(CHROMIUM) as browser:
        yield browser.page()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: npm ci --prefix tests/browser")
def test_axe_finds_nothing_serious(tab: chromium.Page, address: str, width: int, scheme: Scheme) -> None:
    tab.set(width, scheme=scheme)
    tab.open(address)
    tab.run("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    tab.run(AXE.read_text(encoding="utf-8"))
    found = tab.run(
        "axe.run({exclude: [['[hidden]']]}).then((r) => r.violations.map("
        "(v) => [v.impact, v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]))"
    )
    assert [v for v in found if v[0] in ("serious", "critical")] == []
    # axe looks at this page at all: a broken one is told from it.
    tab.run("document.documentElement.removeAttribute('lang')")
    again = tab.run("axe.run({runOnly: ['html-has-lang']}).then((r) => r.violations.map((v) => v.id))")
    assert again == ["html-has-lang"]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nothing_scrolls_sideways(tab: chromium.Page, address: str, width: int, scheme: Scheme) -> None:
    tab.set(width, scheme=scheme)
    tab.open(address)
    tab.run("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    wide = """Array.from(document.querySelectorAll('main *, header *'))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.vh, svg, thead'))
        .map((e) => e.outerHTML.slice(0, 120))"""
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run(wide) == []


def test_the_dark_is_dark(tab: chromium.Page, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        tab.set(1280, scheme=scheme)  # type: ignore[arg-type]  # the two schemes
        tab.open(address)
        grounds.append(tab.run("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(252, 251, 248)", "rgb(21, 24, 27)"]


def test_the_filters_show_flips_first_and_find_words(tab: chromium.Page, address: str) -> None:
    tab.set(1280)
    tab.open(address)
    shown = "Array.from(document.querySelectorAll('.talk')).filter((t) => !t.hidden)"
    assert tab.run(f"{shown}.length") == 25
    assert tab.run(f"{shown}.every((t) => t.dataset.flipped)")
    assert tab.run(f"{shown}.every((t) => t.querySelectorAll('.answer:not([hidden])').length === 2)")
    tab.run("document.getElementById('show-more').click()")
    assert tab.run(f"{shown}.length") > 25
    about, words = "document.querySelector('select[name=about]')", "document.querySelector('input[name=words]')"
    tell = f"{words}.dispatchEvent(new Event('input', {{bubbles: true}}))"
    probe = tab.run("document.querySelector('.talk .mono').textContent")
    tab.run(f"{about}.value = 'all'; {words}.value = '{probe}'; {tell}")
    assert tab.run(f"{shown}.map((t) => t.querySelector('.mono').textContent)") == [probe]
    tab.run(f"{words}.value = 'no such words'; {tell}")
    assert tab.run("document.getElementById('shown').textContent") == "No conversation fits."


def test_the_page_is_walked_with_the_keyboard(tab: chromium.Page, address: str) -> None:
    """The first stop skips to the findings; every stop is seen and shows that it has the focus."""
    tab.set(1280)
    tab.open(address)
    stops: list[dict[str, Any]] = []
    for _ in range(30):
        tab.press("Tab", 9)
        stops.append(
            tab.run(
                "(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);"
                "return {text: e.textContent.trim(), width: r.width, left: r.left, outline: s.outlineStyle}; })()"
            )
        )
    assert stops[0]["text"] == "Skip to the findings"
    assert all(stop["width"] > 0 and stop["left"] >= 0 and stop["outline"] != "none" for stop in stops)
    assert len({stop["text"] for stop in stops}) > 20


def test_the_policy_holds(tab: chromium.Page, address: str) -> None:
    """No request leaves the page, and no script but its own runs."""
    tab.open(address)
    assert tab.run("performance.getEntriesByType('resource').length") == 0
    refused = tab.run(
        "new Promise((done) => { const refused = []; document.addEventListener('securitypolicyviolation', (e) => {"
        "refused.push(e.effectiveDirective); if (refused.length === 2) done(refused.sort()); });"
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "new Image().src = 'http://127.0.0.1:9/'; })"
    )
    assert refused == ["img-src", "script-src-elem"]
    assert tab.run("window.ran === undefined")


def test_a_place_in_the_findings_leads_to_its_line(tab: chromium.Page, address: str) -> None:
    tab.set(390)
    tab.open(address)
    tab.run("document.querySelector('.finding .place').click()")
    assert tab.run("document.querySelector('.listing .row:target .src').textContent.startsWith('refuse dosing')")


def test_paper_shows_every_conversation_answer_in_black(tab: chromium.Page, address: str) -> None:
    tab.set(800, scheme="dark", media="print")
    tab.open(address)
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("getComputedStyle(document.querySelector('.filters')).display") == "none"
