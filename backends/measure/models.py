"""What a measuring works with: a build as it is now, and the models that answer its probes and judge the answers.

In: the folders of a build and of a run. Out: `Models`, opened once, at the beginning: a build may be made anew while
answers are given. Engines load at their first miss (`backends.cached`). This file must not know arms.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from backends import machine, vectors
from backends.bases import Base
from backends.cached import CachedEngine
from backends.devices import Device, choose
from backends.judges.model import ModelJudge
from backends.measure.answering import SAMPLING
from backends.measure.judging import judge_of_run
from backends.recipes import base_of, judge_of, prompt_of, read_probes, read_recipe
from compiler import ir_file, rubrics
from compiler.agreement import prompt_digest
from compiler.digests import measures_digest, rows_digest
from compiler.failures import DataError
from compiler.ir import Program
from compiler.records.measured import MeasureReport
from compiler.records.recipe import Recipe
from compiler.records.rows import Probe


@dataclass(frozen=True, slots=True)
class Models:
    """adapter: the run's, with its digest; None where nothing was trained. steering: the digest of the vectors that lie
    beside the measurements; None where there are none. prompt: as compiled. grader: the engine of
    `judge`; it is `subject` where the same base is both. hashes: of what the answers and verdicts depend on, under the
    names of `MeasureReport`'s fields."""

    build: Path
    recipe: Recipe
    program: Program
    probes: tuple[Probe, ...]
    prompt: str
    base: Base
    judge_base: Base
    adapter: tuple[Path, str] | None
    device: Device
    subject: CachedEngine
    grader: CachedEngine
    judge: ModelJudge
    hashes: dict[str, str | None]
    steering: str | None = None

    def report(self) -> MeasureReport:
        """How measurements with these models are made, before there are any."""
        return MeasureReport.model_validate(
            {
                **self.hashes,
                "base": self.base.name,
                "adapter_sha256": self.adapter[1] if self.adapter else None,
                "trained_sha256": _as_trained(self.adapter[0].parent) if self.adapter else None,
                "steering_sha256": self.steering,
                "judge": self.judge_base.name,
                "judge_is_subject": self.judge_base.digest == self.base.digest,
                "judge_repeats": self.judge.repeats,
                "rubrics": rubrics.digests(self.program, plain=rubrics.is_plain(self.judge_base.name)),
                "teaching_base": self.base.name == "nano",
                "arms": (),
                "answers": {},
                "device": self.device.name if self.device.kind != "cpu" else "cpu",
                "dtype": self.device.dtype,
                "machine": machine.of_device(self.device).influencing("measure"),
                "expected": machine.expected().influencing("measure"),
                "sampling": SAMPLING,
                "versions": machine.recorded_versions(),
            }
        )


def opened(
    build: Path,
    run: Path | None,
    *,
    steering: Path | None = None,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    repeats: int = 1,
) -> Models:
    """Return the models of a build, with the adapter of a run.

    Args:
        run: a training's folder; None where nothing is trained.
        steering: a folder of vectors; unless given, those that the run was measured with.
        cache: where answers are kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take models from this machine only.
        repeats: how often the judge is asked each thing (`ModelJudge`).

    Raises:
        DataError: probes, prompt or adapter are missing.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    recipe = read_recipe(build)
    probes = read_probes(build)
    prompt = prompt_of(build)
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    judge_base = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
    cache = cache or build.parent / ".cache"
    adapter = adapter_of(run) if run is not None else None
    # Answers that are cached are those of this very machine, so that one name is true of all of them.
    device = choose()
    computes = machine.of_device(device)
    subject = CachedEngine(base, cache, adapter, computes=computes)
    grader = subject if judge_base.digest == base.digest else CachedEngine(judge_base, cache, computes=computes)
    if steering is None and run is not None and (run / "steering" / vectors.RECORD).is_file():
        steering = run / "steering"
    if steering is not None:
        subject.steering = vectors.read(steering)
    program = ir_file.load(build / "ir.json")
    return Models(
        build=build,
        recipe=recipe,
        program=program,
        probes=tuple(probes),
        prompt=prompt,
        base=base,
        judge_base=judge_base,
        adapter=adapter,
        device=device,
        subject=subject,
        grader=grader,
        judge=judge_of_run(program, grader, repeats),
        hashes={
            "base_sha256": base.digest,
            "judge_sha256": judge_base.digest,
            "prompt_sha256": prompt_digest(build),
            "probes_sha256": rows_digest(build / "probes.jsonl"),
            "measures_sha256": measures_digest(recipe),
        },
        steering=vectors.vectors_digest(steering) if steering is not None else None,
    )


def adapter_of(run: Path) -> tuple[Path, str]:
    """Return a run's adapter and its digest.

    Raises:
        DataError: the run has none.
    """
    from backends.train.adapters import adapter_digest

    if not (run / "adapter").is_dir():
        raise DataError(f"{run} has no adapter", help="train it first: tenet train SPEC")
    return run / "adapter", adapter_digest(run / "adapter")


def _as_trained(run: Path) -> str | None:
    """The hash of the adapter that its training recorded."""
    try:
        found = json.loads((run / "run.json").read_text(encoding="utf-8")).get("adapter_digest")
    except (OSError, ValueError, AttributeError):
        return None
    return str(found) if found else None
