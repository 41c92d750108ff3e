"""Several diff.json -> one table: a row for each clause, a column for each run.

In: reports. Out: something that rich prints. Clauses are matched by id; where a run's spec has no such clause the cell
stays empty. What the width cannot hold goes below. This file must not compute or read files.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from compiler.records.clauses import ClauseRow, Trial
from compiler.records.report import DiffReport
from compiler.report import figures
from compiler.report.terminal import STYLES

NAME_WIDTH, RUN_WIDTH = 28, 13
"""Columns that a clause's name, and a run, may take."""


class Family:
    """A renderable that shows as many runs beside each other as the width holds, then the rest below."""

    def __init__(self, reports: Sequence[DiffReport]) -> None:
        self.reports = reports

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        beside = max(1, (options.max_width - NAME_WIDTH) // RUN_WIDTH)
        for start in range(0, len(self.reports), beside):
            if start:
                yield Text()
            yield _table(self.reports[start : start + beside])


def render(reports: Sequence[DiffReport]) -> Family:
    """Return the family's table: what each run's subject arm does about each clause."""
    return Family(reports)


def _table(reports: Sequence[DiffReport]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("clause", header_style="dim", overflow="fold")
    for report in reports:
        table.add_column(report.name, justify="right", header_style="bold", overflow="fold")
    rows = [{row.id: row for row in report.clauses} for report in reports]
    for clause_id in dict.fromkeys(clause_id for found in rows for clause_id in found):
        own = [found.get(clause_id) for found in rows]
        table.add_row(Text(clause_id), *(_cell(report, row) for report, row in zip(reports, own, strict=True)))
        trials = [{trial.label: trial for trial in row.trials} if row else {} for row in own]
        for label in dict.fromkeys(label for found in trials for label in found):
            cells = (_cell(report, found.get(label)) for report, found in zip(reports, trials, strict=True))
            table.add_row(Text(f"  {label}"), *cells)
    if any(report.facts for report in reports):
        table.add_row(Text("facts kept", style="dim"), *(_facts(report) for report in reports))
    return table


def _cell(report: DiffReport, figure: ClauseRow | Trial | None) -> Group | Text:
    rate = next((rate for rate in figure.rates if rate.arm == report.subject), None) if figure else None
    if figure is None or rate is None or not rate.n:
        return Text("")
    sign = f"{figures.SYMBOLS[figure.verdict]} {figures.share(rate)}"
    return Group(
        Text(sign, style=STYLES[figure.verdict], justify="right"),
        Text(figures.span(rate.low, rate.high), style="dim", justify="right"),
        Text(f"n {rate.n}", style="dim", justify="right"),
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
