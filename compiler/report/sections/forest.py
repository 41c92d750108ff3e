"""What changed against the base: a paired difference for each verdict, and the change that its target asks for.

In: a report. Out: rows with a small figure each. A forbid counts answers that break it, so less of it is better; every
row is drawn with the better side to the right, and its numbers are written as they are recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Difference
from compiler.records.report import DiffReport
from compiler.report import arms
from compiler.report.svg import Drawing, across, wide

HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Row:
    """asked: the change from the base's share to the target, as a share; None where the base decided nothing."""

    row: ClauseRow
    figure: ClauseRow | Trial
    label: str
    difference: Difference
    asked: float | None
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    rows: list[Row] = []
    for row in report.clauses:
        for figure in row.decided:
            if figure.difference is None:
                continue
            base = arms.rate_of(figure.rates, figure.difference.against)
            asked = figure.target - base.share if base else None
            label = figure.label if isinstance(figure, Trial) else ""
            rows.append(Row(row, figure, label, figure.difference, asked, draw(figure, figure.difference, asked)))
    return {"rows": rows, "axis": axis()} if rows else None


def _place(difference: float) -> str:
    return across((max(-1.0, min(1.0, difference)) + 1.0) / 2.0)


def draw(figure: ClauseRow | Trial, moved: Difference, asked: float | None) -> Markup:
    """Return the row's figure, better to the right; the numbers stand beside it."""
    side = 1.0 if figure.comparison == ">=" else -1.0
    low, high = sorted((side * moved.low, side * moved.high))
    drawing = Drawing("", "", "100%", HEIGHT)
    if asked is not None:
        drawing.rect(_place(side * asked), 0, wide((1.0 - side * asked) / 2.0), HEIGHT, "good")
    for tick in (-1.0, -0.5, 0.0, 0.5, 1.0):
        drawing.line(_place(tick), _place(tick), 0, HEIGHT, "axis" if tick == 0.0 else "grid")
    if asked is not None:
        drawing.line(_place(side * asked), _place(side * asked), 0, HEIGHT, "target")
    middle = HEIGHT / 2
    kind = figure.verdict or "none"
    drawing.line(_place(low), _place(high), middle, middle, f"whisker subject {kind}")
    drawing.square(_place(side * moved.difference), middle, 3.8, f"dot filled subject {kind}", turned=True)
    return drawing.markup


def axis() -> Markup:
    """Return the scale that all rows share."""
    drawing = Drawing("", "", "100%", 18)
    drawing.text("0%", 13, "worse", "start")
    for tick, text in ((-0.5, "−50"), (0.0, "0"), (0.5, "+50")):
        drawing.text(_place(tick), 13, text)
    drawing.text("100%", 13, "better", "end")
    return drawing.markup
