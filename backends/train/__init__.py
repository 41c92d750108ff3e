"""Training: from jobs and rows to an adapter.

In: `build/<spec>/` with jobs/*.yaml (the same files that stock `trl sft|dpo --config` takes) and the rows they name.
Out: `runs/<spec>-<digest>/` with adapter/ (stock PEFT layout), events.jsonl (progress, with times) and run.json
(what went in). Killed anywhere and started again, it goes on from the last whole checkpoint and ends with the same
adapter bytes. This file must not know losses: a method is one file in `methods/`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.cached import CachedEngine
from backends.devices import Device, choose, release_memory, settle
from backends.recipes import base_of, judge_of, read_recipe
from backends.train import kept, tracking
from backends.train.adapters import adapter_digest, confirm_adapter, save_adapter
from backends.train.disk import noticing_disk
from backends.train.jobs import Job, read_job
from backends.train.loop import recording_failure
from compiler.digests import digest, rows_digest, training_digest
from compiler.failures import DataError, ModelLoadError
from compiler.files import alone, sync_file, sync_folder, write_text
from compiler.progress import Progress, silent
from compiler.records.recipe import Recipe

RUN_VERSION = 1


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


def run_folder(build: Path, runs: Path) -> Path:
    """Where a training of `build` as it stands goes: the name holds the digest of all that decides the adapter."""
    return runs / f"{build.name}-{_digest(build)[:12]}"


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


def _digest(build: Path) -> str:
    """Hash what decides the adapter's bytes: what is trained on, how, and what computes."""
    return digest({"content": content_digest(build), "machine": machine.expected().influencing("train")})


def content_digest(build: Path) -> str:
    """Hash what is trained on and how; equal for trainings of one build on unlike machines."""
    # Only asks which run this is, so nothing is fetched for it.
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=True)
    stages = stages_of(recipe.method)
    told = [f"jobs/{stage}.yaml" for stage in stages]
    told += dict.fromkeys(file for stage in stages for file in getattr(_method(stage), "FILES", ()))
    content = training_digest(build, base.digest, told, _row_files(build, stages))
    judged = any(hasattr(_method(stage), "given") for stage in stages)
    return digest([content, recipe.judge, recipe.judge_revision]) if judged else content


def _method(stage: str) -> Any:
    return import_module(f"backends.train.methods.{stage}")


def _row_files(build: Path, stages: Sequence[str]) -> list[str]:
    """The row files that the jobs of `stages` read, each once."""
    return sorted({_job(build, stage).rows for stage in stages})


def _job(build: Path, stage: str) -> Job:
    return read_job(build / "jobs" / f"{stage}.yaml")


def run(
    build: Path,
    runs: Path,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    track: Sequence[str] = (),
) -> Path:
    """Train what `build/jobs` says and return the run's folder; a finished run is returned at once.

    Args:
        cache: where what a judge says is kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take the base from this machine only, where it is not in the build.
        track: where else the curves go (`backends.train.tracking`); nowhere unless asked.

    Raises:
        DataError: jobs or rows are missing or not what a trainer takes.
        GivenError: another process trains in this folder, or a tracker is not there.
        ModelLoadError, NetworkError, MemoryError_: the base cannot be had; a finished run has changed since.
        StoreError: the disk is full. What was whole before stays, and the same call goes on from there.
        DivergedError: a loss or a gradient is not finite.
    """
    tracking.check(track)
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=local_files_only)
    run = run_folder(build, runs)
    if is_done(run):
        kept.confirm(run)
        # Left where a kill came between the record and the end.
        shutil.rmtree(run / "work", ignore_errors=True)
        (run / "work.lock").unlink(missing_ok=True)
        progress("train", 1, 1, "steps", "done before")
        return run
    with noticing_disk(run), _alone(run):
        if not is_done(run):  # as it may be since
            _train(build, run, recipe, base, progress, cache, root, local_files_only, track)
    return run


def _alone(run: Path) -> AbstractContextManager[None]:
    """Hold the run's folder against other trainings; processes that train together are one, and who has started them
    holds it."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        return nullcontext()
    return alone(run / "work", help="wait for it: a folder takes one training at a time")


def _train(
    build: Path,
    run: Path,
    recipe: Recipe,
    base: bases.Base,
    progress: Progress,
    cache: Path | None,
    root: Path | None,
    local_files_only: bool,
    track: Sequence[str],
) -> None:
    bases.place(base, build / "base")  # where the jobs say it is; there already after `tenet build`
    bases.verify_placed(build / "base")
    device = choose()
    settle(device)

    # What is trained on, as it is now: a build may be made anew while a training takes its hours.
    content = content_digest(build)
    stages = stages_of(recipe.method)
    rows = {name: rows_digest(build / name) for name in _row_files(build, stages)}

    # Each stage goes on from the adapter of the one before it, read from disk: so does a run that is resumed.
    work = run / "work"
    work.mkdir(parents=True, exist_ok=True)
    adapter: Path | None = None
    steps: dict[str, int] = {}
    for stage in stages:
        with recording_failure(stage, run / "events.jsonl"):
            if content_digest(build) != content:
                raise DataError(f"{build} has changed since this training began", help="train again: tenet train SPEC")
            given = _given(stage, build, base, cache, root, local_files_only)
            adapter, steps[stage] = _stage(
                stage, _job(build, stage), build, run, base, adapter, device, progress, given, track
            )

    assert adapter is not None
    final = run / "adapter"
    _copy(adapter, final)
    record = {
        "version": RUN_VERSION,
        "spec": build.name,
        "content_digest": content,
        "method": recipe.method,
        "base": base.name,
        "base_digest": base.digest,
        "revision": base.revision,
        "rows": rows,
        "steps": steps,
        "adapter_digest": adapter_digest(final),
        "device": {"kind": device.kind, "name": device.name, "dtype": device.dtype, "threads": device.threads},
        "machine": machine.expected().influencing("train"),
        "versions": machine.recorded_versions(),
    }
    kept.seal(run, record)
    shutil.rmtree(work, ignore_errors=True)


def _given(
    stage: str, build: Path, base: bases.Base, cache: Path | None, root: Path | None, local_files_only: bool
) -> dict[str, Any]:
    """Further arguments of a stage's trainer: of a policy, what rewards it. A judge is loaded where a principle has to
    be decided."""
    method = _method(stage)
    if not hasattr(method, "given"):
        return {}
    judge = judge_of(read_recipe(build), base, root or Path(), local_files_only=local_files_only)
    found: dict[str, Any] = method.given(build, CachedEngine(judge, cache or build.parent / ".cache"))
    return found


def _copy(adapter: Path, final: Path) -> None:
    """Copy the last stage's adapter to where it is looked for, whole or not at all."""
    staged = final.with_name(f".{final.name}.new")
    for old in (staged, final):
        if old.exists():
            shutil.rmtree(old)
    shutil.copytree(adapter, staged)
    for file in staged.iterdir():
        sync_file(file)
    staged.rename(final)
    sync_folder(final.parent)


def _stage(
    stage: str,
    job: Job,
    build: Path,
    run: Path,
    base: bases.Base,
    start: Path | None,
    device: Device,
    progress: Progress,
    given: dict[str, Any],
    track: Sequence[str] = (),
) -> tuple[Path, int]:
    """Train one stage and return its adapter's folder with the number of steps."""
    from backends.train.loop import train

    done = run / "work" / f"{stage}-adapter"
    sealed = done.with_suffix(".sha256")
    if _is_whole(done, sealed):
        return done, job.steps
    module = _method(stage)
    release_memory()  # of the stage before this one
    trained: Any = train(module, stage, job, build, run, base, start, device, progress, given, track)
    steps = int(trained.state.global_step)
    saved = save_adapter(trained.model, base, trained.chat, done)
    # The trained model leaves before a fresh base comes.
    del trained
    release_memory()
    confirm_adapter(saved, base)
    write_text(sealed, adapter_digest(done))
    return done, steps


def _is_whole(adapter: Path, sealed: Path) -> bool:
    """Whether a stage's adapter is the one that was confirmed; any other is made again from its last checkpoint."""
    try:
        return adapter_digest(adapter) == sealed.read_text(encoding="utf-8")
    except (OSError, ValueError, ModelLoadError):
        return False
