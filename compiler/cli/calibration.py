"""`tenet plan --device here`: what the training would take on this machine, from a few steps that are measured once.

In: a compilation. Out: time and peak memory by stage. What was measured is kept among the runs, by what computes and
what is computed, and holds for other rows of the same jobs: a step's time goes with the length of the rows. torch is
loaded in a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from compiler.cli import costing
from compiler.cli.emitting import Compilation
from compiler.costs.accelerators import GB
from compiler.digests import digest
from compiler.failures import DataError, WorkerError
from compiler.files import read_json, write_json

FILE = ".calibration.json"
BUILD_FIRST = "build the spec first: tenet build SPEC"


@dataclass(frozen=True, slots=True)
class Here:
    """tokens: computed in all steps. seconds: of the stage, from the start of its process to a confirmed adapter. peak:
    bytes. scaled: by how much the rows are longer than those that were measured."""

    stage: str
    steps: int
    rows: int
    tokens: float
    seconds: float
    step: float
    peak: int
    scaled: float


def here(compilation: Compilation) -> tuple[Here, ...]:
    """
    Raises:
        DataError: there are no rows to measure with.
        WorkerError: the few steps could not be trained.
    """
    place, jobs = compilation.place, costing.jobs_of(compilation)
    path = place.runs / FILE
    key = _key(compilation, jobs)
    measured = read_json(path).get(key)
    if not measured:
        _refuse_other_build(place.build, jobs)
        measured = _measure(place.build)
        write_json(path, {**read_json(path), key: measured})
    return tuple(_predicted(compilation, told, jobs[told["stage"]]) for told in measured)


def _refuse_other_build(build: Path, jobs: dict[str, dict[str, Any]]) -> None:
    """
    Raises:
        DataError: there is no whole build, or its jobs are not those of the spec as it stands.
    """
    from backends.train.jobs import read_job

    if not (build / "lock.json").is_file():
        raise DataError(f"{build} has no rows to measure a step with", help=BUILD_FIRST)
    for stage, job in jobs.items():
        path = build / "jobs" / f"{stage}.yaml"
        if not path.is_file() or _stepless(read_job(path).values) != _stepless(job):
            raise DataError(f"{build} is not of the spec as it stands: jobs/{path.name}", help=BUILD_FIRST)


def _stepless(job: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in job.items() if key not in ("max_steps", "save_steps", "warmup_steps")}


def _key(compilation: Compilation, jobs: dict[str, dict[str, Any]]) -> str:
    """What computes, and what is computed, without the number of steps."""
    from backends import machine

    told = {stage: _stepless(job) for stage, job in jobs.items()}
    base = compilation.facts.base
    computer = [platform.node(), platform.processor(), os.cpu_count(), machine.expected().influencing("train")]
    return digest([computer, base.name, base.digest, told])[:16]


def _measure(build: Path) -> list[dict[str, Any]]:
    click.echo("measuring a few steps of training; once for this machine", err=True)
    done = subprocess.run(
        [sys.executable, "-m", "backends.train.calibrating", str(build)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise WorkerError(f"a few steps of training could not be measured: {''.join(last)}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _predicted(compilation: Compilation, told: dict[str, Any], job: dict[str, Any]) -> Here:
    from backends.train.calibrating import Calibration, size
    from compiler.lowering.losses import METHODS

    measured = Calibration(**told)
    rows = costing.read_rows(compilation.place.build / METHODS[measured.stage].rows)
    scaled = size(rows) / measured.size if rows and measured.size else 1.0
    steps = int(job["max_steps"])
    batch = int(job["per_device_train_batch_size"]) * int(job["gradient_accumulation_steps"])
    asked = min(len(rows), steps * batch) if job.get("precompute_ref_log_probs") else 0
    seconds = measured.seconds(0, 0) + scaled * (steps * measured.step + asked * measured.asked)
    tokens = steps * batch * costing.lengths_of(compilation, measured.stage).computed
    return Here(measured.stage, steps, len(rows), tokens, seconds, scaled * measured.step, measured.peak, scaled)


def record(found: tuple[Here, ...]) -> list[dict[str, Any]]:
    return [asdict(stage) for stage in found]


def show(found: tuple[Here, ...]) -> None:
    from compiler.cli.screen import duration

    click.echo("\nTraining on this machine, as measured on a few steps:")
    for stage in found:
        click.echo(
            f"{stage.stage:<9} {stage.steps} steps of {stage.step:.2g} s, {stage.tokens:,.0f} tokens, about "
            f"{duration(stage.seconds)} in all, {stage.peak / GB:.2g} GB of memory"
        )
