"""What an adapter changes, module by module, as numbers: the change itself, not how a library applies it.

In: an adapter's folder. Out: for each module the pair of low-rank matrices with its scale; whole changes, computed when
they are asked for. An adapter that a library would load to nothing is refused. This file must not know models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOUBLED = "base_model.model.base_model.model."
"""A prefix that stands twice: the library loads such an adapter to nothing, and says so in a warning."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an adapter adds to a module's weight: scale x b x a. a: [rank, inputs]. b: [outputs, rank]. turned: whether
    the module keeps its weight as [inputs, outputs]."""

    a: Any
    b: Any
    scale: float
    turned: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        shape = (self.b.shape[0], self.a.shape[1])
        return shape[::-1] if self.turned else shape

    def whole(self) -> Any:
        """As the module keeps it, in float64."""
        found = self.scale * (self.b.double() @ self.a.double())
        return found.T if self.turned else found


class Whole(Mapping[str, Any]):
    """Changes as the modules keep them: each is computed when it is asked for, since together they are as large as a
    model in float64."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = changes

    def __getitem__(self, name: str) -> Any:
        return self._changes[name].whole()

    def __iter__(self) -> Iterator[str]:
        return iter(self._changes)

    def __len__(self) -> int:
        return len(self._changes)


def changes(adapter: Path) -> dict[str, Change]:
    """What an adapter adds, by module.

    Raises:
        ValueError: it is no plain LoRA, or its keys are not the library's.
    """
    config = json_of(adapter / "adapter_config.json")
    if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("alora_invocation_tokens"):
        raise ValueError("it is no plain LoRA")
    tensors = tensors_of(adapter / "adapter_model.safetensors")
    doubled = [name for name in tensors if name.startswith(DOUBLED)]
    if doubled:
        raise ValueError(f"{len(doubled)} keys have their prefix twice, and load to nothing")
    found: dict[str, Change] = {}
    for name, a in tensors.items():
        module, part, end = name.removeprefix("base_model.model.").partition(".lora_A.")
        if part and end == "weight":
            rank = a.shape[0]
            patterns = config.get("alpha_pattern") or {}
            alpha = next((patterns[p] for p in patterns if re.match(rf"(.*\.)?({p})$", module)), config["lora_alpha"])
            scale = alpha / rank**0.5 if config.get("use_rslora") else alpha / rank
            b = tensors[name.replace(".lora_A.", ".lora_B.")]
            found[module] = Change(a, b, scale, bool(config.get("fan_in_fan_out")))
    if 2 * len(found) != len(tensors):
        raise ValueError(f"{len(tensors) - 2 * len(found)} keys are no pair of low-rank weights")
    return found


def apart(wanted: Any, found: Any) -> float:
    """Relative error in the norm of the whole change."""
    gap, size = float((found - wanted).norm()), float(wanted.norm())
    return gap / size if size else gap


def tensors_of(path: Path) -> dict[str, Any]:
    """The tensors of a file.

    Raises:
        ValueError: it is torn, or another kind of file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found: dict[str, Any] = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path.name} is torn: {error}") from error
    return found


def json_of(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}
