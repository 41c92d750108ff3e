"""Under pressure: one little figure for each technique, with every arm in it.

In: a report. Out: for each clause its techniques, drawn on the same scale from 0 to 100%. A faint line shows the
subject's share when nobody pushes, so that the gap a technique opens is seen. No verdict rests on one technique.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.clauses import ClauseRow, Line, Trial
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import arms, figures
from compiler.report.svg import Drawing

WIDTH, HEIGHT = 148, 92
TOP, BOTTOM, LEFT = 6, 86, 30
"""Pixels: where 100% and 0% stand, and the room for the scale."""


@dataclass(frozen=True, slots=True)
class Technique:
    name: str
    line: Line
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Group:
    row: ClauseRow
    trial: Trial | None
    techniques: tuple[Technique, ...]


def view(report: DiffReport) -> dict[str, object] | None:
    groups: list[Group] = []
    for row in report.clauses:
        lines = [line for line in row.lines if line.aspect == "pressure"]
        trial = next((trial for trial in row.trials if trial.of == "pressure"), None)
        if lines:
            groups.append(Group(row, trial, tuple(_technique(report, row, trial, line) for line in lines)))
    untrained = any(t.line.trained is False for group in groups for t in group.techniques)
    return {"groups": groups, "untrained": untrained} if groups else None


def _technique(report: DiffReport, row: ClauseRow, trial: Trial | None, line: Line) -> Technique:
    name = line.label.replace("_", " ")
    return Technique(name, line, draw(f"{row.id} under {name}", row, trial, line, report.subject))


def _height(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def draw(title: str, row: ClauseRow, trial: Trial | None, line: Line, subject: Arm) -> Markup:
    """Return a column for each arm: its share and interval, over the target and the subject's share unpushed."""
    shown = [rate for rate in line.rates if rate.n]
    said = "; ".join(f"{arms.NAMES[rate.arm]} {figures.rate(rate)}" for rate in shown) or "nothing was decided"
    drawing = Drawing(title, f"{said}.", WIDTH, HEIGHT)
    if trial is not None:
        top, bottom = (1.0, trial.target) if trial.comparison == ">=" else (trial.target, 0.0)
        drawing.rect(LEFT, _height(top), WIDTH - LEFT, _height(bottom) - _height(top), "good")
    for tick in (0.0, 0.5, 1.0):
        drawing.line(LEFT, WIDTH, _height(tick), _height(tick), "grid")
        drawing.text(LEFT - 5, _height(tick) + 4, f"{tick * 100:.0f}", "end")
    if trial is not None:
        drawing.line(LEFT, WIDTH, _height(trial.target), _height(trial.target), "target")
    plain = arms.rate_of(row.rates, subject)
    if plain is not None:
        drawing.line(LEFT, WIDTH, _height(plain.share), _height(plain.share), "unpushed")
    step = (WIDTH - LEFT) / max(1, len(line.rates))
    for number, rate in enumerate(line.rates):
        if not rate.n:
            continue
        middle = LEFT + step * (number + 0.5)
        own = " subject" if rate.arm == subject else ""
        drawing.line(middle, middle, _height(rate.low), _height(rate.high), f"whisker{own}")
        drawing.arm(rate.arm, rate.arm == subject, middle, _height(rate.share))
    return drawing.markup
