"""The floating-point operations of a LoRA training, and how long a device takes for them.

In: a shape, tokens, an accelerator. Out: operations, and seconds. A matrix of P weights takes 2P operations a token
forward, and 2P backward, since the base's own weights want no gradient: 4P; computing a layer again for checkpointing
adds 2P. The vocabulary is asked at learned tokens only, three times: forward, and twice in the backward pass, which
computes its tile of logits again. This file must not know rows.
"""

from __future__ import annotations

from compiler.costs.accelerators import OPERATION, OPERATIONS, UTILISATION, Accelerator
from compiler.costs.shapes import Shape


def forward(shape: Shape, tokens: float, labels: float, width: float) -> float:
    """Operations of a pass that nothing is learned from: a reference's, or a judge's."""
    attention = 4 * width * shape.heads * shape.head * shape.layers
    return tokens * (2 * shape.linear + attention) + 2 * labels * shape.vocabulary * shape.hidden


def step(shape: Shape, rank: int, tokens: float, labels: float, width: float, *, checkpointing: bool = False) -> float:
    """Operations of learning from `tokens`, of which `labels` are learned and each is compared with `width` others.

    >>> from compiler.costs.shapes import LLAMA_8B
    >>> round(step(LLAMA_8B, 16, 1, 0, 0) / LLAMA_8B.linear, 2)
    4.04
    """
    attention = 4 * width * shape.heads * shape.head * shape.layers
    once = 2 * shape.linear + attention
    # Of the adapter's own weights there is a gradient, and attention has two products for each of its own.
    learned = once + 2 * shape.linear + 2 * attention + 6 * shape.adapter(rank)
    again = once if checkpointing else 0
    return tokens * (learned + again) + 6 * labels * shape.vocabulary * shape.hidden


def seconds(
    device: Accelerator, shape: Shape, operations: float, passes: int, weights: float, *, learning: bool = True
) -> float:
    """How long `passes` take: as long as the arithmetic at UTILISATION, as reading the weights for each of them, or as
    sending the operations to the device, whichever is longest.

    Args:
        weights: bytes of the base.
        learning: whether there is a backward pass.
    """
    arithmetic = operations / (device.peak * UTILISATION)
    reading = passes * weights * (2 if learning else 1) / device.bandwidth
    counted = OPERATIONS["forward"] + (OPERATIONS["backward"] if learning else 0)
    sending = passes * shape.layers * counted * OPERATION
    return max(arithmetic, reading, sending)
