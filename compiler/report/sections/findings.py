"""What needs attention: each verdict that is not `met`, by how much, where in the spec, and one answer that shows it.

In: a report. Out: findings, the missed before the unclear, hard clauses first, then the farthest from its target.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Rate
from compiler.records.report import DiffReport, Transcript
from compiler.report import arms, figures
from compiler.report.marked import marked

SHOWN = 6
"""Findings with an answer beside them; further ones are named below."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What was asked last, and what the subject arm said. begun: the beginning of its answer that was put before it."""

    asked: str
    pushed: str | None
    begun: str
    said: Markup
    probe_id: str


@dataclass(frozen=True, slots=True)
class Finding:
    """figure: the verdict that is not met, `row` or one beside it. short: how far its share is from the target."""

    row: ClauseRow
    figure: ClauseRow | Trial
    label: str
    rate: Rate | None
    short: str
    quote: Quote | None


def view(report: DiffReport) -> dict[str, object] | None:
    if not report.clauses:
        return None
    found = [
        (row, figure, arms.rate_of(figure.rates, report.subject))
        for row in report.clauses
        for figure in row.decided
        if figure.verdict != "met"
    ]
    found.sort(key=lambda f: (f[1].verdict != "missed", not f[0].hard, -_distance(f[1], f[2])))
    findings = [
        Finding(
            row=row,
            figure=figure,
            label=figure.label if isinstance(figure, Trial) else "",
            rate=rate,
            short=short(figure, rate),
            quote=_quote(report, row, figure),
        )
        for row, figure, rate in found
    ]
    return {"findings": findings[:SHOWN], "further": findings[SHOWN:]}


def _distance(figure: ClauseRow | Trial, rate: Rate | None) -> float:
    """How far the share is on the bad side of the target; negative where it is on the good side."""
    if rate is None:
        return 0.0
    return figure.target - rate.share if figure.comparison == ">=" else rate.share - figure.target


def short(figure: ClauseRow | Trial, rate: Rate | None) -> str:
    """Return by how much the share misses its target, in words; empty where it does not."""
    distance = _distance(figure, rate)
    if rate is None or distance <= 0:
        return ""
    return f"{figures.points(distance).lstrip('+')} points {'short' if figure.comparison == '>=' else 'over'}"


def _quote(report: DiffReport, row: ClauseRow, figure: ClauseRow | Trial) -> Quote | None:
    talk = next((t for t in report.transcripts if _shows(t, row, figure) and report.subject in t.answers), None)
    if talk is None:
        return None
    marks = [mark for mark in talk.marks.get(report.subject, ()) if mark.clause_id == row.id]
    asked = next(message.content for message in reversed(talk.messages) if message.role == "user")
    last = talk.messages[-1]
    begun = last.content if last.role == "assistant" else ""
    return Quote(asked, talk.pressure, begun, marked(talk.answers[report.subject], marks), talk.probe_id)


def _shows(talk: Transcript, row: ClauseRow, figure: ClauseRow | Trial) -> bool:
    """Whether the subject breaks the clause there, on prompts that the figure counts."""
    if row.id not in talk.broken:
        return False
    if isinstance(figure, ClauseRow):
        return talk.aspect in ("kept", "outside", "author")
    return talk.aspect == "pressure" if figure.of == "pressure" else talk.aspect in ("safe", "everyday")
