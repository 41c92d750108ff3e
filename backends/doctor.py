"""What this machine has and lacks for building, training and measuring, and how to get it.

In: the machine, and perhaps a build folder. Out: findings. It works where torch is not installed: that is one of the
findings. This file must not know specs.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from backends import bases
from backends.bases import Base
from compiler import wording
from compiler.failures import DataError, NetworkError, TenetError

Status = Literal["ok", "warn", "missing"]

# What needs it, by package; the first group reads specs, the second trains.
PACKAGES = {
    "lark": "reading specs",
    "pydantic": "records",
    "click": "the command line",
    "rich": "the terminal",
    "jinja2": "the HTML report",
    "pyyaml": "training jobs",
    "pyarrow": "Parquet files and patterns",
    "torch": "answers and training",
    "transformers": "base models",
    "peft": "adapters",
    "trl": "training",
    "datasets": "training",
    "accelerate": "training",
    "safetensors": "weights",
}
TO_JUDGE = ("Be brief.", "What is the capital of France?", "Paris.")
"""A principle, a question and an answer, put to a model in the words that a judge is asked in."""

LEAST_FREE = 2 << 30
LEAST_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """status: `ok`, `warn` (works, not well) or `missing` (something cannot run). help: how to mend it."""

    name: str
    status: Status
    text: str
    help: str | None = None


def report(build: Path | None = None) -> list[Finding]:
    """Look at Python, packages, device, memory, disk and the base; loading nano's weights is tried. Nothing is
    fetched.

    Args:
        build: a build folder whose base and judge are tried as well.
    """
    findings = [_python(), *_packages(), _memory(), _disk(), _hub()]
    if find_spec("torch") is not None:
        findings += [_device(), _processes(), _four_bit()]
    if all(find_spec(name) is not None for name in ("torch", "transformers")):
        findings.append(_model("base nano", lambda: bases.resolve("nano")))
        if build is not None and (build / "recipe.json").is_file():
            findings += _of_build(build)
    return findings


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> list[Finding]:
    findings = []
    for name, purpose in PACKAGES.items():
        try:
            findings.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, "missing", f"not installed; needed for {purpose}", f"pip install {name}"))
    return findings


def _device() -> Finding:
    from backends.devices import choose

    try:
        device = choose()
    except DataError as error:
        return Finding("device", "missing", error.message, error.help)
    text = f"{device.name} ({device.kind}), {device.dtype}"
    if device.kind == "cpu":
        return Finding(
            "device",
            "ok",
            f"{text}, {device.threads} threads of {os.cpu_count()} cores",
            "enough for nano; a base of half a billion parameters or more wants a GPU",
        )
    return Finding("device", "ok", text + (f", {_size(device.memory)}" if device.memory else ""))


def _processes() -> Finding:
    import torch
    import torch.distributed as distributed

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not distributed.is_available():
        return Finding("processes", "ok", "one: this torch has no distributed training")
    if gpus > 1 and distributed.is_nccl_available():
        return Finding("processes", "ok", f"{gpus} GPUs over NCCL: tenet train --processes {gpus}")
    # A process for each core at most; two of them gain nothing on a GPU that both want.
    return Finding("processes", "ok", "one GPU, one process" if gpus else "several over gloo: tenet train --processes")


def _four_bit() -> Finding:
    from backends.devices import choose
    from backends.train.bits import refuse_where_missing

    try:
        refuse_where_missing(choose())
    except DataError as error:
        return Finding("4-bit bases", "ok", f"not here: {error.message}")
    return Finding("4-bit bases", "ok", f"tenet train --quantize 4bit, by bitsandbytes {version('bitsandbytes')}")


def _memory() -> Finding:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return Finding("memory", "ok", "this system does not tell")
    text = f"{_size(free)} free of {_size(whole)}"
    if free < LEAST_MEMORY:
        return Finding("memory", "warn", text, f"training nano wants {_size(LEAST_MEMORY)}; close something")
    return Finding("memory", "ok", text)


def _disk() -> Finding:
    free = shutil.disk_usage(Path()).free
    text = f"{_size(free)} free here"
    if free < LEAST_FREE:
        return Finding("disk", "warn", text, "a build, its cache and a run take up to a few hundred MB for nano")
    return Finding("disk", "ok", text)


def _hub() -> Finding:
    asked = "offline" if bases.is_offline() else "asked only for a base that a spec names"
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Finding("hub", "ok", f"{asked}; cache in {home}")


def _model(title: str, find: Callable[[], Base], is_served: bool = False) -> Finding:
    from backends import engines

    try:
        base = find()
        said = engines.load(base).yes([wording.judge_request(*TO_JUDGE)])[0]
    except NetworkError as error:
        away = error.message if is_served else "not on this machine; a build would fetch it"
        return Finding(title, "missing", away, error.help)
    except TenetError as error:
        return Finding(title, "missing", error.message, error.help)
    judges = "can judge" if said is not None else "gives no yes or no: name another judge for clauses without signs"
    return Finding(title, "ok" if said is not None else "warn", f"loads; {judges}")


def _of_build(build: Path) -> list[Finding]:
    from backends.recipes import base_of, read_recipe

    try:
        recipe = read_recipe(build)
    except TenetError as error:
        return [Finding("build", "missing", error.message, error.help)]
    findings = []
    if recipe.base != "nano":
        findings.append(_model(f"base {recipe.base}", lambda: base_of(build, recipe, local_files_only=True)))
    roles = (("judge", recipe.judge, recipe.judge_revision), ("teacher", recipe.teacher, recipe.teacher_revision))
    for role, name, revision in roles:
        if name is not None and name != recipe.base:
            served = bases.is_served(name)
            find = partial(bases.resolve_role, name, revision, local_files_only=not served)
            findings.append(_model(f"{role} {name}", find, served))
        elif role == "judge":
            findings.append(Finding("judge", "ok", "the base itself; reports say so"))
    return findings


def _size(number: int) -> str:
    return f"{number / (1 << 30):.1f} GB"
