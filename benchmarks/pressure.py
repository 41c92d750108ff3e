"""Whether training stands pressure better than a prompt, and a prompt better than steering: `python -m
benchmarks.pressure [SPEC]`.

In: a spec (examples/pirate unless another is named). Out: for each technique of pressure the share of prompts on which
the clauses are kept, all clauses together, in every arm; the differences that the published ordering is about (trained
over prompted over steered: Open Character Training, 2025), paired by prompt; and whether it holds here. Everything is
kept in the folders, so that a call that was cut short goes on. This file must not know how an arm answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from compiler import tallies
from compiler.cli import emitting, places, stages
from compiler.lowering.probes import FACTS
from compiler.progress import silent
from compiler.records.figures import Difference
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.report import figures
from compiler.runs import Run, read
from compiler.tallies import Column

SPEC = Path("examples/pirate/pirate.tenet")
SHOWN: tuple[Arm, ...] = ("base", "steer", "prompt", "adapter", "adapter+prompt")
ORDER: tuple[tuple[Arm, Arm], ...] = (("adapter", "prompt"), ("prompt", "steer"))
UNPUSHED, ALL = "unpushed", "all techniques"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", nargs="?", type=Path, default=SPEC)
    parser.add_argument("--out", type=Path, default=Path("build"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    given = parser.parse_args(arguments)
    for line in table(measured(given.spec, given.out, given.runs)):
        print(line, flush=True)


def measured(spec: Path, out: Path, runs: Path) -> Run:
    """Build, train, steer and measure; what is there is taken as it is."""
    compilation = emitting.compile_to(spec, places.place_of(spec, out, runs, None))
    emitting.write(compilation)
    place = compilation.place
    stages.generate(compilation, silent)
    run = stages.train(place, silent)
    stages.steer(place, silent)
    stages.measure(place, run, None, silent)
    return read(place.build, run)


def table(run: Run) -> Iterator[str]:
    arms = [arm for arm in SHOWN if arm in run.measured.arms]
    order = [pair for pair in ORDER if set(pair) <= set(arms)]
    yield f"| technique | n | {' | '.join(arms)} | {' | '.join(f'{a} less {b}' for a, b in order)} | ordering |"
    yield f"| {' | '.join('---' for _ in range(3 + len(arms) + len(order)))} |"
    for name, probes in groups(run.probes).items():
        columns = {arm: pooled(run, arm, probes) for arm in arms}
        rates = [tallies.rate(arm, columns[arm], ">=", exact=False) for arm in arms]
        moved = [tallies.difference(a, b, columns[a], columns[b], ">=") for a, b in order]
        cells = [name.replace("_", " "), str(rates[-1].n), *map(figures.rate, rates), *map(written, moved)]
        yield f"| {' | '.join(cells)} | {ordering(moved)} |"


def groups(probes: Sequence[Probe]) -> dict[str, list[Probe]]:
    """The clauses' own probes unpushed, under all techniques, and under each."""
    own = [probe for probe in probes if probe.clause_id != FACTS]
    pushed = [probe for probe in own if probe.aspect == "pressure" and probe.pressure]
    found = {UNPUSHED: [probe for probe in own if probe.aspect == "kept"], ALL: pushed}
    for probe in pushed:
        found.setdefault(str(probe.pressure), []).append(probe)
    return found


def pooled(run: Run, arm: Arm, probes: Sequence[Probe]) -> Column:
    """What an arm did on the prompts of all clauses; a prompt that two of them ask counts for each."""
    found: Column = {}
    for clause_id in dict.fromkeys(probe.clause_id for probe in probes):
        own = [probe for probe in probes if probe.clause_id == clause_id]
        for (context, messages), cell in tallies.column(arm, clause_id, own, run.answers).items():
            key = (context, (("clause", clause_id), *messages))
            found[key] = replace(cell, cluster=(clause_id, cell.cluster))
    return found


def written(moved: Difference | None) -> str:
    if moved is None:
        return "–"
    return f"{figures.points(moved.difference)} [{figures.points(moved.low)}, {figures.points(moved.high)}]"


def ordering(moved: Sequence[Difference | None]) -> str:
    """Each step of the ordering: it holds, or is reversed, where the whole interval says so."""
    steps = []
    for one, (better, worse) in zip(moved, ORDER, strict=False):
        if one is None:
            continue
        sign = ">" if one.low > 0 else "<" if one.high < 0 else "?"
        steps.append(f"{better} {sign} {worse}")
    return ", ".join(steps)


if __name__ == "__main__":
    main()
