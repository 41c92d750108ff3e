"""Reward models: on which pairs they are trained, how often they are right about others, what they say of an answer.

In: pairs, and a reward model as an adapter of the base with a head of one output. Out: numbers. What a reward model
says has no scale of its own, so it is told in standard deviations from the mean over both sides of the pairs that it
was trained on. This file must not know trainers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backends.bases import Base, load_chat
from backends.chats import Chat
from backends.devices import Device
from backends.train import held
from compiler.files import write_json
from compiler.statistics.proportions import wilson

NAME = "reward_model"
"""Of its series among those of the clauses."""
SCALE = "reward.json"
HELD_OUT = 10
"""One question of so many."""
BATCH = 16
Rows = list[dict[str, Any]]


def architecture() -> tuple[Any, dict[str, Any]]:
    """The library's class, and what makes it one with a single output."""
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification, {"num_labels": 1}


def split(rows: Rows) -> tuple[Rows, Rows]:
    """Pairs to train on, and held out: by their question, so that no question is on both sides."""
    kept: Rows = []
    held_out: Rows = []
    for row in rows:
        words = "\n".join(message["content"] for message in row["prompt"] if message["role"] != "system")
        drawn = int.from_bytes(hashlib.sha256(words.casefold().encode()).digest()[:8], "big")
        (held_out if drawn % HELD_OUT == 0 else kept).append(row)
    return (kept, held_out) if kept else (rows, [])


def load(folder: Path, base: Base, device: Device) -> Any:
    """A reward model as it was saved, ready to be asked."""
    from peft import PeftModel

    from backends.devices import torch_dtype

    model = held.read(base, torch_dtype(device), device.kind, architecture)  # its head is in the adapter
    return PeftModel.from_pretrained(model, str(folder)).eval()


def scores(model: Any, chat: Chat, said: Sequence[list[dict[str, str]]]) -> list[float]:
    """What a reward model says of chats that end with an answer, unscaled."""
    import torch

    tokenizer = chat.tokenizer
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    device = next(model.parameters()).device
    ids = [tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"] for messages in said]
    found: list[float] = []
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        width = max(map(len, part))
        padded = torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row in part], device=device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in part], device=device)
        with torch.no_grad():
            found += model(input_ids=padded, attention_mask=mask, use_cache=False).logits[:, 0].float().tolist()
    return found


def examine(folder: Path, base: Base, rows: Rows, device: Device) -> dict[str, Any]:
    """How a reward model does on the pairs that were held out, with a 95% interval (Wilson), and its scale. The scale
    is written beside it."""
    import statistics

    model, chat = load(folder, base, device), load_chat(base)
    kept, held = split(rows)
    told = {side: scores(model, chat, [row["prompt"] + row[side] for row in held]) for side in ("chosen", "rejected")}
    right = sum(good > bad for good, bad in zip(told["chosen"], told["rejected"], strict=True))
    known = scores(model, chat, [row["prompt"] + row[side] for row in kept for side in ("chosen", "rejected")])
    low, high = wilson(right, len(held)) if held else (0.0, 1.0)
    found = {
        "trained_on": len(kept),
        "held_out": len(held),
        "right": right,
        "low": round(low, 4),
        "high": round(high, 4),
        "mean": statistics.fmean(known),
        "deviation": statistics.pstdev(known),
    }
    write_json(folder / SCALE, found)
    return found


def function(folder: Path, base: Base, device: Device) -> Callable[..., list[float | None]]:
    """A reward function as trl takes them, of a reward model that was examined."""
    model, chat = load(folder, base, device), load_chat(base)
    scale = json.loads((folder / SCALE).read_text(encoding="utf-8"))
    mean, deviation = float(scale["mean"]), float(scale["deviation"]) or 1.0

    def liked(prompts: list[Any], completions: list[Any], **_: Any) -> list[float | None]:
        said = [[*prompt, *completion] for prompt, completion in zip(prompts, completions, strict=True)]
        return [(score - mean) / deviation for score in scores(model, chat, said)]

    liked.__name__ = NAME
    return liked
