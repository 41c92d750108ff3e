"""Several LoRA adapters in one batch, each row by its own.

In: a model into which PEFT has loaded adapters, and for each row the name of its adapter. Out: the model, whose LoRA
layers compute the low-rank parts of all adapters in two products: their A's side by side, their B's one below the
other, and between them what is not a row's own set to zero. That is a few more operations than a row needs and far
fewer calls than one adapter after the other. What PEFT's own way (`adapter_names`) computes, it computes
(`benchmarks/generation.py` has the times). This file must not know how answers are decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from compiler.failures import ModelLoadError

BASE = "__base__"
"""The name of the base among the adapters of a batch, as PEFT has it."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """a: [inputs, all ranks]. b: [all ranks, outputs], scaled. ranks: of each adapter; 0 where it leaves the layer as
    it is."""

    module: Any
    a: Any
    b: Any
    ranks: tuple[int, ...]


class Mixed:
    """The adapters of these names in `model`, mixed.

    Raises:
        ModelLoadError: one of them is no plain LoRA of linear layers.
    """

    def __init__(self, model: Any, names: Sequence[str]) -> None:
        from peft.tuners.lora import LoraLayer

        self._names = list(names)
        self._layers = [_stacked(module, self._names) for module in model.modules() if isinstance(module, LoraLayer)]
        self._rows: list[str] = []
        self._masks: dict[tuple[int, ...], Any] = {}

    def rows(self, names: Sequence[str]) -> None:
        """Whose each row of the next batch is: a name, or `BASE`."""
        if self._rows != names:
            self._rows = list(names)
            self._masks = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the model compute so."""
        try:
            for layer in self._layers:
                layer.module.forward = partial(self._forward, layer)
            yield
        finally:
            for layer in self._layers:
                layer.module.__dict__.pop("forward", None)

    def _forward(self, layer: _Layer, x: Any, *args: Any, **kwargs: Any) -> Any:
        result = layer.module.base_layer(x, *args, **kwargs)
        low = x.to(layer.a.dtype) @ layer.a
        return result + ((low * self._mask(layer)) @ layer.b).to(result.dtype)

    def _mask(self, layer: _Layer) -> Any:
        """1 where a low-rank dimension is of a row's own adapter: [rows, 1, all ranks]."""
        import torch

        if layer.ranks not in self._masks:
            owners = [place for place, rank in enumerate(layer.ranks) for _ in range(rank)]
            mine = [self._names.index(name) if name != BASE else -1 for name in self._rows]
            mask = torch.tensor(mine)[:, None] == torch.tensor(owners)
            self._masks[layer.ranks] = mask[:, None].to(layer.a.dtype).to(layer.a.device)
        return self._masks[layer.ranks]


def _stacked(module: Any, names: Sequence[str]) -> _Layer:
    import torch

    there = [name for name in names if name in module.lora_A]
    others = set(module.lora_embedding_A) | set(module.lora_variant) | {n for n in there if module.lora_bias.get(n)}
    if others.intersection(names) or not isinstance(module.get_base_layer(), torch.nn.Linear) or module.merged:
        raise ModelLoadError(
            "adapters that are no plain LoRA of linear layers cannot be mixed in one batch",
            help="ask them one after the other",
        )
    ranks = tuple(module.lora_A[name].weight.shape[0] if name in there else 0 for name in names)
    with torch.no_grad():
        a = torch.cat([module.lora_A[name].weight.T for name in there], dim=1)
        b = torch.cat([module.lora_B[name].weight.T * module.scaling[name] for name in there])
    return _Layer(module, a, b, ranks)
