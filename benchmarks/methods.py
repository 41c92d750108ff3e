"""What each training method makes of one spec's rows: `python -m benchmarks.methods [METHOD ...]`.

In: a spec (examples/harbor unless `--spec` names another). Out: a table row for each arm and method: each clause's
figure, its figure under pressure, right answers to questions of fact, next-token divergence from the base, and what the
training took. All methods read the same rows, which are made once. Everything is kept in a folder (`--folder`), so that
a call that was cut short goes on. This file must not know how a method trains.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from compiler.cli import emitting, places, stages
from compiler.presets import PRESETS
from compiler.progress import silent
from compiler.records.figures import Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.runs import arms_of

METHODS = (
    "sft", "dpo", "sft+dpo", "kto", "orpo", "simpo", "sdft", "online_dpo", "grpo", "rloo", "sft+grpo", "reward+rloo",
    "reward+grpo", "sft+reward+rloo", "dpo+sft", "character", "auto",
)  # fmt: skip
"""Methods and presets."""
SPEC = Path("examples/harbor/harbor.tenet")
PROMPTED: tuple[Arm, ...] = ("base", "prompt")
_TRAIN = re.compile(r"^train \{[^}]*\}$", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="all unless some are named")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--folder", type=Path, default=Path("build/methods"))
    parser.add_argument("--rows", type=int, default=1200)
    given = parser.parse_args(arguments)
    headed = False
    for method in given.methods or METHODS:
        report, seconds, told = measured(given.spec, given.folder, method, given.rows)
        if not headed:
            for line in head(report):
                print(line, flush=True)
            headed = True
            for arm in PROMPTED:
                print(row({"base": "none", "prompt": "the compiled prompt"}[arm], report, arm, ""), flush=True)
        cost = f"{sum(told['steps'].values())} steps{f', {seconds:,.0f} s' if seconds else ''}"
        if found := told.get("reward"):
            cost += f"; its reward model is right on {found['right']} of {found['held_out']} pairs held out"
        print(row(f"`{method}`", report, report.subject, cost), flush=True)


def measured(spec: Path, folder: Path, method: str, rows: int) -> tuple[DiffReport, float, dict[str, Any]]:
    """Build, train and measure; the report, CPU seconds of the training (0 where it was done before), and run.json."""
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
    start = time.process_time()
    done = places.finished_run(place) is not None
    run = stages.train(place, silent)
    seconds = 0.0 if done else time.process_time() - start
    stages.measure(place, run, tuple(arm for arm in (*PROMPTED, "adapter") if arm in arms_of(run)), silent)
    report, _ = stages.diff(place.build, run)
    return report, seconds, json.loads((run / "run.json").read_text())


def head(report: DiffReport) -> Iterator[str]:
    names = [clause.id.partition(".")[2] for clause in report.clauses]
    columns = ["method", *names, *(f"{name}, pressed" for name in names), "facts", "KL", "CPU"]
    yield f"| {' | '.join(columns)} |"
    yield f"| {' | '.join('---' for _ in columns)} |"


def row(name: str, report: DiffReport, arm: Arm, cost: str) -> str:
    plain = [_share(clause.rates, arm) for clause in report.clauses]
    pressed = [
        _share(next((trial.rates for trial in clause.trials if trial.of == "pressure"), ()), arm)
        for clause in report.clauses
    ]
    facts = _share(report.facts.rates if report.facts else (), arm)
    moved = f"{report.engaged.divergence:.2f}" if arm == "adapter" and report.engaged else ""
    return f"| {' | '.join([name, *plain, *pressed, facts, moved, cost])} |"


def _share(rates: Sequence[Rate], arm: Arm) -> str:
    found = next((rate for rate in rates if rate.arm == arm), None)
    return "" if found is None else f"{found.share:.0%} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


if __name__ == "__main__":
    main()
