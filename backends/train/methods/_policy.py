"""What methods share that train a policy on its own answers: rows, and the spec's rewards as the trainer takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backends.cached import CachedEngine
from backends.train import rewards

COLUMNS = ("prompt", "unit")
FILES = (rewards.PATH,)


def script() -> Any:
    from trl.scripts.grpo import GRPOScriptArguments

    return GRPOScriptArguments


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return each prompt of a unit once: the answers are the model's own."""
    return rewards.prompts(rows)


def given(build: Path, judge: CachedEngine) -> dict[str, Any]:
    return {"reward_funcs": rewards.functions(rewards.read(build), judge)}
