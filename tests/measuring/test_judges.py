"""What a judge says settles a verdict only as far as it is known to be right."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from compiler import families, judges
from compiler.records.figures import Comparison, Rate
from compiler.records.measured import Calibration
from compiler.records.report import DiffReport
from compiler.report import html, terminal
from compiler.runs import Run
from compiler.verdicts import compare, exit_code
from tests.measuring.runs import Changed, keeping, row


def calibrated(kept: int, kept_right: int, broken: int, broken_right: int) -> Calibration:
    return Calibration(
        what="judge",
        clause_id="trait.caring",
        labels="made up",
        kept=kept,
        kept_right=kept_right,
        broken=broken,
        broken_right=broken_right,
    )


def test_a_judge_no_better_than_a_coin_settles_nothing(run: Run, changed: Changed) -> None:
    coin = calibrated(kept=40, kept_right=38, broken=40, broken_right=1)
    sure = keeping(run, "trait.caring", 1.0)
    assert row(compare(sure), "trait.caring").verdict == "met"
    blind = replace(sure, measured=run.measured.model_copy(update={"calibrations": (coin,)}))
    found = row(compare(blind), "trait.caring")
    assert (found.verdict, found.more, found.p) == ("unclear", None, None)
    assert {r.verdict for r in found.rates} == {"unclear"}
    assert found.reason is not None
    assert "right on 38 of 40 good and 1 of 40 bad" in found.reason


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_an_uncalibrated_judge_settles_nothing(run: Run, share: float) -> None:
    """Neither met nor missed, whatever it says."""
    sure = keeping(run, "trait.caring", share)
    assert row(compare(sure), "trait.caring").verdict == ("met" if share == 1.0 else "missed")
    bare = compare(replace(sure, measured=run.measured.model_copy(update={"calibrations": ()})))
    found = row(bare, "trait.caring")
    assert found.verdict == "unclear"
    assert found.reason is not None
    assert "uncalibrated: checked on no labelled answer" in found.reason
    assert exit_code(bare, strict=True) == 1
    few = calibrated(kept=19, kept_right=19, broken=40, broken_right=40)
    found = row(
        compare(replace(sure, measured=run.measured.model_copy(update={"calibrations": (few,)}))), "trait.caring"
    )
    assert found.verdict == "unclear"
    assert found.reason is not None
    assert "only 19 good and 40 bad labelled answers" in found.reason


@pytest.mark.parametrize(("right", "passes"), [(16, False), (17, True)])
def test_a_judge_passes_its_bar_on_both_sorts_of_answers(right: int, passes: bool) -> None:
    sure = Rate(arm="adapter", count=300, n=300, effective_n=300, share=1.0, low=0.99, high=1.0, verdict="met")
    for one, other in ((right, 20), (20, right)):
        judge = calibrated(kept=20, kept_right=one, broken=20, broken_right=other)
        assert (judges.doubt([judge], sure, ">=", 0.8) is None) is passes
    detector = calibrated(20, 20, 20, 20).model_copy(update={"what": "refusal"})
    assert judges.doubt([detector], sure, ">=", 0.8) is not None  # labels of another instrument say nothing


@pytest.mark.parametrize(
    ("comparison", "low", "high", "verdict", "right", "turned"),
    [
        (">=", 0.91, 0.95, "met", (40, 33), False),  # sees all that is good; what it lets through is little
        (">=", 0.81, 0.84, "met", (40, 33), True),  # a judge that passes a sixth of the bad: 0.81 may be 0.77
        (">=", 0.70, 0.79, "missed", (36, 40), True),  # a judge that fails a tenth of the good: 0.79 may be 0.88
        (">=", 0.40, 0.50, "missed", (36, 40), False),
        ("<=", 0.14, 0.19, "met", (40, 33), True),  # a judge that overlooks a sixth of the breaks
    ],
)
def test_a_judges_known_errors_that_could_turn_a_verdict_leave_it_unclear(
    comparison: Comparison, low: float, high: float, verdict: str, right: tuple[int, int], turned: bool
) -> None:
    found = Rate(arm="adapter", count=1, n=300, effective_n=300, share=low, low=low, high=high, verdict=verdict)  # type: ignore[arg-type]  # a literal of the table
    judge = calibrated(kept=40, kept_right=right[0], broken=40, broken_right=right[1])
    doubt = judges.doubt([judge], found, comparison, 0.8 if comparison == ">=" else 0.2)
    assert (doubt == "the errors that its judge is known to make could turn it") is turned


def test_a_judge_that_is_the_subject_is_said(run: Run, changed: Changed, report: DiffReport) -> None:
    other = changed(measured=run.measured.model_copy(update={"judge": "qwen", "judge_is_subject": False}))
    assert any("judge is the model being measured" in warning for warning in report.warnings)
    assert not any("judge is the model being measured" in warning for warning in compare(other).warnings)


# ------------------------------------------------------------------ a judge favours its own kind


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Qwen/Qwen3-8B", "openai:qwen2.5-72b-instruct@http://localhost:8000/v1", True),
        ("google/gemma-3-4b-it", "openai:gemini-3-pro", True),
        ("mistralai/Mixtral-8x7B-v0.1", "mistral/mistral-large", True),
        ("openai:o3-mini", "openai/gpt-oss-20b", True),
        ("openai:claude-sonnet-4-5@https://llama.example/v1", "meta-llama/Llama-3.1-8B", False),
        ("openai:gpt-4.1-nano", "nano", False),
        ("models/philosophy", "microsoft/phi-4", False),
    ],
)
def test_a_family_is_told_by_the_models_name_alone(one: str, other: str, same: bool) -> None:
    assert bool(families.families(one) & families.families(other)) is same


def test_a_judge_of_the_teachers_family_is_said_in_terminal_card_and_page(run: Run, changed: Changed) -> None:
    """The adapter has learned the answers of its teacher, whose family the judge is of."""

    def report_of(judge: str, teacher: str | None) -> DiffReport:
        program = replace(run.program, model=replace(run.program.model, teacher=teacher))
        measured = run.measured.model_copy(update={"judge": judge, "judge_is_subject": False})
        return compare(changed(measured=measured, program=program))

    said = "is of one family with the teacher, Qwen/Qwen3-8B"
    partial = report_of("openai:qwen3-235b", "Qwen/Qwen3-8B")
    assert any(said in warning for warning in partial.warnings)
    assert all(said in str(card.kin) for card in partial.judge_cards if card.by == "model")
    screen = Console(file=StringIO(), width=100)
    screen.print(terminal.render(partial))
    assert " ".join(screen.file.getvalue().split()).count(said) == 1  # type: ignore[attr-defined]  # a StringIO
    assert html.render(partial).count(said) >= 2
    for judge, teacher in (("openai:claude-opus-4", "Qwen/Qwen3-8B"), ("openai:qwen3-235b", None)):
        fair = report_of(judge, teacher)
        assert not any("own kind" in warning for warning in fair.warnings)
        assert all(card.kin is None for card in fair.judge_cards)
    unknown = report_of("models/ours", "Qwen/Qwen3-8B")
    assert not any("own kind" in warning for warning in unknown.warnings)
    assert any("does not tell" in str(card.kin) for card in unknown.judge_cards)
