"""A step of training beside the library's own: `python -m benchmarks.training [HIDDEN LAYERS WORDS]`.

A model of random weights, shaped like Llama (51 million parameters unless told otherwise), with LoRA on all linear
layers; rows of random tokens, as long as those of hh-rlhf's test of harmlessness are (Bai et al. 2022; 2,312 pairs), or
`even`: a system prompt, a short question, answers of 20 to 200 tokens. Both contenders are the library's trainer at its
best setting here: the reference computed once, no checkpointing, float32. One asks the model through its own forward
pass, the other through `backends/train/packed.py`. Their losses are compared step by step before any time is shown;
what is timed is whole steps, optimiser included, in turn.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from backends.train.packed import packing
from benchmarks.side_by_side import Contender, compare

METHODS = ("dpo", "sft")
SHAPE = (512, 8, 32_000)
"""Hidden size, layers, vocabulary."""
STEPS = 3
BATCH = 16
ROUNDS = 5
MEDIANS = {"prompt_ids": 86, "chosen_ids": 26, "rejected_ids": 35}
SPREAD = 1.02
LONGEST = 600
"""Tokens of a part of a row, log-normal: the median is that of hh-rlhf at 4.2 characters a token, as is the spread."""
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


def rows(vocabulary: int, lengths: str) -> list[dict[str, list[int]]]:
    """Pairs of random tokens."""
    dice = random.Random(1)

    def some(length: int) -> list[int]:
        return [dice.randrange(5, vocabulary) for _ in range(length)]

    def drawn(median: int) -> list[int]:
        return some(round(min(max(dice.lognormvariate(math.log(median), SPREAD), 5), LONGEST)))

    system = some(60)
    even = [
        {
            "prompt_ids": [*system, *some(dice.randint(10, 80))],
            "chosen_ids": some(dice.randint(20, 200)),
            "rejected_ids": some(dice.randint(20, 200)),
        }
        for _ in range(STEPS * BATCH)
    ]
    chats = [{name: drawn(median) for name, median in MEDIANS.items()} for _ in range(STEPS * BATCH)]
    return {"even": even, "chats": chats}[lengths]


def trainer(method: str, shape: tuple[int, int, int], lengths: str, folder: Path, packed: bool) -> Any:
    """The library's trainer over rows that are tokenised already."""
    from datasets import Dataset
    from transformers import PreTrainedTokenizerFast, PrinterCallback
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
    pairs = rows(shape[2], lengths)
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
    made.remove_callback(PrinterCallback)
    return made


def _Tokenised(kind: type) -> type:
    """The trainer, which takes rows as they are."""
    return type("Tokenised", (kind,), {"_prepare_dataset": lambda self, dataset, *given: dataset})


def _nano() -> str:
    from backends import bases

    return str(bases.resolve("nano").path)


def losses(made: Any) -> list[float]:
    return [entry["loss"] for entry in made.state.log_history if "loss" in entry]


def run(method: str, shape: tuple[int, int, int], lengths: str, folder: Path, packed: bool) -> list[float]:
    """The losses of the steps."""
    made = trainer(method, shape, lengths, folder, packed)
    made.train()
    return losses(made)


def main() -> None:
    from datasets import disable_progress_bars

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", nargs="*", type=int, default=SHAPE, help="hidden size, layers, words")
    parser.add_argument("--lengths", choices=("chats", "even"), default="chats")
    parser.add_argument("--only", choices=METHODS, help="one of the methods")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    hidden, layers, words = given.shape
    shape, lengths = (hidden, layers, words), given.lengths
    torch.set_num_threads(2)
    os.environ["TQDM_DISABLE"] = "1"
    disable_progress_bars()
    for method in [given.only] if given.only else METHODS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            ours, theirs = (run(method, shape, lengths, folder, packed) for packed in (True, False))
            if any(abs(a - b) > CLOSE for a, b in zip(ours, theirs, strict=True)):
                raise ValueError(f"{method}: the losses differ: {json.dumps([ours, theirs])}")
            made = {name: trainer(method, shape, lengths, folder, name == "tenet") for name in ("tenet", "stock trl")}
            parts = [part for part in MEDIANS if method == "dpo" or part != "rejected_ids"]
            tokens = sum(len(row[part]) for row in rows(words, lengths) for part in parts)

            def steps(name: str, made: dict[str, Any] = made) -> Callable[[], object]:
                def train() -> object:
                    return made[name].train()

                return train

            compare(
                f"{method}: {STEPS} steps of {BATCH} rows ({lengths}), {hidden} x {layers}, {words:,} words",
                [Contender(name, steps(name)) for name in made],
                rounds=given.rounds,
                same_output=False,
                work=(tokens, "tokens"),
            )


if __name__ == "__main__":
    main()
