"""Over many turns: how long each arm keeps a clause in long dialogues (Kaplan and Meier).

In: a report. Out: for each clause a figure of falling steps, and the numbers beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.behaviour import Survival
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import arms, figures
from compiler.report.svg import Drawing, across, wide

TOP, BOTTOM, HEIGHT = 8, 168, 190
TICKS = 8
"""Turns that are named at most."""


@dataclass(frozen=True, slots=True)
class Group:
    clause_id: str
    curves: tuple[Survival, ...]
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    by_clause: dict[str, list[Survival]] = {}
    for curve in report.survival:
        by_clause.setdefault(curve.clause_id, []).append(curve)
    groups = [Group(i, tuple(curves), draw(i, curves, report.subject)) for i, curves in by_clause.items()]
    return {"groups": groups} if groups else None


def told(curve: Survival) -> str:
    """Return one curve in words.

    >>> told(Survival(clause_id="c", arm="base", dialogues=4, turns=9, steps=(), half_life=None, restricted_mean=9.0))
    'base: still kept by 100% after 9 turns, half-life not reached, 9.0 of 9 turns kept on average'
    """
    last = curve.steps[-1] if curve.steps else None
    left = f"{figures.percent(last.share)} {figures.span(last.low, last.high)}" if last else "100%"
    half = f"half-life {curve.half_life}" if curve.half_life is not None else "half-life not reached"
    return (
        f"{arms.NAMES[curve.arm]}: still kept by {left} after {curve.turns} turns, {half}, "
        f"{figures.words(curve.restricted_mean)} of {curve.turns} turns kept on average"
    )


def draw(clause_id: str, curves: Sequence[Survival], subject: Arm) -> Markup:
    """Return one step curve for each arm, from 100% at turn 0; the subject's interval is shaded."""
    turns = max(1, *(curve.turns for curve in curves))
    title = f"Share of dialogues that still keep {clause_id}, by turn"
    drawing = Drawing(title, f"{'; '.join(map(told, curves))}.", "100%", HEIGHT)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(across(0), across(1), _height(tick), _height(tick), "half" if tick == 0.5 else "grid")
    for curve in sorted(curves, key=lambda curve: curve.arm == subject):
        own = curve.arm == subject
        if own:
            _band(drawing, curve, turns)
        _steps(drawing, curve, turns, f"curve {curve.arm.replace('+', '-')}{' subject' if own else ''}")
    for tick in (0.0, 0.5, 1.0):
        # Above its line, so that no curve at the edge is covered.
        drawing.text(across(0), _height(tick) - 3 if tick < 1.0 else _height(1.0) + 11, f"{tick * 100:.0f}%", "start")
    every = -(-turns // TICKS)
    for turn in range(every, turns + 1, every):
        drawing.line(across(turn / turns), across(turn / turns), BOTTOM, BOTTOM + 4, "axis")
        last = turn == turns
        drawing.text("100%" if last else across(turn / turns), BOTTOM + 17, str(turn), "end" if last else "middle")
    drawing.text(across(0), BOTTOM + 17, "turn", "start")
    return drawing.markup


def _height(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _stretches(curve: Survival) -> list[tuple[float, float, int]]:
    """From which turn to which turn a step holds, and which; -1 before the first."""
    starts = [0.0, *(float(step.turn) for step in curve.steps)]
    ends = [*starts[1:], float(curve.turns)]
    return [(start, end, number - 1) for number, (start, end) in enumerate(zip(starts, ends, strict=True))]


def _band(drawing: Drawing, curve: Survival, turns: int) -> None:
    for start, end, number in _stretches(curve):
        if number >= 0 and end > start:
            step = curve.steps[number]
            top = _height(step.high)
            drawing.rect(across(start / turns), top, wide((end - start) / turns), _height(step.low) - top, "band")


def _steps(drawing: Drawing, curve: Survival, turns: int, kind: str) -> None:
    before = 1.0
    for start, end, number in _stretches(curve):
        share = curve.steps[number].share if number >= 0 else 1.0
        place = across(start / turns)
        if share != before:
            drawing.line(place, place, _height(before), _height(share), kind)
        drawing.line(place, across(end / turns), _height(share), _height(share), kind)
        before = share
    if curve.half_life is not None:
        drawing.dot(across(curve.half_life / turns), _height(0.5), 3.5, f"dot filled {kind}")
