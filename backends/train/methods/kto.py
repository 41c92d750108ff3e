"""Kahneman-Tversky optimisation (Ethayarajh et al. 2024, eq. 8): each side of a pair by itself, wanted or not."""

from __future__ import annotations

from typing import Any

from backends.train import references

COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl import KTOConfig

    return KTOConfig


def trainer() -> Any:
    from trl import KTOTrainer

    return KTOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return two rows a pair. A row's divergence is estimated with the answer of the row before it in its batch, which
    has to be one to another question: a batch holds the chosen sides of its pairs, then their rejected ones."""
    together = max(config.per_device_train_batch_size // 2, 1)
    batches = [rows[start : start + together] for start in range(0, len(rows), together)]
    sides = [
        {"prompt": row["prompt"], "completion": row[side], "label": side == "chosen"}
        for batch in batches
        for side in ("chosen", "rejected")
        for row in batch
    ]
    references.settle(config, sides)
    return sides


def shares(inputs: Any) -> tuple[int, int]:
    """Rows alone: the loss is a mean over them. The divergence of a part is its own, an estimate from fewer rows."""
    rows = len(inputs["label"])
    return rows, rows


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    return rows
