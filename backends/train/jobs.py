"""Reading a job: the flat YAML that stock `trl sft|dpo --config` takes.

In: jobs/<stage>.yaml. Out: what stands in it, and the library's own configuration objects with the device's settings
put in. Keys are the library's; one that it does not know is an error. This file must not know models or rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backends.devices import Device
from backends.train import workers
from compiler.failures import DataError


@dataclass(frozen=True, slots=True)
class Job:
    """rows: the row file's name. steps: `max_steps`, or 0."""

    path: Path
    values: dict[str, Any]
    rows: str
    steps: int


def read_job(path: Path) -> Job:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict) or not isinstance(values.get("model_name_or_path"), str):
        raise DataError(f"{path} names no model_name_or_path")
    rows = _rows(values)
    if rows is None:
        raise DataError(f"{path} names no row file: one `datasets` entry with `path: json` and `data_files`")
    return Job(path, values, rows, max(0, int(values.get("max_steps", 0))))


def _rows(values: dict[str, Any]) -> str | None:
    entries = values.get("datasets")
    if not (isinstance(entries, list) and len(entries) == 1 and isinstance(entries[0], dict)):
        return None
    files = entries[0].get("data_files")
    if isinstance(files, dict) and len(files) == 1:
        files = next(iter(files.values()))
    if isinstance(files, list) and len(files) == 1:
        files = files[0]
    return files if isinstance(files, str) else None


def fitted(job: Job, device: Device, work: Path, split: tuple[int, int] | None = None) -> dict[str, Any]:
    """Return the job with what depends on the machine.

    Args:
        split: how many rows go through at once, and how many times for one update; as the job says, unless given.

    Only where things are written, how they are logged and what the device decides is ours. A base that the job holds in
    half precision takes the device's number type; one in full precision stays so.
    """
    ours: dict[str, Any] = {
        "output_dir": str(work),
        "use_cpu": device.kind == "cpu",
        "bf16": device.dtype == "bfloat16",
        "fp16": False,
        "dataloader_pin_memory": device.kind == "cuda",
        # Memory is short on accelerators; a CPU would only compute everything twice.
        "gradient_checkpointing": bool(job.values.get("gradient_checkpointing")) and device.kind != "cpu",
        "report_to": "none",
        "disable_tqdm": True,
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_first_step": True,
        "save_strategy": "steps",
        "save_steps": min(50, max(1, job.steps // 6)) if job.steps else 50,
        "save_total_limit": None,
        "push_to_hub": False,
        "log_level": "error",
        # Every weight of an adapter takes part in every step.
        "ddp_find_unused_parameters": False,
    }
    if job.values.get("dtype") == "bfloat16":
        ours["dtype"] = device.dtype
    if workers.count() > 1:
        ours["ddp_backend"] = workers.backend(device)
    if split is not None:
        ours["per_device_train_batch_size"], ours["gradient_accumulation_steps"] = split
    return {**job.values, **ours}


def number_type(job: Job, device: Device) -> str:
    """The type in which a job holds its base on `device`; `auto` where it says none."""
    return str(fitted(job, device, Path()).get("dtype", "auto"))


def configure(
    job: Job,
    config: type,
    device: Device,
    work: Path,
    script: Callable[[], type] | None = None,
    split: tuple[int, int] | None = None,
) -> tuple[Any, Any]:
    """Return the trainer's configuration and the model's, as `trl` would read them, fitted to `device`.

    Args:
        script: gives the arguments that the library's script takes beside them; those of most scripts unless given.
        split: as for `fitted`.
    """
    from transformers import HfArgumentParser
    from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments

    classes = (script() if script else ScriptArguments, config, ModelConfig, DatasetMixtureConfig)
    known = {field.name for each in classes for field in dataclasses.fields(each)}
    unknown = sorted(set(job.values) - known)
    if unknown:
        raise DataError(f"{job.path} has keys that trl does not know: {', '.join(unknown)}")
    try:
        parsed = HfArgumentParser(list(classes)).parse_dict(fitted(job, device, work, split), allow_extra_keys=False)
    except (ValueError, TypeError) as error:
        raise DataError(f"{job.path}: {error}") from error
    return parsed[1], parsed[2]
