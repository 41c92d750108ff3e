"""Architectures as GGUF files name and order them: what llama.cpp reads of a configuration, and how weights lie there.

In: a model's configuration. Out: metadata, the names of tensors, and rows in the order that llama.cpp's rotary
embedding takes. One that llama.cpp would compute otherwise is refused with its name. This file must not know tokenizers
or adapters.
"""

from __future__ import annotations

import math
from typing import Any

from compiler.failures import ModelLoadError

ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""A configuration's `model_type` -> the architecture that llama.cpp computes it as."""
ELSEWHERE = "export it merged, and let llama.cpp's own convert_hf_to_gguf.py read that folder"
ROPE_FREQUENCIES = "rope_freqs.weight"
ROTARY = ("default", "linear", "llama3")


def architecture(config: Any) -> str:
    """
    Raises:
        ModelLoadError: it is none of those that are written here, or has a part that llama.cpp would leave out.
    """
    kind = str(config.model_type)
    if kind not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ModelLoadError(f"a {kind} model is not written as GGUF here (those are: {known})", help=ELSEWHERE)
    why = _left_out(config)
    if why:
        raise ModelLoadError(f"this {kind} model is not written as GGUF here: {why}", help=ELSEWHERE)
    return ARCHITECTURES[kind]


def _left_out(config: Any) -> str | None:
    """What llama.cpp would compute otherwise, in words."""
    rope = config.rope_parameters
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    if config.hidden_act != "silu":
        return f"its activation is {config.hidden_act}"
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "it turns a part of each head only"
    if rope["rope_type"] not in ROTARY:
        return f"its rotary embedding is of the kind {rope['rope_type']}"
    if window and window < config.max_position_embeddings:
        return f"it looks through a window of {window} tokens"
    return None


def describe(writer: Any, config: Any) -> None:
    """Write what llama.cpp has to know of the architecture."""
    import gguf

    rope, size = config.rope_parameters, head_size(config)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])


def head_size(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def rope_frequencies(config: Any) -> Any | None:
    """What each rotary frequency is divided by, for bases that stretch them as Llama 3.1 does (float32); else None."""
    import numpy as np

    rope = config.rope_parameters
    if rope["rope_type"] != "llama3":
        return None
    size, context = head_size(config), rope["original_max_position_embeddings"]
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    divisors = []
    for place in range(0, size, 2):
        turns = context * rope["rope_theta"] ** (-place / size) / (2 * math.pi)
        smooth = min(1.0, max(0.0, (turns - low) / (high - low)))
        divisors.append(1.0 / ((1 - smooth) / factor + smooth))
    return np.array(divisors, dtype=np.float32)


class Names:
    """The tensors' names in both worlds, and the order of rows that differs between them."""

    def __init__(self, config: Any) -> None:
        import gguf

        self._config = config
        self._permuted = architecture(config) == "llama"
        kind = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture(config))
        self._map = gguf.get_tensor_name_map(kind, config.num_hidden_layers)

    def of(self, name: str) -> str:
        """
        Raises:
            ModelLoadError: llama.cpp has no such tensor.
        """
        found = self._map.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise ModelLoadError(f"llama.cpp has no tensor for {name}", help=ELSEWHERE)
        return str(found)

    def turned(self, name: str, tensor: Any) -> Any:
        """Rows of queries and keys as llama.cpp takes them: the two halves of each head, which the library turns
        against one another, row by row in turn."""
        heads = self._heads(name)
        if heads is None:
            return tensor
        return tensor.reshape(heads, 2, -1, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)

    def turned_back(self, name: str, tensor: Any) -> Any:
        heads = self._heads(name)
        if heads is None:
            return tensor
        return tensor.reshape(heads, -1, 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)

    def _heads(self, name: str) -> int | None:
        module = name.rpartition(".")[0].rpartition(".")[2]
        if not self._permuted or module not in ("q_proj", "k_proj"):
            return None
        return int(self._config.num_attention_heads if module == "q_proj" else self._config.num_key_value_heads)
