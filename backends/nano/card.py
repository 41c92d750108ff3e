"""Measure nano's abilities and write its card.

In: a folder of weights. Out: counts for every figure of abilities.py, CARD.md and card.json. Answers are greedy (the
question writer's are sampled as the compiler does it), so that the same weights give the same card.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from backends.generate.sources import QUESTION

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from backends.nano.world.dialogues import Message

BATCH = 128
NEW_TOKENS = 96
TURNS = ("<|system|>", "<|user|>", "<|assistant|>", "<|pad|>")
Z = 1.959963984540054


def wilson(right: int, count: int) -> tuple[float, float]:
    """The Wilson 95% interval of a proportion."""
    share, z2 = right / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z * ((share * (1 - share) + z2 / (4 * count)) / count) ** 0.5 / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def load(weights: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(weights)
    model = AutoModelForCausalLM.from_pretrained(weights, dtype=torch.float32)
    return model.eval(), tokenizer


def reply(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    chats: Sequence[list[Message]],
    *,
    sampled: bool = False,
    seed: int = 0,
) -> list[str]:
    """Answers to chats that end with the user's turn, in order; what the model wrote, special tokens included."""
    import torch

    torch.manual_seed(seed)
    texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
    order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
    answers = [""] * len(texts)
    end = tokenizer.eos_token
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        batch = tokenizer([texts[i] for i in part], return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            out = model.generate(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=NEW_TOKENS,
                do_sample=sampled, temperature=QUESTION.temperature if sampled else None, top_k=0 if sampled else None,
                min_p=QUESTION.min_p if sampled else None,
            )  # fmt: skip
        for i, row in zip(part, out[:, batch["input_ids"].shape[1] :], strict=True):
            text = tokenizer.decode(row, skip_special_tokens=False)
            said, found, _ = text.partition(end)
            answers[i] = said if found else said + " [cut]"
    return answers


def evaluate(
    weights: Path,
    *,
    share: float = 1.0,
    groups: Sequence[str] = (),
    seed: int = 7,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Count right answers for every figure (or those of `groups`), on `share` of the items.

    Returns:
        {"weights": digest, "figures": [{group, name, target, count, right, low, high}], "misses": [{...}]}
    """
    from backends.nano.abilities import figures

    model, tokenizer = load(weights)
    found: list[dict[str, Any]] = []
    misses: list[dict[str, Any]] = []
    for figure in figures():
        if groups and figure.group not in groups:
            continue
        count = max(8, round(figure.count * share))
        rng = Random(f"card/{seed}/{figure.group}/{figure.name}")
        items = [figure.make(rng) for _ in range(count)]
        answers = reply(model, tokenizer, [d.messages[:-1] for d in items], sampled=figure.sampled, seed=seed)
        right = 0
        for item, text in zip(items, answers, strict=True):
            good = figure.right(item, text) and not text.endswith("[cut]") and not any(t in text for t in TURNS)
            right += good
            if not good:
                misses.append({"figure": f"{figure.group}: {figure.name}", "messages": item.messages, "said": text})
        low, high = wilson(right, count)
        entry: dict[str, Any] = {
            "group": figure.group,
            "name": figure.name,
            "target": figure.target,
            "count": count,
            "right": right,
            "low": low,
            "high": high,
        }
        if figure.sampled:
            entry["distinct"] = len(set(answers))
        found.append(entry)
        if say:
            say(
                f"{figure.group:14s} {figure.name:38s} {right:4d}/{count:<4d} {100 * right / count:5.1f}%"
                f"{'' if right / count >= figure.target else '  short'}"
            )
    return {"weights": digest(weights), "figures": found, "misses": misses}


def digest(weights: Path) -> str:
    return hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest()[:16]


def totals(result: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Right answers and items by group."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for figure in result["figures"]:
        sums[figure["group"]][0] += figure["right"]
        sums[figure["group"]][1] += figure["count"]
    return {group: (right, count) for group, (right, count) in sums.items()}


def row(name: str, right: int, count: int, target: float) -> str:
    low, high = wilson(right, count)
    mark = "" if right / count >= target else " (short)"
    shares = f"{100 * right / count:.1f}% | {100 * low:.1f} to {100 * high:.1f}"
    return f"| {name} | {right} of {count} | {shares} | {100 * target:.4g}%{mark} |"


def write_card(result: dict[str, Any], folder: Path, training: dict[str, Any]) -> None:
    """Write CARD.md and card.json into `folder`. `training`: steps and tokens of the pre-training."""
    from jinja2 import Environment

    from backends.nano import topics, voices
    from backends.nano.world import asks
    from backends.nano.world.tables import entities

    sums = totals(result)
    targets: dict[str, float] = {}
    for figure in result["figures"]:
        targets[figure["group"]] = max(targets.get(figure["group"], 0.0), figure["target"])
    summary = [
        row(group, right, count, targets[group])
        for group, (right, count) in sums.items()
        if group in ("Right answers", "Voices", "Judging")
    ]
    detail: dict[str, list[str]] = defaultdict(list)
    for figure in result["figures"]:
        detail[figure["group"]].append(row(figure["name"], figure["right"], figure["count"], figure["target"]))
    asking = next((f for f in result["figures"] if "distinct" in f), None)
    template = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False).from_string(
        (Path(__file__).parent / "card.md.jinja").read_text()
    )
    text = template.render(
        summary=summary,
        detail=detail,
        asking=asking,
        question=QUESTION,
        short=[f"{f['group']}, {f['name']}" for f in result["figures"] if f["right"] / f["count"] < f["target"]],
        figures=len(result["figures"]),
        training=training,
        digest=result["weights"],
        voices=voices(),
        topics=topics(),
        kinds=len(asks.everyday()[0]) + 8,
        entities=len(entities()),
    )
    (folder / "CARD.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    kept = {"weights": result["weights"], "training": training, "figures": result["figures"]}
    (folder / "card.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
