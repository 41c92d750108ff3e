"""A whole model: base and adapter added up, in the base's own number type and the library's own layout.

In: a run. Out: config.json, safetensors, generation settings, tokenizer, chat template and prompt. Each weight is the
sum in float64, rounded once. This file must not know how the adapter was trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backends.bases import load_chat
from backends.exports import Options, Source, _texts
from backends.train import verifying
from backends.train.verifying import Check
from compiler.exports.artifacts import Exported


def write(source: Source, options: Options, folder: Path) -> Exported:
    import torch

    model = verifying.as_stored(source.base)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, change in source.changes.items():
            weight = weights[f"{name}.weight"]
            weight.copy_((weight.double() + change).to(weight.dtype))
    _end_turns(model, load_chat(source.base).stops)
    model.save_pretrained(str(folder), max_shard_size=options.shard)
    starts = _texts.write(source.base, source.prompt, folder, prompted=options.prompted)
    return Exported(
        "merged",
        source.name,
        options.folder,
        source.base.name,
        source.base.revision,
        source.rank,
        verifying.dtype_of(next(iter(weights.values()))),
        prompted=starts,
        templated=True,
    )


def _end_turns(model: Any, stops: frozenset[int]) -> None:
    """Have the model's own settings end an answer where its chat template ends a turn."""
    told = model.generation_config.eos_token_id
    own = set(told if isinstance(told, list) else [] if told is None else [told])
    if not stops <= own:
        model.generation_config.eos_token_id = sorted(own | stops)


def check(source: Source, folder: Path, prompted: bool | None) -> Iterator[Check]:
    yield from verifying.of_changes(source.changes, folder, source.base, source.device)
    yield from _texts.check(source.base, source.prompt, folder, prompted)
