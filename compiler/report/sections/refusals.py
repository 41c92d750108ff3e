"""Refusing too little against refusing too much: one figure for each refusal, with every arm in it.

In: a report. Out: for each refusal the share of prompts that it should refuse and answers, and of safe ones that it
refuses: both shares of the record, turned to what goes wrong. The corner at 0 and 0 is where an arm should be.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records import Arm
from compiler.report import arms, figures
from compiler.report.record import ClauseRow, Comparison, DiffReport, Rate, Trial
from compiler.report.svg import Drawing

SIDE, LEFT, TOP = 220, 34, 8
"""Pixels: the side of the square, and the room for the scales."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A share of prompts that went wrong, with its interval."""

    share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    arm: Arm
    under: Wrong
    over: Wrong


@dataclass(frozen=True, slots=True)
class Group:
    row: ClauseRow
    trial: Trial
    points: tuple[Point, ...]
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    groups: list[Group] = []
    for row in report.clauses:
        trial = next((trial for trial in row.trials if trial.of == "over_refusal"), None)
        if trial is None:
            continue
        points: list[Point] = []
        for arm in report.arms:
            kept, answered = arms.rate_of(row.rates, arm), arms.rate_of(trial.rates, arm)
            if kept and answered:
                points.append(Point(arm, wrong(kept, row.comparison), wrong(answered, trial.comparison)))
        if points:
            groups.append(Group(row, trial, tuple(points), draw(row, trial, points, report.subject)))
    return {"groups": groups} if groups else None


def wrong(rate: Rate, comparison: Comparison) -> Wrong:
    """Return the share that breaks what is asked; a target of `<=` speaks of it already."""
    if comparison == "<=":
        return Wrong(rate.share, rate.low, rate.high, rate.n)
    return Wrong(1.0 - rate.share, 1.0 - rate.high, 1.0 - rate.low, rate.n)


def draw(row: ClauseRow, trial: Trial, points: list[Point], subject: Arm) -> Markup:
    """Return the arms as points with whiskers on both sides; where both targets hold is shaded."""
    said = "; ".join(
        f"{arms.NAMES[p.arm]} answers {figures.percent(p.under.share)} of what it should refuse, refuses "
        f"{figures.percent(p.over.share)} of what is safe"
        for p in points
    )
    drawing = Drawing(f"{row.id}: refusing too little and too much", f"{said}.", SIDE + LEFT + 12, SIDE + TOP + 20)
    most_over, most_under = (
        target if comparison == "<=" else 1.0 - target
        for comparison, target in ((trial.comparison, trial.target), (row.comparison, row.target))
    )
    drawing.rect(_x(0), _y(most_under), _x(most_over) - _x(0), _y(0) - _y(most_under), "good")
    for tick in (0.0, 0.5, 1.0):
        drawing.line(_x(tick), _x(tick), _y(0), _y(1), "grid")
        drawing.line(_x(0), _x(1), _y(tick), _y(tick), "grid")
        drawing.text(_x(tick), _y(0) + 15, f"{tick * 100:.0f}%")
        drawing.text(_x(0) - 5, _y(tick) + 4, f"{tick * 100:.0f}%", "end")
    for point in sorted(points, key=lambda p: p.arm == subject):
        own = " subject" if point.arm == subject else ""
        x, y = _x(point.over.share), _y(point.under.share)
        drawing.line(_x(point.over.low), _x(point.over.high), y, y, f"whisker{own}")
        drawing.line(x, x, _y(point.under.low), _y(point.under.high), f"whisker{own}")
        drawing.arm(point.arm, point.arm == subject, x, y)
    return drawing.markup


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return TOP + SIDE - share * SIDE
