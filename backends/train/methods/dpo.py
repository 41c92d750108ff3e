"""Direct preference optimisation (Rafailov et al. 2023, eq. 7) on pairs; the job's losses add an SFT term by
default."""

from __future__ import annotations

from typing import Any

from backends.train import references

COLUMNS = ("prompt", "chosen", "rejected")


def config() -> Any:
    from trl import DPOConfig

    return DPOConfig


def trainer() -> Any:
    from trl import DPOTrainer

    return DPOTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Pairs are taken as they are."""
    references.settle(config, rows)
    return rows


def shares(inputs: Any) -> tuple[int, int]:
    """Pairs, and tokens of their chosen answers; the rejected sides stand behind the chosen ones."""
    pairs = len(inputs["completion_mask"]) // 2
    return pairs, int(inputs["completion_mask"][:pairs, 1:].sum())


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    """Every loss is a mean over pairs but the SFT term, which is one over tokens of chosen answers."""
    given = trainer.args.loss_weights or [1.0] * len(trainer.loss_types)
    share = {"sft": tokens}
    trainer.loss_weights = [
        weight * share.get(loss, rows) for loss, weight in zip(trainer.loss_types, given, strict=True)
    ]
    return 1.0
