"""Odds-ratio preference optimisation (Hong et al. 2024, eq. 6): the SFT loss with the odds of both sides, no
reference."""

from __future__ import annotations

from typing import Any

COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl.experimental.orpo import ORPOConfig

    return ORPOConfig


def trainer() -> Any:
    from trl.experimental.orpo import ORPOTrainer

    return ORPOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Pairs are taken as they are."""
    return rows
