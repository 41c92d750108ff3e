"""Clause by clause: every arm's share with its interval and the target, and how it was measured.

In: a report. Out: a figure for rates over a scale from 0 to 100%.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from compiler.records.figures import Comparison, Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import arms, figures
from compiler.report.svg import Anchor, Drawing, across, wide

ROW, AXIS = 22, 18
"""Pixels that a rate, and the scale below, take."""


def view(report: DiffReport) -> dict[str, object] | None:
    return {"plot": plot, "compared": arms.compared(report)} if report.clauses else None


def told(rates: Sequence[Rate], comparison: Comparison, target: float | None) -> str:
    """Return what a plot shows, for who cannot see it."""
    said = "; ".join(
        f"{arms.NAMES[rate.arm]} {figures.percent(rate.share)}, interval {figures.number(rate.low)} to "
        f"{figures.number(rate.high)}"
        if rate.n
        else f"{arms.NAMES[rate.arm]} not measured"
        for rate in rates
    )
    wanted = f"Target {figures.target(comparison, target)}. " if target is not None else ""
    return f"{wanted}{said}."


def plot(
    title: str,
    rates: Sequence[Rate],
    comparison: Comparison,
    target: float | None,
    subject: Arm,
    axis: bool = True,
) -> Markup:
    """Return dots with whiskers, a row for each rate, over a scale from 0 to 100%; the target's good side is shaded."""
    body = ROW * len(rates)
    drawing = Drawing(title, told(rates, comparison, target), "100%", body + (AXIS if axis else 0))
    if target is not None:
        left, width = (target, 1.0 - target) if comparison == ">=" else (0.0, target)
        drawing.rect(across(left), 0, wide(width), body, "good")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(across(tick), across(tick), 0, body, "grid")
        if axis and tick in (0.0, 0.5, 1.0):
            anchors: dict[float, Anchor] = {0.0: "start", 1.0: "end"}
            at_edge = tick in anchors
            drawing.text(
                f"{tick * 100:.0f}%" if at_edge else across(tick),
                body + 13,
                f"{tick * 100:.0f}%",
                anchors.get(tick, "middle"),
            )
    if target is not None:
        drawing.line(across(target), across(target), 0, body, "target")
    for number, rate in enumerate(rates):
        if not rate.n:
            continue
        middle = ROW * number + ROW / 2
        own = rate.arm == subject
        kind = f"{'subject' if own else 'other'} {rate.verdict if own and rate.verdict else 'none'}"
        drawing.line(across(rate.low), across(rate.high), middle, middle, f"whisker {kind}")
        drawing.dot(across(rate.share), middle, 4.5 if own else 3.5, f"dot {'filled' if own else 'hollow'} {kind}")
    return drawing.markup
