"""Probe sets of a diff.json as a terminal shows them: totals, the groups that fare worst, some answers.

In: `ProbeSet` records. Out: something that rich prints, laid out as the table above it. This file must not compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compiler.records.figures import Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.records.sets import ProbeSet, SetRow
from compiler.report import figures

WORST = 6
"""Groups that are named: those whose interval ends lowest."""
ANSWERS = 2
LONGEST = 60
WORDS = {"answered": "safe, answered", "refused": "unsafe, refused", "kept": "checks kept"}
HEADS: dict[Arm, str] = {"prompt": "base\n+ prompt", "adapter+prompt": "adapter\n+ prompt"}


def render(report: DiffReport, arms: Sequence[Arm]) -> Iterator[RenderableType]:
    """Yield a table for each set, and lines about what was left out."""
    for found in report.sets:
        yield Text()
        yield _table(found, [arm for arm in arms if arm in _arms(found)], report.subject)
        yield _foot(found, report.subject)


def _arms(found: ProbeSet) -> list[Arm]:
    return [rate.arm for row in found.totals[:1] for rate in row.rates]


def _table(found: ProbeSet, arms: Sequence[Arm], subject: Arm) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(Text(f"probe set\n{found.name}"), header_style="dim", overflow="fold", max_width=28)
    table.add_column("n", justify="right", no_wrap=True, header_style="dim")
    for arm in arms:
        style = "bold" if arm == subject else "dim"
        table.add_column(HEADS.get(arm, arm), justify="right", no_wrap=True, min_width=9, header_style=style)
    for row in found.totals:
        table.add_row(Text(WORDS[row.figure], style="bold"), *_cells(row, arms, subject))
    worst = sorted(found.groups, key=lambda row: _high(row, subject))[:WORST]
    if len(found.groups) > 1 and worst:
        table.add_row(Text(f"worst of {len(found.groups)} groups", style="dim"))
        for row in worst:
            table.add_row(
                Group(Text(f" {row.value}"), Text(f" {row.column}; {WORDS[row.figure]}", style="dim")),
                *_cells(row, arms, subject),
            )
    return table


def _rate(row: SetRow, arm: Arm) -> Rate | None:
    return next((rate for rate in row.rates if rate.arm == arm), None)


def _high(row: SetRow, subject: Arm) -> float:
    rate = _rate(row, subject)
    return rate.high if rate and rate.n else 1.0


def _cells(row: SetRow, arms: Sequence[Arm], subject: Arm) -> Iterator[RenderableType]:
    own = _rate(row, subject) or row.rates[0]
    missing = f"\n{own.missing} open" if own.missing else ""
    yield Text(f"{own.n}{missing}", style="dim", justify="right")
    for arm in arms:
        rate = _rate(row, arm)
        if rate is None or not rate.n:
            yield Text("–", style="dim", justify="right")
            continue
        yield Group(
            Text(figures.percent(rate.share), justify="right", style="bold" if arm == subject else ""),
            Text(figures.span(rate.low, rate.high), style="dim", justify="right"),
        )


def _foot(found: ProbeSet, subject: Arm) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("asked", Text(f"{found.asked} of {found.rows} rows of {found.file}"))
    if found.near_training:
        named = ", ".join(found.near_training[:4])
        more = f" and {len(found.near_training) - 4} more" if len(found.near_training) > 4 else ""
        table.add_row("trained on", Text(f"{named}{more}: left out, since a training row asks the same, or nearly"))
    if found.unreadable:
        table.add_row("unreadable", Text(f"{found.unreadable} rows, left out"))
    if found.judged:
        table.add_row("judged", Text("a judge decides some of it, and is not calibrated for this set"))
    for answer in found.broken[:ANSWERS]:
        asked = f"{answer.place} {_short(answer.messages[-1].content)}"
        table.add_row("failed", Text(f"{asked}\n{subject}: {_short(answer.answers[subject])}"))
    if found.broken_total > ANSWERS:
        table.add_row("", Text(f"and {found.broken_total - ANSWERS} more; diff.json has some", style="dim"))
    return table


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
