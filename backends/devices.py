"""Which device computes, in which number type, with how many threads.

In: nothing but the machine. Out: a `Device`. torch is imported inside functions: the doctor reads this file on machines
without it. This file must not know models or specs.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from compiler.failures import DataError, MemoryError_

CPU_THREADS = 2
"""Threads on a CPU. Sums are split by thread, so another number may give other last bits: fixed, not taken from the
machine."""

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4

OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "out of memory",
)


@dataclass(frozen=True, slots=True)
class Device:
    """kind: `cuda`, `mps` or `cpu`. dtype: `bfloat16` or `float32`. name: what the maker calls it."""

    kind: str
    dtype: str
    name: str
    threads: int
    memory: int | None = None
    """Bytes, where the device tells."""


def choose() -> Device:
    """Return the best device here: CUDA, then MPS, then the CPU. `TENET_DEVICE` and `TENET_THREADS` overrule.

    Raises:
        DataError: one of the two says what cannot be.
    """
    import torch

    threads, wanted = cpu_threads(), os.environ.get("TENET_DEVICE")
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted is not None and not here.get(wanted):
        raise DataError(
            f"TENET_DEVICE is {wanted!r}, and torch finds {', '.join(kind for kind, found in here.items() if found)}",
            help="leave TENET_DEVICE out to take the best device; `tenet doctor` shows it",
        )
    if wanted in (None, "cuda") and here["cuda"]:
        properties = torch.cuda.get_device_properties(0)
        dtype = "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
        return Device("cuda", dtype, properties.name, threads, properties.total_memory)
    if wanted in (None, "mps") and here["mps"]:
        return Device("mps", "float32", "Apple GPU", threads, int(torch.mps.recommended_max_memory()))
    # float32 is also the fast type on a CPU without matrix units: bfloat16 reached half its rate there.
    return Device("cpu", "float32", "CPU", threads)


def cpu_threads() -> int:
    """How many threads a CPU computes with: CPU_THREADS, or what `TENET_THREADS` says.

    Raises:
        DataError: it says no number of threads.
    """
    said = os.environ.get("TENET_THREADS", str(CPU_THREADS))
    if not (said.isdecimal() and int(said) > 0):
        raise DataError(f"TENET_THREADS is {said!r}", help="give a number of threads, 1 or more")
    return int(said)


def settle(device: Device) -> None:
    """Make this process compute the same bytes at every run on such a device.

    On CUDA as far as there are kernels for it: attention's backward pass says there that it is not deterministic, so
    that two trainings can differ in their last bits (seen on an H200 with torch 2.11).
    """
    import torch

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # The libraries warn one another of what they will rename; a user can do nothing about it.
    for category in (FutureWarning, DeprecationWarning):
        warnings.filterwarnings("ignore", category=category, module=r"(transformers|peft|trl|accelerate|torch)\b")
    torch.set_num_threads(device.threads)
    if device.kind == "cpu":
        _keep_freed_memory()
    if device.kind == "cuda":
        # cuBLAS reads this when it starts; without it its results may differ between runs.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def _keep_freed_memory() -> None:
    """Have the C library keep what is freed for the next step. By default it returns large blocks at once, and the
    system fills them with zeros when they are asked for again: eight steps of nano on two threads took 13.2 s so, and
    10.6 s with this, in a process of 1.6 GB instead of 1.5.
    """
    if not sys.platform.startswith("linux"):
        return
    # Not every C library has mallopt; the numbers are those of glibc's malloc.h.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**26)):
            mallopt(parameter, value)


def release_memory() -> None:
    """Give back what nothing refers to any more: trainers and models stand in cycles."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def peak_memory(device: Device) -> int:
    """Bytes that this process has held at most: of the device's memory on CUDA, else of the machine's."""
    import resource

    import torch

    if device.kind == "cuda":
        return int(torch.cuda.max_memory_allocated())
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else 1024 * held


def torch_dtype(device: Device) -> Any:
    import torch

    return getattr(torch, device.dtype)


@contextmanager
def noticing_memory(doing: str, help: str = "take a smaller base, or a larger device") -> Iterator[None]:
    """Turn every way of saying that memory ran out into one failure.

    Raises:
        MemoryError_: it ran out while `doing`.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryError_(f"not enough memory while {doing}", help=help) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out: CUDA has its own kind, the CPU and MPS say so in a message only, and
    the system refuses to map a file."""
    import torch

    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error)
    return isinstance(error, RuntimeError) and any(words in said for words in OUT_OF_MEMORY)
