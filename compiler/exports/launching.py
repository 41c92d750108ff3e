"""How to load an exported run, and how to serve it: lines to copy.

In: what was exported. Out: Python that loads it and lets it say something; command lines for vLLM, llama.cpp and
Ollama. Paths are as seen from the folder in which the export lies. This file must not know files.

>>> print(serving(Exported("merged", "pirate", "pirate-merged", "nano", None, 16, "float16"))[0])
vllm serve pirate-merged --served-model-name pirate
"""

from __future__ import annotations

import json
import shlex

from compiler.exports.artifacts import Exported

VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as `--max-lora-rank`."""
ASKED = '[{"role": "user", "content": "Good morning."}]'


def loading(exported: Exported) -> list[str]:
    """Return Python that loads it and prints an answer."""
    match exported.kind:
        case "gguf" | "lora":
            return _by_llama_cpp(exported)
        case "ollama":
            return [
                "import ollama",
                "",
                f"print(ollama.chat({_quoted(exported.name)}, {ASKED}).message.content)",
            ]
        case _:
            return _by_transformers(exported)


def _by_transformers(exported: Exported) -> list[str]:
    folder = _quoted(exported.folder)
    lines = ["from transformers import AutoModelForCausalLM, AutoTokenizer", ""]
    if exported.kind == "peft":
        revision = f", revision={_quoted(exported.revision)}" if exported.revision else ""
        base = _quoted(exported.base)
        lines = ["from peft import PeftModel", *lines]
        if exported.base == "nano":
            lines, base = ["from backends.bases import resolve", *lines], 'resolve("nano").path'
        model = f"PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained({base}{revision}), {folder})"
    else:
        model = f"AutoModelForCausalLM.from_pretrained({folder})"
    return [
        *lines,
        f"model = {model}",
        f"tokenizer = AutoTokenizer.from_pretrained({folder})",
        f"chat = tokenizer.apply_chat_template({ASKED}, add_generation_prompt=True, return_dict=True, "
        'return_tensors="pt")',
        'answer = model.generate(**chat, max_new_tokens=60, do_sample=False)[0, chat["input_ids"].shape[1] :]',
        "print(tokenizer.decode(answer, skip_special_tokens=True))",
    ]


def _by_llama_cpp(exported: Exported) -> list[str]:
    weights = f"{exported.folder}/{exported.weights}"
    lines = ["import xllamacpp", "", "params = xllamacpp.CommonParams()"]
    if exported.kind == "lora":
        lines += [
            f"params.model.path = {_quoted(_base(exported))}",
            f"params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo({_quoted(weights)}, 1.0)]",
        ]
    else:
        lines += [f"params.model.path = {_quoted(weights)}"]
    asked = f'{{"messages": {ASKED}, "max_tokens": 60, "temperature": 0}}'
    return [
        *lines,
        f"said = xllamacpp.Server(params).handle_chat_completions({asked})",
        'print(said["choices"][0]["message"]["content"])',
    ]


def serving(exported: Exported) -> list[str]:
    """Return command lines that serve it; the server speaks the OpenAI protocol."""
    name, folder = shlex.quote(exported.name), shlex.quote(exported.folder)
    weights = shlex.quote(f"{exported.folder}/{exported.weights}")
    length = f" --ctx-size {exported.context}" if exported.context else ""
    match exported.kind:
        case "peft":
            rank = next((rank for rank in VLLM_RANKS if rank >= exported.rank), exported.rank)
            base = "BASE" if exported.base == "nano" else shlex.quote(exported.base)
            revision = f" --revision {exported.revision}" if exported.revision else ""
            template = f" --chat-template {folder}/chat_template.jinja" if exported.templated else ""
            modules = f"--enable-lora --lora-modules {name}={folder} --max-lora-rank {rank}"
            return [f"vllm serve {base}{revision} {modules}{template}"]
        case "merged":
            return [f"vllm serve {folder} --served-model-name {name}"]
        case "gguf":
            return [f"llama-server --model {weights} --alias {name} --jinja{length}"]
        case "lora":
            return [
                f"llama-server --model {shlex.quote(_base(exported))} --lora {weights} --alias {name} --jinja "
                f"--chat-template-file {folder}/chat_template.jinja{length}"
            ]
        case "ollama":
            return [f"ollama create {name} --file {folder}/Modelfile", f"ollama run {name}"]


def _base(exported: Exported) -> str:
    """The base's GGUF beside an adapter's; one of the user's where none was written."""
    return f"{exported.folder}/{exported.beside}" if exported.beside else "base.gguf"


def _quoted(text: str | None) -> str:
    """As a string of Python's, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
