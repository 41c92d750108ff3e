"""Training: from jobs and rows to an adapter.

In: `build/<spec>/` with jobs/*.yaml (the same files that stock `trl sft|dpo --config` takes) and the rows they name.
Out: `runs/<spec>-<digest>/` with adapter/ (stock PEFT layout), events.jsonl (progress, with times) and run.json
(what went in). Killed anywhere and started again, it goes on from the last whole checkpoint and ends with the same
adapter bytes. This file must not know losses: a method is one file in `methods/`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from backends import bases, machine
from backends.cached import CachedEngine
from backends.devices import Device, choose, release_memory, settle
from backends.recipes import base_of, judge_of, read_recipe
from backends.train import reward_models
from backends.train.adapters import adapter_digest, confirm_adapter, save_adapter
from backends.train.jobs import Job, read_job
from backends.train.loop import read_rows, recording_failure
from backends.train.surroundings import Surroundings
from compiler.digests import digest, rows_digest, training_digest
from compiler.failures import DataError
from compiler.files import sync_file, sync_folder, write_json
from compiler.progress import Progress, silent
from compiler.runs import PROMPT_ALONE

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
    rows = _row_files(build, stages)
    if recipe.chosen:  # whether there is an adapter at all is measured
        told, rows = [*told, "prompt.md"], [*rows, "probes.jsonl"]
    content = training_digest(build, base.digest, dict.fromkeys(told), rows)
    judged = any(getattr(_method(stage), "JUDGED", False) for stage in stages)
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
) -> Path:
    """Train what `build/jobs` says and return the run's folder; a finished run is returned at once.

    Args:
        cache: where what a judge says is kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take the base from this machine only, where it is not in the build.

    Raises:
        DataError: jobs or rows are missing or not what a trainer takes.
        ModelLoadError, NetworkError, MemoryError_: the base cannot be had.
    """
    recipe = read_recipe(build)
    base = base_of(build, recipe, local_files_only=local_files_only)
    run = run_folder(build, runs)
    if is_done(run):
        # Left where a kill came between the record and the end.
        shutil.rmtree(run / "work", ignore_errors=True)
        progress("train", 1, 1, "steps", "done before")
        return run
    bases.place(base, build / "base")  # where the jobs say it is; there already after `tenet build`
    bases.verify_placed(build / "base")
    device = choose()
    settle(device)

    # What is trained on, as it is now: a build may be made anew while a training takes its hours.
    content = content_digest(build)
    why: tuple[str, ...] = ()
    if recipe.chosen:
        from backends.train import prompting  # it measures, which most trainings have no need of

        found = prompting.look(build, progress, cache=cache, root=root, local_files_only=local_files_only)
        why = found.said
        if found.enough:
            told: dict[str, Any] = {"rows": {}, "steps": {}, "adapter_digest": None, "chosen": list(why)}
            run.mkdir(parents=True, exist_ok=True)
            write_json(run / "run.json", _record(build, PROMPT_ALONE, content, base, device) | told)
            return run
    stages = stages_of(recipe.method)
    rows = {name: rows_digest(build / name) for name in _row_files(build, stages)}

    def judge() -> CachedEngine:
        found = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
        return CachedEngine(found, cache or build.parent / ".cache")

    around = Surroundings(build, base, judge, device)
    # Each stage goes on from the adapter of the one before it, read from disk: so does a run that is resumed.
    work = run / "work"
    work.mkdir(parents=True, exist_ok=True)
    adapter: Path | None = None
    examined: dict[str, Any] = {}
    steps: dict[str, int] = {}
    for stage in stages:
        with recording_failure(stage, run / "events.jsonl"):
            if content_digest(build) != content:
                raise DataError(f"{build} has changed since this training began", help="train again: tenet train SPEC")
            rewards = hasattr(_method(stage), "architecture")  # a reward model, which no stage goes on from
            start = None if rewards else adapter
            made, steps[stage] = _stage(
                stage, _job(build, stage), build, run, base, start, device, progress, _given(stage, around)
            )
            if rewards:
                around = replace(around, reward=made)
                examined = _examined(stage, made, build, base, device)
            else:
                adapter = made

    if adapter is None:
        raise DataError(f"{recipe.method} trains no adapter", help="write `method: reward+rloo`")
    final = run / "adapter"
    _copy(adapter, final)
    if around.reward is not None:
        _copy(around.reward, run / "reward")
    record = {
        **_record(build, recipe.method, content, base, device),
        "rows": rows,
        "steps": steps,
        "adapter_digest": adapter_digest(final),
        **({"reward": examined} if examined else {}),
        **({"chosen": [*recipe.chosen, *why]} if recipe.chosen else {}),
    }
    write_json(run / "run.json", record)
    shutil.rmtree(work, ignore_errors=True)
    return run


def _record(build: Path, method: str, content: str, base: bases.Base, device: Device) -> dict[str, Any]:
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
        "machine": machine.expected().influencing("train"),
        "versions": machine.recorded_versions(),
    }


def _given(stage: str, around: Surroundings) -> dict[str, Any]:
    """Further arguments of a stage's trainer: of a policy, what rewards it. A judge is loaded where a principle has to
    be decided."""
    method = _method(stage)
    found: dict[str, Any] = method.given(around) if hasattr(method, "given") else {}
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

    module = _method(stage)
    done = run / "work" / f"{stage}-adapter"
    beside = start if hasattr(module, "beside") else None
    own = done if beside is None else done.with_name(f"{stage}-own")
    steps = job.steps
    if not (own / "adapter_model.safetensors").is_file():
        release_memory()  # of the stage before this one
        trained: Any = train(module, stage, job, build, run, base, start, device, progress, given)
        steps = int(trained.state.global_step)
        saved = save_adapter(trained.model, base, trained.chat, own)
        # The trained model leaves before a fresh base comes.
        del trained
        release_memory()
        confirm_adapter(saved, base, module, beside)
    if beside is not None and not (done / "adapter_model.safetensors").is_file():
        from backends.train import composing  # it writes runs of its own, and so knows this package

        composing.put_together([beside, own], [1.0, 1.0], base, done, device)
    return done, steps


def _examined(stage: str, reward: Path, build: Path, base: bases.Base, device: Device) -> dict[str, Any]:
    """How a reward model does on pairs that it was not trained on."""
    rows = read_rows(build / _job(build, stage).rows, _method(stage).COLUMNS, bases.load_chat(base))
    return reward_models.examine(reward, base, rows, device)
