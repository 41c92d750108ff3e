"""What a terminal shows of long dialogues, inventories and probe power: a short table for each.

In: a `DiffReport`. Out: tables for rich, each within the given width; none where nothing was measured. This file must
not compute or read files.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from compiler.records.figures import Score
from compiler.records.mutants import Mutant
from compiler.records.report import DiffReport
from compiler.report import figures


def tables(report: DiffReport, wide: bool) -> Iterator[Table]:
    """Yield the tables that the report has something for; where the width is short, with fewer columns."""
    if report.survival:
        yield _survival(report, wide)
    if report.profiles:
        yield _profiles(report, wide)
    if report.mutants:
        yield _power(report, wide)


def _table(name: str, *numbers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(name, header_style="dim", overflow="fold")
    for head in numbers:
        table.add_column(head, header_style="dim", justify="right", no_wrap=True)
    return table


def _survival(report: DiffReport, wide: bool) -> Table:
    table = _table("over turns", "half-life", "turns kept", *(("kept to the end",) if wide else ()))
    for clause_id in dict.fromkeys(curve.clause_id for curve in report.survival):
        table.add_row(Text(clause_id, style="bold"))
        for curve in report.survival:
            if curve.clause_id != clause_id:
                continue
            last = curve.steps[-1] if curve.steps else None
            end = f"{figures.percent(last.share)} {figures.span(last.low, last.high)}" if last else "100%"
            table.add_row(
                Text(f"  {curve.arm}", style="bold" if curve.arm == report.subject else ""),
                Text(f"turn {curve.half_life}" if curve.half_life is not None else "not reached"),
                Text(f"{figures.words(curve.restricted_mean)} of {curve.turns}"),
                *((Text(end),) if wide else ()),
            )
    return table


def _profiles(report: DiffReport, wide: bool) -> Table:
    table = _table("says of itself", "stated", "revealed")

    def score(found: Score | None) -> Text:
        if found is None:
            return Text("–", style="dim")
        span = f" [{figures.words(found.low)}, {figures.words(found.high)}]" if wide else ""
        return Text(f"{figures.words(found.value)}{span}")

    for profile in report.profiles:
        table.add_row(Text(f"{profile.arm}, 1 to {profile.points}: {profile.inventory}", style="bold"))
        for factor in dict.fromkeys((*profile.stated, *profile.revealed)):
            table.add_row(Text(f"  {factor}"), score(profile.stated.get(factor)), score(profile.revealed.get(factor)))
        if profile.acquiescence is not None:
            table.add_row(Text("  yes to opposites", style="dim"), Text(figures.signed(profile.acquiescence)))
        if profile.unread:
            table.add_row(Text("  items unread", style="dim"), Text(str(profile.unread)))
    return table


def _power(report: DiffReport, wide: bool) -> Table:
    table = _table("probe power", *(("before", "after") if wide else ()), "moved", "probes")

    def cells(mutant: Mutant) -> Iterator[Text]:
        yield Text(f"{mutant.clause_id} {mutant.mutation}")
        if wide:
            yield Text(figures.percent(mutant.before))
            yield Text(figures.percent(mutant.after))
        yield Text(f"{figures.points(mutant.difference)} [{figures.points(mutant.low)}, {figures.points(mutant.high)}]")
        yield Text("✓ noticed", style="green") if mutant.noticed else Text("✗ blind", style="bold red")

    for mutant in report.mutants:
        table.add_row(*cells(mutant))
    return table
