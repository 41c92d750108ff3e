"""A base in 4 bits (QLoRA, Dettmers et al. 2023): where it can be had, and how it is loaded.

In: what a job says of the base's weights, and a device. Out: the library's configuration for loading, or a failure
that says what is missing. This file must not load models.
"""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from typing import Any

from backends.devices import Device
from backends.train.jobs import Job
from compiler.failures import DataError

KEYS = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "use_bnb_nested_quant": True}
"""In the words of `trl`'s own command line."""


def in_four_bits(job: Job) -> Job:
    return dataclasses.replace(job, values={**job.values, **KEYS})


def refuse_where_missing(device: Device) -> None:
    """
    Raises:
        DataError: a base in 4 bits cannot be trained on here.
    """
    if device.kind != "cuda":
        raise DataError(
            f"a base in 4 bits needs a CUDA device, and this machine computes on {device.name}",
            help="leave --quantize out: the base is held in half precision, or in full on a CPU",
        )
    if find_spec("bitsandbytes") is None:
        raise DataError(
            "a base in 4 bits needs bitsandbytes, which is not installed", help='pip install "tenetc[4bit]"'
        )


def loading(model_config: Any) -> dict[str, Any]:
    """What loading the weights is told; nothing where they are held as they are."""
    if not model_config.load_in_4bit:
        return {}
    import torch
    from trl import get_quantization_config

    return {
        "quantization_config": get_quantization_config(model_config),
        "device_map": {"": torch.cuda.current_device()},
    }
