"""Several diff.json -> one table: a row for each clause, a column for each run.

In: reports. Out: something that rich prints. Clauses are matched by id; where a run's spec has no such clause the cell
stays empty. This file must not compute or read files.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from compiler.report import figures
from compiler.report.record import ClauseRow, DiffReport
from compiler.report.terminal import STYLES


def render(reports: Sequence[DiffReport]) -> Table:
    """Return the family's table: what each run's subject arm does about each clause."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("clause", header_style="dim", no_wrap=True, overflow="ellipsis")
    for report in reports:
        table.add_column(report.name, justify="right", header_style="bold")
    rows = [{row.id: row for row in report.clauses} for report in reports]
    for clause_id in dict.fromkeys(clause_id for found in rows for clause_id in found):
        table.add_row(
            Text(clause_id), *(_cell(report, found.get(clause_id)) for report, found in zip(reports, rows, strict=True))
        )
    if any(report.facts for report in reports):
        table.add_row(Text("facts kept", style="dim"), *(_facts(report) for report in reports))
    return table


def _cell(report: DiffReport, row: ClauseRow | None) -> Group | Text:
    rate = next((rate for rate in row.rates if rate.arm == report.subject), None) if row else None
    if row is None or rate is None or not rate.n:
        return Text("")
    return Group(
        Text(
            f"{figures.SYMBOLS[row.verdict]} {figures.percent(rate.share)}", style=STYLES[row.verdict], justify="right"
        ),
        Text(f"{figures.span(rate.low, rate.high)} n {rate.n}", style="dim", justify="right"),
    )


def _facts(report: DiffReport) -> Group | Text:
    facts = report.facts
    rate = next((rate for rate in facts.rates if rate.arm == report.subject), None) if facts else None
    if rate is None or not rate.n:
        return Text("")
    return Group(
        Text(f"{figures.count(rate.count)} of {rate.n}", justify="right"),
        Text(figures.span(rate.low, rate.high), style="dim", justify="right"),
    )
