"""How often intervals hold the truth that they say they hold, by simulation, and how wide they are.

    python -m benchmarks.coverage            # 10,000 trials a row; about a minute
    python -m benchmarks.coverage --trials 1000

A row is a method in a regime. What it promises is one of three: `nominal`, within a point of what it says; `at least`,
never less (exact intervals, sequences); `short`, a regime in which the method is known to cover too little, shown so
that nobody finds out alone. For a test, covered is: it did not find what is not there.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

import numpy as np

from benchmarks.coverage_cases import Case, cases

TRIALS = 10_000


@dataclass(frozen=True)
class Row:
    case: Case
    trials: int
    coverage: float
    width: float

    @property
    def noise(self) -> float:
        """The coverage's own standard error."""
        return math.sqrt(self.coverage * (1.0 - self.coverage) / self.trials)


def measure(case: Case, trials: int = TRIALS, seed: int = 1) -> Row:
    dice = np.random.default_rng(seed)
    seen = [case.trial(dice) for _ in range(trials)]
    widths = [width for _, width in seen if math.isfinite(width)]
    return Row(case, trials, sum(held for held, _ in seen) / trials, float(np.mean(widths)) if widths else math.nan)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--trials", type=int, default=TRIALS)
    trials = options.parse_args().trials
    print(f"{trials:,} trials a row; the coverage's own error is {100 * math.sqrt(0.95 * 0.05 / trials):.1f} points\n")
    print("| method | regime | says | covers | mean width | promise |\n| --- | --- | --- | --- | --- | --- |")
    for case in cases():
        row = measure(case, trials)
        width = "" if math.isnan(row.width) else f"{row.width:.3f}"
        print(
            f"| {case.method} | {case.regime} | {case.nominal:.0%} | {row.coverage:.1%} | {width} | {case.promise} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
