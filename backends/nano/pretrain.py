"""Train nano from nothing on its own corpus, on CPU or GPU, resumably.

In: a folder and a budget (minutes, tokens or steps). Out: in the folder, `checkpoint.pt` (a training that goes on),
`checkpoint-stable.pt` (the state before the decay, from which a longer training can go on) and `weights/` (config,
safetensors, tokenizer). The schedule is warm-up, stable, decay: the rate falls through the last part (DECAY_SHARE) of
the budget, and most of what a training gains it gains there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.nano.batches import BATCH_TOKENS, Batch, Chunks, sight, stream

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 4096
CONFIG: dict[str, Any] = {
    "hidden_size": 256,
    "num_hidden_layers": 7,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 672,
    "max_position_embeddings": 1024,
    "tie_word_embeddings": True,
    "rms_norm_eps": 1e-6,
    "attention_bias": False,
}
MATRIX_RATE = 0.008
EMBEDDING_RATE = 0.0015
WARMUP_STEPS = 60
DECAY_SHARE = 0.6
SAVE_EVERY_SECONDS = 240


def learn_tokenizer(seed: int, chunks: int = 60) -> PreTrainedTokenizerFast:
    from backends.nano import tokens
    from backends.nano.corpus import rows
    from backends.nano.world.prompts import FIRMS, FIRST, PLACES

    def texts() -> Iterator[str]:
        for chunk in range(chunks):
            for dialogue in rows(seed, 1_000_000 + chunk):
                for message in dialogue.messages:
                    yield message["content"]
        yield " ".join((*FIRST, *FIRMS, *PLACES))

    return tokens.learn(texts(), VOCABULARY)


def new_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **CONFIG,
    )
    return LlamaForCausalLM(config)


def optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the embedding and the norms."""
    import torch

    from backends.nano.muon import Muon

    matrices = [
        p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name and "lm_head" not in name
    ]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or "embed" in name]
    muon = Muon(matrices, lr=MATRIX_RATE)
    adam = torch.optim.AdamW(others, lr=EMBEDDING_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    for group in [*muon.param_groups, *adam.param_groups]:
        group["base"] = group["lr"]
    return [muon, adam]


def loss_of(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Weighted mean cross-entropy over the assistant's tokens; the head sees no other position."""
    import torch

    def there(values: np.ndarray[Any, Any]) -> torch.Tensor:
        return torch.from_numpy(values).to(model.device, non_blocking=True)

    with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
        hidden = model.model(
            input_ids=there(batch.tokens),
            attention_mask=sight(there(batch.branches)),
            position_ids=there(batch.places),
            use_cache=False,
        ).last_hidden_state
        logits = model.lm_head(hidden.flatten(0, 1)[there(batch.spots)])
    each = torch.nn.functional.cross_entropy(logits.float(), there(batch.targets).long(), reduction="none")
    weights = there(batch.weights)
    return (each * weights).sum() / weights.sum()


def rate_at(step: int, left: float) -> float:
    """The share of the full learning rate: up over the first steps, down (linearly to 2%) over the last part."""
    return min(1.0, (step + 1) / WARMUP_STEPS) * min(1.0, 0.02 + 0.98 * left / DECAY_SHARE)


def save(path: Path, state: dict[str, Any]) -> None:
    import torch

    staged = path.with_suffix(".tmp")
    with staged.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)


def export(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write half-precision safetensors, config, tokenizer and template; the folder appears whole or not at all."""
    import copy

    import torch

    staged = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(staged, ignore_errors=True)
    half = copy.deepcopy(model).to("cpu", torch.float16)
    half.generation_config.pad_token_id = tokenizer.pad_token_id
    half.generation_config.eos_token_id = tokenizer.eos_token_id
    half.save_pretrained(staged)
    tokenizer.save_pretrained(staged)
    shutil.rmtree(folder, ignore_errors=True)
    staged.replace(folder)


def train(
    out: Path,
    *,
    minutes: float | None = None,
    tokens: int | None = None,
    steps: int | None = None,
    threads: int = 2,
    seed: int = 1,
    rate: float = 1.0,
    resume: bool = True,
    from_weights: Path | None = None,
    compiled: bool = False,
    batch_tokens: int = BATCH_TOKENS,
    workers: int = 0,
    say: Callable[[str], None] = print,
) -> Path:
    """Train until the budget is used up, and return the folder of the weights.

    A checkpoint in `out` goes before `from_weights`, which starts from given weights with a fresh optimizer. `rate` is
    the share of the full learning rate: less than 1 to go on from weights that are good already, more for larger
    batches. `minutes` counts this call's time only; `tokens` and `steps` count from the start of the training, so that
    a resumed training ends where an uninterrupted one would: on a CPU with the same bytes. `workers` are processes that
    make batches ahead; a GPU waits for them otherwise.
    """
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from backends.nano.tokens import load as tokens_of

    if not (minutes or tokens or steps):
        raise ValueError("give minutes, tokens or steps")
    torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = out / "tokenizer"
    if not vocabulary.exists():
        chosen = tokens_of(from_weights) if from_weights else learn_tokenizer(seed)
        chosen.save_pretrained(vocabulary)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(vocabulary)
    model = new_model(tokenizer, seed)
    if from_weights:
        given = LlamaForCausalLM.from_pretrained(from_weights, dtype=torch.float32)
        model.load_state_dict(given.state_dict())
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")
        model.to("cuda")
    if compiled:
        for layer in model.model.layers:  # the same code for all of them, compiled once
            layer.compile(dynamic=True)
    model.train()
    makers = optimizers(model)
    step = chunk = inside = seen = 0
    checkpoint = out / "checkpoint.pt"
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=model.device)
        model.load_state_dict(state["model"])
        for maker, saved in zip(makers, state["optimizers"], strict=True):
            bases = [group["base"] for group in maker.param_groups]
            maker.load_state_dict(saved)
            for group, base in zip(maker.param_groups, bases, strict=True):
                group["base"] = base
        step, chunk, inside, seen = state["place"]
    started = saved_at = time.monotonic()
    first_seen, shown = seen, 0.0
    average: torch.Tensor | None = None
    stable = False

    def left() -> float:
        parts = [1 - seen / tokens if tokens else 1.0, 1 - step / steps if steps else 1.0]
        if minutes:
            parts.append(1 - (time.monotonic() - started) / (60 * minutes))
        return min(parts)

    def keep(path: Path = checkpoint) -> None:
        save(
            path,
            {
                "model": model.state_dict(),
                "optimizers": [m.state_dict() for m in makers],
                "place": [step, chunk, inside, seen],
            },
        )
        loss = None if average is None else float(average)
        (out / "progress.json").write_text(json.dumps({"step": step, "tokens": seen, "loss": loss}))

    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    before = [(number, signal.signal(number, stop)) for number in (signal.SIGINT, signal.SIGTERM)]
    coming = stream(Chunks(tokenizer, seed, batch_tokens), chunk, workers)
    while left() > 0 and not stopped:
        made = next(coming)
        while inside < len(made) and left() > 0 and not stopped:
            batch = made[inside]
            share = rate * rate_at(step, max(left(), 0.0))
            if not stable and left() <= DECAY_SHARE:
                stable = True
                keep(out / "checkpoint-stable.pt")
            for maker in makers:
                for group in maker.param_groups:
                    group["lr"] = group["base"] * share
            loss = loss_of(model, batch)
            loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for maker in makers:
                maker.step()
                maker.zero_grad()
            step, inside, seen = step + 1, inside + 1, seen + batch.real
            value = loss.detach()
            average = value if average is None else value.lerp(average, 0.98)
            now = time.monotonic()
            if now - shown > (1 if sys.stdout.isatty() else 20):
                shown = now
                spent = now - started
                rest = spent * left() / max(1e-9, 1 - left())
                say(
                    f"step {step:6d}  {seen / 1e6:6.2f} M tokens  {(seen - first_seen) / spent:6.0f}/s  "
                    f"loss {average:.4f}  {rest / 60:4.0f} min left"
                )
            if now - saved_at > SAVE_EVERY_SECONDS:
                saved_at = now
                keep()
        if inside >= len(made):
            chunk, inside = chunk + 1, 0
    keep()
    for number, handler in before:
        signal.signal(number, handler)
    if stopped:
        raise KeyboardInterrupt
    export(model, tokenizer, out / "weights")
    return out / "weights"
