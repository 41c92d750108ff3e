"""What accelerators can do, from their makers' data sheets.

In: nothing. Out: an `Accelerator` by name. peak: dense bfloat16 matrix products, no sparsity. Data sheets: NVIDIA H200
Tensor Core GPU, NVIDIA H100 SXM5, NVIDIA A100 80GB SXM. This file must not know models.
"""

from __future__ import annotations

from dataclasses import dataclass

GB = 10**9


@dataclass(frozen=True, slots=True)
class Accelerator:
    """peak: floating-point operations a second. memory: bytes. bandwidth: bytes a second."""

    name: str
    peak: float
    memory: float
    bandwidth: float


ACCELERATORS = {
    "h200": Accelerator("NVIDIA H200", 989e12, 141 * GB, 4.8e12),
    "h100": Accelerator("NVIDIA H100", 989e12, 80 * GB, 3.35e12),
    "a100": Accelerator("NVIDIA A100", 312e12, 80 * GB, 2.039e12),
}

UTILISATION = 0.40
"""Of the peak, where the arithmetic is what takes the time: what Llama 3 reports of its training on H100s (38 to 43%,
Grattafiori et al. 2024, table 4). Assumed, not measured here."""
OPERATION = 5e-6
"""Seconds of a library's operation that a GPU is sent, however small: assumed."""
OPERATIONS = {"forward": 169, "backward": 307}
"""Operations of one layer with its adapter in half precision: counted (`tests/backends/test_costs.py`)."""
CONTEXT = 1.0 * GB
"""Bytes that CUDA, its libraries and the allocator's holes take beside tensors: assumed."""
