"""What a task, its scorer and an arm share: a build's records, and engines that are loaded once a process.

In: the folders of a build and a run. Out: records and engines. One question is asked at a time: an engine is not made
for several threads, and batches composed by chance would give bytes by chance. This file must not know Inspect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.bases import Base
from backends.cached import CachedEngine
from backends.judges.model import ModelJudge
from backends.measure import read_probes
from backends.measure.judging import judge_of_run
from backends.recipes import base_of, judge_of, prompt_of, read_recipe
from backends.train.adapters import adapter_digest
from compiler import ir_file
from compiler.agreement import check_build
from compiler.failures import DataError
from compiler.ir import Program
from compiler.records import Probe, Recipe

ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Build:
    """root: the folder that paths of the spec start from."""

    folder: Path
    program: Program
    recipe: Recipe
    probes: tuple[Probe, ...]
    prompt: str
    base: Base
    judge: Base


@cache
def build_at(folder: Path, root: Path) -> Build:
    """Return a whole build.

    Raises:
        DataError: it is none, or was changed since.
    """
    check_build(folder)
    recipe = read_recipe(folder)
    base = base_of(folder, recipe, root)
    return Build(
        folder=folder,
        program=ir_file.load(folder),
        recipe=recipe,
        probes=tuple(read_probes(folder / "probes.jsonl")),
        prompt=prompt_of(folder),
        base=base,
        judge=judge_of(recipe, base, root),
    )


@cache
def subject(folder: Path, root: Path, run: Path | None) -> CachedEngine:
    """Return the engine of a build's base, with a run's adapter.

    Raises:
        DataError: the run has no adapter.
    """
    build = build_at(folder, root)
    adapter = None
    if run is not None:
        if not (run / "adapter").is_dir():
            raise DataError(f"{run} has no adapter", help="train it first: tenet train SPEC")
        adapter = (run / "adapter", adapter_digest(run / "adapter"))
    return CachedEngine(build.base, folder.parent / ".cache", adapter)


@cache
def judge(folder: Path, root: Path) -> ModelJudge:
    """Return the judge of a build's answers, with the rubrics of its clauses."""
    build = build_at(folder, root)
    return judge_of_run(build.program, CachedEngine(build.judge, folder.parent / ".cache"))
