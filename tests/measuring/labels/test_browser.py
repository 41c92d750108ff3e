"""The page in a real browser: by keyboard, on a phone, with hostile text, and for a screen reader."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compiler import verdicts
from compiler.calibrating import PEOPLE
from compiler.cli import execute
from compiler.labels import content, said
from compiler.labels.desk import Desk
from compiler.labels.store import FILE, Store
from compiler.labels.tasks import Task
from tests.browser import chromium
from tests.measuring.labels.conftest import Client, first, serving

pytestmark = chromium.NEEDED
PHONE = {"viewport": {"width": chromium.PHONE, "height": 844}, "has_touch": True}
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def opened(browser: Any, client: Client) -> Iterator[Opened]:
    """Return a function that opens the page as somebody, at one kind of task, and fails where the page errs."""
    trouble: list[str] = []
    contexts: list[Any] = []

    def open_page(
        kind: str | None = None,
        name: str = "Ana",
        expected: str | None = None,
        labelled: Callable[[Any], None] | None = None,
        **context: Any,
    ) -> Any:
        contexts.append(browser.new_context(**{**PHONE, **context}))
        page = contexts[-1].new_page()
        if labelled is not None:
            # Before the page is there: the browser tells a page that is there some time after it has said that it did.
            page.route("**/api/label", labelled)
        page.set_default_timeout(8000)
        page.on(
            "console",
            lambda m: trouble.append(m.text) if m.type in ("error", "warning") and m.text != expected else None,
        )
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(client.server.url)
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.wait_for_selector("#task:not([hidden])")
        if kind is not None:
            choose(page, kind)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not trouble


def settle(page: Any) -> None:
    """Wait until a reply is shown. (The page's policy forbids the driver to wait for an expression.)"""
    page.wait_for_selector("body:not([aria-busy])")


def choose(page: Any, kind: str) -> None:
    with page.expect_response("**/api/next"):
        page.select_option("#kind", kind)
    settle(page)


def strike(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def press(page: Any, key: str) -> None:
    """Press a key that stores something, and wait for the reply."""
    with page.expect_response("**/api/*"):
        page.keyboard.press(key)
    settle(page)


def asked(client: Client, page: Any) -> Task:
    """The task that the page shows."""
    return client.server.desk.by_key[page.evaluate("task.key")]


KEYS: tuple[tuple[str, str, Any], ...] = (
    ("present", "y", True),
    ("present", "n", False),
    ("present", "2", False),
    ("likert", "4", 4),
    ("refusal", "2", "partly"),
    ("pairwise", "3", "tie"),
    ("pairwise", "4", "both bad"),
    ("span", "Enter", []),
)


def test_a_label_of_every_kind_by_keyboard_on_a_phone(opened: Opened, client: Client, store: Store) -> None:
    page = opened()
    assert "token" not in page.url
    for number, (kind, key, value) in enumerate(KEYS, 1):
        choose(page, kind)
        task = asked(client, page)
        press(page, key)
        entry = store.standing()[-1]
        assert (entry.seen.key, entry.annotator, entry.value) == (task.key, "Ana", value)
        assert asked(client, page).key != task.key
        assert len(store.standing()) == number


def test_labels_made_here_become_calibration_rows_and_trl_pairs(
    browser: Any, every: tuple[Task, ...], on_disk: tuple[Path, Path]
) -> None:
    """From the keys that are pressed to the judge's card in the report, and to rows that `trl dpo` reads."""
    build, run = on_disk
    with Store(run / FILE) as store, serving(Desk(every, store, "parrot")) as server:
        page = browser.new_page()
        page.goto(server.url)
        page.keyboard.type("Ana")
        page.keyboard.press("Enter")
        page.wait_for_selector("#task:not([hidden])")
        with page.expect_response("**/api/next"):
            page.select_option("#clause", "trait.caring")
        settle(page)
        choose(page, "present")
        for number in range(4):
            press(page, "yn"[number % 2])
        choose(page, "pairwise")
        chosen = []
        for key in ("ArrowLeft", "ArrowRight"):
            shown = page.locator(".answer .text").all_inner_texts()
            chosen.append((shown[key == "ArrowRight"], shown[key == "ArrowLeft"]))
            press(page, key)
        page.close()
    trl = run / "trl.jsonl"
    assert execute(["label", str(run), "--out", str(build.parent), "--export", str(trl)]) == 0
    pairs = [json.loads(line) for line in trl.read_text(encoding="utf-8").splitlines()]
    assert sorted((row["chosen"][-1]["content"], row["rejected"][-1]["content"]) for row in pairs) == sorted(chosen)
    labels = [json.loads(line) for line in (run / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(label["value"] for label in {label["id"]: label for label in labels}.values()) == {True: 2, False: 2}
    uniform = {label["arm"] for label in labels if label["stratum"] == "uniform"}
    cards = [card for card in verdicts.diff(build, run).judge_cards if card.source == PEOPLE]
    assert {card.arm for card in cards} == uniform
    assert all(card.clause_id == "trait.caring" and card.labels + card.unread > 0 for card in cards)


def test_an_arrow_chooses_the_answer_on_its_side(opened: Opened, client: Client, store: Store) -> None:
    page = opened("pairwise")
    for number in range(6):
        task = asked(client, page)
        shown = page.locator(".answer .text").all_inner_texts()
        press(page, ("ArrowLeft", "ArrowRight")[number % 2])
        entry = store.standing()[-1]
        assert task.answers[said.PAIR.index(entry.value)] == shown[number % 2]
    assert {content.swapped(entry.seen.key, "Ana") for entry in store.standing()} == {True, False}


def test_words_are_marked_by_keyboard_and_marks_taken_off(opened: Opened, client: Client, store: Store) -> None:
    page = opened("span")
    answer = asked(client, page).answers[0]
    words = answer.split()
    strike(page, "ArrowRight", "Space", "ArrowRight", "Space", "Backspace", "ArrowLeft", "Space", "ArrowRight", "Space")
    start = len(words[0]) + 1
    end = start + len(f"{words[1]} {words[2]}")
    assert "".join(page.locator("#answers mark").all_inner_texts()) == answer[start:end]
    press(page, "Enter")
    assert store.standing()[0].value == [[start, end]]


def test_undo_brings_a_task_back_as_it_was_and_skip_and_note_work(opened: Opened, client: Client, store: Store) -> None:
    page = opened("likert")
    task = asked(client, page)
    page.keyboard.press("c")
    page.keyboard.type("sounds 3 s u")
    page.keyboard.press("Escape")
    press(page, "2")
    assert [(e.value, e.note) for e in store.standing()] == [(2, "sounds 3 s u")]
    press(page, "u")
    assert asked(client, page).key == task.key
    assert store.standing() == []
    assert page.input_value("#note") == "sounds 3 s u"
    assert page.get_attribute("#choices [aria-pressed=true]", "aria-keyshortcuts") == "2"
    press(page, "s")
    assert [e.action for e in store.standing()] == ["skip"]
    assert "1 skipped" in page.inner_text("#count")


def test_where_nothing_is_left_another_kind_can_be_chosen(opened: Opened) -> None:
    page = opened("refusal")
    with page.expect_response("**/api/next"):
        page.select_option("#clause", "trait.pirate")
    settle(page)
    assert page.inner_text("#done-title") == "There is no such task"
    choose(page, "likert")
    assert page.inner_text("#clause-id") == "trait.pirate"


def test_a_reload_goes_on_where_it_was(opened: Opened, client: Client) -> None:
    page = opened("present")
    press(page, "y")
    page.reload()
    page.wait_for_selector("#task:not([hidden])")
    assert page.inner_text("#count").startswith("1 of ")
    assert not page.is_visible("#who")


def test_a_reply_that_is_lost_is_asked_for_again_and_counts_once(opened: Opened, store: Store, client: Client) -> None:
    lost: list[str] = []

    def lose(route: Any) -> None:
        # The label arrives, the reply does not.
        if not lost:
            lost.append(route.request.post_data)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page = opened("present", expected="Failed to load resource: net::ERR_FAILED", labelled=lose)
    page.keyboard.press("y")
    page.wait_for_selector("#count >> text=/^1 of/")
    assert lost
    assert len(store.standing()) == 1
    assert len(store._db.execute("SELECT * FROM events").fetchall()) == 1


# ------------------------------------------------------------------ answers are untrusted, and may be long


HOSTILE = (
    """<img src=x onerror="document.title='owned'"></div><script>document.title='owned'</script> {{x}} &amp; 🦜🦜 arr"""
)


@pytest.fixture
def hostile(client: Client, every: tuple[Task, ...]) -> Task:
    """The only span task of the desk, whose answer is hostile."""
    task = replace(first(every, "span"), key="hostile", answers=(f"{HOSTILE} {'w' * 400}",), says=HOSTILE)
    desk = client.server.desk
    desk.tasks = (*(other for other in desk.tasks if other.kind != "span"), task)
    desk.by_key[task.key] = task
    return task


def test_markup_in_an_answer_is_text_and_a_long_word_breaks(opened: Opened, hostile: Task) -> None:
    page = opened("span")
    assert page.text_content("#answers .text") == hostile.answers[0]
    assert page.inner_text("#says") == HOSTILE
    assert page.title() == "parrot: label answers"
    assert page.locator("#answers img, #answers script, #says img").count() == 0
    assert not chromium.is_overflowing(page)


SELECT = """([from, to]) => {
  const walker = document.createTreeWalker(document.querySelector("#answers .text"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let at = 0, node; (node = walker.nextNode()); at += node.length) {
    if (at <= from && from <= at + node.length) range.setStart(node, from - at);
    if (at < to && to <= at + node.length) range.setEnd(node, to - at);
  }
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


@pytest.mark.parametrize("touch", [True, False])
def test_selected_text_is_marked_where_it_stands_after_an_emoji(
    opened: Opened, store: Store, hostile: Task, touch: bool
) -> None:
    page = opened("span", **({} if touch else {"has_touch": False}))
    answer = hostile.answers[0]
    start = answer.index("arr")
    # JavaScript counts each parrot as two.
    page.evaluate(SELECT, [start + 2, start + 5])
    if touch:
        page.tap("#mark")
    else:
        page.dispatch_event("#answers .text", "mouseup")
    assert page.locator("#answers mark").all_inner_texts() == ["arr"]
    with page.expect_response("**/api/label"):
        page.click("#save-spans")
    page.wait_for_selector("#done:not([hidden])")
    [entry] = store.standing()
    assert entry.value == [[start, start + 3]]
    assert answer[start : start + 3] == "arr"


# ------------------------------------------------------------------ for who cannot see it, and in the dark


def test_names_and_news_for_a_screen_reader(opened: Opened) -> None:
    page = opened("present")
    assert page.get_by_role("button", name="Yes").is_visible()
    assert page.get_by_role("group", name="Does the answer keep to this?").is_visible()
    assert page.get_by_role("heading", name="Does the answer keep to this?").evaluate(
        "e => e === document.activeElement"
    )
    press(page, "y")
    assert page.text_content("[role=status]") == "Stored: Yes."
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="How to label").is_visible()
    assert page.inner_text("#me") == "Ana"
    page.keyboard.press("y")
    page.keyboard.press("Escape")
    assert page.inner_text("#count").startswith("1 of "), "keys do nothing behind a dialog"
    with page.expect_response("**/api/agreement"):
        page.click("#show-agreement")
    assert "Nobody else" in page.get_by_role("dialog", name="Agreement").inner_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("light", 1200)])
def test_axe_finds_nothing_and_nothing_overflows(opened: Opened, scheme: str, width: int) -> None:
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 844})
    found: list[tuple[str, chromium.Violation]] = []
    for kind in ("present", "likert", "refusal", "span", "pairwise"):
        choose(page, kind)
        if kind == "span":
            strike(page, "Space", "ArrowRight", "Space", "c")
        found += [(kind, violation) for violation in chromium.violations(page)]
        assert not chromium.is_overflowing(page)
        small = (
            "[...document.querySelectorAll('main button')].filter(b => b.offsetHeight && b.offsetHeight < 36).length"
        )
        assert page.evaluate(small) == 0
    assert not found
