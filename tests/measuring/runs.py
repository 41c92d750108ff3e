"""A measured run with some of its outcomes changed, and what a report says of one clause.

In: a run, such as `conftest.make_run` makes up. Out: the run with other outcomes, single rows of a report, and the run
on disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from compiler import ir_file
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Rate
from compiler.records.measured import Measurement
from compiler.records.recipe import Aspect
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.runs import Run

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


def written(run: Run, folder: Path) -> tuple[Path, Path]:
    """Write the build and the run, as `tenet build` and `tenet measure` do, and return their folders."""
    build, out = folder / "build" / "parrot", folder / "runs" / run.name
    build.mkdir(parents=True)
    out.mkdir(parents=True)
    (build / "ir.json").write_text(ir_file.dumps(run.program), encoding="utf-8")
    (build / "prompt.md").write_text(run.prompt, encoding="utf-8")
    (build / "sources.json").write_text(json.dumps({"version": 1, "files": dict(run.sources)}), encoding="utf-8")
    (build / "probes.jsonl").write_text("".join(f"{p.model_dump_json()}\n" for p in run.probes), encoding="utf-8")
    (out / "measurements.jsonl").write_text(
        "".join(f"{m.model_dump_json()}\n" for m in run.measurements), encoding="utf-8"
    )
    (out / "run.json").write_text("{}", encoding="utf-8")
    (out / "measure.json").write_text(run.measured.model_dump_json(indent=1), encoding="utf-8")
    return build, out
