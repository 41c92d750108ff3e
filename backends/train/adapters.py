"""Adapters on disk: saved in the stock PEFT layout, the same bytes everywhere, and compared with what was trained.

In: a trained model. Out: a folder with adapter_config.json, adapter_model.safetensors and README.md, and nothing
else. It gets its name only after a fresh base with the saved adapter has given the trained model's keys, weights and
logits. The trained model makes room for the fresh base: two of them never stand in memory. This file must not know
trainers.

    saved = save_adapter(model, base, chat, folder)     keys and weights are compared; the model's logits are kept
    del model
    confirm_adapter(saved, base)                        logits are compared; the folder gets its name
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.bases import Base
from backends.chats import Chat
from backends.train.held import Held
from compiler.digests import file_digest
from compiler.failures import ModelLoadError
from compiler.files import put_in_place
from compiler.records.record import Message

CARD = """---
library_name: peft
base_model: {base}
tags:
- lora
---

A LoRA adapter for `{base}`, compiled from a Tenet spec. Load it with PEFT:

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), ADAPTER)
"""
ASKED = ("Good morning.", "What is the capital of France?", "Tell me about yourself.", "No. Say it again.")
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.1}
"""Of logits, by number type; kernels may sum in another order when the base is loaded anew."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An adapter on disk that has no name yet. asked: token ids of the prompts. said: the trained model's logits after
    each of their tokens, on the CPU. device, dtype: those of the trained model."""

    staged: Path
    folder: Path
    asked: tuple[list[int], ...]
    said: tuple[Any, ...]
    device: Any
    dtype: Any
    quantization: Any = None


def save_adapter(model: Any, base: Base, chat: Chat, folder: Path) -> Saved:
    """Save the `default` adapter of `model` beside `folder`, and keep what is needed to confirm it without the model.

    Raises:
        ModelLoadError: what was saved is not what was trained.
    """
    staged = folder.with_name(f".{folder.name}.new")
    for old in (staged, folder):
        if old.exists():
            shutil.rmtree(old)
    # Another adapter of the model (the reference of a second stage) would become a stray folder.
    # `auto` for the embeddings would look the base's name up on the hub.
    model.save_pretrained(
        str(staged), safe_serialization=True, selected_adapters=["default"], save_embedding_layers=False
    )
    _settle(staged, base)
    _compare_weights(model, staged)
    asked = tuple(chat.prompt_ids([Message(role="user", content=text)]) for text in ASKED)
    was_training = model.training
    said = _logits(model.eval(), asked)
    model.train(was_training)
    parameter = next(model.parameters())
    quantization = getattr(model.config, "quantization_config", None)
    return Saved(staged, folder, asked, said, parameter.device, parameter.dtype, quantization)


def _settle(folder: Path, base: Base) -> None:
    """Take out of the files what differs between two runs: paths, and the order of sets."""
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base.name
    config["revision"] = base.revision
    for key in ("target_modules", "modules_to_save", "exclude_modules"):
        if isinstance(config.get(key), list):
            config[key] = sorted(config[key])
    path.write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(CARD.format(base=base.name), encoding="utf-8")
    stray = sorted(p.name for p in folder.iterdir() if p.name not in FILES)
    if stray:
        raise ModelLoadError(f"saving the adapter left files that do not belong to it: {', '.join(stray)}")


FILES = frozenset({"adapter_config.json", "adapter_model.safetensors", "README.md"})


def _compare_weights(model: Any, folder: Path) -> None:
    """Compare the keys and weights in `folder` with those of the trained `model`."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    trained = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    saved = load_file(folder / "adapter_model.safetensors")
    if set(trained) != set(saved):
        odd = sorted(set(trained) ^ set(saved))
        raise ModelLoadError(f"the saved adapter has other keys than the trained one: {odd[0]} and {len(odd) - 1} more")
    for name, tensor in saved.items():
        if not torch.equal(tensor, trained[name].detach().cpu()):
            raise ModelLoadError(f"the saved adapter's {name} is not the trained one")
    if all(float(tensor.abs().max()) == 0 for name, tensor in saved.items() if "lora_B" in name):
        raise ModelLoadError("the adapter is zero: training changed nothing", help="train for more steps, or faster")


def confirm_adapter(
    saved: Saved, base: Base, module: Any = None, start: Path | None = None, held: Held | None = None
) -> Path:
    """Load what was saved onto a fresh base, compare its logits with the trained model's, and give it its name.

    Args:
        module: the method, where it says how its model is made (`architecture`), or what is on beside it (`beside`).
        start: the adapter that is.
        held: where the base may be in memory already; it tells whether somebody has written to its weights.

    Raises:
        ModelLoadError: it answers differently.
    """
    from peft import PeftModel

    fresh = PeftModel.from_pretrained(_base_again(saved, base, module, held), str(saved.staged))
    if start is not None and hasattr(module, "beside"):
        fresh = module.beside(fresh, start)
    fresh.eval()
    tolerance = TOLERANCE[str(saved.dtype).removeprefix("torch.")]
    for ours, theirs in zip(_logits(fresh, saved.asked), saved.said, strict=True):
        gap = float((ours - theirs).abs().max())
        if not gap <= tolerance:
            raise ModelLoadError(f"the saved adapter answers differently from the trained one (logits by {gap:.2g})")
    put_in_place(saved.staged, saved.folder)
    return saved.folder


def _base_again(saved: Saved, base: Base, module: Any, held: Held | None) -> Any:
    try:
        quantized = {"quantization_config": saved.quantization, "device_map": {"": saved.device}}
        return (held or Held()).model(
            base,
            saved.dtype,
            saved.device,
            getattr(module, "architecture", None),
            quantized if saved.quantization else {},
        )
    except ModelLoadError as error:
        raise ModelLoadError(
            f"{error.message}, which the adapter is held against",
            help="build the spec again and run the same command: it goes on from the last checkpoint",
        ) from error


def _logits(model: Any, asked: Sequence[list[int]]) -> tuple[Any, ...]:
    import torch

    device = next(model.parameters()).device
    with torch.no_grad():
        return tuple(model(input_ids=torch.tensor([ids], device=device)).logits[0].float().cpu() for ids in asked)


def adapter_digest(folder: Path) -> str:
    """Hash an adapter's weights and configuration."""
    digest = hashlib.sha256()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        try:
            digest.update(f"{name} {file_digest(folder / name)}\n".encode())
        except OSError as error:
            raise ModelLoadError(f"the adapter in {folder} has no {name}") from error
    return digest.hexdigest()
