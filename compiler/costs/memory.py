"""The peak memory of a LoRA training, part by part.

In: a shape, an adapter's rank, how many tokens go through at once. Out: bytes by part. The activations are what
autograd keeps of a layer, token by token; the factors were counted on a layer (`tests/backends/test_costs.py` counts
them again). In half precision each adapter matrix keeps its input in full, which is most of it. This file must not
know devices.
"""

from __future__ import annotations

from dataclasses import dataclass

from compiler.costs.shapes import Shape

FOUR_BIT = 4.127 / 8
"""Bytes of a weight in 4-bit NormalFloat with its constants quantised twice (Dettmers et al. 2023, section 3)."""
ADAPTER = 16
"""Bytes of an adapter's weight in training: itself, its gradient and Adam's two averages, in single precision."""
VOCABULARY_CHUNK = 32768
TOKEN_CHUNK = 4096
LOGITS = 3
"""Tiles of logits that stand at once: what is computed, its gradient, and what is multiplied."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. base: its weights. adapter: with gradient and optimizer. activations: kept for the backward pass. logits:
    of the tokens that are learned. context: of the device's libraries."""

    base: float
    adapter: float
    activations: float
    logits: float
    context: float = 0.0

    @property
    def whole(self) -> float:
        return self.base + self.adapter + self.activations + self.logits + self.context


def base(shape: Shape, bytes_each: int, *, four_bit: bool = False) -> float:
    """Bytes of a base's weights; in 4 bits the linear layers alone are."""
    if four_bit:
        return FOUR_BIT * shape.linear + bytes_each * (shape.parameters - shape.linear)
    return float(bytes_each * shape.parameters)


def layer(shape: Shape, rank: int, bytes_each: int, width: int) -> float:
    """Bytes that autograd keeps of one layer for each token; `width`: tokens that a token is compared with."""
    queries = shape.heads * shape.head
    shared = 4 * shape.heads + 7 * 4 * rank + 8
    if bytes_each == 4:
        return 16 * shape.hidden + 16 * shape.inner + 16 * queries + 4 * width + shared
    return 28 * shape.hidden + 10 * shape.inner + 12 * queries + 2 * width + shared


def activations(shape: Shape, rank: int, bytes_each: int, tokens: float, width: int, *, checkpointing: bool) -> float:
    """Bytes kept for `tokens` that go through at once. With checkpointing each layer keeps what goes into it, and one
    layer at a time is computed again."""
    one = layer(shape, rank, bytes_each, width) * tokens
    # What the backward pass of a layer makes stands beside what it reads.
    return shape.layers * bytes_each * shape.hidden * tokens + 2 * one if checkpointing else (shape.layers + 1) * one


def logits(shape: Shape, labels: float) -> float:
    return LOGITS * 4 * min(labels, TOKEN_CHUNK) * min(shape.vocabulary, VOCABULARY_CHUNK)


def peak(
    shape: Shape,
    rank: int,
    tokens: float,
    labels: float,
    width: int,
    *,
    bytes_each: int = 2,
    checkpointing: bool = False,
    four_bit: bool = False,
    context: float = 0.0,
) -> Memory:
    """
    Args:
        tokens, labels: that go through at once, and of them that are learned.
        bytes_each: of a weight of the base, and of what is computed from it.
    """
    return Memory(
        base(shape, bytes_each, four_bit=four_bit),
        ADAPTER * shape.adapter(rank),
        activations(shape, rank, bytes_each, tokens, width, checkpointing=checkpointing),
        logits(shape, labels),
        context,
    )
