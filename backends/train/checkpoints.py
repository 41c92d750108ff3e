"""Checkpoints that a kill cannot tear: staged, hashed, synced, renamed, and verified before they are used.

In: a trainer in its run. Out: `checkpoint-<step>/` with adapter, optimizer, schedule, random states and a manifest
of hashes. Everything is safetensors or JSON: resuming loads no pickle. `Checkpoints` is mixed into the library's
trainer and takes the place of its own saving and loading, whose newest checkpoint is often torn after a kill and is
read unverified. This file must not know methods or rows.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backends.train import workers
from compiler.digests import content_sha256
from compiler.files import sync_file, sync_folder

MANIFEST = "manifest.json"
STATE = "trainer_state.json"
"""The name by which the library looks for it."""
KEPT = 2
COUNTED = ("_total_train_tokens",)
"""What the library's trainers count from nothing when they go on."""


def newest(work: Path, refused: Callable[[str], object] = str) -> Path | None:
    """The last whole checkpoint under `work`; those that are torn or changed are removed, and `refused` is told."""
    if not work.is_dir():
        return None
    for staged in work.glob(".staged-*"):
        shutil.rmtree(staged)
    for folder in _by_step(work):
        if is_whole(folder):
            return folder
        refused(folder.name)
        shutil.rmtree(folder)
    return None


def latest(work: Path) -> int:
    """The step of the last checkpoint by its name, unread; 0 where there is none."""
    return max((_step(folder) for folder in _by_step(work)), default=0)


def _by_step(work: Path) -> list[Path]:
    found = [p for p in work.glob("checkpoint-*") if re.fullmatch(r"checkpoint-\d+", p.name)]
    return sorted(found, key=_step, reverse=True)


def _step(folder: Path) -> int:
    return int(folder.name.split("-")[1])


def is_whole(folder: Path) -> bool:
    """Whether every file stands as the manifest says."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(hashes, dict):
        return False
    names = {p.name for p in folder.iterdir()} - {MANIFEST}
    return names == set(hashes) and all(content_sha256(folder / name) == hashes[name] for name in names)


def seal(staged: Path, final: Path) -> None:
    """Sync all files, write the manifest last, and rename."""
    hashes = {}
    for file in sorted(staged.iterdir()):
        hashes[file.name] = content_sha256(file)
        sync_file(file)
    # Without a space, so that no byte of it can change and still say the same.
    (staged / MANIFEST).write_text(json.dumps(hashes, separators=(",", ":")), encoding="utf-8")
    sync_file(staged / MANIFEST)
    sync_folder(staged)
    if final.exists():
        shutil.rmtree(final)
    staged.rename(final)
    sync_folder(final.parent)


class Checkpoints:
    """Mixed in before a `transformers.Trainer`; its methods take the place of the trainer's own of the same name."""

    model: Any
    optimizer: Any
    lr_scheduler: Any
    state: Any
    args: Any
    train: Any
    _step: int

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if not workers.is_first():
            return
        work = Path(self.args.output_dir)
        step = self.state.global_step
        if self._holds_answers():
            return
        staged = work / f".staged-{step}"
        if staged.exists():
            shutil.rmtree(staged)
        staged.mkdir(parents=True)
        try:
            self._write(staged)
            seal(staged, work / f"checkpoint-{step}")
        except BaseException:
            # A full disk gets its room back, and the checkpoints before stay.
            shutil.rmtree(staged, ignore_errors=True)
            raise
        for old in _by_step(work)[KEPT:]:
            shutil.rmtree(old)

    def _holds_answers(self) -> bool:
        """Whether a policy is in the midst of answers that it has written once and learns from over several steps; a
        checkpoint does not hold them."""
        each = getattr(self.args, "steps_per_generation", None)
        if each is None or not hasattr(self, "_step") or self.state.global_step >= self.state.max_steps:
            return False
        return bool(self._step % (each * getattr(self, "num_iterations", 1)))

    def _write(self, staged: Path) -> None:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        adapter = get_peft_model_state_dict(self.model, adapter_name="default", save_embedding_layers=False)
        save_file(_plain(adapter), staged / "adapter.safetensors")
        tensors, rest = _taken_apart(self.optimizer.state_dict())
        save_file(tensors, staged / "optimizer.safetensors")
        _dump(staged / "optimizer.json", rest)
        _dump(staged / "schedule.json", self.lr_scheduler.state_dict())
        save_file(_random_tensors(), staged / "random.safetensors")
        _dump(staged / "random.json", _random_rest())
        _dump(staged / "counted.json", {name: getattr(self, name) for name in COUNTED if hasattr(self, name)})
        self.state.save_to_json(str(staged / STATE))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        tensors = load_file(Path(resume_from_checkpoint) / "adapter.safetensors")
        report = set_peft_model_state_dict(model or self.model, tensors, adapter_name="default")
        if report.unexpected_keys:
            raise ValueError(f"the checkpoint holds weights that the adapter has not: {report.unexpected_keys[:3]}")

    def resume(self, checkpoint: Path | None) -> None:
        """Train from `checkpoint` to the end, or from the beginning without one.

        Nothing is left to train after the last step's checkpoint, where the library would take a step more.
        """
        from transformers import TrainerState

        state = TrainerState.load_from_json(str(checkpoint / STATE)) if checkpoint else None
        if checkpoint is not None:
            for name, count in _load(checkpoint / "counted.json").items():
                setattr(self, name, count)
        if state is not None and hasattr(self, "_step"):
            # Passes of a policy, which say when it answers anew; an update may take more of them than before.
            self._step = state.global_step * self.args.gradient_accumulation_steps
        if state is not None and state.global_step >= state.max_steps:
            self._load_from_checkpoint(str(checkpoint))
            self.state = state
        else:
            self.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        from safetensors.torch import load_file

        if checkpoint is None:
            return
        folder = Path(checkpoint)
        self.optimizer.load_state_dict(
            _put_together(load_file(folder / "optimizer.safetensors"), _load(folder / "optimizer.json"))
        )
        self.lr_scheduler.load_state_dict(_load(folder / "schedule.json"))

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            _restore_random(Path(checkpoint))

    def _send_telemetry(self) -> None:
        """Nothing is sent to anybody; the library would report each trainer that is made."""

    def _get_train_sampler(self, *asked: Any) -> Any:
        return _by_epoch(super()._get_train_sampler(*asked))  # type: ignore[misc]  # of the trainer beside

    def _load_scaler(self, checkpoint: str | None) -> None:
        """float16 with a gradient scaler is never chosen (see backends.devices), so there is none."""


def _by_epoch(sampler: Any) -> Any:
    """Let a sampler of a policy's prompts begin an epoch with the order that the epoch has in an unbroken run: by
    itself it draws one order after the other, and begins again with the first one where a run is resumed."""
    import torch
    from trl.trainer.utils import RepeatSampler

    if isinstance(sampler, RepeatSampler) and sampler.shuffle:

        def set_epoch(epoch: int) -> None:
            sampler.generator.manual_seed(sampler.seed)
            for _ in range(epoch):
                torch.randperm(sampler.num_samples, generator=sampler.generator)

        sampler.set_epoch = set_epoch
    return sampler


def _plain(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _taken_apart(state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An optimizer's state as tensors by name, and the rest as JSON."""
    import torch

    tensors, rest = {}, {}
    for number, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{number}/{key}"] = value.detach().contiguous().cpu()
            else:
                rest[f"{number}/{key}"] = value
    return tensors, {"rest": rest, "groups": state["param_groups"]}


def _put_together(tensors: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**tensors, **rest["rest"]}.items():
        number, _, key = name.partition("/")
        state.setdefault(int(number), {})[key] = value
    # JSON has no tuples, and the optimizer's betas are one.
    groups = [{k: tuple(v) if k == "betas" else v for k, v in group.items()} for group in rest["groups"]]
    return {"state": state, "param_groups": groups}


def _random_tensors() -> dict[str, Any]:
    import torch

    states = {"cpu": torch.random.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.random.get_rng_state()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def _random_rest() -> dict[str, Any]:
    import numpy as np

    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {"python": random.getstate(), "numpy": [name, [int(k) for k in keys], position, has_gauss, gauss]}


def _restore_random(folder: Path) -> None:
    import numpy as np
    import torch
    from safetensors.torch import load_file

    rest = _load(folder / "random.json")
    version, numbers, gauss = rest["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = rest["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    states = load_file(folder / "random.safetensors")
    torch.random.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.random.set_rng_state(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])
