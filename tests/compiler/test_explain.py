"""`tenet explain`: a page for every code of the compiler, an entry for every word, and lines that fit a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from compiler.cli import execute
from compiler.cli.explain import PAGES, all_codes
from compiler.cli.specs import compile_spec
from compiler.codes import CODES
from spec import glossary
from spec.explaining import page, write
from spec.reference import words


@pytest.mark.parametrize("code", CODES)
def test_a_page_shows_its_code_and_how_to_mend_it(tmp_path: Path, code: str) -> None:
    found = page(CODES[code], PAGES)
    for side, expected in (("wrong", {code}), ("mended", set())):
        folder = tmp_path / side / "project"
        folder.mkdir(parents=True)
        compiled = compile_spec(write(getattr(found, side), folder))
        assert {d.code for d in compiled.diagnostics} == expected, spec.render(compiled.diagnostics, compiled.sources)


def test_every_page_belongs_to_a_code() -> None:
    assert {path.stem for path in PAGES.iterdir()} == set(CODES)


@pytest.mark.parametrize("topic", sorted({*all_codes(), *words(), *glossary.words()}))
def test_every_topic_is_told_within_a_screen_s_width(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["explain", topic]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    # Code stays as it is written, so that it can be copied.
    assert [line for line in lines if len(line) > 80 and not line.startswith("    ")] == []


@pytest.mark.parametrize(("topic", "first"), [("110", "error T0110: unknown level"), ("t0033", "warning T0033")])
def test_a_code_may_be_shortened(topic: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["explain", topic]) == 0
    assert capsys.readouterr().out.startswith(first)


def test_a_page_shows_what_tenet_says_of_its_example(capsys: pytest.CaptureFixture[str]) -> None:
    execute(["explain", "T0030"])
    out = capsys.readouterr().out
    assert "error[T0030]: the imported file does not exist" in out
    assert "did you mean `hause.tenet`?" in out


def test_all_topics_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["explain"]) == 0
    out = capsys.readouterr().out
    assert all(topic in out for topic in [*all_codes(), *words(), *glossary.words()])


@pytest.mark.parametrize(("topic", "hint"), [("triat", "did you mean trait?"), ("T0111O", "did you mean T0111?"),
                                             ("unles", "did you mean unless?"),
                                             ("qqqq", "`tenet explain` lists what there is")])  # fmt: skip
def test_an_unknown_topic_is_a_wrong_use(topic: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["explain", topic]) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(("word", "told"), [
    ("still_help", ["A field of refuse: text in quotes", "still_help: "]),
    ("unless", ["Of conditions", "A field of every clause: a condition", "unless: user.role == clinician"]),
    ("at", ["root > system > developer > user > guideline", "refuse dosing at root {"]),
    ("user", ["A level of authority", "A field of example", "A value of `to`, in grant"]),
    ("redirect", ["A value of `style`, in refuse"]),
    ("trait", ["trait name at level", "A way of being."]),
])  # fmt: skip
def test_a_word_inside_statements_has_all_its_senses(
    word: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["explain", word]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert [text for text in told if text not in out] == []
