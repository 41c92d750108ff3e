"""One clause, measured in every way: its lines of the table.

In: a spec's path, a clause's id, how often to measure. Out: what is known of its answers, and its lines. Work for a
process of its own. This file must not know how lines are printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.measure.calibration import calibrate
from backends.measure.judging import judge_of_run
from benchmarks.ground_truth.answers import by_world
from benchmarks.ground_truth.builds import Build, build
from benchmarks.ground_truth.measuring import LEVELS, How, Tally, measurings
from benchmarks.ground_truth.pool import Known, known
from benchmarks.ground_truth.subjects import By, prepared
from benchmarks.ground_truth.tables import Level, Line
from compiler.deciding import deciding_checks
from compiler.judges import fault
from compiler.records.checks import JudgeCheck
from compiler.records.figures import Figure
from compiler.records.measured import Calibration

ALIKE: tuple[tuple[By, float], ...] = (("form", 0.0), ("form", 0.3), ("form", 0.7), ("unit", 0.3))
LABELS = (30, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Asked:
    """times, looks: measurings of each subject, with every prompt and until verdicts stand. folder: where builds go.
    way: only ways whose name begins so."""

    times: int
    looks: int
    folder: Path
    way: str


def ways(calibrations: tuple[Calibration, ...], judged: bool) -> Iterator[tuple[str, How]]:
    if not judged:
        yield "fixed", How()
        yield "looking", How(sequential=True)
        return
    yield "fixed, judge uncalibrated", How()
    yield "looking, judge uncalibrated", How(sequential=True)
    if calibrations:
        yield "fixed, judge calibrated", How(calibrations=calibrations)
        yield "looking, judge calibrated", How(sequential=True, calibrations=calibrations)
    for number in LABELS:
        yield f"fixed, {number} labels", How(labels=number)


@cache
def built(spec: Path, folder: Path) -> tuple[Build, tuple[Calibration, ...]]:
    found = build(spec, folder)
    return found, calibrate(found.program, judge_of_run(found.program, found.engine))


def of_clause(asked: Asked, spec: Path, clause_id: str) -> tuple[str, list[Line]]:
    """Return what is known of the clause's answers, in a sentence, and its lines."""
    found, calibrations = built(spec, asked.folder)
    one = known(found, found.program.clause(clause_id))
    judged = any(isinstance(check, JudgeCheck) for check in deciding_checks(one.clause))
    by = "nano's world" if by_world(one.clause) else "nano's world; breaches: broken_answers"
    said = (
        f"{clause_id}: {len(one.probes)} prompts, {one.known} of them the world's own; answers: {by}; decided right: "
        f"{one.right[True]:.1%} of kept, {one.right[False]:.1%} of broken, undecided {one.undecided:.1%}"
    )
    own = tuple(c for c in calibrations if c.clause_id == clause_id and c.what == "judge")
    return said, [
        line
        for way, how in ways(own, judged)
        if way.startswith(asked.way)
        for by, icc in ALIKE
        for line in _lines(found, one, way, how, by, icc, asked.looks if how.sequential else asked.times, judged)
    ]


def _lines(
    found: Build, one: Known, way: str, how: How, by: By, icc: float, times: int, judged: bool
) -> Iterator[Line]:
    subject = prepared(one, by)
    figures: dict[Figure, dict[Level, Tally]] = {}
    for level in LEVELS:
        for of, tally in measurings(found, subject, level, how, times, icc, by).items():
            # Labels are of the clause's own prompts.
            if of == "rate" or not how.labels:
                figures.setdefault(of, {})[level] = tally
    for of, tallies in figures.items():
        by_a_judge = judged and of != "over_refusal"
        states = not by_a_judge or bool(how.labels) or fault(how.calibrations, None) is None
        yield Line(one.clause.id, of, way, f"{by} {icc}" if icc else "0", tallies, states)
