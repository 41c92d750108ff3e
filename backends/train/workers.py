"""The processes that train together, seen from inside one of them.

In: the environment that `backends.train.launching`, `torchrun` or `accelerate launch` has set. Out: which of them this
is, and a way to wait for the others. Without any of them there is one process. This file must not know what is trained.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from backends.devices import Device

T = TypeVar("T")
MEETING = "TENET_MEETING"
"""The file by which processes of one machine find one another; without it they meet where MASTER_ADDR says."""
PATIENCE = timedelta(hours=2)
"""While the first process saves and confirms an adapter, the others wait."""


def count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def meet(device: Device) -> None:
    """Wait until all processes are there: over NCCL on CUDA, else over gloo."""
    import torch
    import torch.distributed as processes

    if count() == 1 or processes.is_initialized():
        return
    if device.kind == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    place = os.environ.get(MEETING)
    if place is not None:
        # They are all on this machine, and need no name that its network knows.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    processes.init_process_group(
        backend(device),
        init_method=Path(place).absolute().as_uri() if place else "env://",
        rank=rank(),
        world_size=count(),
        timeout=PATIENCE,
    )


def part_of(device: Device) -> Device:
    """The device as one of several processes of this machine has it: each takes its part of a CPU's threads."""
    together = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return replace(device, threads=max(1, device.threads // together)) if device.kind == "cpu" else device


def are_listened_to() -> bool:
    """Whether `backends.train.launching` has started this process, and records what fails."""
    return MEETING in os.environ


def backend(device: Device) -> str:
    return "nccl" if device.kind == "cuda" else "gloo"


def shared(found: Callable[[], T]) -> T:
    """What the first process finds, in all of them."""
    if count() == 1:
        return found()
    import torch.distributed as processes

    told = [found() if is_first() else None]
    processes.broadcast_object_list(told, src=0)
    value: Any = told[0]
    return cast(T, value)


def wait() -> None:
    """Until all processes have come here."""
    if count() > 1:
        import torch.distributed as processes

        processes.barrier()
