"""How many more: what it takes to settle each verdict that is unclear.

In: a report. Out: rows with the prompts that would settle a verdict if its share stayed, and those that no number of
prompts would settle, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Rate
from compiler.records.report import DiffReport
from compiler.report import arms


@dataclass(frozen=True, slots=True)
class Row:
    row: ClauseRow
    figure: ClauseRow | Trial
    label: str
    rate: Rate | None


def view(report: DiffReport) -> dict[str, object] | None:
    rows = [
        Row(row, figure, figure.label if isinstance(figure, Trial) else "", arms.rate_of(figure.rates, report.subject))
        for row in report.clauses
        for figure in row.decided
        if figure.verdict == "unclear"
    ]
    rows.sort(key=lambda row: row.figure.more or float("inf"))
    return {"rows": rows, "total": sum(row.figure.more or 0 for row in rows)} if rows else None
