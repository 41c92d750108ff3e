"""A step of training beside the library's own: `python -m benchmarks.training [HIDDEN LAYERS VOCABULARY]`.

A model of random weights, shaped like Llama (51 million parameters unless told otherwise), with LoRA on all linear
layers; chats of ragged lengths behind a system prompt. Both contenders are the library's trainer at its best setting
here: the reference computed once, no checkpointing, float32. One asks the model through its own forward pass, the
other through `backends/train/packed.py`. Their losses are compared step by step before any time is shown; what is timed
is whole steps, optimiser included, in turn.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from backends.train.packed import packing
from benchmarks.side_by_side import Contender, compare

SHAPE = (512, 8, 32_000)
"""Hidden size, layers, vocabulary."""
STEPS = 3
BATCH = 16
ROUNDS = 5
CLOSE = 1e-3
"""Between losses of one step, which are sums over a batch of log-probabilities that agree to 1e-4."""


def model(hidden: int, layers: int, vocabulary: int) -> Any:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        vocab_size=vocabulary,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    return get_peft_model(LlamaForCausalLM(config), LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))


def rows(vocabulary: int) -> list[dict[str, list[int]]]:
    """Ragged pairs, tokenised: a system prompt of 60 tokens, questions of 10 to 80, answers of 20 to 200."""
    dice = random.Random(1)

    def some(low: int, high: int) -> list[int]:
        return [dice.randrange(5, vocabulary) for _ in range(dice.randint(low, high))]

    system = some(60, 60)
    return [
        {"prompt_ids": [*system, *some(10, 80)], "chosen_ids": some(20, 200), "rejected_ids": some(20, 200)}
        for _ in range(STEPS * BATCH)
    ]


def trainer(method: str, shape: tuple[int, int, int], folder: Path, packed: bool) -> Any:
    """The library's trainer over rows that are tokenised already."""
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    common: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": STEPS,
        "per_device_train_batch_size": BATCH,
        "gradient_checkpointing": False,
        "use_cpu": not torch.cuda.is_available(),
        "bf16": False,
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 1,
        "disable_tqdm": True,
        "learning_rate": 1e-4,
        "lr_scheduler_type": "constant",
        "seed": 0,
        "dataloader_pin_memory": False,
    }
    pairs = rows(shape[2])
    tokenizer = PreTrainedTokenizerFast.from_pretrained(_nano(), local_files_only=True)
    with packing() if packed else nullcontext():
        if method == "dpo":
            options = {"precompute_ref_log_probs": True, "loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}
            made: Any = _Tokenised(DPOTrainer)(
                model=model(*shape),
                args=DPOConfig(**common, **options, max_length=None),
                train_dataset=Dataset.from_list(pairs),
                processing_class=tokenizer,
            )
        else:
            chats = [
                {
                    "input_ids": pair["prompt_ids"] + pair["chosen_ids"],
                    "completion_mask": [0] * len(pair["prompt_ids"]) + [1] * len(pair["chosen_ids"]),
                }
                for pair in pairs
            ]
            made = SFTTrainer(
                model=model(*shape),
                args=SFTConfig(**common, max_length=None, completion_only_loss=True),
                train_dataset=Dataset.from_list(chats),
                processing_class=tokenizer,
            )
    return made


def _Tokenised(kind: type) -> type:
    """The trainer, which takes rows as they are."""
    return type("Tokenised", (kind,), {"_prepare_dataset": lambda self, dataset, *given: dataset})


def _nano() -> str:
    from backends import bases

    return str(bases.resolve("nano").path)


def losses(made: Any) -> list[float]:
    return [entry["loss"] for entry in made.state.log_history if "loss" in entry]


def run(method: str, shape: tuple[int, int, int], folder: Path, packed: bool) -> tuple[float, list[float]]:
    """Seconds of the steps, and their losses; making the trainer is not counted."""
    made = trainer(method, shape, folder, packed)
    start = time.perf_counter()
    made.train()
    return time.perf_counter() - start, losses(made)


def main() -> None:
    shape = tuple(map(int, sys.argv[1:4])) if len(sys.argv) > 3 else SHAPE
    assert len(shape) == 3
    torch.set_num_threads(2)
    for method in ("dpo", "sft"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            ours, theirs = (run(method, shape, folder, packed)[1] for packed in (True, False))
            if any(abs(a - b) > CLOSE for a, b in zip(ours, theirs, strict=True)):
                raise ValueError(f"{method}: the losses differ: {json.dumps([ours, theirs])}")
            made = {name: trainer(method, shape, folder, name == "tenet") for name in ("tenet", "stock trl")}
            tokens = sum(len(row[name]) for row in rows(shape[2]) for name in row)

            def steps(name: str, made: dict[str, Any] = made) -> Callable[[], object]:
                def train() -> object:
                    return made[name].train()

                return train

            compare(
                f"{method}: {STEPS} steps of {BATCH} rows, {shape[0]} x {shape[1]}, {shape[2]:,} words",
                [Contender(name, steps(name)) for name in made],
                rounds=ROUNDS,
                same_output=False,
                work=(tokens, "tokens"),
            )


if __name__ == "__main__":
    main()
