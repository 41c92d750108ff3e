"""How long a step of training takes on this machine, and how much memory: measured on a few steps of the real one.

In: a build with its rows. Out: a `Calibration` for each stage, as JSON lines; nothing is kept of what was trained. It
is run as a program (`python -m backends.train.calibrating BUILD`), since what a process has held at its peak cannot be
told apart from what came before. The rows are a sample with the lengths of all of them. This file must not know who
asks.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

STEPS = 4
"""The first of which is not counted: what is used for the first time takes longer."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Seconds of one process on this machine. start: until the libraries are there. load: of base, rows and trainer.
    asked: of asking the reference about one row. step: of one update. end: of saving and confirming. processor: of a
    step, over all threads. peak: bytes that the process has held at most. size: characters of a row, on average."""

    stage: str
    start: float
    load: float
    asked: float
    step: float
    end: float
    processor: float
    peak: int
    size: float

    def seconds(self, steps: int, rows: int) -> float:
        """Of a training of `steps` updates, with `rows` that the reference is asked about."""
        return self.start + self.load + rows * self.asked + steps * self.step + self.end


@dataclass(slots=True)
class _Clock:
    """What a training tells while it runs."""

    steps: list[tuple[float, float]]
    begun: float = 0.0

    def __call__(self, stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        if not done:
            self.begun = time.monotonic()  # the last time is when the trainer begins
        else:
            self.steps.append((time.monotonic(), time.process_time()))


def sample(rows: Sequence[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """`number` rows whose lengths are spread as those of all.

    >>> [row["n"] for row in sample([{"n": n} for n in (300, 1, 20, 4000)], 2)]
    [20, 4000]
    """
    ordered = sorted(rows, key=lambda row: len(json.dumps(row)))
    return [ordered[min(len(ordered) - 1, (2 * n + 1) * len(ordered) // (2 * number))] for n in range(number)]


def size(rows: Sequence[dict[str, Any]]) -> float:
    """Characters of what is said in a row, on average."""
    columns = ("messages", "prompt", "chosen", "rejected")
    said = (message["content"] for row in rows for column in columns for message in row.get(column) or ())
    return sum(map(len, said)) / max(1, len(rows))


def calibrate(build: Path, started: float) -> list[Calibration]:
    """Train a few steps of each stage, from the base.

    Args:
        started: when this process began, by `time.monotonic`.
    """
    from backends.devices import choose, release_memory, settle
    from backends.recipes import base_of, read_recipe
    from backends.train import identity

    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=True)
    device = choose()
    settle(device)
    found: list[Calibration] = []
    for stage in identity.stages_of(recipe.method):
        with tempfile.TemporaryDirectory() as folder:
            found.append(_of_stage(stage, build, Path(folder), base, device, None if found else started))
        release_memory()
    return found


def _of_stage(stage: str, build: Path, folder: Path, base: Any, device: Any, started: float | None) -> Calibration:
    """started: of the first stage, when the process began, which the others find running."""
    from backends.cached import CachedEngine
    from backends.devices import peak_memory, release_memory
    from backends.recipes import judge_of, read_recipe
    from backends.train.adapters import confirm_adapter, save_adapter
    from backends.train.identity import job_of
    from backends.train.loop import train
    from backends.train.task import Stage, Training, Wishes

    job = job_of(build, stage)
    rows = [json.loads(line) for line in (build / job.rows).read_text(encoding="utf-8").split("\n") if line]
    batch = int(job.values["per_device_train_batch_size"]) * int(job.values["gradient_accumulation_steps"])
    few = sample(rows, STEPS * batch)
    (folder / job.rows).write_text("".join(json.dumps(row) + "\n" for row in few), encoding="utf-8")
    job = dataclasses.replace(job, values={**job.values, "max_steps": STEPS}, steps=STEPS)
    method = import_module(f"backends.train.methods.{stage}")
    for name in getattr(method, "FILES", ()):
        shutil.copyfile(build / name, folder / name)

    def judge() -> CachedEngine:
        return CachedEngine(judge_of(read_recipe(build), base, Path(), local_files_only=True), folder / "cache")

    asking = _Asking(method.trainer())
    clock, before = _Clock([]), time.monotonic()
    training = Training(folder, folder / "run", base, device, Wishes(clock), judge)
    with asking:
        trained = train(Stage(stage, job, method, None, training))
    after = time.monotonic()
    (first, processor), (last, whole) = clock.steps[0], clock.steps[-1]
    saved = save_adapter(trained.model, base, trained.chat, folder / "adapter")
    del trained
    release_memory()
    confirm_adapter(saved, base, method)
    done = time.monotonic()
    counted = len(clock.steps) - 1
    return Calibration(
        stage,
        start=0.0 if started is None else before - started,
        load=clock.begun - before - asking.seconds,
        asked=asking.seconds / len(few),
        step=(last - first) / counted,
        end=done - after,
        processor=(whole - processor) / counted,
        peak=peak_memory(device),
        size=size(rows),
    )


class _Asking:
    """Measures how long a trainer asks its reference before it begins."""

    NAME = "_precompute_ref_logps"

    def __init__(self, trainer: Any) -> None:
        self.trainer, self.seconds = trainer, 0.0

    def __enter__(self) -> None:
        self.kept = self.trainer.__dict__.get(self.NAME)
        if self.kept is None:
            return

        def timed(*told: Any, **named: Any) -> Any:
            before = time.monotonic()
            try:
                return self.kept(*told, **named)
            finally:
                self.seconds += time.monotonic() - before

        setattr(self.trainer, self.NAME, timed)

    def __exit__(self, *_: object) -> None:
        if self.kept is not None:
            setattr(self.trainer, self.NAME, self.kept)


if __name__ == "__main__":
    begun = time.monotonic()
    # Reading this file has already loaded some of the libraries; the process knows when it began.
    begun -= time.process_time()
    for calibration in calibrate(Path(sys.argv[1]), begun):
        print(json.dumps(asdict(calibration)), flush=True)
