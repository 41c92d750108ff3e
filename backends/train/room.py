"""How an update goes through the memory that is there, before anything has run out of it.

In: a job, its rows, a base, a device. Out: the job and the split to begin with: on a GPU as many rows at once as are
estimated to fit, without computing layers again where that fits, too; on a CPU as the job says, or fewer where that
much memory is not free. What was estimated too low is found out (`backends.train.fitting`). This file must not know
trainers.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from backends.bases import Base
from backends.devices import Device
from backends.train.jobs import Job
from backends.train.sharing import Split
from compiler.costs import memory, rows, shapes, training
from compiler.costs.rows import Lengths
from compiler.costs.shapes import Shape
from compiler.lowering.losses import METHODS

CHARACTERS = 3
"""Characters of a token, at the least: fewer rows at once than would fit cost little, and more cost a new start."""


def arranged(job: Job, stage: str, build: Path, base: Base, device: Device, split: Split) -> tuple[Job, Split]:
    """The job, and how its updates go through `device`; as they are where nothing tells how much memory they take."""
    shape, of = _shape(base), _lengths(build / job.rows, stage)
    room = room_of(device)
    if shape is None or of is None or room is None or METHODS[stage].policy:
        return job, split
    return fit(job, stage, shape, of, device, split, room)


def fit(
    job: Job, stage: str, shape: Shape, of: Lengths, device: Device, split: Split, room: float
) -> tuple[Job, Split]:
    """
    Args:
        room: bytes that may be taken.
    """
    four_bit = bool(job.values.get("load_in_4bit"))
    if device.kind == "cpu":
        smaller: Split | None = split
        while smaller is not None and _taken(job, shape, of, smaller.at_once) > room:
            smaller = smaller.halved()
        # Where nothing fits by the estimate, the estimate may be wrong.
        return job, smaller or split
    each = {"per_device_train_batch_size": split.at_once, "gradient_accumulation_steps": split.accumulation}
    found, _ = training.passages(
        shape, {**job.values, **each}, stage, of, room, four_bit=four_bit, bytes_each=_bytes(device)
    )
    again = found.checkpointing if found else True
    arranged = dataclasses.replace(split, accumulation=found.accumulation) if found else split
    told = dataclasses.replace(job, values={**job.values, "gradient_checkpointing": again})
    return told, arranged if arranged.fits() else split


_sharing = 1


def share(trainings: int) -> None:
    """Say by how many trainings of other builds, with this one, the machine's memory is shared."""
    global _sharing
    _sharing = trainings


def room_of(device: Device) -> float | None:
    """Bytes that a training may take: of a GPU's memory, or of what is free on this machine."""
    if device.kind != "cpu":
        return None if device.memory is None else training.ROOM * device.memory
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        told = {line.split(":")[0]: line.split()[1] for line in lines}
        together = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) * _sharing
        return training.ROOM * 1024 * int(told["MemAvailable"]) / together
    except (OSError, KeyError, ValueError):
        return None


def _taken(job: Job, shape: Shape, of: Lengths, at_once: int) -> float:
    tokens = max(at_once * of.computed, float(of.longest))
    learned = tokens * of.learned / of.computed
    rank = int(job.values.get("lora_r", 16))
    return memory.peak(shape, rank, tokens, learned, training.width(of), bytes_each=4).whole


def _bytes(device: Device) -> int:
    return 2 if device.dtype == "bfloat16" else 4


def _shape(base: Base) -> Shape | None:
    try:
        config = json.loads((base.path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return shapes.of_config(config)


def _lengths(path: Path, stage: str) -> Lengths | None:
    """None where rows cannot be read, which reading them again says properly."""
    try:
        with path.open(encoding="utf-8") as lines:
            read: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
        return rows.lengths(read, stage, lambda text: -(-len(text) // CHARACTERS)) if read else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
