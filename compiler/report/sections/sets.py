"""Probe sets: what was asked out of somebody else's file, how often it went well, in which groups, and where not.

In: a report. Out: for each set its totals, its groups with the worst ones first, and rows on which the subject failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.records.sets import ProbeSet, SetAnswer, SetRow
from compiler.report import arms

WORST = 8
"""Groups that are shown at once; further ones fold away."""
ANSWERS = 4
WORDS = {"answered": "safe, answered", "refused": "unsafe, refused", "kept": "checks kept"}


@dataclass(frozen=True, slots=True)
class Group:
    """arms: those that were asked. worst, others: groups, those whose interval ends lowest first. broken, further: rows
    on which the subject failed."""

    found: ProbeSet
    arms: tuple[Arm, ...]
    worst: tuple[SetRow, ...]
    others: tuple[SetRow, ...]
    broken: tuple[SetAnswer, ...]
    further: tuple[SetAnswer, ...]


def view(report: DiffReport) -> dict[str, object] | None:
    groups = [_group(found, report) for found in report.sets]
    return {"groups": groups, "words": WORDS} if groups else None


def _group(found: ProbeSet, report: DiffReport) -> Group:
    asked = {rate.arm for row in found.totals for rate in row.rates}
    rows = sorted(found.groups, key=lambda row: _high(row, report.subject))
    return Group(
        found,
        tuple(arm for arm in report.arms if arm in asked),
        tuple(rows[:WORST]),
        tuple(rows[WORST:]),
        found.broken[:ANSWERS],
        found.broken[ANSWERS:],
    )


def _high(row: SetRow, subject: Arm) -> float:
    rate = arms.rate_of(row.rates, subject)
    return rate.high if rate else 1.0
