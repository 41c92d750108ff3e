"""`train { options { max_grad_norm: 0.5 } }` -> keys of a job, as far as the stage's trainer has them.

In: a program's options, a stage. Out: the stage's settings by name. `trainer_settings.json`, which
`backends/train/settings.py` writes, has the names and kinds of all settings of the installed library. What the spec
says in words of its own, what the device decides, and what would send anything anywhere is not to be set here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from spec.document import Option, Train

FILE = Path(__file__).with_name("trainer_settings.json")
SAID: dict[str, str] = {
    "learning_rate": "learning_rate", "beta": "beta", "max_steps": "steps", "num_train_epochs": "steps",
    "per_device_train_batch_size": "batch", "gradient_accumulation_steps": "batch", "seed": "seed", "data_seed": "seed",
    "loss_type": "loss", "loss_weights": "sft_weight", "cpo_alpha": "sft_weight", "reward_weights": "reward_weight",
    "lora_r": "adapter { rank: 16 }", "lora_alpha": "adapter { alpha: 32 }", "lora_dropout": "adapter { dropout: 0.1 }",
}  # fmt: skip
"""Settings that a spec has words for, and these words."""
DECIDED = frozenset({
    "model_name_or_path", "model_revision", "dtype", "attn_implementation", "load_in_8bit", "load_in_4bit",
    "bnb_4bit_quant_type", "bnb_4bit_quant_storage", "use_bnb_nested_quant", "use_peft", "lora_task_type",
    "lora_target_modules", "output_dir", "use_cpu", "bf16", "fp16", "bf16_full_eval", "fp16_full_eval", "tf32",
    "dataloader_pin_memory", "gradient_checkpointing", "report_to", "disable_tqdm", "logging_strategy",
    "logging_steps", "logging_first_step", "save_strategy", "save_steps", "save_total_limit", "save_only_model",
    "log_level", "eval_strategy", "eval_steps", "do_eval", "do_train", "do_predict", "resume_from_checkpoint",
    "load_best_model_at_end", "remove_unused_columns", "deepspeed", "fsdp", "fsdp_config", "parallelism_config",
    "accelerator_config", "ddp_backend", "local_rank", "torch_compile", "auto_find_batch_size", "eval_on_start",
    "reward_model_path", "teacher_model_kind", "num_generations_eval", "chat_template_path", "eos_token",
    "pad_token",
})  # fmt: skip
"""What Tenet decides: by the device, by the stage, or so that a killed run goes on."""
SENDING = ("push_to_hub", "hub_", "trust_remote_code", "use_vllm", "vllm_", "use_teacher_server", "project", "trackio")
"""How the names begin of what would send something, fetch code, or ask another process."""


@cache
def known() -> Mapping[str, Mapping[str, str]]:
    """The settings of each method, with the kinds of value that they take."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: {**found["every method"], **own} for name, own in found["methods"].items()}


def refusal(name: str) -> str | None:
    """Why a setting of the library is not to be set by a spec; None where it is."""
    if name in SAID:
        return f"a spec says this by `{SAID[name]}`"
    if name in DECIDED:
        return "Tenet decides this"
    return "nothing is sent anywhere, and no code is fetched" if name.startswith(SENDING) else None


def fits(value: Any, kinds: str) -> bool:
    """Whether a setting takes a value of this kind.

    >>> fits(1, "number"), fits(True, "whole"), fits("a", "list or text"), fits((1, 2), "list")
    (True, False, True, True)
    """
    taken = kinds.split(" or ")
    match value:
        case bool():
            return "flag" in taken
        case int():
            return "whole" in taken or "number" in taken
        case float():
            return "number" in taken
        case str():
            return "text" in taken
        case _:
            return "list" in taken


def of_stage(train: Train, stage: str) -> dict[str, Any]:
    """The settings that a stage's trainer has, as a job holds them."""
    given: tuple[Option, ...] = train.options.given if train.options else ()
    has = known()[stage]
    return {o.name: list(o.value) if isinstance(o.value, tuple) else o.value for o in given if o.name in has}
