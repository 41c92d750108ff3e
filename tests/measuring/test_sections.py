"""The sections of the page and of the terminal: what is left out, what is said, where shapes stand, how large it is."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from compiler.checks import spans
from compiler.records import Arm, Check, EmojiCheck, LengthCheck, PatternsCheck, PhrasesCheck, RefusalCheck
from compiler.report import html, terminal
from compiler.report.marked import marked
from compiler.report.record import DiffReport, Mark, Rate, Survival, SurvivalStep, Transcript
from compiler.report.sections import SECTIONS, findings, forest, heat, power, pressure, refusals, turns
from compiler.verdicts import Run, compare
from tests.measuring.full_report import full
from tests.measuring.runs import keeping, row, trial


@pytest.fixture(scope="module")
def whole(run: Run) -> DiffReport:
    """A report with something missed, something unclear, and every section."""
    worse = keeping(keeping(run, "trait.caring", 0.5), "refuse.dosing", 0.6, aspects=("pressure",))
    return full(compare(worse))


@pytest.fixture(scope="module")
def page(whole: DiffReport) -> str:
    return html.render(whole)


# ------------------------------------------------------------------ which sections there are


def test_every_section_is_there_with_its_template_and_in_the_list(page: str) -> None:
    for section in SECTIONS:
        assert f'<section id="{section.id}"' in page
        assert f'<a href="#{section.id}">' in page
    assert {path.stem.split(".")[0] for path in (html.PAGE / "sections").glob("*.jinja")} == {s.id for s in SECTIONS}


def test_a_section_without_data_is_left_out(report: DiffReport) -> None:
    bare = html.render(report)
    for section in ("turns", "profiles", "power"):
        assert f'<section id="{section}"' not in bare
        assert f'href="#{section}"' not in bare
    settled = report.model_copy(update={"clauses": (row(report, "persona.Polly"),)})
    assert "every verdict is met" in html.render(settled)
    assert '<section id="more"' not in html.render(settled)


def test_an_older_file_without_marks_reads(report: DiffReport) -> None:
    old = report.model_dump(mode="json")
    for talk in old["transcripts"]:
        del talk["marks"]
    for name in ("survival", "profiles", "mutants"):
        del old[name]
    assert (
        "<mark" not in html.render(DiffReport.model_validate(old)).split('id="conversations"')[1].split("<article")[1]
    )


# ------------------------------------------------------------------ findings


def test_what_is_missed_comes_first_with_how_much_where_and_what_was_said(whole: DiffReport, page: str) -> None:
    found = findings.view(whole)
    assert found is not None
    first, second = found["findings"][:2]  # type: ignore[index]  # a template's name holds any object
    assert (first.row.id, first.label, first.figure.verdict) == ("refuse.dosing", "under pressure", "missed")
    assert (second.row.id, second.figure.verdict) == ("trait.caring", "missed")
    short = (0.9 - next(rate.share for rate in first.figure.rates if rate.arm == "adapter")) * 100
    assert first.short == f"{short:.0f} points short"
    assert first.quote.probe_id in {t.probe_id for t in whole.transcripts if "refuse.dosing" in t.broken}
    text = page.split('id="findings"')[1].split("</article>")[0]
    assert first.short in text
    assert "parrot.tenet:" in text
    assert "One answer that breaks it" in text


def test_what_is_over_a_forbid_is_said_so(report: DiffReport) -> None:
    canned = row(report, "forbid.canned")
    assert (
        findings.short(canned, Rate(arm="adapter", count=1, n=5, effective_n=5, share=0.2, low=0, high=0.5))
        == "18 points over"
    )


# ------------------------------------------------------------------ marks


def never(phrase: str) -> PhrasesCheck:
    return PhrasesCheck(phrases=(phrase,), present=False)


@pytest.mark.parametrize(
    ("check", "answer", "marks"),
    [
        (never("Certainly!"), "CERTAINLY! So. Certainly!", ["CERTAINLY!", "Certainly!"]),
        (PhrasesCheck(phrases=("Certainly",), present=False), "Uncertainly **Cert**ainly.", ["Cert**ainly"]),
        (PhrasesCheck(phrases=("Certainly",), present=False), "ok C-e-r-t-a-i-n-l-y then", ["C-e-r-t-a-i-n-l-y"]),
        (PhrasesCheck(phrases=("as an AI",), present=False), "So “as\u00a0an  *AI*”.", ["as\u00a0an  *AI"]),
        (PhrasesCheck(phrases=("art",), present=False), "A fresh start.", []),
        (PatternsCheck(patterns=("an (ai|bot)", r"\d"), flags="i", present=False), "Wé, An AI, 2.", ["An AI", "2"]),
        (RefusalCheck(present=False), "Arr! I **cannot** tell ye that.", ["I **cannot** tell"]),
        (RefusalCheck(present=True, cues=("stays in the bag",)), "That stays in the bag.", ["stays in the bag"]),
        (EmojiCheck(), "Aye \u2693 and \u2693!", ["\u2693", "\u2693"]),
        (LengthCheck(max_words=3), "One two - three four five. ", ["four five."]),
        (LengthCheck(max_sentences=1), "One. Two. Three.", ["Two. Three."]),
        (LengthCheck(max_sentence_words=2), "One two. One two three. One.", ["One two three."]),
    ],
)  # fmt: skip
def test_a_span_is_where_the_check_found_it(check: Check, answer: str, marks: list[str]) -> None:
    assert [answer[start:end] for start, end in spans.spans(check, answer)] == marks


def test_every_broken_forbid_and_refused_safe_request_is_marked(report: DiffReport) -> None:
    seen = 0
    for talk in report.transcripts:
        for arm, held in talk.held.items():
            for clause_id, kept in held.items():
                offends = [m for m in talk.marks.get(arm, ()) if m.clause_id == clause_id and not m.kept]
                assert not offends or kept is False
                if clause_id == "forbid.canned" and kept is False:
                    seen += 1
                    assert all(
                        _said(talk, arm, m) in ("Certainly!", "AI language model", "an AI language model")
                        or "AI" in _said(talk, arm, m)
                        for m in offends
                    )
                    assert offends
    assert seen > 100


def _said(talk: Transcript, arm: Arm, mark: Mark) -> str:
    return talk.answers[arm][mark.start : mark.end]


def test_marks_that_overlap_nest_and_say_which_clause_they_break() -> None:
    text = "a <b> \x00 cd"
    drawn = str(
        marked(text, [Mark(clause_id="x", start=0, end=5, kept=True), Mark(clause_id="y", start=2, end=99, kept=False)])
    )
    assert re.sub(r"<span.*?</span>|</?mark[^>]*>", "", drawn) == "a &lt;b&gt; \u2400 cd"
    assert drawn.count('class="kept" title="keeps x"') == 1
    assert drawn.count('class="broken" title="breaks y"') == 2
    assert str(marked("no mark", ())) == "no mark"


# ------------------------------------------------------------------ geometry


def test_heat_is_the_verdict_and_the_distance(whole: DiffReport) -> None:
    view = heat.view(whole)
    assert view is not None
    for line in view["rows"]:  # type: ignore[attr-defined]  # a template's name holds any object
        for cell in line.cells:
            assert cell.kind.split("-")[0] == (cell.rate.verdict if cell.rate and cell.rate.verdict else "none")
    assert heat.depth(0.0, "<=", 0.0) == 3


def test_the_forest_draws_better_to_the_right(report: DiffReport) -> None:
    canned, caring = row(report, "forbid.canned"), row(report, "trait.caring")
    for figure in (canned, caring):
        assert figure.difference is not None
        drawn = str(forest.draw(figure, figure.difference, None))
        place = re.search(r'<svg x="([\d.]+)%"', drawn)
        assert place is not None
        side = 1 if figure.comparison == ">=" else -1
        assert float(place.group(1)) == pytest.approx(50 + side * figure.difference.difference * 48, abs=0.01)
        assert float(place.group(1)) > 50


def test_a_survival_curve_falls_where_it_was_broken() -> None:
    steps = (
        SurvivalStep(turn=2, at_risk=10, broke=4, share=0.6, low=0.3, high=0.8),
        SurvivalStep(turn=6, at_risk=6, broke=2, share=0.4, low=0.1, high=0.7),
    )
    curve = Survival(clause_id="c", arm="adapter", dialogues=10, turns=8, steps=steps, half_life=6, restricted_mean=5.2)
    drawn = str(turns.draw("c", [curve], "adapter"))
    lines = re.findall(
        r'class="curve adapter subject" x1="([\d.]+)%" x2="([\d.]+)%" y1="([\d.]+)" y2="([\d.]+)"', drawn
    )
    assert [(float(a), float(b)) for a, b, _, _ in lines] == [(2, 26), (26, 26), (26, 74), (74, 74), (74, 98)]
    assert [(float(a), float(b)) for _, _, a, b in lines] == [(8, 8), (8, 72), (72, 72), (72, 104), (104, 104)]
    assert 'class="band" x="26.00%" y="40" width="48.00%" height="80"' in drawn
    assert "half-life 6" in drawn


def test_the_scatter_shows_what_goes_wrong(report: DiffReport) -> None:
    dosing = row(report, "refuse.dosing")
    view = refusals.view(report)
    assert view is not None
    (group,) = view["groups"]  # type: ignore[misc]  # a template's name holds any object
    base = next(point for point in group.points if point.arm == "base")
    kept = next(rate for rate in dosing.rates if rate.arm == "base")
    answered = next(rate for rate in trial(report, "refuse.dosing", "over_refusal").rates if rate.arm == "base")
    assert (base.under.share, base.under.low, base.under.high) == (1 - kept.share, 1 - kept.high, 1 - kept.low)
    assert base.over.share == 1 - answered.share
    assert f'cx="{34 + base.over.share * 220:.2f}"'.replace(".00", "") in str(group.drawing)


def test_each_technique_has_a_figure_with_every_arm(report: DiffReport) -> None:
    view = pressure.view(report)
    assert view is not None
    for group in view["groups"]:  # type: ignore[attr-defined]  # a template's name holds any object
        for technique in group.techniques:
            assert str(technique.drawing).count("whisker") == len(report.arms)
            assert technique.line.label.replace("_", " ") in str(technique.drawing)


def test_probes_that_notice_nothing_are_named(whole: DiffReport, page: str) -> None:
    view = power.view(whole)
    assert view is not None
    assert view["blind"] == [mutant.clause_id for mutant in whole.mutants if not mutant.noticed]
    assert (view["noticed"], view["clauses"]) == (6, 7)
    assert f"not those of {whole.mutants[2].clause_id}" in page


# ------------------------------------------------------------------ size


def test_eight_hundred_conversations_stay_below_five_megabytes(whole: DiffReport) -> None:
    talks = (whole.transcripts * 2)[:800]
    page = html.render(whole.model_copy(update={"transcripts": talks, "transcripts_total": 800}))
    assert page.count('<article class="talk"') == 800
    assert len(page.encode()) < html.MOST_BYTES


def test_a_page_that_would_be_too_large_holds_fewer_and_says_so(whole: DiffReport) -> None:
    long = "é" * 40_000
    talks = tuple(t.model_copy(update={"answers": dict.fromkeys(t.answers, long)}) for t in whole.transcripts)
    page = html.render(whole.model_copy(update={"transcripts": talks}))
    held = page.count('<article class="talk"')
    assert 5 < held < 20
    assert html.MOST_BYTES - 400_000 < len(page.encode()) <= html.MOST_BYTES
    assert f"The page holds {held} of them" in page


# ------------------------------------------------------------------ the terminal


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_tells_turns_profiles_and_probe_power(whole: DiffReport, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), force_terminal=False, color_system=None, legacy_windows=False)
    console.print(terminal.render(whole))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "not reached" in text
    assert re.search(r"base +turn \d", text)
    assert "Neuroticism" in text
    assert "yes to opposites" in text
    assert text.count("✓ noticed") == 6
    assert text.count("✗ blind") == 1
