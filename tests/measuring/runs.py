"""A measured run with some of its outcomes changed, and what a report says of one clause.

In: a run, such as `conftest.make_run` makes up. Out: the run with other outcomes, and single rows of a report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.records import Arm, Aspect, Measurement
from compiler.report.record import ClauseRow, DiffReport, Rate, Trial
from compiler.verdicts import Run

Changed = Callable[..., Run]
MAIN: tuple[Aspect, ...] = ("kept", "outside", "author")
"""A clause's own prompts: neither pushed nor look-alikes."""


def row(report: DiffReport, clause_id: str) -> ClauseRow:
    return next(row for row in report.clauses if row.id == clause_id)


def trial(report: DiffReport, clause_id: str, of: str) -> Trial:
    return next(trial for trial in row(report, clause_id).trials if trial.of == of)


def rate(found: ClauseRow | Trial, arm: Arm = "adapter") -> Rate:
    return next(rate for rate in found.rates if rate.arm == arm)


def rewritten(run: Run, change: Callable[[Measurement], Measurement]) -> Run:
    return replace(run, measurements=tuple(change(m) for m in run.measurements))


def keeping(
    run: Run,
    clause_id: str,
    share: float,
    arm: Arm = "adapter",
    missing: int = 0,
    aspects: tuple[Aspect, ...] = MAIN,
) -> Run:
    """Set what `arm` did about a clause's main prompts (or others): a share kept, some undecided."""
    own = [p.id for p in run.probes if p.clause_id == clause_id and p.aspect in aspects]
    # Spread evenly, so that no template is kept or broken as a whole.
    kept = {probe: int((i + 1) * share) > int(i * share) for i, probe in enumerate(own)}
    undecided = set(own[:missing])

    def change(m: Measurement) -> Measurement:
        if m.arm != arm or m.probe_id not in kept:
            return m
        held = None if m.probe_id in undecided else kept[m.probe_id]
        return m.model_copy(update={"held": m.held | {clause_id: held}})

    return rewritten(run, change)
