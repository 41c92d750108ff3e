"""An adapter as PEFT, vLLM and the Hub take it: the run's own bytes, beside what it is read with.

In: a run. Out: adapter_config.json, adapter_model.safetensors, tokenizer, chat template and prompt. The template is the
base's own: other adapters of the base may be served beside this one. This file must not know how it was trained.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from backends.exports import Options, Source, _texts
from backends.train import verifying
from backends.train.adapters import adapter_digest
from backends.train.verifying import Check
from compiler.exports.artifacts import Exported

WEIGHTS = ("adapter_config.json", "adapter_model.safetensors")


def write(source: Source, options: Options, folder: Path) -> Exported:
    for name in WEIGHTS:
        shutil.copyfile(source.run / "adapter" / name, folder / name)
    _texts.write(source.base, source.prompt, folder, prompted=False)
    dtype = verifying.dtype_of(next(iter(source.parts().values())).a)
    return Exported(
        "peft",
        source.name,
        options.folder,
        source.base.name,
        source.base.revision,
        source.rank,
        dtype,
        templated=source.base.chat_template is not None,
    )


def check(source: Source, folder: Path, prompted: bool | None) -> Iterator[Check]:
    same = adapter_digest(folder) == adapter_digest(source.run / "adapter")
    yield Check("bytes", same, "those that were trained" if same else "not those that were trained")
    yield from verifying.of_changes(source.changes, folder, source.base, source.device)
    yield from _texts.check(source.base, source.prompt, folder, prompted)
