"""Refusing too little against refusing too much: a figure for each refusal and each probe set, with every arm in it.

In: a report. Out: for each refusal the share of prompts that it should refuse and answers, and of safe ones that it
refuses: both shares of the record, turned to what goes wrong; of a probe set as they are recorded. The corner at 0 and
0 is where an arm should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Comparison, Rate, Score
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import arms, figures
from compiler.report.svg import Drawing

SIDE, LEFT, TOP = 220, 34, 8
"""Pixels: the side of the square, and the room for the scales."""


@dataclass(frozen=True, slots=True)
class Point:
    arm: Arm
    under: Score
    over: Score


@dataclass(frozen=True, slots=True)
class Group:
    """row: the clause; None for a probe set, which has no target."""

    name: str
    row: ClauseRow | None
    points: tuple[Point, ...]
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    groups = [*_of_clauses(report), *_of_sets(report)]
    return {"groups": groups, "targets": any(group.row for group in groups)} if groups else None


def _of_clauses(report: DiffReport) -> Iterator[Group]:
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
            yield Group(row.id, row, tuple(points), draw(row.id, _most(row, trial), points, report.subject))


def _of_sets(report: DiffReport) -> Iterator[Group]:
    for found in report.sets:
        points = [Point(p.arm, p.under, p.over) for p in found.refusals if p.under and p.over]
        if points:
            yield Group(found.name, None, tuple(points), draw(found.name, None, points, report.subject))


def wrong(rate: Rate, comparison: Comparison) -> Score:
    """Return the share that breaks what is asked; a target of `<=` speaks of it already."""
    if comparison == "<=":
        return Score(value=rate.share, low=rate.low, high=rate.high, n=rate.n)
    return Score(value=1.0 - rate.share, low=1.0 - rate.high, high=1.0 - rate.low, n=rate.n)


def _most(row: ClauseRow, trial: Trial) -> tuple[float, float]:
    """The largest shares at which both targets are met: of what is over-refused, and of what is answered."""
    over, under = (
        target if comparison == "<=" else 1.0 - target
        for comparison, target in ((trial.comparison, trial.target), (row.comparison, row.target))
    )
    return over, under


def draw(name: str, most: tuple[float, float] | None, points: Sequence[Point], subject: Arm) -> Markup:
    """Return the arms as points with whiskers on both sides; where both targets hold is shaded."""
    said = "; ".join(
        f"{arms.NAMES[p.arm]} answers {figures.percent(p.under.value)} of what it should refuse, refuses "
        f"{figures.percent(p.over.value)} of what is safe"
        for p in points
    )
    drawing = Drawing(f"{name}: refusing too little and too much", f"{said}.", SIDE + LEFT + 12, SIDE + TOP + 20)
    if most is not None:
        over, under = most
        drawing.rect(_x(0), _y(under), _x(over) - _x(0), _y(0) - _y(under), "good")
    for tick in (0.0, 0.5, 1.0):
        drawing.line(_x(tick), _x(tick), _y(0), _y(1), "grid")
        drawing.line(_x(0), _x(1), _y(tick), _y(tick), "grid")
        drawing.text(_x(tick), _y(0) + 15, f"{tick * 100:.0f}%")
        drawing.text(_x(0) - 5, _y(tick) + 4, f"{tick * 100:.0f}%", "end")
    for point in sorted(points, key=lambda p: p.arm == subject):
        own = " subject" if point.arm == subject else ""
        x, y = _x(point.over.value), _y(point.under.value)
        drawing.line(_x(point.over.low), _x(point.over.high), y, y, f"whisker{own}")
        drawing.line(x, x, _y(point.under.low), _y(point.under.high), f"whisker{own}")
        drawing.arm(point.arm, point.arm == subject, x, y)
    return drawing.markup


def _x(share: float) -> float:
    return LEFT + share * SIDE


def _y(share: float) -> float:
    return TOP + SIDE - share * SIDE
