"""Training: from jobs and rows to an adapter.

In: `build/<spec>/` with jobs/*.yaml (the same files that stock `trl sft|dpo --config` takes) and the rows they name.
Out: `runs/<spec>-<digest>/` with adapter/ (stock PEFT layout), events.jsonl (progress, with times) and run.json
(what went in). Killed anywhere and started again, it goes on from the last whole checkpoint and ends with the same
adapter bytes. This file must not know losses: a method is one file in `methods/`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.cached import CachedEngine
from backends.devices import Device, choose, release_memory, settle
from backends.recipes import base_of, judge_of, read_recipe
from backends.train import bits, fitting, launching, workers
from backends.train.adapters import adapter_digest, confirm_adapter, save_adapter
from backends.train.jobs import Job, read_job
from backends.train.loop import recording_failure
from backends.train.ways import USUAL, Way
from compiler.digests import digest, rows_digest, training_digest
from compiler.failures import DataError
from compiler.files import sync_file, sync_folder, write_json
from compiler.progress import Progress, silent

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


def run_folder(build: Path, runs: Path, way: Way = USUAL) -> Path:
    """Where a training of `build` as it stands goes: the name holds the digest of all that decides the adapter."""
    return runs / f"{build.name}-{_digest(build, way)[:12]}"


def is_done(run: Path) -> bool:
    """Whether the training of this run has ended; run.json is written last."""
    return (run / "run.json").is_file()


def _digest(build: Path, way: Way) -> str:
    """Hash what decides the adapter's bytes: what is trained on, how, and what computes."""
    return digest({"content": content_digest(build), "machine": _machine(way)})


def _machine(way: Way) -> dict[str, Any]:
    return {**machine.expected().influencing("train"), **way.influencing()}


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
    way: Way = USUAL,
    begins: Callable[[str], None] | None = None,
) -> Path:
    """Train what `build/jobs` says and return the run's folder; a finished run is returned at once.

    Args:
        cache: where what a judge says is kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take the base from this machine only, where it is not in the build.
        way: by how many processes, on a base of how many bits.
        begins: told of each stage that begins.

    Raises:
        DataError: jobs or rows are missing or not what a trainer takes.
        ModelLoadError, NetworkError, MemoryError_: the base cannot be had.
        WorkerError: one of several processes has vanished.
    """
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=local_files_only)
    run = run_folder(build, runs, way)
    if is_done(run):
        # Left where a kill came between the record and the end.
        shutil.rmtree(run / "work", ignore_errors=True)
        progress("train", 1, 1, "steps", "done before")
        return run
    if workers.is_first():
        bases.place(base, build / "base")  # where the jobs say it is; there already after `tenet build`
    bases.verify_placed(build / "base")
    if way.processes > workers.count():
        options: dict[str, Any] = {"cache": cache and str(cache), "root": root and str(root)}
        options |= {"local_files_only": local_files_only, "four_bit": way.four_bit}
        launching.train([str(build), str(runs), json.dumps(options)], run, way.processes, progress)
        return run
    device = workers.part_of(choose())
    if way.four_bit:
        bits.refuse_where_missing(device)
    settle(device)
    workers.meet(device)

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
            if begins is not None:
                begins(stage)
            given = _given(stage, build, base, cache, root, local_files_only)
            job = bits.in_four_bits(_job(build, stage)) if way.four_bit else _job(build, stage)
            adapter, steps[stage] = _stage(stage, job, build, run, base, adapter, device, progress, given)

    assert adapter is not None
    if not workers.is_first():
        return run
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
        "batches": {stage: fitting.batches(_job(build, stage), run, stage) for stage in stages},
        "adapter_digest": adapter_digest(final),
        "device": {"kind": device.kind, "name": device.name, "dtype": device.dtype, "threads": device.threads},
        "machine": _machine(way),
        "versions": machine.recorded_versions(),
    }
    write_json(run / "run.json", record)
    shutil.rmtree(work, ignore_errors=True)
    return run


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
) -> tuple[Path, int]:
    """Train one stage and return its adapter's folder with the number of steps."""
    from backends.train.loop import train

    done = run / "work" / f"{stage}-adapter"
    is_there = (done / "adapter_model.safetensors").is_file()
    workers.wait()  # all have looked before one of them writes it
    if is_there:
        return done, job.steps
    module = _method(stage)
    release_memory()  # of the stage before this one
    trained: Any = train(module, stage, job, build, run, base, start, device, progress, given)
    steps = int(trained.state.global_step)
    if workers.is_first():
        saved = save_adapter(trained.model, base, trained.chat, done)
        # The trained model leaves before a fresh base comes.
        del trained
        release_memory()
        confirm_adapter(saved, base)
    workers.wait()
    return done, steps
