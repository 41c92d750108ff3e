"""What methods share that train a policy on its own answers: rows, and the spec's rewards as the trainer takes them."""

from __future__ import annotations

from typing import Any

from backends.train import reward_models, rewards
from backends.train.task import Training

COLUMNS = ("prompt", "unit")
FILES = (rewards.PATH,)
JUDGED = True
"""A judge decides, where a principle is one of the rewards."""


def script() -> Any:
    from trl.scripts.grpo import GRPOScriptArguments

    return GRPOScriptArguments


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return each prompt of a unit once: the answers are the model's own."""
    return rewards.prompts(rows)


def given(around: Training) -> dict[str, Any]:
    told = rewards.read(around.build)
    functions, weights = rewards.functions(told, around.judge()), [reward.weight for reward in told.rewards]
    if around.reward is not None and told.model is not None:
        functions.append(reward_models.function(around.reward, around.base, around.device))
        weights.append(told.model)
    return {"reward_funcs": functions, "reward_weights": weights}
