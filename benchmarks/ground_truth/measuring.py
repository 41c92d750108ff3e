"""Measure a model whose truth is known, again and again, by the code that `tenet measure` and `tenet diff` run.

In: a clause's known answers, a subject, how it is measured. Out: for each figure, how often its interval holds the
truth, and how often its verdict is false, beside the error that it states. Intervals and verdicts come from
`compiler.clause_rows`, rounds from `backends.measure.sequential`; no formula stands here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from backends.measure.sequential import ask_until_settled
from benchmarks.ground_truth.builds import Build
from benchmarks.ground_truth.pool import ARM, Known
from benchmarks.ground_truth.subjects import By, Model, Prepared, measured
from compiler import rounds
from compiler.calibrating import Labels
from compiler.clause_rows import figures
from compiler.clause_verdicts import Measured, wanted_of
from compiler.ir import Clause
from compiler.records.figures import Comparison, Figure, Rate, Verdict
from compiler.records.measured import Calibration, Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import Answers, decided_by, prompt_key

LEVELS: tuple[float | None, ...] = (0.0, 0.05, -0.05, 0.10, -0.10, None, 1.0)
"""Where the truth lies: points from the target; None is 50%, 1.0 always keeps."""


@dataclass(frozen=True, slots=True)
class How:
    """sequential: asked until verdicts stand. labels: of so many prompts the truth is told, as people's labels.
    calibrations: what is known of the judge."""

    sequential: bool = False
    labels: int = 0
    calibrations: tuple[Calibration, ...] = ()


@dataclass(slots=True)
class Tally:
    """Of one figure in measurings of one kind of subject."""

    target: float
    comparison: Comparison
    exact: bool
    measurings: int = 0
    covered: int = 0
    above: int = 0
    """Intervals that lie above the truth; the others that do not hold it lie below."""
    verdicts: dict[Verdict, int] = field(default_factory=lambda: defaultdict(int))
    false_met: int = 0
    false_missed: int = 0
    asked: float = 0.0
    width: float = 0.0

    @property
    def coverage(self) -> float:
        return self.covered / self.measurings

    @property
    def noise(self) -> float:
        """Two standard errors of the coverage that is promised."""
        return 2.0 * math.sqrt(self.says * (1.0 - self.says) / self.measurings)

    @property
    def says(self) -> float:
        """The confidence of the interval."""
        return 0.90 if self.exact else 0.95

    @property
    def error(self) -> float:
        """How often a verdict may be false, at most."""
        return 0.05 if self.exact else 0.025

    def add(self, rate: Rate, verdict: Verdict, truth: float) -> None:
        """truth: of the share that the target speaks of."""
        better = truth - self.target if self.comparison == ">=" else self.target - truth
        self.measurings += 1
        self.covered += rate.low - 1e-12 <= truth <= rate.high + 1e-12
        self.above += rate.low - 1e-12 > truth
        self.verdicts[verdict] += 1
        # A subject at its target is on neither side: any verdict is held against the measuring.
        self.false_met += verdict == "met" and better < 1e-9
        self.false_missed += verdict == "missed" and better > -1e-9
        self.asked += rate.n
        self.width += rate.high - rate.low


def measurings(
    build: Build,
    subject: Prepared,
    level: float | None,
    how: How,
    times: int,
    icc: float = 0.0,
    by: By = "form",
    seed: object = 0,
) -> dict[Figure, Tally]:
    """Measure `times` subjects at one level and return each figure's tally."""
    known = subject.known
    clause = known.clause
    targets = _targets(build, known)
    model = Model({of: _kept(level, *targets[of][:2]) for of in targets}, icc, by)
    dice = Random(f"{clause.id}/{level}/{how.sequential}/{how.labels}/{icc}/{by}/{seed}")
    counted = decided_by(clause.id, known.probes)
    tallies = {of: Tally(share, comparison, exact) for of, (comparison, share, exact) in targets.items()}
    measure = _sequential(build, known, how) if how.sequential else _fixed(build, known, how)
    for _ in range(times):
        drawn = measured(subject, model, dice)
        labels = _labelled(known, drawn.kept, how.labels, dice) if how.labels else Labels()
        run = measure(drawn.answers, labels)
        for of, rate, verdict in _found(run, clause):
            if of in tallies:
                kept = drawn.truth(of, counted[of], run.answers)
                tallies[of].add(rate, verdict, kept if tallies[of].comparison == ">=" else 1.0 - kept)
    return tallies


Measure = Callable[[Answers, Labels], Measured]


def _fixed(build: Build, known: Known, how: How) -> Measure:
    def measure(answers: Answers, labels: Labels) -> Measured:
        return Measured(build.program, known.probes, answers, (ARM,), ARM, how.calibrations, {}, labels)

    return measure


def _sequential(build: Build, known: Known, how: How) -> Measure:
    plan = rounds.plan([clause.id for clause in build.program.clauses], known.probes)
    program = replace(build.program, clauses=(known.clause,))

    def measure(answers: Answers, labels: Labels) -> Measured:
        def ask(asked: Sequence[Probe], arm: Arm) -> list[Measurement]:
            return [answers[probe.id, arm] for probe in asked]

        rows = ask_until_settled(plan, program, known.probes, (ARM,), how.calibrations, ask)
        given = {(row.probe_id, row.arm): row for row in rows}
        return Measured(program, known.probes, given, (ARM,), ARM, how.calibrations, {}, labels, units=plan.units)

    return measure


def _found(run: Measured, clause: Clause) -> Iterator[tuple[Figure, Rate, Verdict]]:
    own, trials = figures(run, clause)
    yield "rate", own["rates"][0], own["verdict"]
    for trial in trials:
        yield trial.of, trial.rates[0], trial.verdict


def _targets(build: Build, known: Known) -> dict[Figure, tuple[Comparison, float, bool]]:
    """What each figure asks for, as a row of the clause says it."""
    blank = Measured(build.program, known.probes, {}, (ARM,), ARM, (), {})
    own, trials = figures(blank, known.clause)
    exact = wanted_of(known.clause, ()).exact
    found: dict[Figure, tuple[Comparison, float, bool]] = {"rate": (own["comparison"], own["target"], exact)}
    found |= {trial.of: (trial.comparison, trial.target, exact) for trial in trials}
    counted = decided_by(known.clause.id, known.probes)
    return {of: row for of, row in found.items() if of in counted}


def _kept(level: float | None, comparison: Comparison, share: float) -> float:
    """With which chance an answer keeps the clause."""
    if level is None or level == 1.0:
        return 0.5 if level is None else 1.0
    away = min(1.0, max(0.0, share + (level if comparison == ">=" else -level)))
    return away if comparison == ">=" else 1.0 - away


def _labelled(known: Known, kept: Mapping[str, bool], number: int, dice: Random) -> Labels:
    """The truth about a uniform sample of the prompts of the clause's own figure."""
    prompts = {prompt_key(probe): float(kept[probe.id]) for probe in decided_by(known.clause.id, known.probes)["rate"]}
    drawn = dice.sample(list(prompts), min(number, len(prompts)))
    return Labels({(known.clause.id, ARM): {key: prompts[key] for key in drawn}})
