"""An adapter by itself for llama.cpp's `--lora`: its low-rank matrices as GGUF, to be added to the base's GGUF.

In: a run. Out: NAME.lora.gguf in float32, beside it the chat template and the prompt, and on request the base as GGUF.
llama.cpp scales every pair by one alpha over the pair's rank; where the adapter scales otherwise (rank-stabilised, or
by module), B is scaled instead. The file is read back and held against the change of each module. This file must not
know how whole models are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backends.bases import load_chat
from backends.exports import Options, Source, _gguf_shapes, _gguf_weights, _texts, needs
from backends.exports import gguf as whole
from backends.train.changes import Change, apart
from backends.train.verifying import Check, Found, covering, same_change
from compiler.exports.artifacts import Exported
from compiler.failures import ModelLoadError


def write(source: Source, options: Options, folder: Path) -> Exported:
    needs("gguf", "gguf")
    import gguf
    import numpy as np

    config = _config(source)
    names, alpha = _gguf_shapes.Names(config), float(source.rank)
    name = f"{source.name}.lora.gguf"
    writer = gguf.GGUFWriter(folder / name, _gguf_shapes.architecture(config))
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(source.name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for module, change in source.parts().items():
        told = names.of(f"{module}.weight")
        # An exact 1 wherever the adapter scales as llama.cpp does.
        scale = change.scale * change.a.shape[0] / alpha
        b = (change.b.double() * scale).float().numpy()
        writer.add_tensor(f"{told}.lora_a", np.ascontiguousarray(change.a.float().numpy()))
        writer.add_tensor(f"{told}.lora_b", np.ascontiguousarray(names.turned(f"{module}.weight", b)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    chat = load_chat(source.base)
    starts = bool(options.prompted and source.prompt and chat.has_system)
    template = _texts.template_of(chat, source.prompt if starts else "")
    (folder / _texts.TEMPLATE_FILE).write_text(template, encoding="utf-8")
    (folder / _texts.PROMPT_FILE).write_text(source.prompt + "\n", encoding="utf-8")
    beside = ""
    if options.with_base:
        beside = f"base.{options.number_type}.gguf"
        whole.write_model(folder / beside, source, {}, options.number_type, "")
    return Exported(
        "lora",
        source.name,
        options.folder,
        source.base.name,
        source.base.revision,
        source.rank,
        "F32",
        weights=name,
        beside=beside,
        prompted=starts,
        templated=True,
        context=int(config.max_position_embeddings),
    )


def check(source: Source, folder: Path, prompted: bool | None) -> Iterator[Check]:
    needs("gguf", "gguf")
    try:
        found = _read(source, _only(folder))
    except ModelLoadError as error:
        yield Check("weights", False, str(error))
        return
    covered = covering(source.changes, found)
    yield covered
    if covered.ok:
        yield same_change(found)
    for base in sorted(folder.glob("base.*.gguf")) if folder.is_dir() else ():
        for check in whole.check_model(source, base, {}):
            yield Check(f"base {check.what}", check.ok, check.said)


def _only(folder: Path) -> Path:
    files = [folder] if folder.is_file() else sorted(folder.glob("*.lora.gguf"))
    if len(files) != 1:
        raise ModelLoadError(f"{folder} has {len(files)} adapters as GGUF, where there is to be one")
    return files[0]


def _read(source: Source, file: Path) -> dict[str, Found]:
    """What the file adds, by module, as llama.cpp adds it: alpha over a pair's rank, times B times A.

    Raises:
        ModelLoadError: a pair is not whole, or is of no module that was trained.
    """
    import gguf
    import torch

    names = _gguf_shapes.Names(_config(source))
    tensors = _gguf_weights.read(file)
    alpha = float(gguf.GGUFReader(file).fields[gguf.Keys.Adapter.LORA_ALPHA].contents())
    found = {}
    for module in source.changes:
        told = names.of(f"{module}.weight")
        a, b = (tensors.pop(f"{told}.{part}", None) for part in ("lora_a", "lora_b"))
        if a is None or b is None:
            raise ModelLoadError(f"{file.name} has no whole pair for {told}")
        back = names.turned_back(f"{module}.weight", b[0])
        own = Change(torch.from_numpy(a[0].copy()), torch.from_numpy(back.copy()), alpha / a[0].shape[0])
        found[module] = Found(apart(source.changes[module], own.whole()))
    if tensors:
        raise ModelLoadError(f"{file.name} changes what was not trained: {next(iter(tensors))}")
    return found


def _config(source: Source) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(str(source.base.path), trust_remote_code=False, local_files_only=True)
