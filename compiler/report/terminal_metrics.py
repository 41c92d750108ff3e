"""The metrics of a report as a terminal shows them: base and subject, each with its interval, by group.

In: a `DiffReport`. Out: a table for rich, in 80 columns; where the width is short, the subject alone. This file must
not compute.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from compiler.records.behaviour import Metric
from compiler.records.figures import Score
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import figures

NARROW = 76


def table(report: DiffReport, width: int) -> Table:
    """Return the table of metrics, groups in the order in which they first come."""
    pair: Sequence[Arm] = ("base", report.subject) if width >= NARROW else (report.subject,)
    arms = [arm for arm in dict.fromkeys(pair) if arm in report.arms]
    shown = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    shown.add_column("behaviour", header_style="dim", overflow="fold")
    shown.add_column("n", justify="right", header_style="dim")
    for arm in arms:
        shown.add_column(arm, justify="right", no_wrap=True, header_style="bold" if arm == report.subject else "dim")
    for group in dict.fromkeys(metric.group for metric in report.metrics):
        shown.add_row(Text(group, style="bold"))
        for metric in report.metrics:
            if metric.group == group and any(arm in metric.scores for arm in arms):
                counted = metric.scores.get(report.subject) or next(iter(metric.scores.values()))
                shown.add_row(
                    Text(f"  {_title(metric)}"),
                    Text(str(counted.n), style="dim"),
                    *(Text(score(metric, metric.scores.get(arm))) for arm in arms),
                )
    return shown


def _title(metric: Metric) -> str:
    about = ", ".join(metric.clause_ids)
    return f"{about} {metric.title}" if about else metric.title


def score(metric: Metric, found: Score | None) -> str:
    """Return a figure with its interval, as its unit is written; a dash where there is none."""
    if found is None:
        return "–"
    return f"{figures.quantity(found.value, metric.unit)} {figures.within(found.low, found.high, metric.unit)}".rstrip()
