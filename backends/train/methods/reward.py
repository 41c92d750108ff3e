"""A reward model (Ouyang et al. 2022, eq. 1): which of two answers is the better one, as one number for each answer.

No stage goes on from it: it is an adapter of the base with a head of one output, and rewards the policy that is trained
after it (`reward+rloo`, `reward+grpo`) beside the clauses. A tenth of the questions is held out of it, and how many of
their pairs it puts in order stands in run.json.
"""

from __future__ import annotations

from typing import Any

from backends.train import reward_models

COLUMNS = ("prompt", "chosen", "rejected")
architecture = reward_models.architecture


def config() -> Any:
    from trl import RewardConfig

    return RewardConfig


def trainer() -> Any:
    from trl import RewardTrainer

    return RewardTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return the pairs that are not held out."""
    return reward_models.split(rows)[0]


def shares(inputs: Any) -> tuple[int, int]:
    """Pairs, twice: the loss is a mean over them alone; the rejected sides stand behind the chosen ones."""
    pairs = len(inputs["input_ids"]) // 2
    return pairs, pairs


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    return rows
