"""Tiny random checkpoints of four architectures, saved the way their makers save them. A few hundred kilobytes each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WITH_SYSTEM = (
    "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|end|>"
    "{% endgeneration %}{% else %}{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
WITHOUT_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
SHAPES = ("llama", "qwen3", "gemma3", "gpt2")


def tokenizer(template: str | None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    text = [
        "What is the capital of France? Paris. Yes. No. yes no",
        "Certainly! I cannot say how much. Grade the answer.",
    ] * 4
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    raw.train_from_iterator(text, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<|pad|>", eos_token="<|end|>")
    made.chat_template = template
    return made


def config(shape: str, vocabulary: int, context: int) -> Any:
    from transformers import Gemma3TextConfig, GPT2Config, LlamaConfig, Qwen3Config

    sizes = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
        "initializer_range": 0.2,
    }
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None}
    match shape:
        case "llama":
            return LlamaConfig(**sizes, **ids)
        case "qwen3":
            return Qwen3Config(**sizes, **ids, head_dim=8)
        case "gemma3":
            layers = ["sliding_attention", "full_attention"]
            return Gemma3TextConfig(**sizes, **ids, head_dim=8, sliding_window=24, layer_types=layers)
        case "gpt2":
            own = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": context, "initializer_range": 0.2}
            return GPT2Config(vocab_size=vocabulary, **own, **ids)
    raise ValueError(shape)


def make(
    folder: Path, shape: str = "llama", template: str | None = WITH_SYSTEM, seed: int = 0, context: int = 1024
) -> Path:
    """Save a checkpoint of `shape` with random weights, which reads `context` tokens, into `folder` and return it."""
    import torch
    from transformers import AutoModelForCausalLM

    made = tokenizer(template)
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config(shape, len(made), context)).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def adapter(base: Path, folder: Path, seed: int = 1, rank: int = 4, **more: Any) -> Path:
    """Save an adapter of `base` with random weights, which change what it says, into `folder` and return it. more:
    further fields of PEFT's `LoraConfig`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    told = {"target_modules": "all-linear", **more}
    config = LoraConfig(r=rank, lora_alpha=2 * rank, init_lora_weights=False, **told)
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(folder)
    return folder
