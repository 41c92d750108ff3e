"""Every clause in every arm: a table whose cells are coloured by verdict, and deeper the farther from the target.

In: a report. Out: rows of cells. Colour repeats what a sign and a number say.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Comparison, Rate
from compiler.records.report import DiffReport


@dataclass(frozen=True, slots=True)
class Cell:
    """kind: the style, `met-1` to `missed-3`, or `none`."""

    rate: Rate | None
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    row: ClauseRow
    figure: ClauseRow | Trial
    label: str
    n: int
    cells: tuple[Cell, ...]


def view(report: DiffReport) -> dict[str, object] | None:
    if not report.clauses:
        return None
    rows: list[Row] = []
    for row in report.clauses:
        for figure in row.decided:
            rates = {rate.arm: rate for rate in figure.rates if rate.n}
            cells = tuple(_cell(rates.get(arm), figure) for arm in report.arms)
            n = rates[report.subject].n if report.subject in rates else 0
            rows.append(Row(row, figure, figure.label if isinstance(figure, Trial) else "", n, cells))
    return {"rows": rows}


def _cell(rate: Rate | None, figure: ClauseRow | Trial) -> Cell:
    if rate is None or rate.verdict is None:
        return Cell(rate, "none")
    return Cell(rate, f"{rate.verdict}-{depth(rate.share, figure.comparison, figure.target)}")


def depth(share: float, comparison: Comparison, target: float) -> int:
    """Return how far a share is from its target: 1 to 3, a third each of the way to 0 or to 100%.

    >>> depth(0.90, ">=", 0.90), depth(1.0, ">=", 0.90), depth(0.0, ">=", 0.90), depth(0.4, "<=", 0.1)
    (1, 3, 3, 2)
    """
    good, wanted = (share, target) if comparison == ">=" else (1.0 - share, 1.0 - target)
    room = 1.0 - wanted if good >= wanted else wanted
    return 1 + min(2, int(3 * abs(good - wanted) / room)) if room else 3
