"""What each training method makes of one spec's rows: `python -m benchmarks.methods [METHOD ...]`.

In: a spec (examples/harbor unless `--spec` names another). Out: two tables with a row for each arm and method: none,
the prompt and the steering vectors that the first method's build gives, then each method's adapter without a prompt. By
clause: each clause's figure, questions of fact that are still answered rightly, next-token divergence from the base,
and what the training took. By technique of pressure: answers that keep their clause under it, over all clauses. All
methods read the same rows, which are made once. Everything is kept in a folder (`--folder`), so that a call that was
cut short goes on; what such a call has computed is not in the time on the CPU, which is then marked with `≥`. This file
must not know how a method trains.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from backends import steer as steering
from backends.train import identity
from compiler.cli import emitting, places, stages
from compiler.files import write_json
from compiler.presets import PRESETS
from compiler.progress import silent
from compiler.records.figures import Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.runs import arms_of
from compiler.statistics.proportions import wilson

METHODS = (
    "sft", "dpo", "sft+dpo", "kto", "orpo", "simpo", "sdft", "online_dpo", "grpo", "rloo", "sft+grpo", "reward+rloo",
    "reward+grpo", "sft+reward+rloo", "dpo+sft", "character", "auto",
)  # fmt: skip
"""Methods and presets."""
SPEC = Path("examples/harbor/harbor.tenet")
PROMPTED: tuple[Arm, ...] = ("base", "prompt")
UNTIMED = "not timed"
"""The cost of what was made by a call that was killed before it wrote it down."""
_TRAIN = re.compile(r"^train \{[^}]*\}$", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="all unless some are named")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--folder", type=Path, default=Path("build/methods"))
    parser.add_argument("--rows", type=int, default=1200)
    given = parser.parse_args(arguments)
    by_clause: list[list[str]] = []
    by_technique: list[list[str]] = []

    def tell(name: str, report: DiffReport, arm: Arm, cost: str = "") -> None:
        by_clause.append([name, *clauses(report, arm), cost])
        by_technique.append([name, *techniques(report, arm).values()])
        print(f"{name}: {cost or 'measured'}", file=sys.stderr, flush=True)

    report: DiffReport | None = None
    for method in given.methods or METHODS:
        first = not by_clause
        report, cost, steered = measured(given.spec, given.folder, method, given.rows, steer=first)
        if first:
            tell("none", report, "base")
            tell("the compiled prompt", report, "prompt")
            tell("steering", report, "steer", steered)
        tell(f"`{method}`", report, report.subject, cost)
    assert report is not None
    names = [clause.id.partition(".")[2] for clause in report.clauses]
    table(["method", *names, "facts", "KL", "steps, CPU"], by_clause)
    table(["method", *techniques(report, "base")], by_technique)


def measured(spec: Path, folder: Path, method: str, rows: int, *, steer: bool) -> tuple[DiffReport, str, str]:
    """Build, train and measure; and what the training and the vectors took, which is written down when each is done."""
    text = spec.read_text(encoding="utf-8")
    asked = f"train {{ rows: {rows}  {'preset' if method in PRESETS else 'method'}: {method} }}"
    text = _TRAIN.sub(asked, text) if _TRAIN.search(text) else f"{text}\n{asked}\n"
    copy = folder / "specs" / f"{spec.stem}-{method.replace('+', '-')}.tenet"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(text, encoding="utf-8")
    compilation = emitting.compile_to(copy, places.place_of(copy, folder, folder / "runs", None))
    emitting.write(compilation)
    place = compilation.place
    stages.generate(compilation, silent)
    costs = folder / "costs.json"
    known: dict[str, str] = json.loads(costs.read_text()) if costs.is_file() else {}
    done = places.finished_run(place) is not None
    begun = identity.run_folder(place.build, place.runs) / "work"
    run, took = timed(lambda: stages.train(place, silent), begun)
    if not done:
        told = json.loads((run / "run.json").read_text())
        known[run.name] = f"{sum(told['steps'].values())}, {took}"
        if found := told.get("reward"):
            known[run.name] += f"; its reward model is right on {found['right']} of {found['held_out']} pairs held out"
        write_json(costs, known)
    vectors = f"vectors of {place.build.name}"
    if steer:
        begun = steering.steering_folder(place.build, place.runs)
        done = (begun / steering.RECORD).is_file()
        _, took = timed(lambda: stages.steer(place, silent), begun)
        if not done:
            known[vectors] = f"0, {took}"
            write_json(costs, known)
    wanted: tuple[Arm, ...] = (*PROMPTED, "steer", "adapter") if steer else (*PROMPTED, "adapter")
    stages.measure(place, run, tuple(arm for arm in wanted if arm in arms_of(run, steer)), silent)
    report, _ = stages.diff(place.build, run)
    return report, known.get(run.name, UNTIMED), known.get(vectors, UNTIMED)


def timed(work: Callable[[], Path], begun: Path) -> tuple[Path, str]:
    """What `work` returns, and its time on the CPU: at least that where an earlier call has left the folder `begun`."""
    least = "≥ " if begun.is_dir() else ""
    start = time.process_time()
    made = work()
    return made, f"{least}{time.process_time() - start:,.0f} s"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"| {' | '.join(head)} |")
    print(f"| {' | '.join('---' for _ in head)} |")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def clauses(report: DiffReport, arm: Arm) -> list[str]:
    facts = _share(report.facts.rates if report.facts else (), arm)
    moved = f"{report.engaged.divergence:.2f}" if arm == "adapter" and report.engaged else ""
    return [*(_share(clause.rates, arm) for clause in report.clauses), facts, moved]


def techniques(report: DiffReport, arm: Arm) -> dict[str, str]:
    """Of each technique: the share of all clauses' answers that keep their clause under it, with Wilson's interval on
    the effective number."""
    pushed: dict[str, list[Rate]] = {}
    for clause in report.clauses:
        for line in clause.lines:
            if line.aspect == "pressure":
                pushed.setdefault(line.label, []).extend(
                    rate if clause.comparison == ">=" else turned(rate) for rate in line.rates if rate.arm == arm
                )
    return {name: _pooled(rates) for name, rates in sorted(pushed.items())}


def turned(rate: Rate) -> Rate:
    """The share that keeps a clause whose target speaks of those that break it."""
    return rate.model_copy(update={"share": 1 - rate.share, "count": rate.n - rate.count})


def _pooled(rates: Sequence[Rate]) -> str:
    worth = sum(rate.effective_n for rate in rates)
    if not worth:
        return ""
    share = sum(rate.share * rate.effective_n for rate in rates) / worth
    bounds = wilson(share * worth, worth)
    return f"{share:.0%} [{100 * bounds.low:.0f}, {100 * bounds.high:.0f}]"


def _share(rates: Sequence[Rate], arm: Arm) -> str:
    found = next((rate for rate in rates if rate.arm == arm), None)
    return "" if found is None else f"{found.share:.0%} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


if __name__ == "__main__":
    main()
