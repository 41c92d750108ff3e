"""What computes on this machine, as far as it can change a token or a weight, told without loading torch.

In: the environment, the driver's device files, the metadata of installed packages. Out: a `Machine`. An engine that is
loaded knows better (`of_device`): a driver may be there without a torch that uses it. This file must not know models
or specs.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

from backends.devices import Device, cpu_threads
from compiler.facts import DeviceKind, Forward, Machine
from compiler.failures import DataError

PACKAGES = ("tenetc", "torch", "transformers", "trl", "peft", "datasets", "accelerate", "tokenizers", "pydantic",
            "vllm")  # fmt: skip
RECORDED = ("python", "torch", "transformers", "trl", "peft", "accelerate", "tokenizers")
DTYPES = {"cpu": "float32", "mps": "float32", "cuda": "bfloat16"}
"""As `backends.devices.choose` takes them; only CUDA devices of before 2020 have no bfloat16."""


def expected() -> Machine:
    """What `backends.devices.choose` is expected to choose here.

    Raises:
        DataError: `TENET_THREADS` says no number of threads, or `TENET_TRAIN` no forward pass.
    """
    kind = _kind()
    return Machine(kind, DTYPES[kind], cpu_threads() if kind == "cpu" else None, versions(), forward())


def forward() -> Forward:
    """Whose forward pass a training takes: Tenet's, or what `TENET_TRAIN` says.

    Raises:
        DataError: it says none that there is.
    """
    said = os.environ.get("TENET_TRAIN", "packed")
    if said not in ("packed", "stock"):
        raise DataError(
            f"TENET_TRAIN is {said!r}", help="`stock` takes the library's own forward pass; leave it out for Tenet's"
        )
    return cast(Forward, said)


def of_device(device: Device) -> Machine:
    """The machine of a device that was chosen."""
    kinds: dict[str, DeviceKind] = {"cuda": "cuda", "mps": "mps"}
    kind = kinds.get(device.kind, "cpu")
    return Machine(kind, device.dtype, device.threads if kind == "cpu" else None, versions())


def _kind() -> DeviceKind:
    match os.environ.get("TENET_DEVICE"):
        case ("cpu" | "cuda" | "mps") as wanted:
            return wanted
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    seen = Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != ""
    return "cuda" if seen and not dict(versions()).get("torch", "").endswith("+cpu") else "cpu"


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Python's and the packages' versions; a package that is missing has none."""
    found = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def recorded_versions() -> dict[str, str]:
    """What run.json and measure.json say of the libraries; a library that is missing is said to be."""
    return {name: dict(versions()).get(name, "missing") for name in RECORDED}
