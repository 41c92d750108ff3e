"""Do intervals hold the truth, and are verdicts true? `python -m benchmarks.ground_truth [SPEC ...]`

In: specs; unless given, those of the examples that nano's world knows, and `kinds.tenet` beside this file. Out: a
table, one line for each figure of a clause and each way of measuring it: the least coverage and the most false verdicts
over all truths, beside what is stated; then one table of all. The exit code is 1 where a promise is broken
(`tables.py` says what that takes).

    python -m benchmarks.ground_truth --times 1000     about six hours of one core
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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from benchmarks.ground_truth import tables
from benchmarks.ground_truth.clauses import Asked, built, of_clause
from benchmarks.ground_truth.measuring import LEVELS
from benchmarks.ground_truth.tables import Line

HERE = Path(__file__).parent
TIMES = 300
LOOKS = 5
"""A measuring that looks after every round takes some ten times as long, so one is made for so many of the others."""
SPECS = (Path("examples/pirate/pirate.tenet"), Path("examples/harbor/harbor.tenet"), HERE / "kinds.tenet")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("specs", nargs="*", type=Path, default=SPECS)
    options.add_argument("--times", type=int, default=TIMES, help="measurings of each subject")
    options.add_argument("--clause", action="append", default=[], help="only this clause")
    options.add_argument("--way", default="", help="only ways whose name begins so")
    options.add_argument("--truths", action="store_true", help="a line for each truth")
    options.add_argument("--folder", type=Path, default=Path("build/ground-truth"), help="where builds go")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    looks = max(1, chosen.times // LOOKS)
    print(
        f"{chosen.times:,} measurings of each subject that ask every prompt, {looks:,} until verdicts stand; "
        f"every truth of {', '.join(map(tables.where, LEVELS))}"
    )
    asked = Asked(chosen.times, looks, chosen.folder, chosen.way)
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
