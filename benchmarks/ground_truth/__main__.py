"""Do intervals hold the truth, and are verdicts true? `python -m benchmarks.ground_truth [SPEC ...]`

In: specs; unless given, those of the examples that nano's world knows, and `kinds.tenet` beside this file. Out: a
table, one line for each figure of a clause and each way of measuring it: the least coverage and the most false verdicts
over all truths, beside what is stated. A line that breaks a promise by more than two standard errors
ends with `!`, and the exit code is 1.

    python -m benchmarks.ground_truth --times 1000
    python -m benchmarks.ground_truth examples/harbor/harbor.tenet --clause trait.caring
    python -m benchmarks.ground_truth --truths      every truth on a line of its own

Ways: `fixed` asks every prompt, `looking` until verdicts stand. A subject's answers are independent (`0`), or alike
within a form of question or within a unit of the recipe, by an intra-cluster correlation. Clauses that a judge decides
are measured without a calibration, with nano's own, and with labels of 30, 50, 100 and 200 of their prompts.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from backends.measure.calibration import calibrate
from backends.measure.judging import judge_of_run
from benchmarks.ground_truth.answers import by_world
from benchmarks.ground_truth.builds import Build, build
from benchmarks.ground_truth.measuring import LEVELS, How, Tally, measurings
from benchmarks.ground_truth.pool import Known, known
from benchmarks.ground_truth.subjects import By, prepared
from compiler.ir import Clause
from compiler.judges import fault
from compiler.records.checks import JudgeCheck
from compiler.records.figures import Figure
from compiler.records.measured import Calibration

HERE = Path(__file__).parent
SPECS = (Path("examples/pirate/pirate.tenet"), Path("examples/harbor/harbor.tenet"), HERE / "kinds.tenet")
ALIKE: tuple[tuple[By, float], ...] = (("form", 0.0), ("form", 0.3), ("form", 0.7), ("unit", 0.3))
LABELS = (30, 50, 100, 200)
Level = float | None

HEAD = "| clause | figure | target | measured | alike | covers at least | says "
HEAD += "| false met | false missed | may be | asked |"


def ways(clause_calibrations: tuple[Calibration, ...], judged: bool) -> Iterator[tuple[str, How]]:
    if not judged:
        yield "fixed", How()
        yield "looking", How(sequential=True)
        return
    yield "fixed, judge uncalibrated", How()
    yield "looking, judge uncalibrated", How(sequential=True)
    if clause_calibrations:
        yield "fixed, judge calibrated", How(calibrations=clause_calibrations)
        yield "looking, judge calibrated", How(sequential=True, calibrations=clause_calibrations)
    for number in LABELS:
        yield f"fixed, {number} labels", How(labels=number)


def broken_promises(how: How, judged: bool, tally: Tally) -> bool:
    """Whether what is stated fails by more than two standard errors. A judge nobody has calibrated states no interval,
    and settles nothing."""
    n = tally.measurings
    if judged and not how.labels and fault(how.calibrations, None) is not None:
        return bool(tally.verdicts["met"] + tally.verdicts["missed"])
    allowed = tally.error + 2.0 * math.sqrt(tally.error * (1.0 - tally.error) / n)
    return tally.coverage < tally.says - tally.noise or max(tally.false_met, tally.false_missed) > allowed * n


def line(clause: Clause, of: Figure, way: str, alike: str, found: Mapping[Level, Tally], fails: bool) -> str:
    least = min(found, key=lambda level: found[level].coverage)
    one = found[least]
    met = max(tally.false_met / tally.measurings for tally in found.values())
    missed = max(tally.false_missed / tally.measurings for tally in found.values())
    asked = sum(t.asked / t.measurings for t in found.values()) / len(found)
    return (
        f"| {clause.id} | {of.replace('_', '-')} | {one.comparison} {one.target:.0%} | {way} | {alike} "
        f"| {one.coverage:.1%} at {where(least)} | {one.says:.0%} | {met:.1%} | {missed:.1%} | {one.error:.1%} "
        f"| {asked:.0f} |{' !' if fails else ''}"
    )


def where(level: Level) -> str:
    if level is None or level == 1.0:
        return "50%" if level is None else "100%"
    return "target" if level == 0.0 else f"target {level * 100:+.0f}"


def of_clause(
    found: Build, one: Known, times: int, calibrations: tuple[Calibration, ...], only: str, truths: bool
) -> int:
    """Print the clause's lines, and return how many break a promise."""
    clause = one.clause
    judged = any(isinstance(check, JudgeCheck) for probe in one.probes for check in probe.checks)
    by = "nano's world" if by_world(clause) else "nano's world; breaches: broken_answers"
    print(
        f"\n{clause.id}: {len(one.probes)} prompts, {one.known} of them the world's own; answers: {by}; decided right: "
        f"{one.right[True]:.1%} of kept, {one.right[False]:.1%} of broken, undecided {one.undecided:.1%}\n\n{HEAD}",
        flush=True,
    )
    print(f"|{' --- |' * (HEAD.count('|') - 1)}")
    fails = 0
    for way, how in ways(calibrations, judged):
        if not way.startswith(only):
            continue
        for alike, icc in ALIKE:
            subject = prepared(one, alike)
            by_figure: dict[Figure, dict[Level, Tally]] = {}
            for level in LEVELS:
                for of, tally in measurings(found, subject, level, how, times, icc, alike).items():
                    # Labels are of the clause's own prompts.
                    if of == "rate" or not how.labels:
                        by_figure.setdefault(of, {})[level] = tally
            for of, tallies in by_figure.items():
                own = judged and of != "over_refusal"
                shown = [{level: tally} for level, tally in tallies.items()] if truths else [tallies]
                for part in shown:
                    broken = any(broken_promises(how, own, tally) for tally in part.values())
                    fails += broken
                    label = f"{alike} {icc}" if icc else "0"
                    print(line(clause, of, way, label, part, broken), flush=True)
    return fails


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("specs", nargs="*", type=Path, default=SPECS)
    options.add_argument("--times", type=int, default=1000, help="measurings of each subject")
    options.add_argument("--clause", action="append", default=[], help="only this clause")
    options.add_argument("--way", default="", help="only ways whose name begins so")
    options.add_argument("--truths", action="store_true", help="a line for each truth")
    options.add_argument("--folder", type=Path, default=Path("build/ground-truth"), help="where builds go")
    chosen = options.parse_args()
    print(f"{chosen.times:,} measurings of each subject; every truth of {', '.join(map(where, LEVELS))}")
    fails = 0
    for spec in chosen.specs:
        found = build(spec, chosen.folder)
        calibrations = calibrate(found.program, judge_of_run(found.program, found.engine))
        for clause in found.program.clauses:
            if not chosen.clause or clause.id in chosen.clause:
                own = tuple(c for c in calibrations if c.clause_id == clause.id and c.what == "judge")
                fails += of_clause(found, known(found, clause), chosen.times, own, chosen.way, chosen.truths)
    print(f"\n{fails} lines break a promise" if fails else "\nno line breaks a promise")
    return 1 if fails else 0


if __name__ == "__main__":
    sys.exit(main())
