"""Supervised fine-tuning on chats: the loss is on what the assistant says."""

from __future__ import annotations

from typing import Any

COLUMNS = ("messages",)


def config() -> Any:
    from trl import SFTConfig

    return SFTConfig


def trainer() -> Any:
    from trl import SFTTrainer

    return SFTTrainer


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """Return the rows as the trainer can take them with this base's chat template.

    `assistant_only_loss` needs a template that marks what the assistant says. trl knows marked forms of the usual
    ones; for any other the rows become prompts and completions, and the loss is on the last answer of each.
    """
    from trl.chat_template_utils import get_training_chat_template

    if not config.assistant_only_loss:
        return rows
    try:
        get_training_chat_template(tokenizer)
    except ValueError:
        config.assistant_only_loss = False
        return [{"prompt": row["messages"][:-1], "completion": row["messages"][-1:]} for row in rows]
    return rows


def shares(inputs: Any) -> tuple[int, int]:
    """Rows, and tokens that are learned."""
    return len(inputs["labels"]), int((inputs["labels"][..., 1:] != -100).sum())


def weigh(trainer: Any, rows: float, tokens: float) -> float:
    """The trainer divides by the update's tokens itself; a part without rows weighs nothing."""
    return float(tokens > 0)
