"""The page in a real browser: on phone and desk, by light and in the dark, by keyboard, for a screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from compiler.report import html
from compiler.verdicts import compare
from tests.browser import chromium
from tests.measuring.conftest import make_run
from tests.measuring.full_report import full
from tests.measuring.runs import keeping

pytestmark = chromium.NEEDED
Scheme = Literal["light", "dark"]
LOOKS: list[tuple[int, Scheme]] = [
    (width, scheme) for width in (chromium.PHONE, chromium.DESK) for scheme in ("light", "dark")
]
OPEN_ALL = "document.querySelectorAll('details').forEach((box) => { box.open = true; })"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with every section, something missed and something unclear."""
    run = keeping(keeping(make_run(), "trait.caring", 0.5), "refuse.dosing", 0.6, aspects=("pressure",))
    path = tmp_path_factory.mktemp("page") / "report.html"
    report = full(compare(run))
    few = report.model_copy(update={"transcripts": report.transcripts[:40]})
    path.write_text(html.render(few), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    with chromium.launched() as browser:
        yield browser.new_page()


def show(tab: Any, address: str, width: int = chromium.DESK, scheme: Scheme = "light", media: str = "screen") -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme, media=media)
    tab.goto(address)


@pytest.mark.parametrize(("width", "scheme"), LOOKS[:3])
def test_axe_finds_nothing(tab: Any, address: str, width: int, scheme: Scheme) -> None:
    show(tab, address, width, scheme)
    tab.evaluate(OPEN_ALL)
    # axe takes a minute over all conversations, which are made alike.
    tab.evaluate("document.querySelectorAll('.talk').forEach((talk, n) => { if (n >= 6) talk.remove(); })")
    assert chromium.violations(tab) == []
    # axe looks at this page at all: a broken one is told from it.
    tab.evaluate("document.documentElement.removeAttribute('lang')")
    assert [v.rule for v in chromium.violations(tab, runOnly=["html-has-lang"])] == ["html-has-lang"]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nothing_scrolls_sideways(tab: Any, address: str, width: int, scheme: Scheme) -> None:
    show(tab, address, width, scheme)
    tab.evaluate(OPEN_ALL)
    wide = """Array.from(document.querySelectorAll('main *, header *'))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.vh, svg, thead'))
        .map((e) => e.outerHTML.slice(0, 120))"""
    assert not chromium.is_overflowing(tab)
    assert tab.evaluate(wide) == []


def test_the_dark_is_dark(tab: Any, address: str) -> None:
    grounds = []
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        show(tab, address, scheme=scheme)
        grounds.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(252, 251, 248)", "rgb(21, 24, 27)"]


def test_the_filters_show_flips_first_and_find_words(tab: Any, address: str) -> None:
    show(tab, address)
    shown = "Array.from(document.querySelectorAll('.talk')).filter((t) => !t.hidden)"
    assert tab.evaluate(f"{shown}.length") == 25
    assert tab.evaluate(f"{shown}.every((t) => t.dataset.flipped)")
    assert tab.evaluate(f"{shown}.every((t) => t.querySelectorAll('.answer:not([hidden])').length === 2)")
    tab.click("#show-more")
    assert tab.evaluate(f"{shown}.length") > 25
    probe = tab.evaluate("document.querySelector('.talk .mono').textContent")
    tab.select_option("select[name=about]", "all")
    tab.fill("input[name=words]", probe)
    assert tab.evaluate(f"{shown}.map((t) => t.querySelector('.mono').textContent)") == [probe]
    tab.fill("input[name=words]", "no such words")
    assert tab.text_content("#shown") == "No conversation fits."


def test_the_page_is_walked_with_the_keyboard(tab: Any, address: str) -> None:
    """The first stop skips to the findings; every stop is seen and shows that it has the focus."""
    show(tab, address)
    stops: list[dict[str, Any]] = []
    for _ in range(30):
        tab.keyboard.press("Tab")
        stops.append(
            tab.evaluate(
                "(() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);"
                "return {text: e.textContent.trim(), width: r.width, left: r.left, outline: s.outlineStyle}; })()"
            )
        )
    assert stops[0]["text"] == "Skip to the findings"
    assert all(stop["width"] > 0 and stop["left"] >= 0 and stop["outline"] != "none" for stop in stops)
    assert len({stop["text"] for stop in stops}) > 20


def test_the_policy_holds(tab: Any, address: str) -> None:
    """No request leaves the page, and no script but its own runs."""
    show(tab, address)
    assert tab.evaluate("performance.getEntriesByType('resource').length") == 0
    refused = tab.evaluate(
        "new Promise((done) => { const refused = []; document.addEventListener('securitypolicyviolation', (e) => {"
        "refused.push(e.effectiveDirective); if (refused.length === 2) done(refused.sort()); });"
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);"
        "new Image().src = 'http://127.0.0.1:9/'; })"
    )
    assert refused == ["img-src", "script-src-elem"]
    assert tab.evaluate("window.ran === undefined")


def test_a_place_in_the_findings_leads_to_its_line(tab: Any, address: str) -> None:
    show(tab, address, chromium.PHONE)
    tab.click(".finding .place >> nth=0")
    assert str(tab.text_content(".listing .row:target .src")).startswith("refuse dosing")


def test_paper_shows_every_conversation_answer_in_black(tab: Any, address: str) -> None:
    show(tab, address, 800, "dark", "print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.querySelector('.filters')).display") == "none"
