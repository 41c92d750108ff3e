"""Which training a build asks for: its stages, the name of its run, and whether that has begun or ended.

In: a build's recipe, jobs and rows. Out: digests of all that decides the adapter, and the folder that is named by them.
Nothing is fetched or computed for it, and methods are found without importing them. This file must not know how
anything is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from backends import machine
from backends.recipes import base_of, judge_identity, read_recipe
from backends.train import watching
from backends.train.jobs import Job, read_job
from backends.train.ways import USUAL, Way
from compiler import ir_file
from compiler.digests import digest, measures_digest, training_digest
from compiler.failures import DataError


def method_names() -> tuple[str, ...]:
    """The methods of the folder, found without importing them."""
    found = (Path(__file__).parent / "methods").glob("*.py")
    return tuple(sorted(p.stem for p in found if not p.stem.startswith("_")))


def stages_of(method: str) -> tuple[str, ...]:
    """The stages that `method` runs one after the other, each with its `jobs/<stage>.yaml`."""
    stages = tuple(method.split("+"))
    for stage in stages:
        if stage not in method_names():
            raise DataError(f"there is no training method {stage!r}", help=f"methods: {', '.join(method_names())}")
    return stages


def run_folder(build: Path, runs: Path, way: Way = USUAL) -> Path:
    """Where a training of `build` as it stands goes: the name holds the digest of all that decides the adapter."""
    return runs / f"{build.name}-{_digest(build, way)[:12]}"


def is_done(run: Path) -> bool:
    """Whether the training of this run has ended; run.json is written last."""
    return (run / "run.json").is_file()


def kept_steps(run: Path) -> dict[str, int]:
    """The last step of each stage that an unfinished training has kept; 0 where all of the stage is."""
    from backends.train.checkpoints import latest

    work = run / "work"
    if not work.is_dir():
        return {}
    ended = {seal.stem.removesuffix("-adapter"): 0 for seal in work.glob("*-adapter.sha256")}
    begun = {folder.name: step for folder in work.iterdir() if folder.is_dir() and (step := latest(folder))}
    return ended | {stage: step for stage, step in begun.items() if stage not in ended}


def _digest(build: Path, way: Way) -> str:
    """Hash what decides the adapter's bytes: what is trained on, how, and what computes."""
    return digest({"content": content_digest(build), "machine": machine_told(way)})


def machine_told(way: Way) -> dict[str, Any]:
    return {**machine.expected().influencing("train"), **way.influencing()}


def content_digest(build: Path) -> str:
    """Hash what is trained on and how; equal for trainings of one build on unlike machines."""
    # Only asks which run this is, so nothing is fetched for it.
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=True)
    stages = stages_of(recipe.method)
    told = [f"jobs/{stage}.yaml" for stage in stages]
    told += dict.fromkeys(file for stage in stages for file in getattr(method_of(stage), "FILES", ()))
    rows = row_files(build, stages)
    if recipe.chosen:  # whether there is an adapter at all is measured
        told, rows = [*told, "prompt.md"], [*rows, "probes.jsonl"]
    watched = watching.is_asked_for(build)
    if watched:
        told, rows = [*told, watching.SETTINGS], [*rows, watching.ROWS]
    content = training_digest(build, base.digest, dict.fromkeys(told), rows)
    if recipe.chosen:
        targets = [[clause.id, str(clause.target)] for clause in ir_file.load(build / "ir.json").clauses]
        content = digest([content, targets, measures_digest(recipe)])
    judged = watched or recipe.chosen or any(getattr(method_of(stage), "JUDGED", False) for stage in stages)
    return digest([content, *judge_identity(build, recipe)]) if judged else content


def method_of(stage: str) -> Any:
    return import_module(f"backends.train.methods.{stage}")


def row_files(build: Path, stages: Sequence[str]) -> list[str]:
    """The row files that the jobs of `stages` read, each once."""
    return sorted({job_of(build, stage).rows for stage in stages})


def job_of(build: Path, stage: str) -> Job:
    return read_job(build / "jobs" / f"{stage}.yaml")
