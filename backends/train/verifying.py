"""Whether an artifact is what was trained: an adapter as it lies on disk, a copy of it, or a model it was merged into.

In: a run's adapter and its base; perhaps another artifact. Out: checks, one after the other, each with what was found.
Weights are compared before anything is computed with them, module by module; then logits on prompts, of the library's
own way to load the artifact beside the base with the low-rank products added by hand. This file must not know how an
artifact was made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.bases import Base, load_chat, load_model
from backends.devices import Device, torch_dtype
from backends.train.adapters import ASKED, FILES, TOLERANCE, adapter_digest
from backends.train.changes import Whole, apart, changes, json_of, tensors_of
from compiler.failures import TenetError
from compiler.records.record import Message

DELTA = 1e-4
"""Relative error of a module's change: the norm of the difference beside the norm of the change."""
LEAST_KL = 1e-4
"""Mean next-token divergence from the base, in nats, below which an adapter does nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """what: is held. ok: whether it is; None where it could not be asked. said: what was found."""

    what: str
    ok: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Found:
    """How an artifact changes a module. apart: from the change that was trained, as a share of its norm; infinite where
    none was. dtype: the number type of a merged weight. lost: what that takes off the change, as the same share."""

    apart: float
    dtype: str | None = None
    lost: float = 0.0


def verify(run: Path, base: Base, device: Device) -> Iterator[Check]:
    """Hold a run's adapter against its record, its base, and itself; files or a base that are not its own end it."""
    ends = False
    for check in recorded(run, base):
        yield check
        ends |= check.what != "bytes" and not check.ok
    if not ends:
        yield from _held_against(run / "adapter", base, device)


def recorded(run: Path, base: Base) -> Iterator[Check]:
    """Hold a run's adapter against its record alone; no model is loaded."""
    adapter = run / "adapter"
    record = json_of(run / "run.json")
    names = {path.name for path in adapter.iterdir()} if adapter.is_dir() else set()
    odd = sorted(names ^ FILES)
    yield Check("files", not odd, "as saved" if not odd else f"missing or not its own: {', '.join(odd)}")
    if odd:
        return
    digest = adapter_digest(adapter)
    same = digest == record.get("adapter_digest")
    yield Check("bytes", same, f"{digest[:12]}, as trained" if same else "not those that were trained")
    same = base.digest == record.get("base_digest")
    yield Check("base", same, base.name if same else f"{base.name} is not the base that was trained on")


def against(run: Path, artifact: Path, base: Base, device: Device) -> Iterator[Check]:
    """Hold another artifact against a run's adapter: an adapter's folder, or a model's."""
    yield from of_changes(Whole(changes(run / "adapter")), artifact, base, device)


def of_changes(trained: Mapping[str, Any], artifact: Path, base: Base, device: Device) -> Iterator[Check]:
    """Hold an artifact against the changes of the base's weights, by module, that it is to make."""
    is_adapter = (artifact / "adapter_config.json").is_file()
    try:
        found = _adapter(artifact, trained) if is_adapter else _merged(artifact, base, trained)
    except (OSError, ValueError, KeyError, TenetError) as error:
        yield Check("weights", False, f"cannot be read: {error}")
        return
    covered = covering(trained, found)
    yield covered
    if not covered.ok:
        return
    yield same_change(found)
    model = load_model(base, device)
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    add(model, trained, found)
    by_hand = logits(model, base, device)
    loaded = _loaded(artifact, base, device) if is_adapter else _as_model(artifact, device)
    yield same_logits(by_hand, logits(loaded, base, device), dtype)


def covering(trained: Mapping[str, Any], found: Mapping[str, Any]) -> Check:
    """Whether the modules that an artifact changes are those that were trained."""
    missing = sorted(trained.keys() - found.keys())
    further = sorted(found.keys() - trained.keys())
    if not missing and not further:
        return Check("modules", True, f"all {len(trained)}" if trained else "none is changed")
    return Check(
        "modules",
        False,
        f"{len(missing)} without the change, {len(further)} that were not trained: {(missing + further)[0]}",
    )


def same_change(found: Mapping[str, Found]) -> Check:
    """Whether each module's change is the one that was trained, up to DELTA and what its number type takes off."""
    within = all(one.apart <= DELTA + 2 * one.lost for one in found.values())
    name, worst = max(found.items(), key=lambda item: item[1].apart)
    said = f"off by {worst.apart:.1e} of itself at most, in {name}"
    if worst.lost > DELTA:
        said += f"; {worst.dtype} takes {worst.lost:.1e}"
    return Check("change", within, said)


def _held_against(adapter: Path, base: Base, device: Device) -> Iterator[Check]:
    import torch

    try:
        trained = changes(adapter)
    except (ValueError, KeyError) as error:
        yield Check("weights", False, str(error))
        return
    model = load_model(base, device)
    shapes = {name.removesuffix(".weight"): tuple(value.shape) for name, value in model.named_parameters()}
    odd = [n for n, c in trained.items() if shapes.get(n) != c.shape]
    yield Check("modules", not odd, f"all {len(trained)} fit the base" if not odd else f"{odd[0]} fits no weight")
    if odd:
        return
    broken = [n for n, c in trained.items() if not bool(torch.isfinite(c.a).all() and torch.isfinite(c.b).all())]
    empty = [n for n, c in trained.items() if not bool(c.b.abs().max() > 0)]
    sound = not broken and len(empty) < len(trained)
    told = "finite and not zero" if sound else f"{len(broken)} are not finite, {len(empty)} are zero"
    yield Check("weights", sound, told)
    if not sound:
        return
    alone = logits(model, base, device)
    add(model, Whole(trained))
    by_hand = logits(model, base, device)
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    del model
    loaded = logits(_loaded(adapter, base, device), base, device)
    yield same_logits(by_hand, loaded, dtype)
    moved = divergence(loaded, alone)
    yield Check("engaged", moved > LEAST_KL, f"{moved:.3f} nats from the base at the next token")


def _adapter(folder: Path, trained: Mapping[str, Any]) -> dict[str, Found]:
    other = changes(folder)
    nothing = Found(math.inf)
    return {
        name: Found(apart(trained[name], change.whole())) if name in trained else nothing
        for name, change in other.items()
    }


def _merged(folder: Path, base: Base, trained: Mapping[str, Any]) -> dict[str, Found]:
    """What a model's weights have more than the base's, by module, as far as they differ."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ValueError("there is no .safetensors file")
    tensors = {name: value for file in files for name, value in tensors_of(file).items()}
    model = as_stored(base)
    further = sorted(tensors.keys() - model.state_dict().keys())
    if further:
        raise ValueError(f"{further[0]} is no weight of the base's")
    found = {}
    for name, parameter in model.named_parameters():
        if name not in tensors:
            if name.endswith("lm_head.weight"):
                continue  # tied to the embeddings
            raise ValueError(f"{name} is missing")
        module, own = name.removesuffix(".weight"), tensors[name]
        if own.shape != parameter.shape:
            raise ValueError(f"{name} is {tuple(own.shape)}, and the base's is {tuple(parameter.shape)}")
        weight = parameter.detach().double()
        gap = own.double() - weight
        if module in trained:
            change = trained[module]
            held = (weight + change).to(own.dtype).double() - weight
            found[module] = Found(apart(change, gap), dtype_of(own), apart(change, held))
        elif float(gap.abs().max()) > 0:
            found[module] = Found(math.inf)
    return found


def as_stored(base: Base) -> Any:
    """The base's weights on the CPU, in the number type that its files have."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(
        str(base.path), dtype="auto", use_safetensors=True, trust_remote_code=False, local_files_only=True
    )


def add(model: Any, changes: Mapping[str, Any], found: Mapping[str, Found] | None = None) -> None:
    """Add changes of weights, by module, to a model's, as far as the number type of a merged one could hold them."""
    import torch

    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, change in changes.items():
            weight = weights[f"{name}.weight"]
            summed = weight.double() + change.to(weight.device)
            dtype = found[name].dtype if found else None
            weight.copy_(summed.to(getattr(torch, dtype)) if dtype else summed)


def dtype_of(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _loaded(adapter: Path, base: Base, device: Device) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(load_model(base, device), str(adapter)).eval()


def _as_model(folder: Path, device: Device) -> Any:
    from transformers import AutoModelForCausalLM

    # In the device's number type, as the base beside it.
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch_dtype(device), use_safetensors=True, trust_remote_code=False, local_files_only=True
    )
    return model.to(device.kind).eval()


def logits(model: Any, base: Base, device: Device) -> list[Any]:
    """Of every token of a few prompts: float64, on the CPU."""
    import torch

    chat = load_chat(base)
    found = []
    with torch.no_grad():
        for text in ASKED:
            ids = torch.tensor([chat.prompt_ids([Message(role="user", content=text)])], device=device.kind)
            found.append(model(input_ids=ids).logits[0].double().cpu())
    return found


def same_logits(by_hand: list[Any], loaded: list[Any], dtype: str) -> Check:
    gap = max(float((a - b).abs().max()) for a, b in zip(by_hand, loaded, strict=True))
    ok = gap <= TOLERANCE[dtype]
    return Check("logits", ok, f"within {gap:.1e} of base and change added by hand" if ok else f"off by {gap:.2g}")


def divergence(ours: list[Any], theirs: list[Any]) -> float:
    found = []
    for a, b in zip(ours, theirs, strict=True):
        one, other = a[-1].log_softmax(-1), b[-1].log_softmax(-1)
        found.append(float((one.exp() * (one - other)).sum()))
    return sum(found) / len(found)
