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


def shares(inputs: Any) -> tuple[int, int]:
    """Pairs, and tokens of their chosen answers."""
    return len(inputs["chosen_labels"]), int((inputs["chosen_labels"][:, 1:] != -100).sum())


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    """The SFT term is a mean over tokens, and the other one over pairs."""
    trainer.cpo_alpha = trainer.args.cpo_alpha * (tokens / rows if rows else 0.0)
    return rows
