"""Muon in single precision: momentum, made orthogonal by Newton-Schulz iterations.

torch.optim.Muon iterates in bfloat16, which most processors emulate: on two cores without such units it took two
thirds of nano's training time. Here matrices of one shape are iterated together, in float32.
Source: Keller Jordan and others, 2024, "Muon: An optimizer for hidden layers in neural networks".
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


def orthogonal(stack: torch.Tensor) -> torch.Tensor:
    """The nearest (about) semi-orthogonal matrices to those of `stack` (count x rows x columns)."""
    a, b, c = COEFFICIENTS
    tall = stack.size(-2) > stack.size(-1)
    x = stack.mT.contiguous() if tall else stack
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(STEPS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """For the matrices inside a model's layers; embeddings and norms need another optimizer."""

    def __init__(
        self, params: Iterable[torch.nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.02
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure: gradients are there already
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, matrices in shapes.items():
                updates = orthogonal(torch.stack(self._ahead(matrices, group["momentum"])))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(matrices, list(updates), alpha=-group["lr"] * scale)

    def _ahead(self, matrices: list[torch.Tensor], momentum: float) -> list[torch.Tensor]:
        """Nesterov's look ahead: the gradients moved towards their means over time."""
        gradients = [p.grad for p in matrices if p.grad is not None]
        for p in matrices:
            if not self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        means: list[torch.Tensor] = [self.state[p]["momentum"] for p in matrices]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        return list(torch._foreach_lerp(gradients, means, momentum))
