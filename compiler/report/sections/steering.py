"""Steering: what vectors inside of the base give, beside the prompt and the adapter, figure by figure and technique by
technique.

In: a report. Out: rows with a difference to each other arm; nothing where the arm was not measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.records.figures import Difference, Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.records.steered import SteeredRow
from compiler.report import arms


@dataclass(frozen=True, slots=True)
class Row:
    """name: what it is about, beside the clause. less: by arm."""

    found: SteeredRow
    name: str
    rate: Rate | None
    less: dict[Arm, Difference]


def view(report: DiffReport) -> dict[str, object] | None:
    if not report.steered:
        return None
    against = tuple(dict.fromkeys(less.against for row in report.steered for less in row.less))
    return {"rows": [_row(row) for row in report.steered], "against": against}


def _row(row: SteeredRow) -> Row:
    name = f"under {row.label.replace('_', ' ')}" if row.of == "technique" else row.label
    return Row(row, name, arms.rate_of(row.rates, "steer"), {less.against: less for less in row.less})
