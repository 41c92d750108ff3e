"""The `train` statement -> `jobs/*.yaml`, configurations that stock `trl sft`, `trl dpo` and its like run unchanged.

In: a program, the base's size, how many rows the recipe asks for, and how many chats the user's own files hold: from
these come the steps, so that a large file is seen as often as a small one. Out: one file for each stage of the method.
Every key is one that TRL's own scripts read (an unknown key is an error there). Paths are relative to the build folder
and nothing depends on the device, so `cd build/pirate && trl dpo --config jobs/dpo.yaml` runs anywhere; `tenet train`
fits the job to the device that it finds. This file must not import trl.

>>> from compiler.build import from_text
>>> job, = lower(from_text('''
... trait pirate { means: "Talk like a pirate." }
... train { method: dpo  beta: 0.2 }
... '''))
>>> [line for line in job.text.splitlines() if line.startswith(("beta", "loss_", "max_steps"))]
['max_steps: 96', 'loss_type: [sigmoid, sft]', 'loss_weights: [1.0, 1.0]', 'beta: 0.2']
"""

from __future__ import annotations

import json
import re
from typing import Any

from compiler.artifact import Artifact, Mark
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import recipe, settings
from compiler.lowering.losses import LARGE, METHODS, SMALL, Method
from compiler.records.recipe import Recipe
from compiler.stages import stages_of

TRAIN, MODEL = "train", "model"
Value = str | int | float | bool | list[Any] | None


def lower(program: Program, facts: Facts | None = None, asked: Recipe | None = None) -> tuple[Artifact, ...]:
    """asked: the recipe, where it is made already."""
    facts = facts or Facts()
    asked = asked or recipe.make(program, facts.data, facts.prompts)
    # Pairs are made of the recipe's rows and the user's preferences; chats are these and the user's other ones.
    pairs = sum(unit.count for unit in asked.units if unit.purpose == "pairs")
    chats = sum(unit.count for unit in asked.units if unit.purpose == "chats")
    rows = {
        "pairs.jsonl": pairs + sum(file.preferences for file in facts.data),
        "sft.jsonl": pairs + chats + sum(file.rows for file in facts.data),
    }
    stages = stages_of(program.train.method)

    def count(method: Method) -> int:
        own = [unit.count for unit in asked.units if unit.is_trained and unit.generator in method.generators]
        return sum(own) if method.generators else rows[method.rows]

    return tuple(
        _job(
            stage, program, facts, count(METHODS[stage]), first=stage == "reward" or not {*stages[:index]} - {"reward"}
        )
        for index, stage in enumerate(stages)
    )


def _job(stage: str, program: Program, facts: Facts, rows: int, first: bool) -> Artifact:
    train = program.train
    usual = SMALL if facts.base.small else LARGE
    method = METHODS[stage]
    batch = train.batch or usual.batch
    if method.rewarded:
        batch = max(batch, 2)  # an answer is held against another one
    batch, step = method.steps(batch, usual.step)
    steps = train.steps or (
        usual.policy_steps if method.policy else max(usual.least_steps, round(rows * usual.passes / batch))
    )
    keys: list[tuple[str, Value, str]] = [
        ("model_name_or_path", "base", MODEL),
        # A large base is held in half precision, on any device; the adapter is always in full.
        ("dtype", "float32" if facts.base.small else "bfloat16", MODEL),
        ("datasets", [_rows_of(stage)], TRAIN),
        ("output_dir", stage, TRAIN),
        ("use_peft", True, TRAIN),
        ("lora_r", train.adapter.rank, TRAIN),
        ("lora_alpha", train.adapter.alpha or 2 * train.adapter.rank, TRAIN),
        ("lora_dropout", train.adapter.dropout, TRAIN),
        ("lora_target_modules", ["all-linear"], TRAIN),
        ("max_steps", steps, TRAIN),
        ("per_device_train_batch_size", step, TRAIN),
        ("gradient_accumulation_steps", batch // step, TRAIN),
        ("learning_rate", train.learning_rate or usual.rate(stage), TRAIN),
        ("lr_scheduler_type", "linear", TRAIN),
        ("warmup_steps", max(1, steps // 12), TRAIN),
        *((key, value, TRAIN) for key, value in method.keys(program, usual, batch)),
        ("seed", train.seed, TRAIN),
        ("data_seed", train.seed, TRAIN),
        ("logging_steps", 1, TRAIN),
        ("save_strategy", "steps", TRAIN),
        ("save_steps", max(1, steps // 4), TRAIN),
        ("report_to", "none", TRAIN),
        # Off, since not every device can; where one can, `tenet train` turns them on.
        ("bf16", False, MODEL),
        ("dataloader_pin_memory", False, MODEL),
        ("gradient_checkpointing", not facts.base.small, MODEL),
    ]
    own = settings.of_stage(train, stage)
    keys = [(key, own.pop(key, value), cause) for key, value, cause in keys]
    keys += [(key, value, TRAIN) for key, value in own.items()]
    head = [
        f"# In build/{program.name}: trl {stage} --config jobs/{stage}.yaml"
        if method.stock
        else "# `tenet train` alone runs this: the library has no command for it.",
        f"# base: {facts.base.name}{f' at {facts.base.revision}' if facts.base.revision else ''}",
        *([] if first else [_begun(stage)]),
    ]
    lines = [*head, *(f"{key}: {written(value)}" for key, value, _ in keys)]
    marks = tuple(Mark(key, (cause,)) for key, _, cause in keys)
    return Artifact(f"jobs/{stage}.yaml", "\n".join(lines) + "\n", marks)


def _begun(stage: str) -> str:
    if METHODS[stage].generators:
        return "# An adapter of its own beside that of the stage before, which stays as it is; both are added exactly."
    return "# `tenet train` starts this stage from the adapter of the stage before it."


def _rows_of(stage: str) -> dict[str, Any]:
    method = METHODS[stage]
    return {"path": "json", "data_files": method.rows, "split": "train", "columns": list(method.columns)}


_PLAIN = re.compile(r"[A-Za-z_.][\w./+-]*")
_READ_OTHERWISE = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan"})
"""Words that YAML 1.1 takes for something else than text."""


def written(value: Any) -> str:
    """Return a value as YAML's flow style, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # YAML 1.1 reads `5e-05` as a string; a point in it makes it a number.
        text = repr(value)
        return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text
    if isinstance(value, list):
        return f"[{', '.join(written(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {written(v)}' for k, v in value.items())}}}"
    if isinstance(value, str) and not (_PLAIN.fullmatch(value) and value.lower() not in _READ_OTHERWISE):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
