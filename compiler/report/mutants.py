"""mutations.json -> what a terminal shows: how much a clause's probes notice.

In: a `MutationReport`. Out: something that rich prints. This file must not compute shares or read files.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compiler.records.mutants import MutationReport
from compiler.report import figures
from compiler.report.power import by_prompt, vacuous, warnings


def render(report: MutationReport, path: str) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name, right in (("clause", False), ("changed", False), ("n", True), ("kept", True), ("then", True)):
        table.add_column(name, header_style="dim", justify="right" if right else "left", overflow="fold")
    table.add_column("points", header_style="dim", justify="right", no_wrap=True)
    table.add_column("its probes", header_style="dim", no_wrap=True)
    for place, mutant in enumerate(report.mutants):
        first = not place or report.mutants[place - 1].clause_id != mutant.clause_id
        table.add_row(
            Text(mutant.clause_id if first else "", style="bold"),
            mutant.mutation,
            str(mutant.n),
            figures.percent(mutant.before),
            figures.percent(mutant.after),
            f"{figures.points(mutant.difference)} [{figures.points(mutant.low)}, {figures.points(mutant.high)}]",
            Text("✓ noticed", style="green") if mutant.noticed else Text("– did not", style="yellow"),
        )
    clauses = list(dict.fromkeys(mutant.clause_id for mutant in report.mutants))
    blind = vacuous(report.mutants)
    prompted = by_prompt(report.mutants)
    noticed = len(clauses) - len(blind)
    head = Text(f"{noticed} of {len(clauses)} clauses: their probes notice a breach")
    if noticed > len(prompted):
        head.append(f", those of {noticed - len(prompted)} only in answers that were broken by hand")
    head.append(".")
    foot = [Text(f"note  {warning}", style="yellow") for warning in warnings(report.mutants)]
    how = "The base with the prompt, on the clause's own probes: kept with the clause as it is, then after a change. "
    how += "removed, flipped: in the prompt; alone: a prompt of this clause only, and none; broken: in the answers. "
    how += "Noticed: fewer keep it, by McNemar's exact test at 5% over all four and Newcombe's interval."
    return Group(head, Text(), table, Text(), *foot, Text(how, style="dim"), Text(path, style="bold"))
