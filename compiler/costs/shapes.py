"""The shape of a base: what its memory and its arithmetic follow from.

In: a `config.json` as the library writes it, a base's name, or a number of parameters. Out: a `Shape`. Where the base
is not on the disk, its name tells it (KNOWN, taken from the makers' published config.json), or the number of
parameters in its name, which is an estimate and says so. This file must not read files.

>>> LLAMA_8B.parameters, LLAMA_8B.adapter(16)
(8030261248, 41943040)
>>> of_name("Qwen/Qwen2.5-0.5B-Instruct").parameters
494032768
>>> of_name("somebody/merge-13B").source
'a shape guessed from 13 billion parameters'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a Llama-like decoder. keys: heads of keys and values. biased: whether queries, keys and values have biases.
    normed: whether queries and keys are normalised. tied: whether the vocabulary's matrix is used twice. source: where
    this is known from."""

    layers: int
    hidden: int
    inner: int
    heads: int
    keys: int
    head: int
    vocabulary: int
    tied: bool = False
    biased: bool = False
    normed: bool = False
    source: str = "its config.json"

    @property
    def _linear(self) -> tuple[tuple[int, int], ...]:
        """The linear layers of one layer: what goes in, and what comes out."""
        queries, keys = self.heads * self.head, self.keys * self.head
        attention = ((self.hidden, queries), (self.hidden, keys), (self.hidden, keys), (queries, self.hidden))
        return (*attention, (self.hidden, self.inner), (self.hidden, self.inner), (self.inner, self.hidden))

    @property
    def linear(self) -> int:
        """Parameters of the linear layers, which an adapter is put on, without the vocabulary."""
        return self.layers * sum(taken * given for taken, given in self._linear)

    @property
    def embedded(self) -> int:
        """Parameters of the vocabulary's matrices."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        biases = (self.heads + 2 * self.keys) * self.head if self.biased else 0
        norms = 2 * self.hidden + (2 * self.head if self.normed else 0)
        return self.linear + self.embedded + self.layers * (biases + norms) + self.hidden

    def adapter(self, rank: int) -> int:
        """Parameters of a LoRA adapter on all linear layers."""
        return self.layers * sum(rank * (taken + given) for taken, given in self._linear)


def of_config(config: Mapping[str, Any]) -> Shape | None:
    """The shape that a `config.json` tells; None where it tells another kind of model.

    >>> of_config({"model_type": "gpt2", "n_embd": 768}) is None
    True
    """
    config = {**config, **config.get("text_config", {})}
    try:
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        return Shape(
            layers=int(config["num_hidden_layers"]),
            hidden=hidden,
            inner=int(config["intermediate_size"]),
            heads=heads,
            keys=int(config.get("num_key_value_heads") or heads),
            head=int(config.get("head_dim") or hidden // heads),
            vocabulary=int(config["vocab_size"]),
            tied=bool(config.get("tie_word_embeddings", False)),
            biased=config.get("model_type") == "qwen2" or bool(config.get("attention_bias", False)),
            normed=config.get("model_type") == "qwen3",
        )
    except (KeyError, TypeError, ValueError):
        return None


LLAMA_8B = Shape(32, 4096, 14336, 32, 8, 128, 128256)
QWEN_05B = Shape(24, 896, 4864, 14, 2, 64, 151936, tied=True, biased=True)

# From the makers' config.json, by the last part of the name, in lower case and without -instruct, -chat, -base, -it.
KNOWN = {
    "qwen2.5-0.5b": QWEN_05B,
    "qwen2.5-1.5b": Shape(28, 1536, 8960, 12, 2, 128, 151936, tied=True, biased=True),
    "qwen2.5-3b": Shape(36, 2048, 11008, 16, 2, 128, 151936, tied=True, biased=True),
    "qwen2.5-7b": Shape(28, 3584, 18944, 28, 4, 128, 152064, biased=True),
    "qwen2.5-14b": Shape(48, 5120, 13824, 40, 8, 128, 152064, biased=True),
    "qwen2.5-32b": Shape(64, 5120, 27648, 40, 8, 128, 152064, biased=True),
    "qwen2.5-72b": Shape(80, 8192, 29568, 64, 8, 128, 152064, biased=True),
    "qwen3-0.6b": Shape(28, 1024, 3072, 16, 8, 128, 151936, tied=True, normed=True),
    "qwen3-1.7b": Shape(28, 2048, 6144, 16, 8, 128, 151936, tied=True, normed=True),
    "qwen3-4b": Shape(36, 2560, 9728, 32, 8, 128, 151936, tied=True, normed=True),
    "qwen3-8b": Shape(36, 4096, 12288, 32, 8, 128, 151936, normed=True),
    "qwen3-14b": Shape(40, 5120, 17408, 40, 8, 128, 151936, normed=True),
    "qwen3-32b": Shape(64, 5120, 25600, 64, 8, 128, 151936, normed=True),
    "llama-3.2-1b": Shape(16, 2048, 8192, 32, 8, 64, 128256, tied=True),
    "llama-3.2-3b": Shape(28, 3072, 8192, 24, 8, 128, 128256, tied=True),
    "llama-3.1-8b": LLAMA_8B,
    "llama-3.1-70b": Shape(80, 8192, 28672, 64, 8, 128, 128256),
    "llama-3.3-70b": Shape(80, 8192, 28672, 64, 8, 128, 128256),
    "mistral-7b": Shape(32, 4096, 14336, 32, 8, 128, 32768),
}


def of_name(name: str) -> Shape | None:
    """The shape of a base that is not on the disk, by its name; None where the name tells nothing."""
    last = re.sub(r"-(instruct|chat|base|it|hf|v\d[\w.]*|\d{4})\b", "", name.rsplit("/", 1)[-1].lower())
    known = KNOWN.get(last.removeprefix("meta-"))
    if known is not None:
        return replace(known, source="a table of published shapes")
    found = re.search(r"(\d+(?:\.\d+)?)(b|m)\b", last)
    return of_parameters(float(found[1]) * {"b": 1e9, "m": 1e6}[found[2]]) if found else None


def of_parameters(number: float) -> Shape:
    """The published shape whose size is next, with as many layers as make up `number` parameters."""
    near = min(KNOWN.values(), key=lambda shape: abs(shape.parameters / number - 1))
    layers = max(1, round((number - near.embedded) / ((near.parameters - near.embedded) / near.layers)))
    told = f"{number / 1e9:.3g} billion" if number >= 1e9 else f"{number / 1e6:.3g} million"
    return replace(near, layers=layers, source=f"a shape guessed from {told} parameters")
