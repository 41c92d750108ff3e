"""Training: from jobs and rows to an adapter.

In: `build/<spec>/` with jobs/*.yaml (the same files that stock `trl sft|dpo --config` takes) and the rows they name.
Out: `runs/<spec>-<digest>/` with adapter/ (stock PEFT layout), events.jsonl (progress, with times) and run.json
(what went in). Killed anywhere and started again, it goes on from the last whole checkpoint and ends with the same
adapter bytes. This file must not know losses: a method is one file in `methods/`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.cached import CachedEngine
from backends.devices import Device, choose, release_memory, settle
from backends.recipes import base_of, judge_of, read_recipe
from backends.train import bits, fitting, kept, launching, reward_models, tracking, watching, workers
from backends.train.adapters import adapter_digest, confirm_adapter, save_adapter
from backends.train.disk import noticing_disk
from backends.train.held import Held
from backends.train.identity import (
    content_digest,
    is_done,
    job_of,
    machine_told,
    method_of,
    row_files,
    run_folder,
    stages_of,
)
from backends.train.jobs import number_type
from backends.train.rows import read_rows
from backends.train.task import Stage, Training, Wishes
from backends.train.telling import recording_failure
from backends.train.ways import USUAL, Way
from compiler.digests import rows_digest
from compiler.failures import DataError, GivenError, ModelLoadError
from compiler.files import alone, put_in_place, write_text
from compiler.progress import Progress, silent
from compiler.records.recipe import Recipe
from compiler.runs import PROMPT_ALONE

RUN_VERSION = 1
CONTENT = "content"
"""The file of an unfinished training that says what is trained on and how, whatever trains it (`tenet gc`)."""


def run(
    build: Path,
    runs: Path,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    track: Sequence[str] = (),
    way: Way = USUAL,
    begins: Callable[[str], None] | None = None,
    held: Held | None = None,
) -> Path:
    """Train what `build/jobs` says and return the run's folder; a finished run is returned at once.

    Args:
        cache: where what a judge says is kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take the base from this machine only, where it is not in the build.
        track: where else the curves go (`backends.train.tracking`); nowhere unless asked.
        way: by how many processes, on a base of how many bits.
        begins: told of each stage that begins.
        held: bases that other trainings of this process have read, and this one may.

    Raises:
        DataError: jobs or rows are missing or not what a trainer takes.
        GivenError: another process trains in this folder, a tracker is not there, or several processes are to watch.
        ModelLoadError, NetworkError, MemoryError_: the base cannot be had; a finished run has changed since.
        StoreError: the disk is full. What was whole before stays, and the same call goes on from there.
        DivergedError: a loss or a gradient is not finite.
        WorkerError: one of several processes has vanished.
    """
    tracking.check(track)
    if way.processes > 1 and watching.is_asked_for(build):
        raise GivenError(
            "a training that is watched takes one process", help="leave --processes out, or `watch` out of the spec"
        )
    wishes = Wishes(progress, cache, root, local_files_only, track, way, begins, held)
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=local_files_only)
    run = run_folder(build, runs, way)
    if is_done(run):
        kept.confirm(run)
        # Left where a kill came between the record and the end.
        shutil.rmtree(run / "work", ignore_errors=True)
        (run / "work.lock").unlink(missing_ok=True)
        progress("train", 1, 1, "steps", "done before")
        return run
    if workers.are_listened_to() or not workers.is_first():  # who has started them, or the first, holds the folder
        with noticing_disk(run):
            _train(build, run, recipe, base, wishes)
        return run
    with noticing_disk(run), alone(run / "work", help="wait for it: a folder takes one training at a time"):
        if is_done(run):  # since
            return run
        bases.place(base, build / "base")  # where the jobs say it is; there already after `tenet build`
        if way.processes > workers.count():
            launching.train(build, run, wishes)
        else:
            _train(build, run, recipe, base, wishes)
    return run


def _train(build: Path, run: Path, recipe: Recipe, base: bases.Base, wishes: Wishes) -> None:
    bases.verify_placed(build / "base")
    device = workers.part_of(choose())
    if wishes.way.four_bit:
        bits.refuse_where_missing(device)
    settle(device)
    workers.meet(device)

    # What is trained on, as it is now: a build may be made anew while a training takes its hours.
    content = content_digest(build)
    record = _record(build, recipe.method, content, base, device, wishes.way)
    why: tuple[str, ...] = ()
    if recipe.chosen:
        from backends.train import prompting  # it measures, which most trainings have no need of

        look = partial(prompting.look, build, wishes.progress, cache=wishes.cache, root=wishes.root)
        found = workers.shared(partial(look, local_files_only=wishes.local_files_only))
        why = found.said
        if found.enough:
            if workers.is_first():
                nothing: dict[str, Any] = {"rows": {}, "steps": {}, "adapter_digest": None}
                kept.seal(run, {**record, **nothing, "method": PROMPT_ALONE, "chosen": list(why)})
            return
    stages = stages_of(recipe.method)
    rows = {name: rows_digest(build / name) for name in row_files(build, stages)}

    def judge() -> CachedEngine:
        found = judge_of(recipe, base, wishes.root or Path(), local_files_only=wishes.local_files_only)
        return CachedEngine(found, wishes.cache or build.parent / ".cache")

    training = Training(build, run, base, device, wishes, judge)
    # Each stage goes on from the adapter of the one before it, read from disk: so does a run that is resumed.
    work = run / "work"
    work.mkdir(parents=True, exist_ok=True)
    if workers.is_first():
        write_text(work / CONTENT, content)
    adapter: Path | None = None
    examined: dict[str, Any] = {}
    jobs: dict[str, Any] = {}
    steps: dict[str, int] = {}
    watched: dict[str, Any] = {}
    for name in stages:
        with recording_failure(name, training.events):
            if content_digest(build) != content:
                raise DataError(f"{build} has changed since this training began", help="train again: tenet train SPEC")
            if wishes.begins is not None:
                wishes.begins(name)
            job = bits.in_four_bits(job_of(build, name)) if wishes.way.four_bit else job_of(build, name)
            jobs[name] = {key: value for key, value in job.values.items() if key != "datasets"}  # `rows` says which
            method = method_of(name)
            rewards = hasattr(method, "architecture")  # a reward model, which no stage goes on from
            stage = Stage(name, job, method, None if rewards else adapter, training)
            made, steps[name] = _stage(stage)
            if seen := watching.record(stage):
                watched[name], steps[name] = seen, seen["kept"]
            if rewards:
                training = replace(training, reward=made)
                examined = _examined(stage, made)
            else:
                adapter = made

    if adapter is None:
        raise DataError(f"{recipe.method} trains no adapter", help="write `method: reward+rloo`")
    if not workers.is_first():
        return
    _copy(adapter, run / "adapter")
    if training.reward is not None:
        _copy(training.reward, run / "reward")
    told = {
        "rows": rows,
        "steps": steps,
        "jobs": jobs,
        "batches": {stage: fitting.batches(job_of(build, stage), run, stage) for stage in stages},
        "adapter_digest": adapter_digest(run / "adapter"),
        **({"reward": examined} if examined else {}),
        **({"watched": watched} if watched else {}),
        **({"chosen": [*recipe.chosen, *why]} if recipe.chosen else {}),
    }
    kept.seal(run, record | told)
    shutil.rmtree(work, ignore_errors=True)


def _record(build: Path, method: str, content: str, base: bases.Base, device: Device, way: Way) -> dict[str, Any]:
    """What went into a run, and what computed it."""
    return {
        "version": RUN_VERSION,
        "spec": build.name,
        "content_digest": content,
        "method": method,
        "base": base.name,
        "base_digest": base.digest,
        "revision": base.revision,
        "device": {"kind": device.kind, "name": device.name, "dtype": device.dtype, "threads": device.threads},
        "machine": machine_told(way),
        "versions": machine.recorded_versions(),
    }


def hold(build: Path, held: Held, root: Path | None = None, *, local_files_only: bool = False) -> None:
    """Read the base of a build into memory, as its first stage takes it."""
    import torch

    recipe = read_recipe(build)
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    device = choose()
    said = number_type(job_of(build, stages_of(recipe.method)[0]), device)
    held.model(base, said if said == "auto" else getattr(torch, said), device.kind)


def _copy(adapter: Path, final: Path) -> None:
    """Copy the last stage's adapter to where it is looked for, whole or not at all."""
    staged = final.with_name(f".{final.name}.new")
    if staged.exists():
        shutil.rmtree(staged)
    shutil.copytree(adapter, staged)
    put_in_place(staged, final)


def _stage(stage: Stage) -> tuple[Path, int]:
    """Train one stage and return its adapter's folder with the number of steps."""
    from backends.train.loop import train

    done = stage.work.with_name(f"{stage.name}-adapter")
    sealed = done.with_suffix(".sha256")
    is_there = _is_whole(done, sealed)
    workers.wait()  # all have looked before one of them writes it
    if is_there:
        return done, stage.job.steps
    release_memory()  # of the stage before this one
    trained: Any = train(stage)
    steps = int(trained.state.global_step)
    if workers.is_first():
        base, beside = stage.of.base, stage.start if hasattr(stage.module, "beside") else None
        own = done if beside is None else stage.work.with_name(f"{stage.name}-own")
        saved = save_adapter(trained.model, base, trained.chat, own)
        # The trained model leaves before a fresh base comes.
        del trained
        release_memory()
        confirm_adapter(saved, base, stage.module, beside, stage.of.wishes.held)
        if beside is not None:
            from backends.train import composing  # it writes runs of its own, and so knows this package

            composing.put_together([beside, own], [1.0, 1.0], base, done, stage.of.device)
        write_text(sealed, adapter_digest(done))
    workers.wait()
    return done, steps


def _is_whole(adapter: Path, sealed: Path) -> bool:
    """Whether a stage's adapter is the one that was confirmed; any other is made again from its last checkpoint."""
    try:
        return adapter_digest(adapter) == sealed.read_text(encoding="utf-8")
    except (OSError, ValueError, ModelLoadError):
        return False


def _examined(stage: Stage, reward: Path) -> dict[str, Any]:
    """How a reward model does on pairs that it was not trained on."""
    rows = read_rows(stage.of.build / stage.job.rows, stage.module.COLUMNS, bases.load_chat(stage.of.base))
    return reward_models.examine(reward, stage.of.base, rows, stage.of.device)
