"""Jobs as the compiler writes them, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

COMMON: dict[str, Any] = {
    "model_name_or_path": "base",
    "output_dir": "trained",
    "use_peft": True,
    "lora_r": 4,
    "lora_alpha": 8,
    "lora_dropout": 0.0,
    "lora_target_modules": "all-linear",
    "learning_rate": 5.0e-3,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 1,
    "gradient_checkpointing": False,
    "dataloader_pin_memory": False,
    "use_cpu": True,
    "bf16": False,
    "report_to": "none",
    "logging_steps": 1,
    "save_strategy": "no",
    "seed": 0,
    "dtype": "float32",
    "max_length": 512,
}


def dpo(steps: int) -> dict[str, Any]:
    return {
        **COMMON,
        "datasets": [{"path": "json", "data_files": "pairs.jsonl", "columns": ["prompt", "chosen", "rejected"]}],
        "max_steps": steps,
        "loss_type": ["sigmoid", "sft"],
        "loss_weights": [1.0, 0.5],
        "beta": 0.1,
    }


def sft(steps: int) -> dict[str, Any]:
    return {
        **COMMON,
        "datasets": [{"path": "json", "data_files": "sft.jsonl", "columns": ["messages"]}],
        "max_steps": steps,
        "assistant_only_loss": True,
    }


def write(build: Path, **jobs: dict[str, Any]) -> None:
    (build / "jobs").mkdir(parents=True, exist_ok=True)
    for name, values in jobs.items():
        (build / "jobs" / f"{name}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
