"""Simple preference optimisation (Meng et al. 2024, eq. 6): mean log-probabilities with a margin, no reference; the
library's CPO trainer with its SimPO loss, and the SFT term that the job says."""

from __future__ import annotations

from typing import Any

COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl.experimental.cpo import CPOConfig

    return CPOConfig


def trainer() -> Any:
    from trl.experimental.cpo import CPOTrainer

    return CPOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Pairs are taken as they are."""
    return rows
