"""How many answers a verdict needs: sequential measuring beside a fixed number, at the same error rates.

Simulated subjects have a known share and answer independently. Subjects from a run answer as its arms did: their
answers are drawn again and again, with replacement, from the measured ones, whose share is then the truth; where a
judge decided, the truth is what nano's own world says of each answer, which the intervals never see.

    python -m benchmarks.measuring                     simulated subjects
    python -m benchmarks.measuring build/harbor RUN    and what this run's arms did

The fixed number is the least that settles, in 90% of measurings, a subject that breaks the clause half as often as the
target allows; the sequential measuring may ask as many. `peeking` looks at the fixed interval after every round, which
is what sequential measuring must not be.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

from backends.nano.labels import voice_described
from backends.nano.world.voices import speaks
from compiler import rounds, statistics, stopping, tallies
from compiler.clause_verdicts import is_hard
from compiler.ir import Clause
from compiler.runs import read
from compiler.statistics import Comparison, Interval
from compiler.tallies import decided_by
from spec.constructs import Trait

MEASURINGS = 1000
POWER = 0.90
Bounds = Callable[[float, float, bool], Interval]
sequence: Bounds = lru_cache(maxsize=None)(stopping.interval)
fixed: Bounds = lru_cache(maxsize=None)(tallies.interval)


@dataclass(frozen=True, slots=True)
class Subject:
    """draw: one outcome (what is counted). truth: the share that it should speak of."""

    name: str
    truth: float
    draw: Callable[[random.Random], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """asked: on average. right, wrong: shares of measurings with a verdict on the true, the wrong, side of the target.
    covered: shares whose last interval holds the truth."""

    asked: float
    right: float
    wrong: float
    covered: float


@cache
def fixed_number(comparison: Comparison, share: float, exact: bool) -> int:
    """The least n that is enough, by the exact distribution of counts."""
    truth = (1.0 + share) / 2.0 if comparison == ">=" else share / 2.0
    n, step = 0, 64
    while step:
        if not _settles(n + step, truth, comparison, share, exact):
            n += step
        else:
            step //= 2
    return n + 1


def _settles(n: int, truth: float, comparison: Comparison, share: float, exact: bool) -> bool:
    """Whether n answers settle in `POWER` of measurings: the least count that is enough, and its chance."""
    counts = range(n + 1) if comparison == ">=" else range(n, -1, -1)
    for count in counts:
        if statistics.outcome(fixed(count, n, exact), comparison, share) == "met":
            return statistics.binomial_tail(count, n, truth, comparison) >= POWER
    return False


def measured(
    subject: Subject, comparison: Comparison, share: float, exact: bool, looks: Sequence[int], bounds: Bounds
) -> Outcome:
    """Measure a subject again and again, looking after each of `looks` answers."""
    dice = random.Random(f"{subject.name}/{subject.truth}/{share}")
    asked = right = wrong = covered = 0
    on_target = subject.truth == share
    truly = "met" if (subject.truth > share) == (comparison == ">=") else "missed"
    for _ in range(MEASURINGS):
        count = n = 0
        interval = Interval(0.0, 1.0)
        for look in looks:
            count += sum(subject.draw(dice) for _ in range(look - n))
            n = look
            interval = bounds(count, n, exact)
            found = statistics.outcome(interval, comparison, share)
            if found != "unclear":
                # A subject at its target is on neither side: any verdict is held against the interval.
                right += found == truly and not on_target
                wrong += found != truly or on_target
                break
        asked += n
        covered += interval.low <= subject.truth <= interval.high
    return Outcome(asked / MEASURINGS, right / MEASURINGS, wrong / MEASURINGS, covered / MEASURINGS)


HEAD = (
    f"{'subject':34} {'truth':>6} {'fixed n':>7} {'right':>6} | {'asked':>6} {'right':>6} {'wrong':>6} {'covers':>6} "
)
HEAD += f"{'fewer':>6} | {'peeking wrong':>13}"


def row(subject: Subject, comparison: Comparison, share: float, exact: bool) -> Outcome:
    n = fixed_number(comparison, share, exact)
    once = measured(subject, comparison, share, exact, [n], fixed)
    found = measured(subject, comparison, share, exact, rounds.looks(n), sequence)
    peeking = measured(subject, comparison, share, exact, rounds.looks(n), fixed)
    print(
        f"{subject.name:34} {subject.truth:6.1%} {n:7} {once.right:6.1%} | {found.asked:6.0f} {found.right:6.1%} "
        f"{found.wrong:6.1%} {found.covered:6.1%} {n / found.asked:5.1f}x | {peeking.wrong:13.1%}"
    )
    return found


def simulated() -> None:
    for exact, comparison, share in ((False, ">=", 0.9), (True, ">=", 0.9), (True, "<=", 0.05)):
        print(f"\n{'hard' if exact else 'soft'} clause, target {comparison} {share:.0%}\n{HEAD}")
        above = (1.0, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5, 0.1)
        for truth in above if comparison == ">=" else (0.0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5):
            row(Subject("simulated", truth, partial(_throw, truth)), comparison, share, exact)


def _throw(truth: float, dice: random.Random) -> bool:
    return dice.random() < truth


def _again(seen: Sequence[bool], dice: random.Random) -> bool:
    return dice.choice(seen)


def of_run(build: Path, folder: Path) -> None:
    """Each clause and arm of a run, its measured answers as the subject."""
    run = read(build, folder)
    print(f"\n{folder.name}, each arm's measured answers drawn again\n{HEAD}")
    answers, outcomes = run.answers, []
    for clause in run.program.clauses:
        comparison, share, exact = clause.target.comparison, clause.target.share, is_hard(clause)
        if comparison == "<=":
            continue  # of a rare phrase, a run holds too few prompts to stand for others
        probes = decided_by(clause.id, run.probes).get("rate", ())
        for arm in run.measured.arms:
            kept = [m for p in probes if (m := answers.get((p.id, arm))) and m.held.get(clause.id) is not None]
            seen = [bool(m.held[clause.id]) for m in kept]
            if not seen:
                continue
            truth = sum(known(clause, m.answer, m.held[clause.id]) for m in kept) / len(kept)
            subject = Subject(f"{clause.id} {arm}", truth, partial(_again, seen))
            outcomes.append(row(subject, comparison, share, exact))
    wrong = sum(found.wrong for found in outcomes) / max(1, len(outcomes))
    print(f"verdicts on the wrong side, over all {len(outcomes)}: {wrong:.2%}")


def known(clause: Clause, answer: str, held: bool | None) -> bool:
    """Whether the answer is in the voice that a trait describes, as nano's world knows its voices; of other clauses,
    what checks without a judge said."""
    voice = voice_described(clause.body.means) if isinstance(clause.body, Trait) else None
    return bool(held) if voice is None else speaks(voice, answer)


def main(arguments: Sequence[str]) -> None:
    print(f"{MEASURINGS} measurings each; verdicts at 97.5% a side (soft) and 95% a side (hard)")
    simulated()
    for build, run in zip(arguments[::2], arguments[1::2], strict=True):
        of_run(Path(build), Path(run))


if __name__ == "__main__":
    main(sys.argv[1:])
