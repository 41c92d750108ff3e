"""Adapters of one base put together: each one's change of every weight, by a weight of its own, added exactly.

In: adapters with weights. Out: one adapter in the stock layout, whose low-rank matrices are those of all parts side by
side, so that its change is the sum of theirs: nothing is cut off, and no part's A meets another's B (which is what
PEFT's `linear` computes). It gets its name only after its change, module by module, and its logits are those of base
and parts added by hand. What a composition says is another question: it is measured like any adapter. This file must
not know how the parts were trained.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.bases import Base
from backends.devices import Device
from backends.train import RUN_VERSION, kept, verifying
from backends.train.adapters import CARD, adapter_digest
from backends.train.changes import Change, changes
from compiler.digests import digest
from compiler.failures import DataError, ModelLoadError
from compiler.files import put_in_place
from compiler.runs import without_adapter


@dataclass(frozen=True, slots=True)
class Part:
    """run: a finished training. weight: of its change; it may be negative."""

    run: Path
    weight: float


def compose(parts: Sequence[Part], base: Base, name: str, runs: Path, device: Device) -> Path:
    """Put adapters together and return the run's folder, `runs/<name>-<digest>`; one that is there is returned at once.

    Args:
        name: of the build whose probes are to measure it.

    Raises:
        DataError: a part is no finished training of this base, or there is none.
        ModelLoadError: a part is no plain LoRA, or what was saved is not the sum.
    """
    if not parts:
        raise DataError("nothing to put together", help="name runs, each with its weight: runs/caring-0123=0.7")
    told = [_told(part, base) for part in parts]
    content = digest({"parts": told, "base": base.digest})
    run = runs / f"{name}-{content[:12]}"
    if (run / "run.json").is_file():
        kept.confirm(run)
        return run
    put_together(
        [part.run / "adapter" for part in parts], [part.weight for part in parts], base, run / "adapter", device
    )
    record = {
        "version": RUN_VERSION,
        "spec": name,
        "content_digest": content,
        "method": "composed",
        "parts": told,
        "base": base.name,
        "base_digest": base.digest,
        "revision": base.revision,
        "steps": {},
        "adapter_digest": adapter_digest(run / "adapter"),
    }
    kept.seal(run, record)
    return run


def put_together(adapters: Sequence[Path], weights: Sequence[float], base: Base, folder: Path, device: Device) -> Path:
    """Write the weighted sum of `adapters` to `folder` and return it.

    Raises:
        ModelLoadError: one is no plain LoRA, or what was saved is not the sum.
    """
    try:
        added = [changes(adapter) for adapter in adapters]
    except (OSError, ValueError, KeyError) as error:
        raise ModelLoadError(f"an adapter cannot be put together with others: {error}") from error
    staged = folder.with_name(f".{folder.name}.new")
    if staged.exists():
        shutil.rmtree(staged)
    staged.mkdir(parents=True)
    _save(staged, adapters[0], weights, added, base)
    _confirm(staged, weights, added, base, device)
    put_in_place(staged, folder)
    return folder


def _told(part: Part, base: Base) -> dict[str, Any]:
    try:
        record = json.loads((part.run / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{part.run} is no finished training: {error}", help="name a folder below runs/") from error
    if record.get("base_digest") != base.digest:
        raise DataError(
            f"{part.run} was trained on another base ({record.get('base')})",
            help="adapters of one base can be put together, and no others",
        )
    if not (part.run / "adapter").is_dir():
        raise without_adapter(part.run)
    kept.confirm(part.run)
    return {"run": part.run.name, "adapter_digest": adapter_digest(part.run / "adapter"), "weight": part.weight}


def _save(
    folder: Path, first: Path, weights: Sequence[float], changes: Sequence[dict[str, Change]], base: Base
) -> None:
    import torch
    from safetensors.torch import save_file

    ranks = [max(change.a.shape[0] for change in of.values()) for of in changes]
    tensors: dict[str, Any] = {}
    for module in dict.fromkeys(name for of in changes for name in of):
        like = next(of[module] for of in changes if module in of)
        a = torch.zeros(sum(ranks), like.a.shape[1])
        b = torch.zeros(like.b.shape[0], sum(ranks))
        start = 0
        for weight, of, rank in zip(weights, changes, ranks, strict=True):
            if module in of:
                own = of[module].a.shape[0]
                a[start : start + own] = of[module].a.float()
                b[:, start : start + own] = (weight * of[module].scale * of[module].b.double()).float()
            start += rank
        tensors[f"base_model.model.{module}.lora_A.weight"] = a
        tensors[f"base_model.model.{module}.lora_B.weight"] = b
    save_file(tensors, folder / "adapter_model.safetensors")
    config = json.loads((first / "adapter_config.json").read_text(encoding="utf-8"))
    config |= {
        "base_model_name_or_path": base.name,
        "revision": base.revision,
        "r": sum(ranks),
        "lora_alpha": sum(ranks),
        "use_rslora": False,
        "rank_pattern": {},
        "alpha_pattern": {},
        "target_modules": sorted({name.rpartition(".")[2] for of in changes for name in of}),
    }
    (folder / "adapter_config.json").write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    (folder / "README.md").write_text(CARD.format(base=base.name), encoding="utf-8")


def _confirm(
    folder: Path,
    weights: Sequence[float],
    changes: Sequence[dict[str, Change]],
    base: Base,
    device: Device,
) -> None:
    """Hold what was saved against the parts, added by hand.

    Raises:
        ModelLoadError: it is not their sum.
    """
    summed: dict[str, Any] = {}
    for weight, of in zip(weights, changes, strict=True):
        for module, change in of.items():
            summed[module] = summed.get(module, 0) + weight * change.whole()
    for check in verifying.of_changes(summed, folder, base, device):
        if not check.ok:
            raise ModelLoadError(f"the composed adapter is not the sum of its parts: {check.what} {check.said}")
