"""The page of rows: what it says, what it escapes, and the desk behind it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler import struck
from compiler.lint import lint
from compiler.lint.figures import BINS, figures
from compiler.lint.findings import Rows
from compiler.lint.probing import separability
from compiler.rows_page.desk import Desk, Unfit
from compiler.rows_page.page import render
from compiler.rows_page.view import view
from tests.lint.test_lint import CLAUSE, pair, sound


def rows_of(pairs: list[object]) -> Rows:
    return Rows(pairs=pairs, clause_ids=[CLAUSE, "forbid.canned"])  # type: ignore[arg-type]  # pairs


def test_figures_count_what_is_there() -> None:
    found = figures(rows_of([pair(1, "a", "one two three", "one"), pair(2, "b", "one", "one two")]))
    of = found.clauses[0]
    assert (of.rows, of.generators, of.chosen.median, of.rejected.median) == (2, {"test": 2}, 2.0, 1.5)
    assert sum(of.chosen.bins) == sum(of.rejected.bins) == 2
    assert len(of.chosen.bins) == BINS
    assert of.chosen.bins[3] == of.chosen.bins[1] == 1
    assert [clause.rows for clause in found.clauses] == [2, 0]


def test_a_reader_who_has_not_seen_the_pair_is_a_coin_where_nothing_tells() -> None:
    told = separability(sound(200))
    assert 0.35 < told.length < 0.65
    spoken = [pair(n, f"ask {n}", f"{'aye ' * (n % 2)}word{n} here", f"word{n + 1} there", CLAUSE) for n in range(100)]
    # "here" and "there" tell every pair, in words that each pair shares with others.
    assert separability(spoken).words == 1.0
    # Words that stand in one pair alone tell the reader nothing of another pair.
    strange = [pair(n, f"ask {n}", f"chosen{n}", f"rejected{n}") for n in range(100)]
    assert separability(strange).words == 0.5
    assert separability([]).pairs == 0


def test_pairs_with_one_prompt_are_not_told_by_one_another() -> None:
    """A prompt asked a hundred times would tell each pair by the ninety-nine others."""
    same = [pair(n, "the same question", "aye", "no") for n in range(100)]
    assert separability(same).words == 0.5


def test_the_page_escapes_rows_and_asks_nothing_of_a_network() -> None:
    nasty = pair(1, "<script>alert(1)</script>", "</article><img src=x onerror=alert(1)>", "\x00&amp;")
    rows = rows_of([nasty, *sound(8)])
    page = render(view("pirate", "pirate.tenet", rows, lint(rows), ()))
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "\x00" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "default-src 'none'" in page


def test_rows_with_findings_come_first_where_there_is_no_room() -> None:
    odd = pair(999, "And then?", "First [...] then it ends.", "No.")
    rows = rows_of([*sound(60), odd])
    seen = view("pirate", "pirate.tenet", rows, lint(rows), (), most=5)
    assert len(seen.rows) == 5
    assert seen.total == 61
    assert [row.codes for row in seen.rows if row.pair.id == "r999"] == [("L01",)]


def test_what_is_struck_is_marked_and_what_is_gone_is_listed(tmp_path: Path) -> None:
    pairs = sound(8)
    path = tmp_path / "a.struck.jsonl"
    struck.strike(path, [pairs[2], pair(77, "An older question?", "Yes.", "No.")])
    seen = view("a", "a.tenet", rows_of([*pairs]), (), struck.read(path))
    assert [row.pair.id for row in seen.rows if row.struck] == ["r2"]
    assert [row.row for row in seen.gone] == ["r77"]
    page = render(seen)
    assert "An older question?" in page
    assert '<button type="button" class="strike"' not in page


def test_the_desk_strikes_by_content_and_puts_back(tmp_path: Path) -> None:
    pairs = sound(8)
    path = tmp_path / "a.struck.jsonl"
    desk = Desk(pairs, path)
    keys = [struck.key_of_pair(one) for one in pairs[:2]]
    assert desk.strike({"keys": keys}) == {"changed": 2, "struck": 2}
    assert desk.strike({"keys": keys[:1]}) == {"changed": 0, "struck": 2}
    assert desk.restore({"keys": keys}) == {"changed": 2, "struck": 0}
    assert path.read_text() == ""
    for sent in ({}, {"keys": []}, {"keys": "x"}, {"keys": ["0" * 32]}, {"keys": keys * 600}):
        with pytest.raises(Unfit):
            desk.strike(sent)
    assert path.read_text() == ""


def test_a_list_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    pairs = sound(2)
    path = tmp_path / "a.struck.jsonl"
    path.mkdir()
    with pytest.raises(Unfit, match=r"a\.struck\.jsonl was not changed"):
        Desk(pairs, path).strike({"keys": [struck.key_of_pair(pairs[0])]})
