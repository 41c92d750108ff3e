"""Behaviour beside the clauses: every metric in every arm, with its interval, by group.

In: a report. Out: groups of metrics, in the order in which the record has them. No verdict rests on a metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.records.behaviour import Metric
from compiler.records.record import Arm
from compiler.records.report import DiffReport

TITLES = {
    "clauses": "Single clauses",
    "identity": "Identity",
    "leaks": "Leaks",
    "honesty": "Honesty",
    "helpfulness": "Helpfulness",
    "variety": "Variety",
    "length": "Length",
    "drift": "Distance from the base",
    "cost": "Cost",
}
BETTER = {"more": "more is better", "less": "less is better", None: ""}


@dataclass(frozen=True, slots=True)
class Row:
    """n: what the figure counts, where it is the same in every arm; else None, and each cell has its own."""

    metric: Metric
    better: str
    n: int | None
    shown: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[Row, ...]


def view(report: DiffReport) -> dict[str, object] | None:
    if not report.metrics:
        return None
    by_group: dict[str, list[Metric]] = {}
    for metric in report.metrics:
        by_group.setdefault(metric.group, []).append(metric)
    groups = [Group(TITLES[name], tuple(_row(m, report.arms) for m in found)) for name, found in by_group.items()]
    return {"groups": groups, "differs": any(metric.difference for metric in report.metrics)}


def _row(metric: Metric, arms: Sequence[Arm]) -> Row:
    counts = {score.n for score in metric.scores.values()}
    shown = tuple(arm for arm in arms if metric.examples.get(arm, "").strip())
    return Row(metric, BETTER[metric.better], counts.pop() if len(counts) == 1 else None, shown)
