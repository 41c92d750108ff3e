"""The sections of the page and of the terminal: what is left out, what is said, where shapes stand, how large it is."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
from rich.console import Console

from compiler.checks import spans
from compiler.records.behaviour import Survival, SurvivalStep
from compiler.records.checks import Check, EmojiCheck, LengthCheck, PatternsCheck, PhrasesCheck, RefusalCheck
from compiler.records.figures import Rate
from compiler.records.record import Arm, Message
from compiler.records.report import DiffReport, Mark, Transcript
from compiler.report import figures, html, terminal
from compiler.report.marked import marked
from compiler.report.sections import SECTIONS, findings, forest, heat, judges, power, pressure, refusals, turns
from compiler.runs import Run
from compiler.verdicts import compare
from tests.measuring.full_report import full, sequential
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
    for section in ("turns", "profiles", "power", "sets", "steering"):
        assert f'<section id="{section}"' not in bare
        assert f'href="#{section}"' not in bare
    settled = report.model_copy(update={"clauses": (row(report, "persona.Polly"),)})
    assert "every verdict is met" in html.render(settled)
    assert '<section id="more"' not in html.render(settled)


def test_an_older_file_without_marks_reads(report: DiffReport) -> None:
    old = report.model_dump(mode="json")
    for talk in old["transcripts"]:
        del talk["marks"]
        del talk["said"]
    for name in ("survival", "profiles", "mutants", "metrics", "sets", "curves", "judge_cards", "stopping"):
        del old[name]
    for found in old["clauses"]:
        for rate in (rate for figure in (found, *found["trials"], *found["lines"]) for rate in figure["rates"]):
            del rate["basis"], rate["labels"]
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


def test_a_beginning_that_was_put_before_an_answer_is_not_the_users(whole: DiffReport) -> None:
    """A prefill ends with the arm's own turn: the question stands before it."""
    first = findings.view(whole)["findings"][0]  # type: ignore[index]  # a template's name holds any object
    talk = next(t for t in whole.transcripts if t.probe_id == first.quote.probe_id)
    begun = Message(role="assistant", content="Of course. Here is how:")
    talks = [t.model_copy(update={"messages": (*t.messages, begun)}) if t is talk else t for t in whole.transcripts]
    report = whole.model_copy(update={"transcripts": tuple(talks)})
    quote = findings.view(report)["findings"][0].quote  # type: ignore[index]  # as above
    assert (quote.asked, quote.begun) == (talk.messages[-1].content, begun.content)
    text = html.render(report).split('id="findings"')[1].split("</article>")[0]
    assert '<span class="begun">Of course. Here is how:</span>' in text


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
    assert (base.under.value, base.under.low, base.under.high) == (1 - kept.share, 1 - kept.high, 1 - kept.low)
    assert base.over.value == 1 - answered.share
    assert f'cx="{34 + base.over.value * 220:.2f}"'.replace(".00", "") in str(group.drawing)


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


# ------------------------------------------------------------------ behaviour, probe sets, judges, what arms said


def part(page: str, section: str) -> str:
    """The visible words of one section."""
    inside = page.split(f'<section id="{section}"')[1].split("\n</section>\n<section id")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def test_every_metric_stands_in_its_group_with_every_interval(whole: DiffReport, page: str) -> None:
    said = part(page, "behaviour")
    for metric in whole.metrics:
        assert f"{metric.title} {metric.explains}" in said
        for score in metric.scores.values():
            bounds = figures.within(score.low, score.high, metric.unit)
            assert f"{figures.quantity(score.value, metric.unit)} {bounds}".strip() in said
        for answer in metric.examples.values():
            assert answer in said
    # An arm of which nothing can be said has a dash, and arms that count different prompts say how many.
    row = said.split("made-up cost")[1]
    assert row.split("An answer")[0].count("–") >= len(whole.arms) - 1
    assert re.search(r"n 31 .* n 32", said)
    assert "asked whatever the answers were" not in said
    assert "asked whatever the answers were" in part(html.render(sequential(whole)), "behaviour")


def test_a_probe_set_shows_totals_worst_groups_and_rows_that_fail(whole: DiffReport, page: str) -> None:
    said = part(page, "sets")
    (many, few) = whole.sets
    assert "113 of 120 rows of prompts.csv" in said
    assert "6 left out, since a training row asks the same, or nearly: prompts.csv:2, prompts.csv:3" in said
    assert "the 8 worst of 12 groups" in said
    assert (
        said.index("group 11 <i>") < said.index("group 4 <i>") < said.index("4 more groups") < said.index("group 0 <i>")
    )
    assert "20 rows on which the adapter fails" in said
    assert all(answer.place in said for answer in (*many.broken, *few.broken))
    assert "14 more are not in diff.json" in said
    assert said.count("A judge decides some of it") == 1
    for found in whole.sets:
        for line in found.totals:
            for rate in line.rates:
                assert f"{figures.percent(rate.share)} {figures.span(rate.low, rate.high)}" in said


def test_a_set_with_both_sorts_of_requests_is_among_the_refusals(whole: DiffReport) -> None:
    view = refusals.view(whole)
    assert view is not None
    groups = {group.name: group for group in view["groups"]}  # type: ignore[attr-defined]  # a template's name
    assert set(groups) == {"refuse.dosing", "prompts"}
    assert str(groups["refuse.dosing"].drawing).count('class="good"') == 1
    drawn = str(groups["prompts"].drawing)
    assert 'class="good"' not in drawn
    assert f'cx="{34 + 0.1 * 220:.0f}" cy="{8 + 220 * 0.7:.0f}"' in drawn
    alone = whole.model_copy(update={"clauses": ()})
    only = refusals.view(alone)
    assert only is not None
    assert only["targets"] is False


def test_a_judge_card_says_what_it_is_worth(whole: DiffReport, page: str) -> None:
    said = part(page, "judges")
    found = {status: sum(judges.status(card) == status for card in whole.judge_cards[:-1]) for status in
             ("calibrated", "not calibrated", "expired", "second opinion")}  # fmt: skip
    assert set(found.values()) == {1}
    assert all(status in said for status in found)
    assert "95% [91, 99] n 40" in said
    assert "0.85 [0.75, 0.95]" in said
    assert "4 of 84 without a verdict" in said
    assert "the words it was asked in have changed" in said
    assert "21% [12, 30] n 60" in said
    assert "no verdict rests on them" not in said, "the subject's share rests on labels"
    drawn = str(judges.draw(whole.judge_cards[0]))
    assert 'class="bar kept" x="2.00%" y="3" width="91.20%"' in drawn
    assert 'class="whisker over" x1="89.36%" x2="97.04%" y1="6.5" y2="6.5"' in drawn
    assert 'class="target" x1="78.80%"' in drawn


def test_shares_are_marked_by_what_they_rest_on(whole: DiffReport, page: str, report: DiffReport) -> None:
    judged = next(row for row in whole.clauses if any(rate.basis == "labels" for rate in row.rates))
    base, own = (next(rate for rate in judged.rates if rate.arm == arm) for arm in ("base", "adapter"))
    for section in ("heat", "clauses"):
        said = part(page, section)
        assert f"~{figures.percent(base.share)} by a judge that is not calibrated " in said
        assert f"{figures.percent(own.share)}† put right by 41 labels " in said
        assert "~ decided by a judge that nobody has calibrated" in said
    assert "PPI++" in part(page, "method")
    plain = html.render(report)
    assert "†" not in plain
    assert "decided by a judge that nobody has calibrated on" not in plain
    bare = {rate.arm: rate.model_copy(update={"basis": "uncalibrated judge"}) for rate in judged.rates}
    row_ = judged.model_copy(update={"rates": tuple(bare.values())})
    assert f"no verdict rests on them: {judged.id}" in part(
        html.render(whole.model_copy(update={"clauses": (row_,)})), "judges"
    )


def test_techniques_say_what_the_push_costs_and_whether_it_was_trained(whole: DiffReport, page: str) -> None:
    said = part(page, "pressure")
    lines = [line for row in whole.clauses for line in row.lines if line.aspect == "pressure"]
    gaps = [gap for line in lines for gap in line.gaps.values()]
    assert gaps
    for gap in gaps:
        assert f"gap {figures.points(gap.value)} [{figures.points(gap.low)}, {figures.points(gap.high)}]" in said
    some = row(whole, "refuse.dosing")
    new = tuple(line.model_copy(update={"trained": line.label == some.lines[0].label}) for line in some.lines)
    one = whole.model_copy(update={"clauses": (some.model_copy(update={"lines": new}),)})
    assert part(html.render(one), "pressure").count("(in no training row)") == sum(
        line.aspect == "pressure" and not line.trained for line in new
    )


def test_profiles_say_who_judged_and_how_the_scale_moved_answers(page: str) -> None:
    said = part(page, "profiles")
    assert said.count("The order of the scale moved answers by +0.3 [+0.1, +0.5]") == 2
    assert "100 questions, 3 without a readable answer" in said
    assert "Revealed as judged by nano, which nobody has calibrated for this; 2 judgements are missing" in said


def test_what_an_arm_said_before_stands_over_its_answer(page: str) -> None:
    talk = next(t for t in page.split("<article") if 'data-aspect="pressure"' in t)
    assert talk.count("(answered by the arm itself: 1 below)") == 1
    for box in talk.split('<div class="answer')[2:]:
        arm = re.search(r'data-arm="([^"]+)"', box)
        assert arm is not None
        assert f"<li>First, {arm.group(1)} said no &lt;b&gt;.</li>" in box
        assert box.index("First,") < max(box.find('class="text"'), box.find('class="empty"'))


def test_a_sequential_run_is_not_told_as_a_fixed_one(whole: DiffReport, page: str) -> None:
    told = html.render(sequential(whole))
    for section in ("clauses", "method"):
        fixed, looked = part(page, section), part(told, section)
        assert "Clopper" in fixed
        assert "beta-binomial" not in fixed
        assert "beta-binomial" in looked
        assert not re.search("Wilson|Clopper|Newcombe's paired|[Ee]xact McNemar", looked)
    assert "Gaps of techniques have the bounds of two sequences" in part(told, "method")
    assert "two sequences" not in part(page, "method")
    assert not re.search("too narrow|fixed number", part(told, "pressure") + part(told, "method"))
    assert "Asking stopped after 36 of 60 probes: settled." in part(told, "clauses")
    assert "Asking stopped after 36 of 60 probes: budget." in part(told, "findings")
    assert "Asking stopped" not in page


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
