"""A whole model for llama.cpp and what is built on it: base and adapter added up, in one GGUF file.

In: a run. Out: NAME.TYPE.gguf with weights, tokenizer and chat template, and beside it the template and the prompt. The
file is read back: every tensor is held against base and change, and the transformers library, which reads GGUF by code
of its own, has to give the same logits. This file must not know how the adapter was trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from backends.bases import load_chat, load_model
from backends.exports import Options, Source, _gguf_shapes, _gguf_tokens, _gguf_weights, _texts, needs
from backends.train import verifying
from backends.train.verifying import Check, covering, same_change
from compiler.exports.artifacts import Exported
from compiler.failures import ModelLoadError

FARTHEST = 0.05
"""Mean next-token divergence from the trained model, in nats, that a number type may cost."""


def write(source: Source, options: Options, folder: Path) -> Exported:
    name = f"{source.name}.{options.number_type}.gguf"
    starts = bool(options.prompted and source.prompt and load_chat(source.base).has_system)
    template, context = write_model(
        folder / name, source, source.changes, options.number_type, source.prompt if starts else ""
    )
    (folder / _texts.TEMPLATE_FILE).write_text(template, encoding="utf-8")
    (folder / _texts.PROMPT_FILE).write_text(source.prompt + "\n", encoding="utf-8")
    return Exported(
        "gguf",
        source.name,
        options.folder,
        source.base.name,
        source.base.revision,
        source.rank,
        _gguf_weights.TYPES[options.number_type],
        weights=name,
        prompted=starts,
        templated=True,
        context=context,
    )


def write_model(
    path: Path, source: Source, changes: Mapping[str, Any], number_type: str, prompt: str
) -> tuple[str, int]:
    """Write base and changes as one file; return its chat template, which starts from the prompt where one is given,
    and how many tokens the model reads.

    Raises:
        ModelLoadError: llama.cpp computes no such architecture, or has no such tokenizer.
    """
    needs("gguf", "gguf")
    import gguf

    model, chat = verifying.as_stored(source.base), load_chat(source.base)
    architecture = _gguf_shapes.architecture(model.config)
    template = _texts.template_of(chat, prompt)
    named = _gguf_tokens.splitting(chat.tokenizer, _read(source))
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(source.name if changes else source.base.name)
    _gguf_shapes.describe(writer, model.config)
    _gguf_tokens.describe(writer, chat.tokenizer, named, model.config.vocab_size, chat.stops, template)
    _gguf_weights.write(writer, model, changes, number_type)
    return template, int(model.config.max_position_embeddings)


def _read(source: Source) -> list[str]:
    """What the model is to read and say: the prompt, and the messages of rows and probes beside it."""
    return [source.prompt, *_texts.TALK_TEXTS, *source.texts()]


def check(source: Source, path: Path, prompted: bool | None) -> Iterator[Check]:
    file = path if path.is_file() else only(path)
    told = list(check_model(source, file, source.changes))
    yield from told
    if any(check.what == "tokens" for check in told):  # a file that is read so far has its settings too
        yield _template(source, file, prompted)


def check_model(source: Source, file: Path, changes: Mapping[str, Any]) -> Iterator[Check]:
    """Hold a file against base and changes."""
    needs("gguf", "gguf")
    model = verifying.as_stored(source.base)
    try:
        found, weights = _gguf_weights.compare(file, model, changes)
    except ModelLoadError as error:
        yield Check("weights", False, str(error))
        return
    covered = covering(changes, found)
    yield covered
    if not covered.ok:
        return
    if found:
        yield same_change(found)
    yield _tokens(source, file)
    yield from _logits(source, file, changes, weights)


def only(folder: Path) -> Path:
    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        raise ModelLoadError(f"{folder} has {len(files)} GGUF files, where there is to be one")
    return files[0]


def _tokens(source: Source, file: Path) -> Check:
    """The tokenizer as the file names it, on what the model is to read."""
    import gguf

    chat = load_chat(source.base)
    fields = gguf.GGUFReader(file).fields
    told = _gguf_tokens.splitting_named(chat.tokenizer, str(fields["tokenizer.ggml.pre"].contents()), _read(source))
    tokens = fields["tokenizer.ggml.tokens"].contents()
    own = {number: token for token, number in chat.tokenizer.get_vocab().items()}
    same = all(tokens[number] == token for number, token in own.items())
    merges = json.loads(chat.tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    same &= fields["tokenizer.ggml.merges"].contents() == [_gguf_tokens.merge(pair) for pair in merges]
    return Check("tokens", same and told.is_near, told.said if same else "not those of the base")


def _template(source: Source, file: Path, prompted: bool | None) -> Check:
    import gguf

    field, chat = gguf.GGUFReader(file).fields.get("tokenizer.chat_template"), load_chat(source.base)
    told = field.contents() if field else None
    plain, starts = (told == _texts.template_of(chat, prompt) for prompt in ("", source.prompt))
    return _texts.of_template(plain=plain, starts=starts, prompted=prompted)


def _logits(source: Source, file: Path, changes: Mapping[str, Any], weights: dict[str, Any]) -> Iterator[Check]:
    """Of the file as the library reads it, beside base and change: by its own weights exactly, by those that were
    trained as near as its number type is."""
    import torch

    model = load_model(source.base, source.device)
    verifying.add(model, changes)
    trained = verifying.logits(model, source.base, source.device)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    by_hand = verifying.logits(model, source.base, source.device)
    dtype = verifying.dtype_of(next(model.parameters()))
    del model
    loaded = verifying.logits(_loaded(file, source), source.base, source.device)
    yield verifying.same_logits(by_hand, loaded, dtype)
    apart = verifying.divergence(loaded, trained)
    yield Check("as trained", apart <= FARTHEST, f"{apart:.1e} nats from the trained model at the next token")


def _without_bar(tensors: Iterable[Any], **_: object) -> Iterable[Any]:
    return tensors


def _loaded(file: Path, source: Source) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM, modeling_gguf_pytorch_utils
    from transformers.utils import logging

    from backends.devices import torch_dtype

    logging.disable_progress_bar()
    # It draws a bar of its own, which nothing turns off.
    modeling_gguf_pytorch_utils.tqdm = _without_bar
    # The library knows only a part of what a file says of its architecture, so that it is told the base's.
    told = AutoConfig.from_pretrained(str(source.base.path), trust_remote_code=False, local_files_only=True).to_dict()
    kind = _gguf_shapes.ARCHITECTURES[told.pop("model_type")]
    config = AutoConfig.for_model(kind, **told)
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(file.parent), gguf_file=file.name, config=config, dtype=torch_dtype(source.device), local_files_only=True
    )
    return model.to(source.device.kind).eval()
