"""Direct preference optimisation (Rafailov et al. 2023, eq. 7) on pairs; the job's losses add an SFT term by
default."""

from __future__ import annotations

from typing import Any

STAGES = ("dpo",)
COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl import DPOConfig

    return DPOConfig


def trainer() -> Any:
    from trl import DPOTrainer

    return DPOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Pairs are taken as they are."""
    return rows
