"""The engine for a base on a GPU through vLLM's offline engine: `TENET_ENGINE=vllm`, and the extra `vllm`.

In: conversations. Out: what the local engine gives: answers, a judge's yes or no, the likelihood of an answer. vLLM
batches by itself, keeps the cache of prefixes that requests share, and mixes the base and adapters in one batch. A
drawn row depends on its own seed. Written for vLLM 0.11 and later, whose `logprobs=-1` gives a whole distribution. This
file must not know recipes, probes or clauses.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backends.bases import Base, load_chat
from backends.devices import Device, choose, noticing_memory
from backends.engines import Conversation, Sampling
from backends.engines._judging import chances_of_yes, word_ids
from compiler.failures import DataError, ModelLoadError
from compiler.records.record import Message
from compiler.replies import YES_NO, Words

ALTERNATIVES = 20
"""Likeliest tokens among which a judge's yes and no are looked for; vLLM gives so many unless it is told otherwise."""
RANKS = (8, 16, 32, 64, 128, 256, 512)
"""What vLLM takes as the greatest rank of an adapter."""


def load(base: Base) -> VllmEngine:
    """
    Raises:
        ModelLoadError: vLLM is not installed.
    """
    from importlib.util import find_spec

    if find_spec("vllm") is None:
        raise ModelLoadError("the engine vllm needs the package vllm", help='pip install "tenetc[vllm]" (Linux, CUDA)')
    return VllmEngine(base, choose())


class VllmEngine:
    def __init__(self, base: Base, device: Device) -> None:
        self.base = base
        self.device = device
        self.chat = load_chat(base)
        self.adapter: Path | None = None
        self._rank = 0
        self._model: Any = None
        self._requests: dict[Path, Any] = {}

    @property
    def model(self) -> Any:
        """Loaded at the first request, since vLLM has to know then how great an adapter's rank may be."""
        if self._model is None:
            from vllm import LLM

            adapters = {"enable_lora": True, "max_lora_rank": self._rank} if self._rank else {}
            try:
                with noticing_memory(f"loading {self.base.name}"):
                    self._model = LLM(
                        model=str(self.base.path),
                        dtype=self.device.dtype,
                        seed=0,
                        trust_remote_code=False,
                        load_format="safetensors",
                        enable_prefix_caching=True,
                        max_logprobs=-1,
                        **adapters,
                    )
            except (ValueError, OSError, RuntimeError) as error:
                raise ModelLoadError(f"vLLM cannot load {self.base.name}: {str(error).strip()[:300]}") from error
        return self._model

    @property
    def longest(self) -> int:
        return int(self.model.llm_engine.model_config.max_model_len)

    # ------------------------------------------------------------------ adapters

    def attach(self, adapter: Path) -> None:
        try:
            rank = int(json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"])
            wanted = next(known for known in RANKS if known >= rank)
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise ModelLoadError(f"the adapter cannot be read: {adapter.name} has no rank that vLLM takes") from error
        if wanted > self._rank:
            self._rank = wanted
            self._model = None
            gc.collect()
        self.adapter = adapter

    def hold(self, grammar: str | None) -> None:
        raise DataError(
            "answers are held by the transformers engine alone",
            help="vLLM's own API takes guard.lark as `structured_outputs` with `grammar`",
        )

    def _arm(self, adapter: bool) -> Any:
        """What vLLM takes for an adapter's request; None for the base."""
        if not adapter:
            return None
        if self.adapter is None:
            raise DataError("an answer with the adapter was asked for, and none is attached")
        if self.adapter not in self._requests:
            from vllm.lora.request import LoRARequest

            number = len(self._requests) + 1
            self._requests[self.adapter] = LoRARequest(f"adapter-{number}", number, str(self.adapter))
        return self._requests[self.adapter]

    # ------------------------------------------------------------------ answers

    def count(self, text: str) -> int:
        return self.chat.count(text)

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        rows = [self.chat.prompt_ids(conversation) for conversation in batch]
        news = self.continuations(rows, sampling, adapter=adapter)
        return [None if new is None else self.chat.text_of(new) for new in news]

    def continuations(
        self, prompts: Sequence[Sequence[int]], sampling: Sampling, *, adapter: bool = False
    ) -> list[list[int] | None]:
        """Return the new token ids of each prompt, the end of turn left out; None for a prompt that is too long."""
        results: list[list[int] | None] = [None] * len(prompts)
        places = [place for place, prompt in enumerate(prompts) if len(prompt) < self.longest] if prompts else []
        how = [self._how(sampling, place, self.longest - len(prompts[place])) for place in places]
        outputs = self._generate([prompts[place] for place in places], how, adapter)
        for place, output in zip(places, outputs, strict=True):
            new = list(output.outputs[0].token_ids)
            results[place] = new[:-1] if new and new[-1] in self.chat.stops else new
        return results

    def _how(self, sampling: Sampling, place: int, room: int) -> dict[str, Any]:
        how: dict[str, Any] = {
            "temperature": sampling.temperature,
            "max_tokens": min(sampling.max_new_tokens, room),
            "min_p": sampling.min_p,
            "stop_token_ids": sorted(self.chat.stops),
        }
        # Two rows of a batch may ask the same thing, and are to be drawn apart.
        return {**how, "seed": (sampling.seed * 4096 + place) % (1 << 31)} if sampling.temperature > 0 else how

    def _generate(self, rows: Sequence[Sequence[int]], how: Sequence[dict[str, Any]], adapter: bool) -> list[Any]:
        if not rows:
            return []
        from vllm import SamplingParams

        with noticing_memory("generating"):
            found = self.model.generate(
                [{"prompt_token_ids": list(row)} for row in rows],
                [SamplingParams(detokenize=False, **one) for one in how],
                use_tqdm=False,
                lora_request=self._arm(adapter),
            )
        return list(found)

    # ------------------------------------------------------------------ probabilities

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        asked = self._readable([(Message(role="user", content=request),) for request in requests])
        groups = [word_ids(self.chat, word) for word in words]
        found = chances_of_yes(asked, words, self.chat, groups, self._chances, self.continuations)
        return [found.get(place) for place in range(len(requests))]

    def choices(
        self, batch: Sequence[Conversation], options: Sequence[str], *, adapter: bool = False
    ) -> list[tuple[float, ...] | None]:
        """As the local engine's, among the ALTERNATIVES likeliest tokens; what is not among them has no probability."""
        rows = self._readable(batch)
        groups = [word_ids(self.chat, option) for option in options]
        found = dict(zip(rows, self._chances(list(rows.values()), groups, adapter=adapter), strict=True))
        return [found.get(place) for place in range(len(batch))]

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        rows = self._readable(batch)
        ours, theirs = (self._next(list(rows.values()), -1, adapter=adapter) for adapter in (True, False))
        found = {
            place: math.fsum(math.exp(chance) * (chance - base[token]) for token, chance in own.items())
            for place, own, base in zip(rows, ours, theirs, strict=True)
        }
        return [found.get(place) for place in range(len(batch))]

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        results: list[tuple[float, int] | None] = [None] * len(batch)
        rows: dict[int, tuple[list[int], int]] = {}
        for place, (conversation, answer) in enumerate(batch):
            prompt, said = self.chat.prompt_ids(conversation), self.chat._ids(answer)
            # One token is generated behind it, which needs room.
            if said and len(prompt) + len(said) < self.longest:
                rows[place] = ([*prompt, *said], len(said))
        how = [{"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0}] * len(rows)
        outputs = self._generate([whole for whole, _ in rows.values()], how, adapter)
        for (place, (whole, count)), output in zip(rows.items(), outputs, strict=True):
            told = list(zip(whole, output.prompt_logprobs, strict=True))[-count:]
            results[place] = math.fsum(float(chances[token].logprob) for token, chances in told), count
        return results

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        """None for each: vLLM gives whole distributions over an answer's tokens only as one object a token and word of
        the vocabulary, which no memory holds."""
        return [None] * len(batch)

    def _readable(self, batch: Sequence[Conversation]) -> dict[int, list[int]]:
        """The token ids of each conversation that is not too long, by its place in the batch."""
        rows = {place: self.chat.prompt_ids(conversation) for place, conversation in enumerate(batch)}
        return {place: row for place, row in rows.items() if len(row) < self.longest}

    def _chances(
        self, rows: Sequence[list[int]], groups: Sequence[Sequence[int]], *, adapter: bool = False
    ) -> list[tuple[float, ...]]:
        found = self._next(rows, ALTERNATIVES, adapter=adapter)
        return [
            tuple(math.fsum(math.exp(row[token]) for token in group if token in row) for group in groups)
            for row in found
        ]

    def _next(self, rows: Sequence[list[int]], most: int, *, adapter: bool) -> list[dict[int, float]]:
        """The log-probabilities of the `most` likeliest next tokens of each row, by token; -1: of all."""
        how = [{"temperature": 0.0, "max_tokens": 1, "logprobs": most}] * len(rows)
        outputs = self._generate(rows, how, adapter)
        return [
            {token: float(told.logprob) for token, told in output.outputs[0].logprobs[0].items()} for output in outputs
        ]
