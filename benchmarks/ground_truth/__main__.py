"""Do intervals hold the truth, and are verdicts true? `python -m benchmarks.ground_truth [SPEC ...]`

In: specs; unless given, those of the examples that nano's world knows, and `kinds.tenet` beside this file. Out: a
table, one line for each figure of a clause and each way of measuring it: the least coverage and the most false verdicts
over all truths, beside what is stated; then one table of all. The exit code is 1 where a promise is broken
(`tables.py` says what that takes).

    python -m benchmarks.ground_truth --times 1000
    python -m benchmarks.ground_truth examples/harbor/harbor.tenet --clause trait.caring
    python -m benchmarks.ground_truth --truths      every truth on a line of its own

Ways: `fixed` asks every prompt, `looking` until verdicts stand. A subject's answers are independent (`0`), or alike
within a form of question or within a unit of the recipe, by an intra-cluster correlation. Clauses that a judge decides
are measured without a calibration, with nano's own, and with labels of 30, 50, 100 and 200 of their prompts.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from backends.measure.calibration import calibrate
from backends.measure.judging import judge_of_run
from benchmarks.ground_truth import tables
from benchmarks.ground_truth.answers import by_world
from benchmarks.ground_truth.builds import Build, build
from benchmarks.ground_truth.measuring import LEVELS, How, Tally, measurings
from benchmarks.ground_truth.pool import Known, known
from benchmarks.ground_truth.subjects import By, prepared
from benchmarks.ground_truth.tables import Level, Line
from compiler.judges import fault
from compiler.records.checks import JudgeCheck
from compiler.records.figures import Figure
from compiler.records.measured import Calibration

HERE = Path(__file__).parent
SPECS = (Path("examples/pirate/pirate.tenet"), Path("examples/harbor/harbor.tenet"), HERE / "kinds.tenet")
ALIKE: tuple[tuple[By, float], ...] = (("form", 0.0), ("form", 0.3), ("form", 0.7), ("unit", 0.3))
LABELS = (30, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Asked:
    """folder: where builds go. way: only ways whose name begins so."""

    times: int
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
    judged = any(isinstance(check, JudgeCheck) for probe in one.probes for check in probe.checks)
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
        for line in _lines(found, one, way, how, by, icc, asked.times, judged)
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


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("specs", nargs="*", type=Path, default=SPECS)
    options.add_argument("--times", type=int, default=1000, help="measurings of each subject")
    options.add_argument("--clause", action="append", default=[], help="only this clause")
    options.add_argument("--way", default="", help="only ways whose name begins so")
    options.add_argument("--truths", action="store_true", help="a line for each truth")
    options.add_argument("--folder", type=Path, default=Path("build/ground-truth"), help="where builds go")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    print(f"{chosen.times:,} measurings of each subject; every truth of {', '.join(map(tables.where, LEVELS))}")
    asked = Asked(chosen.times, chosen.folder, chosen.way)
    work = [
        (spec, clause.id)
        for spec in chosen.specs
        for clause in built(spec, chosen.folder)[0].program.clauses
        if not chosen.clause or clause.id in chosen.clause
    ]
    lines: list[Line] = []
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool:
        for said, own in pool.map(of_clause, repeat(asked), *zip(*work, strict=True)):
            lines += own
            print(f"\n{said}\n\n{tables.head(tables.HEAD)}")
            for line in own:
                truths = [{level: tally} for level, tally in line.tallies.items()] if chosen.truths else [line.tallies]
                print("\n".join(tables.row(replace(line, tallies=part)) for part in truths), flush=True)
    whole, broken = tables.whole(lines)
    print("", *whole, sep="\n")
    print(f"\n{broken} cells break a promise" if broken else "\nno promise is broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
