"""Introspection (Maiya et al. 2025, arXiv 2511.01689): supervised fine-tuning on what the model says of itself.

Its rows are the reflections and interactions among the chats. They are learned by an adapter of their own, beside that
of the stage before it, which is on and stays as it is; both are added exactly afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backends.train.methods import sft
from backends.train.methods.sft import config, shares, trainer, weigh
from compiler.failures import DataError
from compiler.lowering.losses import METHODS

__all__ = ["BEFORE", "COLUMNS", "begun", "beside", "config", "fit", "shares", "trainer", "weigh"]

COLUMNS = ("messages", "generator")
BEFORE = "before"
"""The name, in memory, of the adapter of the stage before this one."""


def fit(config: Any, rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    own = METHODS["introspection"].generators
    found = [{"messages": row["messages"]} for row in rows if row["generator"] in own]
    if not found:
        raise DataError(
            f"none of the {len(rows)} chats is a reflection or an interaction",
            help="ask for some: train { mixture: { reflection: 25%, interaction: 5% } }",
        )
    return sft.fit(config, found, tokenizer)


def begun(model: Any, before: Path, peft_config: Any) -> Any:
    """Put an adapter to be trained beside the one in `before`, which is not; both are on."""
    from peft import get_peft_model

    return beside(get_peft_model(model, peft_config), before)


def beside(model: Any, before: Path) -> Any:
    """Switch the adapter in `before` on beside the model's own, as it is."""
    model.load_adapter(str(before), adapter_name=BEFORE, is_trainable=False)
    model.base_model.set_adapter(["default", BEFORE])
    for name, parameter in model.named_parameters():
        if f".{BEFORE}." in name:
            parameter.requires_grad_(False)
    return model
