"""One base in memory for several trainings: each gets modules of its own, over the same weights.

In: a base. Out: models whose parameters are one set of tensors, which training leaves alone, since only adapters are
trained. A weight that was written to nevertheless is told before anything is built on it. This file must not know
trainers or adapters.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from backends.bases import Base
from backends.devices import is_out_of_memory
from compiler.failures import ModelLoadError

Architecture = Callable[[], tuple[Any, dict[str, Any]]]
"""The library's class, and what makes it: of a method whose model is no language model."""


def read(
    base: Base,
    dtype: Any,
    place: Any,
    architecture: Architecture | None = None,
    quantized: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Load a base's weights from disk onto `place`, a device or its name, to be trained on.

    Args:
        quantized: what loading is told where the weights are held in fewer bits; it says the place, too.

    Raises:
        ModelLoadError: its files are no model.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging
    from trl.trainer.reward_trainer import suppress_seqcls_warning

    logging.disable_progress_bar()
    kind, more = architecture() if architecture is not None else (AutoModelForCausalLM, {})
    try:
        with suppress_seqcls_warning():
            model: Any = kind.from_pretrained(
                str(base.path), dtype=dtype, use_safetensors=True, trust_remote_code=False, local_files_only=True,
                **more, **quantized,
            )  # fmt: skip
    except Exception as error:  # the library raises many kinds; all others mean that the files are not a model
        if is_out_of_memory(error):
            raise
        raise ModelLoadError(f"{base.name}: the weights in {base.path} cannot be read: {error}") from error
    return model if quantized else model.to(place)


class Held:
    """Bases that were read once, by their content and number type."""

    def __init__(self) -> None:
        self._models: dict[tuple[str, str], tuple[Any, list[int]]] = {}

    def model(
        self,
        base: Base,
        dtype: Any,
        place: Any,
        architecture: Architecture | None = None,
        quantized: Mapping[str, Any] = MappingProxyType({}),
    ) -> Any:
        """A model of its own over the weights of `base`, which are read at the first call; one of another architecture,
        or in fewer bits, is read by itself.

        Raises:
            ModelLoadError: the files are no model, or a training has written to the weights.
        """
        if architecture is not None or quantized:
            return read(base, dtype, place, architecture, quantized)
        key = (base.digest, str(dtype))
        if key not in self._models:
            found = read(base, dtype, place)
            self._models[key] = found, _written(found)
        model, written = self._models[key]
        if _written(model) != written:
            raise ModelLoadError(
                f"{base.name}: a training has written to the weights of the base, which others share",
                help="train one spec after the other: tenet train SPEC",
            )
        memo: dict[int, Any] = {id(tensor): tensor for tensor in model.parameters()}
        return copy.deepcopy(model, memo)


def _written(model: Any) -> list[int]:
    """How often each weight has been written to."""
    return [tensor._version for tensor in model.parameters()]
