"""The page of rows in a real browser: as a file, and served, where rows are struck out and put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from compiler import struck
from compiler.labels.web.server import LabelServer
from compiler.lint import lint
from compiler.lint.findings import Rows
from compiler.rows_page import page as pages
from compiler.rows_page.desk import ASKS, Desk
from compiler.rows_page.view import view
from tests.browser import chromium
from tests.lint.test_lint import CLAUSE, pair, sound

pytestmark = chromium.NEEDED
Scheme = Literal["light", "dark"]
LOOKS: list[tuple[int, Scheme]] = [(chromium.PHONE, "light"), (chromium.PHONE, "dark"), (chromium.DESK, "dark")]
LONG = "antidisestablishmentarianism_" * 6


def made() -> Rows:
    odd = [pair(90, "And then?", "First [...] then it ends.", "No."), pair(91, LONG, f"Aye. {LONG}", LONG)]
    return Rows(pairs=[*sound(60), *odd], clause_ids=[CLAUSE, "forbid.canned"])


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    with chromium.launched() as browser:
        yield browser.new_page()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("rows")
    rows = made()
    struck.strike(folder / "a.struck.jsonl", [rows.pairs[3], pair(77, "An older question?", "Yes.", "No.")], "dull")
    seen = view("harbour", "harbour.tenet", rows, lint(rows), struck.read(folder / "a.struck.jsonl"))
    (folder / "rows.html").write_text(pages.render(seen), encoding="utf-8")
    return (folder / "rows.html").as_uri()


def show(tab: Any, address: str, width: int = chromium.DESK, scheme: Scheme = "light") -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    # The same address with another place on the page would not load it again.
    tab.goto("about:blank")
    tab.goto(address)


SHOWN = "Array.from(document.querySelectorAll('#rows .talk')).filter((row) => !row.hidden)"


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_file_is_readable_anywhere(tab: Any, address: str, width: int, scheme: Scheme) -> None:
    show(tab, address, width, scheme)
    assert chromium.violations(tab) == []
    assert not chromium.is_overflowing(tab)
    assert tab.evaluate("performance.getEntriesByType('resource').length") == 0


def test_filters_narrow_and_a_link_shows_its_row(tab: Any, address: str) -> None:
    show(tab, address)
    assert tab.evaluate(f"{SHOWN}.length") == 25
    tab.select_option("select[name=about]", "L01")
    assert tab.evaluate(f"{SHOWN}.map((row) => row.id)") == ["row-r90"]
    tab.select_option("select[name=about]", "struck")
    assert tab.evaluate(f"{SHOWN}.map((row) => row.id)") == ["row-r3"]
    tab.select_option("select[name=about]", "")
    tab.fill("input[name=words]", "house 41")
    assert tab.evaluate(f"{SHOWN}.map((row) => row.id)") == ["row-r41"]
    # The row is beyond the first 25, and none that the filter lets through.
    tab.click("a[href='#row-r90']")
    assert tab.is_visible("#row-r90")


def test_the_file_has_no_button_that_does_nothing(tab: Any, address: str) -> None:
    show(tab, address)
    assert tab.evaluate("document.querySelectorAll('.strike').length") == 0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[LabelServer, Path]]:
    path, rows = tmp_path / "a.struck.jsonl", made()
    found = lint(rows)
    files = {
        "/": lambda: pages.render(view("harbour", "h.tenet", rows, found, struck.read(path), review=True)).encode(),
        "/rows.css": lambda: pages.style().encode(),
        "/rows.js": lambda: pages.script().encode(),
        "/icon.svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    server = LabelServer(Desk(rows.pairs, path), "127.0.0.1", 0, ASKS, files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server, path
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def names(path: Path) -> list[str]:
    return [row.row for row in struck.read(path)]


def test_rows_are_struck_out_put_back_and_still_so_after_a_reload(tab: Any, served: tuple[LabelServer, Path]) -> None:
    server, path = served
    show(tab, server.url, chromium.PHONE)
    assert "token" not in tab.url
    tab.click("#row-r2 .strike")
    tab.wait_for_selector("#row-r2.struck")
    assert names(path) == ["r2"]
    tab.click("#row-r5 .strike")
    tab.wait_for_selector("#row-r5.struck")
    tab.reload()
    assert tab.get_attribute("#row-r2 .strike", "aria-pressed") == "true"
    tab.click("#row-r2 .strike")
    tab.wait_for_selector("#row-r2:not(.struck)")
    assert names(path) == ["r5"]
    assert chromium.violations(tab) == []
    assert not chromium.is_overflowing(tab)


def test_keys_walk_and_strike(tab: Any, served: tuple[LabelServer, Path]) -> None:
    server, path = served
    show(tab, server.url)
    for key in ("j", "j", "x"):
        tab.keyboard.press(key)
    tab.wait_for_selector("#row-r1.struck")
    assert names(path) == ["r1"]
    tab.keyboard.press("k")
    tab.keyboard.press("x")
    tab.wait_for_selector("#row-r0.struck")
    tab.keyboard.press("/")
    # A letter that is typed into the search strikes nothing.
    tab.keyboard.type("x")
    assert tab.input_value("input[name=words]") == "x"
    assert names(path) == ["r1", "r0"]


def test_all_that_fit_are_struck_at_once(tab: Any, served: tuple[LabelServer, Path]) -> None:
    server, path = served
    show(tab, server.url)
    assert tab.is_disabled("#strike-all")
    tab.fill("input[name=words]", "in house 4")
    tab.click("#strike-all")
    tab.wait_for_selector("#row-r4.struck")
    assert sorted(names(path)) == ["r4", *(f"r4{n}" for n in range(10))]


def test_a_server_that_is_gone_is_said_and_nothing_is_marked(tab: Any, served: tuple[LabelServer, Path]) -> None:
    server, path = served
    tab.route("**/api/*", lambda route: route.abort())
    show(tab, server.url)
    tab.click("#row-r2 .strike")
    tab.wait_for_selector("#trouble:not([hidden])")
    tab.unroute("**/api/*")
    assert "still running" in tab.text_content("#trouble")
    assert "struck" not in tab.get_attribute("#row-r2", "class")
    assert names(path) == []


def test_nobody_without_the_token_reads_or_strikes(tab: Any, served: tuple[LabelServer, Path]) -> None:
    server, path = served
    tab.context.clear_cookies()
    show(tab, server.url.partition("?")[0])
    assert "Which tea" not in tab.content()
    sent = "{method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}"
    assert tab.evaluate(f"fetch('/api/strike', {sent}).then((reply) => reply.status)") == 401
    assert names(path) == []
