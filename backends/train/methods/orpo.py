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


def shares(inputs: Any) -> tuple[int, int]:
    """Pairs, and tokens of their chosen sides: the SFT loss is over prompts, too."""
    return len(inputs["chosen_labels"]), int(inputs["chosen_attention_mask"][:, 1:].sum())


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    """The SFT loss is a mean over tokens, and beta's term one over pairs."""
    trainer.beta = trainer.args.beta * (rows / tokens if tokens else 0.0)
    return tokens
