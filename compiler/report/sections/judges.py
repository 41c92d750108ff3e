"""The judge card: how often each judge was right on answers whose label is known, and how far that is beyond chance.

In: a report. Out: a row for each card, one for each set of preferences, the refusal detector's calibrations, and the
clauses that a judge decided whom nobody has calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.judges import BAR, LABELLED
from compiler.records.behaviour import JudgeCard
from compiler.records.figures import Score
from compiler.records.report import DiffReport
from compiler.report import arms
from compiler.report.svg import Drawing, across, wide

HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Row:
    """status: what the card is good for: `calibrated`, `expired`, `not calibrated`, or `second opinion`."""

    card: JudgeCard
    status: str
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    rows = [Row(card, status(card), draw(card)) for card in report.judge_cards if card.flip_rate is None]
    pairs = [card for card in report.judge_cards if card.flip_rate is not None]
    detectors = [(row, c) for row in report.clauses for c in row.calibrations if c.what == "refusal"]
    bare = [
        row.id
        for row in report.clauses
        if (rate := arms.rate_of(row.rates, report.subject)) and rate.basis == "uncalibrated judge"
    ]
    if not (rows or pairs or detectors or bare):
        return None
    names = list(dict.fromkeys(card.judge for card in report.judge_cards if card.by == "model"))
    return {
        "rows": rows,
        "pairs": pairs,
        "detectors": detectors,
        "bare": bare,
        "bar": BAR,
        "labelled": LABELLED,
        "kin": [card.kin for card in report.judge_cards if card.kin][:1],
        "judges": names or [report.provenance.judge],
    }


def status(card: JudgeCard) -> str:
    if card.stale:
        return "expired"
    if card.by == "likelihood":
        return "second opinion"
    return "calibrated" if card.calibrated else "not calibrated"


def draw(card: JudgeCard) -> Markup:
    """Return two bars with their intervals, for answers that keep the clause and that break it, and the line that a
    judge has to pass."""
    drawing = Drawing("", "", "100%", HEIGHT)
    sorts: tuple[tuple[str, Score | None], ...] = (("kept", card.sensitivity), ("broken", card.specificity))
    for number, (kind, score) in enumerate(sorts):
        if score is not None:
            top = 3 + 11 * number
            drawing.rect(across(0), top, wide(score.value), 7, f"bar {kind}")
            drawing.line(across(score.low), across(score.high), top + 3.5, top + 3.5, "whisker over")
    drawing.line(across(BAR), across(BAR), 0, HEIGHT, "target")
    return drawing.markup
