"""Measuring: every probe answered by every arm, and every answer decided.

In: `build/<spec>/` (probes.jsonl, prompt.md, recipe.json, ir.json) and a run with its adapter. Out, in the run's
folder: measurements.jsonl, one line for each arm and probe, and measure.json with how they were made and which probes
decide which figure. One base stands in memory; the adapter is switched on and off. Answers and judgements are cached by
content, so a killed measuring goes on where it was; no batch holds probes of two clauses, so an edited clause is
measured again alone. This file must not know targets or verdicts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from backends import steer, store
from backends.measure.answering import answer, decided, gate
from backends.measure.besides import Asking, Besides, ask_besides
from backends.measure.calibration import calibrate
from backends.measure.drift import with_drift
from backends.measure.judging import Judging, preferences, with_likelihoods
from backends.measure.latency import write_latency
from backends.measure.models import opened
from backends.measure.results import with_earlier, write
from backends.measure.sequential import ask_until_settled
from compiler import rounds
from compiler.arms import uses_adapter, uses_steering
from compiler.progress import Progress, silent
from compiler.records.measured import Calibration, Measurement, Stopping
from compiler.records.record import ALL_ARMS, Arm
from compiler.records.rows import Probe
from compiler.runs import is_prompt_alone

ONCE = Judging()


def run(
    build: Path,
    run: Path | None,
    *,
    arms: Sequence[Arm] = ALL_ARMS,
    steering: Path | None = None,
    judging: Judging = ONCE,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    stopping: Stopping = "fixed",
    most: int | None = None,
    budget: int | None = None,
    besides: Besides | None = None,
) -> Path:
    """Measure `arms` on the probes of `build` and return the folder that holds the measurements.

    Args:
        run: a training's folder; None measures the base with and without the prompt, into `build/measured/`.
        steering: a folder of vectors; without one the arm `steer` is left out.
        judging: how judges are asked beyond each answer's verdict.
        cache, root, local_files_only: as in `models.opened`.
        stopping: ask all probes, or until the verdicts stand (`sequential.py`).
        most: `fixed` asks at most so many probes for each figure.
        budget: `sequential` gives at most so many answers, of all arms together.
        besides: probe sets and inventories to ask, too.

    Raises:
        DataError: probes, prompt or adapter are missing.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    trained = None if run is not None and is_prompt_alone(run) else run
    folder = run or build / "measured"
    arms = [
        arm
        for arm in ALL_ARMS
        if arm in arms
        and (trained is not None or not uses_adapter(arm))
        and (steering is not None or not uses_steering(arm))
    ]
    # What the arm is measured with lies beside its answers, as the adapter does.
    vectors = steer.place(steering, folder) if steering is not None and any(map(uses_steering, arms)) else None
    models = opened(
        build,
        trained,
        steering=vectors,
        cache=cache,
        root=root,
        local_files_only=local_files_only,
        repeats=judging.repeats,
    )
    program, prompt, subject, judge = models.program, models.prompt, models.subject, models.judge
    kept = store.opened(subject.cache)
    kept.begin(store.name_of_run(folder), folder)
    report = models.report().model_copy(
        update={"arms": tuple(arms), "stopping": stopping, "most": most, "budget": budget}
    )
    plan = rounds.plan([clause.id for clause in program.clauses], models.probes, report.seed)
    probes: Sequence[Probe] = models.probes
    if most is not None:
        first = rounds.at_most(plan, most)
        probes = [probe for probe in probes if probe.id in first]
    total = min(len(arms) * len(probes), budget or sys.maxsize)

    # Gate 0: an adapter that does nothing is not measured.
    gated = plan.fixed if stopping == "sequential" else probes
    engaged = gate(subject, gated, prompt) if models.adapter and any(map(uses_adapter, arms)) else None
    measurements: list[Measurement] = []
    second = subject if judging.likelihood else None
    calibrations: tuple[Calibration, ...] = ()
    if engaged is None or engaged.engaged:
        calibrations = calibrate(program, judge, second)
        if stopping == "sequential":
            measurements = ask_until_settled(
                plan,
                program,
                probes,
                arms,
                calibrations,
                lambda asked, arm: decided(asked, arm, answer(subject, asked, arm, prompt), models.recipe, judge),
                budget,
                lambda answered, what: progress("measure", answered, total, "answers", what),
            )
        else:
            for number, arm in enumerate(arms):

                def tell(n: int, before: int = number * len(probes), name: str = arm) -> None:
                    progress("measure", before + n, total, "answers", name)

                tell(0)
                measurements += decided(probes, arm, answer(subject, probes, arm, prompt, tell), models.recipe, judge)
    measurements = with_drift(measurements, probes, subject)
    if second is not None:
        measurements = with_likelihoods(program, probes, measurements, second)
    given, asked = len(measurements), {row.probe_id for row in measurements}
    asking = Asking(models, arms if measurements else [], folder, progress, measurements)
    further = ask_besides(besides, asking, report)

    # Arms that were measured before on this very build keep their answers.
    report, rows = with_earlier(folder, report.model_copy(update={"engaged": engaged}), measurements)
    report = report.model_copy(
        update={
            "calibrations": calibrations,
            "pairwise": preferences(program, probes, rows, judge) if judging.pairwise else (),
            "prompt_tokens": subject.count(prompt),
            "always": tuple(p.id for p in plan.fixed if p.id in asked) if stopping == "sequential" else (),
            **further,
        }
    )
    write(folder, build, program, models.probes, report, rows)
    if subject.loaded and rows:
        write_latency(folder, subject, probes, prompt, report)
    kept.finish(whole=False)
    progress("measure", given, given, "answers", "done")
    return folder
