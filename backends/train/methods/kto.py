"""Kahneman-Tversky optimisation (Ethayarajh et al. 2024, eq. 8): each side of a pair by itself, wanted or not."""

from __future__ import annotations

from typing import Any

COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl import KTOConfig

    return KTOConfig


def trainer() -> Any:
    from trl import KTOTrainer

    return KTOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return two rows a pair, side by side: the loss holds each against its neighbours in a batch."""
    return [
        {"prompt": row["prompt"], "completion": row[side], "label": side == "chosen"}
        for row in rows
        for side in ("chosen", "rejected")
    ]
