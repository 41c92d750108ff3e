"""The judge card: how often a judge, or the refusal detector, was right on answers whose label is known.

In: a report. Out: a row for each calibration, and the judged clauses that have none.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.judges import BAR, LABELLED
from compiler.records import Calibration
from compiler.report.record import ClauseRow, DiffReport
from compiler.report.svg import Drawing, across, wide

HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Row:
    """kept, broken: the share of each sort of labelled answers on which it was right; None without such labels."""

    row: ClauseRow
    calibration: Calibration
    kept: float | None
    broken: float | None
    enough: bool
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    rows = [_row(row, calibration) for row in report.clauses for calibration in row.calibrations]
    bare = [row.id for row in report.clauses if row.judged and not any(c.what == "judge" for c in row.calibrations)]
    return {"rows": rows, "bare": bare, "bar": BAR, "labelled": LABELLED} if rows or bare else None


def _row(row: ClauseRow, calibration: Calibration) -> Row:
    kept = calibration.kept_right / calibration.kept if calibration.kept else None
    broken = calibration.broken_right / calibration.broken if calibration.broken else None
    enough = min(calibration.kept, calibration.broken) >= LABELLED
    return Row(row, calibration, kept, broken, enough, draw(kept, broken))


def draw(kept: float | None, broken: float | None) -> Markup:
    """Return two bars, for answers that keep the clause and that break it, with the line that a judge has to pass."""
    drawing = Drawing("", "", "100%", HEIGHT)
    for number, share in enumerate((kept, broken)):
        if share is not None:
            drawing.rect(across(0), 3 + 9 * number, wide(share), 6, f"bar {('kept', 'broken')[number]}")
    drawing.line(across(BAR), across(BAR), 0, HEIGHT, "target")
    return drawing.markup
